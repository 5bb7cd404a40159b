//! The inner product of one vector in the instructions of the DSP extension.
//!
//! Eight sums stay in registers: of eight outputs, as four words each. Two steps of ten loads, sixteen dual
//! multiply-accumulates and eight unpackings are 32 multiply-accumulates in 37 cycles.

#![allow(unsafe_code)]

use core::{arch::naked_asm, mem::offset_of};

/// Pairs of steps of the unrolled loop. It is entered in its midst when those of a layer are no multiple.
const UNROLLED: usize = 7;

/// What the loops need, in the order in which [`blocks`] finds it on its stack.
#[repr(C)]
struct Job {
    /// The first step, less the steps that the first turn of the loop leaves out, and less one word.
    from: *const u32,
    /// The last step.
    last: *const u32,
    out: *mut i8,
    out_end: *mut i8,
    stream: *const u32,
    /// Where a block begins its steps; found by [`blocks`] from the pairs of steps to leave out.
    entry: usize,
    /// Bytes of the stream that the first turn leaves out, and one word.
    skipped_bytes: usize,
    centre: i32,
}

/// Where [`blocks`] finds a field: above the nine registers that it saves.
const fn at(field: usize) -> usize {
    field + 36
}

/// `x` is not empty and has a whole number of pairs of words; `stream` has its words for all of `out`, a whole number
/// of eights.
pub(super) fn run(x: &[u32], stream: &[u32], centre: i32, out: &mut [i8]) {
    let skipped = (UNROLLED - x.len() / 2 % UNROLLED) % UNROLLED;
    let first = x.as_ptr();
    let job = Job {
        from: first.wrapping_sub(2 * skipped + 1),
        last: first.wrapping_add(x.len()).wrapping_sub(1),
        out: out.as_mut_ptr(),
        out_end: out.as_mut_ptr().wrapping_add(out.len()),
        stream: stream.as_ptr(),
        entry: skipped,
        skipped_bytes: 32 * skipped + 4,
        centre,
    };
    if !out.is_empty() {
        // SAFETY: `fully_connected_s8` checked that `x` has two words for each four inputs, of which there are some,
        // and that the stream and `out` fit each other and them. The pointers before `x` and the stream are made but
        // not read through: the loop is entered behind what it would read there.
        unsafe { blocks(job) };
    }
}

/// Computes what [`Job`] says.
///
/// Registers: r0 vector, r1 stream, r2 r3 r12 lr words of either; sums r4 (256·b + a), r5 (a), and so on to r11.
#[unsafe(naked)]
unsafe extern "C" fn blocks(job: Job) {
    naked_asm!(
        // Naked functions do not take the features of the core that rustc is told, such as the DSP extension of an M33.
        ".cpu cortex-m4",
        ".macro mj_couple raw, even, x, w",
        "smlad \\raw, \\x, \\w, \\raw",
        "sxtb16 \\w, \\w",
        "smlad \\even, \\x, \\w, \\even",
        ".endm",
        // Two pairs of elements, times eight outputs: 136 bytes of code. \after is "!" where pointers go on.
        ".macro mj_steps at, after",
        "ldr.w r2, [r0, #8*\\at+4]",
        "ldr.w r3, [r1, #32*\\at+4]",
        "ldr.w r12, [r1, #32*\\at+8]",
        "ldr.w lr, [r1, #32*\\at+12]",
        "mj_couple r4, r5, r2, r3",
        "mj_couple r6, r7, r2, r12",
        "mj_couple r8, r9, r2, lr",
        "ldr.w r3, [r1, #32*\\at+16]",
        "ldr.w r12, [r0, #8*\\at+8]\\after",
        "ldr.w lr, [r1, #32*\\at+20]",
        "mj_couple r10, r11, r2, r3",
        "mj_couple r4, r5, r12, lr",
        "ldr.w r2, [r1, #32*\\at+24]",
        "ldr.w r3, [r1, #32*\\at+28]",
        "ldr.w lr, [r1, #32*\\at+32]\\after",
        "mj_couple r6, r7, r12, r2",
        "mj_couple r8, r9, r12, r3",
        "mj_couple r10, r11, r12, lr",
        ".endm",
        // One output: its mantissa is next in the stream, its exponent in r0, the centre in lr.
        ".macro mj_output sum",
        "ldr r2, [r1], #4",
        "lsl r12, lr, r0",
        "smmlar r12, \\sum, r2, r12",
        "add \\sum, r12, \\sum, asr #31",
        "asr \\sum, \\sum, r0",
        "ssat \\sum, #8, \\sum, asr #1",
        ".endm",
        "push {{r0-r3}}",
        "push {{r4-r11, lr}}",
        "ldr r0, [sp, #{entry}]",
        "movs r2, #136",
        "muls r0, r0, r2",
        "adr.w r2, 3f",
        "adds r2, r2, r0",
        "adds r2, #1",
        "str r2, [sp, #{entry}]",
        "ldr r1, [sp, #{stream}]",
        // A block of eight outputs.
        "2:",
        "ldm r1!, {{r4-r11}}",
        "ldr r0, [sp, #{from}]",
        "ldr r3, [sp, #{skipped}]",
        "ldr r2, [sp, #{entry}]",
        "subs r1, r1, r3",
        "bx r2",
        ".p2align 2",
        "3:",
        ".irp at, 0, 1, 2, 3, 4, 5",
        "mj_steps \\at",
        ".endr",
        "mj_steps 6, !",
        "ldr r2, [sp, #{last}]",
        "cmp r0, r2",
        "bne.w 3b",
        // 256·b + a less a is 256·b.
        "ldr r0, [r1, #4]",
        "ldr lr, [sp, #{centre}]",
        "adds r1, #8",
        "subs r4, r4, r5",
        "subs r6, r6, r7",
        "sub r8, r8, r9",
        "sub r10, r10, r11",
        "asrs r4, r4, #8",
        "asrs r6, r6, #8",
        "asr r8, r8, #8",
        "asr r10, r10, #8",
        "mj_output r5",
        "lsrs r0, r0, #8",
        "mj_output r4",
        "lsrs r0, r0, #8",
        "mj_output r7",
        "lsrs r0, r0, #8",
        "mj_output r6",
        "ldr r0, [r1], #4",
        "mj_output r9",
        "lsrs r0, r0, #8",
        "mj_output r8",
        "lsrs r0, r0, #8",
        "mj_output r11",
        "lsrs r0, r0, #8",
        "mj_output r10",
        "ldr r0, [sp, #{out}]",
        "ldr r2, [sp, #{out_end}]",
        "strb r5, [r0, #0]",
        "strb r4, [r0, #1]",
        "strb r7, [r0, #2]",
        "strb r6, [r0, #3]",
        "strb r9, [r0, #4]",
        "strb r8, [r0, #5]",
        "strb r11, [r0, #6]",
        "strb r10, [r0, #7]",
        "adds r0, #8",
        "str r0, [sp, #{out}]",
        "cmp r0, r2",
        "bne.w 2b",
        "pop.w {{r4-r11, lr}}",
        "add sp, #16",
        "bx lr",
        ".purgem mj_couple",
        ".purgem mj_steps",
        ".purgem mj_output",
        from = const at(offset_of!(Job, from)),
        last = const at(offset_of!(Job, last)),
        out = const at(offset_of!(Job, out)),
        out_end = const at(offset_of!(Job, out_end)),
        stream = const at(offset_of!(Job, stream)),
        entry = const at(offset_of!(Job, entry)),
        skipped = const at(offset_of!(Job, skipped_bytes)),
        centre = const at(offset_of!(Job, centre)),
    )
}
