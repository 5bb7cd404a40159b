//! EMBEDDING_LOOKUP.

use kernels::reference::{self, dequantized_lookup, embedding_lookup};

use crate::memory::{elements, elements_mut};

operator! {
    /// EMBEDDING_LOOKUP on any element type. Operands: output, indices (`i32`), table.
    EmbeddingLookup(reference::RowLookup), |this, io| {
        let ([output], [indices, table]) = io.split([0], [1, 2])?;
        embedding_lookup(&this.0, elements(indices, 1)?, table, output)?;
    }
}

operator! {
    /// EMBEDDING_LOOKUP from int8 to float32. Operands: output, indices (`i32`), table.
    DequantizedLookup(reference::DequantizingLookup), |this, io| {
        let ([output], [indices, table]) = io.split([0], [1, 2])?;
        dequantized_lookup(&this.0, elements(indices, 1)?, elements(table, 2)?, elements_mut(output, 0)?)?;
    }
}
