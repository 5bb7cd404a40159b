//! Images in strips, under a budget of RAM, on emulated boards: as a plan that the board loads and compiled into its
//! firmware, with the recorded bytes.

use std::{
    path::{Path, PathBuf},
    sync::atomic::{AtomicUsize, Ordering},
};

use compiler::{Compiled, compile, emit::blob};
use emulator::{Job, Reply};
use firmware::{Planning, Profile};
use golden::{Record, lcg_inputs, sha256};
use microjoule_tests::{LIMIT, Program, Ready, workspace};

use crate::plans::on_boards_with_plans;

/// One board for each way to pack weights that differs in its windows: dual multiply-accumulate, vectors, pairs of pixels.
const BOARDS: [&str; 3] = ["qemu-an386", "qemu-an547", "qemu-virt"];

struct Streamed {
    name: &'static str,
    path: PathBuf,
    record: PathBuf,
    /// Bytes: well below what the fastest plan takes, with room for any instruction set's scratch.
    budget: u32,
}

/// The larger shipped model, and the shared ones where they are.
fn models() -> Vec<Streamed> {
    let shipped = workspace().join("models/kws");
    let mut models = vec![Streamed {
        name: "kws",
        path: shipped.join("model.tflite"),
        record: shipped.join("golden.json"),
        budget: 13_000,
    }];
    let shared = workspace().join("../shared/models/networks");
    for (name, budget) in [("mlperf__vww_96_int8", 36 << 10), ("gen_mobilenet_v2_035_96", 44 << 10)] {
        let path = shared.join(name).with_extension("tflite");
        let record = path.with_extension("json");
        if path.is_file() {
            models.push(Streamed { name, path, record, budget });
        } else {
            eprintln!("skipped: no {}", path.display());
        }
    }
    models
}

/// The plan in strips, which must take less than the fastest one, and no more than it may.
fn plan(ready: &Ready, model: &Streamed) -> Compiled {
    let on = format!("{} on {}", model.name, ready.board.name);
    let bytes = std::fs::read(&model.path).expect("a readable model");
    let plan = |options| compile(model.name, &bytes, options).unwrap_or_else(|error| panic!("{on}: {error}"));
    let (fastest, streamed) = (plan(ready.options()), plan(ready.options().ram_budget(Some(model.budget))));
    let limit = model.budget as usize;
    assert!(fastest.layout.arena_bytes > limit, "{on}: {}", fastest.layout.arena_bytes);
    assert!(streamed.layout.arena_bytes <= limit, "{on}: {}", streamed.layout.arena_bytes);
    streamed
}

fn firmware(ready: &Ready, path: &Path, budget: u32) -> PathBuf {
    let planning = Planning { ram_budget: Some(budget), ..Planning::default() };
    ready.planned(Program::Of(path), planning, Profile::Release, &[]).expect("an image")
}

#[test]
fn plans_in_strips_give_the_recorded_bytes_in_a_part_of_the_memory() {
    let models = models();
    on_boards_with_plans(|ready, rooms, emulator| {
        let board = &ready.board.name;
        if !BOARDS.contains(&board.as_str()) {
            return;
        }
        let ran = AtomicUsize::new(0);
        for model in &models {
            let compiled = plan(ready, model);
            let record = Record::read(&model.record).expect("its record");
            let case = record.cases.first().expect("a case");
            let cases = [lcg_inputs(&compiled.inputs, case.seed).concat()];
            let job = Job { cases: &cases, steps: false, reset: true };
            let check = |how: &str, reply: Reply| {
                let on = format!("{}, {how}, on {board}", model.name);
                assert_eq!(reply.hello.arena_bytes as usize, compiled.layout.arena_bytes, "{on}");
                let found = reply.cases[0].outputs.iter().map(|output| sha256(output));
                assert!(found.eq(case.outputs.iter().map(|it| it.sha256.clone())), "{on}: other bytes");
                ran.fetch_add(1, Ordering::Relaxed);
            };
            let blob = blob(&compiled);
            if blob.len() as u64 <= rooms.blob.0 {
                let reply = emulator.infer_plan(ready.plan_image(), &blob, &job, LIMIT);
                check("loaded", reply.expect("a reply").0);
            } else {
                eprintln!("skipped: {} on {board}: a plan of {} bytes", model.name, blob.len());
            }
            // Building takes longer than running: the smallest on every board, the largest on one.
            if model.name == "kws" || board == BOARDS[0] {
                let image = firmware(ready, &model.path, model.budget);
                check("compiled in", emulator.infer(&image, &job, LIMIT).expect("a reply").0);
            }
        }
        assert!(ran.into_inner() >= 2, "{board}");
    });
}
