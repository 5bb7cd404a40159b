//! What holds for every argument: order, bounds, agreement with real arithmetic.

use fixed::types::{I1F31, I4F12, I5F27, I6F26, I13F19};
use proptest::prelude::*;
use quant::fixed_point::{
    Reciprocal, exp_on_negative, ln_of_at_least_one, logistic, one_over_one_plus, tanh,
};
use quant::rounding::*;
use quant::*;

fn scales() -> impl Strategy<Value = f32> {
    (-10.0f32..1.0).prop_map(f32::exp)
}

fn zeros() -> impl Strategy<Value = i32> {
    -128..=127
}

fn affines() -> impl Strategy<Value = Affine> {
    (scales(), zeros()).prop_map(|(scale, zero)| Affine { scale, zero: ZeroPoint(zero) })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    /// The product of the source, with its division and its nudge of either sign.
    #[test]
    fn the_high_product_is_the_source_s(a: i32, b: i32) {
        prop_assume!(a != i32::MIN || b != i32::MIN);
        let product = i64::from(a) * i64::from(b);
        let nudge = if product >= 0 { 1 << 30 } else { 1 - (1 << 30) };
        prop_assert_eq!(i64::from(doubling_high_mul(a, b)), (product + nudge) / (1 << 31));
    }

    #[test]
    fn shifts_are_nearest(x: i32, exponent in 0u32..32) {
        let wide = i128::from(x);
        let nearest = i128::from(round_shift_right(x, exponent));
        prop_assert!((nearest << exponent).abs_diff(wide) * 2 <= 1 << exponent);
        prop_assert_eq!(round_shift_right(x.saturating_neg(), exponent), round_shift_right(x, exponent).saturating_neg());
        prop_assert_eq!(i64::from(round_shift_right(x, exponent)), round_shift_right_i64(x.into(), exponent));
        let exact = i64::from(x) << exponent;
        prop_assert_eq!(saturating_shift_left(x, exponent), saturate_i32(exact));
    }

    /// Within one of the real product, and never out of order.
    #[test]
    fn scaling_is_close_and_monotonic(x: i32, step in 0i32..1000, ln_real in -20f64..-8.0) {
        let factor = Multiplier::from_real(ln_real.exp()).expect("in range");
        let exact = f64::from(x) * factor.to_real();
        prop_assert!((f64::from(factor.scale(x)) - exact).abs() <= 1.0);
        prop_assert!(factor.scale(x) <= factor.scale(x.saturating_add(step)));
        let wide = factor.scale_wide(x.into());
        prop_assert!((f64::from(wide) - exact).abs() <= 0.5 + exact.abs() / 16384.0);
        prop_assert!(wide <= factor.scale_wide(i64::from(x) + i64::from(step)));
    }

    #[test]
    fn factors_are_nearest(real in -1e9f64..1e9) {
        let factor = Multiplier::from_real(real).expect("in range");
        let error = (factor.to_real() - real).abs();
        prop_assert!(error <= real.abs() / 2f64.powi(31) || factor == Multiplier::ZERO && real.abs() < 2f64.powi(-31));
    }

    #[test]
    fn fixed_point_is_close_to_real(bits in i32::MIN..=0, positive in 0..=i32::MAX) {
        let (x, q5) = (I6F26::from_bits(bits).to_num::<f64>(), I6F26::from_bits(bits));
        prop_assert!((exp_on_negative(q5).to_num::<f64>() - x.exp()).abs() < 1e-6);
        let q4 = I5F27::from_bits(bits.saturating_add(positive));
        let y = q4.to_num::<f64>();
        prop_assert!((logistic(q4).to_num::<f64>() - 1.0 / (1.0 + (-y).exp())).abs() < 1e-6);
        prop_assert!((tanh(q4).to_num::<f64>() - y.tanh()).abs() < 1e-6);
        let unit = I1F31::from_bits(positive);
        prop_assert!((one_over_one_plus(unit).to_num::<f64>() - 1.0 / (1.0 + unit.to_num::<f64>())).abs() < 1e-8);
        let sum = I13F19::from_bits(positive | 1 << 19);
        prop_assert!((ln_of_at_least_one(sum).to_num::<f64>() - sum.to_num::<f64>().ln()).abs() < 1e-5);
        let reciprocal = Reciprocal::of(positive | 1, 12);
        let real = reciprocal.scale.to_num::<f64>() / 2f64.powi(reciprocal.bits_over_unit);
        prop_assert!((real * f64::from(positive | 1) / 524288.0 - 1.0).abs() < 1e-8);
        let root = inverse_sqrt(positive | 2).to_real();
        prop_assert!((root * f64::from(positive | 2).sqrt() - 1.0).abs() < 1e-3);
    }

    #[test]
    fn sixteen_bit_curves_are_close_to_real(bits: i16) {
        let x = f64::from(bits) / 4096.0;
        let fixed = I4F12::from_bits(bits);
        prop_assert!((logistic(fixed).to_num::<f64>() - 1.0 / (1.0 + (-x).exp())).abs() < 3e-4);
        prop_assert!((tanh(fixed).to_num::<f64>() - x.tanh()).abs() < 5e-4);
        let table = Curve16Input::Q3_12;
        prop_assert!((f64::from(table.logistic(bits)) / 32768.0 - 1.0 / (1.0 + (-x).exp())).abs() < 5e-5);
        prop_assert!((f64::from(table.tanh(bits)) / 32768.0 - x.tanh()).abs() < 1e-4);
    }

    #[test]
    fn curves_are_monotonic_and_close(scale in scales(), zero in zeros(), q in -128i8..127) {
        let input = CurveInput::prepare(scale, ZeroPoint(zero)).expect("a scale");
        prop_assert!(input.logistic(q) <= input.logistic(q + 1));
        prop_assert!(input.tanh(q) <= input.tanh(q + 1));
        let x = f64::from(scale) * f64::from(i32::from(q) - zero);
        // The radius cuts the curve off anywhere from 7.5 on, or at a step of the input.
        prop_assume!(x.abs() < 7.5);
        let logistic = (256.0 / (1.0 + (-x).exp()) - 128.0).min(127.0);
        prop_assert!((f64::from(input.logistic(q)) - logistic).abs() <= 1.0);
        prop_assert!((f64::from(input.tanh(q)) - (128.0 * x.tanh()).min(127.0)).abs() <= 1.0);
    }

    #[test]
    fn sums_are_within_a_step(a in affines(), b in affines(), out in affines(), x: i8, y: i8) {
        let (x, y) = (i32::from(x), i32::from(y));
        let real = |affine: Affine, q: i32| f64::from(affine.scale) * f64::from(q - affine.zero.0);
        let steps = |value: f64| (value / f64::from(out.scale) + f64::from(out.zero.0)).clamp(-128.0, 127.0);
        if let Some(sum) = Sum::for_add(a, b, out, CommonScale::SUM_SHIFT_I8, Clamp::I8) {
            prop_assert!((f64::from(sum.add(x, y)) - steps(real(a, x) + real(b, y))).abs() <= 0.6);
        }
        if let Some(sum) = Sum::for_add(a, b, out, CommonScale::SUM_SHIFT_I8, Clamp::I8) {
            prop_assert!((f64::from(sum.sub(x, y)) - steps(real(a, x) - real(b, y))).abs() <= 0.6);
        }
        let product = Product::prepare(a, b, out, Clamp::I8).expect("in range");
        prop_assert!((f64::from(product.apply(x, y)) - steps(real(a, x) * real(b, y))).abs() <= 1.0);
    }

    #[test]
    fn quantising_undoes_dequantising(affine in affines(), q: i8) {
        let real = dequantize(q.into(), affine.scale, affine.zero);
        prop_assert_eq!(quantize(real, affine.scale, affine.zero, Clamp::I8), i32::from(q));
    }

    /// Arguments that no operator passes: nothing panics.
    #[test]
    fn everything_is_total(x: i32, y: i32, wide: i64, mantissa: i32, shift in -31i8..=31, real: f64, bits: u32) {
        let factor = Multiplier::new(mantissa, shift).expect("in range");
        let zero = ZeroPoint(y);
        let scale = f32::from_bits(bits);
        let any = Affine { scale, zero };
        let clamp = Clamp { min: x, max: y };
        factor.requantize(x, zero, clamp);
        factor.requantize_wide(wide, zero, clamp);
        factor.shifted(x).magnitude().to_real();
        Multiplier::from_real(real);
        rounding_half_sum(x, y);
        mul_by_power_of_two(x, y);
        mul_by_power_of_two_i16(x as i16, y);
        round_shift_right_i64(wide, bits);
        exp_on_negative(I6F26::from_bits(x));
        exp_on_negative(I4F12::from_bits(x as i16));
        logistic(I1F31::from_bits(x));
        tanh(I6F26::from_bits(x));
        tanh(I4F12::from_bits(x as i16));
        ln_of_at_least_one(I13F19::from_bits(x));
        Reciprocal::of(x, 12);
        inverse_sqrt(x);
        let parts = CommonScale { zero_a: zero, zero_b: zero, left_shift: bits, multiplier_a: factor, multiplier_b: factor };
        let sum = Sum { inputs: parts, multiplier: factor, zero_out: zero, clamp };
        let _ = (sum.add(x, y), sum.sub(x, y), sum.squared_difference(x, y));
        Product { zero_a: zero, zero_b: zero, multiplier: factor, zero_out: zero, clamp }.apply(x, y);
        Quotient { zero_a: zero, zero_b: ZeroPoint(x), multiplier: factor, zero_out: zero, clamp }.apply(y, x);
        Quotient { zero_a: zero, zero_b: zero, multiplier: factor, zero_out: zero, clamp }.apply(x, x);
        Requantize { zero_in: zero, multiplier: factor, zero_out: zero, clamp }.apply_abs(x);
        LeakyRelu { zero_in: zero, identity: factor, alpha: factor, zero_out: zero, clamp }.apply(x);
        Prelu { zero_in: zero, zero_alpha: zero, identity: factor, slope: factor, zero_out: zero, clamp }.apply(x, y);
        let curve = CurveInput { zero, radius: x, multiplier: factor };
        let _ = (curve.logistic(x as i8), curve.tanh(x as i8));
        let curve = Curve16Input { multiplier: mantissa, right_shift: bits };
        let _ = (curve.logistic(x as i16), curve.tanh(x as i16));
        let swish = HardSwish {
            zero_in: zero, output_mantissa: x as i16, output_right_shift: bits, gate_mantissa: y as i16, gate_shift: mantissa, zero_out: zero,
        };
        swish.apply(x as i8);
        let softmax = SoftmaxInput { multiplier: factor, least_difference: y };
        let exp = softmax.exp(x).unwrap_or_default();
        let total = ExpSum::ZERO.plus(exp).plus(I1F31::from_bits(y));
        let _ = (total.reciprocal().to_i8(I1F31::from_bits(x)), total.reciprocal().to_i16(exp));
        let softmax = LogSoftmax { input: softmax, inverse: factor };
        softmax.output(softmax.row(total), x);
        L2Normalization::of(zero, x).apply(y as i8);
        Rsqrt { zero_in: zero, multiplier: factor, zero_out: zero, clamp }.apply(x);
        Reduction { centre: y, multiplier: factor, zero_out: zero, clamp }.apply(x);
        quantize(f32::from_bits(x as u32), scale, zero, clamp);
        dequantize(x, scale, zero);
        let _ = (checked_log2(scale), nearest_log2(scale));
        FusedActivation::Relu6.clamp(scale, zero, clamp);
        CurveInput::prepare(scale, zero);
        Curve16Input::for_logistic(scale);
        Curve16Input::for_tanh(scale);
        Curve16Input::for_cell_state(x);
        SoftmaxInput::prepare(scale, scale);
        LogSoftmax::prepare(scale);
        HardSwish::prepare(any, Affine { scale: 0.1, zero });
        input_radius(bits, x);
        lut_i8(any, any, |x| x);
        if let Some(count) = core::num::NonZeroU32::new(bits) {
            rounded_quotient(x, count);
            Reduction::for_mean(any, Affine { scale: 0.1, zero }, count, clamp);
        }
    }
}
