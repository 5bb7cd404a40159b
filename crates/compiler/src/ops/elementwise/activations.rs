//! RELU and its kin, LOGISTIC, TANH.

use engine::ops::RequantizeS16;
use quant::{CurveInput, FusedActivation, Requantize};
use tflite::{BuiltinOp, DType};

use super::{
    Lowering, NodeView, ONE_SCALE, Reject, Rule, SAME_SHAPE, Support, ZERO_POINT_0, affine, clamp, lut,
    push_one, scales_apart,
};

pub(super) const SUPPORT: &[Support] = &[
    relu(BuiltinOp::Relu, (1, 3), |cx, view| rectify(cx, view, FusedActivation::Relu)),
    relu(BuiltinOp::Relu6, (1, 3), |cx, view| rectify(cx, view, FusedActivation::Relu6)),
    relu(BuiltinOp::ReluN1To1, (1, 1), |cx, view| rectify(cx, view, FusedActivation::ReluN1To1)),
    relu(BuiltinOp::Relu0To1, (1, 1), |cx, view| rectify(cx, view, FusedActivation::Relu0To1)),
    Support {
        op: BuiltinOp::Logistic,
        custom: None,
        versions: (1, 3),
        types: &["int8 -> int8"],
        rules: &[SAME_SHAPE, ONE_SCALE, ZERO_POINT_0, LOGISTIC_ZERO],
        lower: logistic,
    },
    Support {
        op: BuiltinOp::Tanh,
        custom: None,
        versions: (1, 3),
        types: &["int8 -> int8"],
        rules: &[SAME_SHAPE, ONE_SCALE, ZERO_POINT_0],
        lower: tanh,
    },
];

const fn relu(
    op: BuiltinOp,
    versions: (i32, i32),
    lower: fn(&mut Lowering<'_>, &NodeView<'_>) -> Result<(), Reject>,
) -> Support {
    Support {
        op,
        custom: None,
        versions,
        types: &["int8 -> int8", "uint8 -> uint8", "int16 -> int16"],
        rules: &[SAME_SHAPE, ONE_SCALE, ZERO_POINT_0],
        lower,
    }
}

const LOGISTIC_ZERO: Rule = Rule {
    requires: "its int8 output has zero point -128",
    advice: "quantise the output with scale 1/256 and zero point -128, as converters do",
    holds: |view| view.output(0).is_some_and(|tensor| tensor.dtype != DType::Int8 || tensor.zero() == -128),
};

fn rectify(cx: &mut Lowering<'_>, view: &NodeView<'_>, activation: FusedActivation) -> Result<(), Reject> {
    let (input, output) = (view.need_input(0)?, view.need_output(0)?);
    let constants = Requantize {
        zero_in: affine(input).zero,
        multiplier: Requantize::ratio(input.scale(), output.scale()).ok_or_else(scales_apart)?,
        zero_out: affine(output).zero,
        clamp: clamp(activation, output)?,
    };
    match output.dtype {
        DType::Int16 => push_one(cx, view, RequantizeS16(constants), &[], &[1]),
        _ => lut(cx, view, |q| constants.apply(q)),
    }
}

fn logistic(cx: &mut Lowering<'_>, view: &NodeView<'_>) -> Result<(), Reject> {
    let input = affine(view.need_input(0)?);
    let curve = CurveInput::prepare(input.scale, input.zero).ok_or_else(scales_apart)?;
    lut(cx, view, |q| curve.logistic(q as i8).into())
}

fn tanh(cx: &mut Lowering<'_>, view: &NodeView<'_>) -> Result<(), Reject> {
    let input = affine(view.need_input(0)?);
    let curve = CurveInput::prepare(input.scale, input.zero).ok_or_else(scales_apart)?;
    lut(cx, view, |q| curve.tanh(q as i8).into())
}
