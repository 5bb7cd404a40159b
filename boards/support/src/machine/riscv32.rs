//! RISC-V, 32 bits, machine mode, one hart.
#![allow(unsafe_code)]

use core::{
    arch::{asm, global_asm},
    fmt::Write,
};

use riscv::register::{mcause, mepc, mscratch, mtval};
use riscv_rt::TrapFrame;
#[cfg(feature = "faults")]
use telemetry::fault::Record;
use telemetry::{exit, fault::Cause};

#[cfg(feature = "faults")]
use crate::kept;
use crate::{
    fault::{end, word},
    semihosting::Console,
    stack,
};

pub use riscv::asm::nop;
pub use riscv_rt::entry;

/// What the core needs before anything else: a guard below the stack.
///
/// Where the stack lies below all variables, all from the code's start to the stack's end is locked as read-only: "The RISC-V
/// Instruction Set Manual, Volume II: Privileged Architecture", section 3.7 "Physical Memory Protection".
pub(crate) fn start() {
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

/// Does not come back: no core knows this instruction.
pub fn unknown_instruction() -> ! {
    // SAFETY: it only traps, and the handler does not return.
    unsafe { asm!("unimp", options(noreturn, nomem, nostack)) }
}

pub(crate) fn stack_pointer() -> usize {
    let pointer;
    // SAFETY: it reads a register.
    unsafe { asm!("mv {}, sp", out(reg) pointer, options(nomem, nostack, preserves_flags)) };
    pointer
}

/// # Safety
/// `argument` is what `operation` takes: for most, the address of its words.
pub(crate) unsafe fn host_call(operation: usize, argument: usize) -> usize {
    let result;
    // The call is known by its neighbours: three instructions of four bytes each, in one page. "RISC-V Semihosting",
    // version 1.0, chapter 2.
    // SAFETY: the host changes a0 and, by the caller's word, only memory that the argument leads to. Nothing is said
    // about memory here, so the compiler takes it that all of it may have changed.
    unsafe {
        asm!(
            ".option push",
            ".option norvc",
            ".balign 16",
            "slli zero, zero, 0x1f",
            "ebreak",
            "srai zero, zero, 0x7",
            ".option pop",
            inlateout("a0") operation => result,
            in("a1") argument,
            options(nostack, preserves_flags)
        );
    }
    result
}

/// Starts the firmware again as a reset does, with what RAM holds.
#[cfg(feature = "faults")]
pub fn restart() -> ! {
    // SAFETY: the runtime's start needs nothing, and makes everything anew.
    unsafe { asm!("la t0, _start", "jr t0", options(noreturn)) }
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

/// Every exception ends here.
#[unsafe(export_name = "ExceptionHandler")]
fn exception(frame: &TrapFrame) -> ! {
    let (pc, status, address) = (mepc::read() as u32, mcause::read().bits() as u32, mtval::read() as u32);
    let (sp, lowest) = (mscratch::read(), stack::range().start);
    let cause = if sp < lowest { Cause::StackOverflow } else { Cause::HardFault };
    let _ = Console.write_str(cause.name());
    word(" pc", pc);
    word(" lr", frame.ra as u32);
    word(" mcause", status);
    word(" mtval", address);
    let _ = Console.write_str("\n");
    #[cfg(feature = "faults")]
    {
        let mut record = Record::new(cause);
        (record.pc, record.lr, record.sp, record.status) = (pc, frame.ra as u32, sp as u32, status);
        record.fault = [0, 0, address];
        // What lies below the stack's end is not the stack's.
        record.set_stack(kept::stack_from(sp.max(lowest)));
        kept::keep(&mut record);
    }
    end(exit::FAULT)
}
