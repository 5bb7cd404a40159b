//! Operators of one element, or of several that lie over each other.

mod activations;
mod arithmetic;
mod compare;
mod functions;
mod numbers;
mod other;
mod quantize;
mod shared;

use super::Support;

/// The rows of this family.
pub const SUPPORT: &[&[Support]] = &[
    arithmetic::SUPPORT,
    numbers::SUPPORT,
    functions::SUPPORT,
    activations::SUPPORT,
    compare::SUPPORT,
    quantize::SUPPORT,
    other::SUPPORT,
];
