//! Sums and means over axes, and the rounded quotient of average pooling.

use core::num::NonZeroU32;

use crate::multiplier::{Affine, Clamp, Multiplier, ZeroPoint};
use crate::rounding::saturate_i32;

/// SUM or MEAN over `count` elements: `clamp(zero_out + multiplier · (sum − count · zero_in))`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Reduction {
    /// `count · zero_in`, saturated.
    pub centre: i32,
    /// Input scale over output scale; for MEAN also over `count`.
    pub multiplier: Multiplier,
    /// Zero point of the output.
    pub zero_out: ZeroPoint,
    /// Limits of the output.
    pub clamp: Clamp,
}

impl Reduction {
    /// The constants of SUM.
    ///
    /// Source: TFLM `PrepareMeanOrSumHelper`, `QuantizedMeanOrSum`.
    pub fn for_sum(input: Affine, output: Affine, count: NonZeroU32, clamp: Clamp) -> Option<Self> {
        Some(Self {
            centre: saturate_i32(i64::from(input.zero.0) * i64::from(count.get())),
            multiplier: Multiplier::from_real(f64::from(input.scale) / f64::from(output.scale))?,
            zero_out: output.zero,
            clamp,
        })
    }

    /// The constants of MEAN.
    ///
    /// `count` goes into the factor: `mantissa · 2^s / count` rounded towards zero, with the shift lower by
    /// `s = ⌊log2 count⌋`, or by less where the shift would leave its range. (TFLM before March 2023 divided
    /// the scaled sum instead, which gives other bytes.)
    ///
    /// Source: TFLM `QuantizedMeanOrSum`.
    pub fn for_mean(input: Affine, output: Affine, count: NonZeroU32, clamp: Clamp) -> Option<Self> {
        let sum = Self::for_sum(input, output, count, clamp)?;
        let factor = sum.multiplier;
        let shift = (count.ilog2() as i32).min(31 + i32::from(factor.shift()));
        let mantissa = (i64::from(factor.mantissa()) << shift) / i64::from(count.get());
        let multiplier =
            Multiplier::fraction(saturate_i32(mantissa)).shifted(i32::from(factor.shift()) - shift);
        Some(Self { multiplier, ..sum })
    }

    /// The output for the sum of the inputs.
    #[inline]
    pub fn apply(&self, sum: i32) -> i32 {
        self.multiplier.requantize(sum.saturating_sub(self.centre), self.zero_out, self.clamp)
    }
}

/// `x` times a factor with a 16-bit mantissa, as [`Multiplier::scale_wide`], but with the high bits of a result
/// outside `i32` dropped: a step of REDUCE_PROD, whose products the source lets overflow.
///
/// Source: TFLite `QuantizedReduceProd`.
#[inline]
pub fn product_step(x: i64, factor: Multiplier) -> i32 {
    let product = x.wrapping_mul(factor.mantissa_16().into());
    match 15 - i32::from(factor.shift()) {
        shift @ 1.. => (product.wrapping_add(1 << (shift - 1)) >> shift) as i32,
        shift => product.wrapping_shl(shift.unsigned_abs()) as i32,
    }
}

/// `sum / count`, rounded to nearest with ties away from zero: AVERAGE_POOL_2D.
///
/// For an odd `count` there are no ties. Source: TFLM `AveragePool` on int8 and int16.
#[inline]
pub fn rounded_quotient(sum: i32, count: NonZeroU32) -> i32 {
    let magnitude = (sum.unsigned_abs().saturating_add(count.get() / 2) / count) as i32;
    match sum {
        0.. => magnitude,
        _ => magnitude.wrapping_neg(),
    }
}

#[cfg(test)]
mod product_tests {
    use super::*;

    #[test]
    fn a_step_rounds_ties_up_and_drops_what_does_not_fit() {
        let half = Multiplier::from_real(0.5).unwrap();
        assert_eq!(product_step(3, half), 2);
        assert_eq!(product_step(-3, half), -1);
        assert_eq!(product_step(1 << 33, half), 0);
        assert_eq!(product_step((1 << 33) + 6, half), 3);
        let factor = |shift| Multiplier::new(1 << 30, shift).unwrap();
        assert_eq!([product_step(2, factor(-1)), product_step(1, factor(-1))], [1, 0]);
        assert_eq!([product_step(3, factor(15)), product_step(3, factor(16))], [3 << 14, 3 << 15]);
    }
}
