//! Goes wrong, starts again, and shows what the first life left for the second.

use core::{fmt::Write, hint::black_box};

use telemetry::{exit, files};

use crate::{
    fault::{start_again, word},
    kept, machine,
    semihosting::{self, Console, File, Mode},
};

/// No memory on any board.
#[cfg(target_arch = "arm")]
const NOWHERE: usize = 0x1800_0000;

/// Of the watchdog's clock, a second: an emulator may be slow, and its watchdogs go by the host's time.
#[cfg(target_arch = "arm")]
const WATCHDOG_TICKS: u32 = 25_000_000;

/// The job file's second byte says what goes wrong in the first life.
///
/// | byte | what happens |
/// |---|---|
/// | `d` | nothing, until a watchdog resets the machine; the four bytes that follow say where it is. Not on RISC-V |
/// | `g` | calls that never return, until the stack is beyond its end |
/// | `h` | a hard fault |
/// | `i` | an interrupt says that a watchdog is about to reset the machine. Not on RISC-V |
/// | `o` | a stack that went to where there is no memory; not on RISC-V |
/// | `p` | a panic |
/// | `r` | a reset in the middle of a run |
/// | `w` | the same, by a watchdog |
///
/// The second life writes the record's words to the console, one to a line.
pub fn main() -> ! {
    let mut task = [0; 2];
    let job = File::open(files::JOB, Mode::Read);
    if job.and_then(|job| job.read(&mut task)).is_err() {
        semihosting::exit(exit::FAILED);
    }
    let [_, wrong] = task;
    tell(wrong == b'w');
    start_again();
    kept::running(4, Some(7));
    match wrong {
        #[cfg(target_arch = "arm")]
        b'd' => {
            let mut address = [0; 4];
            let _ = job.and_then(|job| job.read(&mut address));
            machine::start_watchdog(u32::from_le_bytes(address) as usize, WATCHDOG_TICKS);
            hang()
        }
        b'g' => semihosting::exit(grow(0)),
        b'h' => machine::unknown_instruction(),
        #[cfg(target_arch = "arm")]
        b'i' => {
            machine::warned();
            hang()
        }
        #[cfg(target_arch = "arm")]
        b'o' => machine::overflow(NOWHERE),
        b'p' => panic!("for the record"),
        b'r' | b'w' => machine::restart(),
        _ => semihosting::exit(exit::FAILED),
    }
}

/// Tells what the first life left, and ends the second.
#[inline(never)]
fn tell(watchdog: bool) {
    if let Some(record) = kept::start(watchdog) {
        record.for_each_word(|value| {
            word("kept", value);
            let _ = Console.write_char('\n');
        });
        semihosting::exit(exit::DONE);
    }
}

/// Takes some of the stack, and then some more.
#[inline(never)]
fn grow(calls: u32) -> u32 {
    let frame = black_box([calls; 16]);
    let deeper = if black_box(true) { grow(calls + 1) } else { 0 };
    frame.iter().fold(deeper, |sum, word| sum ^ word)
}

/// Where the watchdog finds the core.
#[cfg(target_arch = "arm")]
#[inline(never)]
fn hang() -> ! {
    loop {
        machine::nop();
    }
}
