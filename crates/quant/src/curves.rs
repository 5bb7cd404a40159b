//! LOGISTIC and TANH on int8, evaluated in fixed point.

use fixed::types::I5F27;

use crate::fixed_point;
use crate::multiplier::{Multiplier, ZeroPoint};
use crate::rounding::{round_shift_right, saturate_i8};

/// An int8 input on its way into LOGISTIC or TANH: brought to Q4.27, with the range where that fits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct CurveInput {
    /// Zero point of the input.
    pub zero: ZeroPoint,
    /// From this distance to `zero` on, the output is at its limit.
    pub radius: i32,
    /// `scale · 2^27`.
    pub multiplier: Multiplier,
}

impl CurveInput {
    /// Bits left of the binary point in Q4.27.
    const INTEGER_BITS: u32 = 4;

    /// The constants for an input with this `scale` and `zero`; `None` unless `scale` is positive and finite.
    ///
    /// Source: TFLM `CalculateArithmeticOpDataLogistic`, `CalculateArithmeticOpData` of TANH.
    pub fn prepare(scale: f32, zero: ZeroPoint) -> Option<Self> {
        if !(scale > 0.0 && scale.is_finite()) {
            return None;
        }
        let real = f64::from(scale) * f64::from(1u32 << (31 - Self::INTEGER_BITS));
        let left_shift = binary_exponent(real);
        let radius = input_radius(Self::INTEGER_BITS, left_shift);
        // A scale of 16 or more has no factor and needs none: its radius is 0.
        Some(Self { zero, radius, multiplier: Multiplier::from_real(real).unwrap_or(Multiplier::ZERO) })
    }

    /// LOGISTIC, with the output scale 1/256 and zero point −128 that the format prescribes.
    ///
    /// Source: TFLM `reference_integer_ops::Logistic` on int8.
    pub fn logistic(&self, q: i8) -> i8 {
        self.curve(q, |x| {
            let y = fixed_point::logistic(x).to_bits();
            saturate_i8(round_shift_right(y, 31 - 8) - 128)
        })
    }

    /// TANH, with the output scale 1/128 and zero point 0 that the format prescribes.
    ///
    /// Source: TFLM `reference_integer_ops::Tanh` on int8.
    pub fn tanh(&self, q: i8) -> i8 {
        self.curve(q, |x| {
            let y = fixed_point::tanh(x).to_bits();
            saturate_i8(round_shift_right(y, 31 - 7))
        })
    }

    fn curve(&self, q: i8, inside: impl Fn(I5F27) -> i8) -> i8 {
        let distance = i32::from(q).saturating_sub(self.zero.0);
        if distance <= self.radius.saturating_neg() {
            i8::MIN
        } else if distance >= self.radius {
            i8::MAX
        } else {
            inside(I5F27::from_bits(self.multiplier.scale(distance)))
        }
    }
}

/// The largest distance from the zero point whose scaled value keeps to `integer_bits`:
/// `⌊(2^integer_bits − 1) · 2^(31 − integer_bits) / 2^left_shift⌋`.
///
/// 0 for shifts of 31 or more. A negative shift, undefined in the source, multiplies and saturates.
///
/// Source: TFLM `CalculateInputRadius` with 31 bits.
pub const fn input_radius(integer_bits: u32, left_shift: i32) -> i32 {
    let integer_bits = integer_bits % 32;
    let largest = ((1i64 << integer_bits) - 1) << (31 - integer_bits);
    match left_shift {
        0..=63 => (largest >> left_shift) as i32,
        64.. => 0,
        _ => i32::MAX,
    }
}

/// The exponent `e` of a positive normal `real = f · 2^e` with `f` in `[0.5, 1)`.
///
/// Source: C's `frexp`.
pub(crate) const fn binary_exponent(real: f64) -> i32 {
    ((real.to_bits() >> 52) & 0x7ff) as i32 - 1022
}
