//! Single-precision functions that give the same bits on every target.
//!
//! Some are evaluated in double precision by `libm` and rounded once. The C library's functions, which the
//! recorded outputs come from, are within an ulp of that and nearly always equal; the others are written as it
//! has them.

pub use crate::circular::{cos, sin};
pub use crate::hyperbolic::{exp_m1, tanh};
pub use crate::power::pow;

macro_rules! rounded_once {
    ($($(#[$doc:meta])* $name:ident = $function:path;)*) => {
        $(
            $(#[$doc])*
            pub fn $name(x: f32) -> f32 {
                $function(f64::from(x)) as f32
            }
        )*
    };
}

rounded_once! {
    /// `e^x`
    exp = libm::exp;
    /// The natural logarithm.
    ln = libm::log;
    /// The error function.
    erf = libm::erf;
    /// What the error function lacks of 1.
    erfc = libm::erfc;
    /// The square root: correctly rounded.
    sqrt = libm::sqrt;
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
    fn logistic_is_continued_by_its_outer_pieces() {
        assert_eq!([logistic(0.0), logistic(17.0), logistic(100.0)], [0.5, 1.0, 1.0]);
        assert_eq!(logistic(-10.0), exp(-10.0));
        assert_eq!(logistic(-9.0), 1.0 / (1.0 + exp(9.0)));
    }
}
