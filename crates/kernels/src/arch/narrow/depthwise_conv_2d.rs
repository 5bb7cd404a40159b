//! DEPTHWISE_CONV_2D, four channels at a time.

use bytemuck::{cast_slice_mut, try_cast_slice_mut};
use quant::{GuardedOutput, ZeroPoint};

use super::{Factors, ROW, Row, inner::Finish};
use crate::{KernelError, Window, arch::narrow_inner::depthwise_pixel};

/// Taps of the largest window.
pub const MAX_TAPS: usize = 32;

/// A depthwise convolution with as many output as input channels, a multiple of four.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct QuadDepthwise {
    /// Where each output reads.
    pub window: Window,
    /// What a tap outside the image reads.
    pub input_zero: ZeroPoint,
    /// The output.
    pub output: GuardedOutput,
}

impl QuadDepthwise {
    /// Bytes of scratch: the channels' table, and a pixel of the padding.
    pub fn scratch_bytes(&self) -> Option<usize> {
        (self.window.output.c as usize).checked_mul(ROW * 4 + 1)
    }
}

/// As [`reference::depthwise_conv_2d_s8`](crate::reference::depthwise_conv_2d_s8).
///
/// Departs from it in that all channels of a pixel are done before the next pixel, and in that a tap outside the
/// image reads a pixel of the input's zero.
///
/// | buffer    | order         | elements        |
/// |-----------|---------------|-----------------|
/// | `weights` | `[o / 4][tap]` | taps · output.c / 4, a byte per channel |
/// | `scratch` |               | [`QuadDepthwise::scratch_bytes`], aligned to 4 |
///
/// # Errors
/// [`KernelError::Length`] or [`KernelError::Geometry`].
pub fn depthwise_conv_2d(
    conv: &QuadDepthwise,
    input: &[i8],
    weights: &[u32],
    factors: &Factors<'_>,
    output: &mut [i8],
    scratch: &mut [u8],
) -> Result<(), KernelError> {
    let window = &conv.window;
    window.check(input.len(), output.len())?;
    let channels = window.output.c as usize;
    factors.check(channels)?;
    let count = window.taps();
    KernelError::check(count.checked_mul(channels / 4), weights.len())?;
    KernelError::check(conv.scratch_bytes(), scratch.len())?;
    let shape_holds = window.input.c == window.output.c && channels.is_multiple_of(4) && channels > 0;
    // Quads are read as words.
    if !shape_holds || count == 0 || count > MAX_TAPS || !input.as_ptr().addr().is_multiple_of(4) {
        return Err(KernelError::Geometry);
    }
    let (table, zeros) = scratch.split_at_mut_checked(channels * ROW * 4).ok_or(KernelError::Geometry)?;
    let table: &mut [u32] = try_cast_slice_mut(table).map_err(|_| KernelError::Geometry)?;
    let table: &mut [Row] = cast_slice_mut(table);
    let zeros: &mut [i8] = cast_slice_mut(zeros);
    zeros.fill(conv.input_zero.0 as i8);
    let zeros = &*zeros;
    factors.tabulate(&conv.output, table);
    let finish = Finish { table, factors, output: &conv.output };
    let row = window.input.w as usize * channels;
    let image = window.input.h as usize * row;
    let mut taps: [&[i8]; MAX_TAPS] = [zeros; MAX_TAPS];
    let taps = taps.get_mut(..count).ok_or(KernelError::Geometry)?;
    let mut pixels = output.chunks_exact_mut(channels);
    for n in 0..window.batch as usize {
        for y in 0..window.output.h {
            let rows = window.rows(y);
            for x in 0..window.output.w {
                let columns = window.columns(x);
                let Some(pixel) = pixels.next() else { return Ok(()) };
                let lines = taps.chunks_exact_mut(usize::from(window.size.x).max(1));
                for (ky, line) in lines.enumerate() {
                    let meets = ky >= rows.begin && ky < rows.end;
                    for (kx, tap) in line.iter_mut().enumerate() {
                        *tap = if meets && kx >= columns.begin && kx < columns.end {
                            let y = rows.first + (ky - rows.begin) * rows.step;
                            let x = columns.first + (kx - columns.begin) * columns.step;
                            let from = n * image + y * row + x * channels;
                            input.get(from..from + channels).ok_or(KernelError::Geometry)?
                        } else {
                            zeros
                        };
                    }
                }
                depthwise_pixel(weights, taps, &finish, pixel);
            }
        }
    }
    Ok(())
}
