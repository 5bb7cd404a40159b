//! What is said to the host when the core gives up, by images that keep no record.
#![allow(unsafe_code)]

use core::fmt::Write;

use cortex_m_rt::{ExceptionFrame, exception};
use telemetry::exit;

use crate::{
    fault::word,
    semihosting::{self, Console},
};

/// Configurable, usage, bus and memory faults all end here, since none of them is enabled by itself.
#[exception]
unsafe fn HardFault(frame: &ExceptionFrame) -> ! {
    let _ = Console.write_str("hard fault");
    word(" pc", frame.pc());
    word(" lr", frame.lr());
    word(" xpsr", frame.xpsr());
    status();
    let _ = Console.write_str("\n");
    semihosting::exit(exit::FAULT)
}

/// What kind of fault it was; ARMv6-M does not tell.
fn status() {
    #[cfg(not(armv6m))]
    {
        // SAFETY: the peripheral is always there, and reading these registers changes nothing.
        let scb = unsafe { &*cortex_m::peripheral::SCB::PTR };
        word(" cfsr", scb.cfsr.read());
        word(" hfsr", scb.hfsr.read());
        word(" bfar", scb.bfar.read());
    }
}
