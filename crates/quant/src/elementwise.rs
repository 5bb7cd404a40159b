//! ADD, SUB, SQUARED_DIFFERENCE, comparisons, MUL and DIV, one element at a time.
//!
//! Inputs and outputs are passed as `i32` whatever their type; a result is within its clamp.

use crate::fixed_point::Reciprocal;
use crate::multiplier::{Affine, Clamp, Multiplier, ZeroPoint};
use crate::products::product_ratio;
use crate::rounding::{doubling_high_mul, round_shift_right, saturating_shift_left};

/// Two inputs of different scales brought to a common one.
///
/// An input `q` becomes `multiplier · ((q − zero) · 2^left_shift)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct CommonScale {
    /// Zero point of the first input.
    pub zero_a: ZeroPoint,
    /// Zero point of the second input.
    pub zero_b: ZeroPoint,
    /// Bits of headroom used: see the constants.
    pub left_shift: u32,
    /// Factor of the first input; below 1.
    pub multiplier_a: Multiplier,
    /// Factor of the second input; below 1.
    pub multiplier_b: Multiplier,
}

impl CommonScale {
    /// The shift of ADD, SUB, ADD_N and CUMSUM on 8 bits.
    pub const SUM_SHIFT_I8: u32 = 20;
    /// The shift of ADD and SUB on 16 bits.
    pub const SUM_SHIFT_I16: u32 = 15;
    /// The shift of SQUARED_DIFFERENCE on 8 bits: `(255 · 2^7)²` fits in 31 bits.
    pub const SQUARE_SHIFT_I8: u32 = 7;
    /// The shift of SQUARED_DIFFERENCE on 16 bits.
    pub const SQUARE_SHIFT_I16: u32 = 0;
    /// The shift of comparisons.
    pub const COMPARISON_SHIFT: u32 = 8;

    /// The first input on the common scale.
    #[inline]
    pub fn a(&self, q: i32) -> i32 {
        self.multiplier_a.scale(saturating_shift_left(q.saturating_sub(self.zero_a.0), self.left_shift))
    }

    /// The second input on the common scale.
    #[inline]
    pub fn b(&self, q: i32) -> i32 {
        self.multiplier_b.scale(saturating_shift_left(q.saturating_sub(self.zero_b.0), self.left_shift))
    }

    /// The scales that comparisons use: each input's own, in units of 2^−8.
    ///
    /// `None` when a scale is not in `(0, 1)`, where the source aborts.
    /// Source: TFLM `ComparisonsPrepare`.
    pub fn for_comparison(scale_a: f32, zero_a: ZeroPoint, scale_b: f32, zero_b: ZeroPoint) -> Option<Self> {
        Some(Self {
            zero_a,
            zero_b,
            left_shift: Self::COMPARISON_SHIFT,
            multiplier_a: Multiplier::from_real_below_one(scale_a.into())?,
            multiplier_b: Multiplier::from_real_below_one(scale_b.into())?,
        })
    }

    /// Both inputs on the common scale, to be compared.
    ///
    /// Source: TFLM `ComparisonWithScaling`.
    #[inline]
    pub fn both(&self, a: i32, b: i32) -> (i32, i32) {
        (self.a(a), self.b(b))
    }
}

/// A sum, difference or squared difference of two inputs on a common scale, brought to the output's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Sum {
    /// Brings the inputs to a common scale.
    pub inputs: CommonScale,
    /// From the common scale to the output's.
    pub multiplier: Multiplier,
    /// Zero point of the output.
    pub zero_out: ZeroPoint,
    /// Limits of the output.
    pub clamp: Clamp,
}

impl Sum {
    /// The constants of ADD, SUB, ADD_N (both inputs alike) and CUMSUM.
    ///
    /// With `t = 2 · max(a, b)`: factors `a / t`, `b / t` and `t / (2^left_shift · out)` in double
    /// precision. `None` when one of them is not in `(0, 1)`, where the source aborts.
    ///
    /// Source: TFLM `CalculateOpDataAdd` and, in the build that recorded outputs come from,
    /// `CalculateOpDataSub`.
    pub fn for_add(a: Affine, b: Affine, out: Affine, left_shift: u32, clamp: Clamp) -> Option<Self> {
        let twice_max = 2.0 * f64::from(a.scale.max(b.scale));
        let unit = f64::from(libm::ldexpf(1.0, left_shift as i32));
        Some(Self {
            inputs: CommonScale {
                zero_a: a.zero,
                zero_b: b.zero,
                left_shift,
                multiplier_a: Multiplier::from_real_below_one(f64::from(a.scale) / twice_max)?,
                multiplier_b: Multiplier::from_real_below_one(f64::from(b.scale) / twice_max)?,
            },
            multiplier: Multiplier::from_real_below_one(twice_max / (unit * f64::from(out.scale)))?,
            zero_out: out.zero,
            clamp,
        })
    }

    /// The constants of SQUARED_DIFFERENCE: the output's factor is `t² / (2^(2·left_shift) · out)` and may
    /// exceed 1.
    ///
    /// Source: TFLM `PrepareQuantized` of SQUARED_DIFFERENCE.
    pub fn for_squared_difference(
        a: Affine,
        b: Affine,
        out: Affine,
        left_shift: u32,
        clamp: Clamp,
    ) -> Option<Self> {
        let twice_max = 2.0 * f64::from(a.scale.max(b.scale));
        let unit = libm::ldexpf(1.0, 2 * left_shift as i32);
        Some(Self {
            inputs: CommonScale {
                zero_a: a.zero,
                zero_b: b.zero,
                left_shift,
                multiplier_a: Multiplier::from_real_below_one(f64::from(a.scale) / twice_max)?,
                multiplier_b: Multiplier::from_real_below_one(f64::from(b.scale) / twice_max)?,
            },
            multiplier: Multiplier::from_real((twice_max * twice_max) / f64::from(unit * out.scale))?,
            zero_out: out.zero,
            clamp,
        })
    }

    /// `a + b`.
    ///
    /// Source: TFLM `AddFunc`, `AddElementwise`.
    #[inline]
    pub fn add(&self, a: i32, b: i32) -> i32 {
        self.finish(self.inputs.a(a).saturating_add(self.inputs.b(b)))
    }

    /// `a − b`.
    ///
    /// Source: TFLM `SubElementwise`.
    #[inline]
    pub fn sub(&self, a: i32, b: i32) -> i32 {
        self.finish(self.inputs.a(a).saturating_sub(self.inputs.b(b)))
    }

    /// `(a − b)²`.
    ///
    /// Source: TFLM `SquaredDifference`.
    #[inline]
    pub fn squared_difference(&self, a: i32, b: i32) -> i32 {
        let difference = self.inputs.a(a).saturating_sub(self.inputs.b(b));
        self.finish(difference.saturating_mul(difference))
    }

    /// From the common scale to the output.
    ///
    /// ADD_N and CUMSUM accumulate [`CommonScale::a`] of their inputs and end here. Their sum starts from
    /// `inputs.a(0)`, which is not 0 unless the zero point is: so TFLM has it.
    #[inline]
    pub fn finish(&self, sum: i32) -> i32 {
        self.multiplier.requantize(sum, self.zero_out, self.clamp)
    }
}

/// MUL: `clamp(zero_out + multiplier · (a − zero_a) · (b − zero_b))`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Product {
    /// Zero point of the first input.
    pub zero_a: ZeroPoint,
    /// Zero point of the second input.
    pub zero_b: ZeroPoint,
    /// Product of the input scales over the output scale.
    pub multiplier: Multiplier,
    /// Zero point of the output.
    pub zero_out: ZeroPoint,
    /// Limits of the output.
    pub clamp: Clamp,
}

impl Product {
    /// The constants of MUL.
    ///
    /// Source: TFLM `CalculateOpDataMul`.
    pub fn prepare(a: Affine, b: Affine, out: Affine, clamp: Clamp) -> Option<Self> {
        let multiplier = product_ratio(a.scale, b.scale, out.scale)?;
        Some(Self { zero_a: a.zero, zero_b: b.zero, multiplier, zero_out: out.zero, clamp })
    }

    /// `a · b`.
    ///
    /// Source: TFLM `MulElementwise`.
    #[inline]
    pub fn apply(&self, a: i32, b: i32) -> i32 {
        let product = a.saturating_sub(self.zero_a.0).saturating_mul(b.saturating_sub(self.zero_b.0));
        self.multiplier.requantize(product, self.zero_out, self.clamp)
    }
}

/// DIV: `clamp(zero_out + multiplier · (a − zero_a) / (b − zero_b))`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Quotient {
    /// Zero point of the first input.
    pub zero_a: ZeroPoint,
    /// Zero point of the second input.
    pub zero_b: ZeroPoint,
    /// First input scale over the product of the second and the output's.
    pub multiplier: Multiplier,
    /// Zero point of the output.
    pub zero_out: ZeroPoint,
    /// Limits of the output.
    pub clamp: Clamp,
}

impl Quotient {
    /// The constants of DIV: `a / (b · out)` in double precision.
    ///
    /// Source: TFLM `CalculateOpDataDiv`, in the build that recorded outputs come from.
    pub fn prepare(a: Affine, b: Affine, out: Affine, clamp: Clamp) -> Option<Self> {
        let multiplier =
            Multiplier::from_real(f64::from(a.scale) / (f64::from(b.scale) * f64::from(out.scale)))?;
        Some(Self { zero_a: a.zero, zero_b: b.zero, multiplier, zero_out: out.zero, clamp })
    }

    /// `a / b`.
    ///
    /// The dividend is normalised, multiplied by the reciprocal of the divisor and scaled. A divisor of
    /// real 0, undefined in the source, gives the limit of the dividend's sign, or `zero_out` for 0 / 0.
    ///
    /// A small quotient needs a last shift of more than 31, which is undefined in the source as well; the
    /// recorded outputs have what a processor gives that takes shift counts modulo 32, and so has this: the
    /// count modulo 32, and one more for a quotient that is not negative.
    ///
    /// Source: TFLM `DivElementwise`.
    #[inline]
    pub fn apply(&self, a: i32, b: i32) -> i32 {
        let divisor = b.saturating_sub(self.zero_b.0);
        let dividend = a.saturating_sub(self.zero_a.0).saturating_mul(divisor.signum());
        if divisor == 0 {
            let toward = a.saturating_sub(self.zero_a.0).signum().saturating_mul(i32::MAX);
            return self.clamp.apply(toward.saturating_add(self.zero_out.0));
        }
        let reciprocal = Reciprocal::of(divisor.saturating_abs(), 31);
        // Leading bits equal to the sign, the sign itself not counted.
        let headroom = (dividend ^ (dividend >> 31)).leading_zeros() - 1;
        let quotient = doubling_high_mul(dividend << headroom, reciprocal.scale.to_bits());
        let right_shift = reciprocal.bits_over_unit + headroom as i32 - i32::from(self.multiplier.shift());
        let product = doubling_high_mul(quotient, self.multiplier.mantissa());
        self.clamp.apply(shift_modulo_32(product, right_shift).saturating_add(self.zero_out.0))
    }
}

/// `x / 2^right_shift` rounded with ties away from zero while the shift is in `[0, 31]`; beyond, only its
/// five low bits count, and a positive `x` is rounded up whatever is lost.
fn shift_modulo_32(x: i32, right_shift: i32) -> i32 {
    match right_shift {
        0..=31 => round_shift_right(x, right_shift.unsigned_abs()),
        _ => x.wrapping_shr(right_shift as u32).saturating_add((x >= 0).into()),
    }
}
