//! Cortex-M.
#![allow(unsafe_code)]

#[cfg(feature = "faults")]
use core::arch::asm;

#[cfg(armv6m)]
use cortex_m::peripheral::SCB;
use cortex_m::register::msp;

use cortex_m::asm::wfi;
pub use cortex_m::asm::{nop, udf as unknown_instruction};
pub use cortex_m_rt::entry;

#[cfg(feature = "faults")]
use crate::stack;

/// What the core needs before anything else.
pub fn start() {
    // ARMv6-M faults on an unaligned access; a core that could do more and runs such code is told to fault as well.
    #[cfg(armv6m)]
    {
        const UNALIGN_TRP: u32 = 1 << 3;
        // SAFETY: the peripheral is always there.
        let scb = unsafe { &*SCB::PTR };
        // SAFETY: it changes nothing for accesses that ARMv6-M allows, and the compiler emits no others.
        unsafe { scb.ccr.modify(|ccr| ccr | UNALIGN_TRP) };
    }
}

pub(crate) fn stack_pointer() -> usize {
    msp::read() as usize
}

/// Nothing happens any more, and the core's clock is off while nothing interrupts.
pub fn rest() -> ! {
    loop {
        wfi();
    }
}

/// Nothing interrupts from now on.
#[cfg(all(feature = "faults", not(feature = "semihosting")))]
pub(crate) fn mask_interrupts() {
    cortex_m::interrupt::disable();
}

/// Starts the firmware again as a reset does, with what RAM holds.
#[cfg(feature = "faults")]
pub fn restart() -> ! {
    // SAFETY: the reset handler needs nothing but a stack, and makes everything else anew.
    unsafe {
        asm!("msr msp, {}", "bx {}", in(reg) stack::range().end, in(reg) Reset as *const () as usize, options(noreturn))
    }
}

/// Faults as a core does whose stack went to where there is no memory.
#[cfg(feature = "faults")]
pub fn overflow(address: usize) -> ! {
    // SAFETY: the core gives up at once, and its handler has a stack of its own.
    unsafe { asm!("msr msp, {}", "udf #0", in(reg) address, options(noreturn)) }
}

#[cfg(feature = "faults")]
unsafe extern "C" {
    /// Of the runtime.
    fn Reset() -> !;
}
