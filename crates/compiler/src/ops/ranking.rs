//! ARG_MAX, ARG_MIN and TOPK_V2.

use engine::ops::{
    AnyOperator, ArgF32, ArgF32S64, ArgS8, ArgS8S64, ArgS32, ArgS32S64, ArgU8, ArgU8S64, TopKF32, TopKS8,
    TopKS16, TopKS32, TopKS64, TopKU8,
};
use kernels::reference::{ArgExtreme, Extreme, TopK};
use tflite::{BuiltinOp, DType};

use super::{
    Lowering, NodeView, Support,
    strided::{axis, constants, expect_shape},
};
use crate::refusal::Reject;

/// The rows of this family.
pub const SUPPORT: &[Support] = &[
    Support { op: BuiltinOp::ArgMax, custom: None, versions: (1, 3), types: ARG, rules: &[], lower: arg },
    Support { op: BuiltinOp::ArgMin, custom: None, versions: (1, 3), types: ARG, rules: &[], lower: arg },
    Support {
        op: BuiltinOp::TopKV2,
        custom: None,
        versions: (1, 3),
        types: &[
            "int8, int32 -> int8, int32",
            "uint8, int32 -> uint8, int32",
            "int16, int32 -> int16, int32",
            "int32, int32 -> int32, int32",
            "int64, int32 -> int64, int32",
            "float32, int32 -> float32, int32",
        ],
        rules: &[],
        lower: top_k,
    },
];

const ARG: &[&str] = &[
    "int8, int32 -> int32",
    "int8, int32 -> int64",
    "int8, int64 -> int32",
    "int8, int64 -> int64",
    "uint8, int32 -> int32",
    "uint8, int32 -> int64",
    "uint8, int64 -> int32",
    "uint8, int64 -> int64",
    "int32, int32 -> int32",
    "int32, int32 -> int64",
    "int32, int64 -> int32",
    "int32, int64 -> int64",
    "float32, int32 -> int32",
    "float32, int32 -> int64",
    "float32, int64 -> int32",
    "float32, int64 -> int64",
];

fn arg(cx: &mut Lowering<'_>, view: &NodeView<'_>) -> Result<(), Reject> {
    let (input, output) = (view.need_input(0)?, view.need_output(0)?);
    let &[along] = &constants(view, 1)?[..] else {
        return Err(Reject::malformed("its axis is not one number"));
    };
    let along = axis(along, input.shape.len())?;
    let mut shape = input.shape.clone();
    let axis = shape.remove(along);
    expect_shape(output, &shape)?;
    if axis == 0 {
        return Err(Reject::malformed("an axis of no elements has no extreme"));
    }
    let which = if view.node.op == BuiltinOp::ArgMax { Extreme::Greatest } else { Extreme::Least };
    let arg = ArgExtreme {
        outer: input.shape[..along].iter().product::<usize>() as u32,
        axis: axis as u32,
        inner: input.shape[along + 1..].iter().product::<usize>() as u32,
        which,
    };
    let operator: AnyOperator = match (input.dtype, output.dtype) {
        (DType::Int8, DType::Int64) => ArgS8S64(arg).into(),
        (DType::Uint8, DType::Int64) => ArgU8S64(arg).into(),
        (DType::Int32, DType::Int64) => ArgS32S64(arg).into(),
        (DType::Float32, DType::Int64) => ArgF32S64(arg).into(),
        (DType::Uint8, _) => ArgU8(arg).into(),
        (DType::Int32, _) => ArgS32(arg).into(),
        (DType::Float32, _) => ArgF32(arg).into(),
        _ => ArgS8(arg).into(),
    };
    let (Some(from), Some(to)) = (view.input_id(0), view.output_id(0)) else {
        return Err(Reject::malformed("its input or output is missing"));
    };
    let operands = [cx.slot(to), cx.slot(from)];
    cx.push(operator, &operands);
    Ok(())
}

fn top_k(cx: &mut Lowering<'_>, view: &NodeView<'_>) -> Result<(), Reject> {
    let input = view.need_input(0)?;
    let (&[k], Some(&depth)) = (&constants(view, 1)?[..], input.shape.last()) else {
        return Err(Reject::malformed("it takes at least one dimension and one count"));
    };
    let Some(k) = usize::try_from(k).ok().filter(|&k| k <= depth) else {
        return Err(Reject::new(
            format!("{k} of {depth} elements are asked for"),
            "ask for at most as many as a row has",
        ));
    };
    let mut shape = input.shape.clone();
    if let Some(last) = shape.last_mut() {
        *last = k;
    }
    expect_shape(view.need_output(0)?, &shape)?;
    expect_shape(view.need_output(1)?, &shape)?;
    if k == 0 || input.elements() == 0 {
        return Ok(());
    }
    let top = TopK { depth: depth as u32, k: k as u32 };
    let operator: AnyOperator = match input.dtype {
        DType::Uint8 => TopKU8(top).into(),
        DType::Int16 => TopKS16(top).into(),
        DType::Int32 => TopKS32(top).into(),
        DType::Int64 => TopKS64(top).into(),
        DType::Float32 => TopKF32(top).into(),
        _ => TopKS8(top).into(),
    };
    let (Some(from), Some(values), Some(indices)) = (view.input_id(0), view.output_id(0), view.output_id(1))
    else {
        return Err(Reject::malformed("its input or output is missing"));
    };
    let operands = [cx.slot(values), cx.slot(indices), cx.slot(from)];
    cx.push(operator, &operands);
    Ok(())
}
