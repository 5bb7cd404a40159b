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
fn measured(kind: &str) -> Option<(Value, PathBuf, TempDir)> {
    let folder = tempfile::tempdir().expect("a folder");
    let out = folder.path().display().to_string();
    let instrument = format!("simulated:{kind}");
    let arguments = ["--windows", "3", "--seconds", "0.5", "--json", "--out", &out];
    let output = xtask(&[&["measure", "--instrument", &instrument][..], &arguments].concat());
    let said = text(&output.stderr);
    if said.contains("skipped: ") {
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

fn energy_is_found(kind: &str) -> Option<(Value, PathBuf, TempDir)> {
    let (record, session, folder) = measured(kind)?;
    let played = record["played_microjoules"].as_f64().expect("what was played");
    let found = record["total"]["microjoules"].as_f64().expect("what was found");
    assert!((found / played - 1.0).abs() < 0.005, "{kind}: {found} for {played}");
    assert_eq!(record["obtained"], "simulated");
    assert_eq!(record["measurement"]["windows"], 3);
    Some((record, session, folder))
}

#[test]
fn the_energy_that_was_played_is_found_and_found_again() {
    let Some((record, session, _folder)) = energy_is_found("ppk2") else { return };
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
    energy_is_found("lpm01a");
}

#[test]
fn an_instrument_without_an_input_finds_windows_by_the_current() {
    let Some((record, ..)) = energy_is_found("scpi") else { return };
    let known = record["known_wrong"].to_string();
    assert!(known.contains("found by the current's shape"), "{known}");
}

#[test]
fn what_cannot_be_is_said_with_what_can() {
    for (arguments, expected) in [
        (&["measure", "--instrument", "simulated:scope"][..], "there are simulated:ppk2"),
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
