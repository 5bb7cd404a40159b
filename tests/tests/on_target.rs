//! Plans loaded at run time on every emulated board: what the host computes, the board computes.
//!
//! One image runs them all. Here it takes the shipped models, and every operator and small network of
//! `../shared/models` where that folder is.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use compiler::{CompileOptions, compile, emit::blob};
use emulator::{Emulator, Job};
use firmware::{Board, Machine, Planning, Profile, Request, build, resolve};
use golden::{Lcg, Record, lcg_inputs, models_in, run, sha256};

const LIMIT: Duration = Duration::from_secs(300);

/// The networks of MLPerf Tiny: every board that takes plans has room for them.
const TINY: [&str; 4] =
    ["mlperf__kws_ref_model", "mlperf__vww_96_int8", "mlperf__ad01_int8", "mlperf__pretrainedResnet_quant"];

fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

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

#[test]
fn every_plan_gives_the_bytes_of_the_host() {
    let has_shared = workspace().join("../shared/models/networks").is_dir();
    for board in Board::all(&workspace()).expect("boards") {
        let Some(rooms) = &board.plan else {
            eprintln!("skipped: {}: too small for a program that runs any plan", board.name);
            continue;
        };
        let resolved = match resolve(&Machine::this(), &board.target, &mut |line| eprintln!("{line}")) {
            Ok(resolved) => resolved,
            Err(error) => {
                eprintln!("skipped: {}: {error}", board.name);
                continue;
            }
        };
        let emulator = match Emulator::find(&board) {
            Ok(emulator) => emulator,
            Err(absent) => {
                eprintln!("skipped: {}: {absent}", board.name);
                continue;
            }
        };
        let options = CompileOptions::DEVICE.for_target(&board.target, &board.core);
        let request = Request {
            board: &board,
            program: Some("plan"),
            model: None,
            planning: Planning::default(),
            profile: Profile::Release,
            features: &["plan"],
        };
        let image = build(&resolved.toolchain, &request, &mut |line| eprintln!("{line}")).expect("an image");
        let (mut ran, mut tiny) = (0, 0);
        let mut wrong = Vec::new();
        // One board takes all of the models, the others the MLPerf Tiny networks and a sample.
        let stride = if board.name == "qemu-an386" { 1 } else { 12 };
        let is_tiny = |path: &PathBuf| TINY.iter().any(|name| path.file_stem().is_some_and(|it| it == *name));
        let models = models().into_iter().enumerate();
        let chosen = models.filter(|(index, path)| index % stride == 0 || is_tiny(path));
        for (_, path) in chosen {
            let bytes = std::fs::read(&path).expect("a readable model");
            let Ok(compiled) = compile("model", &bytes, options) else { continue };
            let plan = blob(&compiled);
            let nodes = compiled.graph.main().nodes.len();
            let needed = [plan.len(), compiled.layout.arena_bytes, compiled.layout.state_bytes];
            let mut fits = needed.iter().zip([rooms.blob, rooms.arena, rooms.state]);
            if fits.any(|(&needed, room)| needed as u64 > room.0) || nodes > 40 {
                continue;
            }
            let inputs = lcg_inputs(&compiled.inputs, Lcg::SEED);
            let host = run(&compiled, std::slice::from_ref(&inputs), &mut ()).expect("a plan that runs");
            let cases = [inputs.concat()];
            let job = Job { cases: &cases, steps: false, reset: true };
            let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            if is_tiny(&path) {
                let recorded = Record::read(&path.with_extension("json")).expect("its record");
                let sums = recorded.cases[0].outputs.iter().map(|output| output.sha256.clone());
                assert!(recorded.cases[0].seed == Lcg::SEED && sums.eq(host[0].iter().map(|it| sha256(it))));
                tiny += 1;
            }
            match emulator.infer_plan(&image.path, &plan, &job, LIMIT) {
                Ok((reply, _)) if reply.cases[0].outputs == host[0] => {}
                Ok(_) => wrong.push(format!("{name}: other bytes")),
                Err(error) => wrong.push(format!("{name}: {error}")),
            }
            ran += 1;
        }
        assert!(wrong.is_empty(), "{} of {ran} on {}:\n{}", wrong.len(), board.name, wrong.join("\n"));
        assert!(ran >= 2);
        assert!(tiny == if has_shared { TINY.len() } else { 0 }, "{tiny} of MLPerf Tiny on {}", board.name);
        eprintln!("{ran} plans on {}, {tiny} of them MLPerf Tiny's", board.name);
    }
}
