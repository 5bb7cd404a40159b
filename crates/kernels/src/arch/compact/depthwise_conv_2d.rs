//! DEPTHWISE_CONV_2D with one filter per channel.

use super::{
    CompactOutput, CompactWindow,
    constants::Constants,
    inner::{LANES, accumulate},
};
use crate::{KernelError, blocks::Blocks as _};

/// A depthwise convolution whose input and output have as many channels.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct CompactDepthwise {
    /// Where each output reads.
    pub window: CompactWindow,
    /// Zero points and limits.
    pub output: CompactOutput,
}

/// As [`reference::depthwise_conv_2d_s8`](crate::reference::depthwise_conv_2d_s8) for one filter per channel.
///
/// Departs from it in that some channels are summed side by side.
///
/// | buffer      | order           | elements                                                     |
/// |-------------|-----------------|--------------------------------------------------------------|
/// | `constants` | weights as HWO  | [`constant_bytes`](super::constant_bytes), aligned to 4      |
///
/// # Errors
/// [`KernelError::Length`] or [`KernelError::Geometry`].
pub fn depthwise_conv_2d_s8(
    conv: &CompactDepthwise,
    input: &[i8],
    constants: &[u8],
    output: &mut [i8],
) -> Result<(), KernelError> {
    let window = &conv.window;
    window.check(input.len(), output.len())?;
    let channels = usize::from(window.output.c);
    if window.input.c != window.output.c {
        return Err(KernelError::Geometry);
    }
    let weights = window.taps().checked_mul(channels).ok_or(KernelError::Geometry)?;
    let constants = Constants::of(constants, channels, weights)?;
    let mut pixels = output.blocks_mut(channels);
    for y in 0..window.output.h {
        for x in 0..window.output.w {
            let pixel = pixels.next().unwrap_or_default();
            let mut begin = 0;
            while let Some(out) = pixel.get_mut(begin..).filter(|out| !out.is_empty()) {
                let mut sums = [0; LANES];
                let mut tap = begin;
                window.visit(y, x, &mut |from| {
                    let q = from.and_then(|from| input.get(from + begin..));
                    if let (Some(q), Some(k)) = (q, constants.weights.get(tap..)) {
                        let lanes = out.len().min(LANES);
                        accumulate(&mut sums, q, k, lanes, conv.output.input_zero);
                    }
                    tap += channels;
                });
                for ((lane, out), &sum) in out.iter_mut().enumerate().zip(&sums) {
                    *out = constants.output(&conv.output, begin + lane, sum);
                }
                begin += LANES;
            }
        }
    }
    Ok(())
}
