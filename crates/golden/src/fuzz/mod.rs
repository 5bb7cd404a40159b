//! Fuzz runs: damaged models and damaged plan blobs, none of which may make anything panic.
//!
//! A run depends on nothing but its number and the models it starts from, so that one that failed can be
//! repeated alone. [`reader`] damages files and reads them; [`blob`] damages plan blobs, loads them and runs
//! what loads; [`generator`] compiles damaged and drawn models and runs what compiles, in every way there is
//! of running it.

mod alter;
mod blob;
mod generator;
mod machine;

use std::{
    any::Any,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::atomic::{AtomicU64, Ordering},
    time::{Duration, Instant},
};

pub use blob::blob;
pub use generator::generator;

/// What to run.
#[derive(Clone, Copy, Debug)]
pub struct Plan<'p> {
    /// How many runs.
    pub runs: u64,
    /// Number of the first run.
    pub first: u64,
    /// Model files to start from.
    pub models: &'p [Vec<u8>],
    /// Bytes that were allocated so far, by a counting allocator; always 0 to leave memory unchecked.
    pub allocated: fn() -> usize,
    /// Is told the number of the run that is about to begin, for whoever watches from another thread.
    pub current: &'p AtomicU64,
}

/// What happened.
#[derive(Clone, Debug, Default)]
pub struct Outcome {
    /// Runs that were done.
    pub runs: u64,
    /// How many runs went how, with what it is called.
    pub counts: Vec<(&'static str, u64)>,
    /// The longest run, and its number.
    pub slowest: (Duration, u64),
    /// The first few runs that failed.
    pub failures: Vec<Failure>,
}

/// A run that must not have happened.
#[derive(Clone, Debug)]
pub struct Failure {
    /// Its number.
    pub run: u64,
    /// What went wrong.
    pub why: String,
    /// The bytes that it was about.
    pub file: Vec<u8>,
}

/// Failures after which a fuzz run stops.
const ENOUGH: usize = 10;
/// No run may take longer: what a few kilobytes ask for is done by then, on a machine that is busy, too.
const SLOWEST: Duration = Duration::from_secs(20);

/// Reads damaged models. None may panic or take more memory than the reader allows itself.
pub fn reader(plan: &Plan<'_>) -> Outcome {
    let inner = tflite::fuzz::Plan {
        runs: plan.runs,
        first: plan.first,
        models: plan.models,
        allocated: plan.allocated,
    };
    let found = tflite::fuzz::run(&inner, |done| {
        plan.current.store(plan.first.saturating_add(done), Ordering::Relaxed)
    });
    let failure = |it: tflite::fuzz::Failure| Failure { run: it.run, why: it.why, file: it.file };
    Outcome {
        runs: found.read + found.refused,
        counts: vec![("read", found.read), ("refused", found.refused)],
        slowest: Default::default(),
        failures: found.failures.into_iter().map(failure).collect(),
    }
}

/// Does all runs of a plan, also of somebody else's decoder: `work` gets the run's number and a buffer for the file, and gives how
/// the run went or why it must not have gone so. A panic is such a reason, and so is a run that takes longer than seconds.
pub fn each(
    plan: &Plan<'_>,
    mut work: impl FnMut(u64, &mut Vec<u8>) -> Result<&'static str, String>,
) -> Outcome {
    let mut outcome = Outcome::default();
    let mut file = Vec::new();
    for run in plan.first..plan.first.saturating_add(plan.runs) {
        plan.current.store(run, Ordering::Relaxed);
        let started = Instant::now();
        let ending = caught(|| work(run, &mut file));
        let elapsed = started.elapsed();
        outcome.runs += 1;
        outcome.slowest = outcome.slowest.max((elapsed, run));
        let ending = match ending {
            Ok(_) if elapsed > SLOWEST => Err(format!("took {:.1} s", elapsed.as_secs_f64())),
            other => other,
        };
        match ending {
            Ok(what) => count(&mut outcome.counts, what),
            Err(why) => outcome.failures.push(Failure { run, why, file: file.clone() }),
        }
        if outcome.failures.len() == ENOUGH {
            break;
        }
    }
    outcome.counts.sort_unstable();
    outcome
}

fn count(counts: &mut Vec<(&'static str, u64)>, what: &'static str) {
    match counts.iter_mut().find(|(name, _)| *name == what) {
        Some((_, runs)) => *runs += 1,
        None => counts.push((what, 1)),
    }
}

/// Makes a failure of a panic.
fn caught<T>(work: impl FnOnce() -> Result<T, String>) -> Result<T, String> {
    let message = |panic: Box<dyn Any + Send>| {
        let text = panic.downcast_ref::<String>().map(String::as_str);
        let text = text.or_else(|| panic.downcast_ref::<&str>().copied());
        Err(format!("panicked: {}", text.unwrap_or("without a message")))
    };
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(message)
}

#[cfg(test)]
mod tests {
    use std::{fs, path::Path};

    use super::*;

    fn models() -> Vec<Vec<u8>> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let small = fs::read_dir(root.join("crates/tflite/tests/data")).unwrap();
        let mut paths: Vec<_> = small.map(|entry| entry.unwrap().path()).collect();
        paths.retain(|path| path.extension().is_some_and(|it| it == "tflite"));
        paths.sort();
        paths.push(root.join("models/digits/model.tflite"));
        paths.iter().map(|path| fs::read(path).unwrap()).collect()
    }

    fn run(fuzz: fn(&Plan<'_>) -> Outcome, runs: u64, first: u64) -> Outcome {
        let (models, current) = (models(), AtomicU64::new(0));
        fuzz(&Plan { runs, first, models: &models, allocated: || 0, current: &current })
    }

    fn of(outcome: &Outcome, what: &str) -> u64 {
        outcome.counts.iter().filter(|(name, _)| *name == what).map(|(_, runs)| runs).sum()
    }

    #[test]
    fn damaged_files_are_read_or_refused() {
        let outcome = run(reader, 300, 0);
        assert!(outcome.failures.is_empty(), "{:?}", outcome.failures[0].why);
        assert!(of(&outcome, "read") > 10 && of(&outcome, "refused") > 10, "{:?}", outcome.counts);
    }

    #[test]
    fn damaged_blobs_are_refused_or_run_and_nothing_panics() {
        let outcome = run(blob, 600, 0);
        assert!(outcome.failures.is_empty(), "{:?}", outcome.failures[0].why);
        for what in ["refused", "ran", "stopped with an error"] {
            assert!(of(&outcome, what) > 0, "{what}: {:?}", outcome.counts);
        }
    }

    #[test]
    fn what_compiles_runs_the_same_in_every_way() {
        let outcome = run(generator, 300, 0);
        assert!(outcome.failures.is_empty(), "{:?}", outcome.failures[0].why);
        assert!(of(&outcome, "ran") > 10 && of(&outcome, "refused") > 10, "{:?}", outcome.counts);
    }

    #[test]
    fn the_same_run_goes_the_same_way_alone() {
        let all = run(blob, 40, 0);
        let mut counts = Vec::new();
        for first in 0..40 {
            run(blob, 1, first).counts.iter().for_each(|(what, _)| count(&mut counts, what));
        }
        counts.sort_unstable();
        assert_eq!(all.counts, counts);
    }

    #[test]
    fn a_panic_and_an_error_are_failures_with_their_run_and_file() {
        let current = AtomicU64::new(0);
        let plan = Plan { runs: 100, first: 5, models: &[], allocated: || 0, current: &current };
        let outcome = each(&plan, |run, file| {
            *file = run.to_le_bytes().to_vec();
            if run == 6 { Err("it is six".into()) } else { panic!("at {run}") }
        });
        assert_eq!((outcome.runs, outcome.failures.len()), (10, ENOUGH));
        assert_eq!(outcome.failures[0].why, "panicked: at 5");
        assert_eq!(outcome.failures[1].why, "it is six");
        assert_eq!(outcome.failures[1].file, 6u64.to_le_bytes());
    }
}
