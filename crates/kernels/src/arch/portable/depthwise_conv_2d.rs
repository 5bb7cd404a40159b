//! DEPTHWISE_CONV_2D.

use crate::{KernelError, PerChannel, blocks::Blocks as _, reference, reference::DepthwiseConv2d};

/// Channels that are summed side by side.
const LANES: usize = 16;

/// As [`reference::depthwise_conv_2d_s8`].
///
/// Departs from it for one filter per channel: `LANES` channels are summed side by side, so that both
/// image and filter are read along memory.
///
/// # Errors
/// As the reference.
pub fn depthwise_conv_2d_s8(
    conv: &DepthwiseConv2d,
    input: &[i8],
    filter: &[i8],
    bias: &[i32],
    scales: PerChannel<'_>,
    output: &mut [i8],
) -> Result<(), KernelError> {
    let window = &conv.window;
    if window.input.c != window.output.c {
        return reference::depthwise_conv_2d_s8(conv, input, filter, bias, scales, output);
    }
    conv.check(input.len(), filter, bias.len(), scales.len(), output.len())?;
    let channels = window.output.c as usize;
    let row = window.input.w as usize * channels;
    let image = window.input.h as usize * row;
    let filter_row = usize::from(window.size.x) * channels;
    let zero = conv.input_zero.0;
    let mut pixels = output.blocks_mut(channels);
    for n in 0..window.batch as usize {
        for y in 0..window.output.h {
            let rows = window.rows(y);
            for x in 0..window.output.w {
                let columns = window.columns(x);
                let Some(pixel) = pixels.next() else { return Ok(()) };
                for (block, out) in pixel.chunks_mut(LANES).enumerate() {
                    let channel = block * LANES;
                    let mut sums = [0i32; LANES];
                    for (sum, &bias) in sums.iter_mut().zip(bias.get(channel..).unwrap_or_default()) {
                        *sum = bias;
                    }
                    for ky in 0..rows.count() {
                        let from = n * image + (rows.first + ky * rows.step) * row + channel;
                        let at = (rows.begin + ky) * filter_row + channel;
                        for kx in 0..columns.count() {
                            let from = from + (columns.first + kx * columns.step) * channels;
                            let at = at + (columns.begin + kx) * channels;
                            let (Some(q), Some(k)) =
                                (input.get(from..from + out.len()), filter.get(at..at + out.len()))
                            else {
                                return Err(KernelError::Geometry);
                            };
                            for ((sum, &q), &k) in sums.iter_mut().zip(q).zip(k) {
                                *sum = sum
                                    .wrapping_add(i32::from(q).wrapping_sub(zero).wrapping_mul(i32::from(k)));
                            }
                        }
                    }
                    for (lane, (out, &sum)) in out.iter_mut().zip(&sums).enumerate() {
                        *out = scales.get(channel + lane).requantize(sum, conv.output_zero, conv.clamp) as i8;
                    }
                }
            }
        }
    }
    Ok(())
}
