//! Limits, ties and refusals, worked by hand.

use core::num::NonZeroU32;

use fixed::types::{I1F31, I6F26, I13F19, I16F16};
use quant::*;

const NAN: f32 = f32::NAN;
const INF: f32 = f32::INFINITY;

fn affine(scale: f32, zero: i32) -> Affine {
    Affine { scale, zero: ZeroPoint(zero) }
}

#[test]
fn fused_activations_limit_the_output() {
    use FusedActivation::*;
    let clamp = |activation: FusedActivation, scale, zero| {
        activation.clamp(scale, ZeroPoint(zero), Clamp::I8).map(|clamp| (clamp.min, clamp.max))
    };
    assert_eq!(clamp(None, 0.1, 5), Some((-128, 127)));
    assert_eq!(clamp(Relu, 0.1, 5), Some((5, 127)));
    assert_eq!(clamp(Relu6, 0.1, 5), Some((5, 65)));
    assert_eq!(clamp(ReluN1To1, 0.1, 5), Some((-5, 15)));
    assert_eq!(clamp(Relu0To1, 0.1, 5), Some((5, 15)));
    // The type's limits remain.
    assert_eq!(clamp(Relu6, 0.1, 100), Some((100, 127)));
    assert_eq!(clamp(Relu, 0.1, -200), Some((-128, 127)));
    assert_eq!(FusedActivation::default(), None);
    // 6 / 4 = 1.5 and −1 / 2 = −0.5 go away from zero.
    assert_eq!(clamp(Relu6, 4.0, 0), Some((0, 2)));
    assert_eq!(clamp(ReluN1To1, 2.0, 0), Some((-1, 1)));
    // 6 / 2^-29 is beyond i32; −1 / 2^-31 is i32::MIN and fits, 1 / 2^-31 does not.
    assert_eq!(clamp(Relu6, 1.0 / 536870912.0, 0), Option::None);
    assert_eq!(clamp(Relu6, 6.0 / 2147483520.0, 0), Some((0, 127)));
    assert_eq!(clamp(ReluN1To1, 1.0 / 2147483648.0, 0), Option::None);
    assert_eq!(clamp(Relu, 0.0, 0), Option::None);
    assert_eq!(clamp(Relu6, NAN, 0), Option::None);
    assert_eq!(clamp(None, NAN, 0), Some((-128, 127)));
    assert_eq!(ReluN1To1.clamp(-1.0 / 2147483648.0, ZeroPoint(0), Clamp::I32), Option::None);
}

#[test]
fn quantize_and_dequantize_at_their_limits() {
    let quantized = |x, zero| quantize(x, 0.5, ZeroPoint(zero), Clamp::I8);
    assert_eq!(
        [0.0, 0.24, 0.25, -0.24, -0.25, 0.75, -0.75].map(|x| quantized(x, 0)),
        [0, 0, 1, 0, -1, 2, -2]
    );
    assert_eq!([INF, -INF, NAN, 1e30, -1e30].map(|x| quantized(x, 5)), [127, -128, -128, 127, -128]);
    assert_eq!(quantize(1e30, 0.5, ZeroPoint(1), Clamp::I32), i32::MAX);
    assert_eq!(quantized(3.0, -10), -4);
    assert_eq!(dequantize(-128, 0.5, ZeroPoint(127)), -127.5);
    // One rounding, from the exact product.
    assert_eq!(dequantize(16_777_217, 1.0 / 3.0, ZeroPoint(0)), 5_592_406.0);
    assert_eq!(dequantize(i32::MIN, 1.0, ZeroPoint(1)), -2_147_483_648.0);
}

#[test]
fn roots_drop_the_fraction_and_negative_numbers_have_the_root_0() {
    let (input, output) = (affine(0.5, -10), affine(0.25, 5));
    for (q, root) in [(8, 17), (-6, 10), (-10, 5), (-11, 5), (-128, 5)] {
        assert_eq!(sqrt_i8(input, output, q), root, "{q}");
    }
    assert_eq!(sqrt_i8(input, affine(0.001, 0), 127), 127);
}

#[test]
fn requantize_is_exact_at_equal_scales() {
    let one = Requantize {
        zero_in: ZeroPoint(-128),
        multiplier: Requantize::ratio(0.3, 0.3).expect("in range"),
        zero_out: ZeroPoint(0),
        clamp: Clamp::U8,
    };
    assert_eq!(one.multiplier, Multiplier::ONE);
    for q in -128..=127 {
        assert_eq!(one.apply(q), q + 128);
        assert_eq!(one.apply_abs(q), q + 128);
    }
    let signed = Requantize { zero_in: ZeroPoint(3), clamp: Clamp::I8, ..one };
    assert_eq!([1, 3, 10].map(|q| signed.apply_abs(q)), [2, 0, 7]);
    assert_eq!(signed.apply_abs(i32::MIN), 127);
}

#[test]
fn ratios_follow_the_source_in_precision() {
    // Single precision rounds these quotients and products; the mantissas show it.
    let (a, b, c) = (0.1f32, 0.3f32, 0.7f32);
    let nearest = |real: f64| Multiplier::from_real(real);
    let (wide_a, wide_b, wide_c) = (f64::from(a), f64::from(b), f64::from(c));
    assert_eq!(Requantize::ratio(a, c), nearest(wide_a / wide_c));
    assert_eq!(Requantize::single_precision_ratio(a, c), nearest((a / c).into()));
    assert_ne!(Requantize::ratio(a, c), Requantize::single_precision_ratio(a, c));
    assert_eq!(product_ratio(a, b, c), nearest(wide_a * wide_b / wide_c));
    assert_eq!(single_precision_product_ratio(a, b, c), nearest((a * b / c).into()));
    assert_ne!(product_ratio(a, b, c), single_precision_product_ratio(a, b, c));
}

#[test]
fn factors_below_one_are_below_one() {
    assert_eq!(Multiplier::from_real_below_one(0.5), Multiplier::new(1 << 30, 0));
    let just_below = 1.0 - 1.0 / 4294967296.0;
    for real in [0.0, -0.5, 1.0, 1.5, f64::NAN, f64::INFINITY, just_below] {
        assert_eq!(Multiplier::from_real_below_one(real), None, "{real}");
    }
    let greatest = 1.0 - 1.0 / 2147483648.0;
    assert_eq!(Multiplier::from_real_below_one(greatest), Multiplier::new(i32::MAX, 0));
}

#[test]
fn shifting_a_factor_stops_at_its_ends() {
    let one = Multiplier::ONE;
    assert_eq!(one.shifted(3), Multiplier::new(1 << 30, 4).expect("in range"));
    assert_eq!(one.shifted(-32), Multiplier::new(1 << 30, -31).expect("in range"));
    assert_eq!(one.shifted(-33), Multiplier::ZERO);
    assert_eq!(one.shifted(30), Multiplier::new(1 << 30, 31).expect("in range"));
    assert_eq!(one.shifted(31), Multiplier::new(1 << 30, 31).expect("in range"));
    assert_eq!(one.shifted(i32::MAX).shift(), 31);
    assert_eq!(one.shifted(i32::MIN), Multiplier::ZERO);
    assert_eq!(
        Multiplier::new(-5, 2).expect("in range").magnitude(),
        Multiplier::new(5, 2).expect("in range")
    );
    assert_eq!(Multiplier::new(i32::MIN, 2).expect("in range").magnitude().mantissa(), i32::MAX);
}

#[test]
fn sixteen_bit_mantissas_round_up_at_half() {
    let mantissa_16 = |mantissa| Multiplier::new(mantissa, 0).expect("in range").mantissa_16();
    #[rustfmt::skip]
    let rows = [(1 << 30, 1 << 14), (0x4000_7fff, 0x4000), (0x4000_8000, 0x4001), (0x7ffe_ffff, 0x7fff), (0x7ffe_7fff, 0x7ffe),
        (0x7fff_8000, 0x7fff), (i32::MAX, 0x7fff), (i32::MIN, -0x8000), (-(1 << 30), -(1 << 14)), (-0x4000_8000, -0x4000), (-0x4000_8001, -0x4001), (0, 0)];
    for (mantissa, expected) in rows {
        assert_eq!(mantissa_16(mantissa), expected, "{mantissa:#x}");
    }
}

#[test]
fn exponentials_end_where_they_should() {
    use fixed_point::exp_on_negative;
    assert_eq!(exp_on_negative(I6F26::ZERO), I1F31::MAX);
    assert_eq!(exp_on_negative(I1F31::ZERO), I1F31::MAX);
    // e^-1, not 0, at the end of the format without integer bits.
    assert!((exp_on_negative(I1F31::MIN).to_num::<f64>() - 0.36788).abs() < 1e-5);
    // Below −32 it is 0; the bits alone would give e^-1.
    assert_eq!(exp_on_negative(I16F16::from_num(-33)), I1F31::ZERO);
    assert!(exp_on_negative(I16F16::from_num(-1)) > I1F31::from_num(0.36));
    assert!((exp_on_negative(I16F16::from_num(-16.25)).to_num::<f64>() - 8.76e-8).abs() < 1e-9);
}

#[test]
fn curves_saturate_at_the_radius() {
    // 4 · 2^27 = 0.5 · 2^30, and 15 · 2^27 / 2^30 = 1.875: at real 4 the curve is cut off, not at 7.5.
    let input = CurveInput::prepare(4.0, ZeroPoint(10)).expect("a scale");
    assert_eq!(input.radius, 1);
    assert_eq!([8, 9, 10, 11, 12].map(|q| input.logistic(q)), [-128, -128, 0, 127, 127]);
    assert_eq!([8, 9, 10, 11, 12].map(|q| input.tanh(q)), [-128, -128, 0, 127, 127]);
    assert_eq!(CurveInput::prepare(0.3, ZeroPoint(10)).expect("a scale").radius, 30);
    // From a scale of 16 on, everything saturates, the zero point downwards.
    for scale in [16.0, 1e30] {
        let steep = CurveInput::prepare(scale, ZeroPoint(0)).expect("a scale");
        assert_eq!(steep.radius, 0);
        assert_eq!([-1, 0, 1].map(|q| steep.tanh(q)), [-128, -128, 127]);
    }
    // A tiny scale never saturates.
    let flat = CurveInput::prepare(1e-20, ZeroPoint(0)).expect("a scale");
    assert_eq!((flat.radius, flat.logistic(127)), (i32::MAX, 0));
    for scale in [0.0, -0.1, NAN, INF] {
        assert_eq!(CurveInput::prepare(scale, ZeroPoint(0)), None, "{scale}");
    }
}

#[test]
fn the_radius_is_rounded_down() {
    assert_eq!(input_radius(5, 0), 31 << 26);
    assert_eq!(input_radius(5, 27), 15);
    assert_eq!(input_radius(5, 31), 0);
    assert_eq!(input_radius(4, 63), 0);
    assert_eq!(input_radius(4, 64), 0);
    assert_eq!(input_radius(4, -1), i32::MAX);
    assert_eq!(input_radius(36, 24), input_radius(4, 24));
}

#[test]
fn powers_of_two_are_known_by_their_logarithm() {
    assert_eq!(checked_log2(1.0 / 4096.0), Some(-12));
    assert_eq!(checked_log2(1024.0), Some(10));
    assert_eq!(checked_log2(0.3), None);
    assert_eq!(checked_log2(1.0006), Some(0));
    assert_eq!(checked_log2(0.9994), Some(0));
    assert_eq!(checked_log2(1.0008), None);
    assert_eq!(checked_log2(0.9992), None);
    assert_eq!(checked_log2(NAN), None);
    assert_eq!([0.3, 0.36, 1.0 / 65536.0].map(nearest_log2), [-2, -1, -16]);
}

#[test]
fn curve_constants_on_16_bits() {
    let parts = |input: Option<Curve16Input>| input.map(|input| (input.multiplier, input.right_shift));
    // Exact powers: 2^-12 for both, 2^-11 for TANH alone.
    assert_eq!(Curve16Input::for_logistic(1.0 / 4096.0), Some(Curve16Input::Q3_12));
    assert_eq!(Curve16Input::for_tanh(1.0 / 4096.0), Some(Curve16Input::Q3_12));
    assert_eq!(parts(Curve16Input::for_tanh(1.0 / 2048.0)), Some((6, 0)));
    assert_eq!(parts(Curve16Input::for_logistic(1.0 / 2048.0)), Some((24576, 12)));
    assert_eq!(parts(Curve16Input::for_tanh(1.0 / 1024.0)), Some((24576, 11)));
    assert_eq!(parts(Curve16Input::for_tanh(1.0 / 8192.0)), Some((24576, 14)));
    // The largest multiplier of 15 bits, rounded down: 0.001 · 12288 · 2^11.
    assert_eq!(parts(Curve16Input::for_logistic(0.001)), Some((25165, 11)));
    // Just above half of the range stops the doubling.
    assert_eq!(parts(Curve16Input::for_logistic(1.3333)), Some((16383, 0)));
    assert_eq!(parts(Curve16Input::for_logistic(1.333)), Some((32759, 1)));
    assert_eq!(parts(Curve16Input::for_logistic(2.6666)), Some((32767, 0)));
    assert_eq!(parts(Curve16Input::for_logistic(2.6668)), None);
    assert_eq!(parts(Curve16Input::for_logistic(1e-12)), Some((26, 31)));
    for scale in [0.0, -1.0, NAN, INF] {
        assert_eq!(Curve16Input::for_logistic(scale), None, "{scale}");
        assert_eq!(Curve16Input::for_tanh(scale), None, "{scale}");
    }
    let cell = |power| parts(Some(Curve16Input::for_cell_state(power))).expect("a cell");
    #[rustfmt::skip]
    let rows = [(-12, (3, 0)), (-9, (24, 0)), (-13, (3, 1)), (-16, (3, 4)), (17, (3 << 29, 0)), (18, (3 << 29, 0)),
        (i32::MAX, (3 << 29, 0)), (-43, (3, 31)), (-44, (0, 0)), (i32::MIN, (0, 0))];
    for (power, expected) in rows {
        assert_eq!(cell(power), expected, "{power}");
    }
}

#[test]
fn curves_on_16_bits_at_their_ends() {
    let q3_12 = Curve16Input::Q3_12;
    assert_eq!([i16::MIN, 0, i16::MAX].map(|q| q3_12.logistic(q)), [11, 16384, 32757]);
    assert_eq!([i16::MIN, 0, i16::MAX].map(|q| q3_12.tanh(q)), [-32767, 0, 32767]);
    // Products that leave 32 bits saturate; shifts that leave them give 0.
    let steep = Curve16Input { multiplier: i32::MAX, right_shift: 0 };
    assert_eq!([i16::MIN, -1, 0, 1, i16::MAX].map(|q| steep.tanh(q)), [-32767, -32767, 0, 32767, 32767]);
    assert_eq!([i16::MIN, -1, 0, 1, i16::MAX].map(|q| steep.logistic(q)), [1, 1, 16384, 32767, 32767]);
    let flat = Curve16Input { multiplier: 3, right_shift: 40 };
    assert_eq!([i16::MIN, i16::MAX].map(|q| flat.tanh(q)), [0, 0]);
    // Rounded, not truncated: 3 / 2 is 2 and 2 · 3 / 4 is 2 in steps of the table.
    let halved = Curve16Input { multiplier: 1, right_shift: 1 };
    let whole = Curve16Input { multiplier: 1, right_shift: 0 };
    for q in [-301i16, -300, -3, -1, 1, 3, 300, 301] {
        let rounded = (q + 1) >> 1;
        assert_eq!(halved.tanh(q), whole.tanh(rounded), "{q}");
        assert_eq!(halved.logistic(q), whole.logistic(rounded), "{q}");
    }
}

#[test]
fn the_table_follows_its_formula() {
    let sigmoid = |i: f64| 1.0 / (1.0 + libm::exp(-i / 24.0));
    for (index, entry) in SIGMOID_TABLE[..255].iter().enumerate() {
        let i = index as f64;
        let lacking = sigmoid(i + 0.5) - 0.5 * (sigmoid(i) + sigmoid(i + 1.0));
        let value = 65536.0 * (sigmoid(i) + 0.5 * lacking);
        assert_eq!(f64::from(*entry), libm::floor(value + 0.5), "entry {index}");
    }
    assert_eq!(SIGMOID_TABLE[255], 65535);
    // A few of TFLM's own, from its source.
    assert_eq!(
        [0, 1, 4, 28, 66, 100, 254].map(|i| SIGMOID_TABLE[i]),
        [32768, 33451, 35493, 49975, 61599, 64536, 65534]
    );
}

#[test]
fn lookups_interpolate_and_wrap() {
    let mut lut = [0i16; LUT16_ENTRIES];
    lut[0] = -100;
    lut[1] = 28;
    lut[256] = 30000;
    lut[257] = -30000;
    lut[511] = 7;
    lut[512] = 135;
    let at = |q| lut_lookup_i16(q, &lut);
    // 128 apart: one per step. Ties, at half a step, go up.
    assert_eq!([-32768, -32767, -32641].map(at), [-100, -99, 27]);
    // A slope of −60000 wraps to 5536: 30000 + (5536 · 64 + 64) / 128 = 32768.5, which wraps as well.
    assert_eq!([0, 64, 127].map(at), [30000, -32768, -30043]);
    assert_eq!([32640, 32767].map(at), [7, 134]);
    let mut tie = [0i16; LUT16_ENTRIES];
    tie[257] = 1;
    assert_eq!([63, 64].map(|q| lut_lookup_i16(q, &tie)), [0, 1]);
}

#[test]
fn tables_saturate() {
    let identity = affine(1.0, 0);
    let table = lut_i8(identity, affine(0.5, 10), |x| match x as i32 {
        0 => f32::NAN,
        1 => INF,
        2 => -INF,
        3 => 0.25,
        4 => -0.25,
        5 => 1e20,
        _ => x,
    });
    assert_eq!(table[..6], [-128, 127, -128, 11, 9, 127]);
    assert_eq!((table[10], table[usize::from(-10i8 as u8)], table[128]), (30, -10, -128));
    let steep = lut_i16(affine(1.0, 0), affine(1.0, 0), |x| 2.0 * x);
    assert_eq!((steep[0], steep[128], steep[256], steep[512]), (-32768, -32768, -1, 32767));
    // A chord below the curve is raised by half of what it lacks in the middle.
    let curve = |x: f32| if (32.0..96.0).contains(&x.rem_euclid(128.0)) { 8.0 } else { 0.0 };
    let curved = lut_i16(affine(1.0, 0), affine(1.0, 0), curve);
    assert_eq!((curved[3], curved[300], curved[512]), (4, 4, 0));
}

#[test]
fn softmax_refuses_what_the_source_aborts_on() {
    let tiny = 1.0 / 67108864.0;
    assert_eq!(SoftmaxInput::prepare(tiny, 1.0), None);
    assert_eq!(SoftmaxInput::prepare(tiny * 1.001, 1.0).map(|input| input.multiplier.shift()), Some(1));
    assert_eq!(SoftmaxInput::prepare(NAN, 1.0), None);
    assert_eq!(SoftmaxInput::prepare(0.1, -1.0), None);
    // The factor is capped, and only the maximum counts.
    for scale in [32.0, INF] {
        let steep = SoftmaxInput::prepare(scale, 1.0).expect("in range");
        assert_eq!(steep.multiplier, Multiplier::new(i32::MAX, 31).expect("in range"));
        assert_eq!(steep.least_difference, 0);
        assert_eq!((steep.exp(0), steep.exp(-1)), (Some(I1F31::MAX), None));
    }
    assert_eq!(LogSoftmax::prepare(0.0), None);
    assert_eq!(LogSoftmax::prepare(tiny * 1.001).map(|softmax| softmax.inverse.shift()), Some(0));
    let half = SoftmaxInput::prepare(0.5, 1.0).expect("in range");
    assert_eq!(half.least_difference, -31);
    assert_eq!((half.exp(-31).is_some(), half.exp(-32)), (true, None));
}

#[test]
fn sums_of_exponentials_saturate() {
    let full = (0..5000).fold(ExpSum::ZERO, |sum, _| sum.plus(I1F31::MAX));
    assert_eq!(full.value(), I13F19::MAX);
    assert_eq!(ExpSum::ZERO.plus(I1F31::MAX).value(), I13F19::ONE);
    // 2^-20 is half of the last place and counts as one.
    assert_eq!(ExpSum::ZERO.plus(I1F31::from_bits(1 << 11)).value(), I13F19::DELTA);
    assert_eq!(ExpSum::ZERO.plus(I1F31::from_bits((1 << 11) - 1)).value(), I13F19::ZERO);
    assert_eq!(ExpSum::default(), ExpSum::ZERO);
    // One class has all of it; of 512 equal ones, where the source aborts, none has any.
    let alone = ExpSum::ZERO.plus(I1F31::MAX).reciprocal();
    assert_eq!((alone.to_i8(I1F31::MAX), alone.to_i16(I1F31::MAX)), (127, 32767));
    let crowd = (0..512).fold(ExpSum::ZERO, |sum, _| sum.plus(I1F31::MAX)).reciprocal();
    assert_eq!(crowd.to_i8(I1F31::MAX), -128);
    assert_eq!(crowd.to_i16(I1F31::MAX), -32640);
}

#[test]
fn log_softmax_of_equal_classes() {
    let softmax = LogSoftmax::prepare(0.1).expect("in range");
    let row = |n| softmax.row((0..n).fold(ExpSum::ZERO, |sum, _| sum.plus(I1F31::MAX)));
    // −ln 2 · 16 = −11.09, −ln 16 · 16 = −44.36
    assert_eq!(softmax.output(row(1), 0), 127);
    assert_eq!(softmax.output(row(2), 0), 116);
    assert_eq!(softmax.output(row(16), 0), 83);
    assert_eq!(softmax.output(row(1), -160), -128);
    assert_eq!(softmax.output(row(1), -100), -33);
    // A power of two has the smallest radius, 15.5 in real terms: one step further is cut off.
    let power = LogSoftmax::prepare(0.0625).expect("in range");
    assert_eq!([-248, -249].map(|difference| power.output(row(1), difference)), [-121, -128]);
}

#[test]
fn softmax_on_16_bits_at_its_ends() {
    let over = one_over_one_plus_lut();
    // A lone class; sums below 2 have no meaning but an output.
    assert_eq!(Softmax16Scale::of(32767, &over).output(32767), 32767);
    assert_eq!(Softmax16Scale::of(32767, &over).output(0), 0);
    assert_eq!(Softmax16Scale::of(32767, &over).output(-5), 0);
    assert_eq!(Softmax16Scale::of(65534, &over).output(32767), 16384);
    assert_eq!(Softmax16Scale::of(i32::MAX, &over).output(32767), 0);
    // The normalised sum is rounded: truncated, it would give 5461.
    assert_eq!(Softmax16Scale::of(196_631, &over).output(32767), 5460);
    for sum in [0, 1, -1, i32::MIN] {
        let output = Softmax16Scale::of(sum, &over).output(32767);
        assert!((0..=32767).contains(&output), "{sum}");
    }
    let exp = exp_lut();
    let multiplier = softmax16_multiplier(0.001, 2.0).expect("in range");
    assert_eq!(softmax16_exp(0, multiplier, &exp), 32762);
    assert_eq!(softmax16_exp(-65535, multiplier, &exp), softmax16_exp(-5000, multiplier, &exp));
    assert_eq!(softmax16_exp(i32::MAX, multiplier, &exp), 32762);
    assert_eq!(softmax16_multiplier(NAN, 1.0), None);
}

#[test]
fn divisions_by_zero_go_to_the_limit() {
    let clamp = Clamp { min: -100, max: 90 };
    let out = affine(0.1, 4);
    let quotient = Quotient::prepare(affine(0.1, 3), affine(0.1, -7), out, clamp).expect("in range");
    assert_eq!([2, 3, 4].map(|a| quotient.apply(a, -7)), [-100, 4, 90]);
    assert_eq!(quotient.apply(13, -6), 90);
    // 10 · 0 / 64 is shifted by 33, and 0 comes out as 1: see `Quotient::apply`. By 31 it is still 0.
    assert_eq!([24, 56, 57].map(|b| quotient.apply(3, b)), [4, 5, 5]);
    assert_eq!([2, 4].map(|a| quotient.apply(a, 57)), [-100, 90]);
    assert_eq!(quotient.apply(i32::MIN, i32::MAX), -6);
}

#[test]
fn common_scales_refuse_scales_of_one() {
    let zero = ZeroPoint(0);
    assert!(CommonScale::for_comparison(0.5, zero, 0.9, zero).is_some());
    assert_eq!(CommonScale::for_comparison(1.0, zero, 0.9, zero), None);
    assert_eq!(CommonScale::for_comparison(0.5, zero, 1.0, zero), None);
    // An output step 2^20 times finer than an input's.
    let (coarse, fine) = (affine(1.0, 0), affine(1e-6, 0));
    assert_eq!(Sum::for_add(coarse, coarse, fine, 20, Clamp::I8), None);
    assert!(Sum::for_squared_difference(coarse, coarse, fine, 7, Clamp::I8).is_some());
    assert_eq!(Sum::for_add(affine(NAN, 0), affine(NAN, 0), coarse, 20, Clamp::I8), None);
}

#[test]
fn sums_saturate_far_outside_their_types() {
    let one = affine(0.1, 0);
    let sum = Sum::for_add(one, one, one, 20, Clamp::I32).expect("in range");
    assert_eq!(sum.add(i32::MAX, i32::MAX), 1 << 12);
    assert_eq!(sum.sub(i32::MIN, i32::MAX), -(1 << 12));
    assert_eq!(sum.squared_difference(i32::MIN, i32::MAX), 1 << 12);
    let product = Product::prepare(one, one, one, Clamp::I32).expect("in range");
    assert_eq!(product.apply(i32::MIN, i32::MIN), product.apply(i32::MAX, 1));
}

#[test]
fn hard_swish_refuses_coarse_inputs() {
    assert!(HardSwish::prepare(affine(1.0, 0), affine(0.0079, 0)).is_some());
    assert_eq!(HardSwish::prepare(affine(1.0, 0), affine(0.0078, 0)), None);
    assert_eq!(HardSwish::prepare(affine(NAN, 0), affine(0.1, 0)), None);
    assert_eq!(HardSwish::prepare(affine(0.1, 0), affine(0.0, 0)), None);
    // Real: 3 and above is itself, −3 and below is 0.
    let swish = HardSwish::prepare(affine(0.1, 0), affine(0.1, 0)).expect("in range");
    assert_eq!([-128, -30, 0, 30, 31, 127].map(|q| swish.apply(q)), [0, 0, 0, 30, 31, 127]);
}

#[test]
fn inverse_roots_of_what_has_none() {
    for x in [i32::MIN, -1, 0, 1] {
        let root = inverse_sqrt(x);
        assert_eq!((root.mantissa(), root.shift()), (i32::MAX, 0), "{x}");
    }
    let rsqrt = Rsqrt::prepare(affine(0.1, -5), affine(0.1, 0), Clamp::I8).expect("in range");
    assert_eq!([-128, -6, -5].map(|q| rsqrt.apply(q)), [127, 127, 127]);
    // 1 / √0.1 / 0.1 = 31.6
    assert_eq!([-4, -1, 95].map(|q| rsqrt.apply(q)), [32, 16, 3]);
    assert_eq!(Rsqrt::prepare(affine(0.0, 0), affine(0.1, 0), Clamp::I8), None);
    let norm = L2Normalization::of(ZeroPoint(4), 0);
    assert_eq!([4, 5, 3].map(|q| norm.apply(q)), [0, 127, -128]);
}

#[test]
fn means_and_quotients_at_their_limits() {
    let count = |n| NonZeroU32::new(n).expect("not 0");
    let one = affine(0.5, -128);
    let mean = Reduction::for_mean(one, one, count(u32::MAX), Clamp::I8).expect("in range");
    assert_eq!(mean.centre, i32::MIN);
    assert_eq!((mean.multiplier.mantissa(), mean.multiplier.shift()), (536870912, -30));
    // The count may not push the shift below −31.
    let fine =
        Reduction::for_mean(affine(1e-9, 0), affine(1.0, 0), count(1000), Clamp::I8).expect("in range");
    assert_eq!((fine.multiplier.mantissa(), fine.multiplier.shift()), (4611685, -31));
    let identity = Reduction::for_mean(one, one, count(1), Clamp::I8).expect("in range");
    assert_eq!(identity.multiplier, Multiplier::ONE);
    assert_eq!([-128, 0, 127].map(|sum| identity.apply(sum)), [-128, 0, 127]);
    assert_eq!(Reduction::for_sum(one, affine(0.0, 0), count(1), Clamp::I8), None);

    #[rustfmt::skip]
    let rows = [(0, 3, 0), (1, 2, 1), (-1, 2, -1), (1, 3, 0), (2, 3, 1), (-2, 3, -1), (5, 2, 3), (-5, 2, -3), (i32::MIN, 1, i32::MIN),
        (i32::MAX, 1, i32::MAX), (i32::MIN, u32::MAX, -1), (i32::MAX, u32::MAX, 0), (-7, 1, -7)];
    for (sum, n, expected) in rows {
        assert_eq!(rounded_quotient(sum, count(n)), expected, "{sum} / {n}");
    }
}

#[test]
fn single_precision_functions_are_rounded_once() {
    assert_eq!(float::exp(1.0), core::f32::consts::E);
    assert_eq!(float::exp(-200.0), 0.0);
    assert_eq!(float::exp_m1(1e-10), 1e-10);
    assert_eq!(float::ln(2.0), core::f32::consts::LN_2);
    assert_eq!(float::sin(0.5), 0.479_425_55);
    assert_eq!(float::cos(0.5), 0.877_582_55);
    assert_eq!(float::tanh(0.5), 0.462_117_16);
    assert_eq!(float::erf(0.5), 0.520_499_9);
    assert_eq!(float::sqrt(2.0), core::f32::consts::SQRT_2);
    assert_eq!(float::pow(2.0, 0.5), core::f32::consts::SQRT_2);
}
