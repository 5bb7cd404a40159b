//! Exceptions of RISC-V, which end the firmware.
#![allow(unsafe_code)]

#[cfg(feature = "semihosting")]
use core::fmt::Write;

use riscv::register::{mcause, mepc, mtval};
use riscv_rt::TrapFrame;
#[cfg(feature = "semihosting")]
use telemetry::exit;
use telemetry::fault::Cause;
#[cfg(feature = "faults")]
use telemetry::fault::Record;

#[cfg(not(feature = "semihosting"))]
use super::espressif::{is_overflow, stood_at};
#[cfg(feature = "semihosting")]
use super::riscv32_guard::{is_overflow, stood_at};
#[cfg(not(feature = "semihosting"))]
use crate::halt::stop;
#[cfg(feature = "semihosting")]
use crate::{
    fault::{end, word},
    semihosting::Console,
};
#[cfg(feature = "faults")]
use crate::{kept, stack};

/// What the core says of an exception.
struct Exception {
    cause: Cause,
    pc: u32,
    /// Where the function that ran would have returned to.
    lr: u32,
    #[cfg_attr(not(feature = "faults"), expect(dead_code, reason = "records tell it"))]
    sp: usize,
    status: u32,
    address: u32,
}

/// Every exception ends here.
#[unsafe(export_name = "ExceptionHandler")]
fn exception(frame: &TrapFrame) -> ! {
    let (pc, status, address) = (mepc::read() as u32, mcause::read().bits() as u32, mtval::read() as u32);
    let sp = stood_at(frame);
    let cause = if is_overflow(sp, status) { Cause::StackOverflow } else { Cause::HardFault };
    let exception = Exception { cause, pc, lr: frame.ra as u32, sp, status, address };
    #[cfg(feature = "semihosting")]
    say(&exception);
    #[cfg(feature = "faults")]
    let record = keep(&exception);
    #[cfg(feature = "semihosting")]
    {
        #[cfg(feature = "faults")]
        let _ = record;
        end(exit::FAULT)
    }
    #[cfg(not(feature = "semihosting"))]
    stop(&record)
}

#[cfg(feature = "semihosting")]
fn say(exception: &Exception) {
    let _ = Console.write_str(exception.cause.name());
    word(" pc", exception.pc);
    word(" lr", exception.lr);
    word(" mcause", exception.status);
    word(" mtval", exception.address);
    let _ = Console.write_str("\n");
}

#[cfg(feature = "faults")]
fn keep(exception: &Exception) -> Record {
    let mut record = Record::new(exception.cause);
    (record.pc, record.lr, record.sp) = (exception.pc, exception.lr, exception.sp as u32);
    record.status = exception.status;
    record.fault = [0, 0, exception.address];
    // What lies below the stack's end is not the stack's.
    record.set_stack(kept::stack_from(exception.sp.max(stack::range().start)));
    kept::keep(&mut record);
    record
}
