//! The end of the stack of emulated RISC-V machines: memory that cannot be written, and exceptions that get by without it.
#![allow(unsafe_code)]

use core::arch::{asm, global_asm};

use riscv::register::mscratch;
use riscv_rt::TrapFrame;

use crate::stack;

/// What the core needs before anything else: a guard below the stack.
///
/// Where the stack lies below all variables, all from the code's start to the stack's end is locked as read-only: "The RISC-V
/// Instruction Set Manual, Volume II: Privileged Architecture", section 3.7 "Physical Memory Protection".
pub fn start() {
    /// Of the second region, whose entry says where it ends: locked, from the first's address on, executable, readable.
    const REGIONS: usize = (LOCKED | FROM_THE_LAST | EXECUTABLE | READABLE) << 8;
    const LOCKED: usize = 1 << 7;
    const FROM_THE_LAST: usize = 1 << 3;
    const EXECUTABLE: usize = 1 << 2;
    const READABLE: usize = 1;
    let (code, guarded, variables) =
        ((&raw const __stext).addr(), stack::range().start, (&raw const __sdata).addr());
    if code > guarded || guarded > variables {
        return;
    }
    // SAFETY: nothing is ever written there: it is flash, or plays it.
    unsafe {
        asm!(
            "csrw pmpaddr0, {first}",
            "csrw pmpaddr1, {end}",
            "csrw pmpcfg0, {regions}",
            first = in(reg) code >> 2,
            end = in(reg) guarded >> 2,
            regions = in(reg) REGIONS,
            options(nostack)
        );
    }
}

unsafe extern "C" {
    /// Where code begins; the runtime's.
    static __stext: u8;
    /// Where variables begin; the runtime's.
    static __sdata: u8;
}

/// What an exception's handler takes of the stack at most: the frame, a record, and what is said of it.
const HANDLER_BYTES: usize = 1024;

// Where exceptions enter, from which nothing returns: the stack pointer is kept, and if there is no room for a handler, it
// gets the stack's top, whose frames are of no use any more.
global_asm!(
    ".section .trap.start, \"ax\"",
    ".balign 4",
    ".global _start_trap",
    "_start_trap:",
    "csrw mscratch, sp",
    "la t0, _stack_end + {room}",
    "bltu sp, t0, 1f",
    "la t0, _stack_start",
    "bgeu t0, sp, 2f",
    "1: la sp, _stack_start",
    "2: j _default_start_trap",
    ".text",
    room = const HANDLER_BYTES,
);

/// Where the stack stood when an exception came.
pub(super) fn stood_at(_: &TrapFrame) -> usize {
    mscratch::read()
}

/// Whether an exception with the stack there is one of a stack that grew too far.
pub(super) fn is_overflow(sp: usize, _status: u32) -> bool {
    sp < stack::range().start
}
