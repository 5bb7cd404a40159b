//! What Espressif's cores have beside what RISC-V asks for.
#![allow(unsafe_code)]

use core::arch::asm;

use riscv_rt::TrapFrame;

/// What the core needs before anything else: nothing that its HAL has not seen to.
pub fn start() {}

/// Starts the counter of cycles. "ESP32-C3 Technical Reference Manual", section 1.4 "Configuration and Status Registers": `mpcer`
/// says what is counted, and its first bit is cycles; `mpcmr` starts.
pub fn start_cycles() {
    // SAFETY: the registers are the core's own, and change nothing but its counter.
    unsafe { asm!("csrwi 0x7e0, 1", "csrwi 0x7e1, 1", options(nomem, nostack, preserves_flags)) };
}

/// What it shows: the register `mpccr`.
#[inline(always)]
pub fn cycles() -> u32 {
    let cycles;
    // SAFETY: it reads a register. Not `nomem`: what is measured is to stay between two readings.
    unsafe { asm!("csrr {}, 0x7e2", out(reg) cycles, options(nostack, preserves_flags)) };
    cycles
}

/// Where the stack stood when an exception came: below that, its frame was put.
pub(super) fn stood_at(frame: &TrapFrame) -> usize {
    (&raw const *frame).expose_provenance() + size_of::<TrapFrame>()
}

/// esp-hal watches a word near the stack's end, which is a breakpoint, and no firmware has another; where the stack left RAM
/// its runtime gives the exception a number that RISC-V keeps free.
pub(super) fn is_overflow(_sp: usize, status: u32) -> bool {
    const BREAKPOINT: u32 = 3;
    const LEFT_RAM: u32 = 14;
    /// The rest of the register tells what the core did before.
    const NUMBER: u32 = 0x1f;
    matches!(status & NUMBER, BREAKPOINT | LEFT_RAM)
}
