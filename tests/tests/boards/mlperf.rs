//! Images of boards behind a probe that MLPerf Tiny's runner drives: they fit, all of them stands where the chip needs it, and they
//! know their board and their benchmark. Nothing here runs them: no emulator has these chips.

use std::{
    fs,
    path::{Path, PathBuf},
};

use firmware::{Contents, Error, Profile, Talk, misplaced};
use microjoule_tests::{Program, Ready, on_each, on_each_board, workspace};

/// The two builds.
const BUILDS: [&[&str]; 2] = [&["mlperf"], &["mlperf", "energy"]];

/// The benchmarks' own networks, in `../shared/models/networks` where that folder is.
const NETWORKS: [(&str, &str); 5] = [
    ("kws01", "mlperf__kws_ref_model"),
    ("vww01", "mlperf__vww_96_int8"),
    ("ic01", "mlperf__pretrainedResnet_quant"),
    ("ad01", "mlperf__ad01_int8"),
    ("sww01", "mlperf__str_ww_ref_model"),
];

/// A board for each family of chips, which have their HAL, and with it most of an image, in common. `cargo xtask ci --tiny` builds
/// for all of them.
const FAMILIES: [&str; 3] = ["nrf52840-dk", "nucleo-l4r5zi", "rp-pico"];

/// That both builds around a model are as the board needs them; a board that is too small is named.
fn check(ready: &Ready, model: &Path, benchmark: &str) {
    let board = &ready.board;
    for features in BUILDS {
        let on = format!("{benchmark} on {} as {features:?}", board.name);
        let image = match ready.image(Program::Of(model), Profile::Release, features) {
            Err(error @ Error::TooLarge { .. }) => {
                eprintln!("skipped: {error}");
                continue;
            }
            image => image.expect("an image"),
        };
        assert_eq!(misplaced(&image, board, Talk::Aside).expect("an image"), [""; 0], "{on}");
        assert!(misplaced(&image, board, Talk::Rtt).expect("an image").join("").contains("no _SEGGER_RTT"));
        let sizes = Contents::read(&image).expect("an image").sizes;
        // The budget is for what stands beside the weights, of which these networks have more or less.
        assert!(sizes.flash_bytes() - sizes.weights_bytes <= board.budget.flash.0, "{on}: {sizes:?}");
        assert!(sizes.ram_bytes() <= board.budget.ram.0, "{on}: {sizes:?}");
        let bytes = fs::read(&image).expect("an image");
        let says = |text: &str| bytes.windows(text.len()).any(|window| window == text.as_bytes());
        assert!(says(&format!("microjoule {}", board.name)) && says(benchmark), "{on}");
        eprintln!("{on}: {sizes:?}");
    }
}

#[test]
fn every_board_behind_a_probe_has_both_builds_of_the_benchmark() {
    let model = workspace().join("models/kws/model.tflite");
    on_each_board(|ready| {
        if ready.board.runner.is_some() {
            check(ready, &model, "kws01");
        }
    });
}

#[test]
fn a_board_of_each_family_has_them_for_every_benchmark() {
    let folder = workspace().join("../shared/models/networks");
    let networks: Vec<(&str, PathBuf)> = NETWORKS
        .into_iter()
        .map(|(benchmark, name)| (benchmark, folder.join(name).with_extension("tflite")))
        .filter(|(benchmark, path)| {
            let is_there = path.is_file();
            if !is_there {
                eprintln!("skipped: {benchmark}: no {}", path.display());
            }
            is_there
        })
        .collect();
    on_each(&FAMILIES, |name| {
        let Some(ready) = microjoule_tests::boards().iter().find(|ready| ready.board.name == *name) else {
            eprintln!("skipped: {name}: cannot be built for here");
            return;
        };
        for (benchmark, model) in &networks {
            check(ready, model, benchmark);
        }
    });
}
