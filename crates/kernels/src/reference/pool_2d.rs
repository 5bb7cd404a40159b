//! AVERAGE_POOL_2D and MAX_POOL_2D.

use core::num::NonZeroU32;

use quant::Clamp;

use crate::{KernelError, Window, blocks::Blocks as _};

/// A pooling window. Channels stay apart; input and output have the same scale and zero.
#[derive(Clone, Copy, Debug, PartialEq, bytemuck::Pod, bytemuck::Zeroable)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[repr(C)]
pub struct Pool2d {
    /// Where each output reads; `dilation` is 1.
    pub window: Window,
    /// The fused activation.
    pub clamp: Clamp,
}

impl Pool2d {
    /// Checks both buffers against the shape.
    ///
    /// # Errors
    /// [`KernelError::Length`] or [`KernelError::Geometry`].
    pub fn check(&self, input: usize, output: usize) -> Result<(), KernelError> {
        self.window.check(input, output)?;
        if self.window.input.c == self.window.output.c { Ok(()) } else { Err(KernelError::Geometry) }
    }

    /// Calls `pool` for each output with its accumulator: `fold` over the window's elements from `start`.
    fn each<T: Copy, A: Copy>(
        &self,
        input: &[T],
        output: &mut [T],
        start: A,
        fold: impl Fn(A, T) -> A,
        finish: impl Fn(A, u32) -> T,
    ) -> Result<(), KernelError> {
        self.check(input.len(), output.len())?;
        let window = &self.window;
        let channels = window.input.c as usize;
        let row = window.input.w as usize * channels;
        let image = window.input.h as usize * row;
        let mut pixels = output.blocks_mut(channels);
        for n in 0..window.batch as usize {
            for y in 0..window.output.h {
                let rows = window.rows(y);
                for x in 0..window.output.w {
                    let columns = window.columns(x);
                    let count = (rows.count() * columns.count()) as u32;
                    let Some(pixel) = pixels.next() else { return Ok(()) };
                    let first = n * image + rows.first * row + columns.first * channels;
                    for (out, from) in pixel.iter_mut().zip(first..) {
                        let mut acc = start;
                        let mut line = from;
                        for _ in 0..rows.count() {
                            let mut at = line;
                            for _ in 0..columns.count() {
                                acc = fold(acc, *input.get(at).ok_or(KernelError::Geometry)?);
                                at += columns.step * channels;
                            }
                            line += rows.step * row;
                        }
                        *out = finish(acc, count);
                    }
                }
            }
        }
        Ok(())
    }
}

/// The mean of each window, over the elements inside the image, rounded half away from zero.
///
/// | buffer   | order          | elements       | values       |
/// |----------|----------------|----------------|--------------|
/// | `input`  | `[n][h][w][c]` | batch · input  | −128 ..= 127 |
/// | `output` | `[n][h][w][c]` | batch · output | `clamp`      |
///
/// # Exactness
/// The bytes of TFLM's `reference_integer_ops::AveragePool` on int8.
///
/// # Cost
/// One addition per tap, one division per output. No scratch.
///
/// # Errors
/// As [`Pool2d::check`]; `output` is then untouched.
pub fn average_pool_2d_s8(pool: &Pool2d, input: &[i8], output: &mut [i8]) -> Result<(), KernelError> {
    let clamp = pool.clamp;
    pool.each(
        input,
        output,
        0i32,
        |sum, q| sum.wrapping_add(i32::from(q)),
        |sum, count| match NonZeroU32::new(count) {
            Some(count) => clamp.apply(quant::rounded_quotient(sum, count)) as i8,
            None => clamp.apply(0) as i8,
        },
    )
}

/// The greatest element of each window.
///
/// Buffers as for [`average_pool_2d_s8`].
///
/// # Exactness
/// The bytes of TFLM's `reference_integer_ops::MaxPool` on int8.
///
/// # Cost
/// One comparison per tap. No scratch.
///
/// # Errors
/// As [`Pool2d::check`]; `output` is then untouched.
pub fn max_pool_2d_s8(pool: &Pool2d, input: &[i8], output: &mut [i8]) -> Result<(), KernelError> {
    let clamp = pool.clamp;
    pool.each(input, output, i8::MIN, |most, q| most.max(q), |most, _| clamp.apply(i32::from(most)) as i8)
}

/// As [`average_pool_2d_s8`], on int16.
///
/// # Errors
/// As [`Pool2d::check`]; `output` is then untouched.
pub fn average_pool_2d_s16(pool: &Pool2d, input: &[i16], output: &mut [i16]) -> Result<(), KernelError> {
    let clamp = pool.clamp;
    pool.each(
        input,
        output,
        0i32,
        |sum, q| sum.wrapping_add(i32::from(q)),
        |sum, count| match NonZeroU32::new(count) {
            Some(count) => clamp.apply(quant::rounded_quotient(sum, count)) as i16,
            None => clamp.apply(0) as i16,
        },
    )
}

/// As [`max_pool_2d_s8`], on int16.
///
/// # Errors
/// As [`Pool2d::check`]; `output` is then untouched.
pub fn max_pool_2d_s16(pool: &Pool2d, input: &[i16], output: &mut [i16]) -> Result<(), KernelError> {
    let clamp = pool.clamp;
    pool.each(input, output, i16::MIN, |most, q| most.max(q), |most, _| clamp.apply(i32::from(most)) as i16)
}

/// A pooling window over floats.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Pool2dFloat {
    /// The window; its `clamp` is not used.
    pub pool: Pool2d,
    /// Lower limit of the fused activation.
    pub min: f32,
    /// Upper limit.
    pub max: f32,
}

impl Pool2dFloat {
    fn limit(&self, x: f32) -> f32 {
        x.max(self.min).min(self.max)
    }
}

/// The mean of each window of floats, summed in the order they lie in.
///
/// # Errors
/// As [`Pool2d::check`]; `output` is then untouched.
pub fn average_pool_2d_f32(pool: &Pool2dFloat, input: &[f32], output: &mut [f32]) -> Result<(), KernelError> {
    pool.pool.each(input, output, 0f32, |sum, x| sum + x, |sum, count| pool.limit(sum / count as f32))
}

/// The greatest element of each window of floats.
///
/// # Errors
/// As [`Pool2d::check`]; `output` is then untouched.
pub fn max_pool_2d_f32(pool: &Pool2dFloat, input: &[f32], output: &mut [f32]) -> Result<(), KernelError> {
    pool.pool.each(input, output, f32::MIN, |most, x| most.max(x), |most, _| pool.limit(most))
}

/// L2_POOL_2D: the root of the mean square of each window of floats.
///
/// # Errors
/// As [`Pool2d::check`]; `output` is then untouched.
pub fn l2_pool_2d_f32(pool: &Pool2dFloat, input: &[f32], output: &mut [f32]) -> Result<(), KernelError> {
    let finish = |squares: f32, count: u32| pool.limit(quant::float::sqrt(squares / count as f32));
    pool.pool.each(input, output, 0f32, |squares, x| squares + x * x, finish)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Hwc, Yx};

    const PAIRS: Pool2d = Pool2d {
        window: Window {
            batch: 1,
            input: Hwc { h: 1, w: 4, c: 1 },
            output: Hwc { h: 1, w: 2, c: 1 },
            size: Yx { y: 1, x: 2 },
            stride: Yx { y: 1, x: 2 },
            dilation: Yx { y: 1, x: 1 },
            pad: Yx { y: 0, x: 0 },
        },
        clamp: Clamp { min: -300, max: 300 },
    };

    #[test]
    fn pools_int16() {
        let mut output = [0i16; 2];
        average_pool_2d_s16(&PAIRS, &[1, 2, -1, -2], &mut output).unwrap();
        assert_eq!(output, [2, -2]);
        max_pool_2d_s16(&PAIRS, &[1, 999, -1, -2], &mut output).unwrap();
        assert_eq!(output, [300, -1]);
        assert!(max_pool_2d_s16(&PAIRS, &[1], &mut output).is_err());
    }

    #[test]
    fn pools_floats() {
        let pool = Pool2dFloat { pool: PAIRS, min: -1.0, max: 4.0 };
        let mut output = [0f32; 2];
        average_pool_2d_f32(&pool, &[1.0, 2.0, -3.0, -2.0], &mut output).unwrap();
        assert_eq!(output, [1.5, -1.0]);
        max_pool_2d_f32(&pool, &[1.0, 9.0, 2.0, -2.0], &mut output).unwrap();
        assert_eq!(output, [4.0, 2.0]);
        l2_pool_2d_f32(&pool, &[1.0, 7.0, 1.0, 1.0], &mut output).unwrap();
        assert_eq!(output, [4.0, 1.0]);
    }
}
