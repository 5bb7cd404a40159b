//! PAD and PADV2: a filled output, and one copy into it.

use tflite::{BuiltinOp, DType};

use super::{
    Lowering, NodeView, Rule, Support,
    strided::{Walk, constants, element_bytes, expect_shape, moved, push_copy, push_fill, strides},
};
use crate::{graph::Tensor, refusal::Reject};

/// The rows of this family.
pub const SUPPORT: &[Support] = &[
    Support {
        op: BuiltinOp::Pad,
        custom: None,
        versions: (1, 4),
        types: moved![("", ", int32 -> ", ""), ("", ", int64 -> ", "")],
        rules: &[SAME_QUANTISATION],
        lower: pad,
    },
    Support {
        op: BuiltinOp::PadV2,
        custom: None,
        versions: (1, 4),
        types: &[
            "int8, int32, int8 -> int8",
            "int8, int64, int8 -> int8",
            "uint8, int32, uint8 -> uint8",
            "uint8, int64, uint8 -> uint8",
            "int16, int32, int16 -> int16",
            "int16, int64, int16 -> int16",
            "int32, int32, int32 -> int32",
            "int32, int64, int32 -> int32",
            "int64, int32, int64 -> int64",
            "int64, int64, int64 -> int64",
            "float32, int32, float32 -> float32",
            "float32, int64, float32 -> float32",
            "bool, int32, bool -> bool",
            "bool, int64, bool -> bool",
        ],
        rules: &[SAME_QUANTISATION, VALUE_QUANTISATION],
        lower: pad,
    },
];

pub(super) const SAME_QUANTISATION: Rule = Rule {
    requires: "input and output have the same scale and zero point",
    advice: "put a QUANTIZE after it instead of rescaling in it",
    holds: |view| match (view.input(0), view.output(0)) {
        (Some(input), Some(output)) => same_quantisation(input, output),
        _ => false,
    },
};

const VALUE_QUANTISATION: Rule = Rule {
    requires: "the value has the output's scale and zero point",
    advice: "quantise the value as the output is",
    holds: |view| match (view.input(2), view.output(0)) {
        (Some(value), Some(output)) => value.elements() == 1 && same_quantisation(value, output),
        _ => false,
    },
};

/// Whether two tensors' bytes mean the same, as far as their type is quantised.
pub(super) fn same_quantisation(a: &Tensor, b: &Tensor) -> bool {
    !matches!(a.dtype, DType::Int8 | DType::Uint8) || (a.scale(), a.zero()) == (b.scale(), b.zero())
}

/// Elements before and after each axis.
pub(super) fn paddings(view: &NodeView<'_>) -> Result<Vec<(usize, usize)>, Reject> {
    let rank = view.need_input(0)?.shape.len();
    let all = constants(view, 1)?;
    let pairs: Option<Vec<_>> = all
        .chunks_exact(2)
        .map(|pair| Some((u32::try_from(pair[0]).ok()? as usize, u32::try_from(pair[1]).ok()? as usize)))
        .collect();
    match pairs {
        Some(pairs) if all.len() == 2 * rank => Ok(pairs),
        _ => Err(Reject::new(
            format!("its paddings {all:?} are not two counts for each of {rank} dimensions"),
            "convert the model again; use SLICE where elements are to be taken away",
        )),
    }
}

fn pad(cx: &mut Lowering<'_>, view: &NodeView<'_>) -> Result<(), Reject> {
    let (input, output) = (view.need_input(0)?, view.need_output(0)?);
    let paddings = paddings(view)?;
    let padded = input.shape.iter().zip(&paddings);
    let shape: Vec<usize> = padded.map(|(size, (before, after))| before + size + after).collect();
    expect_shape(output, &shape)?;
    let bytes = element_bytes(output)?;
    let (Some(from), Some(to)) = (view.input_id(0), view.output_id(0)) else {
        return Err(Reject::malformed("its input or output is missing"));
    };
    let (from, to) = (cx.slot(from), cx.slot(to));
    if paddings.iter().any(|&padding| padding != (0, 0)) {
        fill(cx, view, to)?;
    }
    let mut walk = Walk::default();
    let steps = strides(&input.shape).into_iter().zip(strides(&shape));
    for ((&count, (before, _)), (from, to)) in input.shape.iter().zip(&paddings).zip(steps) {
        walk.to += *before as i64 * to;
        walk.dim(count, from, to);
    }
    push_copy(cx, &walk, bytes, [to, from])
}

/// Fills the output with the value that PADV2 gives, or with what stands for 0.
fn fill(cx: &mut Lowering<'_>, view: &NodeView<'_>, to: super::Slot) -> Result<(), Reject> {
    let output = view.need_output(0)?;
    let bytes = element_bytes(output)?;
    match view.input(2) {
        Some(value) => match &value.data {
            Some(data) => push_fill(cx, data, to),
            None => {
                let mut walk = Walk::default();
                walk.dim(output.elements(), 0, 1);
                let value = cx.optional(view.input_id(2));
                push_copy(cx, &walk, bytes, [to, value])?;
            }
        },
        // Only in int8 and uint8 does the zero point stand for 0: what TFLM does.
        None if bytes == 1 && output.dtype != DType::Bool => push_fill(cx, &[output.zero() as u8], to),
        None => push_fill(cx, &[0u8; 8][..bytes], to),
    }
    Ok(())
}
