//! Conversions that change nothing.

use tflite::{BuiltinOp, DType};

use super::Uses;
use crate::graph::{Graph, Tensor, TensorId};

/// Takes out QUANTIZE between equal quantisations, and DEQUANTIZE followed by the QUANTIZE that undoes it.
///
/// Both are exact on integers of up to 16 bits: `(q − zero) · scale / scale` is off by less than one part in
/// 2^22, far from the half that would round to another value.
pub fn run(graph: &mut Graph) {
    let uses = Uses::of(graph);
    let mut renamed: Vec<(TensorId, TensorId)> = Vec::new();
    for node in graph.main().nodes.iter().filter(|node| node.op == BuiltinOp::Quantize) {
        let (Some(&Some(from)), Some(&to)) = (node.inputs.first(), node.outputs.first()) else { continue };
        let source = match uses.writer(from).map(|writer| &graph.main().nodes[writer]) {
            Some(before) if before.op == BuiltinOp::Dequantize => before.inputs.first().copied().flatten(),
            _ => Some(from),
        };
        let Some(source) = source.filter(|&source| is_same(&graph.tensors[source], &graph.tensors[to]))
        else {
            continue;
        };
        // The caller's tensors keep their own places.
        if !graph.main().outputs.contains(&to) {
            renamed.push((to, source));
        }
    }
    for (old, new) in renamed {
        // A source may itself have been renamed by an earlier row.
        for node in &mut graph.subgraphs[0].nodes {
            node.inputs.iter_mut().flatten().filter(|id| **id == old).for_each(|id| *id = new);
        }
    }
}

fn is_same(a: &Tensor, b: &Tensor) -> bool {
    matches!(a.dtype, DType::Int8 | DType::Uint8 | DType::Int16)
        && a.dtype == b.dtype
        && a.shape == b.shape
        && a.quant.is_some()
        && a.quant == b.quant
        && a.quant.as_ref().is_some_and(|quant| quant.scales.len() == 1)
}
