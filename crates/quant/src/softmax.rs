//! SOFTMAX and LOG_SOFTMAX on int8, in three passes: the row's maximum, the sum of exponentials, the output.

use fixed::types::{I1F31, I6F26, I13F19};

use crate::curves::input_radius;
use crate::fixed_point::{Reciprocal, exp_on_negative, ln_of_at_least_one};
use crate::multiplier::Multiplier;
use crate::rounding::{round_shift_right, saturate_i8, saturate_i16, saturating_shift_left, scale_down};

/// Bits left of the binary point of a scaled difference: Q5.26.
const DIFFERENCE_INTEGER_BITS: u32 = 5;
/// Bits left of the binary point of a sum of exponentials: Q12.19.
const SUM_INTEGER_BITS: u32 = 12;

/// The input side of SOFTMAX and LOG_SOFTMAX: differences from the row's maximum to Q5.26.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct SoftmaxInput {
    /// `beta · scale · 2^26`, at most 2^31 − 1.
    pub multiplier: Multiplier,
    /// A difference below this one counts as −∞; not positive.
    pub least_difference: i32,
}

impl SoftmaxInput {
    /// The constants for inputs of this `scale`; LOG_SOFTMAX has a `beta` of 1.
    ///
    /// `None` when the product is not above 2^−26, where the source aborts.
    /// Source: TFLM `PreprocessSoftmaxScaling`, `CalculateSoftmaxParams`.
    pub fn prepare(scale: f32, beta: f32) -> Option<Self> {
        let product = f64::from(beta) * f64::from(scale) * f64::from(1u32 << (31 - DIFFERENCE_INTEGER_BITS));
        let real = Some(product).filter(|product| *product > 1.0)?.min(2_147_483_647.0);
        let multiplier = Multiplier::from_real(real)?;
        let least_difference = -input_radius(DIFFERENCE_INTEGER_BITS, multiplier.shift().into());
        Some(Self { multiplier, least_difference })
    }

    /// `e^(beta · scale · difference)` for `difference = q − maximum ≤ 0`; `None` where that counts as 0.
    #[inline(never)]
    pub fn exp(&self, difference: i32) -> Option<I1F31> {
        if difference < self.least_difference {
            return None;
        }
        // As `Multiplier::scale`.
        let shift = self.multiplier.shift();
        let whole = saturating_shift_left(difference, shift.max(0).unsigned_abs().into());
        let right = shift.min(0).unsigned_abs();
        Some(exp_on_negative(I6F26::from_bits(scale_down(whole, self.multiplier.mantissa(), right.into()))))
    }
}

/// A row's sum of exponentials, Q12.19.
///
/// It overflows from 4,096 largest terms on, which is undefined in the source; it saturates here.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ExpSum(I13F19);

impl ExpSum {
    /// An empty sum.
    pub const ZERO: Self = Self(I13F19::ZERO);

    /// The sum with one more exponential, rounded to 19 fractional bits with ties away from zero.
    #[inline]
    pub fn plus(self, exp: I1F31) -> Self {
        let term = round_shift_right(exp.to_bits(), SUM_INTEGER_BITS);
        Self(self.0.saturating_add(I13F19::from_bits(term)))
    }

    /// The sum itself.
    pub const fn value(self) -> I13F19 {
        self.0
    }

    /// What every exponential of the row is multiplied by.
    #[inline(never)]
    pub fn reciprocal(self) -> SoftmaxScale {
        SoftmaxScale(Reciprocal::of(self.0.to_bits(), SUM_INTEGER_BITS))
    }
}

/// The reciprocal of a row's sum.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SoftmaxScale(Reciprocal);

impl SoftmaxScale {
    /// The probability as int8: scale 1/256, zero point −128.
    ///
    /// Sums of 512 and more make the source abort; their quotients round to 0 here.
    /// Source: TFLM `Softmax<int8_t, int8_t>`.
    #[inline]
    pub fn to_i8(self, exp: I1F31) -> i8 {
        saturate_i8(self.quotient(exp, 8).saturating_add(i8::MIN.into()))
    }

    /// The probability as int16: scale 2^−16, zero point −32,768.
    ///
    /// Source: TFLM `Softmax<int8_t, int16_t>`.
    #[inline]
    pub fn to_i16(self, exp: I1F31) -> i16 {
        saturate_i16(self.quotient(exp, 16).saturating_add(i16::MIN.into()))
    }

    fn quotient(self, exp: I1F31, output_bits: i32) -> i32 {
        let shift = self.0.bits_over_unit + 31 - output_bits;
        scale_down(self.0.scale.to_bits(), exp.to_bits(), shift.unsigned_abs())
    }
}

/// LOG_SOFTMAX: the input side and the way back from Q5.26 to input steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct LogSoftmax {
    /// Differences to Q5.26.
    pub input: SoftmaxInput,
    /// Q5.26 to differences: the inverse of the input's factor.
    pub inverse: Multiplier,
}

impl LogSoftmax {
    /// The constants for inputs of this `scale`; the output has scale 1/16 and zero point 127.
    ///
    /// `None` where the source aborts: a scale of 2^−26 or less.
    /// Source: TFLM `PreprocessLogSoftmaxScalingExp`.
    pub fn prepare(scale: f32) -> Option<Self> {
        let input = SoftmaxInput::prepare(scale, 1.0)?;
        // The multiplier of anything above 1 has a shift of at least 1.
        let shift = 31u32.checked_sub(u32::try_from(input.multiplier.shift()).ok()?)?;
        let inverse = f64::from(1u32 << shift) / f64::from(input.multiplier.mantissa());
        Some(Self { input, inverse: Multiplier::from_real_below_one(inverse)? })
    }

    /// What a row of this sum needs for its outputs.
    pub fn row(&self, sum: ExpSum) -> LogSoftmaxRow {
        let ln_sum = ln_of_at_least_one(sum.value()).to_bits();
        // The least value of Q5.26 plus the logarithm, in input steps.
        let floor = self.inverse.scale(ln_sum.saturating_add(i32::MIN));
        LogSoftmaxRow {
            ln_sum: I6F26::from_bits(ln_sum),
            greatest_ignored: floor.max(self.input.least_difference.saturating_sub(1)),
        }
    }

    /// The output for `difference = q − maximum`.
    ///
    /// Source: TFLM `LogSoftmaxQuantized`.
    pub fn output(&self, row: LogSoftmaxRow, difference: i32) -> i8 {
        if difference <= row.greatest_ignored {
            return i8::MIN;
        }
        let x = self.input.multiplier.scale(difference);
        // Q5.26 to steps of 1/16.
        let steps =
            round_shift_right(x.saturating_sub(row.ln_sum.to_bits()), 31 - DIFFERENCE_INTEGER_BITS - 4);
        saturate_i8(steps + i32::from(i8::MAX))
    }
}

/// What the outputs of one row of LOG_SOFTMAX share.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LogSoftmaxRow {
    /// The logarithm of the sum of exponentials.
    ln_sum: I6F26,
    /// The greatest difference whose output is at its lower limit.
    greatest_ignored: i32,
}
