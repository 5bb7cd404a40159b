//! What a layer is made of beside its shape.

use bytemuck::try_cast_slice;
use quant::{Clamp, Multiplier, ZeroPoint};

use crate::KernelError;

/// Zero points and limits of int8 images.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct CompactOutput {
    /// Zero of the input.
    pub input_zero: i8,
    /// Zero of the output.
    pub output_zero: i8,
    /// The fused activation: least value.
    pub min: i8,
    /// Greatest value.
    pub max: i8,
}

impl CompactOutput {
    /// The same in bytes, where they are int8's.
    pub fn of(input_zero: ZeroPoint, output_zero: ZeroPoint, clamp: Clamp) -> Option<Self> {
        Some(Self {
            input_zero: input_zero.0.try_into().ok()?,
            output_zero: output_zero.0.try_into().ok()?,
            min: clamp.min.max(i8::MIN.into()).try_into().ok()?,
            max: clamp.max.min(i8::MAX.into()).try_into().ok()?,
        })
    }
}

/// Bytes of a layer's constants: as many as the plain ones have.
pub fn constant_bytes(channels: usize, weights: usize) -> Option<usize> {
    channels.checked_mul(9)?.checked_add(weights)
}

/// A layer's constants: bias and mantissa of each channel, then the shifts, then the weights.
pub(super) struct Constants<'a> {
    heads: &'a [[i32; 2]],
    shifts: &'a [i8],
    /// In the order that the kernel says.
    pub weights: &'a [i8],
}

impl<'a> Constants<'a> {
    #[inline(never)]
    pub(super) fn of(bytes: &'a [u8], channels: usize, weights: usize) -> Result<Self, KernelError> {
        KernelError::check(constant_bytes(channels, weights), bytes.len())?;
        let parts = || {
            let (heads, rest) = bytes.split_at_checked(8 * channels)?;
            let (shifts, weights) = rest.split_at_checked(channels)?;
            let [shifts, weights] = [shifts, weights].map(bytemuck::cast_slice);
            Some(Self { heads: try_cast_slice(heads).ok()?, shifts, weights })
        };
        parts().ok_or(KernelError::Geometry)
    }

    /// What a channel's sum becomes, its bias not yet in it.
    #[inline(never)]
    pub(super) fn output(&self, output: &CompactOutput, channel: usize, sum: i32) -> i8 {
        let (Some(&[bias, mantissa]), Some(&shift)) = (self.heads.get(channel), self.shifts.get(channel))
        else {
            return 0;
        };
        let multiplier = Multiplier::new(mantissa, shift).unwrap_or(Multiplier::ZERO);
        let clamp = Clamp { min: output.min.into(), max: output.max.into() };
        multiplier.requantize(sum.wrapping_add(bias), ZeroPoint(output.output_zero.into()), clamp) as i8
    }
}
