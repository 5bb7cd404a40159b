//! Functions of one element: ABS, NEG, EXP, LOG, SQRT, RSQRT, SQUARE, SIN, COS, CEIL, FLOOR, ROUND, SIGN.

use engine::ops::{
    AbsF32, AbsS16, AbsS32, AnyOperator, CeilF32, CosF32, ExpF32, FloorF32, LogF32, Lut16, NegF32, NegS32,
    RoundF32, RsqrtF32, SignF32, SinF32, SqrtF32, SquareF32,
};
use quant::{Clamp, Multiplier, Requantize, Rsqrt, ZeroPoint, float};
use tflite::{BuiltinOp, DType};

use super::shared::{
    ONE_SCALE, SAME_SHAPE, ZERO_POINT_0, affine, limits, lut, lut_real, push_one, scales_apart,
};
use crate::{
    ops::{Lowering, NodeView, Support},
    refusal::Reject,
};

pub(super) const SUPPORT: &[Support] = &[
    row(BuiltinOp::Abs, 5, &["int8 -> int8", "int16 -> int16", "int32 -> int32", REAL], abs),
    row(BuiltinOp::Neg, 1, &["int8 -> int8", "int32 -> int32", REAL], neg),
    row(BuiltinOp::Exp, 2, &["int8 -> int8", "int16 -> int16", REAL], exp),
    row(BuiltinOp::Log, 2, &["int8 -> int8", REAL], |cx, view| real_or_lut(cx, view, LogF32, float::ln)),
    row(BuiltinOp::Sqrt, 2, &["int8 -> int8", REAL], sqrt),
    row(BuiltinOp::Rsqrt, 3, &["int8 -> int8", REAL], rsqrt),
    row(BuiltinOp::Square, 1, &[REAL], |cx, view| real(cx, view, SquareF32)),
    row(BuiltinOp::Sin, 1, &[REAL], |cx, view| real(cx, view, SinF32)),
    row(BuiltinOp::Cos, 1, &[REAL], |cx, view| real(cx, view, CosF32)),
    row(BuiltinOp::Ceil, 1, &[REAL], |cx, view| real(cx, view, CeilF32)),
    row(BuiltinOp::Floor, 1, &[REAL], |cx, view| real(cx, view, FloorF32)),
    row(BuiltinOp::Round, 1, &[REAL], |cx, view| real(cx, view, RoundF32)),
    row(BuiltinOp::Sign, 2, &[REAL], |cx, view| real(cx, view, SignF32)),
];

const REAL: &str = "float32 -> float32";

const fn row(
    op: BuiltinOp,
    last_version: i32,
    types: &'static [&'static str],
    lower: fn(&mut Lowering<'_>, &NodeView<'_>) -> Result<(), Reject>,
) -> Support {
    // int16 may stand for itself in ABS.
    let rules: &[_] = match op {
        BuiltinOp::Abs => &[SAME_SHAPE],
        _ => &[SAME_SHAPE, ONE_SCALE, ZERO_POINT_0],
    };
    Support { op, custom: None, versions: (1, last_version), types, rules, lower }
}

fn real(cx: &mut Lowering<'_>, view: &NodeView<'_>, operator: impl Into<AnyOperator>) -> Result<(), Reject> {
    push_one(cx, view, operator, &[], &[1])
}

fn real_or_lut(
    cx: &mut Lowering<'_>,
    view: &NodeView<'_>,
    operator: impl Into<AnyOperator>,
    function: impl Fn(f32) -> f32,
) -> Result<(), Reject> {
    match view.need_output(0)?.dtype {
        DType::Int8 => lut_real(cx, view, function),
        _ => real(cx, view, operator),
    }
}

fn abs(cx: &mut Lowering<'_>, view: &NodeView<'_>) -> Result<(), Reject> {
    let (input, output) = (view.need_input(0)?, view.need_output(0)?);
    let constants = || match (&input.quant, &output.quant) {
        (Some(_), Some(_)) => Ok(Requantize {
            zero_in: affine(input).zero,
            multiplier: Requantize::ratio(input.scale(), output.scale()).ok_or_else(scales_apart)?,
            zero_out: affine(output).zero,
            clamp: limits(output.dtype),
        }),
        (None, None) if input.dtype == DType::Int16 => Ok(Requantize {
            zero_in: ZeroPoint(0),
            multiplier: Multiplier::ONE,
            zero_out: ZeroPoint(0),
            clamp: Clamp::I16,
        }),
        _ => Err(Reject::new(
            "its input and output are not both quantised",
            "quantise the model again with representative data",
        )),
    };
    match output.dtype {
        DType::Int8 => {
            let constants = constants()?;
            lut(cx, view, |q| constants.apply_abs(q))
        }
        DType::Int16 => push_one(cx, view, AbsS16(constants()?), &[], &[1]),
        DType::Int32 => push_one(cx, view, AbsS32, &[], &[1]),
        _ => real(cx, view, AbsF32),
    }
}

fn neg(cx: &mut Lowering<'_>, view: &NodeView<'_>) -> Result<(), Reject> {
    match view.need_output(0)?.dtype {
        // TensorFlow Lite negates the integer, whatever it stands for; TFLM does not run this.
        DType::Int8 => lut(cx, view, i32::wrapping_neg),
        DType::Int32 => push_one(cx, view, NegS32, &[], &[1]),
        _ => real(cx, view, NegF32),
    }
}

fn exp(cx: &mut Lowering<'_>, view: &NodeView<'_>) -> Result<(), Reject> {
    let (input, output) = (view.need_input(0)?, view.need_output(0)?);
    if output.dtype == DType::Int16 {
        let table = quant::lut_i16(affine(input), affine(output), float::exp);
        let table = cx.constants(&table);
        return push_one(cx, view, Lut16, &[table], &[1]);
    }
    real_or_lut(cx, view, ExpF32, float::exp)
}

fn sqrt(cx: &mut Lowering<'_>, view: &NodeView<'_>) -> Result<(), Reject> {
    let (input, output) = (affine(view.need_input(0)?), affine(view.need_output(0)?));
    if view.need_output(0)?.dtype != DType::Int8 {
        return real(cx, view, SqrtF32);
    }
    lut(cx, view, |q| quant::sqrt_i8(input, output, q as i8).into())
}

fn rsqrt(cx: &mut Lowering<'_>, view: &NodeView<'_>) -> Result<(), Reject> {
    let (input, output) = (view.need_input(0)?, view.need_output(0)?);
    if output.dtype != DType::Int8 {
        return real(cx, view, RsqrtF32);
    }
    let constants =
        Rsqrt::prepare(affine(input), affine(output), limits(output.dtype)).ok_or_else(scales_apart)?;
    lut(cx, view, |q| constants.apply(q))
}
