//! From twice an accumulator to an activation, in the fewest steps that a core with a rounding high multiply needs.
//!
//! [`Multiplier::requantize`](crate::Multiplier::requantize) rounds twice and then adds the zero point and limits the
//! result. For factors below one half this module gets the same bytes from the doubled accumulator `s`:
//!
//! ```text
//! t = (s · mantissa + 2^31) >> 32       the first rounding, as the accumulator's own high multiply gives it
//! t + (s >> 31)                         ties of the second rounding go away from zero
//!   + (2 · zero + 1) << exponent        one half, and the zero point, in units of the second rounding
//!   >> exponent >> 1                    exponent + 1 = −shift
//! ```
//! and the nearest `i8`. A core with a rounding shift lets that add the half, and adds the zero point behind it. Where no output below the zero point is told from the zero point, as after a fused RELU, the
//! sign may be left out.

use crate::{Multiplier, ZeroPoint, rounding::saturate_i8};

/// A factor below one half, for doubled accumulators.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Halving {
    /// Q0.31, as [`Multiplier::mantissa`].
    pub mantissa: i32,
    /// One less than the places of the second rounding: in `[0, 22]`.
    pub exponent: u8,
}

impl Halving {
    /// Accumulators stay below this in magnitude.
    pub const LIMIT: i64 = 1 << 30;
    /// The greatest exponent.
    pub const MAX_EXPONENT: u8 = 22;

    /// The factor that gives the bytes of `multiplier` for every accumulator in `[low, high]`; `None` when there is none.
    pub fn of(multiplier: Multiplier, low: i64, high: i64) -> Option<Self> {
        let most = low.checked_abs()?.max(high.checked_abs()?);
        let places = -i32::from(multiplier.shift());
        if most >= Self::LIMIT || multiplier.mantissa() < 0 {
            return None;
        }
        // What is always rounded to 0 is multiplied by 0: large shifts come with small factors.
        if multiplier.mantissa() == 0 || (places >= 1 && most < 1i64 << (places - 1)) {
            return Some(Self { mantissa: 0, exponent: 0 });
        }
        let exponent = u8::try_from(places - 1).ok().filter(|&exponent| exponent <= Self::MAX_EXPONENT)?;
        Some(Self { mantissa: multiplier.mantissa(), exponent })
    }

    /// `2 · zero + 1`: what a kernel keeps of the output's zero point.
    #[inline]
    pub const fn centre(zero: ZeroPoint) -> i32 {
        zero.0.wrapping_mul(2).wrapping_add(1)
    }

    /// Twice an accumulator, scaled, plus the zero point of `centre`.
    #[inline]
    pub const fn scale(self, doubled: i32, centre: i32) -> i32 {
        self.finish(doubled, doubled >> 31, centre)
    }

    /// As [`scale`](Self::scale), limited to `i8`.
    #[inline]
    pub const fn requantize(self, doubled: i32, centre: i32) -> i8 {
        saturate_i8(self.scale(doubled, centre))
    }

    /// As [`requantize`](Self::requantize) for results from the zero point up; what is below comes out at most as the
    /// zero point.
    #[inline]
    pub const fn requantize_from_zero(self, doubled: i32, centre: i32) -> i8 {
        saturate_i8(self.finish(doubled, 0, centre))
    }

    #[inline]
    const fn finish(self, doubled: i32, sign: i32, centre: i32) -> i32 {
        let high = (doubled as i64 * self.mantissa as i64 + (1 << 31)) >> 32;
        let middle = centre.wrapping_shl(self.exponent as u32);
        let sum = (high as i32).wrapping_add(middle).wrapping_add(sign);
        (sum >> (self.exponent & 31)) >> 1
    }
}

#[cfg(test)]
mod tests {
    extern crate std;

    use super::*;
    use crate::Clamp;
    use crate::rounding::round_half_up_shift_right_i64;

    /// Accumulators about every place where the result steps, ties among them, and the limits.
    fn worth_trying(multiplier: Multiplier) -> impl Iterator<Item = i32> {
        let step = (1.0 / multiplier.to_real()).min(1e9);
        let steps = (-260..=260).flat_map(move |result| {
            let middle = ((f64::from(result) + 0.5) * step) as i64;
            (-3..=3).map(move |near| middle + near)
        });
        let limits = [0, 1, -1, (1 << 30) - 1, 1 - (1 << 30), 12345, -54321];
        steps.chain(limits).filter(|acc| acc.abs() < Halving::LIMIT).map(|acc| acc as i32)
    }

    #[test]
    fn gives_the_bytes_of_two_roundings() {
        let mantissas =
            [1 << 30, (1 << 30) + 1, 0x5555_5555, 0x6000_0000, 0x7fff_ffff, 0x4000_0100, 0x7654_3210];
        for mantissa in mantissas {
            for shift in -23..=-1 {
                for zero in [-128, -127, -3, 0, 1, 77, 127].map(ZeroPoint) {
                    let multiplier = Multiplier::new(mantissa, shift).unwrap();
                    let halving = Halving { mantissa, exponent: (-1 - shift) as u8 };
                    let centre = Halving::centre(zero);
                    for acc in worth_trying(multiplier) {
                        let expected = multiplier.requantize(acc, zero, Clamp::I8);
                        let found = halving.requantize(2 * acc, centre);
                        assert_eq!(i32::from(found), expected, "{acc} {multiplier:?} {zero:?}");
                        let from_zero = i32::from(halving.requantize_from_zero(2 * acc, centre));
                        assert_eq!(
                            from_zero.max(zero.0),
                            expected.max(zero.0),
                            "{acc} {multiplier:?} {zero:?}"
                        );
                    }
                }
            }
        }
    }

    #[test]
    fn the_half_and_the_zero_point_can_be_added_apart() {
        let doubled_limits = [i32::MIN + 2, -5, -4, -3, -2, -1, 0, 1, 2, 3, 4, 5, i32::MAX - 1];
        for mantissa in [0, 1 << 30, 0x5555_5555, i32::MAX] {
            for exponent in 0..=Halving::MAX_EXPONENT {
                let halving = Halving { mantissa, exponent };
                let ties = (-9..=9).map(|odd| (odd << exponent) * 2);
                for doubled in doubled_limits.into_iter().chain(ties) {
                    let high = (i64::from(doubled) * i64::from(mantissa) + (1 << 31)) >> 32;
                    let signed = high + i64::from(doubled >> 31);
                    let shifted = round_half_up_shift_right_i64(signed, u32::from(exponent) + 1);
                    for zero in [-128, -1, 0, 5, 127] {
                        let found = i64::from(halving.scale(doubled, Halving::centre(ZeroPoint(zero))));
                        assert_eq!(found, shifted + i64::from(zero), "{doubled} {halving:?} {zero}");
                    }
                }
            }
        }
    }

    #[test]
    fn ties_go_away_from_zero_only_with_the_sign() {
        let halving = Halving { mantissa: 1 << 30, exponent: 0 };
        // A quarter of −6 is −1.5: away from zero −2, and −1 without the sign.
        let twice = |acc: i32| (halving.requantize(2 * acc, 1), halving.requantize_from_zero(2 * acc, 1));
        assert_eq!([twice(-6), twice(-5), twice(6), twice(2)], [(-2, -1), (-1, -1), (2, 2), (1, 1)]);
    }

    #[test]
    fn factors_are_taken_only_where_they_hold() {
        let of =
            |mantissa, shift, low, high| Halving::of(Multiplier::new(mantissa, shift).unwrap(), low, high);
        let factor = |mantissa, exponent| Some(Halving { mantissa, exponent });
        assert_eq!(of(1 << 30, -1, -5, 5), factor(1 << 30, 0));
        assert_eq!(of(1 << 30, -23, -(1 << 23), 5), factor(1 << 30, 22));
        assert_eq!(of(1 << 30, 0, -5, 5), None, "one half and more");
        assert_eq!(of(1 << 30, 3, -5, 5), None);
        assert_eq!(of(1 << 30, -24, -(1 << 23), 1 << 23), None, "too far to shift");
        assert_eq!(of(1 << 30, -24, 1 - (1 << 23), (1 << 23) - 1), factor(0, 0), "always zero");
        assert_eq!(of(0, 0, -(1 << 20), 5), factor(0, 0));
        assert_eq!(of(1 << 30, -5, -(1 << 30), 5), None);
        assert_eq!(of(1 << 30, -5, 0, 1 << 30), None);
        assert_eq!(of(1 << 30, -5, i64::MIN, 0), None);
        assert_eq!(of(-(1 << 30), -5, 0, 100), None);
    }

    #[test]
    fn what_counts_as_always_zero_is_zero() {
        for places in 1..=31i8 {
            let most = ((1i64 << (places - 1)) - 1).min(Halving::LIMIT - 1);
            let multiplier = Multiplier::new(i32::MAX, -places).unwrap();
            assert_eq!(Halving::of(multiplier, -most, most), Some(Halving { mantissa: 0, exponent: 0 }));
            for acc in [most as i32, -most as i32] {
                assert_eq!(multiplier.scale(acc), 0);
                assert_eq!(Halving { mantissa: 0, exponent: 0 }.requantize(2 * acc, 1), 0);
            }
        }
    }
}
