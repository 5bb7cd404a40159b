//! Arithmetic on elements as they are: real numbers, and integers that stand for themselves.

use quant::float;

use super::pairwise::{Source, pairwise};
use crate::{Broadcast, KernelError};

/// The limits of a fused activation on elements as they are, both ends included.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Limits<T> {
    /// Least value allowed.
    pub min: T,
    /// Greatest value allowed.
    pub max: T,
}

impl<T: PartialOrd> Limits<T> {
    /// The allowed value nearest to `x`; NaN stays.
    ///
    /// Source: TFLM `ActivationFunctionWithMinMax`, with its order of comparisons.
    #[inline]
    pub fn apply(self, x: T) -> T {
        let floored = if x < self.min { self.min } else { x };
        if self.max < floored { self.max } else { floored }
    }
}

/// A number with the arithmetic of its type; that of integers wraps.
pub trait Number: Copy + Default + PartialOrd {
    /// The sum.
    fn plus(self, other: Self) -> Self;
    /// The difference.
    fn minus(self, other: Self) -> Self;
    /// The product.
    fn times(self, other: Self) -> Self;
    /// The quotient, towards 0 for integers; of an integer by 0 it is 0.
    fn over(self, other: Self) -> Self;
    /// Whether a division by it has an answer.
    fn divides(self) -> bool;
}

macro_rules! integers {
    ($($name:ident)*) => {
        $(impl Number for $name {
            #[inline]
            fn plus(self, other: Self) -> Self {
                self.wrapping_add(other)
            }
            #[inline]
            fn minus(self, other: Self) -> Self {
                self.wrapping_sub(other)
            }
            #[inline]
            fn times(self, other: Self) -> Self {
                self.wrapping_mul(other)
            }
            #[inline]
            fn over(self, other: Self) -> Self {
                match other {
                    0 => 0,
                    -1 => self.wrapping_neg(),
                    _ => self.wrapping_div(other),
                }
            }
            #[inline]
            fn divides(self) -> bool {
                self != 0
            }
        })*
    };
}

integers! { i32 i64 }

impl Number for f32 {
    #[inline]
    fn plus(self, other: Self) -> Self {
        self + other
    }
    #[inline]
    fn minus(self, other: Self) -> Self {
        self - other
    }
    #[inline]
    fn times(self, other: Self) -> Self {
        self * other
    }
    #[inline]
    fn over(self, other: Self) -> Self {
        self / other
    }
    #[inline]
    fn divides(self) -> bool {
        true
    }
}

/// An element that FLOOR_DIV and FLOOR_MOD work on.
pub trait Floored: Copy + Default + PartialEq {
    /// The quotient, towards −∞.
    fn floor_div(self, other: Self) -> Self;
    /// The rest that belongs to it: of the divisor's sign.
    fn floor_mod(self, other: Self) -> Self;
    /// Whether a division by it has a rest, which for real numbers may be NaN.
    fn has_rest(self) -> bool;
}

macro_rules! floored {
    ($($name:ident)*) => {
        $(impl Floored for $name {
            #[inline]
            fn floor_div(self, other: Self) -> Self {
                let rest = self.checked_rem(other).unwrap_or(0);
                let quotient = match other {
                    0 => 0,
                    -1 => self.wrapping_neg(),
                    _ => self.wrapping_div(other),
                };
                if rest != 0 && (rest < 0) != (other < 0) { quotient.wrapping_sub(1) } else { quotient }
            }
            #[inline]
            fn floor_mod(self, other: Self) -> Self {
                let rest = self.checked_rem(other).unwrap_or(0);
                if rest != 0 && (rest < 0) != (other < 0) { rest.wrapping_add(other) } else { rest }
            }
            #[inline]
            fn has_rest(self) -> bool {
                self != 0
            }
        })*
    };
}

floored! { i8 i16 i32 i64 }

impl Floored for f32 {
    #[inline]
    fn floor_div(self, other: Self) -> Self {
        libm::floor(f64::from(self) / f64::from(other)) as f32
    }
    #[inline]
    fn floor_mod(self, other: Self) -> Self {
        let rest = libm::fmodf(self, other);
        if rest != 0.0 && (rest < 0.0) != (other < 0.0) { rest + other } else { rest }
    }
    #[inline]
    fn has_rest(self) -> bool {
        true
    }
}

macro_rules! limited {
    ($($(#[$doc:meta])* $name:ident = $method:ident;)*) => {
        $(
            $(#[$doc])*
            ///
            /// ```text
            /// output = limits(a ∘ b)
            /// ```
            ///
            /// # Exactness
            /// That of the element type, in TFLM's order: the operation, then the limits.
            ///
            /// # Cost
            /// One operation and two comparisons per element. No scratch.
            ///
            /// # Errors
            /// As [`Broadcast::check`]; `output` is then untouched.
            pub fn $name<T: Number>(
                walk: &Broadcast,
                limits: &Limits<T>,
                a: Source<'_, T>,
                b: Source<'_, T>,
                output: &mut [T],
            ) -> Result<(), KernelError> {
                pairwise(walk, a, b, output, |a, b| limits.apply(a.$method(b)))
            }
        )*
    };
}

limited! {
    /// ADD of numbers, broadcasting either.
    add = plus;
    /// SUB of numbers, broadcasting either.
    sub = minus;
    /// MUL of numbers, broadcasting either.
    mul = times;
}

/// DIV of numbers, broadcasting either; integers towards 0.
///
/// # Exactness
/// That of the element type, in TFLM's order: the quotient, then the limits.
///
/// # Cost
/// One division per element, and a look at every divisor before the first. No scratch.
///
/// # Errors
/// As [`Broadcast::check`]; [`KernelError::Value`] when an integer divisor is 0. `output` is then untouched.
pub fn div<T: Number>(
    walk: &Broadcast,
    limits: &Limits<T>,
    a: Source<'_, T>,
    b: Source<'_, T>,
    output: &mut [T],
) -> Result<(), KernelError> {
    if !all(&b, output, |b| b.divides()) {
        return Err(KernelError::Value);
    }
    pairwise(walk, a, b, output, |a, b| limits.apply(a.over(b)))
}

/// SQUARED_DIFFERENCE of numbers, broadcasting either: `(a − b)²`.
///
/// # Exactness
/// That of the element type.
///
/// # Cost
/// One subtraction and one multiplication per element. No scratch.
///
/// # Errors
/// As [`Broadcast::check`]; `output` is then untouched.
pub fn squared_difference<T: Number>(
    walk: &Broadcast,
    a: Source<'_, T>,
    b: Source<'_, T>,
    output: &mut [T],
) -> Result<(), KernelError> {
    pairwise(walk, a, b, output, |a, b| a.minus(b).times(a.minus(b)))
}

/// MAXIMUM, broadcasting either. Quantised elements are compared as they are, as in TFLM.
///
/// # Exactness
/// `a` where it is greater, else `b`: so NaN in either gives `b`.
///
/// # Cost
/// One comparison per element. No scratch.
///
/// # Errors
/// As [`Broadcast::check`]; `output` is then untouched.
pub fn maximum<T: Copy + Default + PartialOrd>(
    walk: &Broadcast,
    a: Source<'_, T>,
    b: Source<'_, T>,
    output: &mut [T],
) -> Result<(), KernelError> {
    pairwise(walk, a, b, output, |a, b| if a > b { a } else { b })
}

/// MINIMUM, broadcasting either. Quantised elements are compared as they are, as in TFLM.
///
/// # Exactness
/// `a` where it is less, else `b`: so NaN in either gives `b`.
///
/// # Cost
/// One comparison per element. No scratch.
///
/// # Errors
/// As [`Broadcast::check`]; `output` is then untouched.
pub fn minimum<T: Copy + Default + PartialOrd>(
    walk: &Broadcast,
    a: Source<'_, T>,
    b: Source<'_, T>,
    output: &mut [T],
) -> Result<(), KernelError> {
    pairwise(walk, a, b, output, |a, b| if a < b { a } else { b })
}

/// FLOOR_DIV, broadcasting either: the quotient towards −∞.
///
/// # Exactness
/// Real numbers are divided in double precision, as in TFLM. Quantised elements are taken as they are, as in
/// TensorFlow Lite.
///
/// # Cost
/// One division per element, and a look at every divisor before the first. No scratch.
///
/// # Errors
/// As [`Broadcast::check`]; [`KernelError::Value`] when a divisor is 0. `output` is then untouched.
pub fn floor_div<T: Floored>(
    walk: &Broadcast,
    a: Source<'_, T>,
    b: Source<'_, T>,
    output: &mut [T],
) -> Result<(), KernelError> {
    if !all(&b, output, |b| b != T::default()) {
        return Err(KernelError::Value);
    }
    pairwise(walk, a, b, output, T::floor_div)
}

/// FLOOR_MOD, broadcasting either: the rest of the division towards −∞.
///
/// # Exactness
/// The rest of `fmod`, which is exact, moved to the divisor's sign.
///
/// # Cost
/// One division per element, and a look at every divisor before the first. No scratch.
///
/// # Errors
/// As [`Broadcast::check`]; [`KernelError::Value`] when an integer divisor is 0. `output` is then untouched.
pub fn floor_mod<T: Floored>(
    walk: &Broadcast,
    a: Source<'_, T>,
    b: Source<'_, T>,
    output: &mut [T],
) -> Result<(), KernelError> {
    if !all(&b, output, T::has_rest) {
        return Err(KernelError::Value);
    }
    pairwise(walk, a, b, output, T::floor_mod)
}

/// POW of real numbers, broadcasting either.
///
/// # Exactness
/// [`quant::float::pow`].
///
/// # Cost
/// One power in double precision per element. No scratch.
///
/// # Errors
/// As [`Broadcast::check`]; `output` is then untouched.
pub fn pow_f32(
    walk: &Broadcast,
    a: Source<'_, f32>,
    b: Source<'_, f32>,
    output: &mut [f32],
) -> Result<(), KernelError> {
    pairwise(walk, a, b, output, float::pow)
}

/// POW of integers, broadcasting either.
///
/// # Exactness
/// The product of as many factors, wrapped.
///
/// # Cost
/// Up to 62 multiplications per element, and a look at every exponent before the first. No scratch.
///
/// # Errors
/// As [`Broadcast::check`]; [`KernelError::Value`] when an exponent is negative. `output` is then untouched.
pub fn pow_s32(
    walk: &Broadcast,
    a: Source<'_, i32>,
    b: Source<'_, i32>,
    output: &mut [i32],
) -> Result<(), KernelError> {
    if !all(&b, output, |b| b >= 0) {
        return Err(KernelError::Value);
    }
    pairwise(walk, a, b, output, |a, b| a.wrapping_pow(b.unsigned_abs()))
}

/// LOGICAL_AND, broadcasting either.
///
/// # Exactness
/// 1 or 0; anything but 0 is true.
///
/// # Cost
/// One operation per element. No scratch.
///
/// # Errors
/// As [`Broadcast::check`]; `output` is then untouched.
pub fn logical_and(
    walk: &Broadcast,
    a: Source<'_, u8>,
    b: Source<'_, u8>,
    output: &mut [u8],
) -> Result<(), KernelError> {
    pairwise(walk, a, b, output, |a, b| (a != 0 && b != 0).into())
}

/// LOGICAL_OR, broadcasting either.
///
/// # Exactness
/// 1 or 0; anything but 0 is true.
///
/// # Cost
/// One operation per element. No scratch.
///
/// # Errors
/// As [`Broadcast::check`]; `output` is then untouched.
pub fn logical_or(
    walk: &Broadcast,
    a: Source<'_, u8>,
    b: Source<'_, u8>,
    output: &mut [u8],
) -> Result<(), KernelError> {
    pairwise(walk, a, b, output, |a, b| (a != 0 || b != 0).into())
}

/// BROADCAST_ARGS: the shape that two shapes, given as elements, broadcast to.
///
/// # Exactness
/// TFLM's `BroadcastArgs`. A shape with fewer sizes is taken to begin with sizes of 1.
///
/// # Cost
/// A comparison per size. No scratch.
///
/// # Errors
/// [`KernelError::Value`] when the shapes do not broadcast; [`KernelError::Length`] when `output` is shorter
/// than one of them.
pub fn broadcast_args<T: Number + From<i32>>(a: &[T], b: &[T], output: &mut [T]) -> Result<(), KernelError> {
    KernelError::check(Some(a.len().max(b.len())), output.len())?;
    let one = T::from(1);
    let padded = |shape: &[T], from_end: usize| shape.iter().rev().nth(from_end).copied().unwrap_or(one);
    for (from_end, out) in output.iter_mut().rev().enumerate() {
        *out = match (padded(a, from_end), padded(b, from_end)) {
            (a, b) if a == one || a == b => b,
            (a, b) if b == one => a,
            _ => return Err(KernelError::Value),
        };
    }
    Ok(())
}

/// Whether something holds of every element of an operand.
fn all<T: Copy>(operand: &Source<'_, T>, output: &[T], holds: impl Fn(T) -> bool) -> bool {
    match operand {
        Source::Given(elements) => elements.iter().all(|&element| holds(element)),
        Source::Output => output.iter().all(|&element| holds(element)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn floors_agree_with_real_division() {
        for a in -40i32..=40 {
            for b in (-7..=7).filter(|b| *b != 0) {
                let quotient = libm::floor(f64::from(a) / f64::from(b)) as i32;
                assert_eq!((a.floor_div(b), a.floor_mod(b)), (quotient, a - quotient * b), "{a} {b}");
                let (x, y) = (a as f32 / 2.0, b as f32 / 4.0);
                assert_eq!(x.floor_div(y), libm::floorf(x / y), "{x} {y}");
                assert_eq!(x.floor_mod(y), x - libm::floorf(x / y) * y, "{x} {y}");
            }
        }
        assert_eq!((i8::MIN.floor_div(-1), i8::MIN.floor_mod(-1)), (i8::MIN, 0));
    }

    #[test]
    fn a_divisor_of_zero_is_an_error_and_not_a_panic() {
        let walk = Broadcast::of(&[2], &[&[2], &[2]]).unwrap();
        let limits = Limits { min: i32::MIN, max: i32::MAX };
        let (a, zero) = (Source::Given(&[7, i32::MIN][..]), Source::Given(&[1, 0][..]));
        let mut output = [5; 2];
        assert_eq!(div(&walk, &limits, a, zero, &mut output), Err(KernelError::Value));
        assert_eq!(floor_div(&walk, a, zero, &mut output), Err(KernelError::Value));
        assert_eq!(floor_mod(&walk, a, zero, &mut output), Err(KernelError::Value));
        assert_eq!(output, [5; 2]);
        div(&walk, &limits, a, Source::Given(&[-2, -1]), &mut output).unwrap();
        assert_eq!(output, [-3, i32::MIN]);
        assert_eq!(pow_s32(&walk, a, Source::Given(&[0, -1]), &mut output), Err(KernelError::Value));
    }

    #[test]
    fn limits_hold_and_let_not_a_number_through() {
        let limits = Limits { min: 0.0, max: 6.0 };
        assert_eq!([-1.0, 3.0, 7.0].map(|x| limits.apply(x)), [0.0, 3.0, 6.0]);
        assert!(limits.apply(f32::NAN).is_nan());
    }

    #[test]
    fn shapes_broadcast_from_their_ends() {
        let mut output = [0; 3];
        broadcast_args(&[2, 1, 4], &[3, 1], &mut output).unwrap();
        assert_eq!(output, [2, 3, 4]);
        assert_eq!(broadcast_args(&[2, 3, 4], &[2, 4], &mut output), Err(KernelError::Value));
        assert!(broadcast_args(&[1i64; 4], &[2], &mut [0; 3]).is_err());
    }
}
