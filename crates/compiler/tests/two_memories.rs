//! Plans for two memories: an arena that is no longer than it may be, what it has no room for beside the state, and
//! the bytes of a plan for one.

use std::path::{Path, PathBuf};

use compiler::{CompileOptions, Compiled, HostModel, Isa, compile};
use engine::Space;

/// Pseudo-random bytes for every input, and what comes out of two runs.
fn run(compiled: &Compiled) -> Vec<Vec<u8>> {
    let mut model = HostModel::new(compiled);
    let mut executor = model.executor().expect("memory as the plan says");
    let mut state = 12345u32;
    let mut outputs = Vec::new();
    for _ in 0..2 {
        for index in 0..compiled.inputs.len() {
            for byte in executor.input_mut(index) {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                *byte = (state >> 24) as u8;
            }
        }
        executor.run().expect("a plan that runs");
        outputs.extend((0..compiled.outputs.len()).map(|index| executor.output(index).to_vec()));
    }
    outputs
}

/// Compiles a model for arenas from all that it needs down to nothing. Gives the bytes that were moved out.
fn holds_in_any_arena(path: &Path, options: CompileOptions) -> Vec<usize> {
    let name = path.display().to_string();
    let bytes = std::fs::read(path).expect("a readable model");
    let plan = |options| compile(&name, &bytes, options).unwrap_or_else(|error| panic!("{name}: {error}"));
    let together = plan(options);
    let (expected, all) = (run(&together), together.layout.arena_bytes);
    let limits = [all, all - 4, all * 3 / 4, all / 2, all / 4, 64, 0];
    let moved = limits.into_iter().map(|limit| {
        let split = plan(options.fast_ram(Some(limit as u32)));
        let layout = &split.layout;
        assert!(layout.arena_bytes <= limit, "{name}: {} of {limit}", layout.arena_bytes);
        assert!(layout.overflow_bytes <= layout.state_bytes);
        let kept = together.layout.state_bytes.next_multiple_of(16);
        assert!(layout.overflow_bytes == 0 || layout.state_bytes == kept + layout.overflow_bytes);
        let in_arena = layout.steps.iter().flat_map(|step| &step.operands);
        let ends = in_arena.filter(|it| it.space() == Space::Arena).map(|it| it.offset() + it.bytes());
        assert!(ends.max().unwrap_or(0) <= layout.arena_bytes, "{name}, {limit}");
        assert_eq!(run(&split), expected, "{name}, {limit}");
        layout.overflow_bytes
    });
    moved.collect()
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

#[test]
fn shipped_models_run_in_two_memories() {
    for (name, isa) in [("digits", Isa::Portable), ("kws", Isa::Portable), ("kws", Isa::Armv7em)] {
        let path = root().join("models").join(name).join("model.tflite");
        let moved = holds_in_any_arena(&path, CompileOptions::DEVICE.for_isa(isa));
        assert!(moved[0] == 0 && moved[1] > 0 && moved.is_sorted(), "{name}: {moved:?}");
    }
}

#[test]
fn shared_networks_run_in_two_memories() {
    let folder = root().join("../shared/models/networks");
    // Branches, loops, state, strips.
    for (name, budget) in [
        ("mlperf__vww_96_int8", Some(36 << 10)),
        ("mlperf__pretrainedResnet_quant", None),
        ("gen_odd_shapes", None),
        ("mlperf__str_ww_ref_model", None),
    ] {
        let path = folder.join(format!("{name}.tflite"));
        if path.is_file() {
            holds_in_any_arena(&path, CompileOptions::DEVICE.ram_budget(budget));
        } else {
            eprintln!("skipped: no {}", path.display());
        }
    }
}
