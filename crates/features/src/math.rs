//! The few real functions that the tables are made of, for the compiler to evaluate.
//!
//! `core` has no transcendental functions, and a platform's own differ in the last bit. These are sums of `f64` products in a
//! fixed order, good to some 1e-15, and the tables keep at most 16 bits: the rounded tables are the same everywhere.

use core::f64::consts::{FRAC_PI_2, LN_2, PI};

/// cos of `n / d` turns. Exact at quarter turns.
pub(crate) const fn cos_of_turns(n: u64, d: u64) -> f64 {
    if d == 0 {
        return 1.0;
    }
    let n = n % d;
    let n = if 2 * n > d { d - n } else { n }; // cos is even: half a turn is enough
    if 4 * n == d {
        0.0
    } else if 4 * n > d {
        -cosine(PI * ((d - 2 * n) as f64 / d as f64))
    } else {
        cosine(2.0 * PI * (n as f64 / d as f64))
    }
}

/// sin of `n / d` turns.
pub(crate) const fn sin_of_turns(n: u64, d: u64) -> f64 {
    cos_of_turns(4 * n + 3 * d, 4 * d) // a quarter turn less
}

/// cos x for x in `[0, π/2]`, by its power series.
const fn cosine(x: f64) -> f64 {
    debug_assert!(x >= 0.0 && x <= FRAC_PI_2);
    let (mut term, mut sum, mut k) = (1.0, 1.0, 1);
    while k < 14 {
        term *= -x * x / ((2 * k - 1) * (2 * k)) as f64;
        sum += term;
        k += 1;
    }
    sum
}

/// Natural logarithm of a number of at least 1.
pub(crate) const fn ln(x: f64) -> f64 {
    let (mut mantissa, mut exponent) = (x, 0);
    while mantissa > 1.5 {
        mantissa /= 2.0;
        exponent += 1;
    }
    // ln m = 2 artanh((m - 1) / (m + 1)), whose series converges by 25 or better per term here
    let ratio = (mantissa - 1.0) / (mantissa + 1.0);
    let (mut power, mut sum, mut k) = (ratio, 0.0, 1);
    while k < 30 {
        sum += power / k as f64;
        power *= ratio * ratio;
        k += 2;
    }
    2.0 * sum + exponent as f64 * LN_2
}

/// Square root, by Newton's method from above.
pub(crate) const fn sqrt(x: f64) -> f64 {
    let (mut root, mut step) = (if x > 1.0 { x } else { 1.0 }, 0);
    while step < 64 {
        root = (root + x / root) / 2.0;
        step += 1;
    }
    root
}

/// The nearest integer, halves away from zero.
pub(crate) const fn to_nearest(x: f64) -> i64 {
    if x < 0.0 { -((0.5 - x) as i64) } else { (x + 0.5) as i64 }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;

    #[test]
    fn agree_with_the_platform_to_1e_14() {
        for d in [1u64, 3, 8, 160, 512, 4096] {
            for n in 0..2 * d {
                let x = 2.0 * PI * n as f64 / d as f64;
                assert!((cos_of_turns(n, d) - x.cos()).abs() < 2e-15, "cos {n}/{d}");
                assert!((sin_of_turns(n, d) - x.sin()).abs() < 2e-15, "sin {n}/{d}");
            }
        }
        for i in 0..2000 {
            let x = 1.0 + f64::from(i * i) / 7.0;
            assert!((ln(x) - x.ln()).abs() < 1e-14, "ln {x}");
            assert!((sqrt(x / 100.0) - (x / 100.0).sqrt()).abs() < 1e-13, "sqrt {x}");
        }
    }

    #[test]
    fn exact_where_it_matters() {
        assert_eq!([0, 1, 2, 3, 4].map(|n| cos_of_turns(n, 4)), [1.0, 0.0, -1.0, 0.0, 1.0]);
        assert_eq!([0, 1, 2, 3, 4].map(|n| sin_of_turns(n, 4)), [0.0, 1.0, 0.0, -1.0, 0.0]);
        assert_eq!([-1.5, -0.5, -0.4, 0.4, 0.5, 1.5].map(to_nearest), [-2, -1, 0, 0, 1, 2]);
        assert_eq!(cos_of_turns(1, 0), 1.0);
    }
}
