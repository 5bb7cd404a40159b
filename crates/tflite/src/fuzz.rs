//! The reader's fuzz run: damaged models, none of which may make it panic or take more memory than
//! [`memory_bound`] says.

use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::build::{Layout, build, sample};
use crate::mutate::{Rng, mutate};
use crate::{Model, memory_bound};

/// What to run.
pub struct Plan<'p> {
    /// How many damaged files to read.
    pub runs: u64,
    /// Number of the first run. A run depends on nothing but its number and the models, so that one that
    /// failed can be repeated alone, and several processes can share the work.
    pub first: u64,
    /// Models to damage, beside those that are drawn by lot.
    pub models: &'p [Vec<u8>],
    /// Bytes that this thread has allocated so far, by a counting allocator; always 0 to leave memory
    /// unchecked.
    pub allocated: fn() -> usize,
}

/// What happened.
#[derive(Debug, Default, Clone, PartialEq)]
pub struct Outcome {
    /// Files that were read all the same.
    pub read: u64,
    /// Files that were refused.
    pub refused: u64,
    /// The most that a file took of its [`memory_bound`], from 0 to 1.
    pub fullest: f64,
    /// The first few runs that failed.
    pub failures: Vec<Failure>,
}

/// A run that must not have happened.
#[derive(Debug, Clone, PartialEq)]
pub struct Failure {
    /// Its number.
    pub run: u64,
    /// What went wrong.
    pub why: String,
    /// The file that it read.
    pub file: Vec<u8>,
}

/// Failures after which a run stops.
const ENOUGH: usize = 10;
/// Models drawn by lot, in each layout.
const DRAWN: u64 = 24;

/// Reads damaged models, calling `progress` with the count of runs done now and then.
pub fn run(plan: &Plan<'_>, mut progress: impl FnMut(u64)) -> Outcome {
    let mut models: Vec<_> = (0..DRAWN)
        .flat_map(|seed| {
            let model = sample(&mut Rng::new(seed));
            [Layout::Aligned, Layout::Packed, Layout::Outside].map(|layout| build(&model, layout))
        })
        .collect();
    models.extend_from_slice(plan.models);

    let mut outcome = Outcome::default();
    let mut file = Vec::new();
    for run in plan.first..plan.first.saturating_add(plan.runs) {
        let mut rng = Rng::new(run);
        let (base, other) = (rng.below(models.len()), rng.below(models.len()));
        mutate(&mut rng, &models[base], &models[other], &mut file);
        if let Err(why) = one(&file, plan.allocated, run % 64 == 0, &mut outcome) {
            outcome.failures.push(Failure { run, why, file: file.clone() });
            if outcome.failures.len() == ENOUGH {
                break;
            }
        }
        if (run - plan.first).is_multiple_of(16_384) {
            progress(run - plan.first);
        }
    }
    outcome
}

/// Reads one file; with `again`, also writes what was read and reads that.
fn one(file: &[u8], allocated: fn() -> usize, again: bool, outcome: &mut Outcome) -> Result<(), String> {
    let before = allocated();
    let read = catch_unwind(AssertUnwindSafe(|| Model::parse(file)));
    let took = allocated().saturating_sub(before);

    let bound = memory_bound(file.len());
    if took > bound {
        return Err(format!("took {took} bytes of memory, and {bound} are allowed"));
    }
    outcome.fullest = outcome.fullest.max(took as f64 / bound as f64);
    match read {
        Err(_) => return Err("panicked while reading".into()),
        Ok(Err(error)) => {
            outcome.refused += 1;
            catch_unwind(|| error.to_string()).map_err(|_| "panicked in the message of a refusal")?;
        }
        Ok(Ok(model)) => {
            outcome.read += 1;
            if again {
                let written = build(&model, Layout::Aligned);
                // Compared as text, because a scale that is not a number equals nothing.
                let same = Model::parse(&written).map(|read| format!("{read:?}"));
                if same.as_ref() != Ok(&format!("{model:?}")) {
                    return Err("what was read, written and read again is not the same".into());
                }
            }
        }
    }
    Ok(())
}
