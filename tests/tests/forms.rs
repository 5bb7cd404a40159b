//! A plan gives the same bytes in each of its forms: on the host, compiled in, and as a blob.

use std::path::Path;

use compiler::{CompileOptions, compile};
use golden::{Lcg, Record, lcg_inputs, sha256};
use microjoule::{Arena, Executor, Program, blob::Blob, ops};

microjoule::include_model!(digits);
microjoule::include_model!(kws);

struct Shipped {
    bytes: Vec<u8>,
    record: Record,
}

fn shipped(name: &str) -> Shipped {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../models").join(name);
    Shipped {
        bytes: std::fs::read(folder.join("model.tflite")).expect("a shipped model"),
        record: Record::read(&folder.join("golden.json")).expect("a record beside it"),
    }
}

/// Runs a program on each recorded case; fails where the bytes are not the recorded ones.
fn agrees<P: Program>(name: &str, mut executor: Executor<'_, P>) {
    let Shipped { bytes, record } = shipped(name);
    let compiled = compile(name, &bytes, CompileOptions::DEVICE).expect("a model that compiles");
    assert!(record.cases.len() >= 4, "{name} has too few cases");
    for case in &record.cases {
        for (index, input) in lcg_inputs(&compiled.inputs, case.seed).iter().enumerate() {
            executor.input_mut(index).copy_from_slice(input);
        }
        executor.run().expect("a plan that runs");
        for (index, recorded) in case.outputs.iter().enumerate() {
            assert_eq!(sha256(executor.output(index)), recorded.sha256, "{name}, case {}", case.case);
        }
    }
}

#[test]
fn compiled_in() {
    let mut arena = Arena::<{ digits::ARENA_BYTES }>::new();
    agrees("digits", Executor::new(&digits::PLAN, &mut arena.0, &mut []).expect("enough memory"));
    let mut arena = Arena::<{ kws::ARENA_BYTES }>::new();
    agrees("kws", Executor::new(&kws::PLAN, &mut arena.0, &mut []).expect("enough memory"));
}

#[test]
fn as_a_blob() {
    for name in ["digits", "kws"] {
        let compiled =
            compile(name, &shipped(name).bytes, CompileOptions::DEVICE).expect("a model that compiles");
        let bytes = compiler::emit::blob(&compiled);
        let mut flash = vec![0u128; bytes.len().div_ceil(16)];
        let flash = bytemuck::cast_slice_mut(&mut flash);
        flash[..bytes.len()].copy_from_slice(&bytes);
        let blob = Blob::load(flash, ops::ALL).expect("a blob that loads");
        let mut arena = vec![0u128; compiled.layout.arena_bytes.div_ceil(16)];
        agrees(
            name,
            Executor::new(blob, bytemuck::cast_slice_mut(&mut arena), &mut []).expect("enough memory"),
        );
    }
}

#[test]
fn typed_models_take_turns_in_one_arena() {
    const BYTES: usize =
        if kws::ARENA_BYTES > digits::ARENA_BYTES { kws::ARENA_BYTES } else { digits::ARENA_BYTES };
    let mut arena = Arena::<BYTES>::new();
    let mut answers = Vec::new();
    for _ in 0..2 {
        let mut model = kws::Model::new(&mut arena);
        model.input().iter_mut().enumerate().for_each(|(index, q)| *q = index as i8);
        model.run().expect("a plan that runs");
        answers.push(model.output().to_vec());
        let mut model = digits::Model::new(&mut arena);
        model.input().fill(17);
        model.run().expect("a plan that runs");
        answers.push(model.output().to_vec());
    }
    assert_eq!(answers[..2], answers[2..]);
    assert_ne!(answers[0], vec![0; answers[0].len()]);
}

#[test]
fn the_constants_describe_the_model() {
    let record = shipped("kws").record;
    let shape: Vec<i64> = kws::INPUT.shape.iter().map(|&size| i64::from(size)).collect();
    assert_eq!(shape, record.inputs[0].shape);
    assert_eq!(kws::INPUT.quantize(kws::INPUT.dequantize(-5)), -5);
    assert_eq!(kws::PLAN.arena_bytes() as usize, kws::ARENA_BYTES);
    assert_eq!(Lcg::SEED, record.cases[0].seed);
}

#[test]
fn many_inputs_on_many_threads_give_what_they_give_one_by_one() {
    let shipped = shipped("kws");
    let compiled = compile("kws", &shipped.bytes, CompileOptions::HOST).expect("a model that compiles");
    let cases: Vec<_> = (1..=7).map(|seed| golden::lcg_inputs(&compiled.inputs, seed)).collect();
    let expected: Vec<_> = cases
        .iter()
        .map(|case| golden::run(&compiled, std::slice::from_ref(case), &mut ()).expect("runs").remove(0))
        .collect();
    assert_eq!(golden::run_each(&compiled, &cases).expect("runs"), expected);
    assert!(golden::run_each(&compiled, &[]).expect("nothing to run").is_empty());
    assert!(golden::run_each(&compiled, &[vec![vec![0; 3]]]).is_err());
}
