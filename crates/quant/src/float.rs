//! Single-precision functions that give the same bits on every target.
//!
//! Each is evaluated in double precision by `libm` and rounded once. The C library's functions, which the
//! recorded outputs come from, are within an ulp of that and nearly always equal.

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
    /// `e^x − 1`
    exp_m1 = libm::expm1;
    /// The natural logarithm.
    ln = libm::log;
    /// The sine of radians.
    sin = libm::sin;
    /// The cosine of radians.
    cos = libm::cos;
    /// The hyperbolic tangent.
    tanh = libm::tanh;
    /// The error function.
    erf = libm::erf;
    /// The square root: correctly rounded.
    sqrt = libm::sqrt;
}

/// `x^y`
pub fn pow(x: f32, y: f32) -> f32 {
    libm::pow(f64::from(x), f64::from(y)) as f32
}
