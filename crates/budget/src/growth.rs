//! Latency and energy of records against those of earlier ones, however they were obtained.

use std::fmt;

use serde::Serialize;

use crate::{
    error::BudgetError,
    record::{Obtained, Record},
};

/// A figure beside what it was.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Growth {
    /// The machine or board.
    pub target: String,
    /// How both were obtained.
    pub obtained: &'static str,
    /// Which figure, with its unit.
    pub figure: &'static str,
    /// It was.
    pub before: f64,
    /// It is.
    pub after: f64,
    /// Relative.
    pub change: f64,
    /// By how much it may grow, relative.
    pub allowed: f64,
    /// Whether it grew by more.
    pub regressed: bool,
}

impl fmt::Display for Growth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { target, obtained, figure, before, after, change, allowed, regressed } = self;
        let word = if *regressed { "REGRESSED" } else { "kept" };
        let (change, allowed) = (change * 100.0, allowed * 100.0);
        write!(
            f,
            "{word}: {obtained} {figure} on {target} {before:.3} -> {after:.3} ({change:+.2} %, allowed {allowed:.2} %)"
        )
    }
}

/// Holds latency and energy of each record against the earlier one of the same model, target and way. They may grow by the
/// threshold, relative; a measured energy by its own interval, where that is wider.
///
/// # Errors
/// [`BudgetError::Compared`], where there is nothing to hold them against.
pub fn growth(records: &[Record], baseline: &[Record], threshold: f64) -> Result<Vec<Growth>, BudgetError> {
    let mut all = Vec::new();
    for record in records {
        let same = |known: &&Record| {
            known.model.sha256 == record.model.sha256
                && known.target == record.target
                && known.obtained == record.obtained
        };
        let Some(before) = baseline.iter().find(same) else { continue };
        for (figure, old, new, known) in [
            ("latency in µs", before.total.microseconds, record.total.microseconds, 0.0),
            ("energy in µJ", before.total.microjoules, record.total.microjoules, uncertainty(record)),
        ] {
            let Some((before, after)) = old.zip(new).filter(|(before, _)| *before > 0.0) else { continue };
            let (change, allowed) = (after / before - 1.0, threshold.max(known));
            let (target, obtained) = (record.target.clone(), record.obtained.name());
            let regressed = change > allowed;
            all.push(Growth { target, obtained, figure, before, after, change, allowed, regressed });
        }
    }
    if all.is_empty() {
        let reason = "the baseline has no record of this model, on this target, obtained in this way";
        return Err(BudgetError::Compared { reason: reason.to_owned() });
    }
    Ok(all)
}

/// How far a measured energy may be off, relative: less than that is no change.
fn uncertainty(record: &Record) -> f64 {
    let figures = record.extra.get("measurement").map(|of| &of["microjoules"]);
    let figure = |key: &str| figures.and_then(|of| of[key].as_f64());
    match (figure("high"), figure("low"), figure("mean")) {
        (Some(high), Some(low), Some(mean)) if mean > 0.0 && record.obtained != Obtained::Emulated => {
            (high - low) / 2.0 / mean
        }
        _ => 0.0,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn record(microjoules: f64, reach: f64) -> Record {
        let record = json!({
            "schema": 1, "model": {"name": "kws", "sha256": "ab"}, "target": "m4", "obtained": "measured", "tools": {},
            "clock_hz": null, "steps": [],
            "total": {
                "macs": 0, "instructions": null, "cycles": null, "microseconds": 100.0, "microjoules": microjoules,
                "arena_bytes": null, "code_bytes": null, "weight_bytes": null
            },
            "measurement": {"microjoules": {"mean": microjoules, "low": microjoules - reach, "high": microjoules + reach}},
        });
        Record::from_json("a test", &record.to_string()).unwrap()
    }

    #[test]
    fn an_energy_regresses_when_it_grows_by_more_than_its_interval_and_the_threshold() {
        let regressed = |after: f64, reach: f64| {
            let all = growth(&[record(after, reach)], &[record(100.0, 1.0)], 0.02).unwrap();
            all.iter().any(|of| of.regressed)
        };
        assert!(!regressed(101.9, 0.1));
        assert!(regressed(102.1, 0.1));
        assert!(!regressed(104.0, 5.0));
        assert!(regressed(110.0, 5.0));
        assert!(!regressed(50.0, 0.1));
    }

    #[test]
    fn a_baseline_of_something_else_is_wrong_usage() {
        let mut other = record(100.0, 1.0);
        other.target = "m0".to_owned();
        assert!(growth(&[record(100.0, 1.0)], &[other], 0.02).is_err());
    }
}
