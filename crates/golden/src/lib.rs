//! Recorded outputs of models, and how a run compares with them.
//!
//! A record is a JSON file beside the model: what the model is, and for some inputs the bytes of its outputs.
//! The inputs are not stored; a generator makes them again ([`Lcg`]).

mod conform;
mod diff;
#[cfg(feature = "fuzz")]
pub mod fuzz;
mod input;
mod layers;
mod record;
mod run;

pub use conform::{Difference, Verdict, conform, models_in};
pub use diff::{ByteDifference, LayerDifference, Reference, diff, references};
pub use input::{Lcg, lcg_inputs};
pub use layers::{LayerOutput, layers, layers_of};
pub use record::{Case, Layer, Output, Record, RecordError, TensorRecord};
pub use run::{RunFailure, run, run_each};

/// The SHA-256 of some bytes, in hex.
pub fn sha256(bytes: &[u8]) -> String {
    use sha2::Digest;
    hex(&sha2::Sha256::digest(bytes))
}

/// Bytes in hex, two digits each.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
