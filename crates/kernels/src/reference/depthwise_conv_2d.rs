//! DEPTHWISE_CONV_2D.

use quant::{Clamp, ZeroPoint};

use crate::{KernelError, PerChannel, Window};

/// A depthwise convolution: output channel `c · multiplier + m` sees input channel `c` alone.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct DepthwiseConv2d {
    /// Where each output reads. `output.c` is a multiple of `input.c`.
    pub window: Window,
    /// Zero of the input; a tap outside the image counts as this value.
    pub input_zero: ZeroPoint,
    /// Zero of the output.
    pub output_zero: ZeroPoint,
    /// The fused activation, in output units.
    pub clamp: Clamp,
}

impl DepthwiseConv2d {
    /// Output channels per input channel.
    pub fn multiplier(&self) -> usize {
        (self.window.output.c / self.window.input.c.max(1)).max(1) as usize
    }

    /// Checks every buffer against the shape.
    ///
    /// # Errors
    /// [`KernelError::Length`] or [`KernelError::Geometry`].
    pub fn check(
        &self,
        input: usize,
        filter: usize,
        bias: usize,
        scales: usize,
        output: usize,
    ) -> Result<(), KernelError> {
        self.window.check(input, output)?;
        if self.window.input.c == 0 || !self.window.output.c.is_multiple_of(self.window.input.c) {
            return Err(KernelError::Geometry);
        }
        let channels = self.window.output.c as usize;
        KernelError::check(self.window.taps().checked_mul(channels), filter)?;
        KernelError::check(Some(channels), scales)?;
        if bias != 0 { KernelError::check(Some(channels), bias) } else { Ok(()) }
    }
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
    conv.check(input.len(), filter.len(), bias.len(), scales.len(), output.len())?;
    let window = &conv.window;
    let (out_c, in_c) = (window.output.c as usize, window.input.c as usize);
    let multiplier = conv.multiplier();
    let row = window.input.w as usize * in_c;
    let image = window.input.h as usize * row;
    let mut pixels = output.chunks_exact_mut(out_c.max(1));
    for n in 0..window.batch as usize {
        for y in 0..window.output.h {
            let rows = window.rows(y);
            for x in 0..window.output.w {
                let columns = window.columns(x);
                let Some(pixel) = pixels.next() else { return Ok(()) };
                for (o, out) in pixel.iter_mut().enumerate() {
                    let mut acc = bias.get(o).copied().unwrap_or(0);
                    for ky in rows.begin..rows.end {
                        let iy = rows.first + (ky - rows.begin) * rows.step;
                        for kx in columns.begin..columns.end {
                            let ix = columns.first + (kx - columns.begin) * columns.step;
                            let from = n * image + iy * row + ix * in_c + o / multiplier;
                            let at = (ky * usize::from(window.size.x) + kx) * out_c + o;
                            let (Some(&q), Some(&k)) = (input.get(from), filter.get(at)) else {
                                return Err(KernelError::Geometry);
                            };
                            let centred = i32::from(q).wrapping_sub(conv.input_zero.0);
                            acc = acc.wrapping_add(centred.wrapping_mul(i32::from(k)));
                        }
                    }
                    *out = scales.get(o).requantize(acc, conv.output_zero, conv.clamp) as i8;
                }
            }
        }
    }
    Ok(())
}
