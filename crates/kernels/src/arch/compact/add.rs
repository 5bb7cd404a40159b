//! ADD.

#[cfg(kernel_isa = "armv8_1m_mve")]
mod helium;

use quant::{CommonScale, Sum};

use super::{CompactBuffers, CompactFactor, CompactOutput};

/// A sum of two tensors of one shape.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct CompactAdd {
    /// Zero of the first input, zero and limits of the output.
    pub output: CompactOutput,
    /// Zero of the second input.
    pub other_zero: i8,
    /// Factor of the first input, of the second, and of their sum.
    pub factors: [CompactFactor; 3],
}

impl CompactAdd {
    /// The same sum, where its numbers are those of an ADD on int8.
    pub fn of(sum: &Sum) -> Option<Self> {
        let inputs = &sum.inputs;
        let [a, b, both] = [inputs.multiplier_a, inputs.multiplier_b, sum.multiplier].map(CompactFactor::of);
        if inputs.left_shift != CommonScale::SUM_SHIFT_I8 {
            return None;
        }
        Some(Self {
            output: CompactOutput::of(inputs.zero_a, sum.zero_out, sum.clamp)?,
            other_zero: inputs.zero_b.0.try_into().ok()?,
            factors: [a?, b?, both?],
        })
    }

    /// As [`reference::add_s8`](crate::reference::add_s8), for tensors of one shape: the second is where layers with
    /// weights have their constants. The output cannot be the place of an input.
    ///
    /// `None` where lengths differ.
    pub fn run(&self, buffers: CompactBuffers<'_>) -> Option<()> {
        let CompactBuffers { output, input, constants: other, .. } = buffers;
        if input.len() != output.len() || other.len() != output.len() {
            return None;
        }
        self.add(input, other, output);
        Some(())
    }

    /// Adds tensors of one length.
    #[cfg(not(kernel_isa = "armv8_1m_mve"))]
    fn add(&self, input: &[i8], other: &[u8], output: &mut [i8]) {
        let [factor_a, factor_b, factor] = self.factors;
        let scaled = |q: i8, zero: i8, factor: CompactFactor| {
            factor.scale((i32::from(q) - i32::from(zero)) << CommonScale::SUM_SHIFT_I8)
        };
        for (out, (&a, &b)) in output.iter_mut().zip(input.iter().zip(other)) {
            let a = scaled(a, self.output.input_zero, factor_a);
            let b = scaled(b as i8, self.other_zero, factor_b);
            *out = self.output.place(factor.scale(a.saturating_add(b)));
        }
    }
}
