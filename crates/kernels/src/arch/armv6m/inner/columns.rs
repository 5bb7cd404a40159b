//! Depthwise convolutions: two columns of outputs of one channel.
#![allow(unsafe_code)]

use core::arch::naked_asm;

use super::{Job, exact};
use crate::arch::narrow::inner::{Finish, Walk};

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
#[cfg(kernel_isa = "armv7m")]
macro_rules! part_column {
    ($chain:literal) => {
        concat!(
            "sxth r3, ",
            $chain,
            "
             add r8, r3
             add r9, r9, ",
            $chain,
            ", asr #7"
        )
    };
}

/// Takes the sums of the chain in r2 or r4 apart.
#[cfg(kernel_isa = "armv6m")]
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

/// As [`depthwise_columns`](crate::arch::narrow::inner::depthwise_columns).
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

/// As [`inner::depthwise_columns`](crate::arch::narrow::inner::depthwise_columns), for buffers that fit.
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
