//! Cortex-M.
#![allow(unsafe_code)]

#[cfg(armv6m)]
use cortex_m::peripheral::SCB;
use cortex_m::register::msp;

pub use cortex_m::asm::{nop, udf as unknown_instruction};
pub use cortex_m_rt::entry;

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
