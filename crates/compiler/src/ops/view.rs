//! A node together with its tensors.

use tflite::DType;

use crate::{
    graph::{Graph, Node, Tensor, TensorId},
    refusal::{Refusal, Reject},
};

/// A node and the graph it belongs to.
#[derive(Clone, Copy)]
pub struct NodeView<'g> {
    /// The graph.
    pub graph: &'g Graph,
    /// The node.
    pub node: &'g Node,
}

impl<'g> NodeView<'g> {
    /// The id of an input that is given.
    pub fn input_id(&self, index: usize) -> Option<TensorId> {
        *self.node.inputs.get(index)?
    }

    /// An input that is given.
    pub fn input(&self, index: usize) -> Option<&'g Tensor> {
        self.graph.tensors.get(self.input_id(index)?)
    }

    /// The id of an output.
    pub fn output_id(&self, index: usize) -> Option<TensorId> {
        self.node.outputs.get(index).copied()
    }

    /// An output.
    pub fn output(&self, index: usize) -> Option<&'g Tensor> {
        self.graph.tensors.get(self.output_id(index)?)
    }

    /// An input that the node's types promise.
    ///
    /// # Errors
    /// When it is absent.
    pub fn need_input(&self, index: usize) -> Result<&'g Tensor, Reject> {
        self.input(index).ok_or_else(|| Reject::malformed(format!("input {index} is missing")))
    }

    /// An output that the node's types promise.
    ///
    /// # Errors
    /// When it is absent.
    pub fn need_output(&self, index: usize) -> Result<&'g Tensor, Reject> {
        self.output(index).ok_or_else(|| Reject::malformed(format!("output {index} is missing")))
    }

    /// Whether inputs and outputs have the element types of a signature such as
    /// `"int8, int8, int32? -> int8"`. `?` may be absent; `*`, on the last of a side, is one or more;
    /// `...` alone is any.
    pub fn has_types(&self, signature: &str) -> bool {
        if signature == "..." {
            return true;
        }
        let Some((inputs, outputs)) = signature.split_once("->") else { return false };
        let given = |id: Option<TensorId>| id.map(|id| self.graph.tensors[id].dtype);
        side_matches(inputs, &self.node.inputs.iter().map(|&id| given(id)).collect::<Vec<_>>())
            && side_matches(outputs, &self.node.outputs.iter().map(|&id| given(Some(id))).collect::<Vec<_>>())
    }

    /// The element types, as a message shows them.
    pub fn types(&self) -> String {
        let name = |id: Option<TensorId>| id.map_or("-", |id| self.graph.tensors[id].dtype.name());
        let inputs: Vec<_> = self.node.inputs.iter().map(|&id| name(id)).collect();
        let outputs: Vec<_> = self.node.outputs.iter().map(|&id| name(Some(id))).collect();
        format!("{} -> {}", inputs.join(", "), outputs.join(", "))
    }

    /// A rejection with the node's name, index, version and types.
    pub fn refusal(&self, reject: Reject) -> Refusal {
        Refusal {
            step: Some(self.node.layer),
            subgraph: self.node.subgraph,
            operator: self.node.name(),
            layer: self.output(0).map(|tensor| tensor.name.clone()).unwrap_or_default(),
            version: self.node.version,
            types: self.types(),
            reason: reject.reason,
            advice: reject.advice,
        }
    }

    /// Why a tensor of type int8, uint8 or int16 that takes part in arithmetic cannot: it has no scale.
    ///
    /// Rows of operators that only move elements do not ask.
    pub(crate) fn quantized_without_scale(&self) -> Vec<Reject> {
        Vec::new()
    }

    /// Whether a tensor is quantised with one scale and a zero point.
    pub fn is_per_tensor(tensor: Option<&Tensor>) -> bool {
        tensor.is_some_and(|tensor| tensor.quant.as_ref().is_some_and(|quant| quant.scales.len() == 1))
    }
}

fn side_matches(pattern: &str, types: &[Option<DType>]) -> bool {
    let patterns: Vec<&str> = pattern.split(',').map(str::trim).filter(|name| !name.is_empty()).collect();
    let mut rest = types;
    for (index, pattern) in patterns.iter().enumerate() {
        let name = pattern.trim_end_matches(['?', '*']);
        let fits = |dtype: &Option<DType>| dtype.is_some_and(|dtype| dtype.name() == name);
        if pattern.ends_with('*') && index + 1 == patterns.len() {
            return !rest.is_empty() && rest.iter().all(fits);
        }
        match rest.split_first() {
            Some((dtype, tail)) if fits(dtype) || (pattern.ends_with('?') && dtype.is_none()) => rest = tail,
            None if pattern.ends_with('?') => {}
            _ => return false,
        }
    }
    rest.is_empty()
}
