//! `bench kernels`: what every model takes of every emulated core, kept as records.

mod page;
mod peers;
mod store;

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result};
use budget::{Drift, Record, Tolerance, write_atomically};
use firmware::{Board, Planning, Profile};

pub use page::{PAGE, page};

use crate::{
    Usage,
    firmware::fitting,
    model::{Model, shipped},
    print,
    profile::{Measured, Request, measure},
};

/// The models that others publish figures of: the name in tables, and the file, which is not ours to ship.
const MLPERF: [(&str, &str); 5] = [
    ("kws", "mlperf__kws_ref_model"),
    ("vww", "mlperf__vww_96_int8"),
    ("ic", "mlperf__pretrainedResnet_quant"),
    ("ad", "mlperf__ad01_int8"),
    ("sww", "mlperf__str_ww_ref_model"),
];

/// Where they are looked for, beside the workspace.
const FOLDER: &str = "../shared/models/networks";

/// The case that the peers were counted on.
const SEED: u32 = 12345;

/// What is asked for.
#[derive(Clone, Copy, Debug)]
pub struct Wanted<'a> {
    /// Only this model.
    pub model: Option<&'a str>,
    /// Only this board.
    pub board: Option<&'a str>,
    /// What images are optimised for.
    pub profile: Profile,
    /// Whether records and the page are written.
    pub write: bool,
    /// Whether records are printed instead of the page.
    pub json: bool,
}

/// Measures, compares with the records, and writes them if asked to; whether bytes are right and nothing got worse.
pub fn run(wanted: &Wanted<'_>, workspace: &Path) -> Result<bool> {
    let boards = match wanted.board {
        Some(name) => vec![Board::find(workspace, name)?],
        None => Board::all(workspace)?,
    };
    let models = models(wanted.model, workspace)?;
    let commit = commit(workspace);
    let mut good = true;
    let mut all = Vec::new();
    for board in boards.iter().filter(|board| board.qemu.is_some()) {
        let mut records = Vec::new();
        for model in &models {
            let measured = match fitting(both_ways(workspace, (board, wanted.profile), model))? {
                Ok(measured) => measured,
                Err(too_large) => {
                    eprintln!("skipped: {too_large}");
                    continue;
                }
            };
            match measured {
                Ok(measured) => {
                    for Measured { mut record, same_bytes } in measured {
                        record.tools.insert("commit".to_owned(), commit.clone());
                        if !same_bytes {
                            eprintln!(
                                "{} on {}: the bytes are OTHER than the host's",
                                model.name, board.name
                            );
                        }
                        good &= same_bytes;
                        records.push(store::slim(record));
                    }
                }
                Err(why) => {
                    eprintln!("skipped: {}: {why}", board.name);
                    break;
                }
            }
        }
        let kept = store::read(workspace, &board.name, wanted.profile)?;
        good &= compare(&kept, &records);
        if wanted.write && !records.is_empty() {
            let records = store::merge(kept, records.clone());
            store::write(workspace, &board.name, wanted.profile, &records)?;
        }
        all.extend(records);
    }
    if wanted.write {
        write_atomically(&workspace.join(PAGE), &page(workspace)?)?;
        eprintln!("wrote {PAGE}");
        if wanted.profile == Profile::Release {
            crate::sim::calibrate(workspace)?;
        }
    }
    if wanted.json {
        print::json(&all)?;
    } else {
        print::text(&page::whole_networks(&all))?;
    }
    Ok(good || wanted.write)
}

/// A record that differs is told with its lines; whether none is worse.
fn compare(kept: &[Record], fresh: &[Record]) -> bool {
    let mut good = true;
    for record in fresh {
        let Some(before) = kept.iter().find(|before| store::key(before) == store::key(record)) else {
            continue;
        };
        let drift = Drift::between(before, record, &Tolerance::PROFILE);
        if !drift.changes.is_empty() {
            eprint!("{} on {}:\n{drift}", record.model.name, record.target);
        }
        good &= !drift.is_worse();
    }
    good
}

/// What is measured: what is shipped, and what others publish figures of.
fn models(only: Option<&str>, workspace: &Path) -> Result<Vec<Model>> {
    let mut models = Vec::new();
    for (name, file) in MLPERF {
        let path: PathBuf = workspace.join(FOLDER).join(file).with_extension("tflite");
        if path.is_file() {
            models.push(Model { name: name.to_owned(), ..Model::read(&path)? });
        } else {
            eprintln!("skipped: {name}: no {FOLDER}/{file}.tflite");
        }
    }
    for model in shipped(workspace)? {
        models.push(Model { name: format!("{} (shipped)", model.name), ..model });
    }
    let Some(only) = only else { return Ok(models) };
    let known: Vec<_> = models.iter().map(|model| model.name.clone()).collect();
    models.retain(|model| model.name == only);
    if models.is_empty() {
        return Err(Usage::error(format!("no model `{only}` to measure; there are {}", known.join(", "))));
    }
    Ok(models)
}

/// As a device runs it; and, where that leaves work out that no input can change, with that work as well.
fn both_ways(
    workspace: &Path,
    (board, profile): (&Board, Profile),
    model: &Model,
) -> Result<Result<Vec<Measured>, String>> {
    let mut all = Vec::new();
    for keep_dead_work in [false, true] {
        let planning = Planning { keep_dead_work, ..Planning::default() };
        let options = crate::planning::Planning::default().image_options(board, profile);
        let compiled = model
            .compile(options.dead_work(!keep_dead_work))
            .with_context(|| format!("{} cannot run", model.name))?;
        let inputs = golden::lcg_inputs(&compiled.inputs, SEED);
        let request = Request {
            workspace,
            board,
            model,
            compiled: &compiled,
            inputs: &inputs,
            planning,
            profile,
            timing: None,
        };
        let measured = match measure(&request)? {
            Ok(measured) => measured,
            Err(why) => return Ok(Err(why)),
        };
        let left = measured.record.extra.get("macs_left").and_then(serde_json::Value::as_u64);
        let is_whole = left == Some(measured.record.total.macs);
        all.push(measured);
        if is_whole {
            break;
        }
    }
    Ok(Ok(all))
}

/// The commit that was measured, as far as git tells.
fn commit(workspace: &Path) -> String {
    let git = |arguments: &[&str]| {
        let output = Command::new("git").current_dir(workspace).args(arguments).output().ok()?;
        output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
    };
    let Some(commit) = git(&["rev-parse", "--short=10", "HEAD"]) else { return "unknown".to_owned() };
    // Records and the page are what this writes; anything else makes it another program.
    let changed = git(&["status", "--porcelain", "--", ":!bench/record", ":!docs"]);
    if changed.is_none_or(|files| files.is_empty()) { commit } else { format!("{commit} with changes") }
}
