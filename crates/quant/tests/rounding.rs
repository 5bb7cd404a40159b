//! Ties and limits of every shared rounding, worked by hand.

use quant::rounding::*;

const MIN: i32 = i32::MIN;
const MAX: i32 = i32::MAX;

#[test]
fn doubling_high_mul_ties_go_up() {
    const HALF: i32 = 1 << 30;
    #[rustfmt::skip]
    let rows = [
        (HALF, 1, 1), (HALF, -1, 0), (HALF, 3, 2), (HALF, -3, -1), (-HALF, 1, 0), (-HALF, -1, 1),
        (HALF - 1, 1, 0), (HALF + 1, -1, -1),
        (MIN, MIN, MAX), (MIN, MAX, -MAX), (MAX, MAX, MAX - 1), (MIN, 1, -1), (MAX, 1, 1), (0, MIN, 0),
    ];
    for (a, b, expected) in rows {
        assert_eq!(doubling_high_mul(a, b), expected, "{a} · {b}");
        assert_eq!(doubling_high_mul(b, a), expected, "{b} · {a}");
    }
}

#[test]
fn doubling_high_mul_i16_ties_go_up() {
    const HALF: i16 = 1 << 14;
    #[rustfmt::skip]
    let rows = [
        (HALF, 1, 1), (HALF, -1, 0), (HALF, 3, 2), (HALF, -3, -1), (-HALF, 1, 0), (-HALF, -1, 1),
        (HALF - 1, 1, 0), (HALF + 1, -1, -1),
        (i16::MIN, i16::MIN, i16::MAX), (i16::MIN, i16::MAX, -i16::MAX), (i16::MAX, i16::MAX, i16::MAX - 1),
    ];
    for (a, b, expected) in rows {
        assert_eq!(doubling_high_mul_i16(a, b), expected, "{a} · {b}");
        assert_eq!(doubling_high_mul_i16(b, a), expected, "{b} · {a}");
    }
}

#[test]
fn the_truncating_product_goes_towards_zero() {
    const HALF: i16 = 1 << 14;
    #[rustfmt::skip]
    let rows = [
        (HALF, 1, 0), (HALF, -1, 0), (HALF, 3, 1), (HALF, -3, -1), (-HALF, 2, -1), (i16::MAX, 1, 0), (i16::MAX, -1, 0),
        (i16::MIN, 1, -1), (i16::MIN, i16::MIN, i16::MAX), (i16::MIN, i16::MAX, -i16::MAX), (i16::MAX, i16::MAX, i16::MAX - 1),
    ];
    for (a, b, expected) in rows {
        assert_eq!(doubling_high_mul_i16_truncated(a, b), expected, "{a} · {b}");
        assert_eq!(doubling_high_mul_i16_truncated(b, a), expected, "{b} · {a}");
    }
}

#[test]
fn round_shift_right_ties_go_away_from_zero() {
    #[rustfmt::skip]
    let rows = [
        // x  exponent  expected
        (5, 0, 5), (-5, 0, -5), (MIN, 0, MIN), (MAX, 0, MAX),
        (1, 1, 1), (-1, 1, -1), (3, 1, 2), (-3, 1, -2), (2, 1, 1), (-2, 1, -1),
        (1, 2, 0), (-1, 2, 0), (2, 2, 1), (-2, 2, -1), (5, 2, 1), (-5, 2, -1), (6, 2, 2), (-6, 2, -2), (-7, 2, -2),
        (MAX, 31, 1), (MIN, 31, -1), (1 << 30, 31, 1), ((1 << 30) - 1, 31, 0), (-(1 << 30), 31, -1), (1 - (1 << 30), 31, 0),
        (MAX, 32, 0), (MIN, 32, 0), (MIN, u32::MAX, 0),
    ];
    for (x, exponent, expected) in rows {
        assert_eq!(round_shift_right(x, exponent), expected, "{x} >> {exponent}");
        if exponent < 32 {
            assert_eq!(round_shift_right_i64(x.into(), exponent), i64::from(expected), "{x} >> {exponent}");
        }
    }
}

#[test]
fn twice_a_number_and_its_sign_take_ties_away_from_zero() {
    for exponent in 0..=31 {
        let ties = (-9..=9i64).map(|half| (half << exponent) / 2);
        let near = ties.flat_map(|tie| [tie - 1, tie, tie + 1]);
        for x in near.chain([i32::MIN.into(), i32::MAX.into()]).filter_map(|x| i32::try_from(x).ok()) {
            let found = round_half_up_shift_right_i64(2 * i64::from(x) + i64::from(x >> 31), exponent + 1);
            assert_eq!(found, i64::from(round_shift_right(x, exponent)), "{x} >> {exponent}");
        }
    }
}

#[test]
fn round_shift_right_i16_ties_go_away_from_zero() {
    #[rustfmt::skip]
    let rows = [
        (5, 0, 5), (-5, 0, -5), (1, 1, 1), (-1, 1, -1), (5, 2, 1), (-6, 2, -2), (-7, 2, -2),
        (i16::MAX, 15, 1), (i16::MIN, 15, -1), (1 << 14, 15, 1), ((1 << 14) - 1, 15, 0), (-(1 << 14), 15, -1),
        (i16::MIN, 16, 0), (i16::MAX, u32::MAX, 0),
    ];
    for (x, exponent, expected) in rows {
        assert_eq!(round_shift_right_i16(x, exponent), expected, "{x} >> {exponent}");
    }
}

#[test]
fn round_shift_right_i64_reaches_every_bit() {
    #[rustfmt::skip]
    let rows = [
        (i64::MAX, 0, i64::MAX), (i64::MIN, 0, i64::MIN), (i64::MAX, 63, 1), (i64::MIN, 63, -1),
        (1 << 62, 63, 1), ((1 << 62) - 1, 63, 0), (-(1 << 62), 63, -1), (1 - (1 << 62), 63, 0),
        (3 << 40, 41, 2), (-(3 << 40), 41, -2), (i64::MIN, 64, 0), (i64::MAX, u32::MAX, 0),
    ];
    for (x, exponent, expected) in rows {
        assert_eq!(round_shift_right_i64(x, exponent), expected, "{x} >> {exponent}");
    }
}

#[test]
fn left_shifts_saturate() {
    #[rustfmt::skip]
    let rows = [
        (3, 0, 3), (3, 4, 48), (-3, 4, -48), (1, 30, 1 << 30), (1, 31, MAX), (-1, 31, MIN), (-2, 30, MIN), (-2, 31, MIN),
        (2, 30, MAX), (MAX, 1, MAX), (MIN, 1, MIN), (1, 32, MAX), (-1, 32, MIN), (0, 31, 0), (0, 99, 0), (7, u32::MAX, MAX),
    ];
    for (x, exponent, expected) in rows {
        assert_eq!(saturating_shift_left(x, exponent), expected, "{x} << {exponent}");
    }
    #[rustfmt::skip]
    let rows = [
        (3, 0, 3), (3, 4, 48), (-3, 4, -48), (1, 14, 1 << 14), (1, 15, i16::MAX), (-1, 15, i16::MIN), (-2, 14, i16::MIN),
        (-2, 15, i16::MIN), (2, 14, i16::MAX), (1, 16, i16::MAX), (-1, 16, i16::MIN), (0, 16, 0), (7, u32::MAX, i16::MAX),
        (i16::MIN, 16, i16::MIN), (i16::MAX, 16, i16::MAX),
    ];
    for (x, exponent, expected) in rows {
        assert_eq!(saturating_shift_left_i16(x, exponent), expected, "{x} << {exponent}");
    }
}

#[test]
fn powers_of_two_of_either_sign() {
    assert_eq!([-2, -1, 0, 1, 2].map(|e| mul_by_power_of_two(-6, e)), [-2, -3, -6, -12, -24]);
    assert_eq!([-2, -1, 0, 1, 2].map(|e| mul_by_power_of_two_i16(-6, e)), [-2, -3, -6, -12, -24]);
    assert_eq!([i32::MIN, i32::MAX].map(|e| mul_by_power_of_two(-6, e)), [0, MIN]);
    assert_eq!([i32::MIN, i32::MAX].map(|e| mul_by_power_of_two_i16(-6, e)), [0, i16::MIN]);
}

#[test]
fn half_sums_round_away_from_zero() {
    #[rustfmt::skip]
    let rows = [(0, 0, 0), (1, 0, 1), (-1, 0, -1), (1, 1, 1), (-1, -1, -1), (2, 1, 2), (-2, -1, -2), (3, -2, 1), (-3, 2, -1)];
    for (a, b, expected) in rows {
        assert_eq!(rounding_half_sum(a, b), expected, "{a} {b}");
        assert_eq!(rounding_half_sum_i16(a as i16, b as i16), expected as i16, "{a} {b}");
    }
    assert_eq!(rounding_half_sum(MAX, MAX), MAX);
    assert_eq!(rounding_half_sum(MIN, MIN), MIN);
    assert_eq!(rounding_half_sum_i16(i16::MIN, i16::MIN), i16::MIN);
    assert_eq!(rounding_half_sum_i16(i16::MAX, i16::MAX), i16::MAX);
}

#[test]
fn saturation_keeps_the_ends() {
    assert_eq!([-129, -128, 0, 127, 128].map(saturate_i8), [-128, -128, 0, 127, 127]);
    assert_eq!([-32769, -32768, 0, 32767, 32768].map(saturate_i16), [-32768, -32768, 0, 32767, 32767]);
    let (min, max) = (i64::from(MIN), i64::from(MAX));
    assert_eq!([min - 1, min, 0, max, max + 1].map(saturate_i32), [MIN, MIN, 0, MAX, MAX]);
}

#[test]
fn round_half_up_shift_right_ties_go_up() {
    #[rustfmt::skip]
    let rows = [
        // x  exponent  expected
        (5, 0, 5), (-5, 0, -5), (i64::MIN, 0, i64::MIN), (i64::MAX, 0, i64::MAX),
        (1, 1, 1), (-1, 1, 0), (3, 1, 2), (-3, 1, -1), (2, 1, 1), (-2, 1, -1),
        (1, 2, 0), (-1, 2, 0), (2, 2, 1), (-2, 2, 0), (-3, 2, -1), (5, 2, 1), (6, 2, 2), (-6, 2, -1), (-7, 2, -2),
        (i64::MAX, 1, 1 << 62), (i64::MIN, 1, i64::MIN / 2), (i64::MAX, 63, 1), (i64::MIN, 63, -1),
        (1 << 62, 63, 1), ((1 << 62) - 1, 63, 0), (-(1 << 62), 63, 0), (-(1 << 62) - 1, 63, -1),
        (i64::MAX, 64, 0), (i64::MIN, u32::MAX, 0),
    ];
    for (x, exponent, expected) in rows {
        assert_eq!(round_half_up_shift_right_i64(x, exponent), expected, "{x} >> {exponent}");
    }
}

#[test]
fn scale_down_rounds_twice_away_from_zero() {
    let cases = [
        // A quarter of ±6 is ±1.5, of ±2 ±0.5; the first rounding alone takes ties up.
        (6, 1 << 30, 1, 2),
        (-6, 1 << 30, 1, -2),
        (2, 1 << 30, 1, 1),
        (-2, 1 << 30, 1, -1),
        (3, 1 << 30, 0, 2),
        (-3, 1 << 30, 0, -1),
        (i32::MAX, i32::MAX, 0, i32::MAX - 1),
        (i32::MIN, i32::MIN, 0, i32::MAX),
        (i32::MIN, i32::MAX, 31, -1),
        (1000, 0, 5, 0),
    ];
    for (x, mantissa, right, expected) in cases {
        assert_eq!(scale_down(x, mantissa, right), expected, "{x} · {mantissa} >> {right}");
    }
}
