//! Operators whose inputs are all known.
//!
//! They are compiled and run here, by the same kernels that a device would run. Shapes of tensors are known
//! too, so the SHAPE, STRIDED_SLICE and PACK that a converter writes to compute them fold away.

use tflite::{BuiltinOp, DType};

use super::alone::Alone;
use crate::graph::{Graph, Node, Tensor, TensorId};

/// Largest constant that folding may make, in bytes: more would move work from time to flash.
const MAX_BYTES: usize = 1 << 20;

/// Replaces operators of the main subgraph by the constants that they compute.
pub fn run(graph: &mut Graph) {
    let mut index = 0;
    while index < graph.main().nodes.len() {
        let node = graph.main().nodes[index].clone();
        match known(graph, &node) {
            Some(values) => {
                for (&id, value) in node.outputs.iter().zip(values) {
                    graph.tensors[id].data = Some(value);
                }
                graph.subgraphs[0].nodes.remove(index);
                graph.folded.push(node);
            }
            None => index += 1,
        }
    }
}

/// The bytes of a node's outputs, when they can be known now.
fn known(graph: &Graph, node: &Node) -> Option<Vec<Vec<u8>>> {
    if node
        .outputs
        .iter()
        .any(|&id| graph.main().outputs.contains(&id) || graph.tensors[id].bytes() > MAX_BYTES)
    {
        return None;
    }
    let input = |index: usize| Some(&graph.tensors[(*node.inputs.get(index)?)?]);
    match node.op {
        BuiltinOp::Shape => {
            return Some(vec![sizes(&input(0)?.shape, &graph.tensors[*node.outputs.first()?])?]);
        }
        BuiltinOp::Rank => return Some(vec![(input(0)?.shape.len() as i32).to_le_bytes().to_vec()]),
        _ => {}
    }
    if node.inputs.is_empty() || !node.inputs.iter().flatten().all(|&id| graph.tensors[id].is_const()) {
        return None;
    }
    match node.op {
        BuiltinOp::Dequantize if input(0)?.dtype == DType::Float16 => {
            Some(vec![widen(input(0)?.data.as_deref()?)])
        }
        BuiltinOp::If
        | BuiltinOp::While
        | BuiltinOp::CallOnce
        | BuiltinOp::VarHandle
        | BuiltinOp::ReadVariable
        | BuiltinOp::AssignVariable
        | BuiltinOp::Custom => None,
        _ => evaluate(graph, node),
    }
}

fn sizes(shape: &[usize], output: &Tensor) -> Option<Vec<u8>> {
    let sizes = shape.iter();
    match output.dtype {
        DType::Int32 => Some(sizes.flat_map(|&size| (size as i32).to_le_bytes()).collect()),
        DType::Int64 => Some(sizes.flat_map(|&size| (size as i64).to_le_bytes()).collect()),
        _ => None,
    }
}

/// Runs one node whose inputs are all constants.
fn evaluate(graph: &Graph, node: &Node) -> Option<Vec<Vec<u8>>> {
    let tensor = |id: TensorId| graph.tensors[id].clone();
    let alone = Alone {
        graph,
        node,
        inputs: node.inputs.iter().map(|id| id.map(tensor)).collect(),
        outputs: node.outputs.iter().map(|&id| tensor(id)).collect(),
    };
    alone.run()
}

/// float16 as float32, exactly.
fn widen(halves: &[u8]) -> Vec<u8> {
    let single = |half: u16| {
        let (sign, exponent, fraction) =
            (u32::from(half >> 15), u32::from(half >> 10 & 31), u32::from(half & 0x3ff));
        let bits = match (exponent, fraction) {
            (0, 0) => 0,
            // A subnormal: its leading one moves up to the implicit place.
            (0, fraction) => {
                let up = fraction.leading_zeros() - 21;
                (113 - up) << 23 | (fraction << up & 0x3ff) << 13
            }
            (31, fraction) => 255 << 23 | fraction << 13,
            (exponent, fraction) => (exponent + 112) << 23 | fraction << 13,
        };
        f32::from_bits(sign << 31 | bits)
    };
    halves
        .chunks_exact(2)
        .flat_map(|half| single(u16::from_le_bytes([half[0], half[1]])).to_le_bytes())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn float16_is_widened_exactly() {
        for (half, single) in [
            (0x0000u16, 0.0f32),
            (0x8000, -0.0),
            (0x3c00, 1.0),
            (0xc000, -2.0),
            (0x0001, 2.0f32.powi(-24)),
            (0x03ff, 1023.0 * 2.0f32.powi(-24)),
            (0x0200, 2.0f32.powi(-15)),
            (0x7bff, 65504.0),
            (0x7c00, f32::INFINITY),
        ] {
            assert_eq!(widen(&half.to_le_bytes()), single.to_le_bytes(), "{half:#06x}");
        }
        assert!(f32::from_le_bytes(widen(&0x7e00u16.to_le_bytes()).try_into().expect("four bytes")).is_nan());
    }
}
