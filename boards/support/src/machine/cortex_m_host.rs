//! The call to the host.
#![allow(unsafe_code)]

use core::arch::asm;

/// # Safety
/// `argument` is what `operation` takes: for most, the address of its words.
pub(crate) unsafe fn host_call(operation: usize, argument: usize) -> usize {
    let result;
    // SAFETY: the host changes r0 and, by the caller's word, only memory that the argument leads to. Nothing is said
    // about memory here, so the compiler takes it that all of it may have changed.
    unsafe {
        asm!("bkpt #0xAB", inlateout("r0") operation => result, in("r1") argument, options(nostack, preserves_flags));
    }
    result
}
