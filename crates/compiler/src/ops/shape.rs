//! RESHAPE, SQUEEZE and EXPAND_DIMS: the same bytes under another shape.

use tflite::{BuiltinOp, Options};

use super::{
    Lowering, NodeView, Rule, Support,
    strided::{Walk, lower_walk, moved},
};
use crate::refusal::Reject;

/// The rows of this family.
pub const SUPPORT: &[Support] = &[
    row(BuiltinOp::Reshape, RESHAPE_RULES),
    row(BuiltinOp::Squeeze, &[SAME_COUNT, ONLY_ONES]),
    row(BuiltinOp::ExpandDims, &[SAME_COUNT, ONLY_ONES]),
];

const TYPES: &[&str] = moved![("", ", int32? -> ", ""), ("", ", int64 -> ", "")];

const fn row(op: BuiltinOp, rules: &'static [Rule]) -> Support {
    Support { op, custom: None, versions: (1, 2), types: TYPES, rules, lower: alias }
}

const RESHAPE_RULES: &[Rule] = &[SAME_COUNT, NEW_SHAPE];

const SAME_COUNT: Rule = Rule {
    requires: "input and output have the same number of elements",
    advice: "convert the model with a fixed input shape, so that the new shape is known",
    holds: |view| match (view.input(0), view.output(0)) {
        (Some(input), Some(output)) => input.elements() == output.elements(),
        _ => false,
    },
};

const NEW_SHAPE: Rule = Rule {
    requires: "the new shape is the output's, with at most one dimension left open (-1)",
    advice: "convert the model again; the stored output shape contradicts the operator's",
    holds: |view| {
        let from_input = view.input(1).map(|shape| shape.integers());
        let from_options = match &view.node.options {
            Options::Reshape { new_shape } => Some(new_shape.iter().map(|&size| i64::from(size)).collect()),
            _ => None,
        };
        let Some(output) = view.output(0) else { return false };
        let new_shape: Option<Vec<i64>> = match from_input {
            Some(known) => known,
            None => from_options,
        };
        // A shape that is computed is known by the output's; without any there is nothing to contradict.
        let Some(new_shape) = new_shape else { return true };
        let open = new_shape.iter().filter(|&&size| size < 0).count();
        let agrees = |(&asked, &has): (&i64, &usize)| asked == -1 || usize::try_from(asked) == Ok(has);
        let scalar = new_shape == [0] && output.shape.is_empty();
        scalar
            || open <= 1
                && new_shape.len() == output.shape.len()
                && new_shape.iter().zip(&output.shape).all(agrees)
    },
};

const ONLY_ONES: Rule = Rule {
    requires: "only dimensions of 1 come or go",
    advice: "convert the model again; the stored output shape contradicts the operator's",
    holds: |view| match (view.input(0), view.output(0)) {
        (Some(input), Some(output)) => {
            let sizes = |shape: &[usize]| shape.iter().copied().filter(|&size| size != 1).collect::<Vec<_>>();
            let squeezes = match &view.node.options {
                Options::Squeeze { squeeze_dims } => squeeze_dims.iter().all(|&axis| {
                    let rank = input.shape.len() as i32;
                    let axis = if axis < 0 { axis + rank } else { axis };
                    usize::try_from(axis).is_ok_and(|axis| input.shape.get(axis) == Some(&1))
                }),
                _ => true,
            };
            squeezes && sizes(&input.shape) == sizes(&output.shape)
        }
        _ => false,
    },
};

fn alias(cx: &mut Lowering<'_>, view: &NodeView<'_>) -> Result<(), Reject> {
    let (Some(from), Some(to)) = (view.input_id(0), view.output_id(0)) else {
        return Err(Reject::malformed("its input or output is missing"));
    };
    if view.need_input(0)?.is_variable {
        // The variable may be written while its old value is still wanted.
        let mut walk = Walk::default();
        walk.dim(view.need_output(0)?.elements(), 1, 1);
        return lower_walk(cx, view, 0, &walk);
    }
    cx.alias(to, from);
    Ok(())
}
