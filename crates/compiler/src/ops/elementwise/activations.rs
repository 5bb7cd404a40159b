//! RELU and its kin, LOGISTIC, TANH, HARD_SWISH, ELU, GELU, LEAKY_RELU and PRELU.

use engine::ops::{
    EluF32, GeluF32, GeluTanhF32, HardSwishF32, LeakyReluF32, LeakyReluS16, LimitF32, LogisticF32,
    LogisticS16, PreluF32, PreluS8, PreluS16, RequantizeS16, TanhF32, TanhS16,
};
use kernels::reference;
use quant::{Curve16Input, CurveInput, FusedActivation, HardSwish, LeakyRelu, Prelu, Requantize, float};
use tflite::{BuiltinOp, DType, Options};

use super::shared::{
    BROADCASTS, ONE_SCALE, SAME_SHAPE, ZERO_POINT_0, affine, clamp, limits, lut, lut_real, push_all,
    push_one, real_limits, scales_apart, walk,
};
use crate::{
    graph::Tensor,
    ops::{Lowering, NodeView, Rule, Support},
    refusal::Reject,
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
        types: &["int8 -> int8", "int16 -> int16", "float32 -> float32"],
        rules: &[SAME_SHAPE, ONE_SCALE, ZERO_POINT_0, LOGISTIC_ZERO, UNIT_SCALE],
        lower: logistic,
    },
    Support {
        op: BuiltinOp::Tanh,
        custom: None,
        versions: (1, 3),
        types: &["int8 -> int8", "int16 -> int16", "float32 -> float32"],
        rules: &[SAME_SHAPE, ONE_SCALE, ZERO_POINT_0, UNIT_SCALE],
        lower: tanh,
    },
    function(BuiltinOp::HardSwish, 1, &["int8 -> int8", REAL], hard_swish),
    function(BuiltinOp::Elu, 1, &["int8 -> int8", REAL], elu),
    function(BuiltinOp::Gelu, 2, &["int8 -> int8", REAL], gelu),
    function(BuiltinOp::LeakyRelu, 2, &["int8 -> int8", "int16 -> int16", REAL], leaky_relu),
    Support {
        op: BuiltinOp::Prelu,
        custom: None,
        versions: (1, 1),
        types: &[
            "int8, int8 -> int8",
            "int16, int8 -> int16",
            "int16, int16 -> int16",
            "float32, float32 -> float32",
        ],
        rules: &[BROADCASTS, ONE_SCALE, CONSTANT_NARROW_ALPHA],
        lower: prelu,
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
        types: &["int8 -> int8", "uint8 -> uint8", "int16 -> int16", "float32 -> float32"],
        rules: &[SAME_SHAPE, ONE_SCALE, ZERO_POINT_0],
        lower,
    }
}

const REAL: &str = "float32 -> float32";

const fn function(
    op: BuiltinOp,
    last_version: i32,
    types: &'static [&'static str],
    lower: fn(&mut Lowering<'_>, &NodeView<'_>) -> Result<(), Reject>,
) -> Support {
    let rules = &[SAME_SHAPE, ONE_SCALE];
    Support { op, custom: None, versions: (1, last_version), types, rules, lower }
}

const UNIT_SCALE: Rule = Rule {
    requires: "its int16 output has scale 1/32768",
    advice: "convert the model with symmetric 16x8 quantisation",
    holds: |view| {
        let is_unit = |tensor: &Tensor| quant::checked_log2(tensor.scale()) == Some(-15);
        view.output(0).is_some_and(|tensor| tensor.dtype != DType::Int16 || is_unit(tensor))
    },
};

const CONSTANT_NARROW_ALPHA: Rule = Rule {
    requires: "an int8 alpha beside an int16 input is constant",
    advice: "compute alpha in int16",
    holds: |view| match (view.input(0), view.input(1)) {
        (Some(input), Some(alpha)) => input.dtype == alpha.dtype || alpha.is_const(),
        _ => false,
    },
};

const LOGISTIC_ZERO: Rule = Rule {
    requires: "its int8 output has zero point -128",
    advice: "quantise the output with scale 1/256 and zero point -128, as converters do",
    holds: |view| view.output(0).is_some_and(|tensor| tensor.dtype != DType::Int8 || tensor.zero() == -128),
};

fn rectify(cx: &mut Lowering<'_>, view: &NodeView<'_>, activation: FusedActivation) -> Result<(), Reject> {
    let (input, output) = (view.need_input(0)?, view.need_output(0)?);
    if output.dtype == DType::Float32 {
        let mut limits = real_limits(activation);
        if activation == FusedActivation::Relu {
            limits.max = f32::INFINITY;
        }
        return push_one(cx, view, LimitF32(limits), &[], &[1]);
    }
    let ratio = match activation {
        FusedActivation::Relu => Requantize::ratio,
        // What is decided for the others is TensorFlow Lite, which works their factor out in single precision.
        _ => Requantize::single_precision_ratio,
    };
    let constants = Requantize {
        zero_in: affine(input).zero,
        multiplier: ratio(input.scale(), output.scale()).ok_or_else(scales_apart)?,
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
    match view.need_output(0)?.dtype {
        DType::Int8 => {
            let curve = CurveInput::prepare(input.scale, input.zero).ok_or_else(scales_apart)?;
            lut(cx, view, |q| curve.logistic(q as i8).into())
        }
        DType::Int16 => {
            let curve = Curve16Input::for_logistic(input.scale).ok_or_else(scales_apart)?;
            push_one(cx, view, LogisticS16(curve), &[], &[1])
        }
        _ => push_one(cx, view, LogisticF32, &[], &[1]),
    }
}

fn tanh(cx: &mut Lowering<'_>, view: &NodeView<'_>) -> Result<(), Reject> {
    let input = affine(view.need_input(0)?);
    match view.need_output(0)?.dtype {
        DType::Int8 => {
            let curve = CurveInput::prepare(input.scale, input.zero).ok_or_else(scales_apart)?;
            lut(cx, view, |q| curve.tanh(q as i8).into())
        }
        DType::Int16 => {
            let curve = Curve16Input::for_tanh(input.scale).ok_or_else(scales_apart)?;
            push_one(cx, view, TanhS16(curve), &[], &[1])
        }
        _ => push_one(cx, view, TanhF32, &[], &[1]),
    }
}

fn hard_swish(cx: &mut Lowering<'_>, view: &NodeView<'_>) -> Result<(), Reject> {
    let (input, output) = (view.need_input(0)?, view.need_output(0)?);
    if output.dtype == DType::Float32 {
        return push_one(cx, view, HardSwishF32, &[], &[1]);
    }
    let constants = HardSwish::prepare(affine(input), affine(output)).ok_or_else(scales_apart)?;
    lut(cx, view, |q| constants.apply(q as i8).into())
}

fn elu(cx: &mut Lowering<'_>, view: &NodeView<'_>) -> Result<(), Reject> {
    match view.need_output(0)?.dtype {
        DType::Int8 => lut_real(cx, view, |x| if x < 0.0 { float::exp(x) - 1.0 } else { x }),
        _ => push_one(cx, view, EluF32, &[], &[1]),
    }
}

fn gelu(cx: &mut Lowering<'_>, view: &NodeView<'_>) -> Result<(), Reject> {
    let approximate = matches!(view.node.options, Options::Gelu { approximate: true });
    match (view.need_output(0)?.dtype, approximate) {
        (DType::Int8, true) => lut_real(cx, view, reference::gelu_tanh),
        (DType::Int8, false) => lut_real(cx, view, reference::gelu),
        (_, true) => push_one(cx, view, GeluTanhF32, &[], &[1]),
        (_, false) => push_one(cx, view, GeluF32, &[], &[1]),
    }
}

fn leaky_relu(cx: &mut Lowering<'_>, view: &NodeView<'_>) -> Result<(), Reject> {
    let &Options::LeakyRelu { alpha } = &view.node.options else {
        return Err(Reject::malformed("its options are missing"));
    };
    let (input, output) = (view.need_input(0)?, view.need_output(0)?);
    if output.dtype == DType::Float32 {
        return push_one(cx, view, LeakyReluF32(alpha), &[], &[1]);
    }
    let constants = LeakyRelu::prepare(affine(input), alpha, affine(output), limits(output.dtype))
        .ok_or_else(scales_apart)?;
    match output.dtype {
        DType::Int16 => push_one(cx, view, LeakyReluS16(constants), &[], &[1]),
        _ => lut(cx, view, |q| constants.apply(q)),
    }
}

fn prelu(cx: &mut Lowering<'_>, view: &NodeView<'_>) -> Result<(), Reject> {
    let (input, alpha, output) = (view.need_input(0)?, view.need_input(1)?, view.need_output(0)?);
    let walk = walk(view)?;
    let constants = || {
        Prelu::prepare(affine(input), affine(alpha), affine(output), limits(output.dtype))
            .ok_or_else(scales_apart)
    };
    match (output.dtype, alpha.dtype) {
        (DType::Int8, _) => push_all(cx, view, PreluS8 { walk, constants: constants()? }, &[1, 2]),
        (DType::Int16, DType::Int16) => {
            push_all(cx, view, PreluS16 { walk, constants: constants()? }, &[1, 2])
        }
        (DType::Int16, _) => {
            let narrow = alpha.integers().ok_or_else(|| Reject::malformed("its alpha is not a constant"))?;
            let wide: Vec<i16> = narrow.iter().map(|&q| q as i16).collect();
            let operator = PreluS16 { walk, constants: constants()? };
            let wide = cx.constants(&wide);
            push_one(cx, view, operator, &[wide], &[1])
        }
        _ => push_all(cx, view, PreluF32 { walk }, &[1, 2]),
    }
}
