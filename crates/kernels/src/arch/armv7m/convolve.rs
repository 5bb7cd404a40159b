//! Convolutions: four pixels and all channels at a time.
#![allow(unsafe_code)]

use core::arch::naked_asm;

use crate::arch::{
    armv6m::inner::{Job, enter, exact, leave, open, requantize, take_row, upper},
    narrow::inner::Finish,
};

/// The products of two taps of a word with four pixels, the first of which begin chains or go on with them.
macro_rules! two_taps {
    ($weight:literal, $begin:literal, $next_weight:literal) => {
        concat!(
            "ldm r1!, {{r4-r7}}
             ",
            $weight,
            "
             ",
            $begin,
            "
             ",
            $next_weight,
            "
             mla r12, r3, r6, r12
             mla lr, r3, r7, lr
             "
        )
    };
}

/// The first two taps of a word, with which chains begin.
macro_rules! begin {
    () => {
        two_taps!("sxtb r3, r2", "mul r12, r3, r4\n mul lr, r3, r5", "sbfx r3, r2, #8, #8")
    };
}

/// The first two taps of a word, added to chains.
macro_rules! next {
    () => {
        two_taps!("sxtb r3, r2", "mla r12, r3, r4, r12\n mla lr, r3, r5, lr", "sbfx r3, r2, #8, #8")
    };
}

/// The last two taps of a word, with which chains begin.
macro_rules! begin_last {
    () => {
        two_taps!("sbfx r3, r2, #16, #8", "mul r12, r3, r4\n mul lr, r3, r5", "asrs r3, r2, #24")
    };
}

/// The last two taps of a word, added to chains.
macro_rules! next_last {
    () => {
        two_taps!("sbfx r3, r2, #16, #8", "mla r12, r3, r4, r12\n mla lr, r3, r5, lr", "asrs r3, r2, #24")
    };
}

/// Takes the sums of the chains apart.
macro_rules! part {
    () => {
        "sxth r3, r12
         add r8, r3
         add r9, r9, r12, asr #7
         sxth r3, lr
         add r10, r3
         add r11, r11, lr, asr #7
         "
    };
}

/// A word of weights whose chains are two taps.
macro_rules! word_by_twos {
    () => {
        concat!("ldr r2, [r0], #4\n", begin!(), part!(), begin_last!(), part!())
    };
}

/// A word of weights whose chains are four taps.
macro_rules! word_by_fours {
    () => {
        concat!("ldr r2, [r0], #4\n", begin!(), next_last!(), part!())
    };
}

/// A word of weights in the midst of chains.
macro_rules! word {
    () => {
        concat!("ldr r2, [r0], #4\n", next!(), next_last!())
    };
}

/// As [`convolve_block`](crate::arch::narrow::inner::convolve_block).
///
/// r0 weights, r1 pixels, r2 four weights, r3 one, r4 to r7 pixels of two taps, r12 and lr chains; r8 to r11 the sums in
/// their parts. The filter's end is on the stack. Loops of two words are entered in their midst where words are odd.
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
         ldr r3, [r7, #12]
         ldr r3, [r3]
         adds r4, r0, r2
         str r4, [sp, #8]
         mov r8, #0
         mov r9, #0
         mov r10, #0
         mov r11, #0
         lsls r2, r2, #29
         cmp r3, #1
         beq 40f
         bhi 60f
         cmp r2, #0
         bmi 31f
         30:",
        word_by_twos!(),
        "31:",
        word_by_twos!(),
        "ldr r3, [sp, #8]
         cmp r0, r3
         bne 30b
         b 80f
         40:
         cmp r2, #0
         bmi 42f
         41:",
        word_by_fours!(),
        "42:",
        word_by_fours!(),
        "ldr r3, [sp, #8]
         cmp r0, r3
         bne 41b
         b 80f
         60:
         ldr r2, [r0], #4",
        begin!(), next_last!(), word!(), word!(), word!(), part!(),
        "ldr r3, [sp, #8]
         cmp r0, r3
         bne 60b
         80:
         ldr r7, [sp]
         ldr r1, [r7, #28]
         mov lr, r1",
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
         bne.w 20b",
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
