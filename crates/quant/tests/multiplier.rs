//! Where rounding could go either way, it goes TFLM's way.
//!
//! Every kernel shares this arithmetic, so comparing kernels with each other can never find a fault
//! in it. These rows can: each is a tie, a limit, or a case where rounding once differs from twice.

use quant::{Clamp, Multiplier, ZeroPoint};

const HALF: i32 = 1 << 30;
const MIN: i32 = i32::MIN;
const MAX: i32 = i32::MAX;

fn multiplier(mantissa: i32, shift: i8) -> Multiplier {
    Multiplier::new(mantissa, shift).expect("in range")
}

#[test]
fn scale_ties_and_limits() {
    #[rustfmt::skip]
    let rows = [
        // mantissa  shift       x   expected   why
        (HALF,         0,        1,         1), //  0.5 up
        (HALF,         0,       -1,         0), // -0.5 up: the product's ties go towards +∞
        (HALF,         0,        3,         2), //  1.5 up
        (HALF,         0,       -3,        -1), // -1.5 up
        (-HALF,        0,        1,         0), // -0.5 up, the sign being the mantissa's
        (-HALF,        0,       -1,         1),
        (HALF,        -1,        2,         1), //  0.5 away from zero: the shift's ties do
        (HALF,        -1,       -2,        -1), // -0.5 away from zero
        (HALF,        -1,        1,         1), //  0.25: 0.5 → 1, then 0.5 → 1; rounding once gives 0
        (HALF,        -1,       -1,         0), // -0.25: -0.5 → 0, then 0
        (HALF,         1,        7,         7), //  exactly 1
        (MAX,          0,      MAX,   MAX - 1), //  just below 1
        (MAX,          0,      MIN,   MIN + 1),
        (MIN,          0,      MIN,       MAX), //  -1 · -1 saturates
        (MIN,          0,       77,       -77),
        (HALF,       -31,      MAX,         1), //  just under 0.5 → 0.5 → 1
        (HALF,       -31,  MAX - 2,         0), //  2^30 − 1 and its half lie below the tie
        (HALF,         2,  1 << 30,      HALF), //  saturates before the product, where TFLM overflows
        (HALF,         2, -(1 << 30),   -HALF),
        (MAX,         31,        0,         0), //  softmax's cap
        (MAX,         31,        1,   MAX - 1),
        (0,            0,      MIN,         0),
    ];
    for (mantissa, shift, x, expected) in rows {
        assert_eq!(multiplier(mantissa, shift).scale(x), expected, "{x} · {mantissa} · 2^({shift} − 31)");
    }
}

#[test]
fn out_of_range_multipliers_are_refused() {
    for (mantissa, shift) in [(HALF, -32), (HALF, 32), (0, 32), (1, i8::MIN), (1, i8::MAX)] {
        assert_eq!(Multiplier::new(mantissa, shift), None, "{mantissa}, {shift}");
    }
    for (mantissa, shift) in [(HALF, -31), (HALF, 31), (-HALF, 0), (MIN, 0), (MAX, 0), (0, 0), (1, 5)] {
        let m = multiplier(mantissa, shift);
        assert_eq!((m.mantissa(), m.shift()), (mantissa, shift));
    }
}

#[test]
fn the_zero_point_is_added_before_the_clamp() {
    let relu6 = Clamp { min: -128, max: 100 };
    assert_eq!(Multiplier::ONE.requantize(5, ZeroPoint(-128), relu6), -123);
    assert_eq!(Multiplier::ONE.requantize(-5, ZeroPoint(-128), relu6), -128);
    assert_eq!(Multiplier::ONE.requantize(i32::MAX, ZeroPoint(127), relu6), 100);
    assert_eq!(Multiplier::ONE.requantize_wide(5, ZeroPoint(-128), relu6), -123);
    assert_eq!(Multiplier::ONE.requantize_wide(i64::MAX, ZeroPoint(127), relu6), 100);
}

#[test]
fn real_factors_round_to_the_nearest_mantissa() {
    #[rustfmt::skip]
    let rows = [
        // real                                 mantissa      shift
        (0.0,                                   0,               0),
        (-0.0,                                  0,               0),
        (1.0,                                   HALF,            1),
        (0.5,                                   HALF,            0),
        (-0.5,                                  -HALF,           0),
        (0.3,                                   1288490189,     -1), // f = 0.6
        (-0.3,                                  -1288490189,    -1),
        (1.0 - f64::EPSILON,                    HALF,            1), // carries
        (-(1.0 - f64::EPSILON),                 MIN,             0), // the negated one does not
        (0.5 + 1.0 / 4294967296.0,              HALF + 1,        0), // half a unit rounds away from zero
        (0.5 + 0.999 / 4294967296.0,             HALF,            0),
        (-(0.5 + 1.0 / 4294967296.0),           -HALF - 1,       0),
        (2147483647.0,                          MAX,            31), // softmax's cap
        (1.0 / 4294967296.0,                    HALF,          -31), // 2^-32 = 0.5 · 2^-31
        (0.999 / 4294967296.0,                  0,               0), // shift −32 flushes
        (f64::MIN_POSITIVE / 2.0,               0,               0),
    ];
    for (real, mantissa, shift) in rows {
        assert_eq!(Multiplier::from_real(real), Multiplier::new(mantissa, shift), "{real}");
    }
    // A carry out of the flushed range stays.
    assert_eq!(Multiplier::from_real((1.0 - f64::EPSILON) / 4294967296.0), Multiplier::new(HALF, -31));
    for real in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 2147483648.0, -2147483648.0, 2147483647.9, 1e300]
    {
        assert_eq!(Multiplier::from_real(real), None, "{real}");
    }
}

#[test]
fn to_real_is_exact() {
    assert_eq!(Multiplier::ONE.to_real(), 1.0);
    assert_eq!(Multiplier::ZERO.to_real(), 0.0);
    assert_eq!(multiplier(MAX, 31).to_real(), 2147483647.0);
    assert_eq!(multiplier(-HALF, -31).to_real(), -1.0 / 4294967296.0);
}

#[test]
fn clamp_keeps_the_nearest_value() {
    let clamp = Clamp { min: -3, max: 5 };
    let nearest: Vec<i32> = [MIN, -4, -3, 0, 5, 6, MAX].map(|q| clamp.apply(q)).to_vec();
    assert_eq!(nearest, [-3, -3, -3, 0, 5, 5, 5]);
    // TFLM takes the maximum first, then the minimum.
    assert_eq!(Clamp { min: 7, max: 5 }.apply(0), 5);
    let limits = [Clamp::I8, Clamp::U8, Clamp::I16, Clamp::U16, Clamp::I32];
    let ends = [(-128, 127), (0, 255), (-32768, 32767), (0, 65535), (MIN, MAX)];
    assert_eq!(limits.map(|c| (c.min, c.max)), ends);
}

#[test]
fn scale_wide_ties_and_limits() {
    #[rustfmt::skip]
    let rows = [
        // mantissa    shift                x    expected   why
        (HALF,           1,               7i64,         7), // exactly 1
        (HALF,           0,                  1,         1), //  0.5 up
        (HALF,           0,                 -1,         0), // -0.5 up
        (HALF,          -1,                  1,         0), //  0.25: rounded once
        (HALF,          -1,                 -2,         0), // -0.5 up
        (HALF + 0x7fff,  0,            1 << 20,   1 << 19), // below half of 2^16: the mantissa is 2^14
        (HALF + 0x8000,  0,            1 << 20, (1 << 19) + (1 << 5)),
        (MAX,            0,            1 << 15,     32767), // the mantissa stops at 2^15 − 1
        (0x7fff_0000,    0,            1 << 15,     32767),
        (0x7ffe_ffff,    0,            1 << 15,     32767),
        (0x7ffe_7fff,    0,            1 << 15,     32766),
        (MIN,            0,                 12,       -12),
        (HALF,         -31,  (1 << 47) - 1,     1 << 15), // 32767.99… up
        (HALF,         -31,         1i64 << 60, 1 << 15), // x saturates to 2^47 − 1
        (HALF,         -31,           i64::MIN, -(1 << 15)),
        (HALF,           1,         1i64 << 40,       MAX), // the result saturates
        (HALF,           1,      -(1i64 << 40),       MIN),
        (HALF,          14,                  3, 3 << 13),
        (HALF,          15,                  3, 3 << 14),
        (HALF,          16,                 -3, -3 << 15),
        (HALF,          31,            1 << 20,       MAX),
    ];
    for (mantissa, shift, x, expected) in rows {
        assert_eq!(
            multiplier(mantissa, shift).scale_wide(x),
            expected,
            "{x} · {mantissa} · 2^({shift} − 31)"
        );
    }
}

#[test]
fn scale_once_ties_and_limits() {
    #[rustfmt::skip]
    let rows = [
        // mantissa  shift       x   expected   why
        (HALF,         0,        1,         1), //  0.5 up
        (HALF,         0,       -1,         0), // -0.5 up
        (HALF,        -1,        2,         1), //  0.5 up
        (HALF,        -1,       -2,         0), // -0.5 up
        (HALF,        -1,        1,         0), //  0.25: rounded once
        (HALF,        -1,       -3,        -1), // -0.75
        (HALF,         1,        7,         7),
        (HALF,         2,      MAX,       MAX), // the result saturates
        (HALF,         2,      MIN,       MIN),
        (3,           30,        1,         2), //  1.5 up
        (3,           30,       -1,        -1), // -1.5 up
        (3,           31,       -5,       -15), // no rounding
        (3,           31,      MAX,       MAX),
        (MIN,          0,      MIN,       MAX),
        (HALF,       -31,      MAX,         0),
        (MIN,        -31,      MIN,         1), //  0.5 up
    ];
    for (mantissa, shift, x, expected) in rows {
        assert_eq!(
            multiplier(mantissa, shift).scale_once(x),
            expected,
            "{x} · {mantissa} · 2^({shift} − 31)"
        );
    }
    let quarter = multiplier(HALF, -1);
    let at = |x, zero| quarter.requantize_once(x, ZeroPoint(zero), Clamp::I8);
    assert_eq!([at(1, 5), at(2, 5), at(-80, 5), at(1000, 5)], [5, 6, -15, 127]);
}
