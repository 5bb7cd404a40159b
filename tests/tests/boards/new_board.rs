//! A board from the template builds and runs, and is not overfilled.

use std::{
    env, fs,
    path::{Path, PathBuf},
};

use emulator::Job;
use firmware::{Board, NewBoard, Profile};
use golden::{Record, sha256};
use microjoule_tests::{LIMIT, Program, Ready, workspace};

/// A workspace of boards beside the real one, whose crates it uses; so that nobody else meets the new board.
fn beside(real: &Path) -> tempfile::TempDir {
    let workspace = tempfile::tempdir().expect("a temporary folder");
    let boards = workspace.path().join("boards");
    fs::create_dir_all(&boards).expect("a folder");
    let manifest = fs::read_to_string(real.join("boards/Cargo.toml")).expect("the workspace of the boards");
    let absolute = |folder: &str| format!("path = \"{}/{folder}", real.display());
    let manifest = manifest
        .replace("path = \"../", &absolute(""))
        .replace("path = \"support", &absolute("boards/support"))
        .replace("path = \"build-support", &absolute("boards/build-support"));
    fs::write(boards.join("Cargo.toml"), manifest).expect("a manifest");
    fs::copy(real.join("boards/Cargo.lock"), boards.join("Cargo.lock")).expect("a lock file");
    fs::create_dir(boards.join(".cargo")).expect("a folder");
    fs::copy(real.join("boards/.cargo/config.toml"), boards.join(".cargo/config.toml")).expect("a copy");
    for (link, to) in [("boards/programs", real.join("boards/programs")), ("models", real.join("models"))] {
        std::os::unix::fs::symlink(to, workspace.path().join(link)).expect("a link");
    }
    let target = env::var_os("CARGO_TARGET_DIR").map_or_else(|| real.join("target"), PathBuf::from);
    let target = std::path::absolute(target).expect("a path");
    std::os::unix::fs::symlink(target, workspace.path().join("target")).expect("a link");
    workspace
}

/// A new board on QEMU's `mps2-an386`, with as much of its RAM.
fn write(workspace: &Path, name: &str, ram: &str) -> Board {
    let board = NewBoard {
        name: name.to_owned(),
        target: "thumbv7em-none-eabihf".to_owned(),
        core: None,
        flash: "0x0:512KiB".parse().expect("a region"),
        ram: ram.parse().expect("a region"),
        machine: Some("mps2-an386".to_owned()),
    };
    board.write(workspace).expect("a board")
}

fn real() -> PathBuf {
    fs::canonicalize(workspace()).expect("the workspace")
}

#[test]
fn a_new_board_builds_and_gives_the_recorded_bytes() {
    let workspace = beside(&real());
    let board = write(workspace.path(), "a-new-one", "0x20000000:64KiB");
    assert!(Board::all(workspace.path()).expect("boards").iter().any(|found| found.name == board.name));

    let folder = real().join("models/digits");
    let model = folder.join("model.tflite");
    let Some(ready) = Ready::new(board) else { return };
    let image = ready.image(Program::Of(&model), Profile::Release, &[]).expect("an image");
    let Some(emulator) = &ready.emulator else { return };
    let record = Record::read(&folder.join("golden.json")).expect("its record");
    let bytes = fs::read(&model).expect("a model");
    let compiled = compiler::compile("digits", &bytes, compiler::CompileOptions::DEVICE).expect("a plan");
    let cases = [golden::lcg_inputs(&compiled.inputs, record.cases[0].seed).concat()];
    let job = Job { cases: &cases, steps: false, reset: true };
    let (reply, _) = emulator.infer(&image, &job, LIMIT).expect("a reply");
    assert_eq!(sha256(&reply.cases[0].outputs[0]), record.cases[0].outputs[0].sha256);
}

#[test]
fn a_model_that_does_not_fit_is_refused_with_the_figures() {
    let workspace = beside(&real());
    let folder = real().join("models/digits");
    let refusal = |name: &str, ram: &str| {
        let board = write(workspace.path(), name, &format!("0x20000000:{ram}"));
        let image =
            Ready::new(board)?.image(Program::Of(&folder.join("model.tflite")), Profile::Release, &[]);
        let message = image.expect_err("no room").to_string();
        assert!(message.starts_with(&format!("digits does not fit {name}: it takes ")), "{message}");
        assert!(message.contains("where there are "), "{message}");
        Some(message)
    };
    let Some(message) = refusal("too-small", "2KiB") else { return };
    assert!(message.contains(" B of RAM, "), "{message}");
    // With as much as it takes, in whole KiB, there is still no room for the stack, which lies below.
    let taken = message.split("it takes ").nth(1).and_then(|rest| rest.split(' ').next());
    let taken: u64 = taken.and_then(|bytes| bytes.parse().ok()).expect("a number of bytes");
    let message = refusal("no-stack", &format!("{}KiB", taken.div_ceil(1024))).expect("the toolchain");
    assert!(message.contains(&format!("it takes {taken} B of RAM, where there are ")), "{message}");
}
