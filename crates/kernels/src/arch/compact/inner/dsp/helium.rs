//! Sums of filters for Helium.

#![allow(unsafe_code)]

use core::arch::naked_asm;

use super::Walk;

/// Sums of all taps, which are in one row, with a filter for each channel; filters follow each other.
///
/// # Safety
/// As [`Sums`](super::Sums) says.
#[unsafe(naked)]
pub(crate) unsafe extern "C" fn rows(
    sums: *mut i32,
    taps: *const i8,
    weights: *const i8,
    walk: *const Walk,
    first: usize,
    end: usize,
) {
    // Two channels at a time; the last, when it has no other, with itself.
    naked_asm!(
        ".cpu cortex-m55",
        "push {{r4-r11, lr}}",
        "ldr r3, [r3, #12]",
        "ldrd r4, r12, [sp, #36]",
        "sub r12, r12, r4",
        "mla r2, r4, r3, r2",
        "1:",
        "subs r12, r12, #2",
        "ite mi",
        "movmi r5, r2",
        "addpl r5, r2, r3",
        "mov r11, r1",
        "movs r4, #0",
        "movs r6, #0",
        "mov r8, r2",
        "add r2, r5, r3",
        "wlstp.8 lr, r3, 3f",
        "2:",
        "vldrb.u8 q0, [r11], #16",
        "vldrb.u8 q1, [r8], #16",
        "vmladava.s8 r4, q0, q1",
        "vldrb.u8 q1, [r5], #16",
        "vmladava.s8 r6, q0, q1",
        "letp lr, 2b",
        "3:",
        "str r4, [r0], #4",
        "str r6, [r0], #4",
        "cmp r12, #0",
        "bgt 1b",
        "pop {{r4-r11, pc}}",
    )
}
