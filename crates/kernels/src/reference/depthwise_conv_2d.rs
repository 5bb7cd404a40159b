//! DEPTHWISE_CONV_2D.

use core::marker::PhantomData;

use quant::{Clamp, ZeroPoint};

use super::layer::{Layer, Nibbles, Range, Real, Sum32, Sum64, Weights, check_bias};
use crate::{KernelError, PerChannel, Window, blocks::Blocks as _};

/// A depthwise convolution: output channel `c · multiplier + m` sees input channel `c` alone.
#[derive(Clone, Copy, Debug, PartialEq, bytemuck::Pod, bytemuck::Zeroable)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[repr(C)]
pub struct DepthwiseConv2d {
    /// Where each output reads. `output.c` is a multiple of `input.c`.
    pub window: Window,
    /// Zero of the input; a tap outside the image counts as this value. 0 for int16.
    pub input_zero: ZeroPoint,
    /// Zero of the output. 0 for int16.
    pub output_zero: ZeroPoint,
    /// The fused activation, in output units.
    pub clamp: Clamp,
}

impl DepthwiseConv2d {
    /// Output channels per input channel.
    pub fn multiplier(&self) -> usize {
        multiplier(&self.window)
    }

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
        KernelError::check(Some(self.window.output.c as usize), scales)?;
        check(&self.window, input, filter, bias, output)
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

/// A depthwise convolution of real numbers.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct DepthwiseConv2dF32 {
    /// Where each output reads. `output.c` is a multiple of `input.c`.
    pub window: Window,
    /// The fused activation.
    pub range: Range,
}

fn multiplier(window: &Window) -> usize {
    (window.output.c / window.input.c.max(1)).max(1) as usize
}

pub(crate) fn check(
    window: &Window,
    input: usize,
    filter: impl Weights,
    bias: usize,
    output: usize,
) -> Result<(), KernelError> {
    window.check(input, output)?;
    if window.input.c == 0 || !window.output.c.is_multiple_of(window.input.c) {
        return Err(KernelError::Geometry);
    }
    let channels = window.output.c as usize;
    filter.check(window.taps().checked_mul(channels))?;
    check_bias(channels, bias)
}

/// The walk: for each output, the taps inside the image, row by row, of its own channel.
pub(crate) fn convolve_channels<L: Layer>(
    window: &Window,
    layer: &L,
    input: &[L::Input],
    output: &mut [L::Output],
) -> Result<(), KernelError> {
    let (out_c, in_c) = (window.output.c as usize, window.input.c as usize);
    let multiplier = multiplier(window).max(1);
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
                    let mut sum = L::Sum::default();
                    for ky in rows.begin..rows.end {
                        let iy = rows.first + (ky - rows.begin) * rows.step;
                        for kx in columns.begin..columns.end {
                            let ix = columns.first + (kx - columns.begin) * columns.step;
                            let from = n * image + iy * row + ix * in_c + o / multiplier;
                            let tap = (ky * usize::from(window.size.x) + kx) * out_c + o;
                            let &q = input.get(from).ok_or(KernelError::Geometry)?;
                            sum = layer.add(sum, q, tap).ok_or(KernelError::Geometry)?;
                        }
                    }
                    *out = layer.finish(o, sum);
                }
            }
        }
    }
    Ok(())
}

/// Convolves each channel of NHWC int8 images with its own filters, one scale per output channel.
///
/// ```text
/// acc(y, x, o) = bias[o] + Σ ky kx  filter[ky, kx, o] · (input[iy, ix, o / multiplier] − input_zero)
/// output[y, x, o] = clamp(scales[o] · acc + output_zero)
/// ```
///
/// | buffer   | order            | elements                | values            |
/// |----------|------------------|-------------------------|-------------------|
/// | `input`  | `[n][h][w][c]`   | batch · input           | −128 ..= 127      |
/// | `filter` | `[ky][kx][o]`    | taps · output.c         | −128 ..= 127      |
/// | `bias`   | `[o]`            | output.c, or 0 for none | accumulator units |
/// | `output` | `[n][h][w][o]`   | batch · output          | `clamp`           |
///
/// # Exactness
/// The bytes of TFLM's `reference_integer_ops::DepthwiseConvPerChannel`. The accumulator wraps at 32 bits.
///
/// # Overflow
/// No sum of up to [`MAX_PRODUCTS_I8`](super::MAX_PRODUCTS_I8) products wraps, and a bias moves that bound.
///
/// # Cost
/// One multiply-add per tap and output channel. No scratch.
///
/// # Errors
/// As [`DepthwiseConv2d::check`]; `output` is then untouched.
pub fn depthwise_conv_2d_s8(
    conv: &DepthwiseConv2d,
    input: &[i8],
    filter: &[i8],
    bias: &[i32],
    scales: PerChannel<'_>,
    output: &mut [i8],
) -> Result<(), KernelError> {
    conv.check(input.len(), filter, bias.len(), scales.len(), output.len())?;
    convolve_channels(&conv.window, &conv.sum_32::<i8, _>(filter, bias, scales), input, output)
}

/// As [`depthwise_conv_2d_s8`], with int4 filters that stay packed: `filter` has `(taps · output.c) / 2`
/// bytes, rounded up.
///
/// # Exactness
/// The bytes of TFLM's DEPTHWISE_CONV_2D on int4 filters, which unpacks them first.
///
/// # Errors
/// As [`DepthwiseConv2d::check`]; `output` is then untouched.
pub fn depthwise_conv_2d_s4(
    conv: &DepthwiseConv2d,
    input: &[i8],
    filter: Nibbles<'_>,
    bias: &[i32],
    scales: PerChannel<'_>,
    output: &mut [i8],
) -> Result<(), KernelError> {
    conv.check(input.len(), filter, bias.len(), scales.len(), output.len())?;
    convolve_channels(&conv.window, &conv.sum_32::<i8, _>(filter, bias, scales), input, output)
}

/// As [`depthwise_conv_2d_s8`], on int16 images with int8 filters and a 64-bit bias.
///
/// # Exactness
/// The bytes of TFLM's `reference_integer_ops::DepthwiseConvPerChannel` on int16. The accumulator has 64
/// bits, and is scaled as `Multiplier::scale_wide` does.
///
/// # Errors
/// As [`DepthwiseConv2d::check`]; `output` is then untouched.
pub fn depthwise_conv_2d_s16(
    conv: &DepthwiseConv2d,
    input: &[i16],
    filter: &[i8],
    bias: &[i64],
    scales: PerChannel<'_>,
    output: &mut [i16],
) -> Result<(), KernelError> {
    conv.check(input.len(), filter, bias.len(), scales.len(), output.len())?;
    let layer = Sum64 { weights: filter, bias, scales, filter_zero: ZeroPoint(0), clamp: conv.clamp };
    convolve_channels(&conv.window, &layer, input, output)
}

/// As [`depthwise_conv_2d_s16`], with a 32-bit bias and accumulator, scaled as int8 is.
///
/// # Exactness
/// TFLM has no such kernel; this is its CONV_2D's arithmetic with a 32-bit bias. The accumulator wraps.
///
/// # Errors
/// As [`DepthwiseConv2d::check`]; `output` is then untouched.
pub fn depthwise_conv_2d_s16_bias32(
    conv: &DepthwiseConv2d,
    input: &[i16],
    filter: &[i8],
    bias: &[i32],
    scales: PerChannel<'_>,
    output: &mut [i16],
) -> Result<(), KernelError> {
    conv.check(input.len(), filter, bias.len(), scales.len(), output.len())?;
    convolve_channels(&conv.window, &conv.sum_32::<i16, _>(filter, bias, scales), input, output)
}

/// As [`depthwise_conv_2d_s8`], on real numbers: `clamp(Σ + bias)`.
///
/// # Exactness
/// The bits of TFLM's `reference_ops::DepthwiseConv`: products are added tap by tap, and the bias last.
///
/// # Errors
/// [`KernelError::Length`] or [`KernelError::Geometry`]; `output` is then untouched.
pub fn depthwise_conv_2d_f32(
    conv: &DepthwiseConv2dF32,
    input: &[f32],
    filter: &[f32],
    bias: &[f32],
    output: &mut [f32],
) -> Result<(), KernelError> {
    check(&conv.window, input.len(), filter, bias.len(), output.len())?;
    convolve_channels(&conv.window, &Real { weights: filter, bias, range: conv.range }, input, output)
}
