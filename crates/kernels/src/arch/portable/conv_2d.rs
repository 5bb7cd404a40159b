//! CONV_2D.

use super::dot;
use crate::{KernelError, PerChannel, blocks::Blocks as _, reference::Conv2d};

/// As [`reference::conv_2d_s8`](crate::reference::conv_2d_s8).
///
/// Departs from it in the innermost loops: where a window's taps lie side by side in memory they are one
/// inner product.
///
/// # Errors
/// As the reference.
pub fn conv_2d_s8(
    conv: &Conv2d,
    input: &[i8],
    filter: &[i8],
    bias: &[i32],
    scales: PerChannel<'_>,
    output: &mut [i8],
) -> Result<(), KernelError> {
    conv.check(input.len(), filter, bias.len(), scales.len(), output.len())?;
    let window = &conv.shape.window;
    let (out_c, in_c, filter_c) =
        (window.output.c as usize, window.input.c as usize, conv.shape.filter_c as usize);
    let group_outputs = conv.shape.group_outputs();
    let row = window.input.w as usize * in_c;
    let image = window.input.h as usize * row;
    let filter_row = usize::from(window.size.x) * filter_c;
    let filter_elements = conv.shape.filter_elements().max(1);
    let contiguous = window.dilation.x == 1 && filter_c == in_c;
    let zero = conv.input_zero.0;
    let mut pixels = output.blocks_mut(out_c);
    for n in 0..window.batch as usize {
        for y in 0..window.output.h {
            let rows = window.rows(y);
            for x in 0..window.output.w {
                let columns = window.columns(x);
                // One inner product covers `run` taps; `runs` of them make a row of the window. A window beside
                // the image has none.
                let (run, runs) = if contiguous {
                    (columns.count() * in_c, columns.count().min(1))
                } else {
                    (filter_c, columns.count())
                };
                let stride = columns.step * in_c;
                let Some(pixel) = pixels.next() else { return Ok(()) };
                for (o, (out, taps)) in pixel.iter_mut().zip(filter.blocks(filter_elements)).enumerate() {
                    let group = o / group_outputs * filter_c;
                    let mut acc = bias.get(o).copied().unwrap_or(0);
                    let mut from = n * image + rows.first * row + columns.first * in_c + group;
                    let mut at = rows.begin * filter_row + columns.begin * filter_c;
                    for _ in 0..rows.count() {
                        for index in 0..runs {
                            let (from, at) = (from + index * stride, at + index * filter_c);
                            let (Some(q), Some(k)) = (input.get(from..from + run), taps.get(at..at + run))
                            else {
                                return Err(KernelError::Geometry);
                            };
                            acc = acc.wrapping_add(dot(q, k, zero));
                        }
                        from += rows.step * row;
                        at += filter_row;
                    }
                    *out = scales.get(o).requantize(acc, conv.output_zero, conv.clamp) as i8;
                }
            }
        }
    }
    Ok(())
}
