//! ADD, ADD_N, SUB and MUL.

use engine::ops::{AddNS8, AddS8, AddS16, MulS8, MulS16, SubS8, SubS16};
use quant::{CommonScale, FusedActivation, Product, Sum, single_precision_product_ratio};
use tflite::{Activation, BuiltinOp, DType, Options};

use super::{
    BROADCASTS, Lowering, NodeView, ONE_SCALE, Reject, Rule, SAME_SHAPE, Support, ZERO_POINT_0, affine,
    clamp, fused, push_all, scales_apart, walk,
};

pub(super) const SUPPORT: &[Support] = &[
    Support {
        op: BuiltinOp::Add,
        custom: None,
        versions: (1, 5),
        types: &["int8, int8 -> int8", "int16, int16 -> int16"],
        rules: &[BROADCASTS, ONE_SCALE],
        lower: add,
    },
    Support {
        op: BuiltinOp::Sub,
        custom: None,
        versions: (1, 5),
        types: &["int8, int8 -> int8", "int16, int16 -> int16"],
        rules: &[BROADCASTS, ONE_SCALE],
        lower: sub,
    },
    Support {
        op: BuiltinOp::Mul,
        custom: None,
        versions: (1, 7),
        types: &["int8, int8 -> int8", "int16, int16 -> int16"],
        rules: &[BROADCASTS, ONE_SCALE, ZERO_POINT_0],
        lower: mul,
    },
    Support {
        op: BuiltinOp::AddN,
        custom: None,
        versions: (1, 1),
        types: &["int8* -> int8"],
        rules: &[SAME_SHAPE, ONE_SCALE, TWO_OR_MORE, SAME_QUANTISATION],
        lower: add_n,
    },
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
    let (walk, clamp) = (walk(view)?, clamp(fused(activation)?, output)?);
    let constants =
        |shift| Sum::for_add(affine(a), affine(b), affine(output), shift, clamp).ok_or_else(scales_apart);
    match output.dtype {
        DType::Int8 => {
            push_all(cx, view, AddS8 { walk, constants: constants(CommonScale::SUM_SHIFT_I8)? }, &[1, 2])
        }
        _ => push_all(cx, view, AddS16 { walk, constants: constants(CommonScale::SUM_SHIFT_I16)? }, &[1, 2]),
    }
}

fn sub(cx: &mut Lowering<'_>, view: &NodeView<'_>) -> Result<(), Reject> {
    let &Options::Sub { activation, .. } = &view.node.options else {
        return Err(Reject::malformed("its options are missing"));
    };
    let (a, b, output) = (view.need_input(0)?, view.need_input(1)?, view.need_output(0)?);
    let (walk, clamp) = (walk(view)?, clamp(fused(activation)?, output)?);
    let constants =
        |shift| Sum::for_add(affine(a), affine(b), affine(output), shift, clamp).ok_or_else(scales_apart);
    match output.dtype {
        DType::Int8 => {
            push_all(cx, view, SubS8 { walk, constants: constants(CommonScale::SUM_SHIFT_I8)? }, &[1, 2])
        }
        _ => push_all(cx, view, SubS16 { walk, constants: constants(CommonScale::SUM_SHIFT_I16)? }, &[1, 2]),
    }
}

fn mul(cx: &mut Lowering<'_>, view: &NodeView<'_>) -> Result<(), Reject> {
    let &Options::Mul { activation } = &view.node.options else {
        return Err(Reject::malformed("its options are missing"));
    };
    let (a, b, output) = (view.need_input(0)?, view.need_input(1)?, view.need_output(0)?);
    let (walk, clamp) = (walk(view)?, clamp(fused(activation)?, output)?);
    let mut constants =
        Product::prepare(affine(a), affine(b), affine(output), clamp).ok_or_else(scales_apart)?;
    if activation == Activation::ReluN1To1 {
        // What is decided for this activation is TensorFlow Lite's MUL, which works its factor out in single
        // precision.
        constants.multiplier =
            single_precision_product_ratio(a.scale(), b.scale(), output.scale()).ok_or_else(scales_apart)?;
    }
    match output.dtype {
        DType::Int8 => push_all(cx, view, MulS8 { walk, constants }, &[1, 2]),
        _ => push_all(cx, view, MulS16 { walk, constants }, &[1, 2]),
    }
}

fn add_n(cx: &mut Lowering<'_>, view: &NodeView<'_>) -> Result<(), Reject> {
    let (input, output) = (view.need_input(0)?, view.need_output(0)?);
    let clamp = clamp(FusedActivation::None, output)?;
    let shift = CommonScale::SUM_SHIFT_I8;
    let constants = Sum::for_add(affine(input), affine(input), affine(output), shift, clamp);
    let all: Vec<usize> = (1..=view.node.inputs.len()).collect();
    push_all(cx, view, AddNS8(constants.ok_or_else(scales_apart)?), &all)
}
