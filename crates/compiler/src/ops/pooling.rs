//! AVERAGE_POOL_2D and MAX_POOL_2D.

use engine::ops::{AveragePool2dS8, MaxPool2dS8};
use kernels::reference::Pool2d;
use quant::Clamp;
use tflite::{BuiltinOp, Options};

use super::{
    Lowering, NodeView, Rule, Support,
    convolution::{Sliding, fused_clamp, window},
};
use crate::{graph::Pad, refusal::Reject};

/// The rows of this family.
pub const SUPPORT: &[Support] = &[row(BuiltinOp::AveragePool2D), row(BuiltinOp::MaxPool2D)];

const fn row(op: BuiltinOp) -> Support {
    Support {
        op,
        custom: None,
        versions: (1, 3),
        types: &["int8 -> int8"],
        rules: &[SAME_QUANTISATION],
        lower: pool,
    }
}

const SAME_QUANTISATION: Rule = Rule {
    requires: "input and output have the same scale and zero point",
    advice: "put a QUANTIZE after the pooling instead of rescaling in it",
    holds: |view| match (view.input(0), view.output(0)) {
        (Some(input), Some(output)) => input.quant == output.quant,
        _ => false,
    },
};

fn pool(cx: &mut Lowering<'_>, view: &NodeView<'_>) -> Result<(), Reject> {
    let &Options::Pool2D { padding, stride_w, stride_h, filter_w, filter_h, activation } = &view.node.options
    else {
        return Err(Reject::malformed("its options are missing"));
    };
    let (input, output) = (view.need_input(0)?, view.need_output(0)?);
    let taps = |size: i32| {
        usize::try_from(size)
            .ok()
            .filter(|&size| size > 0)
            .ok_or_else(|| Reject::malformed(format!("window size {size}")))
    };
    let sliding = Sliding { padding, stride: (stride_h, stride_w), dilation: (1, 1), around: Pad::default() };
    let pool = Pool2d {
        window: window(&sliding, input, (taps(filter_h)?, taps(filter_w)?), output)?,
        clamp: fused_clamp(activation, output)?,
    };
    let _: Clamp = pool.clamp;
    let (Some(from), Some(to)) = (view.input_id(0), view.output_id(0)) else {
        return Err(Reject::malformed("its input or output is missing"));
    };
    let operands = [cx.slot(to), cx.slot(from)];
    if view.node.op == BuiltinOp::AveragePool2D {
        cx.push(AveragePool2dS8(pool), &operands);
    } else {
        cx.push(MaxPool2dS8(pool), &operands);
    }
    Ok(())
}
