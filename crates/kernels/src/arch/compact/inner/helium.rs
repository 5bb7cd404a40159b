//! The inner loops for cores with Helium.
//!
//! What there is less of than a vector holds is predicated: nothing is read or written beyond taps, weights, constants
//! and outputs.

#![allow(unsafe_code)]

use core::arch::{asm, naked_asm};

pub(crate) use super::native::{Outputs, Sums};
use super::{Walk, native::Scale};

/// Elements of which whole numbers are read: predicated reads end with the last element.
pub(crate) const WORD: usize = 1;

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
    // Four channels at a time; behind the last, the last again. q2 is where their filters are, q3 where the last is; r2, r5,
    // r7 and r9 are the next weights, r4, r6, r8 and r10 the sums, r12 the channels left.
    naked_asm!(
        ".cpu cortex-m55",
        "push {{r4-r11, lr}}",
        "ldr r3, [r3, #12]",
        "ldrd r4, r12, [sp, #36]",
        "mla r2, r4, r3, r2",
        "sub r12, r12, r4",
        "mla r5, r12, r3, r2",
        "subs r5, r5, r3",
        "vdup.32 q3, r5",
        "vdup.32 q2, r2",
        "movs r4, #0",
        "vidup.u32 q0, r4, #1",
        "vmla.u32 q2, q0, r3",
        "1:",
        "vmin.u32 q0, q2, q3",
        "vmov r2, r7, q0[2], q0[0]",
        "vmov r5, r9, q0[3], q0[1]",
        "lsls r4, r3, #2",
        "vadd.i32 q2, q2, r4",
        "movs r4, #0",
        "movs r6, #0",
        "mov r8, r4",
        "mov r10, r4",
        "mov r11, r1",
        "dlstp.8 lr, r3",
        "2:",
        "vldrb.u8 q0, [r11], #16",
        "vldrb.u8 q1, [r2], #16",
        "vmladava.s8 r4, q0, q1",
        "vldrb.u8 q1, [r5], #16",
        "vmladava.s8 r6, q0, q1",
        "vldrb.u8 q1, [r7], #16",
        "vmladava.s8 r8, q0, q1",
        "vldrb.u8 q1, [r9], #16",
        "vmladava.s8 r10, q0, q1",
        "letp lr, 2b",
        "stm r0!, {{r4, r6, r8, r10}}",
        "subs r12, r12, #4",
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
    // Eight channels at a time, those with even numbers in q2, with odd ones in q3. r3 and r4 are the next taps and weights,
    // r9 is where the weights end, r5 the channels left; r6, r7, r8 and r10 a tap's elements, a row's taps, the elements
    // between rows and all weights.
    naked_asm!(
        ".cpu cortex-m55",
        "push {{r4-r11, lr}}",
        "vpush {{d8, d9}}",
        "ldrd r4, r5, [sp, #52]",
        "ldm r3, {{r6, r7, r8, r10}}",
        "udiv r7, r7, r6",
        "add r1, r1, r4",
        "add r2, r2, r4",
        "subs r5, r5, r4",
        "1:",
        "vctp.16 r5",
        "vmov.i32 q2, #0",
        "vmov.i32 q3, #0",
        "mov r3, r1",
        "mov r4, r2",
        "add r9, r2, r10",
        "2:",
        "dls lr, r7",
        "3:",
        "vpstt",
        "vldrbt.s16 q0, [r3]",
        "vldrbt.s16 q1, [r4]",
        "add r3, r3, r6",
        "add r4, r4, r6",
        "vmullb.s16 q4, q0, q1",
        "vmullt.s16 q0, q0, q1",
        "vadd.i32 q2, q2, q4",
        "vadd.i32 q3, q3, q0",
        "le lr, 3b",
        "add r3, r3, r8",
        "cmp r4, r9",
        "blo 2b",
        "vst20.32 {{q2, q3}}, [r0]",
        "vst21.32 {{q2, q3}}, [r0]!",
        "adds r1, r1, #8",
        "adds r2, r2, #8",
        "subs r5, r5, #8",
        "bhi 1b",
        "vpop {{d8, d9}}",
        "pop {{r4-r11, pc}}",
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
    // Four channels at a time. The second rounding's half and the zero point, which `Halving` adds at once, come from the
    // rounding shift and after it. q4 is where the heads before the next are.
    naked_asm!(
        ".cpu cortex-m55",
        "push {{r4-r6, lr}}",
        "vpush {{d8, d9}}",
        "ldm r2, {{r2, r4, r5, r6, r12}}",
        "vdup.32 q2, r6",
        "vdup.32 q3, r12",
        "ldr r12, [sp, #32]",
        "add r2, r2, r3, lsl #3",
        "subs r2, r2, #32",
        "vidup.u32 q4, r2, #8",
        "add r4, r4, r3",
        "add r1, r1, r3",
        "sub r12, r12, r3",
        "asrs r5, r5, #1",
        "movs r6, #2",
        "dlstp.32 lr, r12",
        "2:",
        "vldrw.u32 q1, [q4, #32]!",
        "vldrw.u32 q0, [r0], #16",
        "vmla.u32 q1, q0, r6",
        "vldrw.u32 q0, [q4, #4]",
        "vrmulh.s32 q0, q0, q1",
        "vshr.s32 q1, q1, #31",
        "vadd.i32 q0, q0, q1",
        "vldrb.u32 q1, [r4], #4",
        "vmvn q1, q1",
        "vrshl.s32 q0, q0, q1",
        "vadd.i32 q0, q0, r5",
        "vmax.s32 q0, q0, q2",
        "vmin.s32 q0, q0, q3",
        "vstrb.32 q0, [r1], #4",
        "letp lr, 2b",
        "vpop {{d8, d9}}",
        "pop {{r4-r6, pc}}",
    )
}

/// Copies elements, as many as there is room for.
#[inline]
pub(crate) fn copy(from: &[i8], to: &mut [i8]) {
    // SAFETY: the loop is predicated by the lesser length, and with none it is skipped. It changes only the registers named.
    unsafe {
        asm!(
            "wlstp.8 lr, {len}, 3f",
            "2:",
            "vldrb.u8 q0, [{from}], #16",
            "vstrb.8 q0, [{to}], #16",
            "letp lr, 2b",
            "3:",
            len = in(reg) from.len().min(to.len()),
            from = inout(reg) from.as_ptr() => _,
            to = inout(reg) to.as_mut_ptr() => _,
            out("lr") _,
            out("q0") _,
            options(nostack),
        );
    }
}
