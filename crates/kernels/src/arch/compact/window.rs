//! Windows in few bytes.

use super::inner::copy;
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

    /// The first element of a pixel.
    #[inline]
    pub(super) fn place(&self, [y, x]: [u32; 2]) -> usize {
        let pixel = y.wrapping_mul(self.input.w.into()).wrapping_add(x) as usize;
        pixel.wrapping_mul(self.input.c.into())
    }

    /// Lays the taps of one output side by side, row by row, so many pixels at a time that follow each other in the image,
    /// from a first one on; what is outside the image is `outside`.
    #[inline(never)]
    pub(super) fn gather(&self, ([y, x], run): ([u32; 2], u8), outside: i8, input: &[i8], taps: &mut [i8]) {
        let (height, width) = (u32::from(self.input.h), u32::from(self.input.w));
        let len = usize::from(self.input.c).wrapping_mul(run.into());
        let (mut iy, mut ix, mut column) = (y, x, 0u8);
        for tap in taps.blocks_mut(len) {
            // What is above or left of the image is far below or right of it.
            let inside = iy < height && ix < width;
            let pixels = inside.then(|| input.get(self.place([iy, ix])..)?.get(..len));
            match pixels.flatten() {
                Some(pixels) => copy(pixels, tap),
                None => tap.fill(outside),
            }
            ix = ix.wrapping_add(self.dilation.x.into());
            column = column.wrapping_add(run);
            if column == self.size.x {
                (ix, column) = (x, 0);
                iy = iy.wrapping_add(self.dilation.y.into());
            }
        }
    }
}
