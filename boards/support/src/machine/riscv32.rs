//! RISC-V, 32 bits, machine mode, one hart.
#![allow(unsafe_code)]

use core::{arch::asm, fmt::Write};

use riscv::register::{mcause, mepc, mtval};
use riscv_rt::TrapFrame;
use telemetry::exit;

use crate::{
    fault::word,
    semihosting::{self, Console},
};

pub use riscv::asm::nop;
pub use riscv_rt::entry;

/// What the core needs before anything else.
pub(crate) fn start() {}

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

/// Every exception ends here.
#[unsafe(export_name = "ExceptionHandler")]
fn exception(frame: &TrapFrame) -> ! {
    let _ = Console.write_str("hard fault");
    word(" pc", mepc::read() as u32);
    word(" lr", frame.ra as u32);
    word(" mcause", mcause::read().bits() as u32);
    word(" mtval", mtval::read() as u32);
    let _ = Console.write_str("\n");
    semihosting::exit(exit::FAULT)
}
