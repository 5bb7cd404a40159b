//! The shipped models as real firmware on emulated boards: the recorded bytes, every step as on the host, nothing in
//! the image that could panic or allocate, and the board's budget kept.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use compiler::{CompileOptions, Compiled, HostModel, Isa, compile};
use emulator::{Emulator, Job};
use firmware::{Board, Contents, Machine, Planning, Profile, Request, build, resolve};
use golden::{Record, lcg_inputs, sha256};
use microjoule::{Observer, StepInfo};

const MODELS: [&str; 2] = ["digits", "kws"];
/// The board that the larger of them barely fits, or does not.
const SMALL: &str = "qemu-microbit";
const LIMIT: Duration = Duration::from_secs(300);

fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

struct Model {
    name: &'static str,
    path: PathBuf,
    record: Record,
    compiled: Compiled,
}

/// The shipped models, planned as for the board's images.
fn models(board: &Board, profile: Profile) -> impl Iterator<Item = Model> {
    let options = match profile {
        Profile::Release => CompileOptions::DEVICE.for_target(&board.target, &board.core),
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

/// Builds shipped models for every board, and hands over what is needed to run them; a board whose target or emulator
/// is not here is named and skipped.
fn on_every_board(
    profile: Profile,
    features: &[&str],
    wanted: fn(board: &str, model: &str) -> bool,
    mut check: impl FnMut(&Board, &Model, &Path, Option<&Emulator>),
) {
    let boards = Board::all(&workspace()).expect("boards");
    assert!(boards.len() >= 2);
    for board in boards {
        let resolved = match resolve(&Machine::this(), &board.target, &mut |line| eprintln!("{line}")) {
            Ok(resolved) => resolved,
            Err(error) => {
                eprintln!("skipped: {}: {error}", board.name);
                continue;
            }
        };
        let emulator =
            Emulator::find(&board).inspect_err(|absent| eprintln!("skipped: {}: {absent}", board.name));
        for model in models(&board, profile).filter(|model| wanted(&board.name, model.name)) {
            let request = Request {
                board: &board,
                program: None,
                model: Some(&model.path),
                planning: Planning::default(),
                profile,
                features,
            };
            let image = match build(&resolved.toolchain, &request, &mut |line| eprintln!("{line}")) {
                Err(error @ firmware::Error::TooLarge { .. }) if board.name == SMALL => {
                    eprintln!("skipped: {error}");
                    continue;
                }
                image => image.expect("an image"),
            };
            check(&board, &model, &image.path, emulator.as_ref().ok());
        }
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

/// What kernels, engine and plan of a shipped model may take of flash, built for speed and for size; lowered when images
/// get smaller.
const CODE_LIMIT: u64 = 15_000;
const SMALL_CODE_LIMIT: u64 = 7_900;

/// That an image cannot panic, keeps its budget and gives the recorded bytes.
fn examine(board: &Board, model: &Model, image: &Path, emulator: Option<&Emulator>) -> Contents {
    let on = format!("{} on {}", model.name, board.name);
    let contents = Contents::read(image).expect("an image");
    assert_eq!(contents.forbidden(), [""; 0], "{on}");
    let sizes = contents.sizes;
    // Constants are aligned to 16 bytes, and so is their length in the image.
    let weights = model.compiled.layout.weights.len().next_multiple_of(16) as u64;
    assert_eq!(sizes.weights_bytes, weights, "{on}");
    assert!(sizes.flash_bytes() <= board.budget.flash.0, "{on}: {sizes:?}");
    assert!(sizes.ram_bytes() <= board.budget.ram.0, "{on}: {sizes:?}");

    let Some(emulator) = emulator else { return contents };
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
fn shipped_images_cannot_panic_keep_their_budget_and_give_the_recorded_bytes() {
    on_every_board(
        Profile::Release,
        &[],
        |_, _| true,
        |board, model, image, emulator| {
            let code = examine(board, model, image, emulator).sizes.code_bytes();
            // RISC-V's images are built for speed alone.
            let within = code <= CODE_LIMIT || board.target.starts_with("riscv");
            assert!(within, "{} on {}: {code} bytes of code", model.name, board.name);
        },
    );
}

#[test]
fn images_built_for_size_are_half_as_large_and_give_the_recorded_bytes() {
    on_every_board(
        Profile::Small,
        &[],
        |board, model| model == "kws" && ["qemu-an385-v6m", "qemu-an386", "qemu-an547"].contains(&board),
        |board, model, image, emulator| {
            let code = examine(board, model, image, emulator).sizes.code_bytes();
            assert!(code <= SMALL_CODE_LIMIT, "{} on {}: {code} bytes of code", model.name, board.name);
        },
    );
}

#[test]
fn every_step_writes_on_the_board_what_it_writes_on_the_host() {
    // The larger model on one board: what differs between boards are kernels, and whole runs compare those.
    let wanted = |board: &str, model: &str| model == "digits" || board == "qemu-an386";
    on_every_board(Profile::Release, &["steps"], wanted, |board, model, image, emulator| {
        let Some(emulator) = emulator else { return };
        let cases = inputs(model);
        let job = Job { cases: &cases[..1], steps: true, reset: true };
        let (reply, _) = emulator.infer(image, &job, LIMIT).expect("a reply");

        let mut host = HostModel::new(&model.compiled);
        let mut executor = host.executor().expect("enough memory");
        let inputs = lcg_inputs(&model.compiled.inputs, model.record.cases[0].seed);
        for (index, input) in inputs.iter().enumerate() {
            executor.input_mut(index).copy_from_slice(input);
        }
        let mut expected = Steps::default();
        executor.run_observed(&mut expected).expect("a plan that runs");

        assert_eq!(reply.cases[0].steps.len(), expected.0.len());
        assert!(expected.0.len() >= model.compiled.layout.steps.len());
        for (found, (step, layer, bytes)) in reply.cases[0].steps.iter().zip(&expected.0) {
            assert_eq!((found.step, found.layer), (*step, *layer));
            assert_eq!(sha256(&found.bytes), sha256(bytes), "{} on {}, step {step}", model.name, board.name);
        }
    });
}
