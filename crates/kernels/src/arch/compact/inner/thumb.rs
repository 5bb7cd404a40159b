//! The inner loops for cores that have the base of Thumb.

#![allow(unsafe_code)]

use core::arch::naked_asm;

pub(crate) use super::native::{Outputs, Sums};
use super::{Walk, native::Scale};

/// Elements that are read at once.
pub(crate) const WORD: usize = 1;

/// Saves the registers that the ABI asks to keep. Arguments on the stack are 36 bytes up then.
macro_rules! enter {
    () => {
        "push {{r4-r7, lr}}
         mov r4, r8
         mov r5, r9
         mov r6, r10
         mov r7, r11
         push {{r4-r7}}"
    };
}

/// Gives them back, and returns.
macro_rules! leave {
    () => {
        "pop {{r4-r7}}
         mov r8, r4
         mov r9, r5
         mov r10, r6
         mov r11, r7
         pop {{r4-r7, pc}}"
    };
}

/// Sums of all taps, which are in one row, with a filter for each channel; filters follow each other.
///
/// # Safety
/// As [`Sums`] says.
#[unsafe(naked)]
pub(crate) unsafe extern "C" fn rows(
    sums: *mut i32,
    taps: *const i8,
    weights: *const i8,
    walk: *const Walk,
    first: usize,
    end: usize,
) {
    // Two channels at a time; the last, when it has no other, with itself. r1, r2 and r3 are ends of taps and filters, r8
    // where sums go, r9 the channels left, r10 the taps.
    naked_asm!(
        enter!(),
        "mov r8, r0
         ldr r4, [r3, #12]
         ldr r5, [sp, #36]
         ldr r6, [sp, #40]
         subs r6, r6, r5
         mov r9, r6
         mov r10, r4
         muls r5, r4, r5
         adds r5, r5, r4
         adds r2, r2, r5
         adds r1, r1, r4
         1:
         mov r3, r2
         mov r4, r9
         cmp r4, #1
         beq 2f
         add r3, r10
         2:
         mov r4, r10
         rsbs r4, r4, #0
         movs r5, #0
         movs r6, #0
         3:
         ldrsb r7, [r1, r4]
         ldrsb r0, [r2, r4]
         muls r0, r7, r0
         adds r5, r5, r0
         ldrsb r0, [r3, r4]
         muls r0, r7, r0
         adds r6, r6, r0
         adds r4, r4, #1
         bne 3b
         mov r0, r8
         stm r0!, {{r5, r6}}
         mov r8, r0
         mov r2, r3
         add r2, r10
         mov r0, r9
         subs r0, r0, #2
         mov r9, r0
         bhi 1b",
        leave!(),
    )
}

/// Sums of every tap of a channel with its weight; all channels' stand side by side.
///
/// # Safety
/// As [`Sums`] says.
#[unsafe(naked)]
pub(crate) unsafe extern "C" fn lanes(
    sums: *mut i32,
    taps: *const i8,
    weights: *const i8,
    walk: *const Walk,
    first: usize,
    end: usize,
) {
    // r4 is the weight's place, r5 where its row ends, r1 what the taps' row adds to it; r8 is where sums go.
    naked_asm!(
        enter!(),
        "mov r8, r0
         mov r9, r3
         mov r10, r1
         ldr r4, [sp, #36]
         1:
         mov r0, r9
         mov r1, r10
         ldm r0!, {{r3, r5}}
         movs r6, #0
         2:
         ldrsb r7, [r1, r4]
         ldrsb r0, [r2, r4]
         muls r0, r7, r0
         adds r6, r6, r0
         adds r4, r4, r3
         cmp r4, r5
         blo 2b
         mov r0, r9
         ldr r7, [r0, #4]
         adds r5, r5, r7
         ldr r7, [r0, #8]
         adds r1, r1, r7
         ldr r7, [r0, #12]
         cmp r4, r7
         blo 2b
         mov r0, r8
         stm r0!, {{r6}}
         mov r8, r0
         subs r4, r4, r7
         adds r4, r4, #1
         ldr r7, [sp, #40]
         cmp r4, r7
         blo 1b",
        leave!(),
    )
}

/// As [`quant::Halving::scale`] and the output's clamp, of one channel or more.
///
/// # Safety
/// There are sums, constants and outputs of all channels from the first to the end.
#[unsafe(naked)]
pub(crate) unsafe extern "C" fn scale(
    sums: *const i32,
    pixel: *mut i8,
    by: *const Scale,
    first: usize,
    end: usize,
) {
    // r8 to r11 are where sums, outputs, heads and exponents are, r12 what they are scaled by, lr the channels left. The high
    // word of the product is of four products of halves, and of what carries over half of the low word.
    naked_asm!(
        enter!(),
        "mov r8, r0
         adds r1, r1, r3
         mov r9, r1
         ldm r2!, {{r4, r5}}
         lsls r6, r3, #3
         adds r4, r4, r6
         mov r10, r4
         adds r5, r5, r3
         mov r11, r5
         mov r12, r2
         ldr r4, [sp, #36]
         subs r4, r4, r3
         mov lr, r4
         1:
         mov r4, r8
         ldm r4!, {{r0}}
         mov r8, r4
         mov r4, r10
         ldm r4!, {{r1, r2}}
         mov r10, r4
         lsls r0, r0, #1
         adds r0, r0, r1
         asrs r7, r0, #31
         uxth r1, r0
         asrs r0, r0, #16
         uxth r3, r2
         lsrs r2, r2, #16
         mov r4, r1
         muls r4, r3, r4
         muls r1, r2, r1
         muls r3, r0, r3
         muls r0, r2, r0
         adds r0, r0, r7
         lsrs r4, r4, #16
         uxth r5, r3
         adds r4, r4, r5
         uxth r5, r1
         adds r4, r4, r5
         movs r5, #1
         lsls r5, r5, #15
         adds r4, r4, r5
         lsrs r4, r4, #16
         adds r0, r0, r4
         asrs r3, r3, #16
         adds r0, r0, r3
         lsrs r1, r1, #16
         adds r0, r0, r1
         mov r4, r11
         ldrb r1, [r4]
         adds r4, r4, #1
         mov r11, r4
         mov r4, r12
         ldm r4!, {{r5, r6, r7}}
         lsls r5, r5, r1
         adds r0, r0, r5
         asrs r0, r0, r1
         asrs r0, r0, #1
         cmp r0, r6
         bge 2f
         mov r0, r6
         2:
         cmp r0, r7
         ble 3f
         mov r0, r7
         3:
         mov r4, r9
         strb r0, [r4]
         adds r4, r4, #1
         mov r9, r4
         mov r4, lr
         subs r4, r4, #1
         mov lr, r4
         bne 1b",
        leave!(),
    )
}

/// Copies elements, as many as there is room for.
#[inline]
pub(crate) fn copy(from: &[i8], to: &mut [i8]) {
    to.iter_mut().zip(from).for_each(|(to, &q)| *to = q);
}
