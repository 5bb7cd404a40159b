//! Layer by layer against what is known of another run.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::{Layer, LayerOutput, RecordError};

/// What a layer of another run wrote.
#[derive(Clone, Debug, Deserialize)]
pub struct Reference {
    /// Index of the model's operator.
    pub index: usize,
    /// Its name.
    pub operator: String,
    /// SHA-256 of what it wrote.
    pub sha256: String,
    /// The bytes, in hex, where they are known.
    #[serde(default)]
    pub hex: Option<String>,
}

impl From<Layer> for Reference {
    fn from(layer: Layer) -> Self {
        Self { index: layer.op, operator: layer.name, sha256: layer.sha256, hex: None }
    }
}

/// Reads the layers of a record (`layers_case0`) or of a dump (`steps`).
///
/// # Errors
/// When the file cannot be read or is neither.
pub fn references(path: &Path) -> Result<Vec<Reference>, RecordError> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum File {
        Record { layers_case0: Vec<Layer> },
        Dump { steps: Vec<Reference> },
    }
    let text = std::fs::read_to_string(path)
        .map_err(|source| RecordError::Io { path: PathBuf::from(path), source })?;
    match serde_json::from_str(&text)
        .map_err(|source| RecordError::Format { path: PathBuf::from(path), source })?
    {
        File::Record { layers_case0 } => Ok(layers_case0.into_iter().map(Reference::from).collect()),
        File::Dump { steps } => Ok(steps),
    }
}

/// How one layer compares.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LayerDifference {
    /// Index of the model's operator.
    pub index: usize,
    /// Its name.
    pub operator: String,
    /// The tensor that it wrote; empty when this run has no such layer.
    pub tensor: String,
    /// Whether the bytes are the same; nothing when this run has no such layer, because it was merged into another.
    pub same: Option<bool>,
    /// Where bytes are known and differ: by how much.
    pub by: Option<ByteDifference>,
}

/// By how much bytes differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct ByteDifference {
    /// How many differ.
    pub differing: usize,
    /// Of how many.
    pub of: usize,
    /// Where the first of them is.
    pub first: usize,
    /// The largest difference, as int8.
    pub largest: u8,
}

/// Compares every layer that the other run knows.
pub fn diff(found: &[LayerOutput], references: &[Reference]) -> Vec<LayerDifference> {
    let compare = |reference: &Reference| {
        // A layer with several outputs has one entry for each, in no stated order.
        let outputs: Vec<_> = found.iter().filter(|output| output.layer == reference.index).collect();
        let same = outputs.iter().find(|output| output.sha256() == reference.sha256);
        let shown = same.or(outputs.first());
        LayerDifference {
            index: reference.index,
            operator: reference.operator.clone(),
            tensor: shown.map(|output| output.tensor.clone()).unwrap_or_default(),
            same: shown.map(|_| same.is_some()),
            by: match (same, shown, &reference.hex) {
                (None, Some(output), Some(hex)) => bytes_apart(&output.bytes, hex),
                _ => None,
            },
        }
    };
    references.iter().map(compare).collect()
}

/// Nothing when the lengths differ or the text is no hex.
fn bytes_apart(found: &[u8], hex: &str) -> Option<ByteDifference> {
    let digits = |at: usize| hex.get(at..at + 2).and_then(|pair| u8::from_str_radix(pair, 16).ok());
    let other: Vec<u8> = (0..hex.len()).step_by(2).map(digits).collect::<Option<_>>()?;
    if other.len() != found.len() {
        return None;
    }
    let apart = found.iter().zip(&other).enumerate().filter(|(_, (is, was))| is != was);
    let apart: Vec<_> = apart.map(|(at, (&is, &was))| (at, (is as i8).abs_diff(was as i8))).collect();
    let largest = apart.iter().map(|&(_, by)| by).max()?;
    Some(ByteDifference { differing: apart.len(), of: found.len(), first: apart.first()?.0, largest })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{hex, sha256};

    fn output(layer: usize, bytes: &[u8]) -> LayerOutput {
        LayerOutput { layer, operator: "ADD".into(), tensor: format!("t{layer}"), bytes: bytes.to_vec() }
    }

    fn reference(index: usize, bytes: &[u8]) -> Reference {
        Reference { index, operator: "ADD".into(), sha256: sha256(bytes), hex: Some(hex(bytes)) }
    }

    #[test]
    fn the_same_another_and_a_missing_layer_are_told_apart() {
        let found = [output(0, &[1, 2]), output(1, &[1, 2, 0x80])];
        let references = [reference(0, &[1, 2]), reference(1, &[1, 4, 0x7f]), reference(2, &[1])];
        let differences = diff(&found, &references);
        assert_eq!(differences.iter().map(|it| it.same).collect::<Vec<_>>(), [Some(true), Some(false), None]);
        assert_eq!(differences[1].by, Some(ByteDifference { differing: 2, of: 3, first: 1, largest: 255 }));
        assert_eq!((differences[0].by, differences[2].by), (None, None));
    }

    #[test]
    fn bytes_of_another_length_or_none_at_all_give_no_figure() {
        assert_eq!(bytes_apart(&[1], "0102"), None);
        assert_eq!(bytes_apart(&[1], "zz"), None);
        assert_eq!(bytes_apart(&[1], "0"), None);
    }
}
