//! Windows in few bytes.

use crate::{Hwc, Window, Yx, blocks::Blocks as _};

/// As [`Hwc`], for images that are not large.
#[derive(Clone, Copy, Debug, PartialEq, Eq, bytemuck::Pod, bytemuck::Zeroable)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[allow(missing_docs)]
#[repr(C)]
pub struct CompactImage {
    pub h: u16,
    pub w: u16,
    pub c: u16,
}

/// As [`Yx`], for counts that are not large.
#[derive(Clone, Copy, Debug, PartialEq, Eq, bytemuck::Pod, bytemuck::Zeroable)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[allow(missing_docs)]
#[repr(C)]
pub struct CompactYx {
    pub y: u8,
    pub x: u8,
}

/// As [`Window`], on one image, in less than half of the bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, bytemuck::Pod, bytemuck::Zeroable)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[repr(C)]
pub struct CompactWindow {
    /// What is read.
    pub input: CompactImage,
    /// What is written.
    pub output: CompactImage,
    /// The window, in taps.
    pub size: CompactYx,
    /// From one output to the next, in input pixels.
    pub stride: CompactYx,
    /// From one tap to the next, in input pixels.
    pub dilation: CompactYx,
    /// Rows above and columns left of the image.
    pub pad: CompactYx,
}

impl CompactImage {
    fn of(image: Hwc) -> Option<Self> {
        let [h, w, c] = [image.h, image.w, image.c].map(|count| u16::try_from(count).ok());
        Some(Self { h: h?, w: w?, c: c? })
    }

    /// Elements; as many as 32 bits can tell.
    pub(super) fn elements(self) -> u32 {
        (u32::from(self.h) * u32::from(self.w)).wrapping_mul(self.c.into())
    }
}

impl CompactYx {
    fn of(yx: Yx) -> Option<Self> {
        Some(Self { y: yx.y.try_into().ok()?, x: yx.x.try_into().ok()? })
    }
}

impl CompactWindow {
    /// The same window, when it is on one image and its numbers are small enough.
    pub fn of(window: &Window) -> Option<Self> {
        let Window { batch, input, output, size, stride, dilation, pad } = *window;
        if batch != 1 {
            return None;
        }
        Some(Self {
            input: CompactImage::of(input)?,
            output: CompactImage::of(output)?,
            size: CompactYx::of(size)?,
            stride: CompactYx::of(stride)?,
            dilation: CompactYx::of(dilation)?,
            pad: CompactYx::of(pad)?,
        })
    }

    /// Taps in one window.
    pub(super) fn taps(&self) -> usize {
        usize::from(self.size.y) * usize::from(self.size.x)
    }

    /// Lays the taps of one output side by side, row by row; what is outside the image is `outside`.
    #[inline(never)]
    pub(super) fn gather(&self, [y, x]: [u32; 2], outside: i8, input: &[i8], taps: &mut [i8]) {
        let (height, width) = (u32::from(self.input.h), u32::from(self.input.w));
        let channels = usize::from(self.input.c);
        let mut iy = y.wrapping_mul(self.stride.y.into()).wrapping_sub(self.pad.y.into());
        let first = x.wrapping_mul(self.stride.x.into()).wrapping_sub(self.pad.x.into());
        let (mut ix, mut column) = (first, 0);
        for tap in taps.blocks_mut(channels) {
            // What is above or left of the image is far below or right of it.
            let inside = iy < height && ix < width;
            let pixel = iy.wrapping_mul(width).wrapping_add(ix) as usize;
            let pixel = inside.then(|| input.get(pixel.wrapping_mul(channels)..)?.get(..channels));
            match pixel.flatten() {
                Some(pixel) => tap.iter_mut().zip(pixel).for_each(|(tap, &q)| *tap = q),
                None => tap.fill(outside),
            }
            ix = ix.wrapping_add(self.dilation.x.into());
            column += 1;
            if column == u32::from(self.size.x) {
                (ix, column) = (first, 0);
                iy = iy.wrapping_add(self.dilation.y.into());
            }
        }
    }
}
