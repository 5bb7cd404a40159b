//! Requantisation as two rounding products, for cores that have those and no cheap rounding shift.
//!
//! A rounding shift to the right by `e` is a product with `2^(31 − e)`:
//! `(h · 2^(31 − e) + 2^30) >> 31 = (h + 2^(e − 1)) >> e`, ties towards +∞. Ties of a negative `h` have to go
//! the other way. Where the activation's lower limit is not below the zero point it does not matter: whatever
//! a negative `h` gives, the limit replaces. Elsewhere the factor is `2^(31 − e) + 1`, whose extra `h` is too
//! small to change anything but a tie: that it takes down when `h` is negative, and leaves when it is not.

use crate::multiplier::{Clamp, Multiplier, ZeroPoint};
use crate::rounding::{doubling_high_mul, doubling_high_mul_add, saturating_shift_left};

/// What the two products of every channel share.
#[derive(Clone, Copy, Debug, PartialEq, Eq, bytemuck::Pod, bytemuck::Zeroable)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[repr(C)]
pub struct ByProducts {
    /// Zero of the output.
    pub zero: ZeroPoint,
    /// Limits of the output.
    pub clamp: Clamp,
    /// What the second factor has beyond its power of two: 0 or 1.
    pub nudge: i32,
}

impl ByProducts {
    /// The longest shift to the right with which a nudge of 1 is exact on 8-bit outputs.
    ///
    /// The extra `h` must stay below one unit of the shifted product, `2^(31 − e)`, for every `h` whose output
    /// no limit replaces: `|h| < 2^(e + 8)`. So `2·e + 8 ≤ 31`.
    pub const LONGEST_NUDGED_SHIFT: i8 = 11;

    /// What makes [`ByProducts::apply`] equal to [`Multiplier::requantize`] for each of `factors` and every
    /// accumulator; `None` when nothing does, or when outputs are not 8-bit.
    pub fn new(factors: impl IntoIterator<Item = Multiplier>, zero: ZeroPoint, clamp: Clamp) -> Option<Self> {
        const BYTE: core::ops::RangeInclusive<i32> = i8::MIN as i32..=i8::MAX as i32;
        if ![zero.0, clamp.min, clamp.max].iter().all(|value| BYTE.contains(value)) {
            return None;
        }
        let nudge = i32::from(clamp.min < zero.0);
        let longest = if nudge == 0 { 31 } else { Self::LONGEST_NUDGED_SHIFT };
        factors
            .into_iter()
            .all(|factor| factor.mantissa() >= 0 && (-longest..=0).contains(&factor.shift()))
            .then_some(Self { zero, clamp, nudge })
    }

    /// The power of two of a factor's second product; `None` for a factor that shifts to the left.
    pub fn exponent(factor: Multiplier) -> Option<u8> {
        31u8.checked_add_signed(factor.shift()).filter(|&exponent| exponent <= 31)
    }

    /// The second factor; `2^31` is as large as an `i32` gets.
    #[inline]
    pub const fn second(&self, exponent: u8) -> i32 {
        saturating_shift_left(1, exponent as u32).saturating_add(self.nudge)
    }

    /// From an accumulator to an output.
    #[inline]
    pub fn apply(&self, acc: i32, mantissa: i32, exponent: u8) -> i32 {
        let product = doubling_high_mul(acc, mantissa);
        self.clamp.apply(doubling_high_mul_add(product, self.second(exponent), self.zero.0))
    }
}
