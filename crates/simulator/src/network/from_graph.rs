//! From the compiler's graph.

use super::{Layer, Network, Op, Precision, Weights};
use crate::error::SimError;
use compiler::{
    CompileOptions,
    graph::{Graph, Node, Tensor},
};

/// Reads a `.tflite` model through the compiler's graph. The model need not be one that our kernels run.
///
/// # Errors
/// [`SimError::Model`].
pub fn network_of_model(file: &str, bytes: &[u8]) -> Result<Network, SimError> {
    let stem = std::path::Path::new(file)
        .file_stem()
        .map_or_else(|| file.to_owned(), |stem| stem.to_string_lossy().into_owned());
    let graph = compiler::read_graph(&stem, bytes)
        .map_err(|source| SimError::Model { file: file.to_owned(), source: Box::new(source) })?;
    Ok(network_of_graph(&graph))
}

/// What a device runs of a `.tflite` model: without the channels that no input can change, which the compiler leaves out.
/// A model that our kernels don't run is taken as it is.
///
/// # Errors
/// [`SimError::Model`].
pub fn network_of_plan(file: &str, bytes: &[u8]) -> Result<Network, SimError> {
    let whole = network_of_model(file, bytes)?;
    let plan = compiler::compile(&whole.name, bytes, CompileOptions::DEVICE);
    Ok(plan.map_or(whole, |plan| network_of_graph(&plan.graph)))
}

/// The network of a graph's first subgraph. Views (reshape and its kin) cost nothing and are left out.
pub fn network_of_graph(graph: &Graph) -> Network {
    let main = graph.subgraphs.first();
    let nodes = main.map_or(&[][..], |main| main.nodes.as_slice());
    let layers = nodes.iter().filter_map(|node| layer(graph, node)).collect();
    let input = main.and_then(|main| graph.tensors.get(*main.inputs.first()?));
    let precision = input
        .map(precision)
        .into_iter()
        .chain(nodes.iter().filter_map(|node| output(graph, node)).map(precision))
        .find(|found| *found == Precision::Int8)
        .unwrap_or(Precision::Fp32);
    let mut shape = [1; 4];
    if let Some(tensor) = input {
        for (slot, side) in shape.iter_mut().rev().zip(tensor.shape.iter().rev()) {
            *slot = (*side as u64).max(1);
        }
    }
    Network {
        name: graph.name.clone(),
        input: shape,
        precision,
        weights: Weights { format: precision, zeros: 0.0 },
        layers,
        state_bytes: 0,
    }
}

fn precision(tensor: &Tensor) -> Precision {
    match tensor.dtype.bits() {
        Some(32 | 64) => Precision::Fp32,
        Some(16) => Precision::Fp16,
        Some(4) => Precision::Int4,
        _ => Precision::Int8,
    }
}

fn input<'a>(graph: &'a Graph, node: &Node, index: usize) -> Option<&'a Tensor> {
    graph.tensors.get((*node.inputs.get(index)?)?)
}

fn output<'a>(graph: &'a Graph, node: &Node) -> Option<&'a Tensor> {
    graph.tensors.get(*node.outputs.first()?)
}

/// Batch left out: height, width and channels of a tensor, filled up with ones.
fn sides(tensor: &Tensor) -> (u64, u64, u64) {
    let side = |back: usize| {
        let index = tensor.shape.len().checked_sub(back)?;
        let keep = index > 0 || tensor.shape.len() < 4;
        tensor.shape.get(index).filter(|_| keep).map(|side| *side as u64)
    };
    let of = |back| side(back).unwrap_or(1).max(1);
    (of(3), of(2), of(1))
}

/// The stride, both ways, that reads about as many positions as the input has. Windows without padding leave out some.
fn stride(inputs: u64, outputs: u64) -> u64 {
    ((inputs as f64 / outputs as f64).sqrt().round() as u64).max(1)
}

fn layer(graph: &Graph, node: &Node) -> Option<Layer> {
    let name = node.name();
    let out = output(graph, node)?;
    let first = input(graph, node, 0);
    let (out_height, out_width, out_channels) = sides(out);
    let (in_height, in_width, in_channels) = first.map_or((1, 1, 1), sides);
    let mut layer = Layer {
        name: out.name.clone(),
        op: Op::Copy,
        in_channels,
        out_channels,
        out_height,
        out_width,
        kernel: (1, 1),
        stride: stride(in_height * in_width, out_height * out_width),
        groups: 1,
        weights: None,
        weight_bytes: None,
    };
    let weight = input(graph, node, 1);
    let side = |index: usize| weight.and_then(|w| w.shape.get(index)).map_or(1, |s| *s as u64).max(1);
    let computed = node
        .inputs
        .iter()
        .filter(|id| id.and_then(|id| graph.tensors.get(id)).is_some_and(|t| !t.is_const()))
        .count();
    match name.as_str() {
        "CONV_2D" => {
            layer.op = Op::Conv2d;
            layer.kernel = (side(1), side(2));
            let inner = side(3);
            if in_channels.is_multiple_of(inner) {
                layer.groups = (in_channels / inner).max(1);
            }
            layer.weight_bytes = weight.map(|w| w.bytes() as u64);
        }
        "DEPTHWISE_CONV_2D" => {
            layer.op = Op::DepthwiseConv2d;
            layer.kernel = (side(1), side(2));
            layer.groups = in_channels;
            layer.weight_bytes = weight.map(|w| w.bytes() as u64);
        }
        "TRANSPOSE_CONV" => {
            // Every input position meets the whole window: priced as the convolution of its output.
            layer.op = Op::Conv2d;
            layer.kernel = (side(1), side(2));
            layer.in_channels = side(3);
            layer.stride = 1;
            layer.weight_bytes = weight.map(|w| w.bytes() as u64);
        }
        "FULLY_CONNECTED" => {
            layer.op = Op::FullyConnected;
            let outputs = side(0);
            let elements = out.elements() as u64;
            layer.in_channels = side(1);
            layer.out_channels = outputs;
            layer.out_height = (elements / outputs.max(1)).max(1);
            layer.out_width = 1;
            layer.stride = 1;
            layer.weight_bytes = weight.map(|w| w.bytes() as u64);
        }
        "BATCH_MATMUL" => {
            layer.op = Op::FullyConnected;
            layer.stride = 1;
            layer.weight_bytes = weight.map(|w| w.bytes() as u64);
        }
        "SVDF" | "LSTM" | "UNIDIRECTIONAL_SEQUENCE_LSTM" => {
            layer.op = Op::FullyConnected;
            let bytes: usize = node
                .inputs
                .iter()
                .filter_map(|id| graph.tensors.get((*id)?))
                .filter(|tensor| tensor.is_const())
                .map(Tensor::bytes)
                .sum();
            layer.out_channels = (bytes as u64 / in_channels.max(1)).max(1);
            let steps = first.and_then(|t| t.shape.get(1)).copied().unwrap_or(1);
            layer.out_height = if name == "SVDF" { 1 } else { (steps as u64).max(1) };
            layer.out_width = 1;
            layer.stride = 1;
            layer.weight_bytes = Some(bytes as u64);
        }
        "AVERAGE_POOL_2D" | "MAX_POOL_2D" => {
            layer.op = Op::Pool2d;
            if let tflite::Options::Pool2D { filter_w, filter_h, .. } = &node.options {
                layer.kernel = ((*filter_h).max(1) as u64, (*filter_w).max(1) as u64);
            }
        }
        "ADD" | "SUB" | "MUL" | "DIV" | "MAXIMUM" | "MINIMUM" | "SQUARED_DIFFERENCE" | "ADD_N" => {
            layer.op = Op::Elementwise { operands: computed.clamp(1, 8) as u32, function: None };
            layer.stride = 1;
        }
        "RELU" | "RELU6" | "RELU_0_TO_1" | "RELU_N1_TO_1" | "LEAKY_RELU" | "PRELU" | "LOGISTIC" | "TANH"
        | "HARD_SWISH" | "ELU" | "GELU" | "QUANTIZE" | "DEQUANTIZE" | "CAST" | "ABS" | "NEG" | "EXP"
        | "LOG" | "SQRT" | "RSQRT" | "SQUARE" => {
            let function = name.to_ascii_lowercase();
            layer.op = Op::Elementwise { operands: 1, function: Some(function) };
            layer.stride = 1;
        }
        "SOFTMAX" | "LOG_SOFTMAX" | "L2_NORMALIZATION" => layer.op = Op::Function("softmax".to_owned()),
        "MEAN" | "SUM" | "REDUCE_MAX" | "REDUCE_MIN" | "ARG_MAX" | "ARG_MIN" => {
            layer.op = Op::Function("reduction".to_owned());
        }
        // Views, and what has run before the first layer.
        "RESHAPE" | "SQUEEZE" | "EXPAND_DIMS" | "SHAPE" | "CALL_ONCE" | "VAR_HANDLE" => return None,
        "CONCATENATION"
        | "TRANSPOSE"
        | "PAD"
        | "PADV2"
        | "MIRROR_PAD"
        | "SLICE"
        | "STRIDED_SLICE"
        | "SPLIT"
        | "SPLIT_V"
        | "GATHER"
        | "GATHER_ND"
        | "PACK"
        | "UNPACK"
        | "TILE"
        | "BROADCAST_TO"
        | "SPACE_TO_DEPTH"
        | "DEPTH_TO_SPACE"
        | "SPACE_TO_BATCH_ND"
        | "BATCH_TO_SPACE_ND"
        | "RESIZE_BILINEAR"
        | "RESIZE_NEAREST_NEIGHBOR"
        | "READ_VARIABLE"
        | "ASSIGN_VARIABLE" => {}
        other => layer.op = Op::Other(other.to_ascii_lowercase().replace(' ', "_")),
    }
    Some(layer)
}
