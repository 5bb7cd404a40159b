//! Layers with a window: CONV_2D, DEPTHWISE_CONV_2D, and FULLY_CONNECTED where there are such layers beside.

use super::{
    CompactBuffers, CompactOutput, CompactWindow,
    constants::{Constants, Pixel},
};
use crate::blocks::Blocks as _;

/// A convolution of one group, or with one filter per channel.
#[derive(Clone, Copy, Debug, PartialEq, bytemuck::Pod, bytemuck::Zeroable)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[repr(C)]
pub struct CompactLayer {
    /// Where each output reads.
    pub window: CompactWindow,
    /// Zero points and limits.
    pub output: CompactOutput,
}

impl CompactLayer {
    /// What one output pixel reads, and elements of scratch.
    pub fn tap_elements(&self) -> usize {
        self.window.taps() * usize::from(self.window.input.c)
    }

    /// As [`reference::conv_2d_s8`](crate::reference::conv_2d_s8) without groups.
    ///
    /// Departs from it in that biases have the input's zero folded in: `bias − zero · Σ weights`. The weights are in the
    /// order OHWI, constants have [`constant_bytes`](super::constant_bytes), and scratch
    /// [`tap_elements`](Self::tap_elements).
    ///
    /// `None` where lengths are not what the shape says.
    pub fn conv_2d(&self, buffers: CompactBuffers<'_>) -> Option<()> {
        self.run(|all, output, taps, pixel| all.rows(output, taps, pixel), self.window.output.c, buffers)
    }

    /// As [`reference::depthwise_conv_2d_s8`](crate::reference::depthwise_conv_2d_s8) for one filter per channel.
    ///
    /// As [`conv_2d`](Self::conv_2d) says, but for the order of the weights, which is HWO.
    ///
    /// `None` where lengths are not what the shape says.
    pub fn depthwise_conv_2d(&self, buffers: CompactBuffers<'_>) -> Option<()> {
        self.run(|all, output, taps, pixel| all.lanes(output, taps, pixel), 1, buffers)
    }

    /// Makes the outputs pixel by pixel: lays what one reads side by side, then multiplies.
    #[inline(never)]
    fn run(&self, make: Pixel, filters: u16, buffers: CompactBuffers<'_>) -> Option<()> {
        let CompactBuffers { output, input, constants, scratch } = buffers;
        let window = &self.window;
        let channels = usize::from(window.output.c);
        if input.len() != window.input.elements() as usize || scratch.len() != self.tap_elements() {
            return None;
        }
        let weights = scratch.len().wrapping_mul(filters.into());
        let constants = Constants::of(constants, channels, weights)?;
        let (mut y, mut x) = (0, 0);
        for pixel in output.blocks_mut(channels) {
            window.gather([y, x], self.output.input_zero, input, scratch);
            make(&constants, &self.output, scratch, pixel);
            x += 1;
            if x == u32::from(window.output.w) {
                (y, x) = (y + 1, 0);
            }
        }
        (y == u32::from(window.output.h)).then_some(())
    }
}
