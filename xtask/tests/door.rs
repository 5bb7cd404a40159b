//! The verbs as they are typed: what comes out, and the exit code.

use std::{
    path::{Path, PathBuf},
    process::{Command, Output},
};

use serde_json::Value;

/// What the door prints without this program.
const PAGES: &str = include_str!("../../crates/door/help.txt");

fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn xtask(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_xtask"));
    command.current_dir(workspace()).args(arguments).output().expect("xtask starts")
}

fn code(output: &Output) -> Option<i32> {
    output.status.code()
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).expect("text")
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).expect("text")
}

fn json(arguments: &[&str]) -> Value {
    let output = xtask(arguments);
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {}", stderr(&output)))
}

fn golden(model: &str) -> Value {
    let text = std::fs::read_to_string(workspace().join(format!("models/{model}/golden.json")));
    serde_json::from_str(&text.expect("a record")).expect("JSON")
}

#[test]
fn infer_gives_the_recorded_bytes_and_checksums() {
    for model in ["digits", "kws"] {
        let record = golden(model);
        let found = json(&["infer", model, "--input", "lcg:12345", "--layers", "--json"]);
        assert_eq!(found["model"]["name"], model);
        assert_eq!(found["model"]["sha256"], record["sha256"]);
        assert_eq!(found["board"], "host");
        assert_eq!(found["outputs"][0]["sha256"], record["cases"][0]["outputs"][0]["sha256"]);
        assert_eq!(found["outputs"][0]["hex"], record["cases"][0]["outputs"][0]["hex"]);
        assert_eq!(found["outputs"][0]["shape"], record["outputs"][0]["shape"]);
        assert_eq!(found["outputs"][0]["dtype"], record["outputs"][0]["dtype"]);
        let steps = found["steps"].as_array().expect("steps");
        for layer in record["layers_case0"].as_array().expect("recorded layers") {
            let step = steps.iter().find(|step| step["index"] == layer["op"]).expect("a step for each layer");
            assert_eq!(step["sha256"], layer["sha256"], "{model}, layer {}", layer["op"]);
            assert_eq!(step["operator"], layer["name"]);
            assert!(step.get("hex").is_none());
        }
    }
}

#[test]
fn infer_reads_pictures_and_sounds() {
    for (model, file) in [("digits", "7_test1265.png"), ("kws", "yes_test3.wav")] {
        let folder = workspace().join(format!("models/{model}/samples"));
        let expected: Value =
            serde_json::from_str(&std::fs::read_to_string(folder.join("expected.json")).unwrap()).unwrap();
        let row = expected.as_array().unwrap().iter().find(|row| row["file"] == file).unwrap();
        let sample = format!("models/{model}/samples/{file}");
        let found = json(&["infer", model, "--input", &sample, "--json"]);
        assert_eq!(found["outputs"][0]["hex"], row["output_hex"]);
        assert_eq!(found["steps"], Value::Array(Vec::new()));
    }
}

#[test]
fn wrong_usage_ends_with_2_and_says_so_on_stderr_only() {
    for arguments in [
        &["infer", "no_such_model", "--input", "lcg:1"][..],
        &["infer", "kws", "--input", "no_such_file.wav"],
        &["infer", "kws", "--input", "lcg:x"],
        &["infer", "kws", "--input", "models/kws/samples/yes_test3.wav", "--input", "lcg:1"],
        &["infer", "kws", "--input", "lcg:1", "--board", "no_such_board"],
        &["infer", "kws"],
        &["no_such_verb"],
    ] {
        let output = xtask(arguments);
        assert_eq!(code(&output), Some(2), "{arguments:?}");
        assert_eq!(stdout(&output), "", "{arguments:?}");
        assert!(stderr(&output).contains("error: "), "{arguments:?}");
    }
}

#[test]
fn what_the_door_refuses_is_refused_in_the_same_words() {
    // As `crates/door/tests/help.rs` has it of the door.
    for (arguments, said) in [
        (&["flsh"][..], "error: unrecognized subcommand 'flsh'\n"),
        (&["flash", "--bord", "nrf52840-dk"], "error: unexpected argument '--bord' found\n"),
        (&["--chip"], "error: unexpected argument '--chip' found\n"),
    ] {
        let output = xtask(arguments);
        assert_eq!(code(&output), Some(2), "{arguments:?}");
        let told = stderr(&output);
        assert!(told.starts_with(said) && told.ends_with("For more information, try '--help'.\n"), "{told}");
    }
}

#[test]
fn a_damaged_model_ends_with_1_and_never_with_a_panic() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("damaged.tflite");
    std::fs::write(&path, b"this is no model").unwrap();
    let output = xtask(&["infer", path.to_str().unwrap(), "--input", "lcg:1"]);
    assert_eq!(code(&output), Some(1));
    assert!(stderr(&output).contains("damaged cannot run"), "{}", stderr(&output));
}

#[test]
fn check_prices_a_model_that_runs() {
    let found = json(&["check", "kws", "--no-code", "--json"]);
    assert_eq!(found["supported"], true);
    assert_eq!(found["refusals"], Value::Array(Vec::new()));
    assert_eq!(found["macs"], 2_100_672);
    assert_eq!(found["arena_bytes"], found["arena_lower_bound_bytes"]);
    assert!(found["weight_bytes"].as_u64() > Some(20_000));
    let tensors = found["tensors"].as_array().unwrap();
    let end = |tensor: &Value| tensor["offset_bytes"].as_u64().unwrap() + tensor["bytes"].as_u64().unwrap();
    assert_eq!(tensors.iter().map(end).max(), found["arena_bytes"].as_u64());
    assert_eq!(found["code_bytes"], Value::Object(serde_json::Map::new()));
}

#[test]
fn check_draws_the_arena() {
    let output = xtask(&["check", "digits", "--no-code"]);
    assert_eq!(code(&output), Some(0));
    let text = stdout(&output);
    assert!(text.starts_with("digits runs\noperators "), "{text}");
    assert!(text.contains("arena over time\n     step <"), "{text}");
    assert!(text.lines().last().unwrap().contains("peak") && text.ends_with("^\n"), "{text}");
}

#[test]
fn check_refuses_a_damaged_file_with_one_refusal() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("damaged.tflite");
    std::fs::write(&path, b"\x1c\0\0\0TFL3 and nothing more").unwrap();
    let path = path.to_str().unwrap();
    let output = xtask(&["check", path, "--json"]);
    assert_eq!(code(&output), Some(1));
    let found: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(found["supported"], false);
    let refusals = found["refusals"].as_array().unwrap();
    assert_eq!(refusals.len(), 1);
    for key in ["step", "operator", "reason", "advice"] {
        assert!(refusals[0].get(key).is_some(), "{key}");
    }
    assert_eq!(refusals[0]["step"], Value::Null);
    assert_eq!(code(&xtask(&["check", path])), Some(1));
}

#[test]
fn check_tells_what_does_not_fit_a_board() {
    let fits = ["check", "kws", "--no-code", "--json", "--board", "qemu-an386"];
    assert_eq!(json(&fits)["fit"]["fits"], true);
    let reserve = [&fits[..], &["--reserve", "ram=4M,flash=256K"]].concat();
    let output = xtask(&reserve);
    assert_eq!(code(&output), Some(1));
    let found: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&found["supported"], &found["fit"]["fits"]), (&Value::Bool(true), &Value::Bool(false)));
    assert_eq!(found["fit"]["ram"]["reserved_bytes"], 4 << 20);
    assert_eq!(found["fit"]["flash"]["reserved_bytes"], 256 << 10);
    assert_eq!(code(&xtask(&[&fits[..], &["--reserve", "rom=1"]].concat())), Some(2));
}

#[test]
fn diff_agrees_with_a_record_and_finds_the_layer_that_does_not() {
    let same = xtask(&["diff", "kws", "--golden", "models/kws/golden.json"]);
    assert_eq!(code(&same), Some(0), "{}", stderr(&same));
    assert!(stdout(&same).ends_with(" layers compared are the same\n"), "{}", stdout(&same));

    let mut dump = json(&["infer", "kws", "--input", "lcg:7", "--layers", "--bytes", "--json"]);
    let step = &mut dump["steps"][3];
    let bytes = step["hex"].as_str().unwrap().to_owned();
    assert!(bytes.starts_with("80"), "the change below is from -128 to -126");
    step["hex"] = Value::String(format!("82{}", &bytes[2..]));
    step["sha256"] = Value::String("0".repeat(64));
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("dump.json");
    std::fs::write(&path, dump.to_string()).unwrap();
    let arguments = ["diff", "kws", "--golden", path.to_str().unwrap(), "--input", "lcg:7", "--json"];
    let output = xtask(&arguments);
    assert_eq!(code(&output), Some(1));
    let found: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(found["first"]["index"], 3);
    assert_eq!(found["first"]["by"]["differing"], 1);
    assert_eq!(found["first"]["by"]["largest"], 2);
    assert_eq!(code(&xtask(&["diff", "kws", "--golden", "models/kws/model.toml"])), Some(2));
}

#[test]
fn every_verb_has_help_with_an_example() {
    let help = stdout(&xtask(&["--help"]));
    assert!(PAGES.contains(&help) && PAGES.contains(&stderr(&xtask(&[]))), "run `cargo xtask codegen`");
    let listed = help.lines().skip_while(|line| *line != "Commands:").skip(1);
    let verbs: Vec<_> = listed.map_while(|line| line.split_whitespace().next()).collect();
    assert!(verbs.len() > 8, "{help}");
    for verb in verbs.into_iter().filter(|verb| *verb != "help") {
        let output = xtask(&[verb, "--help"]);
        assert_eq!(code(&output), Some(0), "{verb}");
        let help = stdout(&output);
        assert!(PAGES.contains(&help), "{verb}: not the door's page; run `cargo xtask codegen`");
        let example =
            help.split_once("Example").is_some_and(|(_, rest)| rest.contains(&format!("cargo xtask {verb}")));
        assert!(example, "{verb}");
    }
}
