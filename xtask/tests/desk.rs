//! Boards behind a debug probe, as verbs are typed: the whole way to a simulated target, for every chip that has one.

use std::{
    path::Path,
    process::{Command, Output},
};

use serde_json::Value;

const BOARDS: [&str; 8] = [
    "microbit-v2",
    "nrf52840-dk",
    "nrf5340-dk",
    "nucleo-h743zi",
    "nucleo-l4r5zi",
    "nucleo-u575zi",
    "rp-pico",
    "rp-pico2",
];

fn xtask(arguments: &[&str]) -> Option<(Output, String)> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_xtask"));
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let output = command.current_dir(workspace).args(arguments).output().expect("xtask starts");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    if said.contains("skipped: ") || said.contains("nothing here compiles for") {
        eprintln!("{said}");
        return None;
    }
    Some((output, said))
}

/// Every line says that nothing of it is real, wherever it goes; but for one that the first call of all may say, which is of no chip.
fn assert_marked(output: &Output, said: &str) {
    let printed = String::from_utf8_lossy(&output.stdout);
    let building = |line: &str| line.starts_with("building the debug stack");
    for line in printed.lines().chain(said.lines()).filter(|line| !line.trim().is_empty() && !building(line))
    {
        assert!(line.contains("simulated"), "{line}");
    }
}

#[test]
fn a_profile_takes_away_what_timing_costs_and_never_claims_a_measurement() {
    for board in BOARDS {
        let on = ["profile", "digits", "--board", board, "--probe", "simulated"];
        let Some((output, said)) = xtask(&[&on[..], &["--json"]].concat()) else { continue };
        assert_eq!(output.status.code(), Some(0), "{said}");
        let record: Value = serde_json::from_slice(&output.stdout).expect("a record");
        assert_eq!(record["obtained"], "simulated", "{board}");
        assert_eq!(record["same_bytes"], true, "{board}");
        assert_eq!(record["timing"]["step_cost_cycles"], 20, "{board}");
        let steps = record["steps"].as_array().expect("steps");
        assert!(steps.len() >= 4, "{steps:?}");
        // The simulated firmware says 1020 for each, of which timing cost 20.
        assert!(steps.iter().all(|step| step["cycles"] == 1000), "{steps:?}");
        assert_eq!(record["total"]["cycles"], 1000 * steps.len(), "{board}");
        let folder = tempfile::tempdir().expect("a folder");
        let before = folder.path().join("before.json");
        std::fs::write(&before, &output.stdout).expect("a file");
        let more = ["--mix", "--baseline", &before.display().to_string()];
        let (output, said) = xtask(&[&on[..], &more].concat()).expect("as before");
        assert!(String::from_utf8_lossy(&output.stdout).lines().count() > 6);
        assert_marked(&output, &said);
    }
}

#[test]
fn the_log_comes_decoded_with_the_place_in_the_sources() {
    for board in BOARDS {
        let arguments = ["attach", "--board", board, "--probe", "simulated", "--seconds", "1"];
        let Some((output, said)) = xtask(&arguments) else { continue };
        let log = String::from_utf8_lossy(&output.stdout).into_owned();
        assert_eq!(output.status.code(), Some(0), "{said}");
        assert!(log.starts_with("simulated: info "), "{log}");
        assert_marked(&output, &said);
        assert!(log.contains("waiting for a job") && log.contains("boards/probed/src/serve.rs:"), "{log}");
    }
}

#[test]
fn what_goes_wrong_is_told_at_the_stage_where_it_does() {
    let on = ["profile", "digits", "--board", "nrf52840-dk", "--probe"];
    for (wrong, told) in [
        ("no-ack", "does not answer. Check that the board has power"),
        ("wait", "lost the connection while writing"),
        ("unplugged", "the chip has no firmware that could run"),
        ("stuck-erase", "does not erase: it is not done after the time"),
        ("worn-out", "verifying failed: "),
        ("locked", "nRF52840_xxAA is locked"),
        ("hang", "the firmware does not answer: for 1 s it has said nothing"),
    ] {
        let probe = format!("simulated:{wrong}");
        let Some((output, said)) = xtask(&[&on[..], &[&probe]].concat()) else { return };
        assert_eq!((output.status.code(), output.stdout.len()), (Some(1), 0), "{wrong}: {said}");
        assert!(said.contains(told), "{wrong}: {said}");
        let told = said.lines().find(|line| line.contains(told)).expect("as above");
        assert!(told.starts_with("simulated: "), "{told}");
        let end = said.lines().find(|line| line.contains("not measured")).expect("how it ended");
        assert!(end.contains("simulated: "), "{end}");
    }
}

#[test]
fn what_firmware_left_comes_first_with_a_backtrace() {
    for board in BOARDS {
        let arguments = ["attach", "--board", board, "--probe", "simulated:crashed", "--seconds", "1"];
        let Some((output, said)) = xtask(&arguments) else { continue };
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        assert_eq!(output.status.code(), Some(0), "{said}");
        let told = "simulated: hard fault, 1 start ago, in case 0, step 3 of the plan: an instruction that the core does not";
        assert!(text.starts_with(told), "{text}");
        assert!(text.contains("boards/probed/src/lib.rs:"), "{text}");
        assert!(text.contains("waiting for a job"), "{text}");
        assert_marked(&output, &said);
    }
}

#[test]
fn flashing_says_at_every_line_that_nothing_was_flashed() {
    for board in BOARDS {
        let arguments = ["flash", "--board", board, "--probe", "simulated", "--verify", "--chip-erase"];
        let Some((output, said)) = xtask(&arguments) else { continue };
        assert_eq!(output.status.code(), Some(0), "{said}");
        assert!(String::from_utf8_lossy(&output.stdout).contains("written and verified"), "{said}");
        assert_marked(&output, &said);
    }
}

#[test]
fn a_chip_that_is_not_simulated_is_named() {
    let arguments = ["flash", "--board", "esp32-c3", "--probe", "simulated"];
    let Some((output, said)) = xtask(&arguments) else { return };
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("simulated: error: simulating: no simulated target for esp32c3"), "{said}");
}
