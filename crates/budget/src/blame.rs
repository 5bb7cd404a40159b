//! Which steps are to blame for a figure.

use serde::{Deserialize, Serialize};

use crate::{
    metric::Metric,
    record::{Record, Step},
};

/// How many are named.
const NAMED: usize = 3;

/// A step, or what lies beside the steps, and its share of a figure.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Blame {
    /// Index of the step; nothing for what lies beside them.
    pub step: Option<usize>,
    /// Operator and shape.
    pub what: String,
    /// Its part of the figure, in the figure's unit.
    pub value: f64,
    /// The same as a share of the figure.
    pub share: f64,
}

/// The largest shares of a figure, largest first. `figure` is what the record says in sum.
pub fn blame(metric: Metric, record: &Record, figure: f64) -> Vec<Blame> {
    let part = |step: &Step| match metric {
        Metric::Latency => step.microseconds,
        Metric::Energy | Metric::AveragePower => step.microjoules,
        Metric::PeakPower => step
            .microseconds
            .filter(|time| *time > 0.0)
            .zip(step.microjoules)
            .map(|(time, energy)| energy / time),
        Metric::PeakMemory => step.arena_bytes.map(|bytes| bytes as f64),
        Metric::FileSize => step.bytes.get("weights").map(|bytes| *bytes as f64),
        Metric::QuantisationLoss => None,
    };
    // A power is an energy over the time of all: what a step adds to it is its energy.
    let whole = match metric {
        Metric::AveragePower => record.total.microjoules.unwrap_or(0.0),
        _ => figure,
    };
    let scale = if whole > 0.0 { figure / whole } else { return Vec::new() };
    let mut parts: Vec<Blame> = Vec::new();
    let mut sum = 0.0;
    for step in &record.steps {
        let Some(value) = part(step).filter(|value| *value > 0.0) else { continue };
        sum += value;
        let shape = step.shape.as_deref().unwrap_or_default();
        let what = format!("{} {shape}", step.operator).trim_end().to_owned();
        parts.push(Blame { step: Some(step.index), what, value: value * scale, share: value / whole });
    }
    let adds_up = matches!(metric, Metric::Latency | Metric::Energy | Metric::AveragePower);
    let beside = whole - sum;
    if adds_up && !parts.is_empty() && beside > 1e-6 * whole {
        let what = "beside the steps: dispatch, copies, crossings".to_owned();
        parts.push(Blame { step: None, what, value: beside * scale, share: beside / whole });
    }
    // The order of equals is that of the steps: sorting is stable.
    parts.sort_by(|a, b| b.share.total_cmp(&a.share));
    parts.truncate(NAMED);
    parts
}
