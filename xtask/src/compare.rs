//! `compare`: simulated, emulated and measured, side by side.

use std::path::PathBuf;

use anyhow::Result;
use budget::{Calibration, Obtained, Record, SideBySide, read_baseline, write_atomically};
use serde_json::json;

use crate::{Usage, print};

/// One model simulated, emulated and measured, side by side: per layer and in total, with ratios.
///
/// Takes records as `sim --json`, `profile --json` and `measure --json` print them. All are held against the one nearest to hardware. With
/// `--calibration` writes the factors that the prediction has to be multiplied by; `sim --json --calibration` does so. With `--baseline` exits
/// with 1 when a latency or an energy has grown by more than the threshold, or, where it is a measurement with an interval, by more
/// than both its interval and the threshold.
///
/// Examples:
///   cargo xtask compare sim.json profile.json measured.json
///   cargo xtask compare sim.json measured.json --calibration m4.toml
///   cargo xtask compare measured.json --baseline before.json --threshold 0.03
#[derive(clap::Args)]
#[command(verbatim_doc_comment)]
pub struct Args {
    /// Records of one model.
    #[arg(required = true, value_name = "RECORD")]
    records: Vec<PathBuf>,
    /// Write the factors by which the prediction differs from the reference.
    #[arg(long, value_name = "FILE")]
    calibration: Option<PathBuf>,
    /// Earlier records, each held against the new one of the same model, target and way.
    #[arg(long, value_name = "FILE")]
    baseline: Option<PathBuf>,
    /// By how much a figure may grow, relative.
    #[arg(long, default_value_t = 0.02, value_name = "SHARE", requires = "baseline")]
    threshold: f64,
    /// Print everything as JSON.
    #[arg(long)]
    json: bool,
}

/// A figure that grew.
#[derive(Debug, serde::Serialize)]
struct Grown {
    target: String,
    obtained: &'static str,
    figure: &'static str,
    before: f64,
    after: f64,
    /// Relative.
    change: f64,
    /// By how much it might.
    allowed: f64,
    regressed: bool,
}

/// Runs the verb; whether nothing regressed.
pub fn run(args: &Args) -> Result<bool> {
    let mut records = Vec::new();
    for file in &args.records {
        records.extend(read_baseline(file).map_err(Usage::of)?);
    }
    let side = match records.as_slice() {
        [_] if args.baseline.is_some() => None,
        all => Some(SideBySide::of(all).map_err(Usage::of)?),
    };
    if let Some(file) = &args.calibration {
        let calibration = side.as_ref().and_then(|side| Calibration::of(side, &records));
        let calibration = calibration.ok_or_else(|| {
            Usage::error("a calibration needs a simulated record and an emulated or measured one")
        })?;
        write_atomically(file, &calibration.text()?)?;
    }
    let grown = match &args.baseline {
        Some(file) => grown(&records, &read_baseline(file).map_err(Usage::of)?, args.threshold)?,
        None => Vec::new(),
    };
    if args.json {
        print::json(&json!({"rows": side.as_ref().map(rows), "baseline": grown}))?;
    } else {
        if let Some(side) = &side {
            print::text(&side.table())?;
        }
        for of in &grown {
            let Grown { target, obtained, figure, before, after, change, allowed, regressed } = of;
            let word = if *regressed { "REGRESSED" } else { "kept" };
            print::text(&format!(
                "{word}: {obtained} {figure} on {target} {before:.3} -> {after:.3} ({:+.2} %, allowed {:.2} %)\n",
                change * 100.0,
                allowed * 100.0
            ))?;
        }
    }
    Ok(!grown.iter().any(|of| of.regressed))
}

fn rows(side: &SideBySide) -> serde_json::Value {
    let columns = side.columns.iter().enumerate().map(|(index, column)| {
        json!({
            "target": column.target, "obtained": column.obtained.name(), "reference": index == side.reference,
        })
    });
    let rows = side.rows.iter().map(|row| {
        let figures = row.figures.iter().enumerate().map(|(index, of)| {
            let [time, energy] = side.ratios(row, index);
            json!({
                "microseconds": of.microseconds, "microjoules": of.microjoules,
                "microseconds_ratio": time, "microjoules_ratio": energy,
            })
        });
        json!({"layer": row.layer, "name": row.name, "figures": figures.collect::<Vec<_>>()})
    });
    json!({"columns": columns.collect::<Vec<_>>(), "rows": rows.collect::<Vec<_>>()})
}

/// Latency and energy of each record against those before.
fn grown(records: &[Record], baseline: &[Record], threshold: f64) -> Result<Vec<Grown>> {
    let mut all = Vec::new();
    for record in records {
        let same = |known: &&Record| {
            known.model.sha256 == record.model.sha256
                && known.target == record.target
                && known.obtained == record.obtained
        };
        let Some(before) = baseline.iter().find(same) else { continue };
        for (figure, old, new) in [
            ("latency in µs", before.total.microseconds, record.total.microseconds),
            ("energy in µJ", before.total.microjoules, record.total.microjoules),
        ] {
            let Some((before, after)) = old.zip(new).filter(|(before, _)| *before > 0.0) else { continue };
            let change = after / before - 1.0;
            let known = if figure.starts_with("energy") { uncertainty(record) } else { 0.0 };
            let allowed = threshold.max(known);
            let (target, obtained) = (record.target.clone(), record.obtained.name());
            all.push(Grown {
                target,
                obtained,
                figure,
                before,
                after,
                change,
                allowed,
                regressed: change > allowed,
            });
        }
    }
    if all.is_empty() {
        return Err(Usage::error(
            "the baseline has no record of this model, on this target, obtained in this way",
        ));
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
            let all = grown(&[record(after, reach)], &[record(100.0, 1.0)], 0.02).unwrap();
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
        assert!(grown(&[record(100.0, 1.0)], &[other], 0.02).is_err());
    }
}
