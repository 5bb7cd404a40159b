//! What is said of an operator that can be planned.

use tflite::BuiltinOp;

use super::{Lowering, NodeView};
use crate::refusal::Reject;

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
