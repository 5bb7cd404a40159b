//! What a layer is made of beside its shape.

use quant::{Clamp, Multiplier, ZeroPoint, scale_down};

use super::inner::PADDING;

/// Zero points and limits of int8 images.
#[derive(Clone, Copy, Debug, PartialEq, Eq, bytemuck::Pod, bytemuck::Zeroable)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[repr(C)]
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

    /// An output from how far it is above the zero.
    #[inline]
    pub(super) fn place(&self, above: i32) -> i8 {
        self.clamp(above.saturating_add(self.output_zero.into()))
    }

    /// An output within its limits.
    #[inline]
    pub(super) fn clamp(&self, q: i32) -> i8 {
        // As `Clamp` does where its ends cross.
        q.max(self.min.into()).min(self.max.into()) as i8
    }
}

/// A factor that shifts right, or not at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct CompactFactor {
    /// As [`Multiplier::mantissa`] says.
    pub mantissa: i32,
    /// Places to shift right.
    pub right: u8,
}

impl CompactFactor {
    /// The same factor; `None` where it shifts left.
    pub fn of(factor: Multiplier) -> Option<Self> {
        let right = u8::try_from(-i32::from(factor.shift())).ok()?;
        Some(Self { mantissa: factor.mantissa(), right })
    }

    /// As [`Multiplier::scale`].
    pub(super) fn scale(self, x: i32) -> i32 {
        scale_down(x, self.mantissa, self.right.into())
    }
}

/// Bytes of a layer's constants: as many as the plain ones have, and [`PADDING`].
pub fn constant_bytes(channels: usize, weights: usize) -> Option<usize> {
    channels.checked_mul(9)?.checked_add(weights)?.checked_add(PADDING)
}

/// What a layer works on.
#[derive(Debug)]
pub struct CompactBuffers<'b> {
    /// What it writes.
    pub output: &'b mut [i8],
    /// What it reads.
    pub input: &'b [i8],
    /// Twice the bias, and the mantissa, of each channel as [`quant::Halving`] has them; then the exponents, then the weights, then
    /// [`PADDING`]; aligned to 4.
    pub constants: &'b [u8],
    /// Room for the taps of one output, and [`PADDING`].
    pub scratch: &'b mut [i8],
}
