//! RISC-V, 32 bits, machine mode, one hart.
#![allow(unsafe_code)]

use core::{arch::asm, fmt::Write};

use riscv::register::{mcause, mepc, mtval};
use riscv_rt::TrapFrame;
use telemetry::exit;
#[cfg(feature = "faults")]
use telemetry::fault::{Cause, Record};

#[cfg(feature = "faults")]
use crate::kept;
use crate::{
    fault::{end, word},
    semihosting::Console,
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

/// Starts the firmware again as a reset does, with what RAM holds.
#[cfg(feature = "faults")]
pub fn restart() -> ! {
    // SAFETY: the runtime's start needs nothing, and makes everything anew.
    unsafe { asm!("la t0, _start", "jr t0", options(noreturn)) }
}

/// Every exception ends here.
#[unsafe(export_name = "ExceptionHandler")]
fn exception(frame: &TrapFrame) -> ! {
    let (pc, cause, address) = (mepc::read() as u32, mcause::read().bits() as u32, mtval::read() as u32);
    let _ = Console.write_str("hard fault");
    word(" pc", pc);
    word(" lr", frame.ra as u32);
    word(" mcause", cause);
    word(" mtval", address);
    let _ = Console.write_str("\n");
    #[cfg(feature = "faults")]
    {
        let mut record = Record::new(Cause::HardFault);
        let sp = (&raw const *frame).expose_provenance() + size_of::<TrapFrame>();
        (record.pc, record.lr, record.sp, record.status) = (pc, frame.ra as u32, sp as u32, cause);
        record.fault = [0, 0, address];
        record.set_stack(kept::stack_from(sp));
        kept::keep(record);
    }
    end(exit::FAULT)
}
