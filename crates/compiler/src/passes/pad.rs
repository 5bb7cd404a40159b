//! Padding that a convolution's window can begin in.

use tflite::{BuiltinOp, DType, Options, Padding};

use super::Uses;
use crate::graph::{Graph, Node, Pad, Tensor};

/// Merges PAD of height and width into the int8 convolutions that alone read it.
///
/// PAD on int8 fills with the zero point, which a convolution counts as 0: taps there add nothing, as taps
/// outside the image do.
pub fn run(graph: &mut Graph) {
    let uses = Uses::of(graph);
    let mut merged = Vec::new();
    for (index, node) in graph.main().nodes.iter().enumerate() {
        let Some(padded) = node.inputs.first().copied().flatten().filter(|_| is_valid(node)) else {
            continue;
        };
        let Some(writer) = uses.writer(padded).filter(|_| uses.is_private(padded)) else { continue };
        if let Some(pad) = spatial(graph, &graph.main().nodes[writer]) {
            merged.push((index, writer, pad));
        }
    }
    let mut gone = vec![false; graph.main().nodes.len()];
    let nodes = &mut graph.subgraphs[0].nodes;
    for (index, writer, pad) in merged {
        nodes[index].inputs[0] = nodes[writer].inputs[0];
        nodes[index].pad = Some(pad);
        gone[writer] = true;
    }
    let mut gone = gone.into_iter();
    nodes.retain(|_| !gone.next().unwrap_or(false));
}

/// Whether a node is a convolution that adds no padding itself.
fn is_valid(node: &Node) -> bool {
    match node.options {
        Options::Conv2D { padding, .. } | Options::DepthwiseConv2D { padding, .. } => {
            padding == Padding::Valid && node.pad.is_none()
        }
        _ => false,
    }
}

/// What a PAD of int8 images adds around them; `None` when it pads otherwise.
fn spatial(graph: &Graph, node: &Node) -> Option<Pad> {
    let tensor = |index: usize| Some(&graph.tensors[(*node.inputs.get(index)?)?]);
    let (input, amounts) = (tensor(0)?, tensor(1)?);
    let output = &graph.tensors[*node.outputs.first()?];
    let four = |tensor: &Tensor| tensor.dtype == DType::Int8 && tensor.shape.len() == 4;
    let fits = node.op == BuiltinOp::Pad && four(input) && four(output) && input.quant == output.quant;
    let amounts = amounts.integers().filter(|amounts| fits && amounts.len() == 8)?;
    let outer = [amounts[0], amounts[1], amounts[6], amounts[7]];
    let all_small = amounts.iter().all(|amount| (0..=255).contains(amount));
    let [top, bottom, left, right] = [2, 3, 4, 5].map(|index| amounts[index] as usize);
    (all_small && outer == [0; 4]).then_some(Pad { top, bottom, left, right })
}
