//! Blocks of output channels, in assembler.
#![allow(unsafe_code)]

use core::arch::naked_asm;

use super::super::narrow::{
    Row,
    inner::{Finish, PIXELS, Side, Walk, area},
};

/// What a function works on. Assembler knows the fields by their places, four bytes each.
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
    /// 16: the table's end.
    table_end: *const Row,
    /// 20: the next byte to write.
    output: *mut i8,
    /// 24: from pixel to pixel.
    stride: u32,
    /// 28: places below this, shifted left by 8, are open.
    guard: u32,
    /// 32: where sums begin.
    begin: u32,
    /// What the exact formula needs.
    finish: &'a Finish<'a>,
}

const _: () = assert!(size_of::<Row>() == 20 && PIXELS == 4);

impl<'a> Job<'a> {
    fn new(weights: &[u32], filter_words: usize, inputs: *const u32, finish: &'a Finish<'a>) -> Self {
        let table = finish.table.as_ptr_range();
        Self {
            weights: weights.as_ptr(),
            inputs,
            filter_bytes: (filter_words * 4) as u32,
            table: table.start,
            table_end: table.end,
            output: core::ptr::null_mut(),
            stride: 1,
            guard: finish.output.guard << 8,
            begin: 0,
            finish,
        }
    }
}

/// What the exact formula gives for the channel at work, by the end of its row.
extern "C" fn exact(above: u32, job: &Job<'_>, row_end: *const Row) -> u32 {
    let after = row_end.addr().wrapping_sub(job.finish.table.as_ptr().addr()) / size_of::<Row>();
    job.finish.factors.exact(job.finish.output, after.wrapping_sub(1), above) as u32
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
         strb r2, [r7]"
    };
}

/// Where [`requantize!`] goes when the place is open: r0 is what the accumulator is above its least, r2 becomes the
/// place of the exact result. The argument puts the end of the channel's row into r2; r1 is the job.
macro_rules! open {
    ($row_end:literal) => {
        concat!(
            "90:
         mov r1, r12
         push {{r1, r3, r4, lr}}
         ldr r1, [sp, #16]
         ",
            $row_end,
            "
         bl {exact}
         lsls r2, r0, #24
         ldr r1, [sp, #16]
         ldr r0, [r1, #28]
         mov lr, r0
         ldr r1, [sp]
         mov r12, r1
         pop {{r1, r3, r4, pc}}"
        )
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
         beq 81f
         b 20b
         81:",
        leave!(),
        open!("ldr r2, [r1, #12]"),
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

/// What a channel of a pair of columns works on.
#[repr(C)]
struct Columns<'a> {
    /// What the exact formula needs.
    job: Job<'a>,
    /// 40: what is laid on the stack.
    frame: Frame,
    /// 72: the first inputs.
    inputs: *const u32,
    /// 76: bytes from a group of taps to the next.
    step: u32,
    /// 80: bytes from behind the last group to the first of the next output.
    back: u32,
    /// 84: where the left output is written.
    output: *mut i8,
}

/// Constants of the walk. Assembler has them on its stack, at these places and eight.
#[repr(C)]
struct Frame {
    /// 0: three taps of a column in each group.
    weights: *const [u32; 3],
    /// 4: the groups' end.
    weights_end: *const [u32; 3],
    /// 8: bytes from output to output.
    row: u32,
    /// 12: bytes from the left output to the right one.
    apart: u32,
    /// 16: the inputs that the walk stops at.
    inputs_end: *const u32,
    /// 20: the channel's bias and what follows.
    constants: *const u32,
    /// 24: the guard.
    guard: u32,
    /// 28: 0 where no more than two products may be added, 1 where three may, 2 where there are three groups of them.
    kind: u32,
}

#[cfg(target_pointer_width = "32")]
const _: () = {
    use core::mem::offset_of;
    assert!(offset_of!(Columns<'_>, frame) == 40 && offset_of!(Columns<'_>, output) == 84);
    assert!(offset_of!(Job<'_>, guard) == 28 && offset_of!(Job<'_>, begin) == 32);
};

/// Takes the sums of the chain in r2 or r4 apart.
macro_rules! part_column {
    ($chain:literal) => {
        concat!(
            "sxth r3, ",
            $chain,
            "
             add r8, r3
             asrs ",
            $chain,
            ", ",
            $chain,
            ", #7
             add r9, ",
            $chain
        )
    };
}

/// Products of three taps of two outputs.
macro_rules! three_taps {
    () => {
        "ldmia r0!, {{r2-r4}}
         ldmia r1!, {{r5-r7}}
         muls r2, r5, r2
         muls r3, r6, r3
         muls r4, r7, r4
         adds r2, r2, r3"
    };
}

/// As [`depthwise_columns`](super::super::narrow::inner::depthwise_columns).
///
/// r0 inputs, r1 weights, r2 to r4 three inputs and their products, r5 to r7 three weights; r8 and r9 the sums in their
/// parts, r10 the step, r11 the way back, r12 the left output, lr the guard, or the filter's end.
///
/// # Safety
/// All fields are set, `table` of the job behind the channel's row, and there is at least one row of outputs.
#[unsafe(naked)]
unsafe extern "C" fn columns(columns: &mut Columns<'_>) {
    naked_asm!(
        "push {{r4-r7, lr}}
         mov r4, r8
         mov r5, r9
         mov r6, r10
         mov r7, r11
         push {{r4-r7}}
         sub sp, #44
         str r0, [sp]
         mov r7, r0
         adds r7, #40
         add r6, sp, #8
         ldmia r7!, {{r0-r3}}
         stmia r6!, {{r0-r3}}
         ldmia r7!, {{r0-r3}}
         stmia r6!, {{r0-r3}}
         mov lr, r2
         ldmia r7!, {{r0-r3}}
         mov r10, r1
         mov r11, r2
         mov r12, r3
         20:
         ldr r1, [sp, #8]
         movs r2, #0
         mov r8, r2
         mov r9, r2
         ldr r2, [sp, #36]
         cmp r2, #1
         blo 39f
         beq 29f",
        three_taps!(),
        "adds r2, r2, r4",
        part_column!("r2"),
        "add r0, r10",
        three_taps!(),
        "adds r2, r2, r4",
        part_column!("r2"),
        "add r0, r10",
        three_taps!(),
        "adds r2, r2, r4",
        part_column!("r2"),
        "add r0, r10
         b 50f
         29:
         ldr r3, [sp, #12]
         mov lr, r3
         30:",
        three_taps!(),
        "adds r2, r2, r4",
        part_column!("r2"),
        "add r0, r10
         cmp r1, lr
         bne 30b
         b 49f
         39:
         ldr r3, [sp, #12]
         mov lr, r3
         40:",
        three_taps!(),
        part_column!("r2"),
        part_column!("r4"),
        "add r0, r10
         cmp r1, lr
         bne 40b
         49:
         ldr r1, [sp, #32]
         mov lr, r1
         50:
         add r0, r11
         str r0, [sp, #4]
         ldr r1, [sp, #28]
         ldmia r1!, {{r3-r6}}
         ldr r1, [sp, #20]
         mov r7, r12
         adds r7, r7, r1",
        upper!("r8", "r9"),
        requantize!(),
        "mov r7, r12
         mov r2, r8",
        requantize!(),
        "ldr r1, [sp, #16]
         add r12, r1
         ldr r0, [sp, #4]
         ldr r1, [sp, #24]
         cmp r0, r1
         beq 81f
         b 20b
         81:
         add sp, #44
         pop {{r4-r7}}
         mov r8, r4
         mov r9, r5
         mov r10, r6
         mov r11, r7
         pop {{r4-r7, pc}}",
        open!("ldr r2, [r1, #12]"),
        exact = sym exact,
    )
}

/// As [`inner::depthwise_columns`](super::super::narrow::inner::depthwise_columns), for buffers that fit.
pub(crate) fn depthwise_columns(
    weights: &[[u32; 3]],
    inputs: &[u32],
    walk: &Walk,
    finish: &Finish<'_>,
    index: usize,
    output: &mut [i8],
) {
    let Some(row) = finish.table.get(index) else { return };
    if !walk.fits(weights.len(), inputs.len(), output.len()) {
        return;
    }
    let filter = weights.as_ptr_range();
    let mut job = Job::new(&[], 0, inputs.as_ptr(), finish);
    job.table = core::ptr::from_ref(row).wrapping_add(1);
    let step = (4 * walk.step) as u32;
    let groups = (weights.len() as u32).wrapping_mul(step.wrapping_add(12));
    let kind = match (row[0], weights.len()) {
        (0, _) => 0,
        (_, 3) => 2,
        _ => 1,
    };
    let frame = Frame {
        weights: filter.start,
        weights_end: filter.end,
        row: walk.row as u32,
        apart: walk.apart as u32,
        inputs_end: inputs.as_ptr().wrapping_add(walk.rows * walk.advance),
        constants: row.as_ptr().wrapping_add(1),
        guard: job.guard,
        kind,
    };
    let back = ((4 * walk.advance) as u32).wrapping_sub(groups);
    let mut columns_of =
        Columns { job, frame, inputs: inputs.as_ptr(), step, back, output: output.as_mut_ptr() };
    // SAFETY: `Walk::fits` says that all groups of taps of all rows lie in `inputs`, and the pairs of outputs in `output`;
    // there is a group and a row, and rows advance; the filter is whole groups of three words.
    unsafe { columns(&mut columns_of) }
}

/// Writes one column of pairs: r0 words, r1 and r2 the two bytes, r3 and r4 from row to row, r12 the words' end.
///
/// # Safety
/// The words, at least one, end at `end`, and every step from byte to byte stays readable.
#[unsafe(naked)]
unsafe extern "C" fn column(
    words: *mut u32,
    left: *const i8,
    right: *const i8,
    left_step: usize,
    right_step: usize,
    end: *const u32,
) {
    naked_asm!(
        "push {{r4-r7}}
         ldr r4, [sp, #16]
         ldr r5, [sp, #20]
         mov r12, r5
         movs r7, #0
         20:
         ldrsb r5, [r1, r7]
         ldrsb r6, [r2, r7]
         lsls r6, r6, #16
         adds r5, r5, r6
         stmia r0!, {{r5}}
         adds r1, r1, r3
         adds r2, r2, r4
         cmp r0, r12
         bne 20b
         pop {{r4-r7}}
         bx lr",
    )
}

/// As [`inner::pair_column`](super::super::narrow::inner::pair_column), for bytes that are there.
pub(crate) fn pair_column(words: &mut [u32], left: Side<'_>, right: Side<'_>) {
    let fits = |side: &Side<'_>| {
        let last = words.len().checked_sub(1).and_then(|last| area(last, side.step));
        last.is_some_and(|last| last < side.bytes.len())
    };
    if !fits(&left) || !fits(&right) {
        return;
    }
    let words = words.as_mut_ptr_range();
    // SAFETY: both sides have a byte for every word, as just seen, and there is a word.
    unsafe {
        column(words.start, left.bytes.as_ptr(), right.bytes.as_ptr(), left.step, right.step, words.end);
    }
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
/// four words, r10 the channel's row, r11 where to write, r12 the filter's end, lr the guard.
///
/// # Safety
/// All fields of the job are set, and there is at least one channel.
#[unsafe(naked)]
unsafe extern "C" fn multiply_rows(job: &mut Job<'_>) {
    naked_asm!(
        enter!(),
        "ldr r7, [sp]
         ldr r1, [r7, #12]
         mov r10, r1
         ldr r1, [r7, #20]
         mov r11, r1
         20:
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
         bne 40b
         mov r9, r0
         mov r1, r10
         adds r1, #4
         ldmia r1!, {{r3-r6}}
         mov r10, r1
         mov r7, r11
         mov r2, r8",
        requantize!(),
        "adds r7, #1
         mov r11, r7
         mov r0, r9
         ldr r1, [sp]
         ldr r1, [r1, #16]
         cmp r10, r1
         beq 81f
         b 20b
         81:",
        leave!(),
        open!("mov r2, r10"),
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
