//! `gate` as it is typed: what comes out, and the exit code.

use std::{
    fs,
    path::Path,
    process::{Command, Output},
};

use serde_json::Value;

fn gate(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_xtask"));
    command.current_dir(folder).arg("gate").args(arguments).output().expect("xtask starts")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("text")
}

/// A folder with a budget of a shipped network on a shipped machine.
fn budget(limits: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let budget = format!(
        "[[model]]\nname = \"camera\"\nfile = \"resnet50_224\"\n\n[[model.tier]]\nname = \"phone\"\n\
         machines = [\"a14\"]\n{limits}\n"
    );
    fs::write(folder.path().join("b.toml"), budget).expect("written");
    folder
}

#[test]
fn shipped_models_keep_the_shipped_budget() {
    let output = gate(Path::new(env!("CARGO_MANIFEST_DIR")), &[]);
    assert_eq!(output.status.code(), Some(0), "{}{}", text(&output.stdout), text(&output.stderr));
    assert!(text(&output.stdout).contains("\nwithin budget: "));
}

#[test]
fn over_budget_is_exit_code_1_with_blame_levers_and_reports() {
    let folder = budget("latency = \"1.1 ms\"\nfile_size = \"1 GB\"");
    let arguments = ["--budget", "b.toml", "--json", "--junit", "g.xml", "--markdown", "g.md"];
    let output = gate(folder.path(), &arguments);
    assert_eq!(output.status.code(), Some(1), "{}", text(&output.stderr));
    assert!(text(&output.stderr).starts_with("over budget: 1 pass, 1 fail"), "{}", text(&output.stderr));
    let found: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(found["passed"], false);
    let run = &found["runs"][1];
    assert_eq!((&run["target"], &run["obtained"]), (&"a14-ios16".into(), &"simulated".into()));
    assert_eq!(run["judged"][0]["verdict"], "fail");
    assert_eq!(run["judged"][0]["blame"].as_array().map(Vec::len), Some(3));
    assert_eq!(run["record"]["schema"], 1);
    assert_eq!(run["record"]["model"]["name"], "camera");
    // Every lever that is said to fit does, priced by the simulator.
    let levers = run["levers"].as_array().expect("levers");
    assert!(levers.iter().any(|lever| lever["fits"] == true), "{levers:?}");
    for lever in levers.iter().filter(|lever| lever["fits"] == true) {
        assert!(lever["after"][0]["value"].as_f64().expect("a figure") <= 1100.0, "{lever}");
    }
    let read = |name: &str| fs::read_to_string(folder.path().join(name)).expect("a report");
    assert!(read("g.xml").contains("<failure message=\"fail: "));
    assert!(read("g.md").starts_with("### ❌ Budget gate\n"));
    // The same again, to the byte.
    assert_eq!(gate(folder.path(), &arguments).stdout, output.stdout);
}

#[test]
fn a_baseline_finds_what_grew() {
    let folder = budget("latency = \"1 s\"");
    let first = gate(folder.path(), &["--budget", "b.toml", "--json"]);
    assert_eq!(first.status.code(), Some(0));
    fs::write(folder.path().join("base.json"), &first.stdout).expect("written");
    let same = gate(folder.path(), &["--budget", "b.toml", "--baseline", "base.json"]);
    assert_eq!(same.status.code(), Some(0));
    let mut faster: Value = serde_json::from_slice(&first.stdout).expect("JSON");
    let total = &mut faster["runs"][0]["record"]["total"]["microseconds"];
    *total = (total.as_f64().expect("a figure") * 0.9).into();
    fs::write(folder.path().join("base.json"), faster.to_string()).expect("written");
    let slower = gate(folder.path(), &["--budget", "b.toml", "--baseline", "base.json"]);
    assert_eq!(slower.status.code(), Some(1));
    assert!(text(&slower.stdout).contains("regressed  camera on a14-ios16: latency"));
}

#[test]
fn wrong_usage_is_exit_code_2_with_file_and_line() {
    let usage = |limits: &str, said: &str| {
        let folder = budget(limits);
        let output = gate(folder.path(), &["--budget", "b.toml"]);
        assert_eq!(output.status.code(), Some(2), "{}", text(&output.stdout));
        let stderr = text(&output.stderr);
        assert!(stderr.starts_with(said), "{stderr}");
        assert!(output.stdout.is_empty());
    };
    usage("latency = \"18\"", "error: b.toml:8:11: \"18\"; expected a time in ");
    usage("latency = \"1 s\"\nfoo = 1", "error: b.toml:9:1: unknown field `foo`; expected ");
    usage(
        "latency = \"1 s\"\n[[model]]\nname = \"x\"\nfile = \"no.tflite\"\n[[model.tier]]\nname = \"t\"\n\
         machines = [\"m1\"]\nenergy = \"1 J\"",
        "error: b.toml:11:8: there is no file no.tflite, and no network of that name is shipped",
    );
    usage(
        "latency = \"1 s\"\n[[model]]\nname = \"x\"\nfile = \"mlperf_kws\"\n[[model.tier]]\nname = \"t\"\n\
         machines = [\"zx81\"]\nenergy = \"1 J\"",
        "error: b.toml:14:13: no machine is called `zx81`; near it: ",
    );
    let folder = budget("latency = \"1 s\"");
    assert_eq!(gate(folder.path(), &["--budget", "none.toml"]).status.code(), Some(2));
    assert_eq!(
        gate(folder.path(), &["--budget", "b.toml", "--baseline", "none.json"]).status.code(),
        Some(2)
    );
    assert_eq!(gate(folder.path(), &["--quick"]).status.code(), Some(2));
}

#[test]
fn a_record_of_another_file_and_absent_data_are_said() {
    let folder = budget("latency = \"1 s\"\nquantisation_loss = \"1 %\"");
    let path = folder.path().join("b.toml");
    let text_of = fs::read_to_string(&path).expect("read");
    let model = Path::new(env!("CARGO_MANIFEST_DIR")).join("../models/digits/model.tflite");
    fs::copy(model, folder.path().join("digits.tflite")).expect("copied");
    let changed = text_of
        .replace("\"resnet50_224\"", "\"digits.tflite\"\nquantisation.accuracy = \"model.toml\"")
        .replace("machines = [\"a14\"]", "records = [\"r.json\"]");
    fs::write(&path, changed).expect("written");
    let record = r#"{"schema": 1, "model": {"name": "m", "sha256": "00"}, "target": "desk", "obtained": "measured",
        "tools": {}, "clock_hz": null, "steps": [], "total": {"macs": 1, "instructions": null, "cycles": null,
        "microseconds": 5, "microjoules": null, "arena_bytes": null, "code_bytes": null, "weight_bytes": null}}"#;
    fs::write(folder.path().join("r.json"), record).expect("written");
    let output = gate(folder.path(), &["--budget", "b.toml"]);
    let said = text(&output.stdout);
    assert_eq!(output.status.code(), Some(1), "{said}{}", text(&output.stderr));
    assert!(said.contains("latency           pass"), "{said}");
    assert!(said.contains("skipped: there is no file model.toml"), "{said}");
    assert!(said.contains("not all judged: 1 pass, 1 not judged"), "{said}");
}

#[test]
fn a_model_is_run_on_given_inputs() {
    let folder = budget("quantisation_loss = \"10 %\"");
    let model = Path::new(env!("CARGO_MANIFEST_DIR")).join("../models/digits/model.tflite");
    fs::copy(model, folder.path().join("digits.tflite")).expect("copied");
    let path = folder.path().join("b.toml");
    let changed = fs::read_to_string(&path).expect("read").replace(
        "\"resnet50_224\"",
        "\"digits.tflite\"\nquantisation = { float = \"float.csv\", inputs = \"inputs.csv\" }",
    );
    fs::write(&path, changed).expect("written");
    fs::write(folder.path().join("inputs.csv"), ["0.0"; 256].join(",") + "\n").expect("written");
    // An empty picture is some digit; a float model that says each in turn agrees once in ten.
    let mut agreed = 0;
    for digit in 0..10 {
        let row: Vec<_> = (0..10).map(|index| if index == digit { "1" } else { "0" }).collect();
        fs::write(folder.path().join("float.csv"), row.join(" ")).expect("written");
        let output = gate(folder.path(), &["--budget", "b.toml"]);
        assert!(text(&output.stdout).contains("of 1 first answers are others in int8"));
        agreed += u32::from(output.status.code() == Some(0));
    }
    assert_eq!(agreed, 1);
}
