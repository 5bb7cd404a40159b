//! CONV_2D.

use core::marker::PhantomData;

use quant::{Clamp, ZeroPoint};

use super::layer::{Layer, Nibbles, Range, Real, Sum32, Sum64, Weights, check_bias};
use crate::{KernelError, PerChannel, Window, blocks::Blocks as _};

/// What a convolution of any element type reads: a window on the images, and how many of their channels a
/// filter spans.
///
/// With `filter_c` below the input's channels they are cut into that many runs (groups), and each run of
/// `output.c / groups` output channels sees only its own.
#[derive(Clone, Copy, Debug, PartialEq, bytemuck::Pod, bytemuck::Zeroable)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[repr(C)]
pub struct ConvShape {
    /// Where each output reads.
    pub window: Window,
    /// Input channels that one filter spans.
    pub filter_c: u32,
}

impl ConvShape {
    /// Elements in one output channel's filter.
    pub const fn filter_elements(&self) -> usize {
        self.window.taps() * self.filter_c as usize
    }

    /// Output channels that share one run of input channels.
    pub fn group_outputs(&self) -> usize {
        let groups = self.window.input.c / self.filter_c.max(1);
        (self.window.output.c / groups.max(1)).max(1) as usize
    }

    /// Checks the images, and how many weights there are.
    ///
    /// # Errors
    /// [`KernelError::Length`] or [`KernelError::Geometry`].
    pub(crate) fn check(
        &self,
        input: usize,
        filter: impl Weights,
        bias: usize,
        output: usize,
    ) -> Result<(), KernelError> {
        self.window.check(input, output)?;
        let groups = self.window.input.c.checked_div(self.filter_c).ok_or(KernelError::Geometry)?;
        if groups == 0
            || groups * self.filter_c != self.window.input.c
            || !self.window.output.c.is_multiple_of(groups)
        {
            return Err(KernelError::Geometry);
        }
        let channels = self.window.output.c as usize;
        filter.check(self.filter_elements().checked_mul(channels))?;
        check_bias(channels, bias)
    }
}

/// A convolution: its shape, and how its integers stand for real numbers.
#[derive(Clone, Copy, Debug, PartialEq, bytemuck::Pod, bytemuck::Zeroable)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[repr(C)]
pub struct Conv2d {
    /// What it reads.
    pub shape: ConvShape,
    /// Zero of the input; a tap outside the image counts as this value. 0 for int16.
    pub input_zero: ZeroPoint,
    /// Zero of the output. 0 for int16.
    pub output_zero: ZeroPoint,
    /// The fused activation, in output units.
    pub clamp: Clamp,
}

impl Conv2d {
    /// Checks every buffer against the shape.
    ///
    /// # Errors
    /// [`KernelError::Length`] or [`KernelError::Geometry`].
    pub fn check(
        &self,
        input: usize,
        filter: impl Weights,
        bias: usize,
        scales: usize,
        output: usize,
    ) -> Result<(), KernelError> {
        KernelError::check(Some(self.shape.window.output.c as usize), scales)?;
        self.shape.check(input, filter, bias, output)
    }

    fn sum_32<'a, T, W>(&self, weights: W, bias: &'a [i32], scales: PerChannel<'a>) -> Sum32<'a, T, W> {
        Sum32 {
            weights,
            bias,
            scales,
            input_zero: self.input_zero,
            filter_zero: ZeroPoint(0),
            output_zero: self.output_zero,
            clamp: self.clamp,
            element: PhantomData,
        }
    }
}

/// A convolution of real numbers.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Conv2dF32 {
    /// What it reads.
    pub shape: ConvShape,
    /// The fused activation.
    pub range: Range,
}

/// The walk: for each output, the taps inside the image, row by row, and of each tap its channels.
pub(crate) fn convolve<L: Layer>(
    shape: &ConvShape,
    layer: &L,
    input: &[L::Input],
    output: &mut [L::Output],
) -> Result<(), KernelError> {
    let window = &shape.window;
    let (out_c, in_c, filter_c) =
        (window.output.c as usize, window.input.c as usize, shape.filter_c as usize);
    let group_outputs = shape.group_outputs().max(1);
    let row = window.input.w as usize * in_c;
    let image = window.input.h as usize * row;
    let mut pixels = output.blocks_mut(out_c);
    for n in 0..window.batch as usize {
        for y in 0..window.output.h {
            let rows = window.rows(y);
            for x in 0..window.output.w {
                let columns = window.columns(x);
                let Some(pixel) = pixels.next() else { return Ok(()) };
                for (o, out) in pixel.iter_mut().enumerate() {
                    let group = o / group_outputs * filter_c;
                    let mut sum = L::Sum::default();
                    for ky in rows.begin..rows.end {
                        let iy = rows.first + (ky - rows.begin) * rows.step;
                        for kx in columns.begin..columns.end {
                            let ix = columns.first + (kx - columns.begin) * columns.step;
                            let from = n * image + iy * row + ix * in_c + group;
                            let tap = (o * usize::from(window.size.y) + ky) * usize::from(window.size.x) + kx;
                            let taps = input.get(from..from + filter_c).ok_or(KernelError::Geometry)?;
                            for (c, &q) in taps.iter().enumerate() {
                                sum = layer.add(sum, q, tap * filter_c + c).ok_or(KernelError::Geometry)?;
                            }
                        }
                    }
                    *out = layer.finish(o, sum);
                }
            }
        }
    }
    Ok(())
}

/// Convolves NHWC int8 images with OHWI int8 filters, one scale per output channel.
///
/// ```text
/// acc(y, x, o) = bias[o] + Σ ky kx c  filter[o, ky, kx, c] · (input[iy, ix, g + c] − input_zero)
/// output[y, x, o] = clamp(scales[o] · acc + output_zero)
/// ```
/// with `iy`, `ix` as [`Window`] says and `g` the first input channel of `o`'s group. Taps outside the
/// image add nothing.
///
/// | buffer   | order              | elements                 | values                     |
/// |----------|--------------------|--------------------------|----------------------------|
/// | `input`  | `[n][h][w][c]`     | batch · input            | −128 ..= 127               |
/// | `filter` | `[o][ky][kx][c]`   | output.c · taps · filter_c | −128 ..= 127             |
/// | `bias`   | `[o]`              | output.c, or 0 for none  | accumulator units          |
/// | `output` | `[n][h][w][o]`     | batch · output           | `clamp`                    |
///
/// # Exactness
/// The bytes of TFLM's `reference_integer_ops::ConvPerChannel`. The accumulator wraps at 32 bits.
///
/// # Overflow
/// No sum of up to [`MAX_PRODUCTS_I8`](super::MAX_PRODUCTS_I8) products wraps, and a bias moves that bound.
///
/// # Cost
/// One multiply-add per tap and channel. No scratch.
///
/// # Errors
/// As [`Conv2d::check`]; `output` is then untouched.
pub fn conv_2d_s8(
    conv: &Conv2d,
    input: &[i8],
    filter: &[i8],
    bias: &[i32],
    scales: PerChannel<'_>,
    output: &mut [i8],
) -> Result<(), KernelError> {
    conv.check(input.len(), filter, bias.len(), scales.len(), output.len())?;
    convolve(&conv.shape, &conv.sum_32::<i8, _>(filter, bias, scales), input, output)
}

/// As [`conv_2d_s8`], with int4 filters that stay packed: `filter` has `(output.c · taps · filter_c) / 2`
/// bytes, rounded up, and its elements run on over channels without gaps.
///
/// # Exactness
/// The bytes of TFLM's CONV_2D on int4 filters, which unpacks them first.
///
/// # Errors
/// As [`Conv2d::check`]; `output` is then untouched.
pub fn conv_2d_s4(
    conv: &Conv2d,
    input: &[i8],
    filter: Nibbles<'_>,
    bias: &[i32],
    scales: PerChannel<'_>,
    output: &mut [i8],
) -> Result<(), KernelError> {
    conv.check(input.len(), filter, bias.len(), scales.len(), output.len())?;
    convolve(&conv.shape, &conv.sum_32::<i8, _>(filter, bias, scales), input, output)
}

/// As [`conv_2d_s8`], on int16 images with int8 filters and a 64-bit bias.
///
/// ```text
/// output[y, x, o] = clamp(scales[o] · acc)        scaled as Multiplier::scale_wide does
/// ```
/// # Exactness
/// The bytes of TFLM's `reference_integer_ops::ConvPerChannel` on int16 with a 64-bit bias or none. The
/// accumulator has 64 bits.
///
/// # Errors
/// As [`Conv2d::check`]; `output` is then untouched.
pub fn conv_2d_s16(
    conv: &Conv2d,
    input: &[i16],
    filter: &[i8],
    bias: &[i64],
    scales: PerChannel<'_>,
    output: &mut [i16],
) -> Result<(), KernelError> {
    conv.check(input.len(), filter, bias.len(), scales.len(), output.len())?;
    let layer = Sum64 { weights: filter, bias, scales, filter_zero: ZeroPoint(0), clamp: conv.clamp };
    convolve(&conv.shape, &layer, input, output)
}

/// As [`conv_2d_s16`], with a 32-bit bias and accumulator, scaled as int8 is.
///
/// # Exactness
/// The bytes of TFLM's `reference_integer_ops::ConvPerChannel` on int16 with a 32-bit bias. The accumulator
/// wraps at 32 bits.
///
/// # Errors
/// As [`Conv2d::check`]; `output` is then untouched.
pub fn conv_2d_s16_bias32(
    conv: &Conv2d,
    input: &[i16],
    filter: &[i8],
    bias: &[i32],
    scales: PerChannel<'_>,
    output: &mut [i16],
) -> Result<(), KernelError> {
    conv.check(input.len(), filter, bias.len(), scales.len(), output.len())?;
    convolve(&conv.shape, &conv.sum_32::<i16, _>(filter, bias, scales), input, output)
}

/// As [`conv_2d_s8`], on real numbers: `clamp(Σ + bias)`.
///
/// # Exactness
/// The bits of TFLM's `reference_ops::Conv`: products are added tap by tap, each rounded to single precision
/// before it is added, and the bias last.
///
/// # Errors
/// [`KernelError::Length`] or [`KernelError::Geometry`]; `output` is then untouched.
pub fn conv_2d_f32(
    conv: &Conv2dF32,
    input: &[f32],
    filter: &[f32],
    bias: &[f32],
    output: &mut [f32],
) -> Result<(), KernelError> {
    conv.shape.check(input.len(), filter, bias.len(), output.len())?;
    convolve(&conv.shape, &Real { weights: filter, bias, range: conv.range }, input, output)
}
