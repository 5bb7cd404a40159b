//! Inverse square roots, L2_NORMALIZATION and RSQRT.

use crate::multiplier::{Affine, Clamp, Multiplier, ZeroPoint};
use crate::rounding::{doubling_high_mul, round_shift_right, saturate_i8, saturating_shift_left};

/// `1 / √x` as a factor, whose mantissa need not be normalised.
///
/// Five Newton steps from 1, on `x` scaled by a power of four into `[1/4, 1)`, with three integer bits.
/// 1 gives the largest value below 1; so does anything below it, which has no inverse root.
///
/// Source: TFLM `GetInvSqrtQuantizedMultiplierExp`.
pub fn inverse_sqrt(x: i32) -> Multiplier {
    const ROOT_OF_HALF: i32 = 1_518_500_250; // Q0.31
    const THREE_HALVES: i32 = (1 << 28) + (1 << 27); // Q3.28
    const ONE: i32 = 1 << 28; // Q3.28
    let mul = doubling_high_mul;
    if x <= 1 {
        return Multiplier::fraction(i32::MAX);
    }
    // How many times four x is to be multiplied by to lie in [2^27, 2^29): −1 to 13.
    let pairs = (x.leading_zeros() as i32 - 1) / 2 - 1;
    let scaled = match pairs {
        0.. => x.wrapping_shl(2 * pairs.unsigned_abs()),
        _ => x >> 2,
    };
    let input = scaled >> 1; // Q3.28
    let half_input = round_shift_right(input, 1);
    let mut y = ONE;
    for _ in 0..5 {
        let cube = saturating_shift_left(mul(mul(y, y), y), 6);
        y = saturating_shift_left(mul(THREE_HALVES, y).wrapping_sub(mul(half_input, cube)), 3);
    }
    let mantissa = mul(y, ROOT_OF_HALF);
    // A factor above the mantissa's range, of x below 8, moves into the mantissa.
    match 11 - pairs {
        shift @ 0.. => Multiplier::fraction(mantissa).shifted(-shift),
        shift => Multiplier::fraction(mantissa.wrapping_shl(shift.unsigned_abs())),
    }
}

/// L2_NORMALIZATION on int8: what the elements of one vector share. The output has scale 1/128 and zero
/// point 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct L2Normalization {
    zero_in: ZeroPoint,
    multiplier: Multiplier,
}

impl L2Normalization {
    /// From the zero point of the input and the sum of `(q − zero_in)²`, which the caller keeps in `i32`.
    pub fn of(zero_in: ZeroPoint, sum_of_squares: i32) -> Self {
        Self { zero_in, multiplier: inverse_sqrt(sum_of_squares).shifted(7) }
    }

    /// The output for the input `q`.
    ///
    /// Source: TFLM `L2Normalization` on int8.
    #[inline]
    pub fn apply(&self, q: i8) -> i8 {
        saturate_i8(self.multiplier.scale(i32::from(q).saturating_sub(self.zero_in.0)))
    }
}

/// RSQRT on int8.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Rsqrt {
    /// Zero point of the input.
    pub zero_in: ZeroPoint,
    /// `1 / (√in · out)`.
    pub multiplier: Multiplier,
    /// Zero point of the output.
    pub zero_out: ZeroPoint,
    /// Limits of the output.
    pub clamp: Clamp,
}

impl Rsqrt {
    /// Fractional bits of the root between its two multiplications.
    const FRACTIONAL_BITS: i32 = 20;

    /// The constants, in double precision.
    ///
    /// Source: TFLM `SetRsqrtOutputMultiplier`.
    pub fn prepare(input: Affine, output: Affine, clamp: Clamp) -> Option<Self> {
        let multiplier =
            Multiplier::from_real(1.0 / (libm::sqrt(input.scale.into()) * f64::from(output.scale)))?;
        Some(Self { zero_in: input.zero, multiplier, zero_out: output.zero, clamp })
    }

    /// The output for the input `q`: the upper limit where `q` is at its zero point.
    ///
    /// Below the zero point, where the source fails, it is the upper limit too.
    /// Source: TFLM `RsqrtEvalQuantized`.
    pub fn apply(&self, q: i32) -> i32 {
        match q.saturating_sub(self.zero_in.0) {
            x @ 1.. => {
                let root = inverse_sqrt(x).shifted(Self::FRACTIONAL_BITS).scale(1);
                let multiplier = self.multiplier.shifted(-Self::FRACTIONAL_BITS);
                multiplier.requantize(root, self.zero_out, self.clamp)
            }
            _ => self.clamp.max,
        }
    }
}
