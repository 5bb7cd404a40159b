//! The last words of firmware that cannot go on. An image without a panic links none of the first half.
#![allow(unsafe_code)]

use core::{fmt::Write, panic::PanicInfo};

use cortex_m_rt::{ExceptionFrame, exception};
use telemetry::exit;

use crate::semihosting::{self, Console};

#[panic_handler]
fn panic(info: &PanicInfo<'_>) -> ! {
    // There is nowhere to complain to when the console does not work.
    let _ = writeln!(Console, "{info}");
    semihosting::exit(exit::PANIC)
}

/// Configurable, usage, bus and memory faults all end here, since none of them is enabled by itself.
///
/// Written without formatting, which could panic and would put its code into every image.
#[exception]
unsafe fn HardFault(frame: &ExceptionFrame) -> ! {
    let _ = Console.write_str("hard fault");
    word(" pc", frame.pc());
    word(" lr", frame.lr());
    word(" xpsr", frame.xpsr());
    // SAFETY: the peripheral is always there, and reading these registers changes nothing.
    let scb = unsafe { &*cortex_m::peripheral::SCB::PTR };
    word(" cfsr", scb.cfsr.read());
    word(" hfsr", scb.hfsr.read());
    word(" bfar", scb.bfar.read());
    let _ = Console.write_str("\n");
    semihosting::exit(exit::FAULT)
}

fn word(name: &str, value: u32) {
    let _ = Console.write_str(name);
    let _ = Console.write_str(" 0x");
    for shift in (0..32).step_by(4).rev() {
        let digit = (value >> shift) & 0xf;
        let digit = char::from_digit(digit, 16).unwrap_or('?');
        let _ = Console.write_char(digit);
    }
}
