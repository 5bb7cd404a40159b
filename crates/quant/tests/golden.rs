//! The whole crate against rows that TensorFlow Lite Micro's own functions gave.

mod support;

use core::num::NonZeroU32;

use fixed::types::extra::{U8, U9, U10, U11, U12, U13, U14, U15, U24, U25, U26, U27, U28, U29, U30, U31};
use fixed::types::{I1F15, I1F31, I13F19};
use fixed::{FixedI16, FixedI32};
use quant::fixed_point::{QFormat, Reciprocal};
use quant::*;
use support::{Case, cases};

const ALL_I8: core::ops::RangeInclusive<i8> = i8::MIN..=i8::MAX;

#[test]
fn multipliers() {
    for case in cases(include_str!("vectors/multiplier.txt")) {
        let factor = |at| Multiplier::new(case.int(at), case.int(at + 1) as i8).expect("in range");
        match case.name.as_str() {
            "scale" => case.expect([factor(1).scale(case.int(0))]),
            "wide" => case.expect([factor(1).scale_wide(case.arguments[0])]),
            "from_real" => {
                let factor = Multiplier::from_real(f64::from_bits(case.arguments[0] as u64)).expect("finite");
                case.expect([factor.mantissa(), factor.shift().into()]);
            }
            other => panic!("{other}"),
        }
    }
}

fn function<Q: QFormat>(case: &Case, bits: Q::Word)
where
    <Q::Unit as QFormat>::Word: Into<i64>,
{
    let x = Q::from_word(bits);
    let y = match case.name.trim_end_matches(char::is_numeric) {
        "exp" => fixed_point::exp_on_negative(x),
        "logistic" => fixed_point::logistic(x),
        "tanh" => fixed_point::tanh(x),
        other => panic!("{other}"),
    };
    case.expect([y.to_word()]);
}

#[test]
fn exponentials_and_their_kin() {
    for case in cases(include_str!("vectors/fixed_point.txt")) {
        let bits = case.int(1);
        if case.name.ends_with("32") {
            match case.int(0) {
                0 => function::<FixedI32<U31>>(&case, bits),
                1 => function::<FixedI32<U30>>(&case, bits),
                2 => function::<FixedI32<U29>>(&case, bits),
                3 => function::<FixedI32<U28>>(&case, bits),
                4 => function::<FixedI32<U27>>(&case, bits),
                5 => function::<FixedI32<U26>>(&case, bits),
                6 => function::<FixedI32<U25>>(&case, bits),
                7 => function::<FixedI32<U24>>(&case, bits),
                other => panic!("{other}"),
            }
        } else {
            let bits = bits as i16;
            match case.int(0) {
                0 => function::<FixedI16<U15>>(&case, bits),
                1 => function::<FixedI16<U14>>(&case, bits),
                2 => function::<FixedI16<U13>>(&case, bits),
                3 => function::<FixedI16<U12>>(&case, bits),
                4 => function::<FixedI16<U11>>(&case, bits),
                5 => function::<FixedI16<U10>>(&case, bits),
                6 => function::<FixedI16<U9>>(&case, bits),
                7 => function::<FixedI16<U8>>(&case, bits),
                other => panic!("{other}"),
            }
        }
    }
}

#[test]
fn reciprocals_logarithms_and_roots() {
    use fixed_point::{ln_of_at_least_one, one_minus_over_one_plus, one_over_one_plus};
    for case in cases(include_str!("vectors/reciprocals.txt")) {
        let x = case.int(0);
        match case.name.as_str() {
            "over32" => case.expect([one_over_one_plus(I1F31::from_bits(x)).to_bits()]),
            "minus32" => case.expect([one_minus_over_one_plus(I1F31::from_bits(x)).to_bits()]),
            "over16" => case.expect([one_over_one_plus(I1F15::from_bits(x as i16)).to_bits()]),
            "minus16" => case.expect([one_minus_over_one_plus(I1F15::from_bits(x as i16)).to_bits()]),
            "ln" => case.expect([ln_of_at_least_one(I13F19::from_bits(x)).to_bits()]),
            "reciprocal" => {
                let reciprocal = Reciprocal::of(x, case.int(1) as u32);
                case.expect([reciprocal.scale.to_bits(), reciprocal.bits_over_unit]);
            }
            "inverse_sqrt" => {
                let factor = inverse_sqrt(x);
                case.expect([factor.mantissa(), factor.shift().into()]);
            }
            other => panic!("{other}"),
        }
    }
}

#[test]
fn curves() {
    for case in cases(include_str!("vectors/curves.txt")) {
        let input = CurveInput::prepare(case.float(0), ZeroPoint(case.int(1))).expect("a scale");
        match case.name.as_str() {
            "logistic" => case.expect(ALL_I8.map(|q| input.logistic(q))),
            "tanh" => case.expect(ALL_I8.map(|q| input.tanh(q))),
            other => panic!("{other}"),
        }
    }
}

#[test]
fn curves_on_16_bits() {
    for case in cases(include_str!("vectors/curves16.txt")) {
        let inputs = (0..96).map(|index| (case.int(1) + index * case.int(2)) as i16);
        match case.name.as_str() {
            "logistic" => {
                let input = Curve16Input::for_logistic(case.float(0)).expect("a scale");
                case.expect(inputs.map(|q| input.logistic(q)));
            }
            "tanh" => {
                let input = Curve16Input::for_tanh(case.float(0)).expect("a scale");
                case.expect(inputs.map(|q| input.tanh(q)));
            }
            "cell" => {
                let input = Curve16Input::for_cell_state(case.int(0));
                case.expect(inputs.map(|q| input.tanh(q)));
            }
            other => panic!("{other}"),
        }
    }
}

#[test]
fn rectifiers() {
    cases(include_str!("vectors/rectifiers.txt")).iter().for_each(rectifier);
}

fn rectifier(case: &Case) {
    match case.name.as_str() {
        "hard_swish" => {
            let swish = HardSwish::prepare(case.affine(0), case.affine(2)).expect("in range");
            case.expect(ALL_I8.map(|q| swish.apply(q)));
        }
        "leaky_relu" => {
            let alpha = case.float(2);
            let relu = LeakyRelu::prepare(case.affine(0), alpha, case.affine(3), Clamp::I8);
            case.expect(ALL_I8.map(|q| relu.expect("in range").apply(q.into())));
        }
        "prelu" => {
            let relu = Prelu::prepare(case.affine(0), case.affine(2), case.affine(4), Clamp::I8);
            case.expect(ALL_I8.map(|q| relu.expect("in range").apply(q.into(), case.int(6))));
        }
        other => panic!("{other}"),
    }
}

#[test]
fn elementwise() {
    cases(include_str!("vectors/elementwise.txt")).iter().for_each(pair);
}

fn pair(case: &Case) {
    let (a, b) = (case.affine(0), case.affine(2));
    if case.name == "compare" {
        let scales = CommonScale::for_comparison(a.scale, a.zero, b.scale, b.zero).expect("below 1");
        case.expect(case.pairs(4).into_iter().flat_map(|(a, b)| <[i32; 2]>::from(scales.both(a, b))));
        return;
    }
    let out = case.affine(4);
    let clamp = Clamp { min: case.int(6), max: case.int(7) };
    let pairs = case.pairs(8).into_iter();
    let (sum_shift, square_shift) = match case.name.ends_with("16") {
        false => (CommonScale::SUM_SHIFT_I8, CommonScale::SQUARE_SHIFT_I8),
        true => (CommonScale::SUM_SHIFT_I16, CommonScale::SQUARE_SHIFT_I16),
    };
    match case.name.trim_end_matches("16") {
        "add" => {
            let sum = Sum::for_add(a, b, out, sum_shift, clamp).expect("in range");
            case.expect(pairs.map(|(a, b)| sum.add(a, b)));
        }
        "sub" => {
            let sum = Sum::for_add(a, b, out, sum_shift, clamp).expect("in range");
            case.expect(pairs.map(|(a, b)| sum.sub(a, b)));
        }
        "squared_difference" => {
            let sum = Sum::for_squared_difference(a, b, out, square_shift, clamp).expect("in range");
            case.expect(pairs.map(|(a, b)| sum.squared_difference(a, b)));
        }
        "mul" => {
            let product = Product::prepare(a, b, out, clamp).expect("in range");
            case.expect(pairs.map(|(a, b)| product.apply(a, b)));
        }
        "div" => {
            let quotient = Quotient::prepare(a, b, out, clamp).expect("in range");
            case.expect(pairs.map(|(a, b)| quotient.apply(a, b)));
        }
        other => panic!("{other}"),
    }
}

#[test]
fn softmaxes() {
    for case in cases(include_str!("vectors/softmax.txt")) {
        let logarithmic = case.name == "log_softmax";
        let row = case.ints(if logarithmic { 1 } else { 2 });
        let maximum = *row.iter().max().expect("a row");
        let differences = row.iter().map(|q| q - maximum);
        if logarithmic {
            let softmax = LogSoftmax::prepare(case.float(0)).expect("in range");
            let exps = differences.clone().filter_map(|difference| softmax.input.exp(difference));
            let row = softmax.row(exps.fold(ExpSum::ZERO, ExpSum::plus));
            case.expect(differences.map(|difference| softmax.output(row, difference)));
            continue;
        }
        let input = SoftmaxInput::prepare(case.float(0), case.float(1)).expect("in range");
        let exps: Vec<Option<I1F31>> = differences.map(|difference| input.exp(difference)).collect();
        let scale = exps.iter().flatten().fold(ExpSum::ZERO, |sum, exp| sum.plus(*exp)).reciprocal();
        let eight = exps.iter().map(|exp| exp.map_or(i8::MIN, |exp| scale.to_i8(exp)).into());
        let sixteen = exps.iter().map(|exp| exp.map_or(i16::MIN, |exp| scale.to_i16(exp)).into());
        let constants =
            [input.multiplier.mantissa(), input.multiplier.shift().into(), input.least_difference];
        case.expect(constants.into_iter().chain(eight).chain(sixteen));
    }
}

#[test]
fn softmax_on_16_bits() {
    let (exp, over) = (exp_lut(), one_over_one_plus_lut());
    for case in cases(include_str!("vectors/softmax16.txt")) {
        match case.name.as_str() {
            "exp" => case.expect(exp),
            "over" => case.expect(over),
            "lookup" => case.expect([lut_lookup_i16(case.int(0) as i16, &exp)]),
            "square" => case.expect(lut_i16(case.affine(0), case.affine(2), |x| x * x.abs())),
            "softmax16" => {
                let multiplier = softmax16_multiplier(case.float(0), case.float(1)).expect("in range");
                let row = case.ints(2);
                let maximum = *row.iter().max().expect("a row");
                let exps = row.iter().map(|q| softmax16_exp(q - maximum, multiplier, &exp));
                let scale = Softmax16Scale::of(exps.clone().map(i32::from).sum(), &over);
                case.expect(exps.map(|exp| scale.output(exp)));
            }
            other => panic!("{other}"),
        }
    }
}

#[test]
fn conversions() {
    for case in cases(include_str!("vectors/convert.txt")) {
        let int8_table = |table: [i8; 256]| ALL_I8.map(move |q| table[usize::from(q as u8)]);
        match case.name.as_str() {
            "requantize" => {
                let (input, output) = (case.affine(0), case.affine(2));
                let requantize = Requantize {
                    zero_in: input.zero,
                    multiplier: Requantize::ratio(input.scale, output.scale).expect("in range"),
                    zero_out: output.zero,
                    clamp: Clamp { min: case.int(4), max: case.int(5) },
                };
                case.expect(case.ints(6).into_iter().map(|q| requantize.apply(q)));
            }
            "quantize" => {
                let clamp = Clamp { min: case.int(3), max: case.int(4) };
                case.expect([quantize(case.float(0), case.float(1), ZeroPoint(case.int(2)), clamp)]);
            }
            "dequantize" => {
                let real = dequantize(case.int(0), case.float(1), ZeroPoint(case.int(2)));
                case.expect([real.to_bits()]);
            }
            "elu8" => {
                let elu = |x: f32| if x < 0.0 { float::exp(x) - 1.0 } else { x };
                case.expect(int8_table(lut_i8(case.affine(0), case.affine(2), elu)));
            }
            "square8" => case.expect(int8_table(lut_i8(case.affine(0), case.affine(2), |x| x * x))),
            other => panic!("{other}"),
        }
    }
}

#[test]
fn reductions_and_norms() {
    cases(include_str!("vectors/reduce.txt")).iter().for_each(reduction_or_norm);
}

fn reduction_or_norm(case: &Case) {
    let count = |at| NonZeroU32::new(case.int(at) as u32).expect("a count");
    match case.name.as_str() {
        "sum" => {
            let sum = Reduction::for_sum(case.affine(0), case.affine(2), count(4), Clamp::I8);
            case.expect(case.ints(5).into_iter().map(|total| sum.expect("in range").apply(total)));
        }
        "mean" => {
            let mean = Reduction::for_mean(case.affine(0), case.affine(2), count(4), Clamp::I8);
            case.expect(case.ints(5).into_iter().map(|total| mean.expect("in range").apply(total)));
        }
        "pool" => case.expect([rounded_quotient(case.int(0), count(1))]),
        "l2" => {
            let zero = case.int(0);
            let squares = case.ints(1).into_iter().map(|q| (q - zero) * (q - zero));
            let norm = L2Normalization::of(ZeroPoint(zero), squares.sum());
            case.expect(case.ints(1).into_iter().map(|q| norm.apply(q as i8)));
        }
        "rsqrt" => {
            let rsqrt = Rsqrt::prepare(case.affine(0), case.affine(2), Clamp::I8).expect("in range");
            case.expect((case.int(1)..=127).map(|q| rsqrt.apply(q)));
        }
        "abs" => {
            let (input, output) = (case.affine(0), case.affine(2));
            let ratio = Requantize::ratio(input.scale, output.scale);
            let abs = Requantize {
                zero_in: input.zero,
                multiplier: ratio.expect("in range"),
                zero_out: output.zero,
                clamp: Clamp::I8,
            };
            case.expect((-128..=127).map(|q| abs.apply_abs(q)));
        }
        "radius" => case.expect([input_radius(case.int(0) as u32, case.int(1))]),
        other => panic!("{other}"),
    }
}

/// Single precision anywhere in the preparation of these constants gives other bytes.
#[test]
fn factors_are_worked_out_in_double_precision() {
    for case in cases(include_str!("vectors/precision.txt")) {
        match case.name.as_str() {
            "leaky_relu" | "hard_swish" => rectifier(&case),
            "abs" | "rsqrt" => reduction_or_norm(&case),
            "div" | "sub" => pair(&case),
            "relu" => {
                let (input, output) = (case.affine(0), case.affine(2));
                let relu = Requantize {
                    zero_in: input.zero,
                    multiplier: Requantize::ratio(input.scale, output.scale).expect("in range"),
                    zero_out: output.zero,
                    clamp: FusedActivation::Relu
                        .clamp(output.scale, output.zero, Clamp::I8)
                        .expect("in range"),
                };
                case.expect((-128..=127).map(|q| relu.apply(q)));
            }
            other => panic!("{other}"),
        }
    }
}
