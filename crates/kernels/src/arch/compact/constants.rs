//! What a layer is made of beside its shape.

use bytemuck::try_cast_slice;
use quant::{Clamp, Halving, Multiplier, ZeroPoint, scale_down};

use super::inner;
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

/// Bytes of a layer's constants: as many as the plain ones have.
pub fn constant_bytes(channels: usize, weights: usize) -> Option<usize> {
    channels.checked_mul(9)?.checked_add(weights)
}

/// What a layer works on.
#[derive(Debug)]
pub struct CompactBuffers<'b> {
    /// What it writes.
    pub output: &'b mut [i8],
    /// What it reads.
    pub input: &'b [i8],
    /// Twice the bias, and the mantissa, of each channel as [`Halving`] has them; then the exponents, then the weights; aligned
    /// to 4.
    pub constants: &'b [u8],
    /// Room for the taps of one output.
    pub scratch: &'b mut [i8],
}

/// How the outputs of a pixel are made.
pub(super) type Pixel = fn(&Constants<'_>, &CompactOutput, &[i8], &mut [i8]);

/// A layer's constants, apart.
pub(super) struct Constants<'a> {
    heads: &'a [[i32; 2]],
    exponents: &'a [u8],
    weights: &'a [i8],
}

impl<'a> Constants<'a> {
    /// Those of a layer with so many channels and weights.
    pub(super) fn of(bytes: &'a [u8], channels: usize, weights: usize) -> Option<Self> {
        let (heads, rest) = bytes.split_at_checked(8 * channels)?;
        let (exponents, rest) = rest.split_at_checked(channels)?;
        let constants =
            Self { heads: try_cast_slice(heads).ok()?, exponents, weights: bytemuck::cast_slice(rest) };
        (rest.len() == weights).then_some(constants)
    }

    /// The outputs of one pixel from the taps that it reads, with a filter for each channel.
    #[inline]
    pub(super) fn rows(&self, output: &CompactOutput, taps: &[i8], pixel: &mut [i8]) {
        self.pixel(output, pixel, |channel, sums| *sums = inner::rows(taps, self.weights, channel));
    }

    /// The same, where each tap is for one channel.
    #[inline]
    pub(super) fn lanes(&self, output: &CompactOutput, taps: &[i8], pixel: &mut [i8]) {
        let channels = pixel.len();
        self.pixel(output, pixel, |channel, sums| inner::lanes(sums, taps, self.weights, channel, channels));
    }

    /// The outputs of one pixel from the sums of some channels, from one on.
    #[inline]
    fn pixel<const N: usize>(
        &self,
        output: &CompactOutput,
        pixel: &mut [i8],
        fill: impl Fn(usize, &mut [i32; N]),
    ) {
        let centre = Halving::centre(ZeroPoint(output.output_zero.into()));
        let mut constants = self.heads.iter().zip(self.exponents);
        let mut sums = [0; N];
        for (channel, out) in pixel.iter_mut().enumerate() {
            let of_these = channel % N;
            if of_these == 0 {
                fill(channel, &mut sums);
            }
            let Some(sum) = sums.get(of_these) else { return };
            let Some((&[bias, mantissa], &exponent)) = constants.next() else { return };
            let doubled = sum.wrapping_mul(2).wrapping_add(bias);
            *out = output.clamp(Halving { mantissa, exponent }.scale(doubled, centre));
        }
    }
}
