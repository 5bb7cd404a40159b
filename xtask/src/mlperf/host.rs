//! What a device should say, worked out here.

use anyhow::{Context, Result};
use compiler::{Compiled, HostModel};
use engine::Program;
use features::wake_word::{HOP, WakeWord};
use mlperf::{Dataset, Window};
use telemetry::mlperf::{ACTIVATIONS, Network, Task};

/// Scores come with three decimals.
const APART: f64 = 0.0006;

/// The benchmark that a model is for, by its shapes.
///
/// # Errors
/// When the model has no memory to run in here.
pub fn task(compiled: &Compiled) -> Result<Task> {
    let mut host = HostModel::new(compiled);
    let executor = host.executor()?;
    let program = executor.program();
    let inputs: Vec<_> = (0..program.input_count()).filter_map(|index| program.input(index)).collect();
    let outputs: Vec<_> = (0..program.output_count()).filter_map(|index| program.output(index)).collect();
    Ok(Task::of(&inputs, &outputs))
}

/// The scores of one input.
///
/// # Errors
/// When the model does not run.
pub fn answer(compiled: &Compiled, task: Task, input: &[u8]) -> Result<Vec<f32>> {
    let mut host = HostModel::new(compiled);
    let mut executor = host.executor()?;
    let mut kept = vec![0; task.kept_bytes().saturating_sub(task.sent_bytes())];
    let mut network = Network::new(&mut executor, task);
    network.load(input, &mut kept);
    anyhow::ensure!(network.infer(input, &kept), "the model does not run here");
    let mut scores = Vec::new();
    network.results(input, |score| scores.push(score));
    Ok(scores)
}

/// The class of the highest score; nothing where there is only one.
///
/// # Errors
/// When the model does not run.
pub fn class(compiled: &Compiled, task: Task, input: &[u8]) -> Result<Option<usize>> {
    let scores = answer(compiled, task, input)?;
    Ok(arg_max(&scores).filter(|_| scores.len() > 1))
}

/// How many of a device's answers are the host's.
///
/// # Errors
/// When an input cannot be read or the model does not run.
pub fn agreeing(compiled: &Compiled, task: Task, set: &Dataset, windows: &[Window]) -> Result<usize> {
    let mut agreeing = 0;
    let mut rows = set.rows().iter().enumerate();
    for of_one in windows.chunk_by(|a, b| a.row.file == b.row.file) {
        let (index, _) = of_one
            .first()
            .and_then(|first| rows.find(|(_, row)| row.file == first.row.file))
            .context("an answer to no input")?;
        for (window, input) in of_one.iter().zip(set.inputs(index)?) {
            let here = answer(compiled, task, &input)?;
            let there = &window.inference.results;
            let same = |(here, there): (&f32, &f64)| (f64::from(*here) - there).abs() <= apart(*there);
            agreeing += usize::from(here.len() == there.len() && here.iter().zip(there).all(same));
        }
    }
    Ok(agreeing)
}

/// What the network of the streaming wake word says of a recording, row by row, as far as a device keeps it.
///
/// # Errors
/// When the model does not run.
pub fn activations(compiled: &Compiled, samples: &[i16]) -> Result<Vec<i8>> {
    let input = compiled.inputs.first().context("a model without an input")?;
    let front = WakeWord::new(input.scale, i8::try_from(input.zero_point)?);
    let mut rows = front.stream()?;
    let mut host = HostModel::new(compiled);
    let mut executor = host.executor()?;
    let mut network = Network::new(&mut executor, Task::Sww);
    network.load(&[], &mut []);
    let mut newest = vec![0; Task::Sww.sent_bytes()];
    let mut said = Vec::new();
    for samples in samples.as_chunks::<HOP>().0.iter().take(ACTIVATIONS) {
        let row = rows.next(samples).context("no row of a hop")?;
        newest.drain(..row.len());
        newest.extend(row.map(i8::cast_unsigned));
        anyhow::ensure!(network.infer(&newest, &[]), "the model does not run here");
        said.push(network.first_output().context("a model without an output")?);
    }
    Ok(said)
}

/// What is left of three decimals, and of the order of a sum.
fn apart(value: f64) -> f64 {
    APART + value.abs() * 1e-5
}

fn arg_max(scores: &[f32]) -> Option<usize> {
    let greatest = scores.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    scores.iter().position(|score| *score == greatest)
}
