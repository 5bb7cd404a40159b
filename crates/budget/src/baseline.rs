//! Figures against those of an earlier run.

use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::{
    blame::Blame,
    error::BudgetError,
    file::Budget,
    metric::Metric,
    record::{Record, json_error},
};

/// How many steps of a regression are named.
const NAMED: usize = 3;

/// What is the same and what is not.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct Comparison {
    /// Figures compared.
    pub compared: usize,
    /// Those that differ by more than their threshold, either way.
    pub changes: Vec<Change>,
    /// What could not be compared, in sentences.
    pub notes: Vec<String>,
}

impl Comparison {
    /// The changes for the worse.
    pub fn regressions(&self) -> impl Iterator<Item = &Change> {
        self.changes.iter().filter(|change| change.regressed)
    }
}

/// A figure that differs from its baseline.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Change {
    /// The model.
    pub model: String,
    /// The machine or board.
    pub target: String,
    /// Which figure.
    pub metric: Metric,
    /// It was.
    pub before: f64,
    /// It is.
    pub after: f64,
    /// Relative; nothing where it was 0.
    pub change: Option<f64>,
    /// By how much it may grow.
    pub threshold: f64,
    /// Whether it grew by more.
    pub regressed: bool,
    /// The steps that grew most, where the steps of both are the same.
    pub steps: Vec<Blame>,
}

/// Reads a baseline: what `gate --json` printed, a record, or a list of records.
///
/// # Errors
/// [`BudgetError::Read`]; [`BudgetError::Malformed`].
pub fn read_baseline(path: &Path) -> Result<Vec<Record>, BudgetError> {
    let file = path.display().to_string();
    let text =
        std::fs::read_to_string(path).map_err(|reason| BudgetError::Read { file: file.clone(), reason })?;
    baseline_from_json(&file, &text)
}

/// The records of a baseline. `file` is for messages.
///
/// # Errors
/// [`BudgetError::Malformed`].
pub fn baseline_from_json(file: &str, text: &str) -> Result<Vec<Record>, BudgetError> {
    #[derive(Deserialize)]
    struct Gate {
        runs: Vec<Held>,
    }
    #[derive(Deserialize)]
    struct Held {
        record: Option<Record>,
    }
    let malformed = |error: serde_json::Error| json_error(file, &error);
    let value: serde_json::Value = serde_json::from_str(text).map_err(malformed)?;
    // Read anew from the text, for the place of what is wrong.
    let records: Vec<Record> = if value.is_array() {
        serde_json::from_str(text).map_err(malformed)?
    } else if value.get("runs").is_some() {
        let gate: Gate = serde_json::from_str(text).map_err(malformed)?;
        gate.runs.into_iter().filter_map(|run| run.record).collect()
    } else {
        vec![serde_json::from_str(text).map_err(malformed)?]
    };
    records.iter().try_for_each(|record| record.check(file))?;
    Ok(records)
}

/// Compares every record with the baseline's of the same model, target, placement and batch.
pub fn compare<'a>(
    budget: &Budget,
    records: impl IntoIterator<Item = &'a Record>,
    baseline: &[Record],
) -> Comparison {
    let mut comparison = Comparison::default();
    let mut seen: Vec<&Record> = Vec::new();
    for record in records {
        let key = key(record);
        if seen.iter().any(|known| self::key(known) == key) {
            continue;
        }
        seen.push(record);
        let named = format!("{} on {}", record.model.name, record.target);
        match baseline.iter().find(|known| self::key(known) == key) {
            None => comparison.notes.push(format!("{named}: not in the baseline")),
            Some(before) if before.obtained != record.obtained => comparison.notes.push(format!(
                "{named}: the baseline is {}, this is {}: not compared",
                before.obtained.name(),
                record.obtained.name()
            )),
            Some(before) => {
                if before.tools != record.tools {
                    comparison
                        .notes
                        .push(format!("{named}: the baseline was made by other tools or versions"));
                }
                each_metric(budget, before, record, &mut comparison);
            }
        }
    }
    for before in baseline {
        if !seen.iter().any(|known| key(known) == key(before)) {
            let text = format!("{} on {}: only in the baseline", before.model.name, before.target);
            comparison.notes.push(text);
        }
    }
    comparison
}

fn key(record: &Record) -> (&str, &str, Option<&str>, Option<u64>) {
    (&record.model.name, &record.target, record.place.as_deref(), record.batch)
}

fn each_metric(budget: &Budget, before: &Record, after: &Record, comparison: &mut Comparison) {
    let sizes = [(Metric::FileSize, before.total.weight_bytes, after.total.weight_bytes)];
    let figures = Metric::ALL
        .into_iter()
        .map(|metric| (metric, metric.of(before), metric.of(after)))
        // A record has no file; its weights stand for it.
        .chain(sizes.map(|(metric, from, to)| (metric, from.map(|n| n as f64), to.map(|n| n as f64))));
    for (metric, from, to) in figures {
        let (Some(from), Some(to)) = (from, to) else { continue };
        comparison.compared += 1;
        let threshold = budget.threshold(metric);
        let regressed = to > from * (1.0 + threshold);
        let improved = to < from * (1.0 - threshold);
        if regressed || improved {
            comparison.changes.push(Change {
                model: after.model.name.clone(),
                target: after.target.clone(),
                metric,
                before: from,
                after: to,
                change: (from > 0.0).then(|| to / from - 1.0),
                threshold,
                regressed,
                steps: if regressed { grown(metric, before, after) } else { Vec::new() },
            });
        }
    }
}

/// The steps that grew most, with the growth as their value and their share of all growth of steps.
fn grown(metric: Metric, before: &Record, after: &Record) -> Vec<Blame> {
    let part = |step: &crate::record::Step| match metric {
        Metric::Latency => step.microseconds,
        Metric::Energy | Metric::AveragePower => step.microjoules,
        Metric::PeakMemory => step.arena_bytes.map(|bytes| bytes as f64),
        _ => None,
    };
    let same = before.steps.len() == after.steps.len()
        && before.steps.iter().zip(&after.steps).all(|(a, b)| a.operator == b.operator);
    if !same {
        return Vec::new();
    }
    let mut steps: Vec<Blame> = Vec::new();
    for (from, to) in before.steps.iter().zip(&after.steps) {
        let Some(by) = part(from).zip(part(to)).map(|(from, to)| to - from).filter(|by| *by > 0.0) else {
            continue;
        };
        let shape = to.shape.as_deref().unwrap_or_default();
        let what = format!("{} {shape}", to.operator).trim_end().to_owned();
        steps.push(Blame { step: Some(to.index), what, value: by, share: 0.0 });
    }
    let all: f64 = steps.iter().map(|step| step.value).sum();
    steps.iter_mut().for_each(|step| step.share = step.value / all);
    steps.sort_by(|a, b| b.value.total_cmp(&a.value));
    steps.truncate(NAMED);
    steps
}
