//! `compare`: simulated, emulated and measured, side by side.

use std::path::PathBuf;

use anyhow::Result;
use budget::{Calibration, Growth, SideBySide, growth, read_baseline, write_atomically};
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
    let grown: Vec<Growth> = match &args.baseline {
        Some(file) => {
            let before = read_baseline(file).map_err(Usage::of)?;
            growth(&records, &before, args.threshold).map_err(Usage::of)?
        }
        None => Vec::new(),
    };
    if args.json {
        print::json(&json!({"rows": side.as_ref().map(rows), "baseline": grown}))?;
    } else {
        if let Some(side) = &side {
            print::text(&side.table())?;
        }
        for of in &grown {
            print::text(&format!("{of}\n"))?;
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
