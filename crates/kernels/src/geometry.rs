//! Images, windows that slide over them, and where the two meet.

use crate::KernelError;

/// Height and width in pixels, and channels, of an image stored row by row, channels last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, bytemuck::Pod, bytemuck::Zeroable)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[allow(missing_docs)]
#[repr(C)]
pub struct Hwc {
    pub h: u32,
    pub w: u32,
    pub c: u32,
}

impl Hwc {
    /// Elements in one image; `None` when a 32-bit index cannot reach them all.
    pub const fn elements(self) -> Option<usize> {
        let plane = self.h as u64 * self.w as u64;
        if plane > i32::MAX as u64 {
            return None;
        }
        let all = plane * self.c as u64;
        if all > i32::MAX as u64 { None } else { Some(all as usize) }
    }
}

/// A vertical and a horizontal count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, bytemuck::Pod, bytemuck::Zeroable)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[allow(missing_docs)]
#[repr(C)]
pub struct Yx {
    pub y: u16,
    pub x: u16,
}

/// Rows above and columns left of the image that a window may begin in.
pub type Padding = Yx;

/// A window that slides over images: where each output reads.
///
/// ```text
/// output (y, x) reads input (y·stride.y − pad.y + ky·dilation.y, x·stride.x − pad.x + kx·dilation.x)
/// for ky in 0..size.y, kx in 0..size.x; what lies outside the image is not read
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, bytemuck::Pod, bytemuck::Zeroable)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[repr(C)]
pub struct Window {
    /// Images in the batch.
    pub batch: u32,
    /// One image read.
    pub input: Hwc,
    /// One image written.
    pub output: Hwc,
    /// The window, in taps.
    pub size: Yx,
    /// From one output to the next, in input pixels.
    pub stride: Yx,
    /// From one tap to the next, in input pixels.
    pub dilation: Yx,
    /// Rows above and columns left of the image.
    pub pad: Padding,
}

/// The taps of a window that meet the image, along one axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Taps {
    /// Input index that the first such tap reads.
    pub first: usize,
    /// The first such tap.
    pub begin: usize,
    /// One past the last; not less than `begin`.
    pub end: usize,
    /// From one tap to the next, in input pixels; not 0.
    pub step: usize,
}

impl Taps {
    /// How many there are.
    pub const fn count(self) -> usize {
        self.end - self.begin
    }
}

impl Window {
    /// Checks the batch's input and output buffers, and that no index below can overflow.
    ///
    /// # Errors
    /// [`KernelError::Length`] or [`KernelError::Geometry`].
    pub fn check(&self, input: usize, output: usize) -> Result<(), KernelError> {
        let batch = self.batch as usize;
        let all = |image: Hwc| image.elements().and_then(|elements| elements.checked_mul(batch));
        KernelError::check(all(self.input), input)?;
        KernelError::check(all(self.output), output)?;
        let steps_fit = |outputs: u32, stride: u16, taps: u16, dilation: u16| {
            let reach = u64::from(outputs) * u64::from(stride) + u64::from(taps) * u64::from(dilation);
            reach < 1 << 30
        };
        let fits = steps_fit(self.output.h, self.stride.y, self.size.y, self.dilation.y)
            && steps_fit(self.output.w, self.stride.x, self.size.x, self.dilation.x)
            && self.input.h < 1 << 30
            && self.input.w < 1 << 30;
        if fits { Ok(()) } else { Err(KernelError::Geometry) }
    }

    /// Taps in one window, whether they meet the image or not.
    pub const fn taps(&self) -> usize {
        self.size.y as usize * self.size.x as usize
    }

    /// Whether no window of the image reaches outside it.
    pub fn stays_inside(&self) -> bool {
        let whole = |taps: Taps, size: u16| taps.begin == 0 && taps.end == usize::from(size);
        let last = |outputs: u32| outputs.saturating_sub(1);
        whole(self.rows(0), self.size.y)
            && whole(self.rows(last(self.output.h)), self.size.y)
            && whole(self.columns(0), self.size.x)
            && whole(self.columns(last(self.output.w)), self.size.x)
    }

    /// The rows that output row `y` reads.
    #[inline]
    pub fn rows(&self, y: u32) -> Taps {
        clip(y, self.stride.y, self.pad.y, self.size.y, self.dilation.y, self.input.h)
    }

    /// The columns that output column `x` reads.
    #[inline]
    pub fn columns(&self, x: u32) -> Taps {
        clip(x, self.stride.x, self.pad.x, self.size.x, self.dilation.x, self.input.w)
    }
}

/// Cuts a window down to the image, along one axis. Once per row or pixel, and in a program once.
#[inline(never)]
fn clip(at: u32, stride: u16, pad: u16, taps: u16, dilation: u16, image: u32) -> Taps {
    let step = i64::from(dilation).max(1) as i32;
    let origin = (at as i32).wrapping_mul(i32::from(stride)) - i32::from(pad);
    let (taps, image) = (i32::from(taps), image as i32);
    // Taps that begin before the image, and taps that begin before its end.
    let before = |limit: i32| {
        let distance = limit.wrapping_sub(origin);
        if distance <= 0 {
            0
        } else if step == 1 {
            distance.min(taps)
        } else {
            ((distance.wrapping_add(step - 1)) / step).min(taps)
        }
    };
    let begin = before(0);
    let end = before(image).max(begin);
    let first = origin.wrapping_add(begin.wrapping_mul(step)).max(0);
    Taps { first: first as usize, begin: begin as usize, end: end as usize, step: step as usize }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clipping_agrees_with_trying_every_tap() {
        for (at, stride, pad, taps, dilation, image) in itertools() {
            let inside = |tap: i64| {
                let position = i64::from(at) * i64::from(stride) - i64::from(pad) + tap * i64::from(dilation);
                (0..i64::from(image)).contains(&position).then_some(position)
            };
            let clipped = clip(at, stride, pad, taps, dilation, image);
            for tap in 0..i64::from(taps) {
                let within = (clipped.begin as i64..clipped.end as i64).contains(&tap);
                assert_eq!(inside(tap).is_some(), within, "{at} {stride} {pad} {taps} {dilation} {image}");
                if within {
                    let read = clipped.first as i64 + (tap - clipped.begin as i64) * clipped.step as i64;
                    assert_eq!(inside(tap), Some(read));
                }
            }
        }
    }

    fn itertools() -> impl Iterator<Item = (u32, u16, u16, u16, u16, u32)> {
        (0..6u32).flat_map(|at| {
            (1..4u16).flat_map(move |stride| {
                (0..4u16).flat_map(move |pad| {
                    (1..5u16).flat_map(move |taps| {
                        (1..4u16).flat_map(move |dilation| {
                            (1..9u32).map(move |image| (at, stride, pad, taps, dilation, image))
                        })
                    })
                })
            })
        })
    }
}
