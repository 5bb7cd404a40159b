//! Chips whose watchdog warns by an interrupt: an image that starts the watchdog handles it, and others know nothing of it. Nothing here
//! runs the images: no emulator has these chips. What a warning leaves is tested on emulated cores, in `kept`.

use firmware::{Contents, Profile, Talk, has_handler, misplaced};
use microjoule_tests::{Program, boards, on_each, workspace};

/// Boards, and the number of the interrupt by which their watchdog warns: "nRF52840 Product Specification", section 4.2.3; nRF5340's,
/// section 4.2.3; STM32's in the vector tables of RM0432, RM0433 and RM0456. RP2040 and RP2350 have none.
const WARNINGS: [(&str, Option<u32>); 8] = [
    ("microbit-v2", Some(16)),
    ("nrf52840-dk", Some(16)),
    ("nrf5340-dk", Some(24)),
    ("nucleo-h743zi", Some(0)),
    ("nucleo-l4r5zi", Some(0)),
    ("nucleo-u575zi", Some(0)),
    ("rp-pico", None),
    ("rp-pico2", None),
];

/// Exceptions of the core stand before the interrupts.
const EXCEPTIONS: u32 = 16;
/// The exception that leaves the record.
const PENDED: u32 = 14;

#[test]
fn images_that_start_the_watchdog_handle_its_warning() {
    let model = workspace().join("models/digits/model.tflite");
    on_each(&WARNINGS, |(name, warning)| {
        let Some(ready) = boards().iter().find(|ready| ready.board.name == *name) else { return };
        let board = &ready.board;
        let image =
            |features| ready.image(Program::Of(&model), Profile::Release, features).expect("an image");
        let watched = image(&["watchdog"]);
        assert_eq!(misplaced(&watched, board, Talk::Rtt).expect("an image"), [""; 0], "{name}");
        assert!(has_handler(&watched, board, PENDED).expect("an image"), "{name}");
        let (plain, sizes) = (image(&[]), |image| Contents::read(image).expect("an image").sizes);
        assert!(!has_handler(&plain, board, PENDED).expect("an image"), "{name}");
        assert!(sizes(&watched).code_bytes() > sizes(&plain).code_bytes(), "{name}");
        if let Some(warning) = warning {
            assert!(has_handler(&watched, board, EXCEPTIONS + warning).expect("an image"), "{name}");
            assert!(!has_handler(&plain, board, EXCEPTIONS + warning).expect("an image"), "{name}");
        }
        let bytes = sizes(&watched).flash_bytes() - sizes(&plain).flash_bytes();
        eprintln!("{name}: the watchdog takes {bytes} bytes of flash");
    });
}
