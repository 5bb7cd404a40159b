//! EMBEDDING_LOOKUP.

use engine::ops::{DequantizedLookup, EmbeddingLookup};
use kernels::reference;
use tflite::{BuiltinOp, DType};

use super::{Lowering, NodeView, Rule, Support};
use crate::refusal::Reject;

/// The row of EMBEDDING_LOOKUP.
pub const SUPPORT: &[Support] = &[Support {
    op: BuiltinOp::EmbeddingLookup,
    custom: None,
    versions: (1, 4),
    types: &[
        "int32, int8 -> int8",
        "int32, float32 -> float32",
        "int32, int8 -> float32",
        "int32, int16 -> int16",
        "int32, uint8 -> uint8",
        "int32, int32 -> int32",
    ],
    rules: &[SHAPES, INDICES, QUANTISATION],
    lower: embedding_lookup,
}];

const SHAPES: Rule = Rule {
    requires: "the table has at least two dimensions, the indices one, and the output a row for each index",
    advice: "the file is damaged or was not written by a converter: convert the model again",
    holds: |view| {
        let (Some(indices), Some(table), Some(output)) = (view.input(0), view.input(1), view.output(0))
        else {
            return false;
        };
        let (&[count], [rows, row @ ..]) = (&indices.shape[..], &table.shape[..]) else { return false };
        *rows > 0 && !row.is_empty() && output.shape.split_first() == Some((&count, row))
    },
};

const INDICES: Rule = Rule {
    requires: "constant indices name rows of the table",
    advice: "the file is damaged or was not written by a converter: convert the model again",
    holds: |view| {
        let rows = view.input(1).and_then(|table| table.shape.first()).copied().unwrap_or(0);
        let indices = view.input(0).and_then(|indices| indices.integers()).unwrap_or_default();
        indices.iter().all(|&index| usize::try_from(index).is_ok_and(|index| index < rows))
    },
};

const QUANTISATION: Rule = Rule {
    requires: "an int8 table that is read as float32 has one scale and zero point 0",
    advice: "quantise the table symmetrically",
    holds: |view| {
        let (Some(table), Some(output)) = (view.input(1), view.output(0)) else { return false };
        table.dtype == output.dtype || (NodeView::is_per_tensor(Some(table)) && table.zero() == 0)
    },
};

fn embedding_lookup(cx: &mut Lowering<'_>, view: &NodeView<'_>) -> Result<(), Reject> {
    let (table, output) = (view.need_input(1)?, view.need_output(0)?);
    let to = view.output_id(0).ok_or_else(|| Reject::malformed("it has no output"))?;
    let operands = [cx.slot(to), cx.optional(view.input_id(0)), cx.optional(view.input_id(1))];
    let rows = table.shape.first().copied().unwrap_or(0);
    if table.dtype == DType::Int8 && output.dtype == DType::Float32 {
        let columns = table.elements().checked_div(rows).unwrap_or(0) as u32;
        let lookup = reference::DequantizingLookup { rows: rows as u32, columns, scale: table.scale() };
        cx.push(DequantizedLookup(lookup), &operands);
    } else {
        let row_bytes = table.bytes().checked_div(rows).unwrap_or(0) as u32;
        cx.push(EmbeddingLookup(reference::RowLookup { rows: rows as u32, row_bytes }), &operands);
    }
    Ok(())
}
