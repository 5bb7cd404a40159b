//! Convolutions: four pixels and all channels at a time.
#![allow(unsafe_code)]

use core::arch::naked_asm;

use super::{Job, exact};
use crate::arch::narrow::inner::Finish;

/// Begins a chain with the products of r3.
macro_rules! first {
    () => {
        "ldmia r1!, {{r6, r7}}
         muls r6, r3, r6
         muls r7, r3, r7"
    };
}

/// Adds the products of r3 to a chain.
macro_rules! next {
    () => {
        "ldmia r1!, {{r4, r5}}
         muls r4, r3, r4
         muls r5, r3, r5
         adds r6, r6, r4
         adds r7, r7, r5"
    };
}

/// Takes the sums of a chain apart.
macro_rules! part {
    () => {
        "sxth r3, r6
         add r8, r3
         asrs r6, r6, #7
         add r9, r6
         sxth r3, r7
         add r10, r3
         asrs r7, r7, #7
         add r11, r7"
    };
}

/// The four weights of r2, one after the other, in r3.
macro_rules! weight {
    (0) => {
        "ldmia r0!, {{r2}}
         sxtb r3, r2"
    };
    (1) => {
        "lsls r3, r2, #16
         asrs r3, r3, #24"
    };
    (2) => {
        "lsls r3, r2, #8
         asrs r3, r3, #24"
    };
    (3) => {
        "asrs r3, r2, #24"
    };
}

/// As [`convolve_block`](crate::arch::narrow::inner::convolve_block).
///
/// r0 weights, r1 pixels, r2 four weights, r3 one, r4 and r5 products, r6 and r7 chains; r8 to r11 the sums in their
/// parts, r12 the filter's end, lr the guard, or the end of sixteen taps.
///
/// # Safety
/// All fields of the job are set, `output` and `stride` for four pixels, and there is at least one channel.
#[unsafe(naked)]
unsafe extern "C" fn convolve(job: &mut Job<'_>) {
    naked_asm!(
        enter!(),
        "20:
         ldr r7, [sp]
         ldr r1, [r7, #4]
         ldr r2, [r7, #8]
         adds r2, r0, r2
         mov r12, r2
         ldr r3, [r7, #12]
         ldr r3, [r3]
         movs r2, #0
         mov r8, r2
         mov r9, r2
         mov r10, r2
         mov r11, r2
         cmp r3, #1
         beq 40f
         bhi 60f",
        "30:",
        weight!(0), first!(), weight!(1), next!(), part!(),
        weight!(2), first!(), weight!(3), next!(), part!(),
        "cmp r0, r12
         bne 30b
         b 80f",
        "40:",
        weight!(0), first!(), weight!(1), next!(), weight!(2), next!(), weight!(3), next!(), part!(),
        "cmp r0, r12
         bne 40b
         b 80f",
        "60:
         mov r3, r0
         adds r3, #16
         mov lr, r3
         movs r6, #0
         movs r7, #0
         61:",
        weight!(0), next!(), weight!(1), next!(), weight!(2), next!(), weight!(3), next!(),
        "cmp r0, lr
         bne 61b",
        part!(),
        "cmp r0, r12
         bne 60b
         ldr r7, [sp]
         ldr r1, [r7, #28]
         mov lr, r1
         80:",
        take_row!(),
        "mov r2, r8",
        requantize!(),
        "add r7, r12",
        upper!("r8", "r9"),
        requantize!(),
        "add r7, r12
         mov r2, r10",
        requantize!(),
        "add r7, r12",
        upper!("r10", "r11"),
        requantize!(),
        "ldr r0, [sp, #4]
         ldr r1, [sp]
         ldr r2, [r1, #12]
         ldr r1, [r1, #16]
         cmp r1, r2
         beq 81f
         b 20b
         81:",
        leave!(),
        open!("ldr r2, [r1, #12]"),
        exact = sym exact,
    )
}

/// As [`inner::convolve_block`](crate::arch::narrow::inner::convolve_block), for buffers that fit.
pub(crate) fn convolve_block(
    weights: &[u32],
    pixels: &[[u32; 2]],
    finish: &Finish<'_>,
    output: &mut [i8],
    stride: usize,
) {
    let Some(mut job) = Job::of_block(weights, pixels, finish, output, stride) else { return };
    // SAFETY: the job is that of a block.
    unsafe { convolve(&mut job) }
}
