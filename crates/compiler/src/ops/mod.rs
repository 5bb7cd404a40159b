//! What each operator needs, and the steps it becomes.
//!
//! One [`Support`] row per operator: the versions, element types and rules under which it runs, and the
//! function that turns it into steps. The check of a model, the message that refuses it and
//! SUPPORTED_OPS.md all come from these rows. A family of operators is a file.

mod batch_matmul;
mod blocks;
pub(crate) mod circular_buffer;
mod control;
mod conv_2d;
mod convolution;
pub mod definition;
mod depthwise_conv_2d;
mod document;
mod elementwise;
mod embedding_lookup;
mod fully_connected;
mod gathering;
mod joining;
pub mod lowering;
mod macs;
mod padding;
mod pooling;
mod ranking;
mod reduction;
mod repeating;
mod resizing;
mod shape;
mod slicing;
mod softmax;
mod strided;
mod svdf;
mod transpose_conv;
mod unidirectional_sequence_lstm;
pub mod view;
mod zero_point;

use tflite::BuiltinOp;

pub(crate) use convolution::window_of;
pub use document::document;
pub use lowering::{Lowering, Slot};
pub use macs::{macs, total_macs};
pub use view::NodeView;

use crate::refusal::{Refusal, Reject};

/// What the plan can do with one operator.
pub struct Support {
    /// The operator.
    pub op: BuiltinOp,
    /// Its name, when it is a custom one.
    pub custom: Option<&'static str>,
    /// The versions of its definition that are understood, both ends included.
    pub versions: (i32, i32),
    /// Combinations of element types, as `"int8, int8, int32? -> int8"`: `?` may be absent, `*` is one or more.
    pub types: &'static [&'static str],
    /// What else must hold.
    pub rules: &'static [Rule],
    /// Turns a node that keeps the rules into steps.
    pub lower: fn(&mut Lowering<'_>, &NodeView<'_>) -> Result<(), Reject>,
}

/// A condition that an operator must meet.
pub struct Rule {
    /// The condition, as SUPPORTED_OPS.md prints it.
    pub requires: &'static str,
    /// What to do about a model that does not meet it.
    pub advice: &'static str,
    /// Whether a node meets it.
    pub holds: fn(&NodeView<'_>) -> bool,
}

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
pub fn find(node: &crate::graph::Node) -> Option<&'static Support> {
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
