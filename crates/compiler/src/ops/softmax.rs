//! SOFTMAX.

use engine::ops::{AnyOperator, SoftmaxS8, SoftmaxS8S16};
use kernels::reference::Softmax;
use quant::SoftmaxInput;
use tflite::{BuiltinOp, DType, Options};

use super::{Lowering, NodeView, Rule, Support};
use crate::refusal::Reject;

/// The rows of this family.
pub const SUPPORT: &[Support] = &[Support {
    op: BuiltinOp::Softmax,
    custom: None,
    versions: (1, 3),
    types: &["int8 -> int8", "int8 -> int16"],
    rules: &[SAME_SHAPE, POSITIVE_BETA, OUTPUT_SCALE],
    lower: softmax,
}];

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
    requires: "the output is quantised as a probability: scale 1/256 with zero point -128 (int8) or 1/65536 with -32768 (int16)",
    advice: "let the converter choose the output quantisation of SOFTMAX",
    holds: |view| {
        let Some(output) = view.output(0) else { return false };
        let (scale, zero) =
            if output.dtype == DType::Int16 { (1.0 / 65536.0, -32768) } else { (1.0 / 256.0, -128) };
        (output.scale() - scale).abs() <= scale * 0.001 && output.zero() == zero
    },
};

fn softmax(cx: &mut Lowering<'_>, view: &NodeView<'_>) -> Result<(), Reject> {
    let Options::Softmax { beta } = view.node.options else {
        return Err(Reject::malformed("its options are missing"));
    };
    let (input, output) = (view.need_input(0)?, view.need_output(0)?);
    let prepared = SoftmaxInput::prepare(input.scale(), beta).ok_or_else(|| {
        Reject::malformed(format!("input scale {} times beta {beta} is too small", input.scale()))
    })?;
    let softmax = Softmax { depth: input.shape.last().copied().unwrap_or(1) as u32, input: prepared };
    let operator = match output.dtype {
        DType::Int16 => AnyOperator::from(SoftmaxS8S16(softmax)),
        _ => AnyOperator::from(SoftmaxS8(softmax)),
    };
    let (Some(from), Some(to)) = (view.input_id(0), view.output_id(0)) else {
        return Err(Reject::malformed("its input or output is missing"));
    };
    let operands = [cx.slot(to), cx.slot(from)];
    cx.push(operator, &operands);
    Ok(())
}
