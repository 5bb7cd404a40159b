//! `profile`: what a model takes of a core, layer by layer.

mod board;
mod emulated;
mod layers;
mod record;
mod request;
mod table;
mod trace;

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use budget::{Drift, Tolerance, read_baseline};
use firmware::Board;

pub use board::measure as measure_by_probe;
pub use emulated::measure;
pub use request::{Measured, Request};

use crate::{
    Usage,
    firmware::For,
    infer::refused,
    input::{self, Source},
    model::Model,
    planning::Planning,
    print,
};

/// What a model takes of a core, layer by layer: instructions counted on an emulated board, cycles by the core's table; on a
/// board behind a debug probe, cycles by the core's own counter.
///
/// On an emulated board the second of two runs on the same input is counted, and its bytes are compared with the host's. Cycles are those of
/// memory without wait states, from `crates/emulator/timing`. A board behind a probe is flashed, runs the model twice, whole
/// and with every step timed, and what timing a step costs is measured there and taken away. Exits with 1 when bytes differ, or when figures are worse
/// than the baseline's: cycles by more than 0.5 %, code by more than 1 %, arena or weights at all.
///
/// Example: cargo xtask profile kws --board qemu-an386 --mix
///
/// Example: cargo xtask profile kws --board nucleo-l4r5zi --probe simulated
///
/// Example: cargo xtask profile kws --json > before.json; cargo xtask profile kws --baseline before.json
#[derive(clap::Args)]
pub struct Args {
    /// The model's file, or the name of one that is shipped.
    model: String,
    /// The board.
    #[arg(long, default_value = "qemu-an386")]
    board: String,
    /// The debug probe's serial number, where several are plugged in; or `simulated`, whose times are made up.
    #[arg(long, value_name = "SERIAL|simulated")]
    probe: Option<String>,
    /// What it runs on: PNG, WAV, NPY or raw bytes, once for each input of the model; or `lcg:SEED`, once for all.
    #[arg(long, default_value = "lcg:12345", value_name = "FILE|lcg:SEED")]
    input: Vec<Source>,
    /// Optimised for what.
    #[arg(long, value_enum, default_value_t = For::Release)]
    profile: For,
    /// Price by this table instead of the one for the board's core: cortex-m0plus, cortex-m4, …
    #[arg(long, value_name = "TABLE")]
    timing: Option<String>,
    /// What ran by class of instruction, of all steps or of one.
    #[arg(long, value_name = "STEP", num_args = 0..=1, require_equals = true)]
    mix: Option<Option<usize>>,
    /// Compare with a record: what `--json` printed before.
    #[arg(long, value_name = "FILE")]
    baseline: Option<PathBuf>,
    /// Write a timeline for a trace viewer, such as ui.perfetto.dev.
    #[arg(long, value_name = "FILE")]
    trace: Option<PathBuf>,
    /// Print the record as JSON.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    planning: Planning,
}

/// Runs the verb; whether bytes are the host's, and no figure is worse than the baseline's.
pub fn run(args: &Args, workspace: &Path) -> Result<bool> {
    let model = Model::find(workspace, &args.model)?;
    let board = Board::find(workspace, &args.board)?;
    let baseline = match &args.baseline {
        Some(file) => read_baseline(file).map_err(Usage::of)?,
        None => Vec::new(),
    };
    let profile = args.profile.into();
    let compiled = match model.compile(args.planning.image_options(&board, profile)) {
        Ok(compiled) => compiled,
        Err(error) => return refused(&model, &error),
    };
    let inputs = input::bytes(&model, &compiled, &args.input)?;
    let request = Request {
        workspace,
        board: &board,
        model: &model,
        compiled: &compiled,
        inputs: &inputs,
        planning: args.planning.firmware(),
        profile,
        timing: args.timing.as_deref(),
    };
    let measured = match board.runner {
        Some(_) => board::measure(&request, args.probe.as_deref()),
        None => measure(&request),
    };
    let measured = match measured? {
        Ok(measured) => measured,
        Err(why) => {
            eprintln!("skipped: {why}");
            return Ok(true);
        }
    };
    let Measured { record, same_bytes } = measured;
    if let Some(file) = &args.trace {
        let trace = serde_json::to_string(&trace::trace(&record)).context("the timeline")?;
        budget::write_atomically(file, &trace)?;
    }
    if args.json {
        print::json(&record)?;
    } else {
        print::text(&table::text(&record))?;
        if let Some(step) = args.mix {
            print::text(&table::mix(&record, step))?;
        }
    }
    if !same_bytes {
        eprint!("{}", table::marked(&record, "the board's bytes are OTHER than the host's\n"));
    }
    let kept = args.baseline.is_none() || compare(&baseline, &record)?;
    Ok(same_bytes && kept)
}

/// Prints how the figures differ from those of a baseline, to where the data do not go; whether none is worse.
fn compare(baseline: &[budget::Record], record: &budget::Record) -> Result<bool> {
    let same = |known: &&budget::Record| {
        known.model.sha256 == record.model.sha256
            && known.target == record.target
            && known.extra.get("macs_left") == record.extra.get("macs_left")
    };
    let Some(before) = baseline.iter().find(same) else {
        return Err(Usage::error(format!(
            "the baseline has no record of {} on {}",
            record.model.name, record.target
        )));
    };
    let drift = Drift::between(before, record, &Tolerance::PROFILE);
    eprint!("{}", table::marked(record, &drift.to_string()));
    Ok(!drift.is_worse())
}
