//! Products with a matrix.
#![allow(unsafe_code)]

use core::arch::naked_asm;

use super::{Job, exact};
use crate::arch::narrow::inner::Finish;

/// Adds the four products of a word of weights to r8.
macro_rules! multiply_word {
    () => {
        "ldmia r0!, {{r2}}
         ldmia r1!, {{r3-r6}}
         muls r3, r2, r3
         add r8, r3
         lsrs r7, r2, #8
         muls r4, r7, r4
         add r8, r4
         lsrs r7, r2, #16
         muls r5, r7, r5
         add r8, r5
         lsrs r7, r2, #24
         muls r6, r7, r6
         add r8, r6"
    };
}

/// As [`multiply`](crate::arch::narrow::inner::multiply).
///
/// r0 weights, r1 inputs, r2 four weights, r3 to r6 inputs, r7 shifted weights; r8 the sum, r9 the end of whole runs of
/// four words, r10 the channel's row, r11 where to write, r12 the filter's end, lr the guard.
///
/// # Safety
/// All fields of the job are set, and there is at least one channel.
#[unsafe(naked)]
unsafe extern "C" fn multiply_rows(job: &mut Job<'_>) {
    naked_asm!(
        enter!(),
        "ldr r7, [sp]
         ldr r1, [r7, #12]
         mov r10, r1
         ldr r1, [r7, #20]
         mov r11, r1
         20:
         ldr r7, [sp]
         ldr r1, [r7, #32]
         mov r8, r1
         ldr r1, [r7, #4]
         ldr r2, [r7, #8]
         adds r3, r0, r2
         mov r12, r3
         lsrs r2, r2, #4
         lsls r2, r2, #4
         beq 41f
         adds r2, r0, r2
         mov r9, r2
         30:",
        multiply_word!(), multiply_word!(), multiply_word!(), multiply_word!(),
        "cmp r0, r9
         bne 30b
         b 41f
         40:",
        multiply_word!(),
        "41:
         cmp r0, r12
         bne 40b
         mov r9, r0
         mov r1, r10
         adds r1, #4
         ldmia r1!, {{r3-r6}}
         mov r10, r1
         mov r7, r11
         mov r2, r8",
        requantize!(),
        "adds r7, #1
         mov r11, r7
         mov r0, r9
         ldr r1, [sp]
         ldr r1, [r1, #16]
         cmp r10, r1
         beq 81f
         b 20b
         81:",
        leave!(),
        open!("mov r2, r10"),
        exact = sym exact,
    )
}

/// As [`inner::multiply`](crate::arch::narrow::inner::multiply), for buffers that fit.
pub(crate) fn multiply(
    weights: &[u32],
    inputs: &[[u32; 4]],
    begin: u32,
    finish: &Finish<'_>,
    output: &mut [i8],
) {
    let Some(mut job) = Job::of_rows(weights, inputs, begin, finish, output) else { return };
    // SAFETY: the job is that of a matrix's rows.
    unsafe { multiply_rows(&mut job) }
}
