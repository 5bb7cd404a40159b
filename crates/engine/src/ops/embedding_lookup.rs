//! EMBEDDING_LOOKUP.

use kernels::reference::{self, dequantized_lookup, embedding_lookup};

use super::{Flow, Operator};
use crate::{
    Io, RunError,
    memory::{elements, elements_mut},
};

/// EMBEDDING_LOOKUP on any element type. Operands: output, indices (`i32`), table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct EmbeddingLookup(pub reference::RowLookup);

impl Operator for EmbeddingLookup {
    fn run(&self, io: &mut Io<'_, '_>) -> Result<Flow, RunError> {
        let ([output], [indices, table]) = io.split([0], [1, 2])?;
        embedding_lookup(&self.0, elements(indices, 1)?, table, output)?;
        Ok(Flow::Next)
    }
}

/// EMBEDDING_LOOKUP from int8 to float32. Operands: output, indices (`i32`), table.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct DequantizedLookup(pub reference::DequantizingLookup);

impl Operator for DequantizedLookup {
    fn run(&self, io: &mut Io<'_, '_>) -> Result<Flow, RunError> {
        let ([output], [indices, table]) = io.split([0], [1, 2])?;
        dequantized_lookup(&self.0, elements(indices, 1)?, elements(table, 2)?, elements_mut(output, 0)?)?;
        Ok(Flow::Next)
    }
}
