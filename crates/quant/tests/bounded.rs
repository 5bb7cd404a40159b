//! The short form of scaling against the long one: ties, limits, and numbers in between.

use quant::{BoundedScale, Multiplier};

fn both(x: i32, mantissa: i32, right: i8) -> (i32, i32) {
    let factor = Multiplier::new(mantissa, -right).unwrap();
    (BoundedScale::of(factor).unwrap().scale(x), factor.scale(x))
}

#[test]
fn ties_and_limits_are_the_same() {
    let limit = BoundedScale::LIMIT - 1;
    for mantissa in [0, 1, 3, 1 << 29, 1 << 30, (1 << 30) + 1, 3 << 29, i32::MAX - 1, i32::MAX] {
        for right in 0..=31 {
            for x in (-600..=600).chain([limit, -limit, limit - 1, 1 - limit, limit / 3, -limit / 3]) {
                let (short, long) = both(x, mantissa, right);
                assert_eq!(short, long, "{x} · {mantissa} / 2^{}", 31 + i32::from(right));
            }
            // Around every tie of the second rounding that lies within the limit, and around those of the first.
            for half in [1i64, 3, 5, -1, -3, -5] {
                let target = (half << right) << 30;
                let near = target / i64::from(mantissa).max(1);
                for x in near - 3..=near + 3 {
                    let Ok(x) = i32::try_from(x) else { continue };
                    if x.unsigned_abs() <= limit as u32 {
                        let (short, long) = both(x, mantissa, right);
                        assert_eq!(short, long, "{x} · {mantissa} / 2^{}", 31 + i32::from(right));
                    }
                }
            }
        }
    }
}

#[test]
fn halves_round_as_stated() {
    // Two halves of one: up to 1, and a quarter of −2 away from zero.
    assert_eq!(both(1, 1 << 30, 0), (1, 1));
    assert_eq!(both(-1, 1 << 30, 0), (0, 0));
    assert_eq!(both(-2, 1 << 30, 1), (-1, -1));
    assert_eq!(both(2, 1 << 30, 1), (1, 1));
    assert_eq!(both(-4, 1 << 30, 2), (-1, -1));
    assert_eq!(both(-3, 1 << 30, 2), (0, 0));
}

#[test]
fn what_enlarges_or_is_negative_has_no_short_form() {
    assert_eq!(BoundedScale::of(Multiplier::new(1 << 30, 1).unwrap()), None);
    assert_eq!(BoundedScale::of(Multiplier::new(-1, 0).unwrap()), None);
    let zero = BoundedScale::of(Multiplier::ZERO).unwrap();
    assert_eq!((zero.scale(12345), zero.scale(-12345), zero.right(), zero.sign_mask()), (0, 0, 0, 0));
    let half = BoundedScale::of(Multiplier::new(1 << 30, -4).unwrap()).unwrap();
    assert_eq!((half.mantissa(), half.right(), half.sign_mask()), (1 << 30, 4, -1));
    assert_eq!(half.nudge(), (1 << 30) + (8 << 31));
}

proptest::proptest! {
    #[test]
    fn any_number_within_the_limit_is_the_same(
        x in 1 - BoundedScale::LIMIT..BoundedScale::LIMIT,
        mantissa in 0..=i32::MAX,
        right in 0i8..=31,
    ) {
        let (short, long) = both(x, mantissa, right);
        proptest::prop_assert_eq!(short, long);
    }
}
