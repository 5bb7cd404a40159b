//! Models that compile, run in every way there is.

use compiler::{CompileError, CompileOptions, Compiled, compile, emit};
use engine::{KernelError, RunError, blob::Blob, ops};
use tflite::{
    Model,
    build::{Layout, build, sample},
    mutate::{Rng, mutate},
};

use super::{
    Outcome, Plan,
    alter::alter,
    blob::place,
    each,
    machine::{Ending, Machine},
};
use crate::lcg_inputs;

/// Models of more bytes are damaged once in a while only: they take long to compile.
const LARGE: usize = 8192;
/// Multiply-accumulates above which a model is compiled and not run.
const MOST_MACS: u64 = 1 << 26;
/// Most bytes that compiling may allocate, over all its steps, for a file of a few kilobytes.
const MOST_COMPILING: usize = 1 << 30;

/// Compiles damaged models and models drawn by lot, and runs what compiles: as a device would, with work that no
/// input can change, with every layer kept, and out of a blob.
///
/// Nothing may panic. What compiles one way compiles the others; its blob loads; all four give the same
/// bytes, from memories that begin with different ones; and none stops, but for an index that the model
/// computes and that is out of its range.
pub fn generator(plan: &Plan<'_>) -> Outcome {
    let (large, small): (Vec<_>, Vec<_>) = plan.models.iter().partition(|model| model.len() > LARGE);
    let mut machine = Machine::default();
    each(plan, |run, file| {
        let mut rng = Rng::new(run);
        let bases = if rng.chance(64) || small.is_empty() { &large } else { &small };
        if rng.chance(8) || bases.is_empty() {
            let layout = *rng.pick(&[Layout::Aligned, Layout::Packed, Layout::Outside]);
            *file = build(&sample(&mut rng), layout);
        } else {
            let (base, other) = (*rng.pick(bases), *rng.pick(bases));
            match (Model::parse(base), Model::parse(other)) {
                (Ok(mut model), Ok(other)) if !rng.chance(4) => {
                    alter(&mut rng, &mut model, &other);
                    *file = build(&model, Layout::Aligned);
                }
                _ => mutate(&mut rng, base, other, file),
            }
        }
        one(&mut machine, file, run as u32, plan.allocated)
    })
}

fn one(
    machine: &mut Machine,
    file: &[u8],
    seed: u32,
    allocated: fn() -> usize,
) -> Result<&'static str, String> {
    let before = allocated();
    let device = compile("fuzz", file, CompileOptions::DEVICE);
    let took = allocated().saturating_sub(before);
    if took > MOST_COMPILING {
        return Err(format!("compiling allocated {took} bytes"));
    }
    let every_layer = compile("fuzz", file, CompileOptions::EVERY_LAYER);
    let (device, every_layer) = match (device, every_layer) {
        (Ok(device), Ok(every_layer)) => (device, every_layer),
        (Err(CompileError::Read(error)), Err(_)) => {
            error.to_string();
            return Ok("unreadable");
        }
        (Err(error), Err(_)) => {
            error.to_string();
            return Ok("refused");
        }
        (Ok(_), Err(CompileError::TooLarge { .. })) => return Ok("compiled, too large to run"),
        (Ok(_), Err(error)) => return Err(format!("compiles, but not with every layer kept: {error}")),
        (Err(error), Ok(_)) => return Err(format!("compiles with every layer kept only: {error}")),
    };
    if compiler::ops::total_macs(&device.graph) > MOST_MACS {
        return Ok("compiled, too much work to run");
    }
    let dead_work = compile("fuzz", file, CompileOptions::DEVICE.dead_work(false))
        .map_err(|error| format!("compiles, but not with dead work: {error}"))?;
    run_all(machine, &device, [("with every layer kept", &every_layer), ("with dead work", &dead_work)], seed)
}

fn run_all(
    machine: &mut Machine,
    device: &Compiled,
    others: [(&str, &Compiled); 2],
    seed: u32,
) -> Result<&'static str, String> {
    let fits = |compiled: &Compiled| compiled.layout.arena_bytes.max(compiled.layout.state_bytes) <= 1 << 20;
    if !fits(device) || !others.iter().all(|(_, other)| fits(other)) {
        return Ok("compiled, too large to run");
    }
    let inputs = lcg_inputs(&device.inputs, seed);
    let write = |index: usize, place: &mut [u8]| {
        let bytes: &[u8] = inputs.get(index).map_or(&[], Vec::as_slice);
        assert_eq!(place.len(), bytes.len(), "input {index} has another length than its shape");
        place.copy_from_slice(bytes);
    };
    let first = machine.run(device, 0xa5, write);
    if let Ending::Stopped(error) = &first
        && *error != RunError::Kernel(KernelError::Value)
    {
        return Err(format!("compiled, and stopped: {error} ({error:?})"));
    }
    let blob = emit::blob(device);
    let mut aligned = Vec::new();
    let blob = Blob::load(place(&blob, &mut aligned), ops::ALL)
        .map_err(|error| format!("its own blob does not load: {error}"))?;
    for (how, other) in others {
        agree(how, &first, &machine.run(other, 0x5a, write))?;
    }
    agree("out of a blob", &first, &machine.run(&blob, 0x3c, write))?;
    Ok(match first {
        Ending::Outputs(_) => "ran",
        Ending::Stopped(_) => "stopped at a computed value",
        Ending::Endless => "stopped after many steps",
        Ending::TooLarge => "compiled, too large to run",
    })
}

/// A loop that is cut off here may be cut off at another place there: then nothing is compared.
fn agree(how: &str, expected: &Ending, found: &Ending) -> Result<(), String> {
    if expected == found || [expected, found].contains(&&Ending::Endless) {
        return Ok(());
    }
    Err(match (expected, found) {
        (Ending::Outputs(expected), Ending::Outputs(found)) => {
            let differing = expected.iter().zip(found).position(|(a, b)| a != b);
            format!("{how}, output {} differs", differing.unwrap_or(expected.len().min(found.len())))
        }
        _ => format!("{how} it ends otherwise: {found:?}"),
    })
}

#[cfg(test)]
mod tests {
    use tflite::DType;

    use super::*;

    /// Compiles a model after a change, and gives what is said when it is refused.
    fn refusal(file: &str, change: impl FnOnce(&mut Model<'_>)) -> String {
        let path = format!("{}/../tflite/tests/data/{file}.tflite", env!("CARGO_MANIFEST_DIR"));
        let bytes = std::fs::read(path).unwrap();
        let mut model = Model::parse(&bytes).unwrap();
        compile("before", &bytes, CompileOptions::DEVICE).unwrap();
        change(&mut model);
        let changed = build(&model, Layout::Aligned);
        compile("after", &changed, CompileOptions::DEVICE).unwrap_err().to_string()
    }

    #[test]
    fn a_state_that_is_a_constant_is_refused() {
        let said = refusal("svdf__rank2_timeint16", |model| {
            let state = model.subgraphs[0].tensors.iter_mut().find(|tensor| tensor.is_variable).unwrap();
            state.data = Some(&[0; 4096][..state.bytes().unwrap() as usize]);
        });
        assert!(said.contains("is a variable and has constant data"), "{said}");
    }

    #[test]
    fn an_input_that_no_program_can_hold_is_refused() {
        let said = refusal("reshape__options_only", |model| {
            model.subgraphs[0].tensors.iter_mut().for_each(|tensor| tensor.dtype = DType::Int4);
        });
        assert!(said.contains("has elements of type int4") && said.contains("input '"), "{said}");
    }
}
