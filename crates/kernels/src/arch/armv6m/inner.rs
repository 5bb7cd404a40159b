//! Blocks of output channels, in assembler.
#![allow(unsafe_code)]

use core::arch::naked_asm;

use super::super::narrow::{
    Row,
    inner::{Finish, PIXELS},
};

/// What a block works on. Assembler knows the fields by their places, four bytes each.
#[repr(C)]
struct Job<'a> {
    /// 0: the next filter.
    weights: *const u32,
    /// 4: what every channel reads.
    inputs: *const u32,
    /// 8: bytes of one filter.
    filter_bytes: u32,
    /// 12: the next row of the table.
    table: *const Row,
    /// 16: channels left, the one at work not counted.
    left: u32,
    /// 20: the next byte to write.
    output: *mut i8,
    /// 24: from pixel to pixel.
    stride: u32,
    /// 28: places below this, shifted left by 8, are open.
    guard: u32,
    /// 32: where sums begin.
    begin: u32,
    finish: &'a Finish<'a>,
}

const _: () = assert!(size_of::<Row>() == 20 && PIXELS == 4);

impl<'a> Job<'a> {
    fn new(weights: &[u32], filter_words: usize, inputs: *const u32, finish: &'a Finish<'a>) -> Self {
        Self {
            weights: weights.as_ptr(),
            inputs,
            filter_bytes: (filter_words * 4) as u32,
            table: finish.table.as_ptr(),
            left: finish.table.len() as u32,
            output: core::ptr::null_mut(),
            stride: 1,
            guard: finish.output.guard << 8,
            begin: 0,
            finish,
        }
    }
}

/// What the exact formula gives for the channel at work.
extern "C" fn exact(above: u32, job: &Job<'_>) -> u32 {
    let index = (job.finish.table.len() as u32).wrapping_sub(job.left).wrapping_sub(1);
    job.finish.factors.exact(job.finish.output, index as usize, above) as u32
}

/// Saves what the caller keeps, and room for the job's address and the next filter's; sp stays a multiple of 8.
macro_rules! enter {
    () => {
        "push {{r4-r7, lr}}
         mov r4, r8
         mov r5, r9
         mov r6, r10
         mov r7, r11
         push {{r4-r7}}
         sub sp, #12
         str r0, [sp]
         ldr r1, [r0, #28]
         mov lr, r1
         ldr r0, [r0]"
    };
}

macro_rules! leave {
    () => {
        "add sp, #12
         pop {{r4-r7}}
         mov r8, r4
         mov r9, r5
         mov r10, r6
         mov r11, r7
         pop {{r4-r7, pc}}"
    };
}

/// Takes the channel's row: r3 bias, r4 origin, r5 span, r6 factor, r7 where to write; r12 the step from output to
/// output. The next filter's address goes to the stack.
macro_rules! take_row {
    () => {
        "str r0, [sp, #4]
         ldr r7, [sp]
         ldr r0, [r7, #24]
         mov r12, r0
         ldr r1, [r7, #12]
         adds r1, #4
         ldmia r1!, {{r3-r6}}
         str r1, [r7, #12]
         ldr r1, [r7, #16]
         subs r1, #1
         str r1, [r7, #16]
         ldr r1, [r7, #20]
         adds r2, r1, #1
         str r2, [r7, #20]
         mov r7, r1"
    };
}

/// Requantises r2 and writes it. Changes r0 and r1.
macro_rules! requantize {
    () => {
        "adds r2, r2, r3
         asrs r0, r2, #31
         bics r2, r0
         cmp r2, r5
         bls 92f
         mov r2, r5
         92:
         mov r0, r2
         muls r2, r6, r2
         adds r2, r2, r4
         lsls r1, r2, #8
         cmp r1, lr
         bhs 93f
         bl 90f
         93:
         lsrs r2, r2, #24
         strb r2, [r7]
         add r7, r12"
    };
}

/// Where [`requantize!`] goes when the place is open: r0 is what the accumulator is above its least, r2 becomes the
/// place of the exact result.
macro_rules! open {
    () => {
        "90:
         mov r1, r12
         push {{r1, r3, r4, lr}}
         ldr r1, [sp, #16]
         bl {exact}
         lsls r2, r0, #24
         ldr r1, [sp, #16]
         ldr r0, [r1, #28]
         mov lr, r0
         ldr r1, [sp]
         mov r12, r1
         pop {{r1, r3, r4, pc}}"
    };
}

/// The sum of the pixel in the upper half, from its two parts.
macro_rules! upper {
    ($low:literal, $high:literal) => {
        concat!(
            "mov r2, ",
            $low,
            "
             asrs r2, r2, #7
             mov r1, ",
            $high,
            "
             subs r2, r1, r2
             adds r2, #255
             adds r2, #255
             asrs r2, r2, #9"
        )
    };
}

/// Begins a chain with the products of r3.
macro_rules! first {
    () => {
        "ldmia r1!, {{r6, r7}}
         muls r6, r3, r6
         muls r7, r3, r7"
    };
}

/// Adds the products of r3 to a chain.
macro_rules! next {
    () => {
        "ldmia r1!, {{r4, r5}}
         muls r4, r3, r4
         muls r5, r3, r5
         adds r6, r6, r4
         adds r7, r7, r5"
    };
}

/// Takes the sums of a chain apart.
macro_rules! part {
    () => {
        "sxth r3, r6
         add r8, r3
         asrs r6, r6, #7
         add r9, r6
         sxth r3, r7
         add r10, r3
         asrs r7, r7, #7
         add r11, r7"
    };
}

/// The four weights of r2, one after the other, in r3.
macro_rules! weight {
    (0) => {
        "ldmia r0!, {{r2}}
         sxtb r3, r2"
    };
    (1) => {
        "lsls r3, r2, #16
         asrs r3, r3, #24"
    };
    (2) => {
        "lsls r3, r2, #8
         asrs r3, r3, #24"
    };
    (3) => {
        "asrs r3, r2, #24"
    };
}

/// As [`convolve_block`](super::super::narrow::inner::convolve_block).
///
/// r0 weights, r1 pixels, r2 four weights, r3 one, r4 and r5 products, r6 and r7 chains; r8 to r11 the sums in their
/// parts, r12 the filter's end, lr the guard, or the end of sixteen taps.
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
         adds r2, r0, r2
         mov r12, r2
         ldr r3, [r7, #12]
         ldr r3, [r3]
         movs r2, #0
         mov r8, r2
         mov r9, r2
         mov r10, r2
         mov r11, r2
         cmp r3, #1
         beq 40f
         bhi 60f",
        "30:",
        weight!(0), first!(), weight!(1), next!(), part!(),
        weight!(2), first!(), weight!(3), next!(), part!(),
        "cmp r0, r12
         bne 30b
         b 80f",
        "40:",
        weight!(0), first!(), weight!(1), next!(), weight!(2), next!(), weight!(3), next!(), part!(),
        "cmp r0, r12
         bne 40b
         b 80f",
        "60:
         mov r3, r0
         adds r3, #16
         mov lr, r3
         movs r6, #0
         movs r7, #0
         61:",
        weight!(0), next!(), weight!(1), next!(), weight!(2), next!(), weight!(3), next!(),
        "cmp r0, lr
         bne 61b",
        part!(),
        "cmp r0, r12
         bne 60b
         ldr r7, [sp]
         ldr r1, [r7, #28]
         mov lr, r1
         80:",
        take_row!(),
        "mov r2, r8",
        requantize!(),
        upper!("r8", "r9"),
        requantize!(),
        "mov r2, r10",
        requantize!(),
        upper!("r10", "r11"),
        requantize!(),
        "ldr r0, [sp, #4]
         ldr r1, [sp]
         ldr r1, [r1, #16]
         cmp r1, #0
         beq 81f
         b 20b
         81:",
        leave!(),
        open!(),
        exact = sym exact,
    )
}

/// As [`inner::convolve_block`](super::super::narrow::inner::convolve_block), for buffers that fit.
pub(crate) fn convolve_block(
    weights: &[u32],
    pixels: &[[u32; 2]],
    finish: &Finish<'_>,
    output: &mut [i8],
    stride: usize,
) {
    let (words, channels) = (pixels.len() / 4, finish.table.len());
    // Chains of sixteen are whole.
    let whole = finish.table.iter().all(|row| row[0] < 2 || words.is_multiple_of(4));
    let last = stride.checked_mul(PIXELS - 1).and_then(|last| last.checked_add(channels));
    let fits = words.checked_mul(channels).is_some_and(|needed| weights.len() >= needed)
        && last.is_some_and(|last| output.len() >= last);
    if !fits || !whole || words == 0 || channels == 0 {
        return;
    }
    let mut job = Job::new(weights, words, pixels.as_ptr().cast(), finish);
    job.output = output.as_mut_ptr();
    job.stride = stride as u32;
    // SAFETY: the filters of all channels lie in `weights` and are as long as `pixels`, in multiples of the loop's step;
    // the outputs of four pixels lie in `output`; there is a channel.
    unsafe { convolve(&mut job) }
}

/// As [`depthwise_pixel`](super::super::narrow::inner::depthwise_pixel). Slices of `taps` are two words, of which the
/// first is the address.
///
/// r0 weights, r1 taps, r2 four weights, r3 four inputs, r4 and r5 one of each, r6 bytes into a tap; r8 to r11 sums, r12
/// the filter's end, lr the guard.
///
/// # Safety
/// All fields of the job are set, and there are at least four channels, in fours.
#[unsafe(naked)]
unsafe extern "C" fn depthwise(job: &mut Job<'_>) {
    naked_asm!(
        enter!(),
        "movs r6, #0
         str r6, [sp, #8]
         20:
         ldr r7, [sp]
         ldr r1, [r7, #4]
         ldr r2, [r7, #8]
         adds r2, r0, r2
         mov r12, r2
         ldr r6, [sp, #8]
         movs r2, #0
         mov r8, r2
         mov r9, r2
         mov r10, r2
         mov r11, r2
         30:
         ldmia r0!, {{r2}}
         ldmia r1!, {{r3, r4}}
         ldr r3, [r3, r6]
         sxtb r4, r2
         sxtb r5, r3
         muls r4, r5, r4
         add r8, r4
         lsls r4, r2, #16
         asrs r4, r4, #24
         lsls r5, r3, #16
         asrs r5, r5, #24
         muls r4, r5, r4
         add r9, r4
         lsls r4, r2, #8
         asrs r4, r4, #24
         lsls r5, r3, #8
         asrs r5, r5, #24
         muls r4, r5, r4
         add r10, r4
         asrs r4, r2, #24
         asrs r5, r3, #24
         muls r4, r5, r4
         add r11, r4
         cmp r0, r12
         bne 30b
         adds r6, #4
         str r6, [sp, #8]",
        take_row!(),
        "mov r2, r8",
        requantize!(),
        "ldr r0, [sp, #4]",
        take_row!(),
        "mov r2, r9",
        requantize!(),
        "ldr r0, [sp, #4]",
        take_row!(),
        "mov r2, r10",
        requantize!(),
        "ldr r0, [sp, #4]",
        take_row!(),
        "mov r2, r11",
        requantize!(),
        "ldr r0, [sp, #4]
         ldr r1, [sp]
         ldr r1, [r1, #16]
         cmp r1, #0
         beq 81f
         b 20b
         81:",
        leave!(),
        open!(),
        exact = sym exact,
    )
}

/// As [`inner::depthwise_pixel`](super::super::narrow::inner::depthwise_pixel), for buffers that fit.
pub(crate) fn depthwise_pixel(weights: &[u32], taps: &[&[i8]], finish: &Finish<'_>, output: &mut [i8]) {
    let channels = finish.table.len();
    let fits = weights.len() >= taps.len() * (channels / 4)
        && output.len() >= channels
        && taps.iter().all(|tap| tap.len() >= channels && tap.as_ptr().addr().is_multiple_of(4));
    if !fits || taps.is_empty() || channels == 0 || !channels.is_multiple_of(4) {
        return;
    }
    let mut job = Job::new(weights, taps.len(), taps.as_ptr().cast(), finish);
    job.output = output.as_mut_ptr();
    // SAFETY: `weights` has a word per tap and four channels, each tap is aligned and has all channels, and so has the
    // output; there are four channels or a multiple of it.
    unsafe { depthwise(&mut job) }
}

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

/// As [`multiply`](super::super::narrow::inner::multiply).
///
/// r0 weights, r1 inputs, r2 four weights, r3 to r6 inputs, r7 shifted weights; r8 the sum, r9 the end of whole runs of
/// four words, r12 the filter's end, lr the guard.
///
/// # Safety
/// All fields of the job are set, and there is at least one channel.
#[unsafe(naked)]
unsafe extern "C" fn multiply_rows(job: &mut Job<'_>) {
    naked_asm!(
        enter!(),
        "20:
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
         bne 40b",
        take_row!(),
        "mov r2, r8",
        requantize!(),
        "ldr r0, [sp, #4]
         ldr r1, [sp]
         ldr r1, [r1, #16]
         cmp r1, #0
         beq 81f
         b 20b
         81:",
        leave!(),
        open!(),
        exact = sym exact,
    )
}

/// As [`inner::multiply`](super::super::narrow::inner::multiply), for buffers that fit.
pub(crate) fn multiply(
    weights: &[u32],
    inputs: &[[u32; 4]],
    begin: u32,
    finish: &Finish<'_>,
    output: &mut [i8],
) {
    let (words, channels) = (inputs.len(), finish.table.len());
    let fits = words.checked_mul(channels).is_some_and(|needed| weights.len() >= needed);
    if !fits || output.len() < channels || words == 0 || channels == 0 {
        return;
    }
    let mut job = Job::new(weights, words, inputs.as_ptr().cast(), finish);
    job.output = output.as_mut_ptr();
    job.begin = begin;
    // SAFETY: the filters of all channels lie in `weights` and are as long as `inputs`, and the outputs in `output`;
    // there is a channel.
    unsafe { multiply_rows(&mut job) }
}
