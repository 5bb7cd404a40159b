//! Every operator that can be planned, and whether a node is one.

use super::{
    NodeView, Support, batch_matmul, blocks, circular_buffer, control, conv_2d, depthwise_conv_2d,
    elementwise, embedding_lookup, fully_connected, gathering, joining, padding, pooling, ranking, reduction,
    repeating, resizing, shape, slicing, softmax, svdf, transpose_conv, unidirectional_sequence_lstm,
};
use crate::{
    graph::Node,
    refusal::{Refusal, Reject},
};

/// Every operator that can be planned, family by family.
pub fn all() -> impl Iterator<Item = &'static Support> {
    let families = [
        batch_matmul::SUPPORT,
        circular_buffer::SUPPORT,
        control::SUPPORT,
        conv_2d::SUPPORT,
        depthwise_conv_2d::SUPPORT,
        embedding_lookup::SUPPORT,
        fully_connected::SUPPORT,
        svdf::SUPPORT,
        transpose_conv::SUPPORT,
        unidirectional_sequence_lstm::SUPPORT,
        blocks::SUPPORT,
        gathering::SUPPORT,
        joining::SUPPORT,
        padding::SUPPORT,
        pooling::SUPPORT,
        ranking::SUPPORT,
        reduction::SUPPORT,
        repeating::SUPPORT,
        resizing::SUPPORT,
        shape::SUPPORT,
        slicing::SUPPORT,
        softmax::SUPPORT,
    ];
    families.into_iter().chain(elementwise::SUPPORT.iter().copied()).flatten()
}

/// The row for a node.
pub fn find(node: &Node) -> Option<&'static Support> {
    all().find(|support| support.op == node.op && support.custom == node.custom_code.as_deref())
}

/// Checks one node against its row.
///
/// # Errors
/// Every rule that it breaks.
pub fn check(view: &NodeView<'_>) -> Result<&'static Support, Vec<Refusal>> {
    let Some(support) = find(view.node) else {
        let advice =
            "see SUPPORTED_OPS.md for what runs; replace the layer or leave it to the code around the model";
        return Err(vec![view.refusal(Reject::new("this operator is not supported", advice))]);
    };
    let mut rejects = Vec::new();
    let (low, high) = support.versions;
    if !(low..=high).contains(&view.node.version) {
        rejects.push(Reject::new(
            format!("version {} is not one of {low} to {high}", view.node.version),
            "convert the model with a converter that writes a version in that range",
        ));
    }
    if !support.types.iter().any(|signature| view.has_types(signature)) {
        rejects.push(Reject::new(
            format!("these element types are not supported; supported: {}", support.types.join("; ")),
            "quantise the model to int8, or put QUANTIZE and DEQUANTIZE around the layer",
        ));
    } else {
        // Rules may read what the types promise.
        rejects.extend(view.quantized_without_scale());
        if rejects.is_empty() {
            for rule in support.rules.iter().filter(|rule| !(rule.holds)(view)) {
                rejects.push(Reject::new(format!("it requires that {}", rule.requires), rule.advice));
            }
        }
    }
    if rejects.is_empty() {
        Ok(support)
    } else {
        Err(rejects.into_iter().map(|reject| view.refusal(reject)).collect())
    }
}
