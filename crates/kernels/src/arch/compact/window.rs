//! Windows in few bytes.

use crate::{Hwc, KernelError, Window, Yx};

/// As [`Hwc`], for images that are not large.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[allow(missing_docs)]
pub struct CompactImage {
    pub h: u16,
    pub w: u16,
    pub c: u16,
}

/// As [`Yx`], for counts that are not large.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[allow(missing_docs)]
pub struct CompactYx {
    pub y: u8,
    pub x: u8,
}

/// As [`Window`], on one image, in less than half of the bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
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

    /// Elements; `None` when a 32-bit index cannot reach them all.
    fn elements(self) -> Option<usize> {
        (usize::from(self.h) * usize::from(self.w)).checked_mul(self.c.into())
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

    /// Checks the input and the output. No index of [`Self::tap`] can overflow: sixteen bits times eight.
    #[inline(never)]
    pub(super) fn check(&self, input: usize, output: usize) -> Result<(), KernelError> {
        KernelError::check(self.input.elements(), input)?;
        KernelError::check(self.output.elements(), output)
    }

    /// Taps in one window.
    pub(super) fn taps(&self) -> usize {
        usize::from(self.size.y) * usize::from(self.size.x)
    }

    /// Calls `visit` for every tap of the window of an output, row by row, with the first element that it reads; with
    /// `None` outside the image.
    #[inline(never)]
    pub(super) fn visit(&self, y: u16, x: u16, visit: &mut dyn FnMut(Option<usize>)) {
        let first =
            |at: u16, stride: u8, pad: u8| (u32::from(at) * u32::from(stride)).wrapping_sub(u32::from(pad));
        let (height, width) = (u32::from(self.input.h), u32::from(self.input.w));
        let mut iy = first(y, self.stride.y, self.pad.y);
        for _ in 0..self.size.y {
            let mut ix = first(x, self.stride.x, self.pad.x);
            for _ in 0..self.size.x {
                // What is above or left of the image is far below or right of it.
                let inside = iy < height && ix < width;
                let pixel = (iy as usize).wrapping_mul(width as usize).wrapping_add(ix as usize);
                visit(inside.then(|| pixel.wrapping_mul(self.input.c.into())));
                ix = ix.wrapping_add(self.dilation.x.into());
            }
            iy = iy.wrapping_add(self.dilation.y.into());
        }
    }
}
