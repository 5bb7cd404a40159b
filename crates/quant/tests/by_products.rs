//! Requantisation by two products is the one that shifts: ties, limits, and everything near them.

use proptest::prelude::*;
use quant::rounding::*;
use quant::*;

#[test]
fn a_product_and_a_sum_round_ties_up_and_saturate() {
    const HALF: i32 = 1 << 30;
    const MIN: i32 = i32::MIN;
    const MAX: i32 = i32::MAX;
    #[rustfmt::skip]
    let rows = [
        (HALF, 1, 0, 1), (HALF, -1, 0, 0), (HALF, 3, -2, 0), (HALF, -3, 5, 4), (-HALF, 1, 0, 0), (-HALF, -1, 7, 8),
        (HALF - 1, 1, 9, 9), (HALF + 1, -1, 9, 8), (0, 0, MAX, MAX), (0, 0, MIN, MIN),
        (MIN, MIN, 0, MAX), (MIN, MIN, -1, MAX), (MIN, MIN, MIN, 0), (MIN, MAX, MIN, MIN), (MAX, MAX, MAX, MAX),
        (MIN, MAX, 0, -MAX), (MIN, HALF, MIN, MIN), (MAX, HALF, MAX, MAX),
    ];
    for (a, b, c, expected) in rows {
        assert_eq!(doubling_high_mul_add(a, b, c), expected, "{a} · {b} + {c}");
        assert_eq!(doubling_high_mul_add(b, a, c), expected, "{b} · {a} + {c}");
    }
}

fn factor(mantissa: i32, shift: i8) -> Multiplier {
    Multiplier::new(mantissa, shift).expect("a shift in range")
}

#[test]
fn what_has_no_products() {
    let new =
        |factor, zero, clamp| ByProducts::new([Multiplier::ONE.shifted(-1), factor], ZeroPoint(zero), clamp);
    let relu = Clamp { min: -5, max: 127 };
    let half = 1 << 30;
    assert_eq!(new(factor(half, 1), 0, Clamp::I8), None);
    assert_eq!(new(factor(-half, 0), 0, Clamp::I8), None);
    assert_eq!(new(factor(half, -12), 0, Clamp::I8), None);
    assert_eq!(new(factor(half, -12), -4, relu), None);
    assert_eq!(new(factor(half, 0), 128, relu), None);
    assert_eq!(new(factor(half, 0), 0, Clamp::U8), None);
    assert_eq!(new(factor(half, 0), 0, Clamp { min: -129, max: 0 }), None);
    assert_eq!(new(factor(half, -11), 0, Clamp::I8).map(|by| by.nudge), Some(1));
    assert_eq!(new(factor(half, -31), -5, relu).map(|by| by.nudge), Some(0));
    let exponents = [0, -1, -31, 1].map(|shift| ByProducts::exponent(factor(half, shift)));
    assert_eq!(exponents, [Some(31), Some(30), Some(0), None]);
}

/// Every tie, and what stands beside it, that lies between the limits; and far beyond them.
#[test]
fn every_tie_goes_where_the_shift_takes_it() {
    // A product with the greatest mantissa leaves a small accumulator as it is.
    let mantissa = i32::MAX;
    for shift in -11..=0i8 {
        let multiplier = factor(mantissa, shift);
        for zero in [-128, -127, -1, 0, 1, 77, 127] {
            for clamp in [Clamp::I8, Clamp { min: zero, max: 127 }, Clamp { min: -100, max: 100 }] {
                let by = ByProducts::new([multiplier], ZeroPoint(zero), clamp).expect("products");
                let exponent = ByProducts::exponent(multiplier).expect("a shift to the right");
                for output in -300..=300 {
                    let unit = 1i32 << -shift;
                    for beside in
                        [-unit, -unit / 2 - 1, -unit / 2, -unit / 2 + 1, -1, 0, 1, unit / 2, unit / 2 + 1]
                    {
                        let acc = output * unit + beside;
                        let expected = multiplier.requantize(acc, ZeroPoint(zero), clamp);
                        assert_eq!(
                            by.apply(acc, mantissa, exponent),
                            expected,
                            "{acc} {shift} {zero} {clamp:?}"
                        );
                    }
                }
            }
        }
    }
}

/// Every pair of inputs, for scales from alike to eight times apart.
#[test]
fn sums_by_products_are_sums() {
    let affine = |scale: f32, zero: i32| Affine { scale, zero: ZeroPoint(zero) };
    let shift = CommonScale::SUM_SHIFT_I8;
    let relu = Clamp { min: 3, max: 100 };
    #[rustfmt::skip]
    let rows = [
        (affine(0.05, -128), affine(0.05, -128), affine(0.08, -128), Clamp::I8),
        (affine(0.05, 4), affine(0.012, -7), affine(0.05, 3), Clamp::I8),
        (affine(0.0071, 127), affine(0.05, 0), affine(0.09, 3), relu),
        (affine(0.5, 0), affine(0.25, 0), affine(0.25, 0), Clamp::I8),
        (affine(0.25, -128), affine(0.25, 127), affine(1.0, 0), Clamp::I8),
    ];
    for (a, b, out, clamp) in rows {
        let sum = Sum::for_add(a, b, out, shift, clamp).expect("scales that fit");
        let by = SumByProducts::new(&sum).expect("products");
        for a in -128..=127 {
            for b in -128..=127 {
                assert_eq!(by.add(a, b), sum.add(a, b), "{a} {b} {sum:?}");
            }
        }
    }
    let far = Sum::for_add(affine(0.5, 0), affine(0.01, 0), affine(0.5, 0), shift, Clamp::I8);
    assert_eq!(SumByProducts::new(&far.expect("scales that fit")), None);
    let other = Sum::for_add(affine(0.5, 0), affine(0.5, 0), affine(0.5, 0), 15, Clamp::I8);
    assert_eq!(SumByProducts::new(&other.expect("scales that fit")), None);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 20_000, failure_persistence: None, ..ProptestConfig::default() })]

    /// Accumulators of every size, and mantissas also below one half.
    #[test]
    fn two_products_are_the_product_and_the_shift(
        acc: i32,
        narrow in 0u32..32,
        mantissa in prop_oneof![0i32..=i32::MAX, (1i32 << 30)..=i32::MAX],
        shift in -31i8..=0,
        zero in -128i32..=127,
        limits in prop::array::uniform2(-128i32..=127),
        relu: bool,
    ) {
        let acc = acc >> narrow;
        let clamp = Clamp {
            min: if relu { limits[0].max(zero) } else { limits[0].min(limits[1]) },
            max: limits[0].max(limits[1]),
        };
        let multiplier = factor(mantissa, shift);
        if let Some(by) = ByProducts::new([multiplier], ZeroPoint(zero), clamp) {
            let exponent = ByProducts::exponent(multiplier).expect("a shift to the right");
            let expected = multiplier.requantize(acc, ZeroPoint(zero), clamp);
            prop_assert_eq!(by.apply(acc, mantissa, exponent), expected);
        } else {
            prop_assert!(shift < -11);
        }
    }
}
