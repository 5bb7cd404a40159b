//! How many multiply-adds an operator takes.

use tflite::{BuiltinOp, Options};

use super::NodeView;
use crate::graph::{Graph, Tensor};

/// The multiply-adds of one run of a node, taps outside the image included: 0 for operators that multiply no
/// weights and no matrices.
pub fn macs(view: &NodeView<'_>) -> u64 {
    count(view).unwrap_or(0)
}

/// The multiply-adds of one run of the graph's main subgraph.
pub fn total_macs(graph: &Graph) -> u64 {
    graph.main().nodes.iter().map(|node| macs(&NodeView { graph, node })).fold(0, u64::saturating_add)
}

fn count(view: &NodeView<'_>) -> Option<u64> {
    let elements = |tensor: &Tensor| product(&tensor.shape);
    let filter = |index: usize| view.input(index).map(|tensor| tensor.shape.as_slice());
    match view.node.op {
        BuiltinOp::Conv2D => {
            let [_, taps @ ..] = filter(1)? else { return None };
            Some(elements(view.output(0)?).saturating_mul(product(taps)))
        }
        BuiltinOp::DepthwiseConv2D => {
            let [_, taps @ .., _] = filter(1)? else { return None };
            Some(elements(view.output(0)?).saturating_mul(product(taps)))
        }
        BuiltinOp::TransposeConv => {
            let [filters, taps @ .., _] = filter(1)? else { return None };
            let per_input = product(taps).saturating_mul(*filters as u64);
            Some(elements(view.input(2)?).saturating_mul(per_input))
        }
        BuiltinOp::FullyConnected => {
            let [outputs, _] = filter(1)? else { return None };
            Some(elements(view.input(0)?).saturating_mul(*outputs as u64))
        }
        BuiltinOp::BatchMatMul => {
            let adj_x = matches!(view.node.options, Options::BatchMatMul { adj_x: true, .. });
            let [.., rows, columns] = view.input(0)?.shape[..] else { return None };
            let depth = if adj_x { rows } else { columns };
            Some(elements(view.output(0)?).saturating_mul(depth as u64))
        }
        BuiltinOp::Svdf => {
            let batch = *view.input(0)?.shape.first()? as u64;
            let weights = elements(view.input(1)?).saturating_add(elements(view.input(2)?));
            Some(batch.saturating_mul(weights))
        }
        BuiltinOp::UnidirectionalSequenceLstm => {
            let [first, second, _] = view.input(0)?.shape[..] else { return None };
            let weights = (1..9)
                .filter_map(|index| view.input(index))
                .fold(0u64, |sum, tensor| sum.saturating_add(elements(tensor)));
            Some(weights.saturating_mul(product(&[first, second])))
        }
        _ => None,
    }
}

fn product(sizes: &[usize]) -> u64 {
    sizes.iter().fold(1, |product, &size| product.saturating_mul(size as u64))
}
