//! Every way a budget or a record can be malformed: the file, the line, and what was expected.
#![allow(missing_docs, reason = "tests")]

use budget::{Budget, Metric, Quantisation, Record, TargetKind, Width, baseline_from_json};

fn said(text: &str) -> String {
    Budget::from_toml("b.toml", text).unwrap_err().to_string()
}

/// A budget with one more line in its tier, as line 8.
fn tier(line: &str) -> String {
    said(&format!(
        "[[model]]\nname = \"kws\"\nfile = \"kws.tflite\"\n\n[[model.tier]]\nname = \"watch\"\n\
         machines = [\"npu\"]\n{line}\n"
    ))
}

#[test]
fn quantities() {
    assert_eq!(
        tier("latency = 18"),
        "b.toml:8:11: invalid type: integer `18`; expected a quantity in quotes with its unit, such as \"18 ms\" or \
         \"300 KiB\""
    );
    assert_eq!(
        tier("latency = \"18\""),
        "b.toml:8:11: \"18\"; expected a time in ns, µs (or us), ms or s, such as \"18 ms\""
    );
    assert_eq!(
        tier("energy = \"18 ms\""),
        "b.toml:8:10: \"18 ms\"; expected an energy in nJ, µJ (or uJ), mJ or J, such as \"5 mJ\""
    );
    assert_eq!(
        tier("average_power = \"-1 W\""),
        "b.toml:8:17: \"-1 W\"; expected a power in µW (or uW), mW or W, such as \"2 W\""
    );
    assert_eq!(
        tier("peak_memory = \"300 KB\""),
        "b.toml:8:15: \"300 KB\"; expected a size in B, kB (1000), KiB (1024), MB, MiB, GB or GiB, such as \"300 KiB\""
    );
    assert_eq!(
        tier("file_size = \"1 MB\"\nquantisation_loss = \"0.01\""),
        "b.toml:9:21: \"0.01\"; expected a share in %, such as \"1 %\""
    );
}

#[test]
fn keys_and_words() {
    assert!(
        tier("latncy = \"18 ms\"").starts_with("b.toml:8:1: unknown field `latncy`; expected one of `name`")
    );
    assert_eq!(
        tier("latency = \"1 ms\"\nplace = \"npu\""),
        "b.toml:9:9: \"npu\"; expected one of ne, auto, gpu, cpu"
    );
    assert_eq!(
        tier("latency = \"1 ms\"\nleast = \"area\""),
        "b.toml:9:9: \"area\"; expected one of latency, energy"
    );
    assert_eq!(
        tier("latency = \"1 ms\"\nbatch = 0"),
        "b.toml:9:9: batch = 0; expected 1 to 65536 inputs at once"
    );
    assert_eq!(
        tier("latency = \"1 ms\"\nbatch = -1"),
        "b.toml:9:9: batch = -1; expected 1 to 65536 inputs at once"
    );
    assert_eq!(
        tier(""),
        "b.toml:6:8: tier `watch` limits nothing; expected at least one of latency, average_power, peak_power, energy, \
         peak_memory, file_size, quantisation_loss"
    );
    assert_eq!(
        tier("quantisation_loss = \"1 %\""),
        "b.toml:8:21: a limit on the loss by quantisation, and nothing to take it from; expected [model.quantisation] \
         with `accuracy`, or with `float` and `int8` or `inputs`"
    );
    assert!(tier("latency = \"1 ms").starts_with("b.toml:8:"));
    assert!(
        said("error_bar = \"p50\"\n")
            .starts_with("b.toml:1:13: unknown variant `p50`; expected `median` or `p90`")
    );
    assert!(said("[regression]\nspeed = \"1 %\"\n").starts_with("b.toml:2:1: unknown variant `speed`"));
    assert_eq!(
        said("[regression]\nlatency = \"1 ms\"\n[[model]]\nname = \"a\"\nfile = \"b\"\n"),
        "b.toml:2:11: \"1 ms\"; expected a share in %, such as \"1 %\""
    );
}

#[test]
fn models_and_tiers() {
    assert_eq!(said(""), "b.toml:1:1: no model; expected at least one [[model]]");
    assert_eq!(
        said("[[model]]\nname = \"a\"\nfile = \"b\"\n"),
        "b.toml:2:8: model `a` has no tier; expected at least one [[model.tier]] with limits"
    );
    assert!(
        said("\n[[model]]\nname = \"a\"\n")
            .starts_with("b.toml:2:1: missing field `file`; expected a budget: ")
    );
    assert_eq!(said("[[model]]\nname = \" \"\nfile = \"b\"\n"), "b.toml:2:8: an empty text; expected a name");
    let tier = "[[model.tier]]\nname = \"t\"\nmachines = [\"m\"]\nlatency = \"1 s\"\n";
    assert_eq!(
        said(&format!(
            "[[model]]\nname = \"a\"\nfile = \"b\"\n{tier}[[model]]\nname = \"a\"\nfile = \"c\"\n{tier}"
        )),
        "b.toml:9:8: a second model called `a`; expected a name for each model; several tiers of one are \
         [[model.tier]]s"
    );
    assert_eq!(
        said(&format!("[[model]]\nname = \"a\"\nfile = \"b\"\n{tier}{tier}")),
        "b.toml:9:8: a second tier called `t`; expected a name for each tier of a model"
    );
    assert_eq!(
        said("[[model]]\nname = \"a\"\nfile = \"b\"\n[[model.tier]]\nname = \"t\"\nenergy = \"1 J\"\n"),
        "b.toml:5:8: tier `t` limits energy on no machine; expected machines = [\"…\"] (cargo xtask sim --list names \
         them) or records = [\"….json\"]"
    );
    assert_eq!(
        said(
            "[[model]]\nname = \"a\"\nfile = \"b\"\n[[model.tier]]\nname = \"t\"\nmachines = [\"m\",\n \"m\"]\n\
             energy = \"1 J\"\n"
        ),
        "b.toml:7:2: `m` twice; expected each machine once"
    );
}

#[test]
fn quantisation() {
    let with = |lines: &str| {
        said(&format!(
            "[[model]]\nname = \"a\"\nfile = \"b\"\n[model.quantisation]\n{lines}\n[[model.tier]]\nname = \"t\"\nfile_size = \"1 kB\"\n"
        ))
    };
    let single = "b.toml:4:1: no single way to tell the loss by quantisation; expected either `accuracy` (a model.toml), or \
                  `float` with `int8` or `inputs`";
    assert_eq!(with(""), single);
    assert_eq!(with("accuracy = \"m\"\nfloat = \"f\""), single);
    let places = "b.toml:4:1: int8 outputs from nowhere or from two places; expected either `int8` (outputs) or `inputs` \
                  (to be run)";
    assert_eq!(with("float = \"f\""), places);
    assert_eq!(with("float = \"f\"\nint8 = \"i\"\ninputs = \"n\""), places);
    assert!(
        with("float = \"f\"\nmeasure = \"mse\"").contains("unknown variant `mse`; expected `top1` or `rms`")
    );
}

#[test]
fn a_whole_budget_says_what_it_means() {
    let text = "error_bar = \"p90\"\n[regression]\nlatency = \"5 %\"\n[[model]]\nname = \"a\"\nfile = \"a.tflite\"\n\
                [model.quantisation]\nfloat = \"f.csv\"\ninputs = \"i.csv\"\n\
                [[model.tier]]\nname = \"t\"\nmachines = [\"m\"]\nrecords = [\"r.json\"]\nbatch = 4\nplace = \"auto\"\n\
                least = \"energy\"\nfile_size = \"40 kB\"\nlatency = \"18 ms\"\n";
    let budget = Budget::from_toml("b.toml", text).unwrap();
    assert_eq!(budget.error_bar, Width::P90);
    assert_eq!((budget.threshold(Metric::Latency), budget.threshold(Metric::Energy)), (0.05, 0.02));
    let model = &budget.models[0];
    assert!(matches!(&model.quantisation, Some(Quantisation::Outputs { at, .. }) if at.line == 7));
    let tier = &model.tiers[0];
    assert_eq!((tier.place.as_str(), tier.least.as_str(), tier.batch), ("auto", "energy", Some(4)));
    let kinds: Vec<_> = tier.targets.iter().map(|target| (target.kind.clone(), target.at.line)).collect();
    assert_eq!(kinds, [(TargetKind::Machine("m".into()), 12), (TargetKind::Record("r.json".into()), 13)]);
    let limits: Vec<_> = tier.limits.iter().map(|limit| (limit.metric, limit.value, limit.at.line)).collect();
    assert_eq!(limits, [(Metric::Latency, 18e3, 18), (Metric::FileSize, 4e4, 17)]);
}

#[test]
fn a_file_that_is_not_there() {
    let error = Budget::read(std::path::Path::new("/nowhere/budget.toml")).unwrap_err().to_string();
    assert!(error.starts_with("/nowhere/budget.toml: cannot be read: "), "{error}");
}

const RECORD: &str = r#"{
  "schema": 1, "model": {"name": "m", "sha256": ""}, "target": "t", "obtained": "measured", "tools": {},
  "clock_hz": null, "board_serial": 7,
  "total": {"macs": 1, "instructions": null, "cycles": 5, "microseconds": 2.5, "microjoules": null,
            "arena_bytes": null, "code_bytes": null, "weight_bytes": null},
  "steps": [{"index": 0, "operator": "conv2d", "kernel": "k", "macs": 1, "instructions": 3, "cycles": 5,
             "microseconds": 2.5, "microjoules": null, "stalls": 9}]
}"#;

#[test]
fn records_keep_what_other_tools_added() {
    let record = Record::from_json("r.json", RECORD).unwrap();
    assert_eq!(record.extra["board_serial"], 7);
    assert_eq!(record.steps[0].extra["stalls"], 9);
    let again = serde_json::to_value(&record).unwrap();
    let given: serde_json::Value = serde_json::from_str(RECORD).unwrap();
    assert_eq!(again, given);
}

#[test]
fn malformed_records() {
    let said = |from: &str, to: &str| {
        Record::from_json("r.json", &RECORD.replace(from, to)).unwrap_err().to_string()
    };
    assert_eq!(said("\"schema\": 1", "\"schema\": 2"), "r.json:1:1: a record of schema 2; expected schema 1");
    assert_eq!(
        said("\"microseconds\": 2.5, \"microjoules\": null,\n            ", "\"microseconds\": -1,"),
        "r.json:1:1: total.microseconds = -1; expected a number not below 0"
    );
    assert!(
        said("\"measured\"", "\"guessed\"").starts_with("r.json:2:"),
        "{}",
        said("\"measured\"", "\"guessed\"")
    );
    assert!(said("\"target\": \"t\",", "").contains("missing field `target`; expected a record of schema 1"));
    assert!(said("\"macs\": 1,", "\"macs\": \"x\",").starts_with("r.json:4:"));
}

#[test]
fn baselines_are_records_lists_of_them_or_what_the_gate_printed() {
    let count = |text: &str| baseline_from_json("base.json", text).unwrap().len();
    assert_eq!(count(RECORD), 1);
    assert_eq!(count(&format!("[{RECORD}, {RECORD}]")), 2);
    assert_eq!(count(&format!("{{\"runs\": [{{\"record\": null}}, {{\"record\": {RECORD}}}]}}")), 1);
    let error = baseline_from_json("base.json", "[\n1]").unwrap_err().to_string();
    assert!(error.starts_with("base.json:2:"), "{error}");
    assert!(baseline_from_json("base.json", "{").unwrap_err().to_string().starts_with("base.json:1:"));
}
