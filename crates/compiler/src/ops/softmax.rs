//! SOFTMAX, LOG_SOFTMAX and L2_NORMALIZATION.

use engine::ops::{
    AnyOperator, L2NormF32, L2NormS8, LogSoftmaxF32, LogSoftmaxS8, SoftmaxF32, SoftmaxS8, SoftmaxS8S16,
    SoftmaxS16,
};
use kernels::reference::{L2Norm, LogSoftmaxRows, Rows, Softmax, Softmax16, SoftmaxFloat};
use quant::{LogSoftmax, SoftmaxInput, ZeroPoint};
use tflite::{Activation, BuiltinOp, DType, Options};

use super::{Lowering, NodeView, Rule, Slot, Support};
use crate::{graph::Tensor, refusal::Reject};

/// The rows of this family.
pub const SUPPORT: &[Support] = &[
    Support {
        op: BuiltinOp::Softmax,
        custom: None,
        versions: (1, 3),
        types: &["int8 -> int8", "int8 -> int16", "int16 -> int16", "float32 -> float32"],
        rules: &[SAME_SHAPE, POSITIVE_BETA, OUTPUT_SCALE],
        lower: softmax,
    },
    Support {
        op: BuiltinOp::LogSoftmax,
        custom: None,
        versions: (1, 2),
        types: &["int8 -> int8", "float32 -> float32"],
        rules: &[SAME_SHAPE, LOG_OUTPUT_SCALE],
        lower: log_softmax,
    },
    Support {
        op: BuiltinOp::L2Normalization,
        custom: None,
        versions: (1, 2),
        types: &["int8 -> int8", "float32 -> float32"],
        rules: &[SAME_SHAPE, NO_ACTIVATION],
        lower: l2_norm,
    },
];

const LOG_OUTPUT_SCALE: Rule = Rule {
    requires: "an int8 output has scale 1/16 and zero point 127",
    advice: "let the converter choose the output quantisation of LOG_SOFTMAX",
    holds: |view| match view.output(0) {
        Some(output) if output.dtype == DType::Int8 => output.scale() == 1.0 / 16.0 && output.zero() == 127,
        _ => true,
    },
};

const NO_ACTIVATION: Rule = Rule {
    requires: "no activation is fused into it",
    advice: "give the activation a layer of its own",
    holds: |view| match &view.node.options {
        Options::L2Norm { activation } => *activation == Activation::None,
        _ => true,
    },
};

const SAME_SHAPE: Rule = Rule {
    requires: "input and output have the same shape, of at least one dimension",
    advice: "convert the model again; the stored output shape contradicts the operator's",
    holds: |view| match (view.input(0), view.output(0)) {
        (Some(input), Some(output)) => !input.shape.is_empty() && input.shape == output.shape,
        _ => false,
    },
};

const POSITIVE_BETA: Rule = Rule {
    requires: "beta is positive",
    advice: "convert the model again; a softmax has beta 1 unless the model scales its logits",
    holds: |view| matches!(view.node.options, Options::Softmax { beta } if beta > 0.0 && beta.is_finite()),
};

const OUTPUT_SCALE: Rule = Rule {
    requires: "the output is quantised as a probability: scale 1/256 with zero point -128 (int8), 1/65536 with -32768 (int8 to int16) or 1/32768 with 0 (int16)",
    advice: "let the converter choose the output quantisation of SOFTMAX",
    holds: |view| {
        let (Some(input), Some(output)) = (view.input(0), view.output(0)) else { return false };
        let (scale, zero) = match (input.dtype, output.dtype) {
            (DType::Float32, _) => return true,
            (DType::Int16, _) => (1.0 / 32768.0, 0),
            (_, DType::Int16) => (1.0 / 65536.0, -32768),
            _ => (1.0 / 256.0, -128),
        };
        (output.scale() - scale).abs() <= scale * 0.001 && output.zero() == zero
    },
};

fn softmax(cx: &mut Lowering<'_>, view: &NodeView<'_>) -> Result<(), Reject> {
    let Options::Softmax { beta } = view.node.options else {
        return Err(Reject::malformed("its options are missing"));
    };
    let (input, output) = (view.need_input(0)?, view.need_output(0)?);
    let depth = depth(input);
    let too_small =
        || Reject::malformed(format!("input scale {} times beta {beta} is out of range", input.scale()));
    match (input.dtype, output.dtype) {
        (DType::Float32, _) => push(cx, view, SoftmaxF32(SoftmaxFloat { depth, beta }), &[]),
        (DType::Int16, _) => {
            let multiplier = quant::softmax16_multiplier(input.scale(), beta).ok_or_else(too_small)?;
            let tables = [cx.constants(&quant::exp_lut()), cx.constants(&quant::one_over_one_plus_lut())];
            push(cx, view, SoftmaxS16(Softmax16 { depth, multiplier }), &tables)
        }
        (_, output) => {
            let input = SoftmaxInput::prepare(input.scale(), beta).ok_or_else(too_small)?;
            let softmax = Softmax { depth, input };
            match output {
                DType::Int16 => push(cx, view, SoftmaxS8S16(softmax), &[]),
                _ => push(cx, view, SoftmaxS8(softmax), &[]),
            }
        }
    }
}

fn depth(input: &Tensor) -> u32 {
    input.shape.last().copied().unwrap_or(1) as u32
}

fn push(
    cx: &mut Lowering<'_>,
    view: &NodeView<'_>,
    operator: impl Into<AnyOperator>,
    tables: &[Slot],
) -> Result<(), Reject> {
    let (Some(from), Some(to)) = (view.input_id(0), view.output_id(0)) else {
        return Err(Reject::malformed("its input or output is missing"));
    };
    let operands = [&[cx.slot(to), cx.slot(from)], tables].concat();
    cx.push(operator, &operands);
    Ok(())
}

fn log_softmax(cx: &mut Lowering<'_>, view: &NodeView<'_>) -> Result<(), Reject> {
    let input = view.need_input(0)?;
    let depth = depth(input);
    if input.dtype == DType::Float32 {
        return push(cx, view, LogSoftmaxF32(Rows { depth }), &[]);
    }
    let scale = LogSoftmax::prepare(input.scale())
        .ok_or_else(|| Reject::malformed(format!("its input scale {} is too small", input.scale())))?;
    push(cx, view, LogSoftmaxS8(LogSoftmaxRows { depth, scale }), &[])
}

fn l2_norm(cx: &mut Lowering<'_>, view: &NodeView<'_>) -> Result<(), Reject> {
    let input = view.need_input(0)?;
    let depth = depth(input);
    match input.dtype {
        DType::Float32 => push(cx, view, L2NormF32(Rows { depth }), &[]),
        _ => push(cx, view, L2NormS8(L2Norm { depth, input_zero: ZeroPoint(input.zero()) }), &[]),
    }
}
