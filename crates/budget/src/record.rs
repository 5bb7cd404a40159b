//! The common record: one shape for what was simulated, emulated or measured.
//!
//! Absent figures are `None`, written as `null`: an accelerator has no instruction count, a counter no joules.
//! What other tools add is kept ([`Record::extra`], [`Step::extra`]) and written again.

use std::{collections::BTreeMap, path::Path};

use serde::{Deserialize, Serialize};

use crate::error::BudgetError;

/// The version of the record's shape.
pub const SCHEMA: u32 = 1;

/// How figures were obtained.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Obtained {
    /// Computed from a description of a machine.
    Simulated,
    /// Counted on an emulated core.
    Emulated,
    /// Measured on hardware.
    Measured,
}

impl Obtained {
    /// The word in files and tables.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Simulated => "simulated",
            Self::Emulated => "emulated",
            Self::Measured => "measured",
        }
    }
}

/// What a model took of a target, in sum and step by step.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Record {
    /// [`SCHEMA`].
    pub schema: u32,
    /// What ran.
    pub model: Model,
    /// On what: a machine or a board.
    pub target: String,
    /// How the figures were obtained.
    pub obtained: Obtained,
    /// What made the record, with versions.
    pub tools: BTreeMap<String, String>,
    /// The clock that cycles are counted by.
    pub clock_hz: Option<u64>,
    /// Inputs at once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub batch: Option<u64>,
    /// Which engines were allowed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<String>,
    /// Sums.
    pub total: Total,
    /// How far to trust the totals; absent where nothing is known about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<ErrorBar>,
    /// Where the energy goes, in microjoules; the parts add up to the total.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub energy_parts: BTreeMap<String, f64>,
    /// What lies beside the steps, in microseconds.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub overhead: BTreeMap<String, f64>,
    /// Watts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub power: Option<Power>,
    /// What is known to be wrong with the figures.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub known_wrong: Vec<String>,
    /// Step by step.
    pub steps: Vec<Step>,
    /// What other tools added.
    #[serde(flatten)]
    pub extra: BTreeMap<String, serde_json::Value>,
}

/// A model's name and hash.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Model {
    /// Its name.
    pub name: String,
    /// The SHA-256 of the file, or of the layer list, in hex.
    pub sha256: String,
}

/// Sums over a run.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct Total {
    /// Multiply-accumulates.
    pub macs: u64,
    /// Instructions.
    pub instructions: Option<u64>,
    /// Cycles of [`Record::clock_hz`].
    pub cycles: Option<u64>,
    /// From call to answer.
    pub microseconds: Option<f64>,
    /// The same in milliseconds, for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub milliseconds: Option<f64>,
    /// Energy.
    pub microjoules: Option<f64>,
    /// Most activations and scratch alive at once.
    pub arena_bytes: Option<u64>,
    /// Code.
    pub code_bytes: Option<u64>,
    /// Weights as stored.
    pub weight_bytes: Option<u64>,
}

/// Relative errors on figures that a calibration did not see.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct ErrorBar {
    /// Median for latency.
    pub latency_median: f64,
    /// Nine of ten for latency.
    pub latency_p90: f64,
    /// Median for energy, 0 where nothing was compared.
    pub energy_median: f64,
    /// Latency at the lower end of the nine-of-ten interval, in microseconds.
    pub microseconds_low: f64,
    /// At the upper.
    pub microseconds_high: f64,
    /// What it was calibrated on.
    pub calibrated_on: String,
}

/// Watts.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize)]
pub struct Power {
    /// Over the run.
    pub average_w: f64,
    /// In the hungriest step.
    pub peak_w: f64,
}

/// One step.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct Step {
    /// Index of the step.
    pub index: usize,
    /// Index of its first layer in the model.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub layer: Option<usize>,
    /// Layers fused into it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub layers: Option<usize>,
    /// Operator.
    pub operator: String,
    /// What ran it.
    pub kernel: String,
    /// The engine, on a machine with several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub engine: Option<String>,
    /// Shape as text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shape: Option<String>,
    /// Multiply-accumulates.
    pub macs: u64,
    /// Instructions.
    pub instructions: Option<u64>,
    /// Cycles of [`Record::clock_hz`].
    pub cycles: Option<u64>,
    /// Start.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start_microseconds: Option<f64>,
    /// Length.
    pub microseconds: Option<f64>,
    /// Energy.
    pub microjoules: Option<f64>,
    /// What holds it up: `compute`, `weights`, `activations`, `serial`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bound: Option<String>,
    /// The arithmetic alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub compute_microseconds: Option<f64>,
    /// The weight stream alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weights_microseconds: Option<f64>,
    /// Activation traffic alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub activations_microseconds: Option<f64>,
    /// What overlaps with nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub serial_microseconds: Option<f64>,
    /// Share of the multipliers in use.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub utilisation: Option<f64>,
    /// Bytes moved, by memory.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub bytes: BTreeMap<String, u64>,
    /// Activations in and out, and scratch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub arena_bytes: Option<u64>,
    /// Why it is not on the machine's first engine.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// What other tools added.
    #[serde(flatten)]
    pub extra: BTreeMap<String, serde_json::Value>,
}

impl Record {
    /// Reads a record. `file` is for messages.
    ///
    /// # Errors
    /// [`BudgetError::Malformed`] with the line; another schema; a figure below 0.
    pub fn from_json(file: &str, text: &str) -> Result<Self, BudgetError> {
        let record: Self = serde_json::from_str(text).map_err(|error| json_error(file, &error))?;
        record.check(file)?;
        Ok(record)
    }

    /// Reads a record from a file.
    ///
    /// # Errors
    /// [`BudgetError::Read`], and those of [`Record::from_json`].
    pub fn read(path: &Path) -> Result<Self, BudgetError> {
        let file = path.display().to_string();
        let text = std::fs::read_to_string(path)
            .map_err(|reason| BudgetError::Read { file: file.clone(), reason })?;
        Self::from_json(&file, &text)
    }

    /// Whether it is of the model with this name and SHA-256. A prediction's hash is that of its list of layers, since it may
    /// be of a network that is no file; so a prediction belongs to a model by its name.
    #[must_use]
    pub fn is_of(&self, name: &str, sha256: &str) -> bool {
        self.model.sha256 == sha256 || (self.obtained == Obtained::Simulated && self.model.name == name)
    }

    /// Holds a record against what its keys promise.
    pub(crate) fn check(&self, file: &str) -> Result<(), BudgetError> {
        let malformed = |found: String, expected: &str| BudgetError::Malformed {
            file: file.to_owned(),
            line: 1,
            column: 1,
            found,
            expected: expected.to_owned(),
        };
        if self.schema != SCHEMA {
            return Err(malformed(format!("a record of schema {}", self.schema), "schema 1"));
        }
        let total = &self.total;
        let figures = [
            ("total.microseconds", total.microseconds),
            ("total.microjoules", total.microjoules),
            ("power.average_w", self.power.map(|power| power.average_w)),
            ("power.peak_w", self.power.map(|power| power.peak_w)),
            ("error.latency_median", self.error.as_ref().map(|bar| bar.latency_median)),
            ("error.latency_p90", self.error.as_ref().map(|bar| bar.latency_p90)),
            ("error.energy_median", self.error.as_ref().map(|bar| bar.energy_median)),
        ];
        for (key, figure) in figures {
            if let Some(below) = figure.filter(|figure| !figure.is_finite() || *figure < 0.0) {
                return Err(malformed(format!("{key} = {below}"), "a number not below 0"));
            }
        }
        Ok(())
    }
}

/// What serde says about JSON, with its place.
pub(crate) fn json_error(file: &str, error: &serde_json::Error) -> BudgetError {
    let text = error.to_string();
    // The place is in the error's own fields.
    let text = text.rsplit_once(" at line ").map_or(text.as_str(), |(said, _)| said);
    let (found, expected) = crate::error::split_expected(text, "a record of schema 1");
    BudgetError::Malformed {
        file: file.to_owned(),
        line: error.line().max(1),
        column: error.column().max(1),
        found,
        expected,
    }
}
