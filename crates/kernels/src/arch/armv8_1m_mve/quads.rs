//! Rows of inputs times four output channels at a time: the inner loop of convolutions and of products with a
//! matrix.
//!
//! ```text
//! for each quad of channels:
//!     for each two rows of inputs:
//!         8 sums = biases
//!         for each 16 of the row's elements:  load 2 × 16 inputs, 4 × 16 weights; 8 multiply-accumulates
//!         8 outputs = requantised sums
//! ```
//! 16 products take one instruction, and each load serves two or four of them. The sums live in the eight
//! even core registers, which are those that `VMLADAVA` can add to.

#![cfg_attr(kernel_isa = "armv8_1m_mve", allow(unsafe_code))]

use quant::ByProducts;

use crate::KernelError;

/// Weights of some quads of output channels, with what makes outputs of sums.
///
/// | part        | order                                                                        |
/// |-------------|------------------------------------------------------------------------------|
/// | `weights`   | per quad: per 16 elements of depth, and then for the rest of them: channel by channel |
/// | `constants` | per quad: 4 biases, 4 mantissas                                              |
/// | `exponents` | per channel: the exponent of the second product                              |
#[derive(Clone, Copy, Debug)]
pub(super) struct Quads<'a> {
    /// As above, and after it all at least [`slack`] bytes of anything.
    pub weights: &'a [i8],
    pub constants: &'a [i32],
    pub exponents: &'a [i8],
    /// Elements of a row; not 0.
    pub depth: usize,
    pub finish: &'a ByProducts,
}

/// Channels in a quad.
pub(super) const QUAD: usize = 4;

/// Elements in a vector.
pub(super) const LANES: usize = 16;

/// Bytes that the last load of weights reaches beyond the end of them.
pub const fn slack(depth: usize) -> usize {
    match depth % LANES {
        0 => 0,
        rest => LANES - rest,
    }
}

/// Rows of inputs, and where their outputs go.
#[derive(Debug)]
pub(super) struct Rows<'a> {
    /// The first row begins the slice; rows may overlap.
    pub input: &'a [i8],
    /// From row to row, in elements.
    pub input_step: usize,
    pub rows: usize,
    /// The first channel of the first row's output begins the slice.
    pub output: &'a mut [i8],
    /// From one row's output to the next's, in elements.
    pub output_step: usize,
}

impl Rows<'_> {
    /// Whether every row and every output of `channels` channels lies inside its slice.
    pub(super) fn fit(&self, depth: usize, channels: usize) -> bool {
        let Some(last) = self.rows.checked_sub(1) else { return false };
        let end = |step: usize, len: usize| last.checked_mul(step).and_then(|at| at.checked_add(len));
        end(self.input_step, depth).is_some_and(|end| end <= self.input.len())
            && end(self.output_step, channels).is_some_and(|end| end <= self.output.len())
    }
}

impl Quads<'_> {
    /// How many quads there are constants for.
    pub(super) fn count(&self) -> usize {
        (self.constants.len() / (2 * QUAD)).min(self.exponents.len() / QUAD)
    }

    /// Computes the first channels of every row, four for each quad.
    ///
    /// # Errors
    /// [`KernelError::Geometry`] when a slice is too short; nothing is then written.
    pub(super) fn apply(&self, rows: &mut Rows<'_>) -> Result<(), KernelError> {
        let quads = self.count();
        let needed = self.depth.checked_mul(QUAD * quads).and_then(|all| all.checked_add(slack(self.depth)));
        let enough = needed.is_some_and(|needed| needed <= self.weights.len());
        if !enough || self.depth == 0 || !rows.fit(self.depth, QUAD * quads) {
            return Err(KernelError::Geometry);
        }
        if quads > 0 {
            apply(self, quads, rows);
        }
        Ok(())
    }
}

#[cfg(not(kernel_isa = "armv8_1m_mve"))]
fn apply(layer: &Quads<'_>, quads: usize, rows: &mut Rows<'_>) {
    let finish = layer.finish;
    let per_quad = layer
        .weights
        .chunks_exact(layer.depth * QUAD)
        .zip(layer.constants.chunks_exact(2 * QUAD))
        .zip(layer.exponents.chunks_exact(QUAD));
    for (quad, ((weights, constants), exponents)) in per_quad.take(quads).enumerate() {
        for row in 0..rows.rows {
            let Some(input) = rows.input.get(row * rows.input_step..) else { return };
            let Some(output) = rows.output.get_mut(row * rows.output_step + QUAD * quad..) else { return };
            let (biases, mantissas) = constants.split_at(QUAD);
            for (channel, out) in output.iter_mut().take(QUAD).enumerate() {
                let mut sum = biases[channel];
                let vectors = input[..layer.depth].chunks(LANES).zip(weights.chunks(LANES * QUAD));
                for (input, weights) in vectors {
                    let weights = weights.chunks(input.len()).nth(channel).unwrap_or_default();
                    for (&x, &w) in input.iter().zip(weights) {
                        sum = sum.wrapping_add(i32::from(x) * i32::from(w));
                    }
                }
                *out = finish.apply(sum, mantissas[channel], exponents[channel] as u8) as i8;
            }
        }
    }
}

#[cfg(kernel_isa = "armv8_1m_mve")]
use helium::apply;

#[cfg(kernel_isa = "armv8_1m_mve")]
mod helium {
    use core::arch::naked_asm;

    use super::{LANES, Quads, Rows};

    /// What the loops read. They copy it to their stack, where the fields that move are theirs.
    #[repr(C)]
    struct Job {
        zero: i32,
        output_step: usize,
        /// Elements of a row that whole pairs of vectors hold.
        paired: usize,
        /// From the end of a row's last whole vector to the row after the next.
        input_skip: usize,
        output_end: *mut i8,
        weights: *const i8,
        /// Elements of a row beyond `paired`.
        rest: usize,
        input: *const i8,
        input_step: usize,
        output: *mut i8,
        constants: *const i32,
        exponents: *const i8,
        quads: usize,
        nudge: i32,
        min: i32,
        max: i32,
    }

    #[inline(never)]
    pub(super) fn apply(layer: &Quads<'_>, quads: usize, rows: &mut Rows<'_>) {
        let paired = layer.depth / (2 * LANES) * (2 * LANES);
        let whole = layer.depth / LANES * LANES;
        let two_by_two = rows.rows / 2 * 2;
        let output = rows.output.as_mut_ptr();
        let mut job = Job {
            zero: layer.finish.zero.0,
            output_step: rows.output_step,
            paired,
            input_skip: (2 * rows.input_step).wrapping_sub(whole),
            output_end: output.wrapping_add(two_by_two * rows.output_step),
            weights: layer.weights.as_ptr(),
            rest: layer.depth - paired,
            input: rows.input.as_ptr(),
            input_step: rows.input_step,
            output,
            constants: layer.constants.as_ptr(),
            exponents: layer.exponents.as_ptr(),
            quads,
            nudge: layer.finish.nudge,
            min: layer.finish.clamp.min,
            max: layer.finish.clamp.max,
        };
        if two_by_two > 0 {
            // SAFETY: the caller, `Quads::apply`, checked that `quads` quads of weights, with the slack that the
            // last load needs, constants and exponents are there, that `rows.rows` rows of `depth` elements lie
            // in the input and that four outputs per quad of each lie in the output; `depth` and `quads` are not
            // 0. The loops read and write nothing else, and keep the registers that the ABI asks them to.
            unsafe { pairs(&raw const job) };
        }
        if rows.rows > two_by_two {
            job.input = job.input.wrapping_add(two_by_two * rows.input_step);
            job.output = job.output_end;
            // SAFETY: as above, for the last row alone.
            unsafe { single(&raw const job) };
        }
    }

    /// All quads, two rows at a time; at least one pair of rows.
    ///
    /// In the loop: r0 r2 r4 r6 sums of the first row, r8 r10 r12 lr of the second; r1, r3 the rows' next
    /// elements; r11 the next weights; r7 the end of the first row's paired vectors; r9 the quad's constants;
    /// r5 the next output. q0, q1 inputs, q2 weights, q4 least, q5 greatest, q6 mantissas, q7 second factors.
    #[unsafe(naked)]
    unsafe extern "C" fn pairs(job: *const Job) {
        naked_asm!(
            ".cpu cortex-m55",
            "push {{r4-r11, lr}}",
            "vpush {{d8-d15}}",
            "add r1, r0, #32",
            "ldm r1, {{r2-r9}}",
            "push {{r2-r9}}",
            "ldm r0, {{r2-r9}}",
            "push {{r2-r9}}",
            "ldrd r0, r1, [sp, #56]",
            "vdup.32 q4, r0",
            "vdup.32 q5, r1",
            // A quad: its constants.
            "1:",
            "ldrd r9, r0, [sp, #40]",
            "vldrb.s32 q7, [r0], #4",
            "add r1, r9, #32",
            "strd r1, r0, [sp, #40]",
            "vldrw.u32 q6, [r9, #16]",
            "vmov.i32 q0, #1",
            "vqshl.s32 q7, q0, q7",
            "ldr r0, [sp, #52]",
            "vqadd.s32 q7, q7, r0",
            "ldrd r1, r3, [sp, #28]",
            "add r3, r3, r1",
            "ldr r7, [sp, #8]",
            "ldr r11, [sp, #20]",
            "ldr r5, [sp, #36]",
            // Two rows: sums begin as biases.
            "2:",
            "ldm r9, {{r0, r2, r4, r6}}",
            "ldm r9, {{r8, r10, r12, lr}}",
            "add r7, r7, r1",
            "cmp r1, r7",
            "beq 4f",
            "3:",
            "vldrb.8 q0, [r1], #16",
            "vldrb.8 q1, [r3], #16",
            "vldrb.8 q2, [r11], #16",
            "vmladava.s8 r0, q0, q2",
            "vmladava.s8 r8, q1, q2",
            "vldrb.8 q2, [r11], #16",
            "vmladava.s8 r2, q0, q2",
            "vmladava.s8 r10, q1, q2",
            "vldrb.8 q2, [r11], #16",
            "vmladava.s8 r4, q0, q2",
            "vmladava.s8 r12, q1, q2",
            "vldrb.8 q2, [r11], #16",
            "vmladava.s8 r6, q0, q2",
            "vmladava.s8 lr, q1, q2",
            "vldrb.8 q0, [r1], #16",
            "vldrb.8 q1, [r3], #16",
            "vldrb.8 q2, [r11], #16",
            "vmladava.s8 r0, q0, q2",
            "vmladava.s8 r8, q1, q2",
            "vldrb.8 q2, [r11], #16",
            "vmladava.s8 r2, q0, q2",
            "vmladava.s8 r10, q1, q2",
            "vldrb.8 q2, [r11], #16",
            "vmladava.s8 r4, q0, q2",
            "vmladava.s8 r12, q1, q2",
            "vldrb.8 q2, [r11], #16",
            "vmladava.s8 r6, q0, q2",
            "vmladava.s8 lr, q1, q2",
            "cmp r1, r7",
            "bne 3b",
            "4:",
            "ldr r7, [sp, #24]",
            "cbnz r7, 6f",
            // Eight sums to eight outputs.
            "5:",
            "vmov q0[2], q0[0], r0, r4",
            "vmov q0[3], q0[1], r2, r6",
            "vmov q1[2], q1[0], r8, r12",
            "vmov q1[3], q1[1], r10, lr",
            "ldm sp, {{r0, r2, r7, r8, r10, r11}}",
            "vqrdmulh.s32 q0, q0, q6",
            "vqrdmulh.s32 q1, q1, q6",
            "vqrdmlash.s32 q0, q7, r0",
            "vqrdmlash.s32 q1, q7, r0",
            "vmax.s32 q0, q0, q4",
            "vmax.s32 q1, q1, q4",
            "vmin.s32 q0, q0, q5",
            "vmin.s32 q1, q1, q5",
            "vstrb.32 q0, [r5]",
            "add r5, r5, r2",
            "vstrb.32 q1, [r5]",
            "add r5, r5, r2",
            "add r1, r1, r8",
            "add r3, r3, r8",
            "cmp r5, r10",
            "bne 2b",
            "b 7f",
            "6:",
            "b 8f",
            // The next quad: weights by 4 rows, outputs by 4.
            "7:",
            "ldr r0, [sp, #24]",
            "add r0, r0, r7",
            "add r11, r11, r0, lsl #2",
            "str r11, [sp, #20]",
            "add r10, r10, #4",
            "str r10, [sp, #16]",
            "ldr r0, [sp, #36]",
            "add r0, r0, #4",
            "str r0, [sp, #36]",
            "ldr r0, [sp, #48]",
            "subs r0, r0, #1",
            "str r0, [sp, #48]",
            "bne 1b",
            "add sp, sp, #64",
            "vpop {{d8-d15}}",
            "pop {{r4-r11, pc}}",
            // A whole vector that has no partner, and what is left.
            "8:",
            "cmp r7, #16",
            "blo 9f",
            "vldrb.8 q0, [r1], #16",
            "vldrb.8 q1, [r3], #16",
            "vldrb.8 q2, [r11], #16",
            "vmladava.s8 r0, q0, q2",
            "vmladava.s8 r8, q1, q2",
            "vldrb.8 q2, [r11], #16",
            "vmladava.s8 r2, q0, q2",
            "vmladava.s8 r10, q1, q2",
            "vldrb.8 q2, [r11], #16",
            "vmladava.s8 r4, q0, q2",
            "vmladava.s8 r12, q1, q2",
            "vldrb.8 q2, [r11], #16",
            "vmladava.s8 r6, q0, q2",
            "vmladava.s8 lr, q1, q2",
            "subs r7, r7, #16",
            "beq 5b",
            "9:",
            // Inputs beyond the row count as 0, so weights may be anything there.
            "vctp.8 r7",
            "vpstt",
            "vldrbt.u8 q0, [r1]",
            "vldrbt.u8 q1, [r3]",
            "vldrb.8 q2, [r11]",
            "add r11, r11, r7",
            "vmladava.s8 r0, q0, q2",
            "vmladava.s8 r8, q1, q2",
            "vldrb.8 q2, [r11]",
            "add r11, r11, r7",
            "vmladava.s8 r2, q0, q2",
            "vmladava.s8 r10, q1, q2",
            "vldrb.8 q2, [r11]",
            "add r11, r11, r7",
            "vmladava.s8 r4, q0, q2",
            "vmladava.s8 r12, q1, q2",
            "vldrb.8 q2, [r11]",
            "vmladava.s8 r6, q0, q2",
            "vmladava.s8 lr, q1, q2",
            "b 5b",
        )
    }

    /// All quads of one row.
    ///
    /// In the loop: r0 r2 r4 r6 sums; r1 the row's next elements; r8 the next weights; r3 constants; r7
    /// exponents; r5 the next output; r9 quads left; r10 pairs of vectors; r11 elements beyond them; r12 zero.
    /// q0 inputs, q2 weights, q3 ones, q4 least, q5 greatest, q6 mantissas, q7 second factors.
    #[unsafe(naked)]
    unsafe extern "C" fn single(job: *const Job) {
        naked_asm!(
            ".cpu cortex-m55",
            "push {{r4-r11, lr}}",
            "vpush {{d8-d15}}",
            "ldrd r4, r9, [r0, #24]",
            "mov r11, r4",
            "ldrd r4, r6, [r0, #52]",
            "ldr r1, [r0, #60]",
            "vdup.32 q4, r6",
            "vdup.32 q5, r1",
            "push {{r4, r9}}",
            "vmov.i32 q3, #1",
            "ldr r12, [r0]",
            "ldr r10, [r0, #8]",
            "ldr r8, [r0, #20]",
            "lsr r10, r10, #5",
            "ldrd r5, r3, [r0, #36]",
            "ldrd r7, r9, [r0, #44]",
            "1:",
            "ldm r3!, {{r0, r2, r4, r6}}",
            "ldr r1, [sp, #4]",
            "wls lr, r10, 3f",
            "2:",
            "vldrb.8 q0, [r1], #16",
            "vldrb.8 q2, [r8], #16",
            "vmladava.s8 r0, q0, q2",
            "vldrb.8 q2, [r8], #16",
            "vmladava.s8 r2, q0, q2",
            "vldrb.8 q2, [r8], #16",
            "vmladava.s8 r4, q0, q2",
            "vldrb.8 q2, [r8], #16",
            "vmladava.s8 r6, q0, q2",
            "vldrb.8 q0, [r1], #16",
            "vldrb.8 q2, [r8], #16",
            "vmladava.s8 r0, q0, q2",
            "vldrb.8 q2, [r8], #16",
            "vmladava.s8 r2, q0, q2",
            "vldrb.8 q2, [r8], #16",
            "vmladava.s8 r4, q0, q2",
            "vldrb.8 q2, [r8], #16",
            "vmladava.s8 r6, q0, q2",
            "le lr, 2b",
            "3:",
            "mov lr, r11",
            "cmp lr, #16",
            "blo 4f",
            "vldrb.8 q0, [r1], #16",
            "vldrb.8 q2, [r8], #16",
            "vmladava.s8 r0, q0, q2",
            "vldrb.8 q2, [r8], #16",
            "vmladava.s8 r2, q0, q2",
            "vldrb.8 q2, [r8], #16",
            "vmladava.s8 r4, q0, q2",
            "vldrb.8 q2, [r8], #16",
            "vmladava.s8 r6, q0, q2",
            "sub lr, lr, #16",
            "4:",
            "cmp lr, #0",
            "beq 5f",
            "vctp.8 lr",
            "vpst",
            "vldrbt.u8 q0, [r1]",
            "vldrb.8 q2, [r8]",
            "add r8, r8, lr",
            "vmladava.s8 r0, q0, q2",
            "vldrb.8 q2, [r8]",
            "add r8, r8, lr",
            "vmladava.s8 r2, q0, q2",
            "vldrb.8 q2, [r8]",
            "add r8, r8, lr",
            "vmladava.s8 r4, q0, q2",
            "vldrb.8 q2, [r8]",
            "add r8, r8, lr",
            "vmladava.s8 r6, q0, q2",
            "5:",
            "vmov q0[2], q0[0], r0, r4",
            "vmov q0[3], q0[1], r2, r6",
            "ldr r0, [sp]",
            "vldrw.u32 q6, [r3], #16",
            "vldrb.s32 q7, [r7], #4",
            "vqshl.s32 q7, q3, q7",
            "vqadd.s32 q7, q7, r0",
            "vqrdmulh.s32 q0, q0, q6",
            "vqrdmlash.s32 q0, q7, r12",
            "vmax.s32 q0, q0, q4",
            "vmin.s32 q0, q0, q5",
            "vstrb.32 q0, [r5], #4",
            "subs r9, r9, #1",
            "bne 1b",
            "add sp, sp, #8",
            "vpop {{d8-d15}}",
            "pop {{r4-r11, pc}}",
        )
    }
}
