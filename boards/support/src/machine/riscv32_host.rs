//! RISC-V's call to the machine that emulates the core.
#![allow(unsafe_code)]

use core::arch::asm;

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
