//! `measure` and `compare` as they are typed: the whole loop from an emulated board's window pin, by a simulated instrument, to the
//! energy that is known.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use serde_json::Value;
use tempfile::TempDir;

fn xtask(arguments: &[&str]) -> Output {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut command = Command::new(env!("CARGO_BIN_EXE_xtask"));
    command.current_dir(workspace).args(arguments).output().expect("xtask starts")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// The record of a short measurement, and the folder with its files; nothing where boards cannot be run.
fn measured(kind: &str, on: &[&str]) -> Option<(Value, PathBuf, TempDir)> {
    let folder = tempfile::tempdir().expect("a folder");
    let out = folder.path().display().to_string();
    let instrument = format!("simulated:{kind}");
    let arguments = ["--windows", "3", "--seconds", "0.5", "--json", "--out", &out];
    let output = xtask(&[&["measure", "--instrument", &instrument][..], &arguments, on].concat());
    let said = text(&output.stderr);
    if said.contains("skipped: ") || said.contains("nothing here compiles for") {
        eprintln!("{said}");
        assert!(output.stdout.is_empty());
        return None;
    }
    assert_eq!(output.status.code(), Some(0), "{said}");
    assert!(said.contains("kernel functions of the profile image, and no others"), "{said}");
    let record = serde_json::from_slice(&output.stdout).expect("JSON");
    let session = fs::read_dir(folder.path()).expect("a folder").flatten().next().expect("a session").path();
    Some((record, session, folder))
}

fn energy_is_found(kind: &str, on: &[&str]) -> Option<(Value, PathBuf, TempDir)> {
    let (record, session, folder) = measured(kind, on)?;
    let played = record["played_microjoules"].as_f64().expect("what was played");
    let found = record["total"]["microjoules"].as_f64().expect("what was found");
    assert!((found / played - 1.0).abs() < 0.005, "{kind}: {found} for {played}");
    assert_eq!(record["obtained"], "simulated");
    assert_eq!(record["measurement"]["windows"], 3);
    Some((record, session, folder))
}

#[test]
fn the_energy_that_was_played_is_found_and_found_again() {
    let Some((record, session, _folder)) = energy_is_found("ppk2", &[]) else { return };
    let file = session.join("samples.parquet").display().to_string();
    let page = session.join("page.html").display().to_string();
    let replay = xtask(&["measure", "--replay", &file, "--json", "--html", &page]);
    assert_eq!(replay.status.code(), Some(0), "{}", text(&replay.stderr));
    assert_eq!(serde_json::from_slice::<Value>(&replay.stdout).expect("JSON"), record);

    let results = fs::read_to_string(session.join("results.txt")).expect("results");
    assert!(
        results.starts_with("Obtained: simulated\n") && results.contains("  Energy/Inf.  :"),
        "{results}"
    );
    let page = fs::read_to_string(page).expect("a page");
    assert!(page.contains("Simulated, not measured.") && !page.contains("http"), "a page of its own");
    let printed = text(&xtask(&["measure", "--replay", &file]).stdout);
    assert!(printed.lines().any(|line| line.starts_with("simulated: energy ")), "{printed}");

    let record_file = session.join("record.json").display().to_string();
    let kept = xtask(&["compare", &record_file, "--baseline", &record_file]);
    assert_eq!(kept.status.code(), Some(0), "{}", text(&kept.stderr));
    let mut cheaper = record;
    let half = cheaper["total"]["microjoules"].as_f64().expect("energy") / 2.0;
    cheaper["total"]["microjoules"] = half.into();
    let before = session.join("before.json");
    fs::write(&before, cheaper.to_string()).expect("written");
    let grown = xtask(&["compare", &record_file, "--baseline", &before.display().to_string()]);
    assert_eq!(grown.status.code(), Some(1));
    assert!(
        text(&grown.stdout).contains("REGRESSED: simulated energy in µJ on qemu-an386"),
        "{}",
        text(&grown.stdout)
    );
}

#[test]
fn an_instrument_that_tells_of_edges_beside_its_samples_finds_it_too() {
    energy_is_found("lpm01a", &[]);
}

#[test]
fn an_instrument_without_an_input_finds_windows_by_the_current() {
    let Some((record, ..)) = energy_is_found("scpi", &[]) else { return };
    let known = record["known_wrong"].to_string();
    assert!(known.contains("found by the current's shape"), "{known}");
}

#[test]
fn a_board_behind_a_probe_is_timed_flashed_let_go_of_and_measured() {
    for (board, kind) in [("nucleo-l4r5zi", "ppk2"), ("nrf52840-dk", "lpm01a"), ("rp-pico", "scpi")] {
        let on = ["--board", board, "--model", "digits", "--probe", "simulated"];
        let Some((record, ..)) = energy_is_found(kind, &on) else { continue };
        assert_eq!(record["target"], board);
        // As many inferences as fill half a second, by the time that the profile image told.
        let inferences = record["measurement"]["inferences"].as_f64().expect("a number");
        let each = record["total"]["microseconds"].as_f64().expect("a latency");
        assert!((0.5e6..0.52e6).contains(&(inferences * each)), "{board}: {inferences} of {each} µs");
    }
}

#[test]
fn every_step_with_a_board_that_is_not_there_says_so() {
    let folder = tempfile::tempdir().expect("a folder");
    let out = folder.path().display().to_string();
    let on = [
        "measure",
        "--board",
        "nrf52840-dk",
        "--model",
        "digits",
        "--instrument",
        "simulated:ppk2",
        "--windows",
        "2",
    ];
    let rest = ["--seconds", "0.2", "--out", &out, "--probe"];
    let output = xtask(&[&on[..], &rest, &["simulated"]].concat());
    let said = text(&output.stderr);
    if said.contains("skipped: ") || said.contains("nothing here compiles for") {
        return eprintln!("{said}");
    }
    assert_eq!(output.status.code(), Some(0), "{said}");
    for step in
        ["step 1 of 4", "step 2 of 4", "step 3 of 4", "step 4 of 4", "the probe let go: no debug clock is on"]
    {
        let line = said.lines().find(|line| line.contains(step)).unwrap_or_else(|| panic!("{step}: {said}"));
        assert!(line.starts_with("simulated: "), "{line}");
    }
    // Debug power went, and before it debugging of every core.
    assert!(said.contains("debug power off, 0 cores with debug on"), "{said}");
    let lines = text(&output.stdout);
    assert!(
        lines.lines().filter(|line| !line.is_empty()).all(|line| line.starts_with("simulated: ")),
        "{lines}"
    );

    let locked = xtask(&[&on[..], &rest, &["simulated:locked"]].concat());
    let said = text(&locked.stderr);
    assert_eq!((locked.status.code(), locked.stdout.len()), (Some(1), 0), "{said}");
    assert!(said.contains("nRF52840_xxAA is locked") && said.contains("step 1 of 4"), "{said}");

    let flashed = ["--no-flash", "--inferences", "10"];
    let output = xtask(&[&on[..], &rest, &["simulated"], &flashed].concat());
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{said}");
    assert!(said.contains("the image was flashed before") && !said.contains("step 1 of 4"), "{said}");
}

#[test]
fn what_cannot_be_is_said_with_what_can() {
    for (arguments, expected) in [
        (
            &["measure", "--instrument", "simulated:ppk2", "--board", "rp-pico"][..],
            "a simulated instrument sees nothing of rp-pico",
        ),
        (
            &["measure", "--instrument", "ppk2", "--board", "rp-pico", "--probe", "simulated"],
            "a simulated board draws no current",
        ),
        (&["measure", "--instrument", "joulescope", "--board", "rp-pico"], "--instrument file:"),
        (&["measure", "--instrument", "ppk2", "--no-flash"], "--inferences"),
        (&["measure", "--instrument", "simulated:scope"], "there are simulated:ppk2"),
        (&["measure", "--instrument", "simulated:ppk2", "--board", "qemu-virt"], "has no window pin"),
        (&["measure", "--instrument", "scope"], "ppk2[:PORT]"),
        (&["measure", "--replay", "Cargo.toml"], "no Parquet file"),
        (&["compare", "Cargo.toml"], "Cargo.toml"),
    ] {
        let output = xtask(arguments);
        let said = text(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {said}");
        assert!(said.contains(expected), "{arguments:?}: {said}");
    }
}
