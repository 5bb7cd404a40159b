//! ADD of two images of one shape.

#![cfg_attr(kernel_isa = "armv8_1m_mve", allow(unsafe_code))]

use quant::{Sum, SumByProducts};

use crate::KernelError;
use crate::reference::Source;

/// A sum of elements, four at a time.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct HeliumAdd {
    /// As [`add_s8`](crate::reference::add_s8) has it.
    pub sum: Sum,
}

impl HeliumAdd {
    /// A sum that this kernel can compute; `None` for one that it cannot.
    pub fn new(sum: Sum) -> Option<Self> {
        SumByProducts::new(&sum).map(|_| Self { sum })
    }

    /// Adds; byte for byte [`add_s8`](crate::reference::add_s8) of tensors of one shape.
    ///
    /// # Cost
    /// 17 instructions for four elements. No scratch.
    ///
    /// # Errors
    /// [`KernelError::Length`]; [`KernelError::Value`] for constants that [`HeliumAdd::new`] would not take.
    pub fn run(&self, a: Source<'_, i8>, b: Source<'_, i8>, output: &mut [i8]) -> Result<(), KernelError> {
        let sum = SumByProducts::new(&self.sum).ok_or(KernelError::Value)?;
        for source in [&a, &b] {
            if let Source::Given(elements) = source {
                KernelError::check(Some(elements.len()), output.len())?;
            }
        }
        add(&sum, a, b, output);
        Ok(())
    }
}

#[cfg(not(kernel_isa = "armv8_1m_mve"))]
fn add(sum: &SumByProducts, a: Source<'_, i8>, b: Source<'_, i8>, output: &mut [i8]) {
    for (at, out) in output.iter_mut().enumerate() {
        let read = |source: &Source<'_, i8>| match source {
            Source::Given(elements) => i32::from(elements[at]),
            Source::Output => i32::from(*out),
        };
        *out = sum.add(read(&a), read(&b)) as i8;
    }
}

#[cfg(kernel_isa = "armv8_1m_mve")]
use helium::add;

#[cfg(kernel_isa = "armv8_1m_mve")]
mod helium {
    use core::arch::naked_asm;

    use quant::SumByProducts;

    use crate::reference::Source;

    #[repr(C)]
    struct Job {
        a: *const i8,
        b: *const i8,
        output: *mut i8,
        len: usize,
        minus_zero_a: i32,
        mantissa_a: i32,
        minus_zero_b: i32,
        mantissa_b: i32,
        mantissa: i32,
        zero: i32,
        second_a: i32,
        second_b: i32,
        second: i32,
        min: i32,
        max: i32,
        unit: i32,
    }

    pub(super) fn add(sum: &SumByProducts, a: Source<'_, i8>, b: Source<'_, i8>, output: &mut [i8]) {
        let out = output.as_mut_ptr();
        let from = |source: Source<'_, i8>| match source {
            Source::Given(elements) => elements.as_ptr(),
            Source::Output => out.cast_const(),
        };
        let [first, second] = sum.inputs;
        let job = Job {
            a: from(a),
            b: from(b),
            output: out,
            len: output.len(),
            minus_zero_a: first.minus_zero,
            mantissa_a: first.mantissa,
            minus_zero_b: second.minus_zero,
            mantissa_b: second.mantissa,
            mantissa: sum.mantissa,
            zero: sum.zero.0,
            second_a: first.second,
            second_b: second.second,
            second: sum.second,
            min: sum.clamp.min,
            max: sum.clamp.max,
            unit: SumByProducts::UNIT,
        };
        // SAFETY: both inputs are as long as the output, as `HeliumAdd::run` checked, or are the output, each of
        // whose elements is read before it is written. The loop is predicated by the length, touches nothing
        // else, and keeps the registers that the ABI asks it to.
        unsafe { add_job(&raw const job) };
    }

    #[unsafe(naked)]
    unsafe extern "C" fn add_job(job: *const Job) {
        naked_asm!(
            ".cpu cortex-m55",
            "push {{r4-r11, lr}}",
            "vpush {{d8-d15}}",
            "add r12, r0, #40",
            "ldm r12, {{r1-r6}}",
            "vdup.32 q2, r1",
            "vdup.32 q3, r2",
            "vdup.32 q7, r3",
            "vdup.32 q5, r4",
            "vdup.32 q6, r5",
            "vdup.32 q4, r6",
            "mov r12, r0",
            "ldm r12, {{r0-r9}}",
            "mov r10, #0",
            "wlstp.32 lr, r3, 2f",
            "1:",
            "vldrb.s32 q0, [r0], #4",
            "vldrb.s32 q1, [r1], #4",
            "vmlas.u32 q0, q4, r4",
            "vmlas.u32 q1, q4, r6",
            "vqrdmulh.s32 q0, q0, r5",
            "vqrdmulh.s32 q1, q1, r7",
            "vqrdmlash.s32 q0, q2, r10",
            "vqrdmlash.s32 q1, q3, r10",
            "vadd.i32 q0, q0, q1",
            "vqrdmulh.s32 q0, q0, r8",
            "vshr.s32 q1, q0, #31",
            "vadd.i32 q0, q0, q1",
            "vqrdmlash.s32 q0, q7, r9",
            "vmax.s32 q0, q0, q5",
            "vmin.s32 q0, q0, q6",
            "vstrb.32 q0, [r2], #4",
            "letp lr, 1b",
            "2:",
            "vpop {{d8-d15}}",
            "pop {{r4-r11, pc}}",
        )
    }
}
