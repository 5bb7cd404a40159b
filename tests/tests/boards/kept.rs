//! What went wrong survives a start, on every emulated board: firmware goes wrong, starts again, and finds the record.

use emulator::{Emulator, Exit, last_words};
use firmware::Profile;
use microjoule_tests::{LIMIT, Program, Ready, on_each_board};
use telemetry::{
    exit,
    fault::{Cause, Record, UNKNOWN, WORDS},
};

/// The record that the second life found after the first went wrong.
fn kept(ready: &Ready, emulator: &Emulator, image: &std::path::Path, wrong: u8) -> Record {
    let name = &ready.board.name;
    let outcome = emulator.run(image, &[b'k', wrong], LIMIT).expect("an outcome");
    assert_eq!(outcome.exit, Exit::Code(exit::DONE), "{name}: {}", outcome.console);
    let words = outcome.console.lines().filter_map(|line| line.strip_prefix("kept 0x"));
    let words: Vec<u32> = words.map(|digits| u32::from_str_radix(digits, 16).expect("a word")).collect();
    let words: [u32; WORDS] = words.try_into().expect("all of the record");
    let record = Record::from_words(&words).unwrap_or_else(|| panic!("{name}: no record"));
    assert_eq!((record.starts, record.case, record.step), (1, 4, 7), "{name}");
    record
}

#[test]
fn what_went_wrong_survives_a_start_and_tells_where_it_was() {
    on_each_board(|ready| {
        let Some(emulator) = &ready.emulator else { return };
        let name = &ready.board.name;
        let image = ready.image(Program::Named("selftest"), Profile::Release, &["faults"]).expect("an image");
        let elf = std::fs::read(&image).expect("as it was built");
        let kept = |wrong| kept(ready, emulator, &image, wrong);
        let functions = |record: &Record| {
            let frames = last_words::backtrace(&elf, record).expect("a backtrace");
            frames.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
        };

        let fault = kept(b'h');
        assert_eq!(fault.cause, Cause::HardFault, "{name}");
        assert!(functions(&fault).contains("selftest"), "{name}: {}", functions(&fault));
        let is_riscv = ready.board.target.starts_with("riscv");
        let tells = !is_riscv && !ready.board.target.starts_with("thumbv6m");
        let reason = if tells { "an instruction that the core does not know" } else { "" };
        assert_eq!(fault.reason(), reason, "{name}");

        let panicked = kept(b'p');
        assert_eq!(panicked.cause, Cause::Panic, "{name}");
        assert!(panicked.file().ends_with("support/src/selftest/kept.rs"), "{name}: {}", panicked.file());
        assert!(panicked.line > 0 && panicked.sp > 0 && panicked.stack().len() > 4, "{name}: {panicked:?}");

        // Guarded: by an end of memory below the stack, by memory that cannot be written, or by the core's own limit.
        let is_limited = ready.board.target.starts_with("thumbv8m.main");
        let grown = kept(b'g');
        assert_eq!(grown.cause, Cause::StackOverflow, "{name}: {grown:?}");
        let [what, _] = last_words::told(&grown);
        assert!(
            what.starts_with("stack overflow, 1 start ago, in case 4, step 7 of the plan"),
            "{name}: {what}"
        );
        // Calls from one place follow each other, and are told once.
        assert!(functions(&grown).contains("selftest::kept::grow"), "{name}: {}", functions(&grown));
        if !is_riscv {
            let warned = kept(b'i');
            assert_eq!(warned.cause, Cause::Watchdog, "{name}");
            assert!(functions(&warned).contains("selftest::kept::main"), "{name}: {}", functions(&warned));
            let overflow = kept(b'o');
            assert_eq!(overflow.cause, Cause::StackOverflow, "{name}");
            // A limit holds the pointer back.
            assert!(is_limited || overflow.sp < 0x1800_0000, "{name}: {:#x}", overflow.sp);
        }
        for (wrong, cause) in [(b'r', Cause::Reset), (b'w', Cause::Watchdog)] {
            let reset = kept(wrong);
            assert_eq!((reset.cause, reset.pc), (cause, 0), "{name}");
            assert_ne!(reset.step, UNKNOWN, "{name}");
        }
    });
}
