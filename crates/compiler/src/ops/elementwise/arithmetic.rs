//! ADD, ADD_N, SUB and MUL.

use engine::ops::{
    AddF32, AddNF32, AddNS8, AddNS32, AddS8, AddS16, AddS32, AddS64, AnyOperator, MulF32, MulS8, MulS16,
    MulS32, MulS64, SubF32, SubS8, SubS16, SubS32, SubS64,
};
use quant::{CommonScale, FusedActivation, Product, Sum, single_precision_product_ratio};
use tflite::{BuiltinOp, DType, Options};

use super::shared::{
    BROADCASTS, ONE_SCALE, SAME_SHAPE, ZERO_POINT_0, affine, clamp, fused, push_all, real_limits,
    scales_apart, walk, whole_limits,
};
use crate::{
    ops::{Lowering, NodeView, Rule, Support},
    packing,
    refusal::Reject,
};

pub(super) const SUPPORT: &[Support] = &[
    Support {
        op: BuiltinOp::Add,
        custom: None,
        versions: (1, 5),
        types: ALL,
        rules: &[BROADCASTS, ONE_SCALE],
        lower: add,
    },
    Support {
        op: BuiltinOp::Sub,
        custom: None,
        versions: (1, 5),
        types: ALL,
        rules: &[BROADCASTS, ONE_SCALE],
        lower: sub,
    },
    Support {
        op: BuiltinOp::Mul,
        custom: None,
        versions: (1, 7),
        types: ALL,
        rules: &[BROADCASTS, ONE_SCALE, ZERO_POINT_0],
        lower: mul,
    },
    Support {
        op: BuiltinOp::AddN,
        custom: None,
        versions: (1, 1),
        types: &["int8* -> int8", "int32* -> int32", "float32* -> float32"],
        rules: &[SAME_SHAPE, ONE_SCALE, TWO_OR_MORE, SAME_QUANTISATION],
        lower: add_n,
    },
];

const ALL: &[&str] = &[
    "int8, int8 -> int8",
    "int16, int16 -> int16",
    "int32, int32 -> int32",
    "int64, int64 -> int64",
    "float32, float32 -> float32",
];

const TWO_OR_MORE: Rule = Rule {
    requires: "it has two inputs or more",
    advice: "remove the operator: the sum of one tensor is that tensor",
    holds: |view| view.node.inputs.len() >= 2,
};

const SAME_QUANTISATION: Rule = Rule {
    requires: "its quantised inputs have the same scale and zero point",
    advice: "use ADD operators, which rescale each input, in the place of ADD_N",
    holds: |view| {
        let mut inputs = (0..view.node.inputs.len()).filter_map(|index| view.input(index));
        let Some(first) = inputs.next() else { return true };
        inputs.all(|tensor| tensor.scale() == first.scale() && tensor.zero() == first.zero())
    },
};

fn add(cx: &mut Lowering<'_>, view: &NodeView<'_>) -> Result<(), Reject> {
    let &Options::Add { activation, .. } = &view.node.options else {
        return Err(Reject::malformed("its options are missing"));
    };
    let (a, b, output) = (view.need_input(0)?, view.need_input(1)?, view.need_output(0)?);
    let (walk, activation) = (walk(view)?, fused(activation)?);
    let constants = |shift| {
        let clamp = clamp(activation, output)?;
        Sum::for_add(affine(a), affine(b), affine(output), shift, clamp).ok_or_else(scales_apart)
    };
    let operator: AnyOperator = match output.dtype {
        DType::Int8 => {
            let constants = constants(CommonScale::SUM_SHIFT_I8)?;
            let packed = if a.shape == b.shape { packing::add(cx, &constants) } else { None };
            packed.unwrap_or(AddS8 { walk, constants }.into())
        }
        DType::Int16 => AddS16 { walk, constants: constants(CommonScale::SUM_SHIFT_I16)? }.into(),
        // TFLM leaves the activation out here.
        DType::Int32 => AddS32 { walk, constants: whole_limits(FusedActivation::None) }.into(),
        DType::Int64 => AddS64 { walk, constants: whole_limits(activation) }.into(),
        _ => AddF32 { walk, constants: real_limits(activation) }.into(),
    };
    let may_overwrite = packing::add_overwrites(&operator);
    push_all(cx, view, operator, may_overwrite)
}

fn sub(cx: &mut Lowering<'_>, view: &NodeView<'_>) -> Result<(), Reject> {
    let &Options::Sub { activation, .. } = &view.node.options else {
        return Err(Reject::malformed("its options are missing"));
    };
    let (a, b, output) = (view.need_input(0)?, view.need_input(1)?, view.need_output(0)?);
    let (walk, activation) = (walk(view)?, fused(activation)?);
    let constants = |shift| {
        let clamp = clamp(activation, output)?;
        Sum::for_add(affine(a), affine(b), affine(output), shift, clamp).ok_or_else(scales_apart)
    };
    let operator: AnyOperator = match output.dtype {
        DType::Int8 => SubS8 { walk, constants: constants(CommonScale::SUM_SHIFT_I8)? }.into(),
        DType::Int16 => SubS16 { walk, constants: constants(CommonScale::SUM_SHIFT_I16)? }.into(),
        DType::Int32 => SubS32 { walk, constants: whole_limits(activation) }.into(),
        DType::Int64 => SubS64 { walk, constants: whole_limits(activation) }.into(),
        _ => SubF32 { walk, constants: real_limits(activation) }.into(),
    };
    push_all(cx, view, operator, &[1, 2])
}

fn mul(cx: &mut Lowering<'_>, view: &NodeView<'_>) -> Result<(), Reject> {
    let &Options::Mul { activation } = &view.node.options else {
        return Err(Reject::malformed("its options are missing"));
    };
    let (a, b, output) = (view.need_input(0)?, view.need_input(1)?, view.need_output(0)?);
    let (walk, activation) = (walk(view)?, fused(activation)?);
    let constants = || {
        let clamp = clamp(activation, output)?;
        let mut product =
            Product::prepare(affine(a), affine(b), affine(output), clamp).ok_or_else(scales_apart)?;
        if activation == FusedActivation::ReluN1To1 {
            // What is decided for this activation is TensorFlow Lite's MUL, which works its factor out in
            // single precision.
            product.multiplier = single_precision_product_ratio(a.scale(), b.scale(), output.scale())
                .ok_or_else(scales_apart)?;
        }
        Ok(product)
    };
    let operator: AnyOperator = match output.dtype {
        DType::Int8 => MulS8 { walk, constants: constants()? }.into(),
        DType::Int16 => MulS16 { walk, constants: constants()? }.into(),
        DType::Int32 => MulS32 { walk, constants: whole_limits(activation) }.into(),
        DType::Int64 => MulS64 { walk, constants: whole_limits(activation) }.into(),
        _ => MulF32 { walk, constants: real_limits(activation) }.into(),
    };
    push_all(cx, view, operator, &[1, 2])
}

fn add_n(cx: &mut Lowering<'_>, view: &NodeView<'_>) -> Result<(), Reject> {
    let (input, output) = (view.need_input(0)?, view.need_output(0)?);
    let all: Vec<usize> = (1..=view.node.inputs.len()).collect();
    let operator: AnyOperator = match output.dtype {
        DType::Int8 => {
            let (shift, clamp) = (CommonScale::SUM_SHIFT_I8, clamp(FusedActivation::None, output)?);
            let constants = Sum::for_add(affine(input), affine(input), affine(output), shift, clamp);
            AddNS8(constants.ok_or_else(scales_apart)?).into()
        }
        DType::Int32 => AddNS32.into(),
        _ => AddNF32.into(),
    };
    push_all(cx, view, operator, &all)
}
