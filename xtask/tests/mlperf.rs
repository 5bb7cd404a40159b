//! `mlperf` as it is typed: boards with every kind of UART answer as the host does, and what goes wrong is told.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::{Command, Output},
    sync::Mutex,
};

use serde_json::Value;
use tflite::{
    Activation, DType,
    build::{Net, Units},
};

/// A board for each kind of UART and of counter, and what it needs beside. The smallest has no room for the fastest plan.
const BOARDS: [(&str, &[&str]); 4] = [
    ("qemu-an386", &[]),
    ("qemu-an547", &[]),
    ("qemu-virt", &[]),
    ("qemu-microbit", &["--ram-budget", "10KiB"]),
];

/// Emulators that wait for a line keep a core busy: two at a time would be late with their answers.
static ONE: Mutex<()> = Mutex::new(());

fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn mlperf(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_xtask"));
    command.current_dir(workspace()).arg("mlperf").args(arguments).output().expect("xtask starts")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// What a run printed, and what it said beside; nothing of a board that cannot be run here.
fn run(arguments: &[&str]) -> Option<(Value, String)> {
    let _one = ONE.lock();
    let folder = tempfile::tempdir().expect("a folder");
    let out = folder.path().display().to_string();
    let output = mlperf(&[arguments, &["--json", "--out", &out]].concat());
    let said = text(&output.stderr);
    if said.contains("skipped: ") {
        eprintln!("{said}");
        assert!(output.stdout.is_empty());
        return None;
    }
    assert_eq!(output.status.code(), Some(0), "{arguments:?}: {said}");
    let report: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(report["answers"], report["answers_as_host"], "{report}");
    let session = PathBuf::from(report["session"].as_str().expect("a folder"));
    for file in ["results.txt", "results.json", "log.txt"] {
        assert!(!fs::read_to_string(session.join(file)).expect(file).is_empty(), "{file}");
    }
    Some((report, said))
}

#[test]
fn every_uart_carries_the_benchmark_and_the_answers_are_the_hosts() {
    for (board, more) in BOARDS {
        let arguments = ["--board", board, "--mode", "accuracy", "--limit", "12"];
        let Some((report, _)) = run(&[&arguments, more].concat()) else { continue };
        assert_eq!(report["device"], format!("microjoule {board}"));
        assert_eq!((&report["task"], &report["obtained"]), (&Value::from("kws01"), &Value::from("emulated")));
        assert_eq!((&report["answers"], &report["top_1"]), (&Value::from(12), &Value::from(100.0)));
    }
}

#[test]
fn windows_are_timed_and_short_ones_are_no_submission() {
    let Some((report, _)) = run(&["--iterations", "3", "--warmups", "1"]) else { return };
    assert_eq!(report["answers"], 5);
    assert!(report["inferences_per_second"].as_f64().is_some_and(|rate| rate > 0.0), "{report}");
    assert_eq!(report["invalid"], "a window has to be longer than ten seconds");
}

#[test]
fn an_energy_build_moves_its_pin_twice_a_window_and_tells_no_time() {
    let Some((report, said)) = run(&["--mode", "energy", "--iterations", "2", "--warmups", "0"]) else {
        return;
    };
    assert_eq!(report["inferences_per_second"], Value::Null);
    // It logs nothing, not even how it talks.
    assert!(!said.contains(" baud"), "{said}");
    // One pulse when it starts, two for each of five windows.
    assert!(said.contains("window pin: 11 pulses"), "{said}");
}

#[test]
fn a_simulated_chip_gets_either_build_and_nobody_talks_to_it() {
    for (mode, build) in [("accuracy", "performance"), ("energy", "energy")] {
        let output = mlperf(&["--board", "nucleo-l4r5zi", "--probe", "simulated", "--mode", mode]);
        let said = text(&output.stderr);
        if said.contains("nothing here compiles for") {
            eprintln!("{said}");
            return;
        }
        assert_eq!(output.status.code(), Some(0), "{said}");
        assert!(output.stdout.is_empty());
        assert!(said.contains(&format!("simulated: kws for nucleo-l4r5zi, its {build} build")), "{said}");
        assert!(said.contains("simulated: nucleo-l4r5zi (STM32L4R5ZITx): the probe let go"), "{said}");
        assert!(said.contains("skipped: a simulated chip has no serial line"), "{said}");
    }
}

#[test]
fn what_is_asked_wrong_and_what_is_not_there_is_told() {
    for (arguments, code, expected) in [
        (["--board", "nothing"].as_slice(), 2, "no board `nothing`"),
        (&["--data", "/no/such/folder"], 2, "/no/such/folder/y_labels.csv"),
        (&["--official", "/no/such/folder"], 2, "give benchmark/runner of mlcommons/tiny"),
        (&["--iterations", "0"], 2, "invalid value '0'"),
        (&["--board", "nucleo-l4r5zi"], 2, "say which line that is here, --serial /dev/ttyACM0"),
        (&["--board", "rp-pico", "--serial", "/dev/no-such-line"], 1, "serial line /dev/no-such-line"),
        (&["--board", "rp-pico", "--probe", "simulated", "--serial", "x"], 2, "has no serial line"),
        (&["--probe", "simulated"], 2, "qemu-an386 has no `chip` in its board.toml"),
        (&["--no-flash"], 2, "--serial"),
        (&["--serial", "/dev/no-such-line"], 1, "cannot open the serial line /dev/no-such-line"),
    ] {
        let output = mlperf(arguments);
        let said = text(&output.stderr);
        if said.contains("skipped: ") {
            continue;
        }
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {said}");
        assert!(said.contains(expected), "{arguments:?}: {said}");
    }
}

/// The official inputs and the official model of keyword spotting, where somebody has put them beside the workspace. Of the
/// thousand, TensorFlow Lite Micro's own kernels get these 901 right; XNNPACK, whose bytes differ in a third of them, gets 902.
#[test]
fn the_official_keywords_are_spotted_as_well_as_the_reference_spots_them() {
    let shared = workspace().join("../shared");
    let model = shared.join("models/networks/mlperf__kws_ref_model.tflite");
    let datasets = env::var_os("MLPERF_TINY_DATASETS").map_or_else(|| shared.join("datasets"), PathBuf::from);
    let data = datasets.join("kws01");
    if !model.is_file() || !data.join("y_labels.csv").is_file() {
        eprintln!("skipped: no {}, or no {} ($MLPERF_TINY_DATASETS)", model.display(), data.display());
        return;
    }
    let (model, data) = (model.display().to_string(), data.display().to_string());
    let Some((report, _)) = run(&["--mode", "accuracy", "--model", &model, "--data", &data]) else { return };
    assert_eq!((&report["answers"], &report["invalid"]), (&Value::from(1000), &Value::Null));
    let figure = |key: &str| format!("{:.3}", report[key].as_f64().expect(key));
    assert_eq!((figure("top_1"), figure("auc")), ("90.100".to_owned(), "0.995".to_owned()));
}

/// A network of the streaming wake word's shapes: one product, with weights drawn by lot.
fn listening_model() -> Vec<u8> {
    let mut state = 1_u32;
    let mut draw = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        i64::from(state >> 24) - 128
    };
    let mut net = Net::default();
    let input = net.input(&[1, 30, 1, 40], DType::Int8, Units { scale: 0.003_701, zero: -128 });
    let weights: Vec<i64> = (0..3 * 1200).map(|_| draw().max(-127)).collect();
    let weights = net.constant(&[3, 1200], DType::Int8, vec![0.01], (0, 0), &weights);
    let bias = net.constant(&[3], DType::Int32, vec![0.01 * 0.003_701], (0, 0), &[0; 3]);
    let units = Units { scale: 0.02, zero: 0 };
    let output = net.fully_connected(input, weights, bias, Activation::None, units);
    net.outputs.push(output);
    net.file()
}

/// Two seconds of noise that comes and goes.
fn wav(rate_hz: u32) -> Vec<u8> {
    let mut state = 7_u32;
    let samples: Vec<u8> = (0..32_000_u32)
        .flat_map(|n| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let loud = i32::try_from(n % 8000).unwrap();
            ((((state >> 16) as i32) - 32_768) * loud / 8000).to_le_bytes()[..2].to_vec()
        })
        .collect();
    let length = samples.len() as u32;
    let mut bytes = Vec::new();
    bytes.extend(b"RIFF");
    bytes.extend((36 + length).to_le_bytes());
    bytes.extend(b"WAVEfmt ");
    bytes.extend(16_u32.to_le_bytes());
    bytes.extend([1, 0, 1, 0]);
    bytes.extend(rate_hz.to_le_bytes());
    bytes.extend((2 * rate_hz).to_le_bytes());
    bytes.extend([2, 0, 16, 0]);
    bytes.extend(b"data");
    bytes.extend(length.to_le_bytes());
    bytes.extend(samples);
    bytes
}

#[test]
fn a_board_listens_and_its_network_says_what_it_says_here() {
    let _one = ONE.lock();
    let folder = tempfile::tempdir().expect("a folder");
    let write = |name: &str, bytes: &[u8]| {
        let path = folder.path().join(name);
        fs::write(&path, bytes).expect("a file");
        path.display().to_string()
    };
    let (model, sound) = (write("ww.tflite", &listening_model()), write("sound.wav", &wav(16_000)));
    let output = mlperf(&["--model", &model, "--sound", &sound, "--json"]);
    let said = text(&output.stderr);
    if !said.contains("skipped: ") {
        assert_eq!(output.status.code(), Some(0), "{said}");
        let report: Value = serde_json::from_slice(&output.stdout).expect("JSON");
        assert_eq!((&report["task"], &report["obtained"]), (&Value::from("sww01"), &Value::from("emulated")));
        // 32,000 samples, 512 to a row.
        assert_eq!((&report["rows"], &report["rows_as_host"]), (&Value::from(62), &Value::from(62)));
        assert!(said.contains("wake word in row 1: "), "the first row is told: {said}");
    }
    let slow = write("slow.wav", &wav(8000));
    for (arguments, expected) in [
        (["--model", &model, "--sound", &slow], "8000 samples a second, where the benchmark has 16000"),
        (["--model", "kws", "--sound", &sound], "only the streaming wake word listens"),
        (["--model", &model, "--sound", &model], "is no WAV"),
    ] {
        let output = mlperf(&arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(text(&output.stderr).contains(expected), "{}", text(&output.stderr));
    }
}
