//! Exponential, logistic, hyperbolic tangent, reciprocal and logarithm in fixed point.
//!
//! The formats are types of the `fixed` crate, whose integer bits include the sign: what gemmlowp calls
//! `FixedPoint<int32_t, 5>` is [`I6F26`] here. The algorithms are gemmlowp's `fixedpoint.h` and, for the
//! logarithm, TFLM's `common.h`. Sums wrap where the source leaves overflow undefined; no argument in a
//! function's stated range gets there.

use fixed::types::extra::Unsigned;
use fixed::types::{I1F15, I1F31, I6F26, I13F19};
use fixed::{FixedI16, FixedI32};

use crate::rounding::{doubling_high_mul, mul_by_power_of_two, rounding_half_sum};
use crate::word::Word;

/// A fixed-point format: any [`FixedI32`] or [`FixedI16`] with at least two fractional bits.
pub trait QFormat: Copy {
    /// The word that holds it.
    type Word: Word;
    /// The format of the same width without integer bits, for values in `[-1, 1)`.
    type Unit: QFormat<Word = Self::Word, Unit = Self::Unit>;
    /// Bits left of the binary point, the sign not counted.
    const INTEGER_BITS: u32;

    /// The bits, read as an integer.
    fn to_word(self) -> Self::Word;
    /// The value whose bits, read as an integer, are `word`.
    fn from_word(word: Self::Word) -> Self;
}

impl<Frac: Unsigned> QFormat for FixedI32<Frac> {
    type Word = i32;
    type Unit = I1F31;
    const INTEGER_BITS: u32 = 31u32.saturating_sub(Frac::U32);

    #[inline]
    fn to_word(self) -> i32 {
        self.to_bits()
    }
    #[inline]
    fn from_word(word: i32) -> Self {
        Self::from_bits(word)
    }
}

impl<Frac: Unsigned> QFormat for FixedI16<Frac> {
    type Word = i16;
    type Unit = I1F15;
    const INTEGER_BITS: u32 = 15u32.saturating_sub(Frac::U32);

    #[inline]
    fn to_word(self) -> i16 {
        self.to_bits()
    }
    #[inline]
    fn from_word(word: i16) -> Self {
        Self::from_bits(word)
    }
}

/// `e^x` for `x ≤ 0`; 1 comes out as the largest value below 1.
///
/// `x = r − Σ bᵢ·2^i` with `r` in `[-1/4, 0)`; `e^r` is a Taylor polynomial about −1/8, and each set bit
/// multiplies by `e^(−2^i)`, `i` from −2 to 4. With more than five integer bits, `x < −32` gives 0.
///
/// Source: gemmlowp `exp_on_negative_values`.
#[inline]
pub fn exp_on_negative<Q: QFormat>(x: Q) -> Q::Unit {
    Q::Unit::from_word(exp_on_negative_word(x.to_word(), Q::INTEGER_BITS))
}

/// `1 / (1 + x)` for `x` in `[0, 1]`.
///
/// Newton's division by `(1 + x) / 2` from `48/17 − 32/17 · d`, three steps with two integer bits.
/// Source: gemmlowp `one_over_one_plus_x_for_x_in_0_1`.
#[inline]
pub fn one_over_one_plus<U: QFormat<Unit = U>>(x: U) -> U {
    U::from_word(one_over_one_plus_word(x.to_word()))
}

/// `(1 − x) / (1 + x)` for `x` in `[0, 1]`.
///
/// Twice the reciprocal of [`one_over_one_plus`], less 1.
/// Source: gemmlowp `one_minus_x_over_one_plus_x_for_x_in_0_1`.
#[inline]
pub fn one_minus_over_one_plus<U: QFormat<Unit = U>>(x: U) -> U {
    U::from_word(one_minus_over_one_plus_word(x.to_word()))
}

/// `1 / (1 + e^−x)` for any `x`.
///
/// Source: gemmlowp `logistic`, which TFLite's `ApplySigmoid` uses on 16 bits with three integer bits.
#[inline]
pub fn logistic<Q: QFormat>(x: Q) -> Q::Unit {
    let x = x.to_word();
    let zero = Q::Word::ZERO;
    let negative_magnitude = x.min(x.wrapping_neg());
    let exponential = exp_on_negative_word(negative_magnitude, Q::INTEGER_BITS);
    let on_positive = one_over_one_plus_word(exponential);
    let one_half = Q::Word::constant(1 << 30);
    let y = match x.cmp(&zero) {
        core::cmp::Ordering::Less => Q::Word::MAX.wrapping_sub(on_positive),
        core::cmp::Ordering::Equal => one_half,
        core::cmp::Ordering::Greater => on_positive,
    };
    Q::Unit::from_word(y)
}

/// `tanh x` for any `x`.
///
/// `(1 − e^−2|x|) / (1 + e^−2|x|)` with the sign of `x`.
/// Source: gemmlowp `tanh`, which TFLite's `ApplyTanh` uses on 16 bits with up to six integer bits.
#[inline]
pub fn tanh<Q: QFormat>(x: Q) -> Q::Unit {
    let x = x.to_word();
    let zero = Q::Word::ZERO;
    let negative_magnitude = x.min(x.wrapping_neg());
    // Doubling the argument is reading it with one integer bit more.
    let exponential = exp_on_negative_word(negative_magnitude, Q::INTEGER_BITS + 1);
    let magnitude = one_minus_over_one_plus_word(exponential);
    let y = match x.cmp(&zero) {
        core::cmp::Ordering::Less => magnitude.wrapping_neg(),
        core::cmp::Ordering::Equal => zero,
        core::cmp::Ordering::Greater => magnitude,
    };
    Q::Unit::from_word(y)
}

/// `e^r` for `r` in `[-1/4, 0)`, no integer bits in or out.
fn exp_between_negative_quarter_and_0<W: Word>(r: W) -> W {
    let exp_of_minus_eighth = W::constant(1_895_147_668);
    let one_third = W::constant(715_827_883);
    let x = r.wrapping_add(W::constant(1 << 28));
    let x2 = x.high_mul(x);
    let x3 = x2.high_mul(x);
    let x4_over_4 = x2.high_mul(x2).mul_by_power_of_two(-2);
    let tail = x4_over_4.wrapping_add(x3).high_mul(one_third).wrapping_add(x2).mul_by_power_of_two(-1);
    exp_of_minus_eighth.saturating_add(exp_of_minus_eighth.high_mul(x.wrapping_add(tail)))
}

/// `e^(−2^i)` in Q0.31, for `i` from −2 on.
const EXP_OF_POWERS: [i32; 7] =
    [1_672_461_947, 1_302_514_674, 790_015_084, 290_630_308, 39_332_535, 720_401, 242];

/// [`exp_on_negative`] on bare words with `integer_bits` left of the point.
#[inline(never)]
fn exp_on_negative_word<W: Word>(a: W, integer_bits: u32) -> W {
    let fractional_bits = (W::BITS - 1).wrapping_sub(integer_bits);
    let quarter = W::power_of_two(fractional_bits.wrapping_sub(2));
    let mask = quarter.wrapping_sub(W::power_of_two(0));
    let r = a.and(mask).wrapping_sub(quarter);
    let mut y = exp_between_negative_quarter_and_0(r.mul_by_power_of_two(integer_bits as i32));
    let remainder = r.wrapping_sub(a);
    let mut place = fractional_bits.wrapping_sub(2);
    for factor in EXP_OF_POWERS {
        // A power that the format does not reach is no bit of the remainder.
        if remainder.and(W::power_of_two(place)) != W::ZERO {
            y = y.high_mul(W::constant(factor));
        }
        place = place.wrapping_add(1);
    }
    // −32, or the least value where the format ends before it.
    if a < W::constant(i32::MIN >> integer_bits.saturating_sub(5)) {
        y = W::ZERO;
    }
    if a == W::ZERO { W::MAX } else { y }
}

/// `2 / (1 + x)` for `x` in `[0, 1]` without integer bits; the result has two.
#[inline(never)]
fn newton_reciprocal<W: Word>(x: W) -> W {
    let half_denominator = x.half_sum(W::MAX);
    let mut y =
        W::constant(1_515_870_810).wrapping_add(half_denominator.high_mul(W::constant(-1_010_580_540)));
    for _ in 0..3 {
        let residue = W::constant(1 << 29).wrapping_sub(half_denominator.high_mul(y));
        y = y.wrapping_add(y.high_mul(residue).mul_by_power_of_two(2));
    }
    y
}

fn one_over_one_plus_word<W: Word>(x: W) -> W {
    // Halving is reading the two integer bits as one; one more is shifted out.
    newton_reciprocal(x).mul_by_power_of_two(1)
}

fn one_minus_over_one_plus_word<W: Word>(x: W) -> W {
    newton_reciprocal(x).wrapping_sub(W::constant(1 << 29)).mul_by_power_of_two(2)
}

/// The natural logarithm of `x ≥ 1`.
///
/// `x = z · 2^k`; two normalisations, of `x` and of `x·√½`, give two candidates, the better of which is
/// evaluated as a Padé form about `2^(−1/4)`.
///
/// Source: TFLM `log_x_for_x_greater_than_or_equal_to_1` with 12 integer bits in and 5 out.
pub fn ln_of_at_least_one(x: I13F19) -> I6F26 {
    const LN_2: i32 = 1_488_522_236;
    const FOURTH_ROOT_OF_HALF: i32 = 1_805_811_301;
    const ROOT_OF_HALF: i32 = 1_518_500_250;
    const ALPHA_N: i32 = 117_049_297; // 11/240 · 2^(1/4)
    const ALPHA_D: i32 = 127_690_142; // 1/20 · 2^(1/4)
    const ALPHA_I: i32 = 1_057_819_769; // 2 / 2^(1/4) − 2^(1/4)
    const ALPHA_F: i32 = 638_450_708; // 1/4 · 2^(1/4)
    const INPUT_BITS: i32 = 12;
    const ACCUMULATOR_BITS: i32 = 6;
    // 1/4 with ACCUMULATOR_BITS left of the point.
    const QUARTER: i32 = 1 << (29 - ACCUMULATOR_BITS);
    let mul = doubling_high_mul;

    let z = x.to_bits();
    let headroom_a = z.leading_zeros() as i32 - 1;
    let r_a = mul_by_power_of_two(mul(mul_by_power_of_two(z, headroom_a), ROOT_OF_HALF), 1);
    let log2_a =
        mul_by_power_of_two(INPUT_BITS - headroom_a - 1, 31 - ACCUMULATOR_BITS).saturating_add(QUARTER);

    let headroom_b = mul(z, ROOT_OF_HALF).leading_zeros() as i32 - 1;
    let r_b = mul_by_power_of_two(z, headroom_b);
    let log2_b = mul_by_power_of_two(INPUT_BITS - headroom_b, 31 - ACCUMULATOR_BITS).saturating_sub(QUARTER);

    let r = r_a.min(r_b);
    let log2 = log2_a.max(log2_b);

    let p = rounding_half_sum(r, FOURTH_ROOT_OF_HALF);
    let half_q = r.wrapping_sub(FOURTH_ROOT_OF_HALF);
    let q = half_q.wrapping_add(half_q);
    let q2 = mul(q, q);
    let numerator = mul(q, r).wrapping_add(mul(mul(q, q2), ALPHA_N));
    let inner = ALPHA_I.wrapping_add(q).wrapping_add(mul(ALPHA_D, q2));
    let denominator_minus_one = mul(p, inner).wrapping_add(mul(ALPHA_F, q));
    let reciprocal = one_over_one_plus(I1F31::from_bits(denominator_minus_one)).to_bits();
    let ln_r = mul(mul_by_power_of_two(numerator, -ACCUMULATOR_BITS), reciprocal);
    I6F26::from_bits(mul_by_power_of_two(mul(log2, LN_2).wrapping_add(ln_r), 1))
}

/// The reciprocal of a positive fixed-point number: `scale / 2^bits_over_unit`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reciprocal {
    /// In `(1/2, 1]`.
    pub scale: I1F31,
    /// How many bits the number has above the binary point, less one: `⌊log2 x⌋`.
    pub bits_over_unit: i32,
}

impl Reciprocal {
    /// The reciprocal of `x`, a positive number with `integer_bits` left of the binary point.
    ///
    /// `x` is normalised to `1 + f` and goes through [`one_over_one_plus`]. What 0 or a negative `x` gives
    /// has no meaning.
    ///
    /// Source: TFLM `GetReciprocal`.
    #[inline]
    pub fn of(x: i32, integer_bits: u32) -> Self {
        let headroom = x.leading_zeros();
        // Drops the leading one: the shift leaves it in the sign.
        let fraction = x.checked_shl(headroom).unwrap_or(0) ^ i32::MIN;
        let scale = one_over_one_plus(I1F31::from_bits(fraction));
        Self { scale, bits_over_unit: integer_bits as i32 - headroom as i32 }
    }
}
