//! RESIZE_BILINEAR.

use crate::{Hwc, KernelError, blocks::Blocks as _};

/// Where along one axis an output lies between two inputs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Steps {
    /// From one output to the next, in 1/1024 of an input pixel.
    pub scale: i32,
    /// Where the first output lies, in the same units.
    pub start: i32,
}

/// Images resized to another height and width.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct ResizeBilinear<S> {
    /// Images in the batch.
    pub batch: u32,
    /// One image read.
    pub input: Hwc,
    /// One image written.
    pub output: Hwc,
    /// Along the height.
    pub y: S,
    /// Along the width.
    pub x: S,
}

/// Two neighbours and the weight of the second.
#[derive(Clone, Copy)]
struct Between<W> {
    lower: usize,
    upper: usize,
    weight: W,
}

/// Units in one input pixel.
const ONE: i32 = 1 << 10;

impl Steps {
    fn at(self, index: u32, length: u32) -> Between<i64> {
        let position = (index as i32).wrapping_mul(self.scale).wrapping_add(self.start);
        let lower = (position / ONE).max(0);
        let upper = (position.wrapping_add(ONE - 1) / ONE).min((length as i32).wrapping_sub(1));
        let weight = i64::from(position) - i64::from(lower) * i64::from(ONE);
        Between { lower: lower as usize, upper: upper.max(0) as usize, weight }
    }
}

/// The same in single precision.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct StepsF32 {
    /// From one output to the next, in input pixels.
    pub scale: f32,
    /// Half a pixel, where pixels are named by their centres: added before scaling, taken away after it.
    pub centre: f32,
}

impl StepsF32 {
    fn at(self, index: u32, length: u32) -> Between<f32> {
        let position = (index as f32 + self.centre) * self.scale - self.centre;
        let lower = (libm::floorf(position) as i32).max(0);
        let upper = (libm::ceilf(position) as i32).min((length as i32).wrapping_sub(1)).max(0);
        Between { lower: lower as usize, upper: upper as usize, weight: position - lower as f32 }
    }
}

impl<S: Copy> ResizeBilinear<S> {
    fn check(&self, input: usize, output: usize) -> Result<(), KernelError> {
        let batch = self.batch as usize;
        let all = |image: Hwc| image.elements().and_then(|elements| elements.checked_mul(batch));
        KernelError::check(all(self.input), input)?;
        KernelError::check(all(self.output), output)?;
        if self.input.c == self.output.c { Ok(()) } else { Err(KernelError::Geometry) }
    }

    /// Calls `blend` with the four neighbours of each output, by rows: upper left, upper right, lower left,
    /// lower right; and the weights of the lower and of the right ones.
    fn each<T: Copy, W: Copy>(
        &self,
        input: &[T],
        output: &mut [T],
        at: impl Fn(S, u32, u32) -> Between<W>,
        blend: impl Fn([T; 4], W, W) -> T,
    ) -> Result<(), KernelError> {
        self.check(input.len(), output.len())?;
        let channels = self.input.c as usize;
        let row = (self.input.w as usize).wrapping_mul(channels);
        let mut pixels = output.blocks_mut(channels);
        let image = self.input.elements().unwrap_or(0).max(1);
        for image in input.blocks(image) {
            for y in 0..self.output.h {
                let y = at(self.y, y, self.input.h);
                for x in 0..self.output.w {
                    let x = at(self.x, x, self.input.w);
                    let Some(pixel) = pixels.next() else { return Ok(()) };
                    for (channel, out) in pixel.iter_mut().enumerate() {
                        let get = |y: usize, x: usize| {
                            let at = y.wrapping_mul(row).wrapping_add(x.wrapping_mul(channels));
                            image.get(at.wrapping_add(channel)).copied().ok_or(KernelError::Geometry)
                        };
                        let corners = [
                            get(y.lower, x.lower)?,
                            get(y.lower, x.upper)?,
                            get(y.upper, x.lower)?,
                            get(y.upper, x.upper)?,
                        ];
                        *out = blend(corners, y.weight, x.weight);
                    }
                }
            }
        }
        Ok(())
    }
}

/// The mean of an output's four neighbours in the input, weighted by nearness, ties away from zero.
///
/// | buffer   | order          | elements       | values       |
/// |----------|----------------|----------------|--------------|
/// | `input`  | `[n][h][w][c]` | batch · input  | −128 ..= 127 |
/// | `output` | `[n][h][w][c]` | batch · output | −128 ..= 127 |
///
/// # Exactness
/// The bytes of TFLM's `ResizeBilinearInteger`: weights in 1/1024 of a pixel.
///
/// # Cost
/// Eight products per output element. No scratch.
///
/// # Errors
/// [`KernelError::Length`] or [`KernelError::Geometry`].
pub fn resize_bilinear_s8(
    resize: &ResizeBilinear<Steps>,
    input: &[i8],
    output: &mut [i8],
) -> Result<(), KernelError> {
    resize.each(input, output, Steps::at, |corners, y, x| {
        quant::rounded_bilinear(corners.map(i32::from), y, x) as i8
    })
}

/// As [`resize_bilinear_s8`], on int16.
///
/// # Errors
/// As [`resize_bilinear_s8`].
pub fn resize_bilinear_s16(
    resize: &ResizeBilinear<Steps>,
    input: &[i16],
    output: &mut [i16],
) -> Result<(), KernelError> {
    resize.each(input, output, Steps::at, |corners, y, x| {
        quant::rounded_bilinear(corners.map(i32::from), y, x) as i16
    })
}

/// As [`resize_bilinear_s8`], in single precision.
///
/// # Errors
/// As [`resize_bilinear_s8`].
pub fn resize_bilinear_f32(
    resize: &ResizeBilinear<StepsF32>,
    input: &[f32],
    output: &mut [f32],
) -> Result<(), KernelError> {
    resize.each(input, output, StepsF32::at, |[upper_left, upper_right, lower_left, lower_right], y, x| {
        upper_left * (1.0 - y) * (1.0 - x)
            + lower_left * y * (1.0 - x)
            + upper_right * (1.0 - y) * x
            + lower_right * y * x
    })
}

/// As [`resize_bilinear_s8`], on uint8: in single precision, half added and the fraction dropped.
///
/// # Errors
/// As [`resize_bilinear_s8`].
pub fn resize_bilinear_u8(
    resize: &ResizeBilinear<StepsF32>,
    input: &[u8],
    output: &mut [u8],
) -> Result<(), KernelError> {
    resize.each(input, output, StepsF32::at, |corners, y, x| {
        let [upper_left, upper_right, lower_left, lower_right] = corners.map(f32::from);
        (upper_left * (1.0 - y) * (1.0 - x)
            + lower_left * y * (1.0 - x)
            + upper_right * (1.0 - y) * x
            + lower_right * y * x
            + 0.5) as u8
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn doubles_a_row() {
        let resize = ResizeBilinear {
            batch: 1,
            input: Hwc { h: 1, w: 2, c: 1 },
            output: Hwc { h: 1, w: 4, c: 1 },
            y: Steps { scale: ONE, start: 0 },
            x: Steps { scale: ONE / 2, start: 0 },
        };
        let mut output = [0; 4];
        resize_bilinear_s8(&resize, &[-10, 11], &mut output).unwrap();
        // Half of 1 rounds away from zero.
        assert_eq!(output, [-10, 1, 11, 11]);
        assert!(resize_bilinear_s8(&resize, &[-10], &mut output).is_err());
    }

    #[test]
    fn centres_stay_where_they_are() {
        let along = StepsF32 { scale: 0.5, centre: 0.5 };
        let resize = ResizeBilinear {
            batch: 1,
            input: Hwc { h: 1, w: 2, c: 1 },
            output: Hwc { h: 1, w: 4, c: 1 },
            y: StepsF32 { scale: 1.0, centre: 0.5 },
            x: along,
        };
        let mut output = [0.0; 4];
        resize_bilinear_f32(&resize, &[0.0, 4.0], &mut output).unwrap();
        assert_eq!(output, [0.0, 1.0, 3.0, 4.0]);
    }
}
