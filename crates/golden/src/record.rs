//! The record's format.

use std::path::{Path, PathBuf};

use serde::Deserialize;

/// What is recorded of a model.
#[derive(Clone, Debug, Deserialize)]
pub struct Record {
    /// The model's name.
    pub model: String,
    /// SHA-256 of the `.tflite` file.
    pub sha256: String,
    /// Which engine the bytes come from; absent when none has a trustworthy answer.
    #[serde(default)]
    pub golden_engine: Option<String>,
    /// What the model reads.
    #[serde(default)]
    pub inputs: Vec<TensorRecord>,
    /// What the model writes.
    #[serde(default)]
    pub outputs: Vec<TensorRecord>,
    /// Inputs, by seed, and the outputs recorded for them. Each begins with fresh state.
    #[serde(default)]
    pub cases: Vec<Case>,
    /// The same inputs one after another without resetting the state.
    #[serde(default)]
    pub stream: Option<Stream>,
    /// Every step's output for case 0.
    #[serde(default)]
    pub layers_case0: Option<Vec<Layer>>,
}

/// An input or output.
#[derive(Clone, Debug, Deserialize)]
pub struct TensorRecord {
    /// Its name.
    pub name: String,
    /// Its shape.
    pub shape: Vec<i64>,
    /// Its element type.
    pub dtype: String,
}

/// One input and what came of it.
#[derive(Clone, Debug, Deserialize)]
pub struct Case {
    /// Its number.
    pub case: u32,
    /// What the generator begins with.
    pub seed: u32,
    /// SHA-256 of each input's bytes, by which the generator is checked.
    #[serde(default)]
    pub input_sha256: Vec<String>,
    /// The recorded outputs.
    #[serde(default)]
    pub outputs: Vec<Output>,
}

/// One recorded output.
#[derive(Clone, Debug, Deserialize)]
pub struct Output {
    /// SHA-256 of its bytes.
    pub sha256: String,
    /// All its bytes in hex, unless it is large.
    #[serde(default)]
    pub hex: Option<String>,
}

/// Outputs of inputs fed one after another.
#[derive(Clone, Debug, Deserialize)]
pub struct Stream {
    /// Per case, per output.
    pub outputs: Vec<Vec<Output>>,
}

/// One step's output.
#[derive(Clone, Debug, Deserialize)]
pub struct Layer {
    /// Index of the model's operator.
    pub op: usize,
    /// Its name.
    pub name: String,
    /// SHA-256 of what it writes.
    pub sha256: String,
}

/// Why a record cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RecordError {
    /// The file cannot be read.
    #[error("cannot read {}: {source}", path.display())]
    Io {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file is not a record.
    #[error("{} is not a record of a model: {source}", path.display())]
    Format {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: serde_json::Error,
    },
}

impl Record {
    /// Reads a record.
    ///
    /// # Errors
    /// As [`RecordError`] says.
    pub fn read(path: &Path) -> Result<Self, RecordError> {
        let text =
            std::fs::read_to_string(path).map_err(|source| RecordError::Io { path: path.into(), source })?;
        serde_json::from_str(&without_infinities(&text))
            .map_err(|source| RecordError::Format { path: path.into(), source })
    }
}

/// Records hold differences that are not finite, for which JSON has no number: nothing reads them.
fn without_infinities(text: &str) -> String {
    text.replace(":-Infinity", ":null").replace(":Infinity", ":null").replace(":NaN", ":null")
}
