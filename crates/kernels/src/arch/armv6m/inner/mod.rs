//! Blocks of output channels, in assembler: a file for each loop, and here what they share.

use super::super::narrow::{
    Row,
    inner::{Finish, PIXELS},
};

/// What a function works on. Assembler knows the fields by their places, four bytes each.
#[repr(C)]
pub(in crate::arch) struct Job<'a> {
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
    /// 24: from pixel to pixel; of a matrix, how many rows it has.
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

    /// A block of four pixels and all channels. The filters of all channels lie in `weights` and are as long as `pixels`,
    /// in multiples of their chains; the outputs of four pixels lie in `output`; there is a channel. `None` where any of
    /// that is not so.
    pub fn of_block(
        weights: &[u32],
        pixels: &[[u32; 2]],
        finish: &'a Finish<'a>,
        output: &mut [i8],
        stride: usize,
    ) -> Option<Self> {
        let (words, channels) = (pixels.len() / 4, finish.table.len());
        // Chains of sixteen are whole.
        let whole = finish.table.iter().all(|row| row[0] < 2 || words.is_multiple_of(4));
        let last = stride.checked_mul(PIXELS - 1).and_then(|last| last.checked_add(channels));
        let fits = words.checked_mul(channels).is_some_and(|needed| weights.len() >= needed)
            && last.is_some_and(|last| output.len() >= last);
        if !fits || !whole || words == 0 || channels == 0 {
            return None;
        }
        let mut job = Self::new(weights, words, pixels.as_ptr().cast(), finish);
        job.output = output.as_mut_ptr();
        job.stride = stride as u32;
        Some(job)
    }

    /// The rows of a matrix. They lie in `weights` and are as long as `inputs`, and their outputs in `output`; there is a
    /// row. `None` where any of that is not so.
    pub fn of_rows(
        weights: &[u32],
        inputs: &[[u32; 4]],
        begin: u32,
        finish: &'a Finish<'a>,
        output: &mut [i8],
    ) -> Option<Self> {
        let (words, channels) = (inputs.len(), finish.table.len());
        let fits = words.checked_mul(channels).is_some_and(|needed| weights.len() >= needed);
        if !fits || output.len() < channels || words == 0 || channels == 0 {
            return None;
        }
        let mut job = Self::new(weights, words, inputs.as_ptr().cast(), finish);
        job.output = output.as_mut_ptr();
        job.stride = channels as u32;
        job.begin = begin;
        Some(job)
    }
}

/// What the exact formula gives for the channel at work, by the end of its row.
pub(in crate::arch) extern "C" fn exact(above: u32, job: &Job<'_>, row_end: *const Row) -> u32 {
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

/// Requantises r2 and writes it. Changes r0 and r1.
#[cfg(kernel_isa = "armv7m")]
macro_rules! requantize {
    () => {
        "adds r0, r2, r3
         bic r0, r0, r0, asr #31
         cmp r0, r5
         it hi
         movhi r0, r5
         mla r2, r0, r6, r4
         lsls r1, r2, #8
         cmp r1, lr
         bhs 93f
         bl 90f
         93:
         lsrs r2, r2, #24
         strb r2, [r7]"
    };
}

/// Requantises r2 and writes it. Changes r0 and r1.
#[cfg(kernel_isa = "armv6m")]
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
#[cfg(kernel_isa = "armv7m")]
macro_rules! upper {
    ($low:literal, $high:literal) => {
        concat!(
            "sub r2, ",
            $high,
            ", ",
            $low,
            ", asr #7
             addw r2, r2, #510
             asrs r2, r2, #9"
        )
    };
}

/// The sum of the pixel in the upper half, from its two parts.
#[cfg(kernel_isa = "armv6m")]
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

mod columns;
#[cfg(kernel_isa = "armv6m")]
mod convolve;
#[cfg(kernel_isa = "armv6m")]
mod multiply;
mod pair;

pub(crate) use columns::depthwise_columns;
#[cfg(kernel_isa = "armv6m")]
pub(crate) use convolve::convolve_block;
#[cfg(kernel_isa = "armv6m")]
pub(crate) use multiply::multiply;
pub(crate) use pair::pair_column;
#[cfg(kernel_isa = "armv7m")]
pub(in crate::arch) use {enter, leave, open, requantize, take_row, upper};
