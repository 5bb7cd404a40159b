//! MAXIMUM, MINIMUM, SQUARED_DIFFERENCE, DIV, FLOOR_DIV, FLOOR_MOD, POW, LOGICAL_AND, LOGICAL_OR, LOGICAL_NOT,
//! SELECT and SELECT_V2.

use engine::ops::{
    AnyOperator, DivF32, DivS8, DivS16, DivS32, FloorDivF32, FloorDivS8, FloorDivS16, FloorDivS32,
    FloorDivS64, FloorModF32, FloorModS8, FloorModS16, FloorModS32, FloorModS64, LogicalAnd, LogicalOr,
    MaximumF32, MaximumS8, MaximumS16, MaximumS32, MaximumS64, MaximumU8, MinimumF32, MinimumS8, MinimumS16,
    MinimumS32, MinimumS64, MinimumU8, PowF32, PowS32, Select8, Select16, Select32, Select64,
    SquaredDifferenceF32, SquaredDifferenceS8, SquaredDifferenceS16, SquaredDifferenceS32,
};
use quant::{CommonScale, FusedActivation, Multiplier, Quotient, Sum};
use tflite::{BuiltinOp, DType, Options};

use super::shared::{
    BROADCASTS, ONE_SCALE, SAME_SHAPE, ZERO_POINT_0, affine, clamp, fused, limits, lut, push_all,
    real_limits, scales_apart, walk, whole_limits,
};
use crate::{
    ops::{Lowering, NodeView, Support},
    refusal::Reject,
};

pub(super) const SUPPORT: &[Support] = &[
    Support {
        op: BuiltinOp::Maximum,
        custom: None,
        versions: (1, 4),
        types: EXTREMA,
        rules: &[BROADCASTS],
        lower: maximum,
    },
    Support {
        op: BuiltinOp::Minimum,
        custom: None,
        versions: (1, 4),
        types: EXTREMA,
        rules: &[BROADCASTS],
        lower: minimum,
    },
    Support {
        op: BuiltinOp::SquaredDifference,
        custom: None,
        versions: (1, 2),
        types: &[
            "int8, int8 -> int8",
            "int16, int16 -> int16",
            "int32, int32 -> int32",
            "float32, float32 -> float32",
        ],
        rules: &[BROADCASTS, ONE_SCALE, ZERO_POINT_0],
        lower: squared_difference,
    },
    Support {
        op: BuiltinOp::Div,
        custom: None,
        versions: (1, 2),
        types: &[
            "int8, int8 -> int8",
            "int16, int16 -> int16",
            "int32, int32 -> int32",
            "float32, float32 -> float32",
        ],
        rules: &[BROADCASTS, ONE_SCALE],
        lower: div,
    },
    Support {
        op: BuiltinOp::FloorDiv,
        custom: None,
        versions: (1, 3),
        types: FLOORS,
        rules: &[BROADCASTS],
        lower: floor_div,
    },
    Support {
        op: BuiltinOp::FloorMod,
        custom: None,
        versions: (1, 2),
        types: FLOORS,
        rules: &[BROADCASTS],
        lower: floor_mod,
    },
    Support {
        op: BuiltinOp::Pow,
        custom: None,
        versions: (1, 1),
        types: &["float32, float32 -> float32", "int32, int32 -> int32"],
        rules: &[BROADCASTS],
        lower: pow,
    },
    Support {
        op: BuiltinOp::LogicalAnd,
        custom: None,
        versions: (1, 1),
        types: &["bool, bool -> bool"],
        rules: &[BROADCASTS],
        lower: |cx, view| push_all(cx, view, LogicalAnd { walk: walk(view)? }, &[1, 2]),
    },
    Support {
        op: BuiltinOp::LogicalOr,
        custom: None,
        versions: (1, 1),
        types: &["bool, bool -> bool"],
        rules: &[BROADCASTS],
        lower: |cx, view| push_all(cx, view, LogicalOr { walk: walk(view)? }, &[1, 2]),
    },
    Support {
        op: BuiltinOp::LogicalNot,
        custom: None,
        versions: (1, 1),
        types: &["bool -> bool"],
        rules: &[SAME_SHAPE],
        lower: |cx, view| lut(cx, view, |is_true| (is_true == 0).into()),
    },
    Support {
        op: BuiltinOp::Select,
        custom: None,
        versions: (1, 4),
        types: SELECTED,
        rules: &[BROADCASTS],
        lower: select,
    },
    Support {
        op: BuiltinOp::SelectV2,
        custom: None,
        versions: (1, 2),
        types: SELECTED,
        rules: &[BROADCASTS],
        lower: select,
    },
];

const EXTREMA: &[&str] = &[
    "int8, int8 -> int8",
    "uint8, uint8 -> uint8",
    "int16, int16 -> int16",
    "int32, int32 -> int32",
    "int64, int64 -> int64",
    "float32, float32 -> float32",
];

const FLOORS: &[&str] = &[
    "int8, int8 -> int8",
    "int16, int16 -> int16",
    "int32, int32 -> int32",
    "int64, int64 -> int64",
    "float32, float32 -> float32",
];

const SELECTED: &[&str] = &[
    "bool, int8, int8 -> int8",
    "bool, uint8, uint8 -> uint8",
    "bool, int16, int16 -> int16",
    "bool, int32, int32 -> int32",
    "bool, int64, int64 -> int64",
    "bool, float32, float32 -> float32",
    "bool, bool, bool -> bool",
];

fn maximum(cx: &mut Lowering<'_>, view: &NodeView<'_>) -> Result<(), Reject> {
    let walk = walk(view)?;
    let operator: AnyOperator = match view.need_output(0)?.dtype {
        DType::Int8 => MaximumS8 { walk }.into(),
        DType::Uint8 => MaximumU8 { walk }.into(),
        DType::Int16 => MaximumS16 { walk }.into(),
        DType::Int32 => MaximumS32 { walk }.into(),
        DType::Int64 => MaximumS64 { walk }.into(),
        _ => MaximumF32 { walk }.into(),
    };
    push_all(cx, view, operator, &[1, 2])
}

fn minimum(cx: &mut Lowering<'_>, view: &NodeView<'_>) -> Result<(), Reject> {
    let walk = walk(view)?;
    let operator: AnyOperator = match view.need_output(0)?.dtype {
        DType::Int8 => MinimumS8 { walk }.into(),
        DType::Uint8 => MinimumU8 { walk }.into(),
        DType::Int16 => MinimumS16 { walk }.into(),
        DType::Int32 => MinimumS32 { walk }.into(),
        DType::Int64 => MinimumS64 { walk }.into(),
        _ => MinimumF32 { walk }.into(),
    };
    push_all(cx, view, operator, &[1, 2])
}

fn squared_difference(cx: &mut Lowering<'_>, view: &NodeView<'_>) -> Result<(), Reject> {
    let (a, b, output) = (view.need_input(0)?, view.need_input(1)?, view.need_output(0)?);
    let walk = walk(view)?;
    let constants = |shift| {
        let clamp = limits(output.dtype);
        Sum::for_squared_difference(affine(a), affine(b), affine(output), shift, clamp)
            .ok_or_else(scales_apart)
    };
    let operator: AnyOperator = match output.dtype {
        DType::Int8 => {
            SquaredDifferenceS8 { walk, constants: constants(CommonScale::SQUARE_SHIFT_I8)? }.into()
        }
        DType::Int16 => {
            SquaredDifferenceS16 { walk, constants: constants(CommonScale::SQUARE_SHIFT_I16)? }.into()
        }
        DType::Int32 => SquaredDifferenceS32 { walk }.into(),
        _ => SquaredDifferenceF32 { walk }.into(),
    };
    push_all(cx, view, operator, &[1, 2])
}

fn div(cx: &mut Lowering<'_>, view: &NodeView<'_>) -> Result<(), Reject> {
    let &Options::Div { activation } = &view.node.options else {
        return Err(Reject::malformed("its options are missing"));
    };
    let (a, b, output) = (view.need_input(0)?, view.need_input(1)?, view.need_output(0)?);
    let (walk, activation) = (walk(view)?, fused(activation)?);
    let constants = || {
        let clamp = clamp(activation, output)?;
        let mut quotient =
            Quotient::prepare(affine(a), affine(b), affine(output), clamp).ok_or_else(scales_apart)?;
        if activation == FusedActivation::ReluN1To1 {
            // As for MUL: TensorFlow Lite's DIV is what is decided, and its factor is of single precision.
            let ratio = a.scale() / (b.scale() * output.scale());
            quotient.multiplier = Multiplier::from_real(ratio.into()).ok_or_else(scales_apart)?;
        }
        Ok(quotient)
    };
    let operator: AnyOperator = match output.dtype {
        DType::Int8 => DivS8 { walk, constants: constants()? }.into(),
        DType::Int16 => DivS16 { walk, constants: constants()? }.into(),
        DType::Int32 => DivS32 { walk, constants: whole_limits(activation) }.into(),
        _ => DivF32 { walk, constants: real_limits(activation) }.into(),
    };
    push_all(cx, view, operator, &[1, 2])
}

fn floor_div(cx: &mut Lowering<'_>, view: &NodeView<'_>) -> Result<(), Reject> {
    let walk = walk(view)?;
    let operator: AnyOperator = match view.need_output(0)?.dtype {
        DType::Int8 => FloorDivS8 { walk }.into(),
        DType::Int16 => FloorDivS16 { walk }.into(),
        DType::Int32 => FloorDivS32 { walk }.into(),
        DType::Int64 => FloorDivS64 { walk }.into(),
        _ => FloorDivF32 { walk }.into(),
    };
    push_all(cx, view, operator, &[1, 2])
}

fn floor_mod(cx: &mut Lowering<'_>, view: &NodeView<'_>) -> Result<(), Reject> {
    let walk = walk(view)?;
    let operator: AnyOperator = match view.need_output(0)?.dtype {
        DType::Int8 => FloorModS8 { walk }.into(),
        DType::Int16 => FloorModS16 { walk }.into(),
        DType::Int32 => FloorModS32 { walk }.into(),
        DType::Int64 => FloorModS64 { walk }.into(),
        _ => FloorModF32 { walk }.into(),
    };
    push_all(cx, view, operator, &[1, 2])
}

fn pow(cx: &mut Lowering<'_>, view: &NodeView<'_>) -> Result<(), Reject> {
    let walk = walk(view)?;
    match view.need_output(0)?.dtype {
        DType::Int32 => push_all(cx, view, PowS32 { walk }, &[1, 2]),
        _ => push_all(cx, view, PowF32 { walk }, &[1, 2]),
    }
}

fn select(cx: &mut Lowering<'_>, view: &NodeView<'_>) -> Result<(), Reject> {
    let walk = walk(view)?;
    let operator: AnyOperator = match view.need_output(0)?.dtype.bits() {
        Some(8) => Select8 { walk }.into(),
        Some(16) => Select16 { walk }.into(),
        Some(32) => Select32 { walk }.into(),
        _ => Select64 { walk }.into(),
    };
    push_all(cx, view, operator, &[2, 3])
}
