//! Plans loaded at run time on every emulated board: what the host computes, the board computes.
//!
//! One image runs them all. Here it takes the shipped models, and every operator and small network of
//! `../shared/models` where that folder is.

use std::{
    path::{Path, PathBuf},
    sync::Mutex,
};

use compiler::{Compiled, compile, emit::blob};
use emulator::{Emulator, Job};
use firmware::PlanRooms;
use golden::{Lcg, Record, lcg_inputs, models_in, run, sha256};
use microjoule_tests::{LIMIT, Ready, on_each, on_each_board, workspace};

/// The networks of MLPerf Tiny: every board that takes plans has room for them.
const TINY: [&str; 4] =
    ["mlperf__kws_ref_model", "mlperf__vww_96_int8", "mlperf__ad01_int8", "mlperf__pretrainedResnet_quant"];

/// Shipped models, and the shared ones where they are: every operator, and the networks of few operations.
fn models() -> Vec<PathBuf> {
    let mut models: Vec<_> =
        ["digits", "kws"].map(|name| workspace().join("models").join(name).join("model.tflite")).into();
    for folder in ["operators", "networks"] {
        match models_in(&workspace().join("../shared/models").join(folder)) {
            Ok(more) => models.extend(more),
            Err(_) => eprintln!("skipped: no ../shared/models/{folder}"),
        }
    }
    models
}

/// Hands over every board that plans can be run on; the others are named and skipped.
pub fn on_boards_with_plans(work: impl Fn(&Ready, &PlanRooms, &Emulator) + Sync) {
    on_each_board(|ready| match (&ready.board.plan, &ready.emulator) {
        (Some(rooms), Some(emulator)) => work(ready, rooms, emulator),
        (None, Some(_)) => {
            eprintln!("skipped: {}: too small for a program that runs any plan", ready.board.name)
        }
        (_, None) => {}
    });
}

/// What became of the models on one board.
#[derive(Default)]
struct Tally {
    ran: usize,
    tiny: usize,
    wrong: Vec<String>,
}

fn is_tiny(path: &Path) -> bool {
    path.file_stem().is_some_and(|stem| TINY.iter().any(|name| stem == *name))
}

/// Runs a model here and on the board; nothing where it does not compile, or is too large for a test or the board.
fn compare(ready: &Ready, rooms: &PlanRooms, emulator: &Emulator, path: &Path) -> Option<Result<(), String>> {
    let bytes = std::fs::read(path).expect("a readable model");
    let compiled = compile("model", &bytes, ready.options()).ok()?;
    let plan = blob(&compiled);
    if !fits(&compiled, &plan, rooms) || compiled.graph.main().nodes.len() > 40 {
        return None;
    }
    let inputs = lcg_inputs(&compiled.inputs, Lcg::SEED);
    let host = run(&compiled, std::slice::from_ref(&inputs), &mut ()).expect("a plan that runs");
    if is_tiny(path) {
        let recorded = Record::read(&path.with_extension("json")).expect("its record");
        let sums = recorded.cases[0].outputs.iter().map(|output| output.sha256.clone());
        assert!(recorded.cases[0].seed == Lcg::SEED && sums.eq(host[0].iter().map(|it| sha256(it))));
    }
    let cases = [inputs.concat()];
    let job = Job { cases: &cases, steps: false, reset: true };
    let name = path.file_stem().unwrap_or_default().to_string_lossy();
    Some(match emulator.infer_plan(ready.plan_image(), &plan, &job, LIMIT) {
        Ok((reply, _)) if reply.cases[0].outputs == host[0] => Ok(()),
        Ok(_) => Err(format!("{name}: other bytes")),
        Err(error) => Err(format!("{name}: {error}")),
    })
}

/// Whether a board has room for a plan.
pub fn fits(compiled: &Compiled, plan: &[u8], rooms: &PlanRooms) -> bool {
    let needed = [plan.len(), compiled.layout.arena_bytes, compiled.layout.state_bytes];
    needed.iter().zip([rooms.blob, rooms.arena, rooms.state]).all(|(&needed, room)| needed as u64 <= room.0)
}

#[test]
fn every_plan_gives_the_bytes_of_the_host() {
    let has_shared = workspace().join("../shared/models/networks").is_dir();
    on_boards_with_plans(|ready, rooms, emulator| {
        let board = &ready.board.name;
        // One board takes all of the models, the others the MLPerf Tiny networks and a sample.
        let stride = if board == "qemu-an386" { 1 } else { 12 };
        let models = models().into_iter().enumerate();
        let chosen: Vec<_> = models
            .filter(|(index, path)| index % stride == 0 || is_tiny(path))
            .map(|(_, path)| path)
            .collect();
        let tally = Mutex::new(Tally::default());
        on_each(&chosen, |path| {
            let Some(outcome) = compare(ready, rooms, emulator, path) else { return };
            let mut tally = tally.lock().expect("no thread panicked");
            tally.ran += 1;
            tally.tiny += usize::from(is_tiny(path));
            tally.wrong.extend(outcome.err());
        });
        let Tally { ran, tiny, wrong } = tally.into_inner().expect("no thread panicked");
        assert!(wrong.is_empty(), "{} of {ran} on {board}:\n{}", wrong.len(), wrong.join("\n"));
        assert!(ran >= 2);
        assert!(tiny == if has_shared { TINY.len() } else { 0 }, "{tiny} of MLPerf Tiny on {board}");
        eprintln!("{ran} plans on {board}, {tiny} of them MLPerf Tiny's");
    });
}
