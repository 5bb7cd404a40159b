//! Products with a matrix: four rows at a time.
#![allow(unsafe_code)]

use core::arch::naked_asm;

use crate::arch::{
    armv6m::inner::{Job, enter, exact, leave, open, requantize},
    narrow::inner::Finish,
};

/// Adds the four products of a row's word of weights to its sum.
macro_rules! row {
    ($row:literal, $sum:literal) => {
        concat!(
            "ldr r12, [",
            $row,
            "], #4
             mla ",
            $sum,
            ", r12, r4, ",
            $sum,
            "
             lsr r12, r12, #8
             mla ",
            $sum,
            ", r12, r5, ",
            $sum,
            "
             lsr r12, r12, #8
             mla ",
            $sum,
            ", r12, r6, ",
            $sum,
            "
             lsr r12, r12, #8
             mla ",
            $sum,
            ", r12, r7, ",
            $sum,
            "
             "
        )
    };
}

/// A word of weights of each row.
macro_rules! word {
    () => {
        concat!(
            "ldm lr!, {{r4-r7}}
             ",
            row!("r0", "r8"),
            row!("r1", "r9"),
            row!("r2", "r10"),
            row!("r3", "r11"),
        )
    };
}

/// As [`multiply`](crate::arch::narrow::inner::multiply).
///
/// r0 to r3 rows of weights, r4 to r7 inputs, r8 to r11 sums, r12 four weights, lr inputs. The end of the first row is on
/// the stack, and how many sums are still to write. Rows that a last block lacks are its first once more.
///
/// # Safety
/// All fields of the job are set, `stride` to the number of channels, of which there is at least one.
#[unsafe(naked)]
unsafe extern "C" fn multiply_rows(job: &mut Job<'_>) {
    naked_asm!(
        enter!(),
        "20:
         ldr r7, [sp]
         ldr r0, [r7]
         ldr r4, [r7, #8]
         ldr r6, [r7, #24]
         ldr r8, [r7, #32]
         ldr lr, [r7, #4]
         mov r1, r0
         mov r2, r0
         mov r3, r0
         cmp r6, #2
         it hs
         addhs r1, r0, r4
         cmp r6, #3
         it hs
         addhs r2, r1, r4
         cmp r6, #4
         it hs
         addhs r3, r2, r4
         adds r5, r0, r4
         str r5, [sp, #8]
         mov r9, r8
         mov r10, r8
         mov r11, r8
         lsls r4, r4, #29
         bmi.w 31f
         30:",
        word!(),
        "31:",
        word!(),
        "ldr r12, [sp, #8]
         cmp r0, r12
         bne.w 30b
         ldr r7, [sp]
         str r3, [r7]
         ldr r1, [r7, #24]
         subs r2, r1, #4
         str r2, [r7, #24]
         cmp r1, #4
         it hi
         movhi r1, #4
         str r1, [sp, #4]
         ldr lr, [r7, #28]
         50:
         ldr r7, [sp]
         ldr r1, [r7, #12]
         adds r1, #4
         ldmia r1!, {{r3-r6}}
         str r1, [r7, #12]
         ldr r1, [r7, #20]
         adds r2, r1, #1
         str r2, [r7, #20]
         mov r7, r1
         mov r2, r8",
        requantize!(),
        "mov r8, r9
         mov r9, r10
         mov r10, r11
         ldr r1, [sp, #4]
         subs r1, #1
         str r1, [sp, #4]
         bne 50b
         ldr r7, [sp]
         ldr r1, [r7, #24]
         cmp r1, #0
         bgt.w 20b",
        leave!(),
        open!("ldr r2, [r1, #12]"),
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
    // SAFETY: the job is that of a matrix's rows, whose number is its stride.
    unsafe { multiply_rows(&mut job) }
}
