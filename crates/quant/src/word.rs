//! What the fixed-point formulas need of a machine word, so that each is written once for 32 and 16 bits.

use crate::rounding;

/// A signed word that holds fixed-point values. Sealed by living in a private module.
pub trait Word: Copy + Ord {
    /// Width in bits.
    const BITS: u32;
    /// 0.
    const ZERO: Self;
    /// The largest value: what stands for 1 in a format without integer bits.
    const MAX: Self;

    /// A constant given as 32 bits, rounded to this width with ties away from zero.
    ///
    /// Source: gemmlowp `RescaleConstantInitializer`.
    fn constant(bits: i32) -> Self;
    /// The word with only this bit set; 0 if there is no such bit.
    fn power_of_two(exponent: u32) -> Self;
    /// The product of two values read as fractions of 2^(BITS − 1), saturated.
    fn high_mul(self, other: Self) -> Self;
    /// Half the sum, ties away from zero.
    fn half_sum(self, other: Self) -> Self;
    /// `self · 2^exponent`: saturating upwards, rounding downwards.
    fn mul_by_power_of_two(self, exponent: i32) -> Self;
    /// The sum, wrapped.
    fn wrapping_add(self, other: Self) -> Self;
    /// The difference, wrapped.
    fn wrapping_sub(self, other: Self) -> Self;
    /// The sum, saturated.
    fn saturating_add(self, other: Self) -> Self;
    /// The bits that both have.
    fn and(self, other: Self) -> Self;

    /// `−self`, wrapped.
    #[inline]
    fn wrapping_neg(self) -> Self {
        Self::ZERO.wrapping_sub(self)
    }
}

impl Word for i32 {
    const BITS: u32 = i32::BITS;
    const ZERO: Self = 0;
    const MAX: Self = i32::MAX;

    #[inline]
    fn constant(bits: i32) -> Self {
        bits
    }
    #[inline]
    fn power_of_two(exponent: u32) -> Self {
        1i32.checked_shl(exponent).unwrap_or(0)
    }
    #[inline]
    fn high_mul(self, other: Self) -> Self {
        rounding::scale_down(self, other, 0)
    }
    #[inline]
    fn half_sum(self, other: Self) -> Self {
        rounding::rounding_half_sum(self, other)
    }
    #[inline]
    fn mul_by_power_of_two(self, exponent: i32) -> Self {
        rounding::mul_by_power_of_two(self, exponent)
    }
    #[inline]
    fn wrapping_add(self, other: Self) -> Self {
        i32::wrapping_add(self, other)
    }
    #[inline]
    fn wrapping_sub(self, other: Self) -> Self {
        i32::wrapping_sub(self, other)
    }
    #[inline]
    fn saturating_add(self, other: Self) -> Self {
        i32::saturating_add(self, other)
    }
    #[inline]
    fn and(self, other: Self) -> Self {
        self & other
    }
}

impl Word for i16 {
    const BITS: u32 = i16::BITS;
    const ZERO: Self = 0;
    const MAX: Self = i16::MAX;

    #[inline]
    fn constant(bits: i32) -> Self {
        // No constant in use reaches 2^31 − 2^15, above which this would need saturation.
        rounding::saturate_i16(rounding::round_shift_right(bits, 16))
    }
    #[inline]
    fn power_of_two(exponent: u32) -> Self {
        1i16.checked_shl(exponent).unwrap_or(0)
    }
    #[inline]
    fn high_mul(self, other: Self) -> Self {
        rounding::doubling_high_mul_i16(self, other)
    }
    #[inline]
    fn half_sum(self, other: Self) -> Self {
        rounding::rounding_half_sum_i16(self, other)
    }
    #[inline]
    fn mul_by_power_of_two(self, exponent: i32) -> Self {
        rounding::mul_by_power_of_two_i16(self, exponent)
    }
    #[inline]
    fn wrapping_add(self, other: Self) -> Self {
        i16::wrapping_add(self, other)
    }
    #[inline]
    fn wrapping_sub(self, other: Self) -> Self {
        i16::wrapping_sub(self, other)
    }
    #[inline]
    fn saturating_add(self, other: Self) -> Self {
        i16::saturating_add(self, other)
    }
    #[inline]
    fn and(self, other: Self) -> Self {
        self & other
    }
}
