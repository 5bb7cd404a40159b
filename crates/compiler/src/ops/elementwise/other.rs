//! CAST, CUMSUM, ZEROS_LIKE and BROADCAST_ARGS.

use engine::ops::{
    AnyOperator, BroadcastArgsS32, BroadcastArgsS64, CastAny, CumsumF32, CumsumS8, CumsumS32, CumsumS64,
    Zeros,
};
use kernels::reference::{Begin, Cast, Cumsum, ElementType, Own};
use quant::{CommonScale, Sum};
use tflite::{BuiltinOp, DType, Options};

use super::shared::{SAME_SHAPE, affine, limits, push_all, push_one, same_shape, scales_apart};
use crate::{
    ops::{Lowering, NodeView, Rule, Support},
    refusal::Reject,
};

pub(super) const SUPPORT: &[Support] = &[
    Support {
        op: BuiltinOp::Cast,
        custom: None,
        versions: (1, 7),
        types: CASTS,
        rules: &[SAME_SHAPE],
        lower: cast,
    },
    Support {
        op: BuiltinOp::Cumsum,
        custom: None,
        versions: (1, 1),
        types: &[
            "int8, int32 -> int8",
            "int32, int32 -> int32",
            "int64, int32 -> int64",
            "float32, int32 -> float32",
        ],
        rules: &[INPUT_AND_OUTPUT, ONE_AXIS, QUANTISED],
        lower: cumsum,
    },
    Support {
        op: BuiltinOp::ZerosLike,
        custom: None,
        versions: (1, 1),
        types: &[
            "int8 -> int8",
            "uint8 -> uint8",
            "int16 -> int16",
            "int32 -> int32",
            "int64 -> int64",
            "float32 -> float32",
            "bool -> bool",
        ],
        rules: &[SAME_SHAPE],
        lower: zeros_like,
    },
    Support {
        op: BuiltinOp::BroadcastArgs,
        custom: None,
        versions: (1, 1),
        types: &["int32, int32 -> int32", "int64, int64 -> int64"],
        rules: &[ARE_SHAPES],
        lower: broadcast_args,
    },
];

/// From each of eight types to each of eight.
const CASTS: &[&str] = &[
    "int8 -> int8",
    "int8 -> uint8",
    "int8 -> int16",
    "int8 -> int32",
    "int8 -> uint32",
    "int8 -> int64",
    "int8 -> float32",
    "int8 -> bool",
    "uint8 -> int8",
    "uint8 -> uint8",
    "uint8 -> int16",
    "uint8 -> int32",
    "uint8 -> uint32",
    "uint8 -> int64",
    "uint8 -> float32",
    "uint8 -> bool",
    "int16 -> int8",
    "int16 -> uint8",
    "int16 -> int16",
    "int16 -> int32",
    "int16 -> uint32",
    "int16 -> int64",
    "int16 -> float32",
    "int16 -> bool",
    "int32 -> int8",
    "int32 -> uint8",
    "int32 -> int16",
    "int32 -> int32",
    "int32 -> uint32",
    "int32 -> int64",
    "int32 -> float32",
    "int32 -> bool",
    "uint32 -> int8",
    "uint32 -> uint8",
    "uint32 -> int16",
    "uint32 -> int32",
    "uint32 -> uint32",
    "uint32 -> int64",
    "uint32 -> float32",
    "uint32 -> bool",
    "int64 -> int8",
    "int64 -> uint8",
    "int64 -> int16",
    "int64 -> int32",
    "int64 -> uint32",
    "int64 -> int64",
    "int64 -> float32",
    "int64 -> bool",
    "float32 -> int8",
    "float32 -> uint8",
    "float32 -> int16",
    "float32 -> int32",
    "float32 -> uint32",
    "float32 -> int64",
    "float32 -> float32",
    "float32 -> bool",
    "bool -> int8",
    "bool -> uint8",
    "bool -> int16",
    "bool -> int32",
    "bool -> uint32",
    "bool -> int64",
    "bool -> float32",
    "bool -> bool",
];

const INPUT_AND_OUTPUT: Rule = Rule {
    requires: "its first input and its output have the same shape",
    advice: "the file is damaged or was not written by a converter: convert the model again",
    holds: |view| match (view.input(0), view.output(0)) {
        (Some(input), Some(output)) => same_shape(&input.shape, &output.shape),
        _ => false,
    },
};

const ONE_AXIS: Rule = Rule {
    requires: "the axis is one constant within the rank of the input",
    advice: "fold the axis into the model before conversion",
    holds: |view| axis(view).is_some(),
};

const QUANTISED: Rule = Rule {
    requires: "int8 tensors have one scale and one zero point",
    advice: "quantise activations per tensor",
    holds: |view| {
        [view.input(0), view.output(0)]
            .into_iter()
            .flatten()
            .all(|tensor| tensor.dtype != DType::Int8 || NodeView::is_per_tensor(Some(tensor)))
    },
};

const ARE_SHAPES: Rule = Rule {
    requires: "its inputs and output have one axis, and the output is as long as the longer input",
    advice: "the file is damaged or was not written by a converter: convert the model again",
    holds: |view| {
        let len = |shape: &[usize]| if let &[len] = shape { Some(len) } else { None };
        let input = |index: usize| view.input(index).and_then(|tensor| len(&tensor.shape));
        let longer = input(0).zip(input(1)).map(|(a, b)| a.max(b));
        longer.is_some() && longer == view.output(0).and_then(|tensor| len(&tensor.shape))
    },
};

fn element(dtype: DType) -> ElementType {
    match dtype {
        DType::Int8 => ElementType::I8,
        DType::Uint8 => ElementType::U8,
        DType::Int16 => ElementType::I16,
        DType::Int32 => ElementType::I32,
        DType::Uint32 => ElementType::U32,
        DType::Int64 => ElementType::I64,
        DType::Bool => ElementType::Bool,
        _ => ElementType::F32,
    }
}

fn cast(cx: &mut Lowering<'_>, view: &NodeView<'_>) -> Result<(), Reject> {
    let params = Cast { from: element(view.need_input(0)?.dtype), to: element(view.need_output(0)?.dtype) };
    push_one(cx, view, CastAny(params), &[], &[])
}

/// The axis of a CUMSUM.
fn axis(view: &NodeView<'_>) -> Option<usize> {
    let &[axis] = view.input(1)?.integers()?.as_slice() else { return None };
    let rank = i64::try_from(view.input(0)?.shape.len()).ok()?;
    let axis = if axis < 0 { axis.checked_add(rank)? } else { axis };
    usize::try_from(axis).ok().filter(|_| axis < rank)
}

fn cumsum(cx: &mut Lowering<'_>, view: &NodeView<'_>) -> Result<(), Reject> {
    let &Options::Cumsum { exclusive, reverse } = &view.node.options else {
        return Err(Reject::malformed("its options are missing"));
    };
    let (input, output) = (view.need_input(0)?, view.need_output(0)?);
    let axis = axis(view).ok_or_else(|| Reject::malformed("its axis is not a constant"))?;
    let (depth, inner) = match input.shape.get(axis..) {
        Some([depth, inner @ ..]) => (*depth, inner.iter().product::<usize>()),
        _ => return Err(Reject::malformed("its axis is outside the input's rank")),
    };
    if input.elements() == 0 {
        return Err(Reject::malformed("its input has no elements"));
    }
    let axis = Cumsum {
        depth: depth as u32,
        inner: inner as u32,
        own: if exclusive { Own::Excluded } else { Own::Included },
        from: if reverse { Begin::Last } else { Begin::First },
    };
    let operator: AnyOperator = match output.dtype {
        DType::Int8 => {
            let (shift, clamp) = (CommonScale::SUM_SHIFT_I8, limits(DType::Int8));
            let constants = Sum::for_add(affine(input), affine(input), affine(output), shift, clamp);
            CumsumS8 { axis, constants: constants.ok_or_else(scales_apart)? }.into()
        }
        DType::Int32 => CumsumS32(axis).into(),
        DType::Int64 => CumsumS64(axis).into(),
        _ => CumsumF32(axis).into(),
    };
    push_one(cx, view, operator, &[], &[])
}

fn zeros_like(cx: &mut Lowering<'_>, view: &NodeView<'_>) -> Result<(), Reject> {
    let output = view.output_id(0).ok_or_else(|| Reject::malformed("it has no output"))?;
    let output = cx.slot(output);
    cx.push(Zeros, &[output]);
    Ok(())
}

fn broadcast_args(cx: &mut Lowering<'_>, view: &NodeView<'_>) -> Result<(), Reject> {
    match view.need_output(0)?.dtype {
        DType::Int32 => push_all(cx, view, BroadcastArgsS32, &[]),
        _ => push_all(cx, view, BroadcastArgsS64, &[]),
    }
}
