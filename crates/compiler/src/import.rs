//! From the file's model to the graph.

use std::collections::HashSet;

use tflite::{BuiltinOp, DType};

use crate::{
    graph::{Graph, Node, Quant, Subgraph, Tensor, TensorId},
    ops::{circular_buffer, definition},
    refusal::Refusal,
};

/// Most dimensions of a tensor.
pub const MAX_RANK: usize = 8;
/// Most bytes of one tensor. Arena and weights are addressed in 30 bits.
pub const MAX_TENSOR_BYTES: usize = 1 << 29;

/// Resolves a model's indices.
///
/// # Errors
/// What cannot be represented, all of it at once.
pub fn import(name: &str, model: &tflite::Model<'_>) -> Result<Graph, Vec<Refusal>> {
    let mut graph = Graph { name: name.to_string(), ..Graph::default() };
    let mut refusals = Vec::new();
    if model.subgraphs.is_empty() {
        refusals.push(whole(0, "the model has no subgraph".into()));
    }
    for (index, subgraph) in model.subgraphs.iter().enumerate() {
        let base = graph.tensors.len();
        let dividing = operands_of_division(subgraph);
        for (id, tensor) in subgraph.tensors.iter().enumerate() {
            match import_tensor(tensor, dividing.contains(&id)) {
                Ok(tensor) => graph.tensors.push(tensor),
                Err(reason) => {
                    refusals.push(whole(index, format!("tensor '{}': {reason}", tensor.name)));
                    graph.tensors.push(Tensor {
                        name: tensor.name.clone(),
                        shape: vec![],
                        dtype: tensor.dtype,
                        quant: None,
                        data: None,
                        is_variable: false,
                    });
                }
            }
        }
        let shift = |ids: &[usize]| ids.iter().map(|id| base + id).collect::<Vec<TensorId>>();
        let nodes = subgraph.operators.iter().enumerate().map(|(layer, operator)| Node {
            op: operator.op,
            custom_code: operator.custom_code.clone(),
            version: operator.version,
            inputs: operator.inputs.iter().map(|id| id.map(|id| base + id)).collect(),
            outputs: shift(&operator.outputs),
            intermediates: shift(&operator.intermediates),
            options: operator.options.clone(),
            custom_options: operator.custom_options.to_vec(),
            pad: None,
            layer,
            subgraph: index,
        });
        let subgraph = Subgraph {
            name: subgraph.name.clone(),
            nodes: nodes.collect(),
            inputs: shift(&subgraph.inputs),
            outputs: shift(&subgraph.outputs),
        };
        check_order(&graph, index, &subgraph, &mut refusals);
        graph.subgraphs.push(subgraph);
    }
    graph.beyond_tflm = definition::is_beyond_tflm(&graph);
    if refusals.is_empty() { Ok(graph) } else { Err(refusals) }
}

/// Inputs of DIV. Their zero points may lie outside their type, which keeps a divisor from being real 0.
fn operands_of_division(subgraph: &tflite::Subgraph<'_>) -> HashSet<usize> {
    let divisions = subgraph.operators.iter().filter(|operator| operator.op == BuiltinOp::Div);
    divisions.flat_map(|operator| operator.inputs.iter().flatten().copied()).collect()
}

fn import_tensor(tensor: &tflite::Tensor<'_>, divides: bool) -> Result<Tensor, String> {
    let mut shape = Vec::with_capacity(tensor.shape.len());
    for &size in &tensor.shape {
        match usize::try_from(size) {
            Ok(size) => shape.push(size),
            Err(_) => {
                return Err(format!(
                    "dimension {size} is not known when the plan is made; convert the model with a fixed input shape"
                ));
            }
        }
    }
    if shape.len() > MAX_RANK {
        return Err(format!("{} dimensions; at most {MAX_RANK} are supported", shape.len()));
    }
    let bits = tensor.dtype.bits().unwrap_or(0) as usize;
    let bytes =
        shape.iter().try_fold(bits, |product, &size| product.checked_mul(size)).map(|bits| bits.div_ceil(8));
    if bytes.is_none_or(|bytes| bytes > MAX_TENSOR_BYTES) {
        return Err(format!("shape {shape:?} has more than {MAX_TENSOR_BYTES} bytes"));
    }
    if tensor.has_sparsity {
        return Err("its data is stored sparse; convert the model without sparse encoding".into());
    }
    if tensor.is_variable && tensor.data.is_some() {
        return Err("it is a variable and has constant data, which cannot be written".into());
    }
    let quant = match &tensor.quantization {
        Some(quantization) if !quantization.scales.is_empty() => {
            Some(import_quant(quantization, &shape, tensor, divides)?)
        }
        _ => None,
    };
    Ok(Tensor {
        name: tensor.name.clone(),
        dtype: tensor.dtype,
        quant,
        data: tensor.data.map(<[u8]>::to_vec),
        is_variable: tensor.is_variable,
        shape,
    })
}

fn import_quant(
    stored: &tflite::Quantization,
    shape: &[usize],
    tensor: &tflite::Tensor<'_>,
    divides: bool,
) -> Result<Quant, String> {
    let scales = stored.scales.clone();
    if let Some(bad) = scales.iter().find(|scale| !scale.is_normal() || **scale < 0.0) {
        // A weight channel that is all zeros is stored with scale 0 by some converters: it multiplies nothing.
        return Err(format!("scale {bad} is not a positive normal number"));
    }
    let (min, max) = match tensor.dtype {
        _ if divides => (i64::from(i32::MIN), i64::from(i32::MAX)),
        DType::Int4 => (-8, 7),
        DType::Int8 => (-128, 127),
        DType::Uint8 => (0, 255),
        DType::Int16 => (-32768, 32767),
        DType::Uint16 => (0, 65535),
        _ => (i64::from(i32::MIN), i64::from(i32::MAX)),
    };
    if let Some(bad) = stored.zero_points.iter().find(|zero| !(min..=max).contains(*zero)) {
        return Err(format!("zero point {bad} is outside {min} to {max}"));
    }
    let zero_points: Vec<i32> = match stored.zero_points.len() {
        n if n == scales.len() => stored.zero_points.iter().map(|&zero| zero as i32).collect(),
        n => return Err(format!("{} scales but {n} zero points", scales.len())),
    };
    // A vector's `quantized_dimension` is out of range in real files; there is only one it can mean.
    let stored_axis = usize::try_from(stored.dimension).unwrap_or(0);
    let axis = if shape.len() == 1 { 0 } else { stored_axis };
    if scales.len() > 1 && shape.get(axis) != Some(&scales.len()) {
        return Err(format!(
            "{} scales along dimension {} of shape {shape:?}",
            scales.len(),
            stored.dimension
        ));
    }
    Ok(Quant { scales, zero_points, axis })
}

/// Every tensor is written once, before it is read, and constants never.
fn check_order(graph: &Graph, index: usize, subgraph: &Subgraph, refusals: &mut Vec<Refusal>) {
    let mut written = vec![false; graph.tensors.len()];
    for &input in &subgraph.inputs {
        if graph.tensors[input].is_const() {
            refusals.push(whole(index, format!("input '{}' has constant data", graph.tensors[input].name)));
        }
        written[input] = true;
    }
    let available = |written: &[bool], id: TensorId| {
        let tensor = &graph.tensors[id];
        written[id] || tensor.is_const() || tensor.is_variable || tensor.elements() == 0
    };
    for node in &subgraph.nodes {
        let mut refuse = |reason: String| {
            refusals.push(Refusal {
                step: Some(node.layer),
                subgraph: index,
                operator: node.name(),
                layer: node.outputs.first().map(|&id| graph.tensors[id].name.clone()).unwrap_or_default(),
                version: node.version,
                types: String::new(),
                reason,
                advice: "the file is damaged or was not written by a converter: convert the model again"
                    .into(),
            });
        };
        for &id in node.inputs.iter().flatten() {
            if !available(&written, id) {
                refuse(format!("reads '{}' before anything writes it", graph.tensors[id].name));
            }
        }
        for &id in &node.outputs {
            let tensor = &graph.tensors[id];
            // A circular buffer's output is its state.
            let is_state = tensor.is_variable && node.custom_code.as_deref() != Some(circular_buffer::NAME);
            if tensor.is_const() || is_state || written[id] {
                let what = if tensor.is_const() { "a constant" } else { "written already" };
                refuse(format!("writes '{}', which is {what}", tensor.name));
            }
            written[id] = true;
        }
    }
    for &id in &subgraph.outputs {
        if !available(&written, id) {
            refusals.push(whole(index, format!("nothing writes output '{}'", graph.tensors[id].name)));
        }
    }
}

pub(crate) fn whole(subgraph: usize, reason: String) -> Refusal {
    Refusal {
        step: None,
        subgraph,
        operator: if subgraph == 0 { "model".into() } else { format!("subgraph {subgraph}") },
        layer: String::new(),
        version: 0,
        types: String::new(),
        reason,
        advice: String::new(),
    }
}
