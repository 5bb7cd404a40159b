//! Sine and cosine of single-precision numbers, as the C library of the recorded outputs computes them.

/// The sine of radians; of a negative 0, that.
///
/// Below 120 it is what the C library of the recorded outputs gives, which differs from the nearest number in
/// one of a hundred: a polynomial in double precision on a quarter turn, rounded once.
pub fn sin(x: f32) -> f32 {
    if x == 0.0 {
        return x;
    }
    match quarter_turns(x) {
        Some((rest, turns)) => turned(rest, turns),
        None => libm::sin(f64::from(x)) as f32,
    }
}

/// The cosine of radians; see [`sin`].
pub fn cos(x: f32) -> f32 {
    match quarter_turns(x) {
        Some((rest, turns)) => turned(rest, turns.wrapping_add(1)),
        None => libm::cos(f64::from(x)) as f32,
    }
}

/// How many quarter turns an angle is, to the nearest, and what is left; `None` from 120 on.
fn quarter_turns(x: f32) -> Option<(f64, i32)> {
    if libm::fabsf(x) < 120.0 {
        let scaled = f64::from(x) * (core::f64::consts::FRAC_2_PI * 16_777_216.0);
        let turns = (scaled as i32).wrapping_add(0x80_0000) >> 24;
        Some((f64::from(x) - f64::from(turns) * core::f64::consts::FRAC_PI_2, turns))
    } else {
        None
    }
}

/// The sine of `rest` and so many quarter turns.
fn turned(rest: f64, turns: i32) -> f32 {
    let square = rest * rest;
    match turns & 3 {
        0 => sine_on_quarter(rest, square) as f32,
        1 => cosine_on_quarter(square) as f32,
        2 => -sine_on_quarter(rest, square) as f32,
        _ => -cosine_on_quarter(square) as f32,
    }
}

/// `x − x³/6 + …` of `|x| ≤ π/4`, its coefficients fitted; `square` is `x²`.
fn sine_on_quarter(x: f64, square: f64) -> f64 {
    const CUBE: f64 = -0.16666654943701084;
    const FIFTH: f64 = 0.008332178146138854;
    const SEVENTH: f64 = -0.00019517298981385725;
    let cube = x * square;
    let high = FIFTH + square * SEVENTH;
    (x + cube * CUBE) + (cube * square) * high
}

/// `1 − x²/2 + …` of `|x| ≤ π/4`, its coefficients fitted, from `x²`.
fn cosine_on_quarter(square: f64) -> f64 {
    const SQUARE: f64 = -0.49999999725108224;
    const FOURTH: f64 = 0.041666623324344516;
    const SIXTH: f64 = -0.001388676379437604;
    const EIGHTH: f64 = 2.4390450703564542e-05;
    let fourth = square * square;
    let high = SIXTH + square * EIGHTH;
    let low = 1.0 + square * SQUARE;
    (low + fourth * FOURTH) + (fourth * square) * high
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_are_within_a_step_of_the_nearest() {
        for i in -40_000i32..40_000 {
            let x = i as f32 / 301.0;
            let (sine, cosine) = (libm::sin(f64::from(x)) as f32, libm::cos(f64::from(x)) as f32);
            assert!(sin(x).to_bits().abs_diff(sine.to_bits()) <= 1, "{x}");
            assert!(cos(x).to_bits().abs_diff(cosine.to_bits()) <= 1, "{x}");
        }
        assert_eq!((sin(0.0), cos(0.0), sin(1e-6)), (0.0, 1.0, 1e-6));
        assert!(sin(f32::INFINITY).is_nan() && cos(f32::NAN).is_nan());
    }
    /// Bits of sine and cosine from glibc 2.36 (`sinf`, `cosf`), where the nearest number is another.
    #[test]
    fn both_are_what_the_source_s_library_gives() {
        for (x, sine, cosine) in [
            (0x3f58_0b24, 0x3f3f_4c07, 0x3f2a_1f36),
            (0x3f59_22fb, 0x3f40_058c, 0x3f29_4db4),
            (0x3f62_d18d, 0x3f46_492f, 0x3f21_ec04),
            (0x3f66_410c, 0x3f48_70e3, 0x3f1f_3f16),
            (0x42ef_15aa, 0x3e24_f3f4, 0x3f7c_a81d),
        ] {
            let x = f32::from_bits(x);
            assert_eq!((sin(x).to_bits(), cos(x).to_bits()), (sine, cosine), "{x}");
        }
        assert!(sin(-0.0).is_sign_negative());
    }
}
