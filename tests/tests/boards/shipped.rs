//! The shipped models as real firmware on emulated boards: the recorded bytes, every step as on the host, nothing in
//! the image that could panic or allocate, and the board's budget kept.

use std::path::{Path, PathBuf};

use compiler::{CompileOptions, Compiled, HostModel, Isa, compile, emit::blob};
use emulator::{Emulator, Job, Session, Timing};
use firmware::{
    Board, ByteCount, Contents, Error, Memory, MemoryKind, Profile, Runner, Talk, build_host_library,
    misplaced,
};
use golden::{Record, lcg_inputs, sha256};
use microjoule::{Observer, StepInfo};
use microjoule_tests::{LIMIT, Program, Ready, on_each_board, workspace};

/// The one that `cargo xtask run --model` builds again comes last, so that its image is there.
const MODELS: [&str; 2] = ["kws", "digits"];
/// The board that the larger of them barely fits, or does not.
const SMALL: &str = "qemu-microbit";

/// The library that counts.
const PLUGIN: &str = "microjoule-emulator-plugin";

/// What kernels, engine and plan of a shipped model may take of flash, built for speed and for size; lowered when images
/// get smaller.
const CODE_LIMIT: u64 = 12_288;
const SMALL_CODE_LIMIT: u64 = 5_120;

struct Model {
    name: &'static str,
    path: PathBuf,
    record: Record,
    compiled: Compiled,
}

/// The shipped models, planned as for the board's images.
fn models(ready: &Ready, profile: Profile) -> impl Iterator<Item = Model> {
    let options = match profile {
        Profile::Release => ready.options(),
        Profile::Small => CompileOptions::DEVICE.for_isa(Isa::Compact),
    };
    MODELS.into_iter().map(move |name| {
        let folder = workspace().join("models").join(name);
        let path = folder.join("model.tflite");
        let bytes = std::fs::read(&path).expect("a shipped model");
        let compiled = compile(name, &bytes, options).expect("a model that compiles");
        Model { name, path, record: Record::read(&folder.join("golden.json")).expect("its record"), compiled }
    })
}

/// Builds the board's program around a model; nothing where the board is known to be too small.
fn image(ready: &Ready, model: &Model, profile: Profile, features: &[&str]) -> Option<PathBuf> {
    match ready.image(Program::Of(&model.path), profile, features) {
        Err(error @ Error::TooLarge { .. }) if ready.board.name == SMALL => {
            eprintln!("skipped: {error}");
            None
        }
        image => Some(image.expect("an image")),
    }
}

fn inputs(model: &Model) -> Vec<Vec<u8>> {
    model.record.cases.iter().map(|case| lcg_inputs(&model.compiled.inputs, case.seed).concat()).collect()
}

/// What every step wrote on the host: step, layer, bytes.
#[derive(Default)]
struct Steps(Vec<(u32, u32, Vec<u8>)>);

impl Observer for Steps {
    fn after(&mut self, step: StepInfo, output: &[u8]) {
        self.0.push((u32::from(step.index), u32::from(step.layer), output.to_vec()));
    }
}

#[test]
fn shipped_images_cannot_panic_keep_their_budget_and_give_the_recorded_bytes() {
    on_each_board(|ready| {
        for model in models(ready, Profile::Release) {
            let Some(image) = image(ready, &model, Profile::Release, &[]) else { continue };
            let code = examine(ready, &model, &image).sizes.code_bytes();
            // RISC-V's images are built for speed alone, and those of real boards hold their HAL.
            let free = ready.board.target.starts_with("riscv") || ready.board.runner.is_some();
            let within = code <= CODE_LIMIT || free;
            assert!(within, "{} on {}: {code} bytes of code", model.name, ready.board.name);
        }
    });
}

#[test]
fn what_is_not_where_the_chip_needs_it_is_told() {
    on_each_board(|ready| {
        let Some(model) = models(ready, Profile::Release).find(|model| model.name == "digits") else {
            return;
        };
        let image = image(ready, &model, Profile::Release, &[]).expect("an image");
        let told = |board: &Board| misplaced(&image, board, Talk::Rtt).expect("an image").join("; ");
        let with = |kind, change: &dyn Fn(&mut Memory)| {
            let mut board = ready.board.clone();
            board.memory.iter_mut().filter(|memory| memory.kind == kind).for_each(change);
            told(&board)
        };
        let name = &ready.board.name;
        let moved = with(MemoryKind::Flash, &|memory| memory.origin += 0x40_0000);
        assert!(moved.contains("to be loaded at") && moved.contains("beyond flash"), "{name}: {moved}");
        let short = with(MemoryKind::Ram, &|memory| memory.length = ByteCount(64));
        assert!(short.contains("have no memory"), "{name}: {short}");
        if ready.board.target.starts_with("thumb") {
            assert!(short.contains("the stack begins at"), "{name}: {short}");
            let chip = |chip: &str| told(&Board { chip: Some(chip.to_owned()), ..ready.board.clone() });
            let is_defined = name == "rp-pico2";
            assert_eq!(
                chip("RP235x").contains("no image definition in the 4096 bytes"),
                !is_defined,
                "{name}"
            );
            assert_eq!(chip("RP2040"), "", "{name}");
        }
        if ready.board.target.starts_with("riscv") && ready.board.runner.is_none() {
            let espressif = told(&Board { chip: Some("esp32c3".to_owned()), ..ready.board.clone() });
            assert!(espressif.contains("no esp_app_desc where the constants begin"), "{name}: {espressif}");
            assert!(
                espressif.contains("no _vector_table in RAM at a multiple of 256"),
                "{name}: {espressif}"
            );
        }
        if ready.board.runner.is_none() {
            let probed = told(&Board { runner: Some(Runner::ProbeRs), ..ready.board.clone() });
            assert_eq!(probed, "no _SEGGER_RTT; no MICROJOULE_FAULT", "{name}");
        }
    });
}

#[test]
fn images_built_for_size_are_half_as_large_and_give_the_recorded_bytes() {
    on_each_board(|ready| {
        if !["qemu-an385-v6m", "qemu-an386", "qemu-an547"].contains(&ready.board.name.as_str()) {
            return;
        }
        for model in models(ready, Profile::Small).filter(|model| model.name == "kws") {
            let image = image(ready, &model, Profile::Small, &[]).expect("an image");
            let code = examine(ready, &model, &image).sizes.code_bytes();
            assert!(code <= SMALL_CODE_LIMIT, "{} on {}: {code} bytes of code", model.name, ready.board.name);
        }
    });
}

/// How many times the cycles an image built for size may take.
const SMALL_SLOWNESS: u64 = 3;

#[test]
fn images_built_for_size_take_at_most_three_times_the_cycles() {
    let plugin =
        build_host_library(&workspace(), PLUGIN, &mut |line| eprintln!("{line}")).expect("a library");
    on_each_board(|ready| {
        let (board, Some(emulator)) = (&ready.board, &ready.emulator) else { return };
        if !["qemu-an385-v6m", "qemu-an386", "qemu-an547"].contains(&board.name.as_str()) {
            return;
        }
        for model in models(ready, Profile::Small).filter(|model| model.name == "kws") {
            let image = image(ready, &model, Profile::Small, &["marks", "steps"]).expect("an image");
            let timing = Timing::of(&board.core).expect("the core's");
            let session = Session { image: &image, plugin: &plugin, timing, limit: LIMIT };
            let profile = emulator.profile(&session, &inputs(&model)[0]).expect("figures");
            let (small, fast) =
                (profile.whole.total().cycles(), recorded_cycles(&board.name, "kws (shipped)"));
            eprintln!("{} on {}: {small} cycles built for size, {fast} for speed", model.name, board.name);
            assert!(small <= SMALL_SLOWNESS * fast, "{} on {}: {small} of {fast}", model.name, board.name);
        }
    });
}

/// What a model takes of a board built for speed, as the board's record has it.
fn recorded_cycles(board: &str, model: &str) -> u64 {
    let file = workspace().join("bench/record").join(board).with_extension("json");
    let records = std::fs::read(file).expect("the board's record");
    let records: serde_json::Value = serde_json::from_slice(&records).expect("JSON");
    let mut records = records.as_array().expect("records").iter();
    let record = records.find(|record| record["model"]["name"] == model).expect("the model's");
    record["total"]["cycles"].as_u64().expect("a count")
}

/// That an image cannot panic, keeps its budget and gives the recorded bytes.
fn examine(ready: &Ready, model: &Model, image: &Path) -> Contents {
    let board = &ready.board;
    let on = format!("{} on {}", model.name, board.name);
    let contents = Contents::read(image).expect("an image");
    // A chip's own HAL may; the network's part is the same code as on the emulated boards with that core.
    if board.may_panic.is_none() {
        assert_eq!(contents.forbidden(), [""; 0], "{on}");
    }
    assert_eq!(misplaced(image, board, Talk::Rtt).expect("an image"), [""; 0], "{on}");
    let sizes = contents.sizes;
    // Constants are aligned to 16 bytes, and so is their length in the image.
    let weights = model.compiled.layout.weights.len().next_multiple_of(16) as u64;
    assert_eq!(sizes.weights_bytes, weights, "{on}");
    assert!(sizes.flash_bytes() <= board.budget.flash.0, "{on}: {sizes:?}");
    assert!(sizes.ram_bytes() <= board.budget.ram.0, "{on}: {sizes:?}");

    let Some(emulator) = &ready.emulator else { return contents };
    let cases = inputs(model);
    let job = Job { cases: &cases, steps: false, reset: true };
    let (reply, _) = emulator.infer(image, &job, LIMIT).expect("a reply");
    assert!(reply.cases.len() >= 4);
    for (case, recorded) in reply.cases.iter().zip(&model.record.cases) {
        for (output, recorded) in case.outputs.iter().zip(&recorded.outputs) {
            assert_eq!(sha256(output), recorded.sha256, "{on}");
        }
    }
    assert_eq!(reply.hello.arena_bytes as usize, model.compiled.layout.arena_bytes, "{on}");
    assert!(u64::from(reply.stack.deepest_bytes) <= board.budget.stack.0, "{on}: {:?}", reply.stack);
    eprintln!("{on}: {sizes:?}, stack {:?}", reply.stack);
    contents
}

#[test]
fn every_step_writes_on_the_board_what_it_writes_on_the_host() {
    on_each_board(|ready| {
        let Some(emulator) = &ready.emulator else { return };
        for model in models(ready, Profile::Release) {
            steps_agree(ready, &model, emulator);
        }
    });
}

/// Models come as plans, which are the same steps; compiled in where a board takes no plans, and on one that does.
fn steps_agree(ready: &Ready, model: &Model, emulator: &Emulator) {
    let on = format!("{} on {}", model.name, ready.board.name);
    let cases = inputs(model);
    let job = Job { cases: &cases[..1], steps: true, reset: true };
    let mut replies = Vec::new();
    if ready.board.plan.is_some() {
        let plan = blob(&model.compiled);
        replies.push(emulator.infer_plan(ready.plan_image(), &plan, &job, LIMIT).expect("a reply").0);
    }
    if (ready.board.plan.is_none() || ready.board.name == "qemu-an386")
        && let Some(image) = image(ready, model, Profile::Release, &["steps"])
    {
        replies.push(emulator.infer(&image, &job, LIMIT).expect("a reply").0);
    }

    let mut host = HostModel::new(&model.compiled);
    let mut executor = host.executor().expect("enough memory");
    let inputs = lcg_inputs(&model.compiled.inputs, model.record.cases[0].seed);
    for (index, input) in inputs.iter().enumerate() {
        executor.input_mut(index).copy_from_slice(input);
    }
    let mut expected = Steps::default();
    executor.run_observed(&mut expected).expect("a plan that runs");
    assert!(expected.0.len() >= model.compiled.layout.steps.len());

    assert!(!replies.is_empty() || ready.board.name == SMALL, "{on}");
    for reply in &replies {
        assert_eq!(reply.cases[0].steps.len(), expected.0.len(), "{on}");
        for (found, (step, layer, bytes)) in reply.cases[0].steps.iter().zip(&expected.0) {
            assert_eq!((found.step, found.layer), (*step, *layer), "{on}");
            assert_eq!(sha256(&found.bytes), sha256(bytes), "{on}, step {step}");
        }
    }
}
