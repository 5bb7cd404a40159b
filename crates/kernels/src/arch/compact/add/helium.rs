//! ADD for Helium.

#![allow(unsafe_code)]

use core::{arch::naked_asm, mem::offset_of};

use quant::CommonScale;

use super::{CompactAdd, CompactFactor};

impl CompactAdd {
    /// Adds tensors of one length.
    #[inline]
    pub(super) fn add(&self, input: &[i8], other: &[u8], output: &mut [i8]) {
        let len = output.len().min(input.len()).min(other.len());
        // SAFETY: `len` elements are read of each input and written, by a loop that is predicated by it.
        unsafe { add(self, input.as_ptr(), other.as_ptr(), output.as_mut_ptr(), len) }
    }
}

/// Adds so many elements, four at a time. Shifts round as [`quant::rounding::round_shift_right`] says of such cores.
///
/// # Safety
/// So many elements can be read of `a` and `b`, and written to `output`.
#[unsafe(naked)]
unsafe extern "C" fn add(this: &CompactAdd, a: *const i8, b: *const u8, output: *mut i8, len: usize) {
    // Of the first input, the second and the sum: r4, r6 and r12 zeros, r5, r7 and r8 mantissas, r9, r10 and r11 shifts. q3
    // and q4 are the limits.
    naked_asm!(
        ".cpu cortex-m55",
        "push {{r4-r11, lr}}",
        "vpush {{d8, d9}}",
        "ldrsb r4, [r0, #{zero_a}]",
        "ldrsb r6, [r0, #{zero_b}]",
        "ldrsb r12, [r0, #{zero}]",
        "ldr r5, [r0, #{factors} + {mantissa}]",
        "ldr r7, [r0, #{factors} + {factor} + {mantissa}]",
        "ldr r8, [r0, #{factors} + 2 * {factor} + {mantissa}]",
        "ldrb r9, [r0, #{factors} + {right}]",
        "ldrb r10, [r0, #{factors} + {factor} + {right}]",
        "ldrb r11, [r0, #{factors} + 2 * {factor} + {right}]",
        "mvn r9, r9",
        "mvn r10, r10",
        "mvn r11, r11",
        "ldrsb lr, [r0, #{min}]",
        "vdup.32 q3, lr",
        "ldrsb lr, [r0, #{max}]",
        "vdup.32 q4, lr",
        "movs r0, #2",
        "ldr lr, [sp, #52]",
        "wlstp.32 lr, lr, 3f",
        "2:",
        "vldrb.s32 q0, [r1], #4",
        "vsub.i32 q0, q0, r4",
        "vshl.i32 q0, q0, #{up}",
        "vqrdmulh.s32 q0, q0, r5",
        "vshr.s32 q1, q0, #31",
        "vmla.s32 q1, q0, r0",
        "vrshl.s32 q1, r9",
        "vldrb.s32 q0, [r2], #4",
        "vsub.i32 q0, q0, r6",
        "vshl.i32 q0, q0, #{up}",
        "vqrdmulh.s32 q0, q0, r7",
        "vshr.s32 q2, q0, #31",
        "vmla.s32 q2, q0, r0",
        "vrshl.s32 q2, r10",
        "vqadd.s32 q0, q1, q2",
        "vqrdmulh.s32 q0, q0, r8",
        "vshr.s32 q1, q0, #31",
        "vmla.s32 q1, q0, r0",
        "vrshl.s32 q1, r11",
        "vadd.i32 q0, q1, r12",
        "vmax.s32 q0, q0, q3",
        "vmin.s32 q0, q0, q4",
        "vstrb.32 q0, [r3], #4",
        "letp lr, 2b",
        "3:",
        "vpop {{d8, d9}}",
        "pop {{r4-r11, pc}}",
        zero_a = const offset_of!(CompactAdd, output.input_zero),
        zero_b = const offset_of!(CompactAdd, other_zero),
        zero = const offset_of!(CompactAdd, output.output_zero),
        min = const offset_of!(CompactAdd, output.min),
        max = const offset_of!(CompactAdd, output.max),
        factors = const offset_of!(CompactAdd, factors),
        factor = const size_of::<CompactFactor>(),
        mantissa = const offset_of!(CompactFactor, mantissa),
        right = const offset_of!(CompactFactor, right),
        up = const CommonScale::SUM_SHIFT_I8,
    )
}
