//! ADD on int8 by rounding products alone, for cores that have those and no cheap rounding shift.

use crate::by_products::ByProducts;
use crate::elementwise::{CommonScale, Sum};
use crate::multiplier::{Clamp, Multiplier, ZeroPoint};
use crate::rounding::{doubling_high_mul, doubling_high_mul_add, saturating_shift_left};

/// How one input comes to the common scale.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InputByProducts {
    /// Minus the zero point, on the scale of [`SumByProducts::UNIT`].
    pub minus_zero: i32,
    /// The first factor.
    pub mantissa: i32,
    /// The second: a shift to the right.
    pub second: i32,
}

/// The constants of [`Sum::add`] on int8, as products.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SumByProducts {
    /// The inputs.
    pub inputs: [InputByProducts; 2],
    /// The first factor of the sum.
    pub mantissa: i32,
    /// The second: a shift to the right by one at least.
    pub second: i32,
    /// Zero of the output.
    pub zero: ZeroPoint,
    /// Limits of the output.
    pub clamp: Clamp,
}

impl InputByProducts {
    /// Products of inputs are below 2^28 in magnitude, so that the extra product that takes ties of negative ones
    /// down stays below a unit of the second for shifts to here: see [`ByProducts`].
    const LONGEST_SHIFT: i8 = 3;

    fn new(zero: ZeroPoint, factor: Multiplier) -> Option<Self> {
        let fits = (-128..=127).contains(&zero.0)
            && factor.mantissa() >= 0
            && (-Self::LONGEST_SHIFT..=0).contains(&factor.shift());
        let nudged = ByProducts { zero: ZeroPoint(0), clamp: Clamp::I32, nudge: 1 };
        let second = nudged.second(ByProducts::exponent(factor)?);
        fits.then_some(Self {
            minus_zero: -zero.0 * SumByProducts::UNIT,
            mantissa: factor.mantissa(),
            second,
        })
    }

    #[inline]
    fn scale(&self, q: i32) -> i32 {
        let q = q.wrapping_mul(SumByProducts::UNIT).wrapping_add(self.minus_zero);
        doubling_high_mul_add(doubling_high_mul(q, self.mantissa), self.second, 0)
    }
}

impl SumByProducts {
    /// What one step of an input becomes before it is scaled.
    pub const UNIT: i32 = 1 << CommonScale::SUM_SHIFT_I8;

    /// The constants of a sum on int8; `None` where products do not give its bytes.
    pub fn new(sum: &Sum) -> Option<Self> {
        let Sum { inputs, multiplier, zero_out, clamp } = *sum;
        let fits = inputs.left_shift == CommonScale::SUM_SHIFT_I8
            && multiplier.mantissa() >= 0
            && (-31..0).contains(&multiplier.shift());
        let exponent = ByProducts::exponent(multiplier)?;
        fits.then_some(Self {
            inputs: [
                InputByProducts::new(inputs.zero_a, inputs.multiplier_a)?,
                InputByProducts::new(inputs.zero_b, inputs.multiplier_b)?,
            ],
            mantissa: multiplier.mantissa(),
            second: saturating_shift_left(1, exponent.into()),
            zero: zero_out,
            clamp,
        })
    }

    /// `a + b`, for int8 `a` and `b`: [`Sum::add`].
    #[inline]
    pub fn add(&self, a: i32, b: i32) -> i32 {
        let [first, second] = &self.inputs;
        let product = doubling_high_mul(first.scale(a).wrapping_add(second.scale(b)), self.mantissa);
        // One less below zero, and ties that go up go away from zero.
        let product = product.wrapping_add(product >> 31);
        self.clamp.apply(doubling_high_mul_add(product, self.second, self.zero.0))
    }
}
