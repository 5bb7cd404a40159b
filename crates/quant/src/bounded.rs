//! [`Multiplier::scale`] of numbers whose magnitude is known to be small, in fewer operations: for code that scales
//! many at once.

use crate::Multiplier;

/// A factor in `[0, 1)`, for accumulators whose magnitude is below [`BoundedScale::LIMIT`].
///
/// ```text
/// scale(x) = (((x · mantissa + nudge) >> 31) + (x >> 31 & sign_mask)) >> right
/// nudge    = 2^30 + ⌊2^right / 2⌋ · 2^31,   sign_mask = −1 where right > 0, else 0
/// ```
/// Both roundings of [`Multiplier::scale`] are in there. The first, ties towards +∞, is the 2^30. The second, ties
/// away from zero, adds half a unit and takes one off what is negative, all before one shift: the half unit is an integer
/// multiple of 2^31 and goes through the first shift unchanged; and where `x` is negative but its rounded product is 0, the
/// one taken off does not show, as half a unit is at least 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BoundedScale {
    /// In `[0, 2^31)`.
    mantissa: i32,
    /// In `[0, 31]`.
    right: u32,
}

impl BoundedScale {
    /// Accumulators are above `−LIMIT` and below `LIMIT`: half a unit of the last shift may be as much again.
    pub const LIMIT: i32 = 1 << 30;

    /// The form of a factor; `None` for one that is negative or shifts to the left.
    pub const fn of(factor: Multiplier) -> Option<Self> {
        if factor.mantissa() < 0 || factor.shift() > 0 {
            return None;
        }
        Some(Self { mantissa: factor.mantissa(), right: factor.shift().unsigned_abs() as u32 })
    }

    /// The factor's mantissa.
    pub const fn mantissa(self) -> i32 {
        self.mantissa
    }

    /// How far the product is shifted to the right after the first 31 bits.
    pub const fn right(self) -> u32 {
        self.right
    }

    /// What is added to the product: half of each of the two units that are rounded to.
    pub const fn nudge(self) -> i64 {
        (1 << 30) + (((1i64 << self.right) >> 1) << 31)
    }

    /// −1 where the second rounding takes the sign into account, else 0.
    pub const fn sign_mask(self) -> i32 {
        -((self.right > 0) as i32)
    }

    /// [`Multiplier::scale`], for `x` within the limit; anything, for others.
    #[inline]
    pub const fn scale(self, x: i32) -> i32 {
        let product = (x as i64).wrapping_mul(self.mantissa as i64).wrapping_add(self.nudge()) >> 31;
        (product as i32).wrapping_add((x >> 31) & self.sign_mask()) >> (self.right & 31)
    }
}
