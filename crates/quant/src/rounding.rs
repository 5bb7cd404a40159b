//! The roundings every other formula is built from.
//!
//! Each is total: it has a defined result for every argument, so no caller has to prove a range to stay
//! free of panics. Inside the range that the sources allow, the result is theirs bit for bit.

/// `a · b / 2^31`, rounded to nearest with ties towards +∞, saturated to `i32`.
///
/// Both arguments read as Q0.31, so does the result; −1 · −1 saturates to the largest value below 1.
/// Source: gemmlowp `SaturatingRoundingDoublingHighMul<int32_t>`, which is NEON's `VQRDMULH`.
#[inline]
pub const fn doubling_high_mul(a: i32, b: i32) -> i32 {
    if a == i32::MIN && b == i32::MIN {
        return i32::MAX;
    }
    ((a as i64 * b as i64 + (1 << 30)) >> 31) as i32
}

/// `a · b / 2^31 + c`, rounded to nearest with ties towards +∞, saturated to `i32`.
///
/// No reference kernel has it; it is Helium's `VQRDMLASH`.
#[inline]
pub const fn doubling_high_mul_add(a: i32, b: i32, c: i32) -> i32 {
    // At most 2^62 + (2^31 − 1) · 2^31 + 2^30, and at least −2^63: no overflow.
    saturate_i32((a as i64 * b as i64 + ((c as i64) << 31) + (1 << 30)) >> 31)
}

/// `a · b / 2^15`, rounded to nearest with ties towards +∞, saturated to `i16`.
///
/// Source: gemmlowp `SaturatingRoundingDoublingHighMul<int16_t>`.
#[inline]
pub const fn doubling_high_mul_i16(a: i16, b: i16) -> i16 {
    if a == i16::MIN && b == i16::MIN {
        return i16::MAX;
    }
    ((a as i32 * b as i32 + (1 << 14)) >> 15) as i16
}

/// `a · b / 2^15`, rounded towards zero, saturated to `i16`.
///
/// Source: TFLM `SaturatingDoublingHighMul` of HARD_SWISH.
#[inline]
pub const fn doubling_high_mul_i16_truncated(a: i16, b: i16) -> i16 {
    if a == i16::MIN && b == i16::MIN {
        return i16::MAX;
    }
    (a as i32 * b as i32 / (1 << 15)) as i16
}

/// `x / 2^exponent`, rounded to nearest with ties away from zero.
///
/// `exponent` is in `[0, 31]`; above 31 the result is 0.
/// Source: gemmlowp `RoundingDivideByPOT<int32_t>`. A core whose shift takes ties towards +∞ gets the same from
/// `2 · x + (x >> 31)`, shifted by one place more.
#[inline]
pub const fn round_shift_right(x: i32, exponent: u32) -> i32 {
    if exponent > 31 {
        return 0;
    }
    let mask = ((1u32 << exponent) - 1) as i32;
    // Half, and one more below zero.
    let threshold = (mask >> 1) - (x >> 31);
    (x >> exponent) + ((x & mask) > threshold) as i32
}

/// `x · mantissa / 2^(31 + right)`, rounded twice: a product, then a shift. `right` is in `[0, 31]`.
///
/// A program has this function once, however many call it: for what is not done often, or has to be small.
#[inline(never)]
pub const fn scale_down(x: i32, mantissa: i32, right: u32) -> i32 {
    round_shift_right(doubling_high_mul(x, mantissa), right)
}

/// `x / 2^exponent`, rounded to nearest with ties away from zero.
///
/// `exponent` is in `[0, 15]`; above 15 the result is 0.
/// Source: gemmlowp `RoundingDivideByPOT<int16_t>`.
#[inline]
pub const fn round_shift_right_i16(x: i16, exponent: u32) -> i16 {
    if exponent > 15 { 0 } else { round_shift_right(x as i32, exponent) as i16 }
}

/// `x / 2^exponent`, rounded to nearest with ties away from zero.
///
/// `exponent` is in `[0, 63]`; above 63 the result is 0.
/// Source: gemmlowp `RoundingDivideByPOT`, for 64 bits.
#[inline]
pub const fn round_shift_right_i64(x: i64, exponent: u32) -> i64 {
    if exponent > 63 {
        return 0;
    }
    let mask = ((1u64 << exponent) - 1) as i64;
    let threshold = (mask >> 1) - (x >> 63);
    (x >> exponent) + ((x & mask) > threshold) as i64
}

/// `x / 2^exponent`, rounded to nearest with ties towards +∞: `⌊x / 2^exponent + ½⌋`.
///
/// `exponent` is in `[0, 63]`; above 63 the result is 0. What stands before a model (windows, spectra, mel
/// filters) rounds this way, which no reference kernel does.
#[inline]
pub const fn round_half_up_shift_right_i64(x: i64, exponent: u32) -> i64 {
    match exponent {
        0 => x,
        1..=63 => (x >> exponent) + ((x >> (exponent - 1)) & 1),
        _ => 0,
    }
}

/// `x · 2^exponent`, saturated to `i32`.
///
/// `exponent` above 31 saturates everything but 0.
/// Source: gemmlowp `SaturatingRoundingMultiplyByPOT<int32_t>` with a positive exponent.
#[inline]
pub const fn saturating_shift_left(x: i32, exponent: u32) -> i32 {
    match x.checked_shl(exponent) {
        Some(shifted) if shifted >> exponent == x => shifted,
        _ if x == 0 => 0,
        _ => i32::MAX ^ (x >> 31),
    }
}

/// `x · 2^exponent`, saturated to `i16`.
///
/// `exponent` above 15 saturates everything but 0.
/// Source: gemmlowp `SaturatingRoundingMultiplyByPOT<int16_t>` with a positive exponent.
#[inline]
pub const fn saturating_shift_left_i16(x: i16, exponent: u32) -> i16 {
    saturate_i16(saturating_shift_left(x as i32, exponent))
}

/// `x · 2^exponent` for an exponent of either sign: saturating to the left, rounding to the right with
/// ties away from zero.
///
/// Source: gemmlowp `SaturatingRoundingMultiplyByPOT<int32_t>` and TFLM `…ByPOTParam`.
#[inline]
pub const fn mul_by_power_of_two(x: i32, exponent: i32) -> i32 {
    if exponent >= 0 {
        saturating_shift_left(x, exponent as u32)
    } else {
        round_shift_right(x, exponent.unsigned_abs())
    }
}

/// `x · 2^exponent` on 16 bits; see [`mul_by_power_of_two`].
///
/// Source: gemmlowp `SaturatingRoundingMultiplyByPOT<int16_t>`.
#[inline]
pub const fn mul_by_power_of_two_i16(x: i16, exponent: i32) -> i16 {
    if exponent >= 0 {
        saturating_shift_left_i16(x, exponent as u32)
    } else {
        round_shift_right_i16(x, exponent.unsigned_abs())
    }
}

/// `(a + b) / 2`, rounded to nearest with ties away from zero.
///
/// Source: gemmlowp `RoundingHalfSum<int32_t>`.
#[inline]
pub const fn rounding_half_sum(a: i32, b: i32) -> i32 {
    let sum = a as i64 + b as i64;
    // Rounds down, after a half more from 0 on.
    ((sum + (sum >= 0) as i64) >> 1) as i32
}

/// `(a + b) / 2` on 16 bits, rounded to nearest with ties away from zero.
///
/// Source: gemmlowp `RoundingHalfSum<int16_t>`.
#[inline]
pub const fn rounding_half_sum_i16(a: i16, b: i16) -> i16 {
    rounding_half_sum(a as i32, b as i32) as i16
}

/// The nearest value that an `i8` holds.
#[inline]
pub const fn saturate_i8(x: i32) -> i8 {
    const MIN: i32 = i8::MIN as i32;
    const MAX: i32 = i8::MAX as i32;
    match x {
        ..MIN => i8::MIN,
        MIN..=MAX => x as i8,
        _ => i8::MAX,
    }
}

/// The nearest value that an `i16` holds.
#[inline]
pub const fn saturate_i16(x: i32) -> i16 {
    const MIN: i32 = i16::MIN as i32;
    const MAX: i32 = i16::MAX as i32;
    match x {
        ..MIN => i16::MIN,
        MIN..=MAX => x as i16,
        _ => i16::MAX,
    }
}

/// The nearest value that an `i32` holds.
#[inline]
pub const fn saturate_i32(x: i64) -> i32 {
    const MIN: i64 = i32::MIN as i64;
    const MAX: i64 = i32::MAX as i64;
    match x {
        ..MIN => i32::MIN,
        MIN..=MAX => x as i32,
        _ => i32::MAX,
    }
}
