//! From a recording to what is printed and written.

use std::{
    env,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};
use budget::{Record, write_atomically};
use lab::{
    measurement::{Measurement, measure, record},
    recording::Recording,
    report::{self, StepSpan},
};
use mlperf::{EnergyWindow, Session, invalid_energy};

use super::Args;
use crate::{Usage, print};

/// Where a session's folder goes: beside cargo's own output, unless the caller says otherwise.
pub fn sessions(args: &Args) -> PathBuf {
    let beside = || {
        env::var_os("CARGO_TARGET_DIR").map_or_else(|| PathBuf::from("target"), PathBuf::from).join("measure")
    };
    args.out.clone().unwrap_or_else(beside)
}

/// Computes an earlier recording again.
pub fn replay(args: &Args, file: &Path) -> Result<bool> {
    let mut recording = Recording::open(file).map_err(Usage::of)?;
    let measured = compute(args, &mut recording)?;
    tell(args, &recording, &measured)?;
    Ok(measured.is_good())
}

/// Computes a new recording, and writes everything that belongs to it into its folder.
pub fn session(args: &Args, session: &Session, file: &Path) -> Result<bool> {
    let mut recording = Recording::open(file)?;
    let measured = compute(args, &mut recording)?;
    let invalid = if measured.is_good() {
        let windows = energy_windows(&measured);
        if recording.metadata().acquisition.simulated {
            Some("no power monitor: a simulated instrument played a current")
        } else {
            invalid_energy(&windows)
        }
    } else {
        Some("the measurement does not count")
    };
    session.energy(&measured.obtained, &energy_windows(&measured), invalid)?;
    let metadata = recording.metadata();
    let folder = session.folder();
    let json = |value: &serde_json::Value| serde_json::to_string_pretty(value).map(|text| text + "\n");
    write_atomically(
        &folder.join("record.json"),
        &json(&serde_json::to_value(record(&measured, metadata))?)?,
    )?;
    write_atomically(&folder.join("measurement.json"), &json(&serde_json::to_value(&measured)?)?)?;
    tell(args, &recording, &measured)?;
    eprintln!("see {}; cargo xtask measure --replay {} computes it again", folder.display(), file.display());
    Ok(measured.is_good())
}

/// The figures, and the page where one is wanted. New recordings always have one, beside them.
fn compute(args: &Args, recording: &mut Recording) -> Result<Measurement> {
    let (measured, trace) = measure(recording, args.options())?;
    let steps = args.steps.as_deref().map(|file| spans(file, recording)).transpose()?.unwrap_or_default();
    let page = || report::html(&measured, recording.metadata(), &trace, &steps);
    if let Some(file) = &args.html {
        write_atomically(file, &page())?;
    }
    if args.replay.is_none() {
        write_atomically(&recording.path().with_file_name("report.html"), &page())?;
    }
    Ok(measured)
}

fn tell(args: &Args, recording: &Recording, measured: &Measurement) -> Result<()> {
    let metadata = recording.metadata();
    if args.json {
        print::json(&record(measured, metadata))
    } else {
        print::text(&report::text(measured, metadata))
    }
}

/// Windows as the benchmark's result file has them: with what flows while the device waits.
fn energy_windows(measured: &Measurement) -> Vec<EnergyWindow> {
    let whole = measured.windows.iter().filter(|window| window.whole);
    let of = |window: &lab::measurement::WindowFigures| EnergyWindow {
        begin: window.begin_seconds,
        seconds: window.seconds,
        joules: window.average_w * window.seconds,
        inferences: measured.inferences,
    };
    whole.map(of).collect()
}

/// The steps of a record as shares of its whole.
fn spans(file: &Path, recording: &Recording) -> Result<Vec<StepSpan>> {
    let record = Record::read(file).map_err(Usage::of)?;
    let measured = recording.metadata().model.as_ref();
    if measured.is_some_and(|model| !record.is_of(&model.name, &model.sha256)) {
        return Err(Usage::error(format!(
            "{}: steps of another model, {}",
            file.display(),
            record.model.name
        )));
    }
    let length = |step: &budget::record::Step| step.microseconds.or(step.cycles.map(|cycles| cycles as f64));
    let lengths: Option<Vec<f64>> = record.steps.iter().map(length).collect();
    let lengths = lengths.with_context(|| format!("{}: steps without a length", file.display()))?;
    let all: f64 = lengths.iter().sum();
    let mut begin = 0.0;
    let span = |(step, length): (&budget::record::Step, f64)| {
        let span = StepSpan {
            name: format!("{} {} ({})", step.index, step.operator, record.obtained.name()),
            begin,
            length: length / all.max(f64::MIN_POSITIVE),
        };
        begin += span.length;
        span
    };
    Ok(record.steps.iter().zip(lengths).map(span).collect())
}
