//! QUANTIZE and DEQUANTIZE.

use engine::ops::{
    AnyOperator, DequantizeS8, DequantizeS16, DequantizeS32, DequantizeU8, QuantizeS8, QuantizeS16,
    QuantizeU8, RequantizeS8ToS16, RequantizeS8ToS32, RequantizeS16, RequantizeS16ToS8, RequantizeS16ToS32,
    RequantizeS32ToS8, RequantizeS32ToS16, RequantizeU8ToS16,
};
use kernels::reference::Quantize;
use quant::Requantize;
use tflite::{BuiltinOp, DType};

use super::shared::{SAME_SHAPE, affine, limits, lut, push_one, scales_apart};
use crate::{
    ops::{Lowering, NodeView, Rule, Support},
    refusal::Reject,
};

pub(super) const SUPPORT: &[Support] = &[
    Support {
        op: BuiltinOp::Quantize,
        custom: None,
        versions: (1, 4),
        types: &[
            "float32 -> int8",
            "float32 -> uint8",
            "float32 -> int16",
            "int8 -> int8",
            "int8 -> uint8",
            "int8 -> int16",
            "int8 -> int32",
            "uint8 -> int8",
            "uint8 -> uint8",
            "uint8 -> int16",
            "int16 -> int8",
            "int16 -> int16",
            "int16 -> int32",
            "int32 -> int8",
            "int32 -> int16",
        ],
        rules: &[SAME_SHAPE, INTEGERS_HAVE_A_SCALE],
        lower: quantize,
    },
    Support {
        op: BuiltinOp::Dequantize,
        custom: None,
        versions: (1, 6),
        types: &["int8 -> float32", "uint8 -> float32", "int16 -> float32", "int32 -> float32"],
        rules: &[SAME_SHAPE, INTEGERS_HAVE_A_SCALE],
        lower: dequantize,
    },
];

const INTEGERS_HAVE_A_SCALE: Rule = Rule {
    requires: "its integer tensors have one scale and one zero point",
    advice: "quantise activations per tensor",
    holds: |view| {
        [view.input(0), view.output(0)]
            .into_iter()
            .flatten()
            .all(|tensor| tensor.dtype == DType::Float32 || NodeView::is_per_tensor(Some(tensor)))
    },
};

fn quantize(cx: &mut Lowering<'_>, view: &NodeView<'_>) -> Result<(), Reject> {
    let (input, output) = (view.need_input(0)?, view.need_output(0)?);
    let real = Quantize::new(affine(output), limits(output.dtype));
    let operator: AnyOperator = match (input.dtype, output.dtype) {
        (DType::Float32, DType::Int8) => QuantizeS8(real).into(),
        (DType::Float32, DType::Uint8) => QuantizeU8(real).into(),
        (DType::Float32, _) => QuantizeS16(real).into(),
        (from, to) => {
            let params = Requantize {
                zero_in: affine(input).zero,
                multiplier: Requantize::ratio(input.scale(), output.scale()).ok_or_else(scales_apart)?,
                zero_out: affine(output).zero,
                clamp: limits(to),
            };
            match (from, to) {
                (DType::Int8, DType::Int16) => RequantizeS8ToS16(params).into(),
                (DType::Int8, DType::Int32) => RequantizeS8ToS32(params).into(),
                (DType::Uint8, DType::Int16) => RequantizeU8ToS16(params).into(),
                (DType::Int16, DType::Int8) => RequantizeS16ToS8(params).into(),
                (DType::Int16, DType::Int16) => RequantizeS16(params).into(),
                (DType::Int16, _) => RequantizeS16ToS32(params).into(),
                (DType::Int32, DType::Int8) => RequantizeS32ToS8(params).into(),
                (DType::Int32, _) => RequantizeS32ToS16(params).into(),
                _ => return lut(cx, view, |q| params.apply(q)),
            }
        }
    };
    let may_overwrite: &[usize] = if matches!(operator, AnyOperator::RequantizeS16(_)) { &[1] } else { &[] };
    push_one(cx, view, operator, &[], may_overwrite)
}

fn dequantize(cx: &mut Lowering<'_>, view: &NodeView<'_>) -> Result<(), Reject> {
    let input = view.need_input(0)?;
    let params = Quantize::new(affine(input), limits(input.dtype));
    let operator: AnyOperator = match input.dtype {
        DType::Int8 => DequantizeS8(params).into(),
        DType::Uint8 => DequantizeU8(params).into(),
        DType::Int16 => DequantizeS16(params).into(),
        _ => DequantizeS32(params).into(),
    };
    push_one(cx, view, operator, &[], &[])
}
