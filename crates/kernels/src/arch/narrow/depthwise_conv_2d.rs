//! DEPTHWISE_CONV_2D, channel by channel, two columns of outputs at a time.

use bytemuck::try_cast_slice_mut;
use quant::{GuardedOutput, ZeroPoint};

use super::{
    Factors, ROW,
    inner::{Finish, Side, Walk},
};
use crate::{
    KernelError, Window,
    arch::narrow_inner::{depthwise_columns, pair_column},
    blocks::Blocks as _,
};

/// A depthwise convolution whose windows are at most three rows high, or one column wide.
#[derive(Clone, Copy, Debug, PartialEq, bytemuck::Pod, bytemuck::Zeroable)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[repr(C)]
pub struct ColumnDepthwise {
    /// Where each output reads. `output.c` is a multiple of `input.c`.
    pub window: Window,
    /// What a tap outside the image reads.
    pub input_zero: ZeroPoint,
    /// The output.
    pub output: GuardedOutput,
}

/// Words of scratch, by use.
struct Parts {
    table: usize,
    weights: usize,
    /// One column of pairs.
    column: usize,
}

impl ColumnDepthwise {
    /// Whether there is a kernel for the window.
    pub fn is_supported(&self) -> bool {
        let Window { input, output, size, dilation, .. } = self.window;
        let groups_of_a_row = size.y <= 3 || size.x == 1;
        let rows_adjoin = dilation.y == 1 || size.y == 1;
        let is_whole = input.c > 0 && output.c > 0 && output.c.is_multiple_of(input.c);
        groups_of_a_row && rows_adjoin && is_whole && size.y > 0 && size.x > 0 && output.h > 0 && output.w > 0
    }

    /// Groups of three taps in one column of the window.
    fn groups(&self) -> usize {
        usize::from(self.window.size.y).div_ceil(3)
    }

    fn parts(&self) -> Option<Parts> {
        let Window { output, size, stride, .. } = self.window;
        let rows = (output.h as usize).checked_sub(1)?.checked_mul(usize::from(stride.y))?;
        Some(Parts {
            table: (output.c as usize).checked_mul(ROW)?,
            weights: usize::from(size.x) * self.groups() * 3,
            column: rows.checked_add(3 * self.groups())?,
        })
    }

    /// Bytes of scratch: the channels' table, the weights of one, and its columns under a pair of outputs.
    pub fn scratch_bytes(&self) -> Option<usize> {
        let Parts { table, weights, column } = self.parts()?;
        let columns = column.checked_mul(usize::from(self.window.size.x))?;
        table.checked_add(weights)?.checked_add(columns)?.checked_mul(4)
    }
}

/// As [`reference::depthwise_conv_2d_s8`](crate::reference::depthwise_conv_2d_s8).
///
/// Departs from it in that one channel is done for the whole image before the next: its columns are laid out as pairs of
/// the pixels that two outputs side by side read, where what is outside the image is the input's zero.
///
/// | buffer    | order         | elements        |
/// |-----------|---------------|-----------------|
/// | `weights` | `[o][ky][kx]` | taps · output.c |
/// | `scratch` |               | [`ColumnDepthwise::scratch_bytes`], aligned to 4 |
///
/// # Errors
/// [`KernelError::Length`] or [`KernelError::Geometry`].
pub fn depthwise_conv_2d(
    conv: &ColumnDepthwise,
    input: &[i8],
    weights: &[i8],
    factors: &Factors<'_>,
    output: &mut [i8],
    scratch: &mut [u8],
) -> Result<(), KernelError> {
    let window = &conv.window;
    window.check(input.len(), output.len())?;
    let channels = window.output.c as usize;
    factors.check(channels)?;
    KernelError::check(window.taps().checked_mul(channels), weights.len())?;
    KernelError::check(conv.scratch_bytes(), scratch.len())?;
    let Parts { table, weights: taps, column } = conv.parts().ok_or(KernelError::Geometry)?;
    if !conv.is_supported() {
        return Err(KernelError::Geometry);
    }
    let scratch: &mut [u32] = try_cast_slice_mut(scratch).map_err(|_| KernelError::Geometry)?;
    let (table, scratch) = scratch.split_at_mut_checked(table).ok_or(KernelError::Geometry)?;
    let (groups, strip) = scratch.split_at_mut_checked(taps).ok_or(KernelError::Geometry)?;
    let (table, _) = table.as_chunks_mut();
    factors.tabulate(&conv.output, table);
    let finish = Finish { table, factors, output: &conv.output };
    let zero = [conv.input_zero.0 as i8];
    let outside = Side { bytes: &zero, step: 0 };
    // Rows above and below the image stay as they are now.
    pair_column(strip, outside, outside);
    let Window { input: image, output: outputs, size, stride, pad, .. } = *window;
    let (in_c, width, height) = (image.c as usize, image.w as usize, outputs.h as usize);
    let multiplier = (outputs.c / image.c.max(1)).max(1) as usize;
    let rows = (image.h as usize).min(column.saturating_sub(usize::from(pad.y)));
    let side = |n: usize, x: i32, channel: usize| {
        let inside = usize::try_from(x).ok().filter(|&x| x < width);
        let from = |x: usize| (n * image.h as usize * width + x) * in_c + channel;
        let bytes = inside.and_then(|x| input.get(from(x)..));
        bytes.map_or(outside, |bytes| Side { bytes, step: width * in_c })
    };
    let second = outputs.w.min(2) as usize - 1;
    let walk = Walk {
        step: if size.x == 1 { 0 } else { column - 3 },
        advance: usize::from(stride.y),
        rows: height,
        row: outputs.w as usize * channels,
        apart: second * channels,
    };
    for (o, filter) in weights.blocks(window.taps().max(1)).enumerate() {
        lay_out(filter, usize::from(size.x), 3 * conv.groups(), groups);
        for n in 0..window.batch as usize {
            let mut kept = 0;
            let mut done = 0;
            while done < outputs.w as usize {
                // The last pair may do again what the one before it did.
                let base = done.min(outputs.w as usize - 1 - second);
                let first_x = (base * usize::from(stride.x)) as i32 - i32::from(pad.x);
                for kx in kept..usize::from(size.x) {
                    let x = first_x + (kx * usize::from(window.dilation.x)) as i32;
                    let apart = (second * usize::from(stride.x)) as i32;
                    let (left, right) = (side(n, x, o / multiplier), side(n, x + apart, o / multiplier));
                    let words = strip.get_mut(kx * column + usize::from(pad.y)..);
                    let inside = words.and_then(|words| words.get_mut(..rows));
                    pair_column(inside.unwrap_or_default(), left, right);
                }
                let from = (n * height * outputs.w as usize + base) * channels + o;
                let out = output.get_mut(from..).ok_or(KernelError::Geometry)?;
                depthwise_columns(groups.as_chunks().0, strip, &walk, &finish, o, out);
                // What the next pair reads too moves to the front.
                done = base + 1 + second;
                let next = done.min(outputs.w as usize - 1 - second);
                let moved = (next - base) * usize::from(stride.x);
                kept = usize::from(size.x).saturating_sub(moved);
                if window.dilation.x != 1 || moved == 0 {
                    kept = 0;
                }
                if done < outputs.w as usize {
                    for kx in 0..kept {
                        let (before, after) =
                            strip.split_at_mut_checked((kx + moved) * column).unwrap_or_default();
                        let to = before.get_mut(kx * column..).unwrap_or_default();
                        // Column by column, which never overlap.
                        to.iter_mut().zip(after).take(column).for_each(|(to, from)| *to = *from);
                    }
                }
            }
        }
    }
    Ok(())
}

/// Writes a filter's taps column by column, each with zeros to a `height` of whole groups of three.
fn lay_out(filter: &[i8], columns: usize, height: usize, groups: &mut [u32]) {
    let mut words = groups.iter_mut();
    for kx in 0..columns {
        let mut from = kx;
        for word in words.by_ref().take(height) {
            *word = filter.get(from).map_or(0, |&tap| i32::from(tap) as u32);
            from += columns;
        }
    }
}
