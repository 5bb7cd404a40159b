//! The inner loops for cores with instructions on halves of words.

#![allow(unsafe_code)]

use core::arch::{asm, naked_asm};

pub(crate) use super::native::{Outputs, Sums};
use super::{Walk, native::Scale};

/// Elements that are read at once.
pub(crate) const WORD: usize = 4;

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
    // Two channels at a time; the last, when it has no other, with itself. Pointers are to the ends of filters.
    naked_asm!(
        "push {{r4-r11, lr}}",
        "ldr r12, [r3, #12]",
        "ldrd r4, lr, [sp, #36]",
        "subs lr, lr, r4",
        "mla r2, r4, r12, r2",
        "adds r3, r12, #3",
        "bic r3, r3, #3",
        "add r1, r1, r3",
        "add r2, r2, r3",
        "add r4, r2, r12",
        "rsbs r3, r3, #0",
        "1:",
        "cmp lr, #1",
        "it eq",
        "moveq r4, r2",
        "mov r5, r3",
        "movs r6, #0",
        "movs r7, #0",
        "2:",
        "ldr r8, [r1, r5]",
        "ldr r9, [r2, r5]",
        "ldr r10, [r4, r5]",
        "sxtb16 r11, r8",
        "sxtb16 r12, r9",
        "smlad r6, r11, r12, r6",
        "sxtb16 r12, r10",
        "smlad r7, r11, r12, r7",
        "sxtb16 r8, r8, ror #8",
        "sxtb16 r9, r9, ror #8",
        "smlad r6, r8, r9, r6",
        "sxtb16 r10, r10, ror #8",
        "smlad r7, r8, r10, r7",
        "adds r5, r5, #4",
        "bne 2b",
        "stm r0!, {{r6, r7}}",
        "subs r5, r4, r2",
        "add r2, r4, r5",
        "add r4, r2, r5",
        "subs lr, lr, #2",
        "bhi 1b",
        "pop {{r4-r11, pc}}",
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
    // Four channels at a time: r8 is the weight's place, r9 where its row ends, r1 what the taps' row adds to it.
    naked_asm!(
        "push {{r0, r1, r4-r11, lr}}",
        "ldr r8, [sp, #44]",
        "1:",
        "ldr r1, [sp, #4]",
        "ldrd r10, r9, [r3]",
        "movs r4, #0",
        "movs r5, #0",
        "movs r6, #0",
        "movs r7, #0",
        "2:",
        "ldr r11, [r1, r8]",
        "ldr r12, [r2, r8]",
        "add r8, r8, r10",
        "cmp r8, r9",
        "sxtb16 lr, r11",
        "sxtb16 r0, r12",
        "smlabb r4, lr, r0, r4",
        "smlatt r6, lr, r0, r6",
        "sxtb16 r11, r11, ror #8",
        "sxtb16 r12, r12, ror #8",
        "smlabb r5, r11, r12, r5",
        "smlatt r7, r11, r12, r7",
        "blo 2b",
        "add r12, r3, #4",
        "ldm r12, {{r0, r11, r12}}",
        "add r9, r9, r0",
        "add r1, r1, r11",
        "cmp r8, r12",
        "blo 2b",
        "ldr r0, [sp]",
        "stm r0!, {{r4-r7}}",
        "str r0, [sp]",
        "ldr r0, [sp, #48]",
        "sub r8, r8, r12",
        "adds r8, r8, #4",
        "cmp r8, r0",
        "blo 1b",
        "pop {{r0, r1, r4-r11, pc}}",
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
    naked_asm!(
        "push {{r4-r11, lr}}",
        "ldr r12, [sp, #36]",
        "ldm r2, {{r4-r8}}",
        "add r4, r4, r3, lsl #3",
        "add r5, r5, r3",
        "add r1, r1, r3",
        "sub r12, r12, r3",
        "2:",
        "ldr r2, [r0], #4",
        "ldrd r9, r10, [r4], #8",
        "ldrb r11, [r5], #1",
        "add r2, r9, r2, lsl #1",
        "lsl r9, r6, r11",
        "add r9, r9, r2, asr #31",
        "smmlar r2, r2, r10, r9",
        "asr r2, r2, r11",
        "asrs r2, r2, #1",
        "cmp r2, r7",
        "it lt",
        "movlt r2, r7",
        "cmp r2, r8",
        "it gt",
        "movgt r2, r8",
        "strb r2, [r1], #1",
        "subs r12, r12, #1",
        "bne 2b",
        "pop {{r4-r11, pc}}",
    )
}

/// Copies elements, as many as there is room for.
#[inline]
pub(crate) fn copy(from: &[i8], to: &mut [i8]) {
    let len = from.len().min(to.len());
    // SAFETY: `len` elements are read and written, in words as far as there are, at any alignment.
    unsafe {
        asm!(
            "subs {len}, {len}, #4",
            "blo 3f",
            "2:",
            "ldr {word}, [{from}], #4",
            "subs {len}, {len}, #4",
            "str {word}, [{to}], #4",
            "bhs 2b",
            "3:",
            "adds {len}, {len}, #4",
            "beq 5f",
            "4:",
            "ldrb {word}, [{from}], #1",
            "subs {len}, {len}, #1",
            "strb {word}, [{to}], #1",
            "bne 4b",
            "5:",
            len = inout(reg) len => _,
            from = inout(reg) from.as_ptr() => _,
            to = inout(reg) to.as_mut_ptr() => _,
            word = out(reg) _,
            options(nostack),
        );
    }
}
