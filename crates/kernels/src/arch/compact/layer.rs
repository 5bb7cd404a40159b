//! Layers with a window: CONV_2D, DEPTHWISE_CONV_2D, and FULLY_CONNECTED where there are such layers beside.

use super::{
    CompactBuffers, CompactOutput, CompactWindow, CompactYx,
    inner::{Outputs, PADDING, Sums, Walk, lanes, padding, rows},
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

    /// Elements from one row of the image to the next.
    fn pitch(&self) -> usize {
        usize::from(self.window.input.w).wrapping_mul(self.window.input.c.into())
    }

    /// Whether a filter and a row of the image have so few elements, 32767 at most, that no place of a weight or a tap
    /// overflows; others are none for these kernels.
    #[inline]
    pub fn is_small(&self) -> bool {
        (self.tap_elements() | self.pitch()) >> 15 == 0
    }

    /// As [`reference::conv_2d_s8`](crate::reference::conv_2d_s8) without groups.
    ///
    /// Departs from it in that biases have the input's zero folded in: `bias − zero · Σ weights`. The weights are in the
    /// order OHWI, constants have [`constant_bytes`](super::constant_bytes), and scratch
    /// [`tap_elements`](Self::tap_elements) and [`PADDING`].
    ///
    /// `None` where lengths are not what the shape says, or the layer is not [small](Self::is_small).
    pub fn conv_2d(&self, buffers: CompactBuffers<'_>) -> Option<()> {
        self.run(rows, Filters::OfAllTaps, buffers)
    }

    /// As [`reference::depthwise_conv_2d_s8`](crate::reference::depthwise_conv_2d_s8) for one filter per channel.
    ///
    /// As [`conv_2d`](Self::conv_2d) says, but for the order of the weights, which is HWO.
    ///
    /// `None` where lengths are not what the shape says, or the layer is not [small](Self::is_small).
    pub fn depthwise_conv_2d(&self, buffers: CompactBuffers<'_>) -> Option<()> {
        self.run(lanes, Filters::OfLanes, buffers)
    }

    /// Makes the outputs pixel by pixel: of taps where they stand, or laid side by side.
    #[inline(never)]
    fn run(&self, make: Sums, filters: Filters, buffers: CompactBuffers<'_>) -> Option<()> {
        let CompactBuffers { output, input, constants, scratch } = buffers;
        let window = &self.window;
        let (size, width) = (window.size, u32::from(window.input.w));
        let channels = usize::from(window.output.c);
        let elements = self.tap_elements();
        // What follows each other in taps and weights wherever the taps are; rows of taps that can be apart.
        let (weights, word, most_rows) = match filters {
            Filters::OfAllTaps => (elements.wrapping_mul(channels), elements, 1),
            Filters::OfLanes => (elements, usize::from(window.input.c), u8::MAX),
        };
        if !self.is_small()
            || input.len() != window.input.elements() as usize
            || output.len() != window.output.elements() as usize
            || scratch.len() != elements.wrapping_add(PADDING)
            || (filters == Filters::OfLanes && word != channels)
        {
            return None;
        }
        let mut outputs = Outputs::new(make, &self.output, constants, [channels, weights])?;
        let laid = Walk::new(window.input.c.into(), [size.y, size.x], word)?;
        let standing = laid.in_rows(size.y, self.pitch());
        let (mut rows_end, mut columns_end) = (0, 0);
        if window.dilation == (CompactYx { y: 1, x: 1 }) {
            columns_end = (width + 1).saturating_sub(size.x.into());
            if padding(word) == 0 && size.y <= most_rows {
                rows_end = (u32::from(window.input.h) + 1).saturating_sub(size.y.into());
            }
        }
        scratch.fill(0);
        let left = 0u32.wrapping_sub(window.pad.x.into());
        let (mut y, mut x, mut column) = (0u32.wrapping_sub(window.pad.y.into()), left, window.output.w);
        for pixel in output.blocks_mut(channels) {
            let in_row = x < columns_end;
            let (walk, taps) = if in_row && y < rows_end {
                (&standing, input.get(window.place([y, x])..)?)
            } else {
                let run = if in_row { size.x } else { 1 };
                window.gather(([y, x], run), self.output.input_zero, input, scratch.get_mut(..elements)?);
                (&laid, &*scratch)
            };
            outputs.pixel(walk, taps, pixel);
            x = x.wrapping_add(window.stride.x.into());
            column = column.wrapping_sub(1);
            if column == 0 {
                column = window.output.w;
                (y, x) = (y.wrapping_add(window.stride.y.into()), left);
            }
        }
        Some(())
    }
}

/// What weights belong to.
#[derive(Clone, Copy, PartialEq)]
enum Filters {
    OfAllTaps,
    OfLanes,
}
