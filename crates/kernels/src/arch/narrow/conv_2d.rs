//! CONV_2D, four pixels at a time.

use bytemuck::{try_cast_slice, try_cast_slice_mut};
use quant::{GuardedOutput, ZeroPoint};

use super::{
    Factors, ROW,
    inner::{Finish, PIXELS},
};
use crate::{KernelError, Window, arch::narrow_inner::convolve_block, blocks::Blocks as _};

/// A convolution of one group, packed in words of four taps.
#[derive(Clone, Copy, Debug, PartialEq, bytemuck::Pod, bytemuck::Zeroable)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[repr(C)]
pub struct PairedConv2d {
    /// Where each output reads.
    pub window: Window,
    /// What a tap outside the image reads.
    pub input_zero: ZeroPoint,
    /// The output.
    pub output: GuardedOutput,
}

impl PairedConv2d {
    /// Words of one output channel's filter: taps row by row, of each its channels, then zeros.
    pub fn filter_words(&self) -> Option<usize> {
        Some(self.window.taps().checked_mul(self.window.input.c as usize)?.div_ceil(4))
    }

    /// Bytes of scratch: the channels' table, the taps of four pixels as bytes, and as pairs in words.
    pub fn scratch_bytes(&self) -> Option<usize> {
        let table = (self.window.output.c as usize).checked_mul(ROW * 4)?;
        let block = self.filter_words()?.checked_mul(4 * PIXELS + 8 * 4)?;
        table.checked_add(block)
    }

    /// Whether each output reads the one pixel under it.
    fn is_pointwise(&self) -> bool {
        let Window { input, output, size, stride, pad, .. } = self.window;
        (size.y, size.x, stride.y, stride.x, pad.y, pad.x) == (1, 1, 1, 1, 0, 0)
            && (input.h, input.w) == (output.h, output.w)
    }

    /// Copies the taps of one output into a row of bytes.
    fn gather(&self, pixel: usize, input: &[i8], row: &mut [i8]) -> Option<()> {
        let Window { input: image, output, size, .. } = self.window;
        let (width, height) = (output.w as usize, output.h as usize);
        let (line, x) = (pixel.checked_div(width)?, pixel.checked_rem(width)?);
        let (n, y) = (line.checked_div(height)?, line.checked_rem(height)?);
        let channels = image.c as usize;
        let image_row = image.w as usize * channels;
        let (rows, columns) = (self.window.rows(y as u32), self.window.columns(x as u32));
        let mut lines = row.blocks_mut((usize::from(size.x) * channels).max(1));
        let zero = self.input_zero.0 as i8;
        let mut from = (n * image.h as usize + rows.first) * image_row + columns.first * channels;
        for tap in 0..usize::from(size.y) {
            let line = lines.next()?;
            if tap < rows.begin || tap >= rows.end || columns.count() == 0 {
                line.fill(zero);
                continue;
            }
            let (before, line) = line.split_at_mut_checked(columns.begin * channels)?;
            let (inside, after) = line.split_at_mut_checked(columns.count() * channels)?;
            before.fill(zero);
            after.fill(zero);
            if columns.step == 1 {
                copy(inside, input.get(from..)?)?;
            } else {
                let step = columns.step * channels;
                let pixels = inside.blocks_mut(channels);
                for (pixel, from) in pixels.zip((from..).step_by(step.max(1))) {
                    copy(pixel, input.get(from..)?)?;
                }
            }
            from += rows.step * image_row;
        }
        Some(())
    }
}

/// Copies as many bytes as there is room for; `None` where there are fewer.
fn copy(to: &mut [i8], from: &[i8]) -> Option<()> {
    let from = from.get(..to.len())?;
    if from.len() == to.len() {
        to.copy_from_slice(from);
    }
    Some(())
}

/// Writes two rows of taps as pairs, into one of the two words of each tap.
fn interleave(lower: &[u32], upper: &[u32], which: usize, pixels: &mut [[u32; 2]]) {
    for ((&lower, &upper), taps) in lower.iter().zip(upper).zip(pixels.chunks_exact_mut(4)) {
        let (mut lower, mut upper) = (lower, upper);
        for tap in taps {
            let low = i32::from(lower as i8) as u32;
            if let Some(word) = tap.get_mut(which) {
                *word = low.wrapping_add((i32::from(upper as i8) << 16) as u32);
            }
            lower >>= 8;
            upper >>= 8;
        }
    }
}

/// As [`reference::conv_2d_s8`](crate::reference::conv_2d_s8).
///
/// Departs from it in that the taps of four pixels are laid side by side first, where a tap outside the image is the
/// input's zero, and in that two pixels share a product.
///
/// | buffer    | order          | elements                        |
/// |-----------|----------------|---------------------------------|
/// | `weights` | `[o][tap / 4]` | output.c · [`PairedConv2d::filter_words`] |
/// | `scratch` |                | [`PairedConv2d::scratch_bytes`], aligned to 4 |
///
/// # Errors
/// [`KernelError::Length`] or [`KernelError::Geometry`].
pub fn conv_2d(
    conv: &PairedConv2d,
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
    let words = conv.filter_words().ok_or(KernelError::Geometry)?;
    KernelError::check(words.checked_mul(channels), weights.len())?;
    KernelError::check(conv.scratch_bytes(), scratch.len())?;
    if words == 0 || channels == 0 {
        return Err(KernelError::Geometry);
    }
    let scratch: &mut [u32] = try_cast_slice_mut(scratch).map_err(|_| KernelError::Geometry)?;
    let (table, scratch) = scratch.split_at_mut_checked(channels * ROW).ok_or(KernelError::Geometry)?;
    let (rows, pixels) = scratch.split_at_mut_checked(PIXELS * words).ok_or(KernelError::Geometry)?;
    let (table, _) = table.as_chunks_mut();
    let (pixels, _) = pixels.as_chunks_mut();
    factors.tabulate(&conv.output, table);
    let finish = Finish { table, factors, output: &conv.output };
    // A filter's end may be less than a word; what stands there meets weights of 0.
    rows.fill(0);
    let taps = window.taps() * window.input.c as usize;
    let in_place = match try_cast_slice::<i8, u32>(input) {
        Ok(input) if conv.is_pointwise() && window.input.c.is_multiple_of(4) => Some(input),
        _ => None,
    };
    let all = output.len() / channels;
    // Fewer pixels than a block has run one by one, each in all places of it.
    let (step, spread, stride) = if all < PIXELS { (1, 0, 0) } else { (PIXELS, 1, channels) };
    for begin in (0..all).step_by(step) {
        // The last block may write again what the one before it wrote.
        let begin = begin.min(all - step);
        if in_place.is_none() {
            for (index, row) in rows.blocks_mut(words).enumerate() {
                let row = try_cast_slice_mut(row).map_err(|_| KernelError::Geometry)?;
                let row = row.get_mut(..taps).ok_or(KernelError::Geometry)?;
                conv.gather(begin + index * spread, input, row).ok_or(KernelError::Geometry)?;
            }
        }
        for which in 0..2 {
            let row = |index: usize| match in_place {
                Some(input) => {
                    let from = (begin + (2 * which + index) * spread) * words;
                    input.get(from..from + words)
                }
                None => {
                    let from = (2 * which + index) * words;
                    rows.get(from..from + words)
                }
            };
            let (Some(lower), Some(upper)) = (row(0), row(1)) else { return Err(KernelError::Geometry) };
            interleave(lower, upper, which, pixels);
        }
        let block = output.get_mut(begin * channels..).ok_or(KernelError::Geometry)?;
        convolve_block(weights, pixels, &finish, block, stride);
    }
    Ok(())
}
