//! FULLY_CONNECTED.

use engine::ops::{
    FullyConnectedDynamic, FullyConnectedOnceS4, FullyConnectedOnceS8, FullyConnectedReal, FullyConnectedS4,
    FullyConnectedS8, FullyConnectedS16, FullyConnectedS16Bias32,
};
use kernels::reference::{Dynamics, FullyConnected, FullyConnectedF32, FullyConnectedHybrid, MatrixShape};
use quant::{ZeroPoint, product_ratio};
use tflite::{Activation, BuiltinOp, DType, Options, WeightsFormat};

use super::{
    Lowering, NodeView, Rule, Support,
    convolution::{
        self, Parts, fused_clamp, need_range, push_folded, push_hybrid, push_integers, slots, weighted,
    },
    zero_point,
};
use crate::{packing, refusal::Reject};

/// The row of FULLY_CONNECTED.
pub const SUPPORT: &[Support] = &[Support {
    op: BuiltinOp::FullyConnected,
    custom: None,
    versions: (1, 14),
    types: &[
        "int8, int8, int32? -> int8",
        "int8, int4, int32? -> int8",
        "int16, int8, int64? -> int16",
        "int16, int8, int32? -> int16",
        "float32, float32, float32? -> float32",
        "float32, int8, float32? -> float32",
    ],
    rules: &[
        convolution::OPTIONS,
        convolution::FUSED_ACTIVATION,
        NOT_SHUFFLED,
        SHAPES,
        convolution::QUANTISED,
        convolution::WEIGHT_SCALES,
        convolution::WEIGHT_ZEROS,
        convolution::INT16_ZEROS,
        convolution::BIAS_LENGTH,
        convolution::BIAS_SCALE,
    ],
    lower: fully_connected,
}];

const NOT_SHUFFLED: Rule = Rule {
    requires: "the weights are stored row by row",
    advice: "convert the model without shuffled weights: they are for mobile processors",
    holds: |view| {
        !matches!(
            view.node.options,
            Options::FullyConnected { weights_format: WeightsFormat::Shuffled4x16Int8, .. }
        )
    },
};

const SHAPES: Rule = Rule {
    requires: "the weights have two dimensions, the second divides the input's elements, and the output has the \
               rest times the first",
    advice: "the file is damaged or was not written by a converter: convert the model again",
    holds: |view| {
        let Some(Parts { input, filter, output, .. }) = Parts::of(view) else { return false };
        let &[outputs, inputs] = &filter.shape[..] else { return false };
        let batch = input.elements().checked_div(inputs).unwrap_or(0);
        let keeps = matches!(view.node.options, Options::FullyConnected { keep_num_dims: true, .. });
        let kept = || {
            let dimensions = input.shape.split_last().map(|(_, outer)| outer).unwrap_or_default();
            input.shape.last() == Some(&inputs) && output.shape.split_last() == Some((&outputs, dimensions))
        };
        batch.checked_mul(inputs) == Some(input.elements())
            && batch.checked_mul(outputs) == Some(output.elements())
            && (!keeps || kept())
    },
};

fn fully_connected(cx: &mut Lowering<'_>, view: &NodeView<'_>) -> Result<(), Reject> {
    let (activation, quantized_bias_type, asymmetric) = match view.node.options {
        Options::FullyConnected { activation, quantized_bias_type, asymmetric_quantize_inputs, .. } => {
            (activation, quantized_bias_type, asymmetric_quantize_inputs)
        }
        _ => (Activation::None, DType::Float32, false),
    };
    let parts = Parts::need(view)?;
    let Parts { input, filter, bias, output, .. } = parts;
    let &[outputs, inputs] = &filter.shape[..] else {
        return Err(Reject::malformed("the weights must have two dimensions"));
    };
    let shape = MatrixShape {
        batch: input.elements().checked_div(inputs).unwrap_or(0) as u32,
        inputs: inputs as u32,
        outputs: outputs as u32,
    };
    if input.dtype == DType::Float32 {
        let range = need_range(view)?;
        if filter.dtype == DType::Float32 {
            let operands = slots(cx, view)?;
            cx.push(FullyConnectedReal(FullyConnectedF32 { shape, range }), &operands);
            return Ok(());
        }
        let dynamics = if asymmetric { Dynamics::Asymmetric } else { Dynamics::Symmetric };
        let layer = FullyConnectedDynamic(FullyConnectedHybrid { shape, dynamics, range });
        return push_hybrid(cx, view, layer, inputs);
    }
    let folded = zero_point::folded_bias(&parts);
    let layer = FullyConnected {
        shape,
        input_zero: ZeroPoint(if folded.is_some() { 0 } else { input.zero() }),
        filter_zero: ZeroPoint(filter.zero()),
        output_zero: ZeroPoint(output.zero()),
        clamp: fused_clamp(activation, output)?,
    };
    let narrow_sums = bias.map_or(quantized_bias_type == DType::Int32, |bias| bias.dtype == DType::Int32);
    let rounds_once = view.graph.beyond_tflm;
    match (input.dtype, filter.dtype) {
        (DType::Int16, _) if narrow_sums => {
            push_integers(cx, view, FullyConnectedS16Bias32(layer), product_ratio)
        }
        (DType::Int16, _) => push_integers(cx, view, FullyConnectedS16(layer), product_ratio),
        (_, DType::Int4) if rounds_once => {
            push_folded(cx, view, FullyConnectedOnceS4(layer), product_ratio, folded.as_deref())
        }
        (_, DType::Int4) => push_folded(cx, view, FullyConnectedS4(layer), product_ratio, folded.as_deref()),
        _ if rounds_once => {
            push_folded(cx, view, FullyConnectedOnceS8(layer), product_ratio, folded.as_deref())
        }
        _ => {
            if let Some(weighted) = weighted(cx, view, folded.as_deref())?
                && packing::fully_connected(cx, &layer, &weighted)
            {
                return Ok(());
            }
            push_folded(cx, view, FullyConnectedS8(layer), product_ratio, folded.as_deref())
        }
    }
}
