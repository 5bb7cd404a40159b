//! Damaged models, a modest number of them: no panic, and no more memory than promised. Alone in its file,
//! because it counts what the whole process allocates.

use std::alloc::System;

use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};
use tflite::build::{Fields, Layout, Value, build, sample, write};
use tflite::fuzz::{Plan, run};
use tflite::mutate::Rng;
use tflite::{Fault, Model, memory_bound};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// Bytes allocated so far. Growing counts as an allocation of the difference, as it does here anyway.
fn allocated() -> usize {
    ALLOCATOR.stats().bytes_allocated
}

#[test]
fn nothing_panics_and_memory_stays_within_bounds() {
    damaged_models();
    whole_models();
    large_graphs_without_weights();
    overlapping_parts();
    one_long_name_for_many_operators();
}

fn damaged_models() {
    let outcome = run(&Plan { runs: 25_000, first: 0, models: &[], allocated }, |_| {});
    assert_eq!(outcome.failures, []);
    // Enough of both, or the damage is of the wrong size to find anything.
    assert!(outcome.read > 2_500 && outcome.refused > 2_500, "{} {}", outcome.read, outcome.refused);
    assert!(outcome.fullest > 0.0, "memory was not counted");
}

fn whole_models() {
    for seed in 0..500 {
        let file = build(&sample(&mut Rng::new(seed)), Layout::Aligned);
        let before = allocated();
        let model = Model::parse(&file);
        let took = allocated() - before;
        assert!(model.is_ok(), "{model:?}");
        assert!(took <= memory_bound(file.len()), "{took} bytes for a file of {}", file.len());
    }
}

/// The most that a sound file asks for per byte: nothing but small tensors and operators. It must not be
/// taken for one whose parts overlap.
fn large_graphs_without_weights() {
    let tensor: Fields = vec![(1, Value::I8(9))];
    let operator: Fields = vec![(1, Value::I32s(vec![0, 1])), (2, Value::I32s(vec![2]))];
    let graph = vec![(0, Value::Tables(vec![tensor; 20_000])), (3, Value::Tables(vec![operator; 20_000]))];
    let root = vec![(0, Value::U32(3)), (1, Value::Tables(vec![vec![]])), (2, Value::Tables(vec![graph]))];
    let file = write(root, Layout::Packed);
    let before = allocated();
    let model = Model::parse(&file);
    let took = allocated() - before;
    assert!(model.is_ok(), "{:?}", model.err());
    println!("{took} bytes for a file of {}: {:.1} per byte", file.len(), took as f64 / file.len() as f64);
}

/// Files whose tables point to the same long list again and again: small, but huge once read.
fn overlapping_parts() {
    let long = |count| Value::I32s(vec![0; count]);
    let operator: Fields = vec![(1, long(2_000)), (2, long(2_000))];
    let root = |operators: Vec<Fields>| -> Fields {
        let subgraph = vec![(0, Value::Tables(vec![vec![]])), (3, Value::Tables(operators))];
        vec![(0, Value::U32(3)), (1, Value::Tables(vec![vec![]])), (2, Value::Tables(vec![subgraph]))]
    };
    // One full operator and many empty ones, whose offsets are then all set to the full one's table.
    let count = 3_000;
    let mut operators = vec![operator];
    operators.resize(count, vec![]);
    let mut file = write(root(operators), Layout::Aligned);
    let length = (count as u32).to_le_bytes();
    let vector = file.windows(4).position(|word| word == length).expect("the list of operators") + 4;
    let read =
        |file: &[u8], at: usize| u32::from_le_bytes([file[at], file[at + 1], file[at + 2], file[at + 3]]);
    let target = vector as u32 + read(&file, vector);
    for index in 1..count {
        let at = vector + index * 4;
        file[at..at + 4].copy_from_slice(&(target - at as u32).to_le_bytes());
    }

    let before = allocated();
    let refusal = Model::parse(&file).expect_err("24 million indices from a file of 100 kB");
    let took = allocated() - before;
    assert!(matches!(refusal.fault, Fault::TooManyItems { .. }), "{refusal}");
    assert!(took <= memory_bound(file.len()), "{took} bytes for a file of {}", file.len());
    // The bound is what stopped it, not something else on the way.
    assert!(took > memory_bound(file.len()) / 2, "{took} bytes for a file of {}", file.len());
}

/// A name that is no text, which grows when it is turned into text, and of which every operator gets a copy.
fn one_long_name_for_many_operators() {
    for count in [1, 4_000] {
        let code = vec![(0, Value::I8(32)), (1, Value::Bytes(vec![0xff; 20_000])), (3, Value::I32(32))];
        let graph = vec![(3, Value::Tables(vec![vec![]; count]))];
        let root = vec![(0, Value::U32(3)), (1, Value::Tables(vec![code])), (2, Value::Tables(vec![graph]))];
        let file = write(root, Layout::Aligned);
        let before = allocated();
        let read = Model::parse(&file);
        let took = allocated() - before;
        assert!(took <= memory_bound(file.len()), "{took} bytes for a file of {}", file.len());
        assert_eq!(read.is_ok(), count == 1, "{count}: {:?}", read.err());
    }
}
