//! Images of boards behind a probe that MLPerf Tiny's runner drives: they fit, all of them stands where the chip needs it, and they
//! know their board. Nothing here runs them: no emulator has these chips.

use std::fs;

use firmware::{Contents, Profile, Talk, misplaced};
use microjoule_tests::{Program, on_each_board, workspace};

/// The two builds.
const BUILDS: [&[&str]; 2] = [&["mlperf"], &["mlperf", "energy"]];

#[test]
fn every_board_behind_a_probe_has_both_builds_of_the_benchmark() {
    let model = workspace().join("models/kws/model.tflite");
    on_each_board(|ready| {
        let board = &ready.board;
        if board.runner.is_none() {
            return;
        }
        for features in BUILDS {
            let on = format!("{} as {features:?}", board.name);
            let image = ready.image(Program::Of(&model), Profile::Release, features).expect("an image");
            assert_eq!(misplaced(&image, board, Talk::Aside).expect("an image"), [""; 0], "{on}");
            assert!(
                misplaced(&image, board, Talk::Rtt).expect("an image").join("").contains("no _SEGGER_RTT")
            );
            let sizes = Contents::read(&image).expect("an image").sizes;
            assert!(sizes.flash_bytes() <= board.budget.flash.0, "{on}: {sizes:?}");
            assert!(sizes.ram_bytes() <= board.budget.ram.0, "{on}: {sizes:?}");
            let bytes = fs::read(&image).expect("an image");
            let says = |text: &str| bytes.windows(text.len()).any(|window| window == text.as_bytes());
            let name = format!("microjoule {}", board.name);
            assert!(says(&name) && says("kws01"), "{on}");
            eprintln!("{on}: {sizes:?}");
        }
    });
}
