//! Rows of inputs times one output channel: the channels that make no quad.
//!
//! ```text
//! for each four rows of inputs:
//!     4 sums = bias
//!     for each 16 of the row's elements:  load 16 weights, 4 × 16 inputs; 4 multiply-accumulates
//!     4 outputs = requantised sums, scattered
//! ```

#![cfg_attr(kernel_isa = "armv8_1m_mve", allow(unsafe_code))]

use quant::ByProducts;

use super::quads::Rows;
use crate::KernelError;

/// One output channel.
#[derive(Debug)]
pub(super) struct Column<'a> {
    /// Its weights: as many as a row has elements, one at least.
    pub weights: &'a [i8],
    pub bias: i32,
    pub mantissa: i32,
    /// Of the second product.
    pub exponent: u8,
    pub finish: &'a ByProducts,
}

impl Column<'_> {
    /// Computes one channel of every row.
    ///
    /// # Errors
    /// [`KernelError::Geometry`] when a slice is too short, or there is nothing to compute; nothing is then written.
    pub(super) fn apply(&self, rows: &mut Rows<'_>, channel: usize) -> Result<(), KernelError> {
        let fits = !self.weights.is_empty() && rows.fit(self.weights.len(), channel.saturating_add(1));
        if !fits {
            return Err(KernelError::Geometry);
        }
        apply(self, rows, channel);
        Ok(())
    }
}

#[cfg(not(kernel_isa = "armv8_1m_mve"))]
fn apply(column: &Column<'_>, rows: &mut Rows<'_>, channel: usize) {
    for row in 0..rows.rows {
        let inputs = rows.input.get(row * rows.input_step..).unwrap_or_default();
        let sum = inputs
            .iter()
            .zip(column.weights)
            .fold(column.bias, |sum, (&x, &w)| sum.wrapping_add(i32::from(x) * i32::from(w)));
        if let Some(out) = rows.output.get_mut(row * rows.output_step + channel) {
            *out = column.finish.apply(sum, column.mantissa, column.exponent) as i8;
        }
    }
}

#[cfg(kernel_isa = "armv8_1m_mve")]
use helium::apply;

#[cfg(kernel_isa = "armv8_1m_mve")]
mod helium {
    use core::arch::naked_asm;

    use super::{Column, Rows};

    /// What the loops read.
    #[repr(C)]
    struct Job {
        min: i32,
        max: i32,
        second: i32,
        input_step: usize,
        output_step: usize,
        rows: usize,
        output: *mut i8,
        input: *const i8,
        depth: usize,
        weights: *const i8,
        bias: i32,
        mantissa: i32,
        zero: i32,
    }

    pub(super) fn apply(column: &Column<'_>, rows: &mut Rows<'_>, channel: usize) {
        let finish = column.finish;
        let job = Job {
            min: finish.clamp.min,
            max: finish.clamp.max,
            second: finish.second(column.exponent),
            input_step: rows.input_step,
            output_step: rows.output_step,
            rows: rows.rows,
            output: rows.output.as_mut_ptr().wrapping_add(channel),
            input: rows.input.as_ptr(),
            depth: column.weights.len(),
            weights: column.weights.as_ptr(),
            bias: column.bias,
            mantissa: column.mantissa,
            zero: finish.zero.0,
        };
        // SAFETY: `Column::apply` checked that there is a row and an element, that every row of `depth` elements lies in
        // the input and the channel of each in the output. The loops read and write nothing else, and keep the registers
        // that the ABI asks them to.
        unsafe { four_by_four(&raw const job) };
    }

    /// Behind the last row, the last again; what it gives is not stored.
    ///
    /// In the loop: r2 r5 r7 r9 the rows' next elements, r4 r6 r8 r10 sums; r11 the next weights, r12 elements of a row;
    /// r3 the next output, r1 rows left. q2 where rows are, q3 where the last is, q4 least, q5 greatest, q6 second factor, q7
    /// outputs.
    #[unsafe(naked)]
    unsafe extern "C" fn four_by_four(job: *const Job) {
        naked_asm!(
            ".cpu cortex-m55",
            "push {{r4-r11, lr}}",
            "vpush {{d8-d15}}",
            "ldm r0!, {{r1-r9}}",
            "mov r12, r9",
            "vdup.32 q4, r1",
            "vdup.32 q5, r2",
            "vdup.32 q6, r3",
            "movs r2, #0",
            "vidup.u32 q0, r2, #1",
            "vdup.32 q2, r8",
            "vmla.u32 q2, q0, r4",
            "vmul.i32 q7, q0, r5",
            "subs r1, r6, #1",
            "mla r8, r1, r4, r8",
            "vdup.32 q3, r8",
            "mov r1, r6",
            "mov r3, r7",
            "1:",
            "ldrd r11, r4, [r0]",
            "vmin.u32 q0, q2, q3",
            "vmov r2, r7, q0[2], q0[0]",
            "vmov r5, r9, q0[3], q0[1]",
            "mov r6, r4",
            "mov r8, r4",
            "mov r10, r4",
            "dlstp.8 lr, r12",
            "2:",
            "vldrb.u8 q0, [r11], #16",
            "vldrb.u8 q1, [r2], #16",
            "vmladava.s8 r4, q0, q1",
            "vldrb.u8 q1, [r5], #16",
            "vmladava.s8 r6, q0, q1",
            "vldrb.u8 q1, [r7], #16",
            "vmladava.s8 r8, q0, q1",
            "vldrb.u8 q1, [r9], #16",
            "vmladava.s8 r10, q0, q1",
            "letp lr, 2b",
            "vmov q0[2], q0[0], r4, r8",
            "vmov q0[3], q0[1], r6, r10",
            "ldrd r2, r5, [r0, #8]",
            "vqrdmulh.s32 q0, q0, r2",
            "vqrdmlash.s32 q0, q6, r5",
            "vmax.s32 q0, q0, q4",
            "vmin.s32 q0, q0, q5",
            "vctp.32 r1",
            "vpst",
            "vstrbt.32 q0, [r3, q7]",
            "ldrd r2, r5, [r0, #-24]",
            "lsls r2, r2, #2",
            "vadd.i32 q2, q2, r2",
            "add r3, r3, r5, lsl #2",
            "subs r1, r1, #4",
            "bhi 1b",
            "vpop {{d8-d15}}",
            "pop {{r4-r11, pc}}",
        )
    }
}
