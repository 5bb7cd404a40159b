//! SVDF.

use engine::ops::{SvdfReal, SvdfS8, SvdfS16};
use kernels::reference::{Svdf, SvdfF32, SvdfShape};
use quant::{ZeroPoint, product_ratio};
use tflite::{BuiltinOp, DType, Options};

use super::{
    Lowering, NodeView, Rule, Support,
    convolution::{self, need_range},
};
use crate::{graph::Tensor, refusal::Reject};

const STATE: usize = 4;

/// The row of SVDF.
pub const SUPPORT: &[Support] = &[Support {
    op: BuiltinOp::Svdf,
    custom: None,
    versions: (1, 4),
    types: &[
        "int8, int8, int16, int32?, int16 -> int8",
        "int8, int8, int8, int32?, int8 -> int8",
        "float32, float32, float32, float32?, float32 -> float32",
    ],
    rules: &[
        convolution::OPTIONS,
        convolution::FUSED_ACTIVATION,
        STATE_IS_VARIABLE,
        CONSTANT,
        SHAPES,
        QUANTISED,
        BIAS_SCALE,
    ],
    lower: svdf,
}];

const STATE_IS_VARIABLE: Rule = Rule {
    requires: "its state is a variable tensor",
    advice: "the file is damaged or was not written by a converter: convert the model again",
    holds: |view| view.input(STATE).is_some_and(|state| state.is_variable),
};

const CONSTANT: Rule = Rule {
    requires: "weights and bias are constant",
    advice: "fold the weights into the model before conversion",
    holds: |view| (1..STATE).all(|index| view.input(index).is_none_or(Tensor::is_const)),
};

const SHAPES: Rule = Rule {
    requires: "its rank divides the number of filters, and the shapes of weights, bias, state and output follow from it",
    advice: "the file is damaged or was not written by a converter: convert the model again",
    holds: |view| shape(view).is_some(),
};

const QUANTISED: Rule = Rule {
    requires: "integer inputs, weights, state and output are quantised with one scale each",
    advice: "convert the model with full integer quantisation",
    holds: |view| {
        [view.input(0), view.input(1), view.input(2), view.input(STATE), view.output(0)].into_iter().all(
            |tensor| {
                tensor.is_some_and(|tensor| tensor.dtype == DType::Float32) || NodeView::is_per_tensor(tensor)
            },
        )
    },
};

const BIAS_SCALE: Rule = Rule {
    requires: "the bias's scale is state scale · time weight scale, within 0.00001",
    advice: "the file is damaged or was not written by a converter: convert the model again",
    holds: |view| {
        let (Some(time), Some(state)) = (view.input(2), view.input(STATE)) else { return false };
        view.input(3).and_then(|bias| bias.quant.as_ref()).is_none_or(|bias| {
            let product = f64::from(state.scale() * time.scale());
            (f64::from(bias.scale()) - product).abs() < 1e-5
        })
    },
};

fn shape(view: &NodeView<'_>) -> Option<SvdfShape> {
    let &Options::Svdf { rank, .. } = &view.node.options else { return None };
    let rank = usize::try_from(rank).ok().filter(|&rank| rank > 0)?;
    let (&[batch, inputs], &[filters, spanned], &[timed, memory]) =
        (&view.input(0)?.shape[..], &view.input(1)?.shape[..], &view.input(2)?.shape[..])
    else {
        return None;
    };
    let units = filters / rank;
    let holds = units > 0
        && memory > 0
        && units * rank == filters
        && spanned == inputs
        && timed == filters
        && view.output(0)?.shape == [batch, units]
        && view.input(STATE)?.shape == [batch, filters.checked_mul(memory)?]
        && view.input(3).is_none_or(|bias| bias.elements() == units);
    holds.then_some(SvdfShape {
        batch: batch as u32,
        inputs: inputs as u32,
        units: units as u32,
        rank: rank as u32,
        memory: memory as u32,
    })
}

fn svdf(cx: &mut Lowering<'_>, view: &NodeView<'_>) -> Result<(), Reject> {
    let shape = shape(view).ok_or_else(|| Reject::malformed("its shapes do not fit together"))?;
    let (input, feature, time) = (view.need_input(0)?, view.need_input(1)?, view.need_input(2)?);
    let (state, output) = (view.need_input(STATE)?, view.need_output(0)?);
    let to = view.output_id(0).ok_or_else(|| Reject::malformed("it has no output"))?;
    let operands = [
        cx.slot(to),
        cx.optional(view.input_id(STATE)),
        cx.optional(view.input_id(0)),
        cx.optional(view.input_id(1)),
        cx.optional(view.input_id(2)),
        cx.optional(view.input_id(3)),
    ];
    if input.dtype == DType::Float32 {
        cx.push(SvdfReal(SvdfF32 { shape, range: need_range(view)? }), &operands);
        return Ok(());
    }
    let factor = |a: &Tensor, b: &Tensor, c: &Tensor| {
        product_ratio(a.scale(), b.scale(), c.scale())
            .ok_or_else(|| Reject::malformed("its scales give a factor that cannot be represented"))
    };
    let svdf = Svdf {
        shape,
        input_zero: ZeroPoint(input.zero()),
        state_zero: ZeroPoint(state.zero()),
        output_zero: ZeroPoint(output.zero()),
        feature_scale: factor(input, feature, state)?,
        time_scale: factor(state, time, output)?,
    };
    if state.dtype == DType::Int8 {
        cx.push(SvdfS8(svdf), &operands);
    } else {
        cx.push(SvdfS16(svdf), &operands);
    }
    Ok(())
}
