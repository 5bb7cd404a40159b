//! Products with a matrix: FULLY_CONNECTED where no layer has a window.

use super::{
    CompactBuffers, CompactOutput,
    inner::{Outputs, Walk, padding, rows},
};
use crate::blocks::Blocks as _;

/// A matrix, and what its products become.
#[derive(Clone, Copy, Debug, PartialEq, bytemuck::Pod, bytemuck::Zeroable)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[repr(C)]
pub struct CompactFullyConnected {
    /// Elements of one vector, a multiple of four, 32767 at most.
    pub inputs: u16,
    /// Elements of one product.
    pub outputs: u16,
    /// Zero points and limits.
    pub output: CompactOutput,
}

impl CompactFullyConnected {
    /// As [`reference::fully_connected_s8`](crate::reference::fully_connected_s8), as many vectors as there are.
    ///
    /// Departs from it in that biases have the input's zero folded in: `bias − zero · Σ weights`. The weights are in the
    /// order OI, constants have [`constant_bytes`](super::constant_bytes), and scratch is none.
    ///
    /// `None` where lengths are not what the shape says, or vectors are not whole words.
    pub fn run(&self, buffers: CompactBuffers<'_>) -> Option<()> {
        let [inputs, outputs] = [self.inputs, self.outputs].map(usize::from);
        let walk = Walk::new(inputs, [1, 1], 0).filter(|_| padding(inputs) == 0 && inputs >> 15 == 0)?;
        let mut all = Outputs::new(rows, &self.output, buffers.constants, [outputs, inputs * outputs])?;
        let mut vectors = buffers.input.blocks(inputs);
        for pixel in buffers.output.blocks_mut(outputs) {
            all.pixel(&walk, vectors.next()?, pixel);
        }
        vectors.next().is_none().then_some(())
    }
}
