//! `fuzz`: damaged files, blobs, models and streams of instruments, none of which may make anything panic.

use std::{
    alloc::System,
    env,
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
    process, slice,
    sync::atomic::{AtomicU64, Ordering},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result};
use clap::ValueEnum;
use golden::fuzz::{Outcome, Plan};
use indicatif::{ProgressBar, ProgressStyle};
use lab::{
    instruments::survive::DECODERS,
    simulated_instruments::damage::{damaged, originals},
};
use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};

use crate::{model::shipped, print};

/// Counts what is allocated, because a loader that allocates nothing has to be seen doing so.
#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// Runs of each kind in `cargo xtask ci`.
const SHORT: u64 = 20_000;
/// A run that has not ended by then never will.
const HUNG: Duration = Duration::from_secs(120);

/// Damages models, plan blobs and streams of power instruments by lot and looks for panics, hangs, memory taken and outputs that
/// differ.
///
/// The reader reads damaged files. Damaged blobs are loaded, and run when they load. The generator compiles
/// damaged and drawn models, and what compiles has to give the same bytes from the device's plan, from plans with
/// dead work and with every layer kept, and out of a blob. The decoders of power instruments and of capture files, by turns, get damaged
/// streams: what they make of one has to hold together. A run depends on its number only: a failure says how to
/// repeat it.
///
/// Example: cargo xtask fuzz blob --runs 200000
#[derive(clap::Args)]
pub struct Args {
    /// What is fuzzed.
    #[arg(value_enum)]
    kind: Kind,
    /// How many runs.
    #[arg(long, default_value_t = 200_000)]
    runs: u64,
    /// Number of the first run.
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Folders with more models to start from, beside those of the workspace.
    #[arg(long, value_name = "FOLDER")]
    models: Vec<PathBuf>,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
enum Kind {
    /// The reader of .tflite files.
    Reader,
    /// The loader of plan blobs, and the engine and kernels behind it.
    Blob,
    /// The compiler, and the engine and kernels that run what it makes.
    Generator,
    /// The decoders of power instruments and capture files, one after the other.
    Instruments,
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Self::Reader => "reader",
            Self::Blob => "blob",
            Self::Generator => "generator",
            Self::Instruments => "instruments",
        }
    }

    fn work(self) -> fn(&Plan<'_>) -> Outcome {
        match self {
            Self::Reader => golden::fuzz::reader,
            Self::Blob => golden::fuzz::blob,
            Self::Generator => golden::fuzz::generator,
            Self::Instruments => instruments,
        }
    }
}

/// Damages what instruments say. What a decoder makes of it is counted under its name.
fn instruments(plan: &Plan<'_>) -> Outcome {
    let known: Vec<_> = DECODERS.iter().map(|decoder| (decoder, originals(decoder.name))).collect();
    golden::fuzz::each(plan, |run, file| {
        let turn = (run % known.len().max(1) as u64) as usize;
        let (decoder, originals) = known.get(turn).ok_or("there is no decoder")?;
        *file = damaged(originals, run);
        (decoder.run)(file).map(|_| decoder.name)
    })
}

/// Runs the verb; whether nothing failed.
pub fn run(args: &Args, workspace: &Path) -> Result<bool> {
    fuzz(args, workspace)
}

/// A short run of each kind; whether nothing failed.
pub fn short(workspace: &Path) -> Result<bool> {
    let mut good = true;
    for &kind in Kind::value_variants() {
        good &= fuzz(&Args { kind, runs: SHORT, seed: 0, models: Vec::new() }, workspace)?;
    }
    Ok(good)
}

fn fuzz(args: &Args, workspace: &Path) -> Result<bool> {
    let models = models(workspace, &args.models)?;
    let started = Instant::now();
    let current = AtomicU64::new(args.seed);
    let outcome = thread::scope(|scope| {
        let plan = Plan {
            runs: args.runs,
            first: args.seed,
            models: &models,
            allocated: || ALLOCATOR.stats().bytes_allocated,
            current: &current,
        };
        let worker = scope.spawn(move || args.kind.work()(&plan));
        watch(args, &current, || worker.is_finished());
        worker.join()
    });
    let outcome = outcome.map_err(|_| anyhow::anyhow!("the fuzz run itself panicked"))?;
    print::text(&report(args, &outcome, started.elapsed(), &env::temp_dir()))?;
    Ok(outcome.failures.is_empty())
}

/// The models of the workspace and those of more folders.
fn models(workspace: &Path, folders: &[PathBuf]) -> Result<Vec<Vec<u8>>> {
    let mut models: Vec<_> = shipped(workspace)?.into_iter().map(|model| model.bytes).collect();
    let own = workspace.join("crates/tflite/tests/data");
    for folder in slice::from_ref(&own).iter().chain(folders) {
        let mut paths = Vec::new();
        for entry in fs::read_dir(folder).with_context(|| folder.display().to_string())? {
            paths.push(entry?.path());
        }
        paths.retain(|path| path.extension().is_some_and(|extension| extension == "tflite"));
        // In order of name: a run is to be the same on every machine.
        paths.sort();
        for path in paths {
            models.push(fs::read(&path).with_context(|| path.display().to_string())?);
        }
    }
    Ok(models)
}

/// Shows how far the runs are, and ends the program when one hangs.
fn watch(args: &Args, current: &AtomicU64, is_finished: impl Fn() -> bool) {
    let bar = ProgressBar::new(args.runs);
    let style = ProgressStyle::with_template("{prefix} {bar:40} {pos}/{len} {per_sec} {eta}");
    bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    bar.set_prefix(args.kind.name());
    let mut last = (args.seed, Instant::now());
    while !is_finished() {
        thread::sleep(Duration::from_millis(50));
        let now = current.load(Ordering::Relaxed);
        bar.set_position(now.saturating_sub(args.seed));
        if now != last.0 {
            last = (now, Instant::now());
        } else if last.1.elapsed() > HUNG {
            bar.finish_and_clear();
            // The reader tells of a run now and then only: then it is one of those that follow.
            eprintln!("run {now} of the {} hangs; again: {}", args.kind.name(), again(args, now));
            process::exit(1);
        }
    }
    bar.finish_and_clear();
}

fn again(args: &Args, run: u64) -> String {
    let mut command = format!("cargo xtask fuzz {} --seed {run} --runs 1", args.kind.name());
    for folder in &args.models {
        write!(command, " --models {}", folder.display()).unwrap_or_default();
    }
    command
}

/// What happened, with the files of what failed written to a folder.
fn report(args: &Args, outcome: &Outcome, elapsed: Duration, folder: &Path) -> String {
    let counts: Vec<_> = outcome.counts.iter().map(|(what, runs)| format!("{runs} {what}")).collect();
    let (longest, number) = outcome.slowest;
    let mut text = format!(
        "{}: {} runs in {:.1} s: {}; {} failed; the longest took {:.0} ms (run {number})\n",
        args.kind.name(),
        outcome.runs,
        elapsed.as_secs_f64(),
        counts.join(", "),
        outcome.failures.len(),
        longest.as_secs_f64() * 1e3,
    );
    for failure in &outcome.failures {
        let path = folder.join(format!("fuzz_{}_{}.bin", args.kind.name(), failure.run));
        let kept = fs::write(&path, &failure.file)
            .map_or_else(|error| error.to_string(), |()| path.display().to_string());
        text += &format!(
            "run {}: {}\n  file:  {kept}\n  again: {}\n",
            failure.run,
            failure.why,
            again(args, failure.run)
        );
    }
    text
}

#[cfg(test)]
mod tests {
    use golden::fuzz::Failure;

    use super::*;

    #[test]
    fn a_failure_is_reported_with_its_file_and_how_to_repeat_it() {
        let folder = tempfile::tempdir().unwrap();
        let args = Args { kind: Kind::Blob, runs: 9, seed: 0, models: vec!["more".into()] };
        let failure = Failure { run: 7, why: "panicked: no".into(), file: vec![1, 2] };
        let outcome = Outcome {
            runs: 9,
            counts: vec![("ran", 3), ("refused", 5)],
            slowest: (Duration::from_millis(20), 4),
            failures: vec![failure],
        };
        let text = report(&args, &outcome, Duration::from_secs(2), folder.path());
        assert!(text.starts_with(
            "blob: 9 runs in 2.0 s: 3 ran, 5 refused; 1 failed; the longest took 20 ms (run 4)\nrun 7: panicked: no\n"
        ));
        assert!(text.ends_with("again: cargo xtask fuzz blob --seed 7 --runs 1 --models more\n"), "{text}");
        assert_eq!(fs::read(folder.path().join("fuzz_blob_7.bin")).unwrap(), [1, 2]);
    }

    #[test]
    fn every_decoder_of_an_instrument_has_its_turn_and_survives() {
        let current = AtomicU64::new(0);
        let plan = Plan { runs: 500, first: 0, models: &[], allocated: || 0, current: &current };
        let outcome = instruments(&plan);
        assert!(outcome.failures.is_empty(), "{}", outcome.failures[0].why);
        assert_eq!(outcome.counts.len(), DECODERS.len());
        let turns = 500 / DECODERS.len() as u64;
        assert!(outcome.counts.iter().all(|(_, runs)| *runs == turns), "{:?}", outcome.counts);
    }

    #[test]
    fn the_workspace_has_models_to_start_from() {
        let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        assert!(models(&workspace, &[]).unwrap().len() > 20);
        assert!(models(&workspace, &["no_such".into()]).is_err());
    }
}
