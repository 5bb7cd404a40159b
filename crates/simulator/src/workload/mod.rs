//! Work-loads that need no file.

mod explain;
mod lm;
mod op;
mod sparsity;
mod transformer;

pub use explain::explain;
pub use lm::{Lm, LmReport, lm_report};
pub use op::parse_op;
pub use sparsity::{SparsityRow, sparsity};
pub use transformer::{encoder, encoder_beside_cnn};

use crate::error::SimError;
use crate::network::{Layer, Op};

pub(crate) fn usage(text: &str, found: impl Into<String>, expected: &str) -> SimError {
    SimError::Usage { text: text.to_owned(), found: found.into(), expected: expected.to_owned() }
}

/// A number with an optional K, M or G behind it.
pub(crate) fn number(text: &str, whole: &str) -> Result<f64, SimError> {
    let (digits, factor) = match text.trim().as_bytes().last() {
        Some(b'k' | b'K') => (text.trim().get(..text.trim().len() - 1), 1e3),
        Some(b'm' | b'M') => (text.trim().get(..text.trim().len() - 1), 1e6),
        Some(b'g' | b'G' | b'b' | b'B') => (text.trim().get(..text.trim().len() - 1), 1e9),
        _ => (Some(text.trim()), 1.0),
    };
    digits
        .and_then(|digits| digits.parse::<f64>().ok())
        .map(|value| value * factor)
        .filter(|value| value.is_finite() && *value > 0.0 && *value < 1e13)
        .ok_or_else(|| usage(whole, format!("`{text}`"), "a number above 0, such as 60M or 512"))
}

/// `rows` of activations times a matrix.
pub(crate) fn product(name: &str, rows: u64, inputs: u64, outputs: u64) -> Layer {
    Layer {
        name: name.to_owned(),
        op: Op::FullyConnected,
        in_channels: inputs,
        out_channels: outputs,
        out_height: rows,
        out_width: 1,
        kernel: (1, 1),
        stride: 1,
        groups: 1,
        weights: None,
        weight_bytes: None,
    }
}

/// The same shape with another operator.
pub(crate) fn with(op: Op, layer: Layer) -> Layer {
    Layer { op, ..layer }
}
