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
    /// The first pair's first step, less the steps that the first turn of the loop leaves out, and less one word.
    from: *const u32,
    /// The last word of the first pair's last step.
    last: *const u32,
    out: *mut i8,
    /// One past what blocks of four channels write of the first pixel.
    out_end: *mut i8,
    channels: usize,
    /// Where a block begins its steps; found by [`blocks`] from the steps to leave out.
    entry: usize,
    /// Bytes of the steps that the first turn leaves out, and one word.
    skipped_bytes: usize,
    centre: i32,
    stream: *const u32,
    pairs: usize,
    pair_bytes: usize,
    /// From the end of what blocks of four write of one pair to the beginning of the next.
    advance: usize,
    /// 0 or 1; [`blocks`] puts there where the steps begin after the odd element.
    odd: usize,
    /// 1 when two channels are left.
    rest: usize,
    from_zero: usize,
}

/// Where [`blocks`] finds a field: above the nine registers that it saves.
const fn at(field: usize) -> usize {
    field + 36
}

/// `x`, `out` and the stream fit `product`, and there is at least one pair.
pub(super) fn run(product: &Product<'_>, x: &[u32], out: &mut [i8]) {
    let (elements, channels) = (product.elements, product.channels);
    let skipped = (UNROLLED - elements.steps() % UNROLLED) % UNROLLED;
    let (pair_words, of_four) = (elements.words(), channels / 4 * 4);
    let first = x.as_ptr();
    let out = out.as_mut_ptr();
    debug_assert!(x.len().is_multiple_of(pair_words));
    let job = Job {
        from: first.wrapping_sub(2 * skipped + 1),
        last: first.wrapping_add(2 * elements.steps()).wrapping_sub(1),
        out,
        out_end: out.wrapping_add(of_four),
        channels,
        entry: skipped,
        skipped_bytes: 8 * skipped + 4,
        centre: product.centre,
        stream: product.stream.as_ptr(),
        pairs: x.len() / pair_words.max(1),
        pair_bytes: 4 * pair_words,
        advance: 2 * channels - of_four,
        odd: elements.odd(),
        rest: channels % 4 / 2,
        from_zero: usize::from(product.from_zero),
    };
    // SAFETY: `Product::run` checked that `x` holds whole pairs, at least one, `out` twice `channels` bytes for each,
    // and the stream its words for at least two channels; `Elements` holds at least one step. The pointers before
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
        "ldr r0, [sp, #{odd}]",
        "cbz r0, 20f",
        "str r2, [sp, #{odd}]",
        "adr.w r2, 3f",
        "adds r2, #1",
        "20:",
        "str r2, [sp, #{entry}]",
        // A pair of pixels.
        "21:",
        "ldr r1, [sp, #{stream}]",
        "ldr r0, [sp, #{out}]",
        "ldr r2, [sp, #{out_end}]",
        "cmp r0, r2",
        "beq.w 6f",
        // A block of four channels.
        "2:",
        "ldm r1!, {{r4-r7}}",
        "ldr r0, [sp, #{from}]",
        "ldr r3, [sp, #{skipped}]",
        "ldr r2, [sp, #{entry}]",
        "mov r8, r4",
        "mov r9, r5",
        "mov r10, r6",
        "mov r11, r7",
        "subs r1, r1, r3",
        "bx r2",
        // The odd element.
        ".p2align 2",
        "3:",
        "adds r1, r1, r3",
        "ldr r2, [sp, #{last}]",
        "ldr r3, [r2, #8]",
        "ldr r2, [r2, #4]",
        "ldr r12, [r1], #4",
        "lsr.w lr, r12, #16",
        "smlad r4, r2, r12, r4",
        "smlad r8, r3, r12, r8",
        "smlad r6, r2, lr, r6",
        "smlad r10, r3, lr, r10",
        "sxtb16 r12, r12",
        "sxtb16 lr, lr",
        "smlad r5, r2, r12, r5",
        "smlad r9, r3, r12, r9",
        "smlad r7, r2, lr, r7",
        "smlad r11, r3, lr, r11",
        "ldr r3, [sp, #{skipped}]",
        "ldr r2, [sp, #{odd}]",
        "subs r1, r1, r3",
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
        "ldr r2, [sp, #{from_zero}]",
        "ldr lr, [sp, #{centre}]",
        "ldr r0, [r1, #4]",
        "adds r1, #8",
        "subs r4, r4, r5",
        "subs r6, r6, r7",
        "sub r8, r8, r9",
        "sub r10, r10, r11",
        "asrs r4, r4, #8",
        "asrs r6, r6, #8",
        "asr r8, r8, #8",
        "asr r10, r10, #8",
        "cmp r2, #0",
        "beq.w 7f",
        "ldm r1!, {{r2, r3}}",
        "mj_from_zero r5, r9, r2, r0",
        "lsrs r0, r0, #8",
        "mj_from_zero r4, r8, r3, r0",
        "lsrs r0, r0, #8",
        "ldm r1!, {{r2, r3}}",
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
        "cmp r0, r3",
        "bne.w 2b",
        // Two channels that are left.
        "6:",
        "ldr r2, [sp, #{rest}]",
        "cmp r2, #0",
        "bne.w 8f",
        // The next pair.
        "29:",
        "ldr r0, [sp, #{out}]",
        "ldr r2, [sp, #{advance}]",
        "ldr r3, [sp, #{out_end}]",
        "ldr r4, [sp, #{channels}]",
        "adds r0, r0, r2",
        "add.w r3, r3, r4, lsl #1",
        "ldr r2, [sp, #{from}]",
        "ldr r4, [sp, #{last}]",
        "ldr r5, [sp, #{pair_bytes}]",
        "ldr r6, [sp, #{pairs}]",
        "str r0, [sp, #{out}]",
        "str r3, [sp, #{out_end}]",
        "adds r2, r2, r5",
        "adds r4, r4, r5",
        "str r2, [sp, #{from}]",
        "str r4, [sp, #{last}]",
        "subs r6, #1",
        "str r6, [sp, #{pairs}]",
        "bne.w 21b",
        "pop.w {{r4-r11, lr}}",
        "add sp, #16",
        "bx lr",
        "7:",
        "ldr r2, [r1], #4",
        "mj_both_ways r5, r9, r2, r0, r3",
        "lsrs r0, r0, #8",
        "ldr r2, [r1], #4",
        "mj_both_ways r4, r8, r2, r0, r3",
        "lsrs r0, r0, #8",
        "ldr r2, [r1], #4",
        "mj_both_ways r7, r11, r2, r0, r3",
        "lsrs r0, r0, #8",
        "ldr r2, [r1], #4",
        "mj_both_ways r6, r10, r2, r0, r3",
        "b.w 5b",
        "8:",
        "ldm r1!, {{r4, r5}}",
        "mov r8, r4",
        "mov r9, r5",
        "ldr r6, [sp, #{from}]",
        "ldr r3, [sp, #{skipped}]",
        "ldr r7, [sp, #{last}]",
        "ldr r2, [sp, #{odd}]",
        "adds r6, r6, r3",
        "adds r7, #4",
        "cbz r2, 9f",
        "ldr r2, [r7, #0]",
        "ldr r3, [r7, #4]",
        "ldr r12, [r1], #4",
        "smlad r4, r2, r12, r4",
        "smlad r8, r3, r12, r8",
        "sxtb16 r12, r12",
        "smlad r5, r2, r12, r5",
        "smlad r9, r3, r12, r9",
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
        "subs r4, r4, r5",
        "sub r8, r8, r9",
        "asrs r4, r4, #8",
        "asr r8, r8, #8",
        "mj_both_ways r5, r9, r3, r2, r7",
        "lsrs r2, r2, #8",
        "mj_both_ways r4, r8, r6, r2, r7",
        "ldr r2, [sp, #{channels}]",
        "strb r5, [r0, #0]",
        "strb r4, [r0, #1]",
        "adds r2, r2, r0",
        "strb r9, [r2, #0]",
        "strb r8, [r2, #1]",
        "b.w 29b",
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
        odd = const at(offset_of!(Job, odd)),
        rest = const at(offset_of!(Job, rest)),
        from_zero = const at(offset_of!(Job, from_zero)),
    )
}
