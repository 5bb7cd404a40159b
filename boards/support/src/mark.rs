//! Two addresses that a counting emulator watches: what runs between them is counted for itself.
//!
//! Their bodies differ, so that the linker does not make one of two equal functions.
#![allow(unsafe_code)]

use core::arch::asm;

/// What is to be counted begins.
#[inline(never)]
#[unsafe(no_mangle)]
pub extern "C" fn microjoule_mark_begin() {
    // SAFETY: it does nothing. The compiler does not know that, and keeps the call and everything around it in order.
    unsafe { asm!("nop", options(nostack, preserves_flags)) };
}

/// What is to be counted has ended.
#[inline(never)]
#[unsafe(no_mangle)]
pub extern "C" fn microjoule_mark_end() {
    // SAFETY: as above.
    unsafe { asm!("nop", "nop", options(nostack, preserves_flags)) };
}
