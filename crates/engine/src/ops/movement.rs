//! Operators that only move elements. Operands of each, in order: output, input.

use kernels::reference::{self, CopyNd};

use super::{Flow, Operator};
use crate::{Io, RunError};

/// A copy between arrays of any strides and any element type.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct CopyBytes(pub CopyNd);

impl Operator for CopyBytes {
    fn run(&self, io: &mut Io<'_, '_>) -> Result<Flow, RunError> {
        let ([output], [input]) = io.split([0], [1])?;
        reference::copy_nd(&self.0, input, output)?;
        Ok(Flow::Next)
    }
}

/// Gives every element of the output one value. Takes no input.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct FillBytes {
    /// The value; the first `element_bytes` count.
    pub pattern: [u8; 8],
    /// Bytes of an element, at most 8.
    pub element_bytes: u8,
}

impl Operator for FillBytes {
    fn run(&self, io: &mut Io<'_, '_>) -> Result<Flow, RunError> {
        let ([output], []) = io.split([0], [])?;
        let pattern = self.pattern.get(..usize::from(self.element_bytes)).unwrap_or(&self.pattern);
        reference::fill_bytes(pattern, output);
        Ok(Flow::Next)
    }
}
