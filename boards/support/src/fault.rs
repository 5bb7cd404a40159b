//! The last words of firmware that cannot go on. An image without a panic links none of the first half.

#[cfg(feature = "faults")]
use core::sync::atomic::{AtomicBool, Ordering};
use core::{fmt::Write, panic::PanicInfo};

use telemetry::exit;

use crate::semihosting::{self, Console};

#[panic_handler]
fn panic(info: &PanicInfo<'_>) -> ! {
    // There is nowhere to complain to when the console does not work.
    let _ = writeln!(Console, "{info}");
    #[cfg(feature = "faults")]
    crate::kept::keep(&mut crate::kept::panicked(info));
    end(exit::PANIC)
}

/// Whether the end is a start: cleared by every start, like all variables.
#[cfg(feature = "faults")]
static AGAIN: AtomicBool = AtomicBool::new(false);

/// From here on firmware that cannot go on starts again, to find what it left.
#[cfg(feature = "faults")]
pub(crate) fn start_again() {
    AGAIN.store(true, Ordering::Relaxed);
}

/// The end, unless the firmware is to start again.
pub(crate) fn end(code: u32) -> ! {
    #[cfg(feature = "faults")]
    if AGAIN.load(Ordering::Relaxed) {
        crate::machine::restart()
    }
    semihosting::exit(code)
}

/// What kept a record of a fault of Arm's says it.
#[cfg(all(feature = "faults", target_arch = "arm"))]
pub(crate) fn stop(record: &telemetry::fault::Record) -> ! {
    let [_status, _hard, _address] = record.fault;
    let _ = Console.write_str(record.cause.name());
    word(" pc", record.pc);
    word(" lr", record.lr);
    word(" xpsr", record.status);
    #[cfg(not(armv6m))]
    {
        word(" cfsr", _status);
        word(" hfsr", _hard);
        word(" bfar", _address);
    }
    let _ = Console.write_str("\n");
    end(exit::FAULT)
}

/// A register's name and what it holds.
///
/// Written without formatting, which could panic and would put its code into every image.
pub(crate) fn word(name: &str, value: u32) {
    let _ = Console.write_str(name);
    let _ = Console.write_str(" 0x");
    for shift in (0..32).step_by(4).rev() {
        let digit = (value >> shift) & 0xf;
        let digit = char::from_digit(digit, 16).unwrap_or('?');
        let _ = Console.write_char(digit);
    }
}
