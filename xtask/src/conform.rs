//! `conform`: models against their records.

use std::{
    path::{Path, PathBuf},
    sync::atomic::{AtomicUsize, Ordering},
    thread,
};

use anyhow::{Context, Result};
use golden::{Verdict, conform, models_in};
use indicatif::ProgressBar;
use serde::Serialize;

use crate::{planning::Planning, print};

/// Compares every `X.tflite` of a folder with the bytes recorded in `X.json` beside it.
///
/// Example: cargo xtask conform ../shared/models/operators
#[derive(clap::Args)]
pub struct Args {
    /// The folders.
    #[arg(required = true)]
    folders: Vec<PathBuf>,
    /// Only models whose name contains this.
    #[arg(long)]
    only: Option<String>,
    #[command(flatten)]
    planning: Planning,
    /// Print as JSON, models that agree included.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Serialize)]
struct Report {
    /// Models that give the recorded bytes.
    good: usize,
    models: Vec<Row>,
}

#[derive(Debug, Serialize)]
struct Row {
    model: String,
    good: bool,
    verdict: &'static str,
    said: String,
}

/// Runs the verb; whether all bytes agree.
pub fn run(args: &Args) -> Result<bool> {
    let mut models = Vec::new();
    for folder in &args.folders {
        let found =
            models_in(folder).with_context(|| format!("cannot read the folder {}", folder.display()))?;
        models.extend(found);
    }
    if let Some(part) = &args.only {
        models.retain(|path| name(path).contains(part.as_str()));
    }
    anyhow::ensure!(!models.is_empty(), "no X.tflite with an X.json beside it");
    let options = args.planning.options(None);
    let bar = ProgressBar::new(models.len() as u64);
    let verdicts = in_parallel(&models, |path| {
        let verdict = conform(path, options);
        bar.inc(1);
        verdict
    });
    bar.finish_and_clear();
    let report = report(&models, &verdicts);
    if args.json {
        print::json(&report)?
    } else {
        print::text(&table(&report))?
    }
    Ok(report.good == models.len())
}

fn report(models: &[PathBuf], verdicts: &[Verdict]) -> Report {
    let row = |(path, verdict): (&PathBuf, &Verdict)| Row {
        model: name(path),
        good: verdict.is_good(),
        verdict: kind(verdict),
        said: describe(verdict),
    };
    let rows: Vec<_> = models.iter().zip(verdicts).map(row).collect();
    Report { good: rows.iter().filter(|row| row.good).count(), models: rows }
}

/// One line for each model that does not agree, and the count.
fn table(report: &Report) -> String {
    let bad = report.models.iter().filter(|row| !row.good);
    let mut text: String = bad.map(|row| format!("{:40} {}\n", row.model, row.said)).collect();
    text += &format!("{} of {} models give the recorded bytes\n", report.good, report.models.len());
    text
}

fn kind(verdict: &Verdict) -> &'static str {
    match verdict {
        Verdict::Same { .. } => "same",
        Verdict::Differs(_) => "differs",
        Verdict::RefusedAsRecorded { .. } => "refused as recorded",
        Verdict::NothingRecorded => "nothing recorded",
        Verdict::Refused { .. } => "refused",
        Verdict::Unusable { .. } => "unusable",
    }
}

fn name(path: &Path) -> String {
    path.file_stem().unwrap_or_default().to_string_lossy().into_owned()
}

fn describe(verdict: &Verdict) -> String {
    match verdict {
        Verdict::Same { outputs, layers } => format!("same: {outputs} outputs, {layers} layers"),
        Verdict::Differs(all) => {
            let shown = all.iter().take(3).map(|it| match (it.differing, it.first, it.largest) {
                (Some(n), Some(first), Some(by)) => {
                    format!("{}: {n} of {} bytes, first at {first}, by {by} at most", it.what, it.of)
                }
                _ => format!("{}: its checksum", it.what),
            });
            format!("differs in {}", shown.collect::<Vec<_>>().join("; "))
        }
        Verdict::RefusedAsRecorded { reason } => format!("refused, as recorded: {reason}"),
        Verdict::NothingRecorded => "runs; nothing is recorded".into(),
        Verdict::Refused { reason } => format!("refused: {reason}"),
        Verdict::Unusable { reason } => format!("cannot be compared: {reason}"),
    }
}

fn in_parallel<T: Sync, R: Send>(items: &[T], work: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let next = AtomicUsize::new(0);
    let threads = thread::available_parallelism().map_or(1, usize::from);
    let mut results: Vec<(usize, R)> = thread::scope(|scope| {
        let worker = || {
            let mut done = Vec::new();
            while let index = next.fetch_add(1, Ordering::Relaxed)
                && let Some(item) = items.get(index)
            {
                done.push((index, work(item)));
            }
            done
        };
        let handles: Vec<_> = (0..threads).map(|_| scope.spawn(worker)).collect();
        handles.into_iter().flat_map(|handle| handle.join().unwrap_or_default()).collect()
    });
    results.sort_by_key(|&(index, _)| index);
    results.into_iter().map(|(_, result)| result).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn models_that_disagree_have_a_line_and_all_are_counted() {
        let models = ["a/good.tflite", "a/bad.tflite"].map(PathBuf::from);
        let verdicts =
            [Verdict::Same { outputs: 1, layers: 2 }, Verdict::Refused { reason: "no such operator".into() }];
        let report = report(&models, &verdicts);
        let table = table(&report);
        assert!(table.starts_with("bad ") && table.contains("refused: no such operator\n"), "{table}");
        assert!(table.ends_with("\n1 of 2 models give the recorded bytes\n"), "{table}");
        let json = serde_json::to_value(&report).unwrap();
        assert_eq!(json["good"], 1);
        assert_eq!(json["models"][0]["verdict"], "same");
    }
}
