//! CONV_2D.

use quant::{Clamp, ZeroPoint};

use crate::{KernelError, PerChannel, Window};

/// A convolution: its window, and how its integers stand for real numbers.
///
/// With `groups` above 1 the input channels are cut into that many runs of `filter_c`, and each run of
/// `output.c / groups` output channels sees only its own.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Conv2d {
    /// Where each output reads.
    pub window: Window,
    /// Input channels that one filter spans.
    pub filter_c: u32,
    /// Zero of the input; a tap outside the image counts as this value.
    pub input_zero: ZeroPoint,
    /// Zero of the output.
    pub output_zero: ZeroPoint,
    /// The fused activation, in output units.
    pub clamp: Clamp,
}

impl Conv2d {
    /// Elements in one output channel's filter.
    pub const fn filter_elements(&self) -> usize {
        self.window.taps() * self.filter_c as usize
    }

    /// Output channels that share one run of input channels.
    pub fn group_outputs(&self) -> usize {
        let groups = self.window.input.c / self.filter_c.max(1);
        (self.window.output.c / groups.max(1)).max(1) as usize
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
        let groups = self.window.input.c.checked_div(self.filter_c).ok_or(KernelError::Geometry)?;
        if groups == 0
            || groups * self.filter_c != self.window.input.c
            || !self.window.output.c.is_multiple_of(groups)
        {
            return Err(KernelError::Geometry);
        }
        let channels = self.window.output.c as usize;
        KernelError::check(self.filter_elements().checked_mul(channels), filter)?;
        KernelError::check(Some(channels), scales)?;
        if bias != 0 { KernelError::check(Some(channels), bias) } else { Ok(()) }
    }
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
    conv.check(input.len(), filter.len(), bias.len(), scales.len(), output.len())?;
    let window = &conv.window;
    let (out_c, in_c, filter_c) = (window.output.c as usize, window.input.c as usize, conv.filter_c as usize);
    let group_outputs = conv.group_outputs();
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
                    let group = o / group_outputs * filter_c;
                    let mut acc = bias.get(o).copied().unwrap_or(0);
                    for ky in rows.begin..rows.end {
                        let iy = rows.first + (ky - rows.begin) * rows.step;
                        for kx in columns.begin..columns.end {
                            let ix = columns.first + (kx - columns.begin) * columns.step;
                            let from = n * image + iy * row + ix * in_c + group;
                            let at = ((o * usize::from(window.size.y) + ky) * usize::from(window.size.x)
                                + kx)
                                * filter_c;
                            let (Some(q), Some(k)) =
                                (input.get(from..from + filter_c), filter.get(at..at + filter_c))
                            else {
                                return Err(KernelError::Geometry);
                            };
                            for (&q, &k) in q.iter().zip(k) {
                                let centred = i32::from(q).wrapping_sub(conv.input_zero.0);
                                acc = acc.wrapping_add(centred.wrapping_mul(i32::from(k)));
                            }
                        }
                    }
                    *out = scales.get(o).requantize(acc, conv.output_zero, conv.clamp) as i8;
                }
            }
        }
    }
    Ok(())
}
