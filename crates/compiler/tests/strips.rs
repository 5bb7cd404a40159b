//! Plans within a budget of memory: the same bytes as the fastest plan, in the memory that they say.

#[path = "support/run.rs"]
mod run;

use std::path::{Path, PathBuf};

use compiler::{CompileError, CompileOptions, Compiled, compile, ops::total_macs, stream};
use tflite::mutate::Rng;

/// What comes out of pseudo-random bytes.
fn run(compiled: &Compiled) -> Vec<Vec<u8>> {
    let mut rng = Rng::new(12345);
    run::run(compiled, |_, place| place.fill_with(|| rng.next() as u8))
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Plans a model without a budget and at every point of its curve; the bytes and the sizes must hold. Gives the
/// points' arenas.
fn holds_along_its_curve(path: &Path) -> Vec<usize> {
    let name = path.display().to_string();
    let bytes = std::fs::read(path).expect("a readable model");
    let fastest =
        compile(&name, &bytes, CompileOptions::DEVICE).unwrap_or_else(|error| panic!("{name}: {error}"));
    let expected = run(&fastest);
    let macs = total_macs(&fastest.graph);
    let curve = stream::curve(&fastest.graph, &fastest.layout, fastest.options).expect("a curve");
    for point in &curve {
        assert!(point.macs <= macs, "{name}: {point:?}, {macs} without a budget");
        let options = CompileOptions::DEVICE.ram_budget(Some(point.arena_bytes as u32));
        let within =
            compile(&name, &bytes, options).unwrap_or_else(|error| panic!("{name}, {point:?}: {error}"));
        assert!(within.layout.arena_bytes <= point.arena_bytes, "{name}: {point:?}");
        assert_eq!(run(&within), expected, "{name}: {point:?}");
    }
    curve.iter().map(|point| point.arena_bytes).collect()
}

#[test]
fn the_shipped_models_give_the_same_bytes_in_less_memory() {
    for name in ["digits", "kws"] {
        let arenas = holds_along_its_curve(&root().join("models").join(name).join("model.tflite"));
        assert!(arenas.len() > 1 && arenas.is_sorted_by(|a, b| a > b), "{name}: {arenas:?}");
    }
}

#[test]
fn shared_networks_give_the_same_bytes_in_less_memory() {
    let folder = root().join("../shared/models/networks");
    for name in
        ["mlperf__vww_96_int8", "mlperf__pretrainedResnet_quant", "gen_squeezenet_fire", "gen_odd_shapes"]
    {
        let path = folder.join(format!("{name}.tflite"));
        if path.is_file() {
            holds_along_its_curve(&path);
        } else {
            eprintln!("skipped: no {}", path.display());
        }
    }
}

#[test]
fn a_budget_that_nothing_fits_is_refused_with_the_least_that_fits() {
    let path = root().join("models/kws/model.tflite");
    let bytes = std::fs::read(path).expect("a readable model");
    let budget = |bytes: usize| CompileOptions::DEVICE.ram_budget(Some(bytes as u32));
    let Err(CompileError::OverBudget { budget: 100, least }) = compile("kws", &bytes, budget(100)) else {
        panic!("100 bytes are not enough")
    };
    assert!(compile("kws", &bytes, budget(least)).is_ok(), "{least}");
}
