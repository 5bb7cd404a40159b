//! Whose bytes count.
//!
//! The definition is TensorFlow Lite Micro. A model that it cannot run has TensorFlow Lite's reference kernels as
//! its definition, as a whole. The two differ in how FULLY_CONNECTED on int8 rounds (`docs/numerics.md`).

use tflite::{BuiltinOp, DType};

use crate::graph::{Graph, Node};

/// Whether a model, as it is read, holds an operator, or a form of one, that TensorFlow Lite Micro has no kernel for.
pub fn is_beyond_tflm(graph: &Graph) -> bool {
    graph.subgraphs.iter().flat_map(|subgraph| &subgraph.nodes).any(|node| is_missing(graph, node))
}

fn is_missing(graph: &Graph, node: &Node) -> bool {
    let input = |index: usize| node.inputs.get(index).copied().flatten().and_then(|id| graph.tensors.get(id));
    match node.op {
        BuiltinOp::Gelu
        | BuiltinOp::Pow
        | BuiltinOp::Rank
        | BuiltinOp::ReduceAny
        | BuiltinOp::ReduceProd
        | BuiltinOp::Relu0To1
        | BuiltinOp::ReluN1To1
        | BuiltinOp::Select
        | BuiltinOp::Sign
        | BuiltinOp::Tile
        | BuiltinOp::TopKV2 => true,
        BuiltinOp::FullyConnected => input(1).is_some_and(|weights| {
            weights.dtype == DType::Int4 && weights.quant.as_ref().is_some_and(|quant| quant.scales.len() > 1)
        }),
        _ => false,
    }
}
