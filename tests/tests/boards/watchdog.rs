//! A watchdog that nobody feeds, for real: it warns, which leaves a record with a backtrace, and resets the machine, which keeps
//! its memory and starts the firmware again.

use std::{fs, path::Path};

use emulator::{Exit, last_words};
use firmware::Profile;
use microjoule_tests::{LIMIT, Program, boards, on_each};
use telemetry::{
    exit,
    fault::{Cause, Record, WORDS},
};

/// Emulated boards with a watchdog of Arm's, and where it is: "Application Note AN386", Arm DAI 0386, section 3.1; the others have
/// it at the same place.
const WATCHDOGS: [(&str, u32); 3] =
    [("qemu-an385", 0x4000_8000), ("qemu-an386", 0x4000_8000), ("qemu-an500", 0x4000_8000)];

/// An image without the segments of which nothing is in the file. QEMU would fill them with zeros at each reset, which no
/// hardware does. Where things stand in the headers: "Tool Interface Standard, Executable and Linking Format", 1.2.
fn as_hardware_keeps_it(image: &Path) -> Vec<u8> {
    const LOAD: u32 = 1;
    let mut bytes = fs::read(image).expect("an image");
    let word = |bytes: &[u8], at: usize| u32::from_le_bytes(bytes[at..at + 4].try_into().expect("four"));
    let first = word(&bytes, 28) as usize;
    let (size, count) = (usize::from(bytes[42]), usize::from(bytes[44]));
    let mut dropped = 0;
    for header in (0..count).map(|index| first + index * size) {
        let (kind, bytes_in_file) = (word(&bytes, header), word(&bytes, header + 16));
        if kind == LOAD && bytes_in_file == 0 {
            bytes[header..header + 4].fill(0);
            dropped += 1;
        }
    }
    assert!(dropped > 0, "no variables that start at zero");
    bytes
}

#[test]
fn a_watchdog_leaves_a_record_with_a_backtrace_before_it_resets() {
    on_each(&WATCHDOGS, |(name, address)| {
        let Some(ready) = boards().iter().find(|ready| ready.board.name == *name) else { return };
        let Some(emulator) = &ready.emulator else { return };
        let image = ready.image(Program::Named("selftest"), Profile::Release, &["faults"]).expect("an image");
        let folder = tempfile::tempdir().expect("a folder");
        let patched = folder.path().join("selftest");
        fs::write(&patched, as_hardware_keeps_it(&image)).expect("a file");
        let job = [&b"kd"[..], &address.to_le_bytes()].concat();
        let outcome = emulator.run(&patched, &job, LIMIT).expect("an outcome");
        assert_eq!(outcome.exit, Exit::Code(exit::DONE), "{name}: {}", outcome.console);
        let words = outcome.console.lines().filter_map(|line| line.strip_prefix("kept 0x"));
        let words: Vec<u32> = words.map(|digits| u32::from_str_radix(digits, 16).expect("a word")).collect();
        let words: [u32; WORDS] = words.try_into().expect("all of the record");
        let record = Record::from_words(&words).unwrap_or_else(|| panic!("{name}: no record"));
        assert_eq!(
            (record.cause, record.starts, record.case, record.step),
            (Cause::Watchdog, 1, 4, 7),
            "{name}"
        );
        let [what, _] = last_words::told(&record);
        assert!(
            what.starts_with("watchdog reset in the middle of a run, 1 start ago, in case 4, step 7"),
            "{what}"
        );
        let elf = fs::read(&image).expect("as it was built");
        let frames = last_words::backtrace(&elf, &record).expect("a backtrace");
        let functions: Vec<_> = frames.iter().map(ToString::to_string).collect();
        let stood = functions.iter().position(|frame| frame.contains("selftest::kept::hang"));
        let called = functions.iter().position(|frame| frame.contains("selftest::kept::main"));
        assert!(stood.is_some() && stood < called, "{name}: {functions:?}");
    });
}
