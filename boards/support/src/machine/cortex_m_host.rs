//! The call to the host, and what is said by it when the core gives up.
#![allow(unsafe_code)]

use core::{arch::asm, fmt::Write};

use cortex_m_rt::{ExceptionFrame, exception};
use telemetry::exit;

use crate::{
    fault::word,
    semihosting::{self, Console},
};

/// # Safety
/// `argument` is what `operation` takes: for most, the address of its words.
pub(crate) unsafe fn host_call(operation: usize, argument: usize) -> usize {
    let result;
    // SAFETY: the host changes r0 and, by the caller's word, only memory that the argument leads to. Nothing is said
    // about memory here, so the compiler takes it that all of it may have changed.
    unsafe {
        asm!("bkpt #0xAB", inlateout("r0") operation => result, in("r1") argument, options(nostack, preserves_flags));
    }
    result
}

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
