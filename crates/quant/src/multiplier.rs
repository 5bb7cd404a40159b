//! Real factors as a mantissa and a shift, and the values around them: zero points and clamps.

use crate::rounding::{doubling_high_mul, round_shift_right, saturate_i32, saturating_shift_left};

/// The quantised value that stands for real 0.
///
/// A quantised value `q` stands for `scale · (q − zero)`: code subtracts it from inputs and adds it to
/// outputs. Nothing stores a negated zero.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, bytemuck::Pod, bytemuck::Zeroable)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[repr(C)]
pub struct ZeroPoint(pub i32);

/// Scale and zero point of a tensor.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Affine {
    /// The real value of one step; positive.
    pub scale: f32,
    /// The quantised value of real 0.
    pub zero: ZeroPoint,
}

/// The range an activation is limited to, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, bytemuck::Pod, bytemuck::Zeroable)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[repr(C)]
pub struct Clamp {
    /// Least value allowed.
    pub min: i32,
    /// Greatest value allowed; wins over `min` where the two cross.
    pub max: i32,
}

impl Clamp {
    /// All of `i8`.
    pub const I8: Self = Self { min: i8::MIN as i32, max: i8::MAX as i32 };
    /// All of `u8`.
    pub const U8: Self = Self { min: 0, max: u8::MAX as i32 };
    /// All of `i16`.
    pub const I16: Self = Self { min: i16::MIN as i32, max: i16::MAX as i32 };
    /// All of `u16`.
    pub const U16: Self = Self { min: 0, max: u16::MAX as i32 };
    /// All of `i32`: no limit.
    pub const I32: Self = Self { min: i32::MIN, max: i32::MAX };

    /// The value of the range nearest to `q`.
    #[inline]
    pub fn apply(self, q: i32) -> i32 {
        q.max(self.min).min(self.max)
    }
}

/// A real factor `mantissa · 2^(shift − 31)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(try_from = "Parts"))]
pub struct Multiplier {
    /// Q0.31. [`Multiplier::from_real`] normalises it; means and inverse roots do not.
    mantissa: i32,
    /// In `[-31, 31]`; negative makes the result smaller.
    shift: i8,
}

/// A factor as it is written down, before its ranges are checked.
#[cfg(feature = "serde")]
#[derive(serde::Deserialize)]
#[serde(rename = "Multiplier")]
struct Parts {
    mantissa: i32,
    shift: i8,
}

#[cfg(feature = "serde")]
impl TryFrom<Parts> for Multiplier {
    type Error = &'static str;

    fn try_from(Parts { mantissa, shift }: Parts) -> Result<Self, Self::Error> {
        Self::new(mantissa, shift).ok_or("a factor's shift is not in [-31, 31]")
    }
}

impl Multiplier {
    /// The factor 0.
    pub const ZERO: Self = Self { mantissa: 0, shift: 0 };
    /// The factor 1; [`Multiplier::scale`] by it is the identity on values below 2^30 in magnitude.
    pub const ONE: Self = Self { mantissa: 1 << 30, shift: 1 };

    /// A factor from its parts; `None` unless `shift` is in `[-31, 31]`.
    ///
    /// Any mantissa is allowed: TFLM's are below 2^30 for means and inverse roots, and negative for a
    /// negative `alpha` of LEAKY_RELU. Shift 31 comes from its softmax cap.
    pub const fn new(mantissa: i32, shift: i8) -> Option<Self> {
        if shift >= -31 && shift <= 31 { Some(Self { mantissa, shift }) } else { None }
    }

    /// The nearest factor to `real`, ties of the mantissa away from zero.
    ///
    /// `real = f · 2^shift` with `|f|` in `[0.5, 1)`, `mantissa = round(f · 2^31)`. A mantissa that rounds
    /// up to +2^31 becomes 2^30 with a greater shift (one that rounds to −2^31 stays). A shift below −31
    /// gives the factor 0. `None` when `real` is not finite or its shift exceeds 31.
    ///
    /// Source: TFLM `QuantizeMultiplier` with double rounding.
    pub const fn from_real(real: f64) -> Option<Self> {
        let bits = real.to_bits();
        let exponent = ((bits >> 52) & 0x7ff) as i32;
        // Zero and subnormals lack this leading one, and lie far below the least shift either way.
        let fraction = (bits & ((1 << 52) - 1)) + (1 << 52);
        // f = fraction / 2^53, so f · 2^31 = fraction / 2^22.
        let magnitude = ((fraction + (1 << 21)) >> 22) as i64;
        let mut shift = exponent - 1022;
        let mut mantissa = if real.is_sign_negative() { -magnitude } else { magnitude };
        if mantissa == 1 << 31 {
            mantissa = 1 << 30;
            shift += 1;
        }
        if shift < -31 {
            return Some(Self::ZERO);
        }
        // Infinities and NaN have the greatest exponent and end here too.
        if shift > 31 { None } else { Some(Self { mantissa: mantissa as i32, shift: shift as i8 }) }
    }

    /// The nearest factor to a `real` in `(0, 1)` that does not round up to 1; `None` for any other.
    ///
    /// Source: TFLM `QuantizeMultiplierSmallerThanOneExp`, which aborts where this is `None`.
    pub fn from_real_below_one(real: f64) -> Option<Self> {
        // From 1 on, the shift is above 0.
        Self::from_real(real).filter(|factor| real > 0.0 && factor.shift <= 0)
    }

    /// The mantissa, in Q0.31.
    #[inline]
    pub const fn mantissa(self) -> i32 {
        self.mantissa
    }

    /// The exponent of two that the mantissa, read as Q0.31, is scaled by: in `[-31, 31]`.
    #[inline]
    pub const fn shift(self) -> i8 {
        self.shift
    }

    /// `x` times this factor, rounded twice.
    ///
    /// `x · 2^max(shift, 0)`, then [`doubling_high_mul`] by the mantissa (ties towards +∞), then
    /// [`round_shift_right`] by `max(−shift, 0)` (ties away from zero). Rounding once
    /// (`TFLITE_SINGLE_ROUNDING`) gives other bytes.
    ///
    /// Where `x · 2^shift` leaves `i32`, TFLM overflows; this saturates.
    /// Source: TFLM `MultiplyByQuantizedMultiplier(int32_t, …)`; `…SmallerThanOneExp` (shift ≤ 0) and
    /// `…GreaterThanOne` (shift ≥ 0) are the same function.
    #[inline]
    pub const fn scale(self, x: i32) -> i32 {
        match self.shift {
            1.. => doubling_high_mul(saturating_shift_left(x, self.shift as u32), self.mantissa),
            _ => round_shift_right(doubling_high_mul(x, self.mantissa), self.shift.unsigned_abs() as u32),
        }
    }

    /// `x` times this factor, rounded once with ties towards +∞: `(x · mantissa + 2^(30 − shift)) >> (31 − shift)`.
    ///
    /// This is not what TFLM does. It is how FULLY_CONNECTED of TensorFlow Lite's reference kernels rounds, whose
    /// bytes count in models that TFLM cannot run. A shift of 31 multiplies without rounding; a result outside
    /// `i32` saturates.
    ///
    /// Source: TensorFlow Lite `MultiplyByQuantizedMultiplier` with `TFLITE_SINGLE_ROUNDING`.
    #[inline]
    pub const fn scale_once(self, x: i32) -> i32 {
        let product = x as i64 * self.mantissa as i64;
        let shift = 31 - self.shift as i32;
        if shift <= 0 {
            return saturate_i32(product);
        }
        // At most 2^62 + 2^61: no overflow.
        saturate_i32((product + (1i64 << (shift - 1))) >> shift)
    }

    /// `x` times this factor with a 16-bit mantissa, rounded once with ties towards +∞: the form that
    /// 64-bit accumulators of int16 activations use.
    ///
    /// `(x · m16 + 2^(14 − shift)) >> (15 − shift)`, `m16 = min(round(mantissa / 2^16), 2^15 − 1)`.
    /// `x` is in `[-2^47, 2^47)` and `shift` below 8 in the source. Here `x` saturates to that range, a
    /// shift of 15 or more multiplies, and a result outside `i32` saturates where TFLM truncates.
    ///
    /// Source: TFLM `MultiplyByQuantizedMultiplier(int64_t, …)`.
    #[inline]
    pub fn scale_wide(self, x: i64) -> i32 {
        const LIMIT: i64 = 1 << 47;
        let product = x.clamp(-LIMIT, LIMIT) * self.mantissa_16() as i64;
        let total_shift = 15 - self.shift as i32;
        if total_shift > 0 {
            saturate_i32((product + (1 << (total_shift - 1))) >> total_shift)
        } else {
            saturating_shift_left(saturate_i32(product), total_shift.unsigned_abs())
        }
    }

    /// The mantissa rounded to Q0.15, ties towards +∞, at most 2^15 − 1.
    ///
    /// Source: the `reduced_multiplier` of TFLM's 64-bit `MultiplyByQuantizedMultiplier`, and its
    /// `DownScaleInt32ToInt16Multiplier`.
    #[inline]
    pub const fn mantissa_16(self) -> i32 {
        self.mantissa.saturating_add(1 << 15) >> 16
    }

    /// This factor times `2^by`, by changing the shift only.
    ///
    /// A shift below −31 gives the factor 0, one above 31 stops at 31.
    pub const fn shifted(self, by: i32) -> Self {
        match by.saturating_add(self.shift as i32) {
            ..-31 => Self::ZERO,
            shift @ -31..=31 => Self { mantissa: self.mantissa, shift: shift as i8 },
            _ => Self { mantissa: self.mantissa, shift: 31 },
        }
    }

    /// This factor without its sign.
    pub const fn magnitude(self) -> Self {
        Self { mantissa: self.mantissa.saturating_abs(), shift: self.shift }
    }

    /// The factor `mantissa / 2^31`.
    pub(crate) const fn fraction(mantissa: i32) -> Self {
        Self { mantissa, shift: 0 }
    }

    /// The whole way from an accumulator to an activation: [`Multiplier::scale`], plus `zero`, limited.
    #[inline]
    pub fn requantize(self, acc: i32, zero: ZeroPoint, clamp: Clamp) -> i32 {
        clamp.apply(self.scale(acc).saturating_add(zero.0))
    }

    /// As [`Multiplier::requantize`], by [`Multiplier::scale_once`].
    #[inline]
    pub fn requantize_once(self, acc: i32, zero: ZeroPoint, clamp: Clamp) -> i32 {
        clamp.apply(self.scale_once(acc).saturating_add(zero.0))
    }

    /// The whole way from a 64-bit accumulator to an activation: [`Multiplier::scale_wide`], plus `zero`,
    /// limited.
    #[inline]
    pub fn requantize_wide(self, acc: i64, zero: ZeroPoint, clamp: Clamp) -> i32 {
        clamp.apply(self.scale_wide(acc).saturating_add(zero.0))
    }

    /// The factor read back as a real number, exactly.
    pub const fn to_real(self) -> f64 {
        let power = f64::from_bits(((self.shift as i64 - 31 + 1023) as u64) << 52);
        self.mantissa as f64 * power
    }
}
