//! Arenas stay as small as they are. A saving fails too, until the number here is lowered.

use std::path::{Path, PathBuf};

use compiler::{CompileOptions, Compiled, compile, ops::total_macs};

fn compiled(path: &Path) -> Compiled {
    let bytes = std::fs::read(path).expect("a readable model");
    compile("model", &bytes, CompileOptions::DEVICE)
        .unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn fits(path: &Path, budget: u32) {
    let bytes = std::fs::read(path).expect("a readable model");
    let plan = |options| {
        compile("model", &bytes, options).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    };
    let (fastest, within) =
        (plan(CompileOptions::DEVICE), plan(CompileOptions::DEVICE.ram_budget(Some(budget))));
    assert!(within.layout.arena_bytes <= budget as usize, "{}: {budget}", path.display());
    assert!(
        total_macs(&within.graph) <= total_macs(&fastest.graph),
        "{}: rows are made once",
        path.display()
    );
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn holds(path: &Path, arena_bytes: usize) {
    let layout = compiled(path).layout;
    assert_eq!(layout.arena_bytes, arena_bytes, "{}", path.display());
    assert_eq!(
        layout.arena_bytes,
        layout.arena_bound.next_multiple_of(4),
        "{} is above its lower bound",
        path.display()
    );
}

#[test]
fn arenas_of_the_shipped_models() {
    holds(&root().join("models/digits/model.tflite"), 2048);
    holds(&root().join("models/kws/model.tflite"), 14000);
}

#[test]
fn arenas_of_the_mlperf_tiny_models() {
    let folder = root().join("../shared/models/networks");
    if !folder.is_dir() {
        eprintln!("skipped: no ../shared/models/networks, where the MLPerf Tiny models would be");
        return;
    }
    for (name, arena_bytes) in [
        ("mlperf__kws_ref_model", 16000),
        ("mlperf__vww_96_int8", 55296),
        ("mlperf__ad01_int8", 768),
        ("mlperf__pretrainedResnet_quant", 49152),
    ] {
        holds(&folder.join(format!("{name}.tflite")), arena_bytes);
    }
}

#[test]
fn images_in_strips_fit_small_memories() {
    fits(&root().join("models/kws/model.tflite"), 12_000);
    let folder = root().join("../shared/models/networks");
    for (name, budget) in [
        ("mlperf__vww_96_int8", 28_672),
        ("mlperf__kws_ref_model", 9_216),
        ("mlperf__pretrainedResnet_quant", 14_336),
        ("gen_mobilenet_v2_035_96", 31_744),
    ] {
        let path = folder.join(format!("{name}.tflite"));
        if path.is_file() { fits(&path, budget) } else { eprintln!("skipped: no {}", path.display()) }
    }
}
