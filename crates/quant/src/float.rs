//! Single-precision functions that give the same bits on every target.
//!
//! The recorded outputs come from a C library (glibc); most functions are written as it has them. Those of `libm` here are the
//! same to the bit, or nearly always (`erf`, `erfc`).

pub use crate::circular::{cos, sin};
pub use crate::hyperbolic::{exp_m1, tanh};
pub use crate::power::{exp, ln, pow};

macro_rules! of_libm {
    ($($(#[$doc:meta])* $name:ident = $function:path;)*) => {
        $(
            $(#[$doc])*
            pub fn $name(x: f32) -> f32 {
                settled(x, $function(x))
            }
        )*
    };
}

of_libm! {
    /// The error function; one result in five hundred differs from the source's in its last bit.
    erf = libm::erff;
    /// What the error function lacks of 1; one result in a hundred and fifty differs from the source's in its last bit.
    erfc = libm::erfcf;
    /// The square root: correctly rounded.
    sqrt = libm::sqrtf;
}

/// What an operation without a value gives, by the sign that x86 gives it. Other processors make the positive one.
const INVALID: f32 = f32::from_bits(0xffc0_0000);

/// A result with one bit pattern for not-a-number on every target: the argument's own, else [`INVALID`].
pub(crate) fn settled(x: f32, y: f32) -> f32 {
    if x.is_nan() {
        x
    } else if y.is_nan() {
        INVALID
    } else {
        y
    }
}

/// `1 / (1 + e^−x)`, by the source's three pieces: 1 above 16.619…, `e^x` below −9.
///
/// Source: TFLM `reference_ops::Logistic` on float.
pub fn logistic(x: f32) -> f32 {
    const ONE_FROM: f32 = 16.619_047;
    if x > ONE_FROM {
        1.0
    } else if x < -9.0 {
        exp(x)
    } else {
        1.0 / (1.0 + exp(-x))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_no_value_has_one_pattern() {
        assert_eq!([ln(-1.0), sqrt(-2.0)].map(f32::to_bits), [0xffc0_0000; 2]);
        assert_eq!(ln(f32::from_bits(0x7fc0_0123)).to_bits(), 0x7fc0_0123);
        assert_eq!(ln(0.0), f32::NEG_INFINITY);
    }

    #[test]
    fn logistic_is_continued_by_its_outer_pieces() {
        assert_eq!([logistic(0.0), logistic(17.0), logistic(100.0)], [0.5, 1.0, 1.0]);
        assert_eq!(logistic(-10.0), exp(-10.0));
        assert_eq!(logistic(-9.0), 1.0 / (1.0 + exp(9.0)));
        // 1 is only above the limit; at it, the formula.
        assert_eq!(logistic(16.619_047).to_bits(), 0x3f7f_fffe);
    }
}
