//! Activations that the operator before can do itself.

use tflite::{Activation, BuiltinOp, DType, Options};

use super::Uses;
use crate::graph::Graph;

/// Merges RELU, RELU6 and RELU_N1_TO_1 on int8 into the convolution, matrix product or sum that they alone
/// read, where both tensors are quantised alike: limiting the output is then all that they do.
pub fn run(graph: &mut Graph) {
    let uses = Uses::of(graph);
    let mut merged = Vec::new();
    for (index, node) in graph.main().nodes.iter().enumerate() {
        let activation = match node.op {
            BuiltinOp::Relu => Activation::Relu,
            BuiltinOp::Relu6 => Activation::Relu6,
            BuiltinOp::ReluN1To1 => Activation::ReluN1To1,
            _ => continue,
        };
        let (Some(&Some(from)), Some(&to)) = (node.inputs.first(), node.outputs.first()) else { continue };
        let (source, target) = (&graph.tensors[from], &graph.tensors[to]);
        let alike =
            source.dtype == DType::Int8 && target.dtype == DType::Int8 && source.quant == target.quant;
        if let Some(writer) = uses.writer(from).filter(|_| alike && uses.is_private(from)) {
            merged.push((index, writer, activation));
        }
    }
    for &(index, writer, activation) in merged.iter().rev() {
        let nodes = &mut graph.subgraphs[0].nodes;
        if let Some(fused) =
            fused_activation(&mut nodes[writer].options).filter(|fused| **fused == Activation::None)
        {
            *fused = activation;
            nodes[writer].outputs = nodes[index].outputs.clone();
            nodes.remove(index);
        }
    }
}

fn fused_activation(options: &mut Options) -> Option<&mut Activation> {
    match options {
        Options::Conv2D { activation, .. }
        | Options::DepthwiseConv2D { activation, .. }
        | Options::FullyConnected { activation, .. }
        | Options::Add { activation, .. }
        | Options::Sub { activation, .. }
        | Options::Mul { activation } => Some(activation),
        _ => None,
    }
}
