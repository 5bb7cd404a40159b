//! `profile` as it is typed: the record, the comparison, the timeline. One model's images are built once for all.

use std::{
    fs,
    path::Path,
    process::{Command, Output},
};

use serde_json::Value;

fn xtask(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_xtask"));
    command.current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("..")).args(arguments);
    command.output().expect("xtask starts")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn a_profile_is_the_same_twice_compares_with_a_record_and_draws_a_timeline() {
    let profile = |more: &[&str]| xtask(&[&["profile", "digits", "--board", "qemu-an386"], more].concat());
    let folder = tempfile::tempdir().expect("a folder");
    let file = |name: &str| folder.path().join(name).display().to_string();
    let timeline = file("trace.json");

    let first = profile(&["--json", "--trace", &timeline]);
    let said = text(&first.stderr);
    if said.contains("skipped: ") {
        eprintln!("{said}");
        assert!(first.stdout.is_empty());
        return;
    }
    assert_eq!(first.status.code(), Some(0), "{said}");
    let record: Value = serde_json::from_slice(&first.stdout).expect("JSON");

    // The keys that other tools rely on, and sums that hold.
    assert_eq!((&record["schema"], &record["obtained"]), (&Value::from(1), &Value::from("emulated")));
    assert_eq!((&record["same_bytes"], &record["target"]), (&Value::from(true), &Value::from("qemu-an386")));
    assert_eq!(record["timing"]["table"], "cortex-m4");
    let total = &record["total"];
    let number = |value: &Value| value.as_u64().unwrap_or_else(|| panic!("{value} in {record}"));
    for key in ["macs", "instructions", "cycles", "arena_bytes", "code_bytes", "weight_bytes"] {
        assert!(number(&total[key]) > 0, "{key}");
    }
    let steps = record["steps"].as_array().expect("steps");
    let sum = |key: &str| steps.iter().map(|step| number(&step[key])).sum::<u64>();
    assert_eq!(sum("macs"), number(&total["macs"]));
    assert!(sum("cycles").abs_diff(number(&total["cycles"])) < number(&total["cycles"]) / 50);
    for step in steps {
        assert!(step["kernel"].as_str().is_some_and(|kernel| !kernel.is_empty()), "{step}");
        let mix = step["mix"].as_object().expect("a mix");
        let instructions: u64 = mix.values().map(|class| number(&class["instructions"])).sum();
        assert_eq!(instructions, number(&step["instructions"]));
    }

    let trace: Value =
        serde_json::from_str(&fs::read_to_string(&timeline).expect("a timeline")).expect("JSON");
    let bars: Vec<_> =
        trace["traceEvents"].as_array().expect("events").iter().filter(|e| e["ph"] == "X").collect();
    assert_eq!(bars.len(), steps.len());
    let last = bars.last().expect("a bar");
    let end = last["ts"].as_f64().zip(last["dur"].as_f64()).map(|(begin, length)| begin + length);
    assert_eq!(end, Some(sum("cycles") as f64), "a cycle is a microsecond where there is no clock");

    // Against itself: the same to the last cycle. Against a better past: worse, by name.
    let before = file("before.json");
    fs::write(&before, &first.stdout).expect("written");
    let again = profile(&["--json", "--baseline", &before]);
    assert_eq!((again.status.code(), &again.stdout), (Some(0), &first.stdout));
    assert!(text(&again.stderr).contains("every figure is the same"), "{}", text(&again.stderr));
    let mut better = record.clone();
    better["total"]["cycles"] = Value::from(number(&total["cycles"]) * 9 / 10);
    fs::write(&before, better.to_string()).expect("written");
    let worse = profile(&["--mix", "--baseline", &before]);
    let (table, said) = (text(&worse.stdout), text(&worse.stderr));
    assert_eq!(worse.status.code(), Some(1), "{said}");
    assert!(said.contains("cycles: ") && said.contains("  WORSE"), "{said}");
    for shown in
        ["cyc/MAC", "CONV_2D", "code in flash ", "whole run", "branch_not_taken", "cortex-m4 (published)"]
    {
        assert!(table.contains(shown), "{shown} in {table}");
    }

    better["target"] = Value::from("another");
    fs::write(&before, better.to_string()).expect("written");
    let other = profile(&["--baseline", &before]);
    assert_eq!(other.status.code(), Some(2));
    assert!(text(&other.stderr).contains("the baseline has no record of digits on qemu-an386"));
}

#[test]
fn what_cannot_be_asked_for_is_wrong_usage() {
    for (arguments, said) in [
        (&["profile", "digits", "--timing", "z80"][..], "no timing table for z80; there are: cortex-m0, "),
        (&["profile", "digits", "--board", "nowhere"], "no board `nowhere`"),
        (&["profile", "digits", "--baseline", "no/such.json"], "no/such.json"),
        (&["profile", "nothing"], "no model `nothing`"),
        (&["bench", "compile", "--write"], "`--board` and `--write` are for `bench kernels`"),
        (
            &["bench", "kernels", "nothing", "--board", "qemu-an386"],
            "no model `nothing` to measure; there are ",
        ),
    ] {
        let output = xtask(arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {}", text(&output.stderr));
        assert!(text(&output.stderr).contains(said), "{arguments:?}: {}", text(&output.stderr));
        assert!(output.stdout.is_empty(), "{arguments:?}");
    }
}
