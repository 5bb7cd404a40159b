//! Faults of Cortex-M that leave a record.
#![allow(unsafe_code)]

use core::arch::naked_asm;

use telemetry::fault::{Cause, Record};

#[cfg(feature = "semihosting")]
use crate::fault::stop;
#[cfg(not(feature = "semihosting"))]
use crate::halt::stop;
use crate::{kept, stack};

/// What the core pushes: r0 to r3, r12, lr, pc, xpsr.
const FRAME_WORDS: usize = 8;
/// Where among them lr, pc and xpsr begin.
const RETURN_AT: usize = 5;

/// What a handler takes of the stack at most: a record, and what is said of it.
const HANDLER_BYTES: usize = 1024;

/// Configurable, usage, bus and memory faults all end here, since none of them is enabled by itself.
///
/// A stack that is at its end or beyond has no room for a handler: this one gets the stack's top, whose frames are of no use
/// any more.
#[unsafe(naked)]
#[unsafe(export_name = "HardFault")]
unsafe extern "C" fn hard_fault() {
    naked_asm!(
        "mrs r0, msp",
        "ldr r1, =_stack_end + {room}",
        "cmp r0, r1",
        "blo 2f",
        "ldr r1, =_stack_start",
        "cmp r0, r1",
        "blo 3f",
        "2: ldr r1, =_stack_start",
        "msr msp, r1",
        "3: ldr r1, ={faulted}",
        "bx r1",
        ".ltorg",
        room = const HANDLER_BYTES,
        faulted = sym faulted,
    )
}

/// `sp` is where the core pushed its registers, or would have.
extern "C" fn faulted(sp: usize) -> ! {
    let range = stack::range();
    let mut record = Record::new(Cause::HardFault);
    record.sp = sp as u32;
    record.fault = status();
    let [configurable, ..] = record.fault;
    if range.contains(&sp) && configurable & NOT_PUSHED == 0 {
        take_pushed(&mut record, kept::stack_from(sp));
    } else {
        record.cause = Cause::StackOverflow;
        // What lies below the stack's end cannot be believed, nor was anything pushed there.
        record.set_stack(kept::stack_from(sp.max(range.start)));
    }
    kept::keep(&mut record);
    stop(&record)
}

/// The registers that the core pushed, and the stack above them: `words` from where it pushed.
pub(super) fn take_pushed(record: &mut Record, mut words: impl Iterator<Item = u32>) {
    let mut pushed = words.by_ref().take(FRAME_WORDS).skip(RETURN_AT);
    let mut next = || pushed.next().unwrap_or_default();
    (record.lr, record.pc, record.status) = (next(), next(), next());
    record.set_stack(words);
}

/// Bits of CFSR: the stack met its limit, or the core could not push its registers. "ARMv8-M Architecture Reference Manual",
/// D1.2.7 "CFSR".
const NOT_PUSHED: u32 = 1 << 20 | 1 << 12 | 1 << 4;

/// CFSR, HFSR and BFAR; ARMv6-M does not tell what kind of fault it was.
fn status() -> [u32; 3] {
    #[cfg(armv6m)]
    return [0; 3];
    #[cfg(not(armv6m))]
    {
        // SAFETY: the peripheral is always there, and reading these registers changes nothing.
        let scb = unsafe { &*cortex_m::peripheral::SCB::PTR };
        [scb.cfsr.read(), scb.hfsr.read(), scb.bfar.read()]
    }
}
