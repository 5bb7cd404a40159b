//! One run of a compiled model on given bytes.

use compiler::{Compiled, HostModel};
use engine::{Executor, Observer, Program, RunError};

/// Why a run gave no outputs.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RunFailure {
    /// An input has the wrong number of bytes.
    #[error("input {index} has {found} bytes, the model takes {expected}")]
    Input {
        /// Which input.
        index: usize,
        /// Bytes the model takes.
        expected: usize,
        /// Bytes given.
        found: usize,
    },
    /// The wrong number of inputs.
    #[error("{found} inputs given, the model takes {expected}")]
    Count {
        /// Inputs the model takes.
        expected: usize,
        /// Inputs given.
        found: usize,
    },
    /// A report of another run that does not fit the plan.
    #[error(
        "step {index} is reported with {bytes} bytes, which the plan has no such step for: another model?"
    )]
    Report {
        /// The step.
        index: usize,
        /// Bytes reported.
        bytes: usize,
    },
    /// The engine stopped.
    #[error("{0}")]
    Run(#[from] RunError),
}

/// Runs a model on each of several inputs, keeping its state from one to the next, and tells `observer` of
/// every step. Gives the outputs' bytes, per input.
///
/// # Errors
/// As [`RunFailure`] says.
pub fn run<O: Observer>(
    compiled: &Compiled,
    sequence: &[Vec<Vec<u8>>],
    observer: &mut O,
) -> Result<Vec<Vec<Vec<u8>>>, RunFailure> {
    let mut model = HostModel::new(compiled);
    let mut executor = model.executor()?;
    let mut all = Vec::with_capacity(sequence.len());
    for inputs in sequence {
        write_inputs(&mut executor, compiled, inputs)?;
        executor.run_observed(observer)?;
        all.push((0..compiled.outputs.len()).map(|index| executor.output(index).to_vec()).collect());
    }
    Ok(all)
}

/// Runs a model on each of several inputs, each from a fresh start, on as many threads as the machine has. Gives the
/// outputs' bytes in the order of the inputs, whatever the threads do.
///
/// # Errors
/// As [`RunFailure`] says: that of the first input that fails.
pub fn run_each(compiled: &Compiled, cases: &[Vec<Vec<u8>>]) -> Result<Vec<Vec<Vec<u8>>>, RunFailure> {
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let share = cases.len().div_ceil(threads).max(1);
    std::thread::scope(|scope| {
        let workers: Vec<_> =
            cases.chunks(share).map(|cases| scope.spawn(move || one_by_one(compiled, cases))).collect();
        let mut all = Vec::with_capacity(cases.len());
        for worker in workers {
            match worker.join() {
                Ok(outputs) => all.extend(outputs?),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        Ok(all)
    })
}

/// One memory for all inputs; its state begins anew for each.
fn one_by_one(compiled: &Compiled, cases: &[Vec<Vec<u8>>]) -> Result<Vec<Vec<Vec<u8>>>, RunFailure> {
    let mut model = HostModel::new(compiled);
    let mut all = Vec::with_capacity(cases.len());
    for inputs in cases {
        let mut executor = model.executor()?;
        write_inputs(&mut executor, compiled, inputs)?;
        executor.run()?;
        all.push((0..compiled.outputs.len()).map(|index| executor.output(index).to_vec()).collect());
    }
    Ok(all)
}

/// Writes all inputs of a model.
pub(crate) fn write_inputs<P: Program>(
    executor: &mut Executor<'_, P>,
    compiled: &Compiled,
    inputs: &[Vec<u8>],
) -> Result<(), RunFailure> {
    if inputs.len() != compiled.inputs.len() {
        return Err(RunFailure::Count { expected: compiled.inputs.len(), found: inputs.len() });
    }
    for (index, bytes) in inputs.iter().enumerate() {
        let place = executor.input_mut(index);
        if place.len() != bytes.len() {
            return Err(RunFailure::Input { index, expected: place.len(), found: bytes.len() });
        }
        place.copy_from_slice(bytes);
    }
    Ok(())
}
