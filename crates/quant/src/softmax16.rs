//! SOFTMAX on int16, with two interpolated tables.

use crate::float;
use crate::lut::{LUT16_ENTRIES, lut_i16, lut_lookup_i16};
use crate::multiplier::{Affine, Multiplier, ZeroPoint};
use crate::rounding::saturate_i16;

/// Steps of the tables' inputs.
const RANGE: f32 = 65535.0;

/// `e^x` over `[-10, 0]`, output in Q0.15.
///
/// Source: TFLM `InitializeLutForInt16`.
pub fn exp_lut() -> [i16; LUT16_ENTRIES] {
    let input = Affine { scale: 10.0 / RANGE, zero: ZeroPoint(i16::MAX as i32) };
    lut_i16(input, Affine { scale: 2.0 / RANGE, zero: ZeroPoint(0) }, float::exp)
}

/// `1 / (1 + x)` over `[0, 1]`, output in Q0.15.
///
/// Source: TFLM `InitializeLutForInt16`.
pub fn one_over_one_plus_lut() -> [i16; LUT16_ENTRIES] {
    let input = Affine { scale: 1.0 / RANGE, zero: ZeroPoint(i16::MIN as i32) };
    lut_i16(input, Affine { scale: 2.0 / RANGE, zero: ZeroPoint(0) }, |x| 1.0 / (1.0 + x))
}

/// The factor that makes a difference of real −10 one of −65,535.
///
/// Source: TFLM `CalculateSoftmaxParams` for int16.
pub fn softmax16_multiplier(scale: f32, beta: f32) -> Option<Multiplier> {
    Multiplier::from_real(f64::from(scale) * f64::from(beta) / (10.0 / 65535.0))
}

/// `e^(beta · scale · difference)` in Q0.15 for `difference = q − maximum ≤ 0`.
///
/// Source: TFLM `SoftMaxCalculateExp`.
#[inline]
pub fn softmax16_exp(difference: i32, multiplier: Multiplier, exp_lut: &[i16; LUT16_ENTRIES]) -> i16 {
    let scaled = multiplier.scale(difference);
    // [-65535, 0] becomes [-32768, 32767].
    lut_lookup_i16(saturate_i16(scaled.saturating_add(32767)), exp_lut)
}

/// The reciprocal of a row's sum of exponentials.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Softmax16Scale {
    /// Of the sum normalised to `[1, 2)`, Q0.15.
    reciprocal: i16,
    /// In `[1, 31]`.
    right_shift: u32,
}

impl Softmax16Scale {
    /// From the sum of a row's exponentials, Q16.15.
    ///
    /// The largest term alone makes the sum at least 32,767. A sum below 2, undefined in the source, gives
    /// outputs without meaning.
    ///
    /// Source: TFLM `SoftmaxInt16`.
    pub fn of(sum: i32, one_over_one_plus_lut: &[i16; LUT16_ENTRIES]) -> Self {
        let headroom = sum.leading_zeros();
        // Q1.16 with the leading one at bit 16, rounded; less 1, less half the range.
        let normalised = ((i64::from(sum) << headroom >> 1) + (1 << 13)) >> 14;
        let centred = saturate_i16(normalised as i32 - ((1 << 15) + (1 << 16)));
        Self {
            reciprocal: lut_lookup_i16(centred, one_over_one_plus_lut),
            right_shift: 31u32.saturating_sub(headroom).max(1),
        }
    }

    /// The probability, scale 2^−15: `exp · reciprocal`, ties towards +∞, in `[0, 32767]`.
    #[inline]
    pub fn output(self, exp: i16) -> i16 {
        let product = i64::from(exp) * i64::from(self.reciprocal);
        let rounded = (product + (1 << (self.right_shift - 1))) >> self.right_shift;
        rounded.clamp(0, 32767) as i16
    }
}
