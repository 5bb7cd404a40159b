//! One channel's plane in the instructions of the DSP extension.

#![allow(unsafe_code)]

use core::{arch::naked_asm, mem::offset_of};

use super::{Channel, Plane, TwoRows};

/// What the loops need; the first four are in r0 to r3, the others above what the loops save on their stack.
#[repr(C)]
struct Job {
    /// The upper words of the first outputs, and the lower.
    a: *const u32,
    b: *const u32,
    out: *mut i8,
    weights: *const [u32; 6],
    bias: i32,
    mantissa: i32,
    middle: i32,
    exponent: u32,
    row_bytes: usize,
    channels: usize,
    /// Where `a` is after a row; found by the loops.
    end: usize,
    /// What `a` goes on by in a row.
    span: usize,
    /// From the end of a row to the next.
    skip: usize,
    rows: usize,
}

/// Where the loops find a field: above the nine registers that they save, without the four that come in registers.
const fn at(field: usize) -> usize {
    field + 36 - 16
}

/// The plane has its words, `weights` are a channel's, and `out` ends with the last output.
pub(super) fn run(plane: &Plane, words: &[u32], channel: &Channel, out: &mut [i8]) {
    let a = words.as_ptr();
    let job = Job {
        a,
        b: a.wrapping_add(plane.width),
        out: out.as_mut_ptr(),
        weights: &raw const channel.weights,
        bias: channel.bias,
        mantissa: channel.halving.mantissa,
        middle: channel.middle,
        exponent: u32::from(channel.halving.exponent),
        row_bytes: plane.columns * plane.channels,
        channels: plane.channels,
        end: 0,
        span: 4 * plane.stride * plane.columns,
        skip: 4 * (plane.width - plane.stride * plane.columns),
        rows: plane.rows,
    };
    // SAFETY: `Plane::run` checked that there are the words of all rows, as wide as the windows of all columns reach,
    // that `out` ends with the last output, and that there are rows and columns; the weights outlive the call.
    unsafe {
        match (plane.stride, plane.from_zero) {
            (1, true) => pairs_from_zero(job),
            (1, false) => pairs(job),
            (_, true) => singles_from_zero(job),
            (_, false) => singles(job),
        }
    }
}

/// Two rows of outputs at a time, windows one pixel apart: r4 sums the upper, r5 the lower.
///
/// r0 and r1 walk on the words of upper and lower rows, r6 to r11 are weights, lr is the output. A first loop takes two
/// columns at a time, where there is one.
macro_rules! pairs {
    ($name:ident, [$($two_columns:literal),*], $($scale:literal),*) => {
        #[unsafe(naked)]
        unsafe extern "C" fn $name(job: Job) {
            naked_asm!(
                // Naked functions do not take the features of the core that rustc is told, such as the DSP extension of an M33.
                ".cpu cortex-m4",
                "push {{r4-r11, lr}}",
                "mov lr, r2",
                "ldm r3, {{r6-r11}}",
                "2:",
                "ldr r2, [sp, #{rows}]",
                "ldr r12, [sp, #{span}]",
                "add r12, r12, r0",
                "str r12, [sp, #{end}]",
                // The lower of a last row alone is written where the upper is, and before it.
                "cmp r2, #1",
                "itt eq",
                "moveq r3, #0",
                "streq r3, [sp, #{row_bytes}]",
                $($two_columns,)*
                "3:",
                "ldr r2, [r0], #4",
                "ldr r3, [r0]",
                "ldr r12, [r0, #4]",
                "ldr r4, [sp, #{bias}]",
                "mov r5, r4",
                "smlad r4, r2, r6, r4",
                "smlatb r5, r2, r6, r5",
                "smlad r4, r3, r8, r4",
                "smlatb r5, r3, r8, r5",
                "smlad r4, r12, r10, r4",
                "smlatb r5, r12, r10, r5",
                "ldr r2, [r1], #4",
                "ldr r3, [r1]",
                "ldr r12, [r1, #4]",
                "smlabb r4, r2, r7, r4",
                "smladx r5, r2, r7, r5",
                "smlabb r4, r3, r9, r4",
                "smladx r5, r3, r9, r5",
                "smlabb r4, r12, r11, r4",
                "smladx r5, r12, r11, r5",
                $($scale,)*
                "asr r4, r4, r12",
                "asr r5, r5, r12",
                "ldr r2, [sp, #{row_bytes}]",
                "ldr r3, [sp, #{channels}]",
                "ldr r12, [sp, #{end}]",
                "ssat r4, #8, r4, asr #1",
                "ssat r5, #8, r5, asr #1",
                "strb r5, [lr, r2]",
                "strb r4, [lr]",
                "add lr, lr, r3",
                "cmp r0, r12",
                "bne 3b",
                "4:",
                "ldr r12, [sp, #{skip}]",
                "ldr r3, [sp, #{rows}]",
                "ldr r2, [sp, #{row_bytes}]",
                "add r0, r0, r12",
                "add r1, r1, r12",
                "add lr, lr, r2",
                "subs r3, r3, #2",
                "str r3, [sp, #{rows}]",
                "bgt.w 2b",
                "pop.w {{r4-r11, pc}}",
                bias = const at(offset_of!(Job, bias)),
                mantissa = const at(offset_of!(Job, mantissa)),
                middle = const at(offset_of!(Job, middle)),
                exponent = const at(offset_of!(Job, exponent)),
                row_bytes = const at(offset_of!(Job, row_bytes)),
                channels = const at(offset_of!(Job, channels)),
                end = const at(offset_of!(Job, end)),
                span = const at(offset_of!(Job, span)),
                skip = const at(offset_of!(Job, skip)),
                rows = const at(offset_of!(Job, rows)),
            )
        }
    };
}

pairs!(
    pairs_from_zero,
    // r2 and r3 sum the upper and lower of the first column, r4 and r5 those of the second.
    [
        "subs r12, r12, #8",
        "cmp r0, r12",
        "bhi 3f",
        "str lr, [sp, #-8]!",
        "str r12, [sp, #4]",
        "5:",
        "ldr r12, [r0], #8",
        "ldr lr, [r0, #-4]",
        "ldr r2, [sp, #8+{bias}]",
        "mov r3, r2",
        "mov r4, r2",
        "mov r5, r2",
        "smlad r2, r12, r6, r2",
        "smlatb r3, r12, r6, r3",
        "smlad r2, lr, r8, r2",
        "smlatb r3, lr, r8, r3",
        "smlad r4, lr, r6, r4",
        "smlatb r5, lr, r6, r5",
        "ldr r12, [r0]",
        "ldr lr, [r0, #4]",
        "smlad r2, r12, r10, r2",
        "smlatb r3, r12, r10, r3",
        "smlad r4, r12, r8, r4",
        "smlatb r5, r12, r8, r5",
        "smlad r4, lr, r10, r4",
        "smlatb r5, lr, r10, r5",
        "ldr r12, [r1], #8",
        "ldr lr, [r1, #-4]",
        "smlabb r2, r12, r7, r2",
        "smladx r3, r12, r7, r3",
        "smlabb r2, lr, r9, r2",
        "smladx r3, lr, r9, r3",
        "smlabb r4, lr, r7, r4",
        "smladx r5, lr, r7, r5",
        "ldr r12, [r1]",
        "ldr lr, [r1, #4]",
        "smlabb r2, r12, r11, r2",
        "smladx r3, r12, r11, r3",
        "smlabb r4, r12, r9, r4",
        "smladx r5, r12, r9, r5",
        "smlabb r4, lr, r11, r4",
        "smladx r5, lr, r11, r5",
        "ldr r12, [sp, #8+{mantissa}]",
        "ldr lr, [sp, #8+{middle}]",
        "smmlar r2, r2, r12, lr",
        "smmlar r3, r3, r12, lr",
        "smmlar r4, r4, r12, lr",
        "smmlar r5, r5, r12, lr",
        "ldr r12, [sp, #8+{exponent}]",
        "asr r2, r2, r12",
        "asr r3, r3, r12",
        "asr r4, r4, r12",
        "asr r5, r5, r12",
        "ldr r12, [sp]",
        "ldr lr, [sp, #8+{row_bytes}]",
        "ssat r2, #8, r2, asr #1",
        "ssat r3, #8, r3, asr #1",
        "ssat r4, #8, r4, asr #1",
        "ssat r5, #8, r5, asr #1",
        "add lr, lr, r12",
        "strb r3, [lr]",
        "ldr r3, [sp, #8+{channels}]",
        "strb r5, [lr, r3]",
        "strb r4, [r12, r3]",
        "strb r2, [r12]",
        "add r12, r12, r3, lsl #1",
        "str r12, [sp]",
        "ldr r2, [sp, #4]",
        "cmp r0, r2",
        "bls 5b",
        "ldr lr, [sp], #8",
        "ldr r12, [sp, #{end}]",
        "cmp r0, r12",
        "beq 4f"
    ],
    "ldr r2, [sp, #{mantissa}]",
    "ldr r3, [sp, #{middle}]",
    "ldr r12, [sp, #{exponent}]",
    "smmlar r4, r4, r2, r3",
    "smmlar r5, r5, r2, r3"
);
pairs!(
    pairs,
    [],
    "ldr r2, [sp, #{mantissa}]",
    "ldr r3, [sp, #{middle}]",
    "smmlar r12, r4, r2, r3",
    "add r4, r12, r4, asr #31",
    "smmlar r12, r5, r2, r3",
    "add r5, r12, r5, asr #31",
    "ldr r12, [sp, #{exponent}]"
);

/// One row of outputs at a time, windows two pixels apart.
macro_rules! singles {
    ($name:ident, $($scale:literal),*) => {
        #[unsafe(naked)]
        unsafe extern "C" fn $name(job: Job) {
            naked_asm!(
                // Naked functions do not take the features of the core that rustc is told, such as the DSP extension of an M33.
                ".cpu cortex-m4",
                "push {{r4-r11, lr}}",
                "mov lr, r2",
                "ldm r3, {{r6-r11}}",
                "2:",
                "ldr r12, [sp, #{span}]",
                "add r12, r12, r0",
                "str r12, [sp, #{end}]",
                "3:",
                "ldr r2, [r0], #8",
                "ldr r3, [r0, #-4]",
                "ldr r12, [r0]",
                "ldr r4, [sp, #{bias}]",
                "smlad r4, r2, r6, r4",
                "smlad r4, r3, r8, r4",
                "smlad r4, r12, r10, r4",
                "ldr r2, [r1], #8",
                "ldr r3, [r1, #-4]",
                "ldr r12, [r1]",
                "smlabb r4, r2, r7, r4",
                "smlabb r4, r3, r9, r4",
                "smlabb r4, r12, r11, r4",
                "ldr r2, [sp, #{mantissa}]",
                "ldr r3, [sp, #{middle}]",
                "ldr r12, [sp, #{exponent}]",
                $($scale,)*
                "asr r4, r4, r12",
                "ldr r3, [sp, #{channels}]",
                "ldr r12, [sp, #{end}]",
                "ssat r4, #8, r4, asr #1",
                "strb r4, [lr]",
                "add lr, lr, r3",
                "cmp r0, r12",
                "bne 3b",
                "ldr r12, [sp, #{skip}]",
                "ldr r3, [sp, #{rows}]",
                "add r0, r0, r12",
                "add r1, r1, r12",
                "subs r3, r3, #1",
                "str r3, [sp, #{rows}]",
                "bne 2b",
                "pop.w {{r4-r11, pc}}",
                bias = const at(offset_of!(Job, bias)),
                mantissa = const at(offset_of!(Job, mantissa)),
                middle = const at(offset_of!(Job, middle)),
                exponent = const at(offset_of!(Job, exponent)),
                channels = const at(offset_of!(Job, channels)),
                end = const at(offset_of!(Job, end)),
                span = const at(offset_of!(Job, span)),
                skip = const at(offset_of!(Job, skip)),
                rows = const at(offset_of!(Job, rows)),
            )
        }
    };
}

singles!(singles_from_zero, "smmlar r4, r4, r2, r3");
singles!(singles, "smmlar r5, r4, r2, r3", "add r4, r5, r4, asr #31");

/// What [`spread_words`] needs; the first four are in r0 to r3, the others above what it saves on its stack.
#[repr(C)]
struct SpreadJob {
    upper: *const i8,
    lower: *const i8,
    out: *mut u32,
    count: usize,
    upper_step: usize,
    lower_step: usize,
    base: u32,
    plane_bytes: usize,
}

/// The rows hold `count` pixels, of which there is one at least, and the planes have room for them.
pub(super) fn spread(rows: &TwoRows<'_>, words: usize, planes: &mut [u32]) {
    let [upper_step, lower_step] = rows.steps;
    let job = SpreadJob {
        upper: rows.upper.as_ptr(),
        lower: rows.lower.as_ptr(),
        out: planes.as_mut_ptr(),
        count: rows.count,
        upper_step,
        lower_step,
        base: rows.base,
        plane_bytes: 4 * words,
    };
    // SAFETY: `TwoRows::spread` checked that four bytes can be read at each step of both rows, and that the fourth
    // plane has room for the last word.
    unsafe { spread_words(job) };
}

/// Four bytes of a pixel and four of the one below become a word in each of four planes.
#[unsafe(naked)]
unsafe extern "C" fn spread_words(job: SpreadJob) {
    naked_asm!(
        // Naked functions do not take the features of the core that rustc is told, such as the DSP extension of an M33.
        ".cpu cortex-m4",
        "push {{r4-r11, lr}}",
        "ldr r10, [sp, #36]",
        "ldr r11, [sp, #40]",
        "ldr r12, [sp, #44]",
        "ldr lr, [sp, #48]",
        "2:",
        "ldr r4, [r0]",
        "ldr r5, [r1]",
        "add r0, r0, r10",
        "add r1, r1, r11",
        "sxtab16 r6, r12, r4",
        "sxtab16 r7, r12, r5",
        "sxtab16 r8, r12, r4, ror #8",
        "sxtab16 r9, r12, r5, ror #8",
        "pkhbt r4, r6, r7, lsl #16",
        "pkhtb r7, r7, r6, asr #16",
        "pkhbt r5, r8, r9, lsl #16",
        "pkhtb r9, r9, r8, asr #16",
        "add r6, r2, lr, lsl #1",
        "str r5, [r2, lr]",
        "str r4, [r2], #4",
        "str r7, [r6]",
        "str r9, [r6, lr]",
        "subs r3, r3, #1",
        "bne 2b",
        "pop.w {{r4-r11, pc}}",
    )
}
