//! CONV_2D.

use super::{CompactOutput, CompactWindow, constants::Constants, pointwise::multiply};
use crate::{KernelError, blocks::Blocks as _};

/// A convolution of one group.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct CompactConv2d {
    /// Where each output reads.
    pub window: CompactWindow,
    /// Zero points and limits.
    pub output: CompactOutput,
}

impl CompactConv2d {
    /// Elements of one filter, and of scratch.
    pub fn filter_elements(&self) -> usize {
        self.window.taps() * usize::from(self.window.input.c)
    }

    /// Lays the taps of one output side by side.
    #[inline(never)]
    fn gather(&self, y: u16, x: u16, input: &[i8], taps: &mut [i8]) {
        let channels = usize::from(self.window.input.c);
        let mut taps = taps.blocks_mut(channels);
        self.window.visit(y, x, &mut |from| {
            let Some(tap) = taps.next() else { return };
            match from.and_then(|from| input.get(from..)) {
                Some(pixel) => tap.iter_mut().zip(pixel).for_each(|(tap, &q)| *tap = q),
                None => tap.iter_mut().for_each(|tap| *tap = self.output.input_zero),
            }
        });
    }
}

/// As [`reference::conv_2d_s8`](crate::reference::conv_2d_s8) without groups.
///
/// Departs from it in that the taps of a pixel are laid side by side first, where a tap outside the image is the input's
/// zero, and in that biases have the zero folded in: `bias − zero · Σ weights`.
///
/// | buffer      | order            | elements                                                     |
/// |-------------|------------------|--------------------------------------------------------------|
/// | `constants` | weights as OHWI  | [`constant_bytes`](super::constant_bytes), aligned to 4      |
/// | `scratch`   |                  | [`CompactConv2d::filter_elements`]                           |
///
/// # Errors
/// [`KernelError::Length`] or [`KernelError::Geometry`].
pub fn conv_2d_s8(
    conv: &CompactConv2d,
    input: &[i8],
    constants: &[u8],
    scratch: &mut [i8],
    output: &mut [i8],
) -> Result<(), KernelError> {
    let window = &conv.window;
    window.check(input.len(), output.len())?;
    let (channels, filter) = (usize::from(window.output.c), conv.filter_elements());
    KernelError::check(Some(filter), scratch.len())?;
    let weights = filter.checked_mul(channels).ok_or(KernelError::Geometry)?;
    let constants = Constants::of(constants, channels, weights)?;
    let mut pixels = output.blocks_mut(channels);
    for y in 0..window.output.h {
        for x in 0..window.output.w {
            conv.gather(y, x, input, scratch);
            multiply(&conv.output, scratch, &constants, pixels.next().unwrap_or_default());
        }
    }
    Ok(())
}
