//! A watchdog's warning, before it resets the chip: a record tells where the core was.
//!
//! On Arm's MPS2 it comes as the interrupt that cannot be masked. Chips have an interrupt for it, whose handler is the chip's: it
//! says [`warned`], and returns; what follows meets the stack as the interrupted code left it.
#![allow(unsafe_code)]

use core::arch::naked_asm;
#[cfg(feature = "semihosting")]
use core::ptr::with_exposed_provenance_mut;

use cortex_m::{
    interrupt::InterruptNumber,
    peripheral::{NVIC, SCB},
};
use telemetry::fault::{Cause, Record};

use super::cortex_m_fault::take_pushed;
use crate::kept;

/// Words from the stack's end that are kept, with what the core pushed: an nRF52 has 61 microseconds for all of the record.
const WORDS: usize = 40;

/// Lets the interrupt through by which a watchdog warns.
pub fn heed(interrupt: impl InterruptNumber) {
    // SAFETY: no critical section relies on one interrupt being off, and this one's handler touches nothing of others.
    unsafe { NVIC::unmask(interrupt) };
}

/// A watchdog is about to reset the chip. To be called in the handler of its interrupt, which then returns: not to where it
/// came from, but to what leaves the record.
pub fn warned() {
    SCB::set_pendsv();
}

#[unsafe(naked)]
#[unsafe(export_name = "PendSV")]
unsafe extern "C" fn last_moment() {
    naked_asm!("mrs r0, msp", "ldr r1, ={leave}", "bx r1", ".ltorg", leave = sym leave)
}

extern "C" fn leave(sp: usize) -> ! {
    keep(sp);
    // No emulated watchdog warns by an interrupt that can be masked: what says that it did goes on by itself.
    #[cfg(feature = "semihosting")]
    crate::fault::end(telemetry::exit::FAULT);
    #[cfg(not(feature = "semihosting"))]
    wait_for_reset()
}

#[cfg(feature = "semihosting")]
#[unsafe(naked)]
#[unsafe(export_name = "NonMaskableInt")]
unsafe extern "C" fn watchdog_warns() {
    naked_asm!("mrs r0, msp", "ldr r1, ={leave}", "bx r1", ".ltorg", leave = sym leave_and_wait)
}

#[cfg(feature = "semihosting")]
extern "C" fn leave_and_wait(sp: usize) -> ! {
    keep(sp);
    wait_for_reset()
}

/// `sp` is where the core pushed its registers.
fn keep(sp: usize) {
    let mut record = Record::new(Cause::Watchdog);
    record.sp = sp as u32;
    take_pushed(&mut record, kept::stack_from(sp).take(WORDS));
    kept::keep(&mut record);
}

fn wait_for_reset() -> ! {
    loop {
        super::nop();
    }
}

/// Starts a watchdog of Arm's Cortex-M System Design Kit, which nobody will feed: after so many ticks it warns, and after as many
/// more it resets the machine. "Cortex-M System Design Kit Technical Reference Manual", Arm DDI 0479, section 4.7.
#[cfg(feature = "semihosting")]
pub fn start_watchdog(address: usize, ticks: u32) {
    const LOAD: usize = 0x00;
    const CONTROL: usize = 0x08;
    const WARN_AND_RESET: u32 = 0b11;
    for (register, value) in [(LOAD, ticks), (CONTROL, WARN_AND_RESET)] {
        // SAFETY: the caller's job says that there is such a watchdog at the address.
        unsafe { with_exposed_provenance_mut::<u32>(address + register).write_volatile(value) };
    }
}
