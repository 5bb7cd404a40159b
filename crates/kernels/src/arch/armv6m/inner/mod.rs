//! Blocks of output channels, in assembler: a file for each loop, and here what they share.

use super::super::narrow::{
    Row,
    inner::{Finish, PIXELS},
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

mod columns;
mod convolve;
mod multiply;
mod pair;

pub(crate) use columns::depthwise_columns;
pub(crate) use convolve::convolve_block;
pub(crate) use multiply::multiply;
pub(crate) use pair::pair_column;
