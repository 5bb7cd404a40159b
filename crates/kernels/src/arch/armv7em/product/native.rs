//! The inner product in the instructions of the DSP extension.
//!
//! Eight sums stay in registers: of two pixels, and of four channels as two words each. A step of four loads, eight
//! dual multiply-accumulates and two unpackings is 16 multiply-accumulates in 15 cycles.

#![allow(unsafe_code)]

use core::{arch::naked_asm, mem::offset_of};

use super::Product;

/// Steps of the unrolled loop. It is entered in its midst when the steps are no multiple of them.
const UNROLLED: usize = 16;

/// What the loops need, in the order in which [`blocks`] finds it on its stack.
#[repr(C)]
struct Job {
    /// The first pair's first step.
    from: *const u32,
    /// The last word of the first pair's last step.
    last: *const u32,
    out: *mut i8,
    /// One past what blocks of four channels write of the first pixel.
    out_end: *mut i8,
    channels: usize,
    /// Where a block begins its steps; found by [`blocks`] from the steps to leave out.
    entry: usize,
    /// Bytes of the steps that the first turn of the loop leaves out, and one word.
    skipped_bytes: usize,
    /// Twice the centre, and 1 where outputs are from the zero point up.
    centre: i32,
    stream: *const u32,
    pairs: usize,
    pair_bytes: usize,
    /// From the last even channel of a first pixel to the beginning of the next pair.
    advance: usize,
    /// Channels that blocks of four leave: 0 to 3.
    rest: usize,
    /// How many of them there are still to do; of use to [`blocks`] only.
    left: usize,
}

/// Where [`blocks`] finds a field: above the nine registers that it saves.
const fn at(field: usize) -> usize {
    field + 36
}

/// `x`, `out` and the stream fit `product` and the number of pairs, of which there is at least one.
pub(super) fn run(product: &Product<'_>, pairs: usize, x: &[u32], out: &mut [i8]) {
    let (elements, channels) = (product.elements, product.channels);
    // One step comes before the loop.
    let skipped = (UNROLLED - (elements.steps() - 1) % UNROLLED) % UNROLLED;
    let (pair_words, of_four) = (elements.words(), channels / 4 * 4);
    let first = x.as_ptr();
    let out = out.as_mut_ptr();
    let job = Job {
        from: first,
        last: first.wrapping_add(2 * elements.steps()).wrapping_sub(1),
        out,
        out_end: out.wrapping_add(of_four),
        channels,
        entry: skipped,
        skipped_bytes: 8 * skipped + 4,
        centre: product.centre.wrapping_mul(2).wrapping_add(i32::from(product.from_zero)),
        stream: product.stream.as_ptr(),
        pairs,
        pair_bytes: 4 * pair_words,
        advance: 2 * channels - channels / 2 * 2,
        rest: channels % 4,
        left: 0,
    };
    // SAFETY: `Product::run` checked that `x` holds whole pairs, at least one, `out` twice `channels` bytes for each,
    // and the stream its words for at least two channels; `Elements` holds at least two steps. The pointers before
    // `x` and the stream are made but not read through: the loop is entered behind what it would read there.
    unsafe { blocks(job) };
}

/// Computes what [`Job`] says.
///
/// Registers: r0 pixels, r1 stream, r2 r3 a word of each pixel, r12 lr two words of weights; sums of the first pixel
/// r4 (256·b + a) r5 (a) r6 (256·d + c) r7 (c), of the second r8 to r11.
#[unsafe(naked)]
unsafe extern "C" fn blocks(job: Job) {
    naked_asm!(
        // Naked functions do not take the features of the core that rustc is told, such as the DSP extension of an M33.
        ".cpu cortex-m4",
        // A pair of elements, times four channels and two pixels: 56 bytes of code.
        // \after is "!" where pointers go on.
        ".macro mj_step at, after",
        "ldr.w r2, [r0, #8*\\at+4]",
        "ldr.w r3, [r0, #8*\\at+8]\\after",
        "ldr.w r12, [r1, #8*\\at+4]",
        "ldr.w lr, [r1, #8*\\at+8]\\after",
        "smlad r4, r2, r12, r4",
        "smlad r8, r3, r12, r8",
        "sxtb16 r12, r12",
        "smlad r6, r2, lr, r6",
        "smlad r10, r3, lr, r10",
        "sxtb16 lr, lr",
        "smlad r5, r2, r12, r5",
        "smlad r9, r3, r12, r9",
        "smlad r7, r2, lr, r7",
        "smlad r11, r3, lr, r11",
        ".endm",
        // One channel of two pixels: mantissa in \m, exponent in \e, centre in lr; r12 is free.
        ".macro mj_from_zero p, q, m, e",
        "lsl r12, lr, \\e",
        "smmlar \\p, \\p, \\m, r12",
        "smmlar \\q, \\q, \\m, r12",
        "asr \\p, \\p, \\e",
        "asr \\q, \\q, \\e",
        "ssat \\p, #8, \\p, asr #1",
        "ssat \\q, #8, \\q, asr #1",
        ".endm",
        // The same with ties away from zero; \t is free too.
        ".macro mj_both_ways p, q, m, e, t",
        "lsl r12, lr, \\e",
        "smmlar \\t, \\p, \\m, r12",
        "add \\p, \\t, \\p, asr #31",
        "smmlar \\t, \\q, \\m, r12",
        "add \\q, \\t, \\q, asr #31",
        "asr \\p, \\p, \\e",
        "asr \\q, \\q, \\e",
        "ssat \\p, #8, \\p, asr #1",
        "ssat \\q, #8, \\q, asr #1",
        ".endm",
        "push {{r0-r3}}",
        "push {{r4-r11, lr}}",
        // Where steps begin.
        "ldr r3, [sp, #{entry}]",
        "movs r2, #56",
        "muls r3, r3, r2",
        "adr.w r2, 4f",
        "adds r2, r2, r3",
        "adds r2, #1",
        "str r2, [sp, #{entry}]",
        "ldr r0, [sp, #{out}]",
        "ldr r3, [sp, #{out_end}]",
        // A pair of pixels; r0 is where its outputs go, r3 where those of blocks of four end.
        "21:",
        "ldr r1, [sp, #{stream}]",
        "cmp r0, r3",
        "beq.w 6f",
        // A block of four channels; its first step gives both pixels what their sums begin with.
        "2:",
        "ldm r1!, {{r4-r7}}",
        "ldr r0, [sp, #{from}]",
        "ldr r2, [r0], #4",
        "ldr r3, [r0], #4",
        "ldr r12, [r1], #4",
        "ldr lr, [r1], #4",
        "smlad r8, r3, r12, r4",
        "smlad r4, r2, r12, r4",
        "sxtb16 r12, r12",
        "smlad r10, r3, lr, r6",
        "smlad r6, r2, lr, r6",
        "sxtb16 lr, lr",
        "smlad r9, r3, r12, r5",
        "smlad r5, r2, r12, r5",
        "smlad r11, r3, lr, r7",
        "smlad r7, r2, lr, r7",
        "ldr r3, [sp, #{skipped}]",
        "ldr r2, [sp, #{entry}]",
        "subs r1, r1, r3",
        "subs r0, r0, r3",
        "bx r2",
        // The steps.
        ".p2align 2",
        "4:",
        ".irp at, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14",
        "mj_step \\at",
        ".endr",
        "mj_step 15, !",
        "ldr r2, [sp, #{last}]",
        "cmp r0, r2",
        "bne.w 4b",
        // 256·b + a less a is 256·b.
        "ldr lr, [sp, #{centre}]",
        "ldr r0, [r1, #4]",
        "ldr r2, [r1, #8]",
        "ldr r3, [r1, #12]",
        "subs r4, r4, r5",
        "subs r6, r6, r7",
        "sub r8, r8, r9",
        "sub r10, r10, r11",
        "asrs r4, r4, #8",
        "asrs r6, r6, #8",
        "asr r8, r8, #8",
        "asr r10, r10, #8",
        "asrs lr, lr, #1",
        "bcc.w 7f",
        "mj_from_zero r5, r9, r2, r0",
        "lsrs r0, r0, #8",
        "mj_from_zero r4, r8, r3, r0",
        "lsrs r0, r0, #8",
        "ldr r2, [r1, #16]",
        "ldr r3, [r1, #20]",
        "mj_from_zero r7, r11, r2, r0",
        "lsrs r0, r0, #8",
        "mj_from_zero r6, r10, r3, r0",
        "5:",
        "ldr r0, [sp, #{out}]",
        "ldr r2, [sp, #{channels}]",
        "ldr r3, [sp, #{out_end}]",
        "strb r5, [r0, #0]",
        "strb r4, [r0, #1]",
        "strb r7, [r0, #2]",
        "strb r6, [r0, #3]",
        "adds r2, r2, r0",
        "strb r9, [r2, #0]",
        "strb r8, [r2, #1]",
        "strb r11, [r2, #2]",
        "strb r10, [r2, #3]",
        "adds r0, #4",
        "str r0, [sp, #{out}]",
        "adds r1, #24",
        "cmp r0, r3",
        "bne.w 2b",
        // Channels that are left.
        "6:",
        "ldr r2, [sp, #{rest}]",
        "cmp r2, #0",
        "bne.w 8f",
        // The next pair.
        "30:",
        "ldr r2, [sp, #{advance}]",
        "ldr r4, [sp, #{channels}]",
        "ldr r5, [sp, #{pair_bytes}]",
        "ldr r6, [sp, #{from}]",
        "ldr r7, [sp, #{last}]",
        "ldr r8, [sp, #{pairs}]",
        "adds r0, r0, r2",
        "add.w r3, r3, r4, lsl #1",
        "adds r6, r6, r5",
        "adds r7, r7, r5",
        "str r0, [sp, #{out}]",
        "str r3, [sp, #{out_end}]",
        "str r6, [sp, #{from}]",
        "str r7, [sp, #{last}]",
        "subs r8, r8, #1",
        "str r8, [sp, #{pairs}]",
        "bne.w 21b",
        "pop.w {{r4-r11, lr}}",
        "add sp, #16",
        "bx lr",
        "7:",
        "mj_both_ways r5, r9, r2, r0, r3",
        "lsrs r0, r0, #8",
        "ldr r2, [r1, #12]",
        "mj_both_ways r4, r8, r2, r0, r3",
        "lsrs r0, r0, #8",
        "ldr r2, [r1, #16]",
        "mj_both_ways r7, r11, r2, r0, r3",
        "lsrs r0, r0, #8",
        "ldr r2, [r1, #20]",
        "mj_both_ways r6, r10, r2, r0, r3",
        "b.w 5b",
        // Two of them, or the last with a partner that is none.
        "8:",
        "str r2, [sp, #{left}]",
        "ldm r1!, {{r4, r5}}",
        "mov r8, r4",
        "mov r9, r5",
        "ldr r6, [sp, #{from}]",
        "ldr r7, [sp, #{last}]",
        "adds r7, #4",
        "9:",
        "ldm r6!, {{r2, r3}}",
        "ldr r12, [r1], #4",
        "smlad r4, r2, r12, r4",
        "smlad r8, r3, r12, r8",
        "sxtb16 r12, r12",
        "smlad r5, r2, r12, r5",
        "smlad r9, r3, r12, r9",
        "cmp r6, r7",
        "bne 9b",
        "ldm r1!, {{r2, r3, r6}}",
        "ldr lr, [sp, #{centre}]",
        "asr lr, lr, #1",
        "subs r4, r4, r5",
        "sub r8, r8, r9",
        "asrs r4, r4, #8",
        "asr r8, r8, #8",
        "mj_both_ways r5, r9, r3, r2, r7",
        "lsrs r2, r2, #8",
        "mj_both_ways r4, r8, r6, r2, r7",
        "ldr r0, [sp, #{out}]",
        "ldr r3, [sp, #{channels}]",
        "ldr r2, [sp, #{left}]",
        "adds r3, r3, r0",
        "strb r5, [r0, #0]",
        "strb r9, [r3, #0]",
        "subs r2, #2",
        "blt 29f",
        "strb r4, [r0, #1]",
        "strb r8, [r3, #1]",
        "add.w r0, r0, #2",
        "str r0, [sp, #{out}]",
        "bgt 8b",
        "29:",
        "ldr r0, [sp, #{out}]",
        "ldr r3, [sp, #{out_end}]",
        "b.w 30b",
        ".purgem mj_step",
        ".purgem mj_from_zero",
        ".purgem mj_both_ways",
        from = const at(offset_of!(Job, from)),
        last = const at(offset_of!(Job, last)),
        out = const at(offset_of!(Job, out)),
        out_end = const at(offset_of!(Job, out_end)),
        channels = const at(offset_of!(Job, channels)),
        entry = const at(offset_of!(Job, entry)),
        skipped = const at(offset_of!(Job, skipped_bytes)),
        centre = const at(offset_of!(Job, centre)),
        stream = const at(offset_of!(Job, stream)),
        pairs = const at(offset_of!(Job, pairs)),
        pair_bytes = const at(offset_of!(Job, pair_bytes)),
        advance = const at(offset_of!(Job, advance)),
        rest = const at(offset_of!(Job, rest)),
        left = const at(offset_of!(Job, left)),
    )
}
