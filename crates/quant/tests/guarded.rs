//! The guarded product against the exact formula: at every tie and end of the clamp, and on whole ranges.

use quant::{Clamp, GuardedEnds, GuardedOutput, Multiplier, ZeroPoint};

fn output(zero: i32, clamp: Clamp) -> GuardedOutput {
    GuardedOutput { zero: ZeroPoint(zero), clamp, guard: 0 }
}

/// Compares on every accumulator from `least` to `most` that `picked` lets through; how often it was open.
fn compare(
    mut output: GuardedOutput,
    multiplier: Multiplier,
    (least, most): (i32, i32),
    picked: impl Iterator<Item = i32>,
) -> usize {
    let ends = output.ends(multiplier, least, most).expect("it fits");
    output.guard = output.needed_guard(multiplier, ends, least, most);
    let channel = output.channel(multiplier, ends);
    let mut open = 0;
    for acc in picked {
        let exact = multiplier.requantize(acc, output.zero, output.clamp);
        let guarded = output.requantize(multiplier, &channel, acc);
        assert_eq!(i32::from(guarded), exact, "{acc} by {multiplier:?} in {output:?}");
        let above = (acc.wrapping_sub(channel.least).max(0) as u32).min(channel.span);
        open += usize::from(output.is_open(GuardedOutput::place(&channel, above)));
    }
    open
}

const RELU: Clamp = Clamp { min: -128, max: 127 };

#[test]
fn every_accumulator_of_small_factors_is_exact() {
    // Mantissas at both ends, in the middle, and next to a power of two; zeros at the ends of the clamp and inside it.
    for mantissa in [1 << 30, (1 << 30) + 1, 0x5a82_799a, i32::MAX - 1, i32::MAX] {
        for shift in [0i8, -1, -3, -7, -8] {
            let multiplier = Multiplier::new(mantissa, shift).expect("a factor");
            for (zero, clamp) in
                [(-128, RELU), (4, Clamp::I8), (127, Clamp::I8), (-10, Clamp { min: -10, max: 30 })]
            {
                let limit = 600 << shift.unsigned_abs();
                compare(output(zero, clamp), multiplier, (-limit, limit), -limit..=limit);
            }
        }
    }
}

#[test]
fn ties_go_away_from_zero_and_their_neighbours_do_not() {
    // The factor 2^-8, rounded twice: to halves of the accumulator upwards, then to whole numbers away from zero.
    let multiplier = Multiplier::new(1 << 30, -7).expect("a factor");
    let mut output = output(0, Clamp::I8);
    let ends = output.ends(multiplier, -40_000, 40_000).expect("it fits");
    output.guard = output.needed_guard(multiplier, ends, -40_000, 40_000);
    let channel = output.channel(multiplier, ends);
    let at = |acc| output.requantize(multiplier, &channel, acc);
    assert_eq!([126, 127, 128, 382, 383].map(at), [0, 1, 1, 1, 2]);
    assert_eq!([-126, -127, -128, -129, -384].map(at), [0, 0, -1, -1, -2]);
    assert_eq!(
        [40_000, 32_512, 32_511, -32_768, -40_000, i32::MAX / 2].map(at),
        [127, 127, 127, -128, -128, 127]
    );
}

#[test]
fn large_shifts_are_exact_at_every_step_and_its_neighbours() {
    for (mantissa, shift) in [(0x4000_0001, -9i8), (0x7fff_ffff, -10), (0x6b3c_1d2e, -12), (0x4d5e_6f70, -14)]
    {
        let multiplier = Multiplier::new(mantissa, shift).expect("a factor");
        let reach = 520 << shift.unsigned_abs();
        for zero in [-128, 3] {
            let clamp = Clamp { min: if zero < 0 { zero } else { -128 }, max: 127 };
            // Each output begins near (q ± ½) / factor.
            let near = (-260..=260i64).flat_map(|half| {
                let begins = (half * 2 + 1) * (1i64 << (30 - shift)) / i64::from(mantissa);
                (-3..=3).map(move |delta| (begins + delta) as i32)
            });
            let picked = near.filter(|acc| acc.abs() <= reach);
            compare(output(zero, clamp), multiplier, (-reach, reach), picked);
        }
    }
}

#[test]
fn the_exact_formula_is_seldom_asked() {
    let multiplier = Multiplier::from_real(0.003).expect("a factor");
    let limit = 1 << 17;
    let open = compare(output(-128, RELU), multiplier, (-limit, limit), 1..limit);
    assert!(open < limit as usize / 50, "{open} of {limit}");
}

#[test]
fn a_short_range_needs_no_end_inside_the_clamp() {
    // A factor so small that nothing in range leaves the zero.
    let multiplier = Multiplier::new(1 << 30, -31).expect("a factor");
    let open = compare(output(-128, RELU), multiplier, (-5000, 5000), -5000..=5000);
    assert_eq!(open, 0);
    compare(output(7, RELU), Multiplier::ZERO, (-5000, 5000), -5000..=5000);
}

#[test]
fn what_does_not_fit_is_said() {
    let half = Multiplier::from_real(0.5).expect("a factor");
    let at = |zero, clamp, multiplier| output(zero, clamp).ends(multiplier, -9, 9);
    assert!(at(0, Clamp::I8, half).is_some());
    assert_eq!(at(0, Clamp::I8, Multiplier::from_real(3.0).expect("a factor")), None);
    assert_eq!(at(0, Clamp::I8, Multiplier::from_real(-0.5).expect("a factor")), None);
    assert_eq!(at(0, Clamp { min: 1, max: 5 }, half), None);
    assert_eq!(at(0, Clamp { min: -5, max: -1 }, half), None);
    assert_eq!(at(0, Clamp { min: -129, max: 5 }, half), None);
    assert_eq!(output(0, Clamp::I8).ends(half, i32::MIN, 0), None);
    assert_eq!(output(0, Clamp::I8).ends(half, 0, i32::MAX), None);
    assert_eq!(output(0, Clamp::I8).ends(half, 3, 2), None);
}

#[test]
fn what_just_fits_is_taken() {
    let half = Multiplier::from_real(0.5).expect("a factor");
    const FARTHEST: i32 = (1 << 30) - 1;
    let ends = |zero, least, most| output(zero, Clamp::I8).ends(half, least, most);
    for (zero, least, most) in [(-128, -9, 9), (127, -9, 9), (0, -FARTHEST, 0), (0, 0, FARTHEST), (0, 4, 4)] {
        assert!(ends(zero, least, most).is_some(), "{zero} {least} {most}");
    }
    assert_eq!([ends(0, -FARTHEST - 1, 0), ends(0, 0, FARTHEST + 1)], [None; 2]);
}

/// Such a factor never reaches the clamp: 255 steps beyond its distance are as far as a channel can say.
#[test]
fn a_small_mantissa_reaches_as_far_as_its_steps() {
    let tiny = Multiplier::new(1 << 20, 0).expect("a factor");
    let ends = |least, most| output(0, Clamp::I8).ends(tiny, least, most);
    assert_eq!(ends(-383, 382), Some(GuardedEnds { low: 255, high: 255 }));
    assert_eq!([ends(-384, 0), ends(0, 383)], [None; 2]);
}

#[test]
fn doubt_begins_below_the_guard() {
    let output = GuardedOutput { guard: 100, ..output(0, Clamp::I8) };
    assert_eq!(
        [99, 100, 0x0700_0063, 0x0700_0064].map(|place| output.is_open(place)),
        [true, false, true, false]
    );
}

/// `2 (farthest / 2 + tie + 2)`
#[test]
fn the_guard_is_twice_the_error() {
    let half = Multiplier::new(1 << 30, -1).expect("a factor");
    // From −128 on nothing is below: no accumulator is negative, and no tie is in doubt.
    let relu = output(-128, Clamp::I8);
    assert_eq!(relu.needed_guard(half, GuardedEnds { low: 0, high: 255 }, -9, 100), 2 * (50 + 2));
    let both = output(0, Clamp::I8);
    assert_eq!(
        both.needed_guard(half, GuardedEnds { low: 255, high: 255 }, -9, 100),
        2 * (50 + (1 << 22) + 2)
    );
}

/// Shifts at which a part of the sum begins or ends to matter.
#[test]
fn channels_of_large_shifts() {
    let channel = |right: i8| {
        let multiplier = Multiplier::new(1 << 30, -right).expect("a factor");
        output(0, Clamp { min: -1, max: 1 }).channel(multiplier, GuardedEnds::default())
    };
    let tie = |right: i8| {
        let multiplier = Multiplier::new(1 << 30, -right).expect("a factor");
        let clamp = Clamp { min: 0, max: 1 };
        output(0, clamp).channel(multiplier, GuardedEnds::default()).origin - (1 << 23)
    };
    assert_eq!([22, 23, 24].map(tie), [2, 1, 0]);
    assert_eq!([21, 22].map(|right| channel(right).least), [-(1 << 21), 1 - (1 << 30)]);
    assert_eq!([23, 24, 25].map(|right| channel(right).factor), [1, 1, 0]);
    let at_most = |steps| {
        let clamp = Clamp { min: 0, max: steps };
        let multiplier = Multiplier::new(1 << 30, -21).expect("a factor");
        output(0, clamp).channel(multiplier, GuardedEnds { low: 0, high: 255 }).span
    };
    assert_eq!([255, 256, 257].map(at_most), [510 << 21, 511 << 21, (1 << 30) - 1]);
}

#[test]
fn nonsense_stays_defined() {
    let output = GuardedOutput {
        zero: ZeroPoint(i32::MIN),
        clamp: Clamp { min: i32::MAX, max: i32::MIN },
        guard: u32::MAX,
    };
    for shift in [-31, 0, 31] {
        let multiplier = Multiplier::new(i32::MIN, shift).expect("a factor");
        let channel = output.channel(multiplier, GuardedEnds { low: 255, high: 255 });
        for acc in [i32::MIN, 0, i32::MAX] {
            let _ = output.requantize(multiplier, &channel, acc);
        }
    }
}
