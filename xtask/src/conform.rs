//! `conform`: models against their records.

use std::{
    path::{Path, PathBuf},
    sync::atomic::{AtomicUsize, Ordering},
    thread,
};

use anyhow::{Context, Result};
use golden::{Verdict, conform, models_in};

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
    let verdicts = in_parallel(&models, |path| conform(path));
    let mut good = 0;
    for (path, verdict) in models.iter().zip(&verdicts) {
        if verdict.is_good() {
            good += 1;
        } else {
            println!("{:40} {}", name(path), describe(verdict));
        }
    }
    println!("{good} of {} models give the recorded bytes", models.len());
    Ok(good == models.len())
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
