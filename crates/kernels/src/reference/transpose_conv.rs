//! TRANSPOSE_CONV.

use core::marker::PhantomData;

use quant::{Clamp, ZeroPoint};

use super::layer::{Layer, Range, Real, Sum32, Sum64, Weights, check_bias};
use crate::{Hwc, KernelError, PerChannel, Yx, blocks::Blocks as _};

/// What a transposed convolution reads: input pixel `(y, x)` reaches the outputs from
/// `(y · stride.y − pad.y, x · stride.x − pad.x)` on, `size` of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct TransposeShape {
    /// Images in the batch.
    pub batch: u32,
    /// One image read.
    pub input: Hwc,
    /// One image written.
    pub output: Hwc,
    /// The filter, in taps.
    pub size: Yx,
    /// From one input to the next, in output pixels; not 0.
    pub stride: Yx,
    /// Rows above and columns left of the output that filters may begin in.
    pub pad: Yx,
}

/// Along one axis: the inputs that reach an output, and by which taps.
#[derive(Clone, Copy)]
struct Reach {
    /// First input.
    first: usize,
    /// One past the last.
    end: usize,
    /// The tap by which the first one reaches it; each further one does by `stride` less.
    tap: usize,
    stride: usize,
}

impl Reach {
    fn of(at: u32, stride: u16, pad: u16, taps: u16, image: u32) -> Self {
        // Input i reaches the output by tap at + pad − i · stride, which must lie in 0..taps.
        let position = at.saturating_add(pad.into());
        let stride = u32::from(stride).max(1);
        let end = (position / stride).saturating_add(1).min(image);
        let first = position.saturating_add(1).saturating_sub(taps.into()).div_ceil(stride).min(end);
        let tap = position.saturating_sub(first.wrapping_mul(stride));
        Self { first: first as usize, end: end as usize, tap: tap as usize, stride: stride as usize }
    }
}

impl TransposeShape {
    /// Checks every buffer against the shape.
    ///
    /// # Errors
    /// [`KernelError::Length`] or [`KernelError::Geometry`].
    fn check(
        &self,
        input: usize,
        filter: impl Weights,
        bias: usize,
        output: usize,
    ) -> Result<(), KernelError> {
        let batch = self.batch as usize;
        let all = |image: Hwc| image.elements().and_then(|elements| elements.checked_mul(batch));
        KernelError::check(all(self.input), input)?;
        KernelError::check(all(self.output), output)?;
        let taps = usize::from(self.size.y) * usize::from(self.size.x);
        let channels = self.output.c as usize;
        let elements = taps.checked_mul(self.input.c as usize).and_then(|one| one.checked_mul(channels));
        filter.check(elements)?;
        check_bias(channels, bias)
    }
}

/// A transposed convolution: its shape, and how its integers stand for real numbers.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct TransposeConv {
    /// What it reads.
    pub shape: TransposeShape,
    /// Zero of the input. 0 for int16.
    pub input_zero: ZeroPoint,
    /// Zero of the output. 0 for int16.
    pub output_zero: ZeroPoint,
    /// The fused activation, in output units.
    pub clamp: Clamp,
}

/// A transposed convolution of real numbers.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct TransposeConvF32 {
    /// What it reads.
    pub shape: TransposeShape,
    /// The fused activation.
    pub range: Range,
}

/// The walk: for each output, the inputs that reach it, row by row, and of each its channels.
fn gather<L: Layer>(
    shape: &TransposeShape,
    layer: &L,
    input: &[L::Input],
    output: &mut [L::Output],
) -> Result<(), KernelError> {
    let (out_c, in_c) = (shape.output.c as usize, shape.input.c as usize);
    let row = shape.input.w as usize * in_c;
    let image = shape.input.h as usize * row;
    let mut pixels = output.blocks_mut(out_c);
    for n in 0..shape.batch as usize {
        for y in 0..shape.output.h {
            let rows = Reach::of(y, shape.stride.y, shape.pad.y, shape.size.y, shape.input.h);
            for x in 0..shape.output.w {
                let columns = Reach::of(x, shape.stride.x, shape.pad.x, shape.size.x, shape.input.w);
                let Some(pixel) = pixels.next() else { return Ok(()) };
                for (o, out) in pixel.iter_mut().enumerate() {
                    let mut sum = L::Sum::default();
                    for iy in rows.first..rows.end {
                        let ky = rows.tap.wrapping_sub((iy - rows.first) * rows.stride);
                        for ix in columns.first..columns.end {
                            let kx = columns.tap.wrapping_sub((ix - columns.first) * columns.stride);
                            let from = n * image + iy * row + ix * in_c;
                            let tap = (o * usize::from(shape.size.y) + ky) * usize::from(shape.size.x) + kx;
                            let read = input.get(from..from + in_c).ok_or(KernelError::Geometry)?;
                            for (c, &q) in read.iter().enumerate() {
                                sum = layer.add(sum, q, tap * in_c + c).ok_or(KernelError::Geometry)?;
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

/// Spreads NHWC int8 images by OHWI int8 filters, one scale per output channel.
///
/// ```text
/// acc(y, x, o) = bias[o] + Σ iy ix c  filter[o, ky, kx, c] · (input[iy, ix, c] − input_zero)
///                with ky = y + pad.y − iy · stride.y, kx = x + pad.x − ix · stride.x inside the filter
/// output[y, x, o] = clamp(scales[o] · acc + output_zero)
/// ```
///
/// | buffer   | order            | elements                  | values            |
/// |----------|------------------|---------------------------|-------------------|
/// | `input`  | `[n][h][w][c]`   | batch · input             | −128 ..= 127      |
/// | `filter` | `[o][ky][kx][c]` | output.c · taps · input.c | −128 ..= 127      |
/// | `bias`   | `[o]`            | output.c, or 0 for none   | accumulator units |
/// | `output` | `[n][h][w][o]`   | batch · output            | `clamp`           |
///
/// # Exactness
/// The bytes of TFLM's `reference_integer_ops::TransposeConv`, which adds into a buffer of accumulators
/// input by input; here each output gathers what reaches it. The accumulator wraps at 32 bits.
///
/// # Cost
/// One multiply-add per input element, tap and output channel. No scratch.
///
/// # Errors
/// [`KernelError::Length`] or [`KernelError::Geometry`]; `output` is then untouched.
pub fn transpose_conv_s8(
    conv: &TransposeConv,
    input: &[i8],
    filter: &[i8],
    bias: &[i32],
    scales: PerChannel<'_>,
    output: &mut [i8],
) -> Result<(), KernelError> {
    conv.shape.check(input.len(), filter, bias.len(), output.len())?;
    KernelError::check(Some(conv.shape.output.c as usize), scales.len())?;
    let layer = Sum32 {
        weights: filter,
        bias,
        scales,
        input_zero: conv.input_zero,
        filter_zero: ZeroPoint(0),
        output_zero: conv.output_zero,
        clamp: conv.clamp,
        element: PhantomData::<i8>,
    };
    gather(&conv.shape, &layer, input, output)
}

/// As [`transpose_conv_s8`], on int16 images with a 64-bit bias.
///
/// # Exactness
/// The bytes of TFLM's `reference_integer_ops::TransposeConv` on int16. The accumulator has 64 bits, and is
/// scaled as `Multiplier::scale_wide` does.
///
/// # Errors
/// [`KernelError::Length`] or [`KernelError::Geometry`]; `output` is then untouched.
pub fn transpose_conv_s16(
    conv: &TransposeConv,
    input: &[i16],
    filter: &[i8],
    bias: &[i64],
    scales: PerChannel<'_>,
    output: &mut [i16],
) -> Result<(), KernelError> {
    conv.shape.check(input.len(), filter, bias.len(), output.len())?;
    KernelError::check(Some(conv.shape.output.c as usize), scales.len())?;
    let layer = Sum64 { weights: filter, bias, scales, filter_zero: ZeroPoint(0), clamp: conv.clamp };
    gather(&conv.shape, &layer, input, output)
}

/// As [`transpose_conv_s8`], on real numbers: `clamp(Σ + bias)`.
///
/// # Exactness
/// The bits of TFLM's `reference_ops::TransposeConv`: an output's products are added in the order of the
/// inputs that they come from, and the bias last.
///
/// # Errors
/// [`KernelError::Length`] or [`KernelError::Geometry`]; `output` is then untouched.
pub fn transpose_conv_f32(
    conv: &TransposeConvF32,
    input: &[f32],
    filter: &[f32],
    bias: &[f32],
    output: &mut [f32],
) -> Result<(), KernelError> {
    conv.shape.check(input.len(), filter, bias.len(), output.len())?;
    gather(&conv.shape, &Real { weights: filter, bias, range: conv.range }, input, output)
}

#[cfg(test)]
mod tests {
    extern crate std;
    use std::vec::Vec;

    use super::*;

    #[test]
    fn reach_agrees_with_trying_every_tap() {
        for at in 0..9u32 {
            for (stride, pad) in [(1, 0), (1, 2), (2, 0), (2, 1), (3, 1), (4, 3)] {
                for taps in 1..6u16 {
                    for image in 1..5u32 {
                        let tap = |i: u32| i64::from(at) + i64::from(pad) - i64::from(i) * i64::from(stride);
                        let expected: Vec<(usize, usize)> = (0..image)
                            .filter(|&i| (0..i64::from(taps)).contains(&tap(i)))
                            .map(|i| (i as usize, tap(i) as usize))
                            .collect();
                        let reach = Reach::of(at, stride, pad, taps, image);
                        let found: Vec<(usize, usize)> = (reach.first..reach.end)
                            .map(|i| (i, reach.tap - (i - reach.first) * reach.stride))
                            .collect();
                        assert_eq!(found, expected, "{at} {stride} {pad} {taps} {image}");
                    }
                }
            }
        }
    }
}
