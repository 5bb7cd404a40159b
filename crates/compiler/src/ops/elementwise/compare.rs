//! Comparisons.

use engine::ops::{
    AnyOperator, CompareF32, CompareS16, CompareS32, CompareS64, CompareScaledS8, CompareScaledU8, CompareU8,
};
use kernels::reference::Relation;
use quant::CommonScale;
use tflite::{BuiltinOp, DType};

use super::shared::{BROADCASTS, ONE_SCALE, affine, push_all, unrepresentable, walk};
use crate::{
    ops::{Lowering, NodeView, Support},
    refusal::Reject,
};

pub(super) const SUPPORT: &[Support] = &[
    row(BuiltinOp::Equal, (1, 4), |cx, view| compare(cx, view, Relation::Equal)),
    row(BuiltinOp::NotEqual, (1, 3), |cx, view| compare(cx, view, Relation::NotEqual)),
    row(BuiltinOp::Greater, (1, 3), |cx, view| compare(cx, view, Relation::Greater)),
    row(BuiltinOp::GreaterEqual, (1, 3), |cx, view| compare(cx, view, Relation::GreaterEqual)),
    row(BuiltinOp::Less, (1, 3), |cx, view| compare(cx, view, Relation::Less)),
    row(BuiltinOp::LessEqual, (1, 3), |cx, view| compare(cx, view, Relation::LessEqual)),
];

const fn row(
    op: BuiltinOp,
    versions: (i32, i32),
    lower: fn(&mut Lowering<'_>, &NodeView<'_>) -> Result<(), Reject>,
) -> Support {
    Support {
        op,
        custom: None,
        versions,
        types: match op {
            // Whether bools differ can be asked, which of them is greater cannot.
            BuiltinOp::Equal | BuiltinOp::NotEqual => &[
                "int8, int8 -> bool",
                "uint8, uint8 -> bool",
                "int16, int16 -> bool",
                "int32, int32 -> bool",
                "int64, int64 -> bool",
                "float32, float32 -> bool",
                "bool, bool -> bool",
            ],
            _ => &[
                "int8, int8 -> bool",
                "uint8, uint8 -> bool",
                "int16, int16 -> bool",
                "int32, int32 -> bool",
                "int64, int64 -> bool",
                "float32, float32 -> bool",
            ],
        },
        rules: &[BROADCASTS, ONE_SCALE],
        lower,
    }
}

fn compare(cx: &mut Lowering<'_>, view: &NodeView<'_>, relation: Relation) -> Result<(), Reject> {
    let (a, b) = (affine(view.need_input(0)?), affine(view.need_input(1)?));
    let walk = walk(view)?;
    let scales = || {
        CommonScale::for_comparison(a.scale, a.zero, b.scale, b.zero)
            .ok_or_else(|| unrepresentable("a comparison needs input scales below 1"))
    };
    let operator: AnyOperator = match view.need_input(0)?.dtype {
        DType::Int8 => CompareScaledS8 { walk, relation, scales: scales()? }.into(),
        DType::Uint8 => CompareScaledU8 { walk, relation, scales: scales()? }.into(),
        // TensorFlow Lite compares int16 as it is, whatever the scales; TFLM does so for none of them.
        DType::Int16 => CompareS16 { walk, relation }.into(),
        DType::Int32 => CompareS32 { walk, relation }.into(),
        DType::Int64 => CompareS64 { walk, relation }.into(),
        DType::Float32 => CompareF32 { walk, relation }.into(),
        _ => CompareU8 { walk, relation }.into(),
    };
    push_all(cx, view, operator, &[])
}
