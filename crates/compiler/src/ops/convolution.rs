//! CONV_2D, DEPTHWISE_CONV_2D and FULLY_CONNECTED.

use engine::ops::{Conv2dS8, DepthwiseConv2dS8, FullyConnectedS8};
use kernels::{
    Hwc, Window, Yx,
    reference::{Conv2d, DepthwiseConv2d, FullyConnected},
};
use quant::{Clamp, Multiplier, ZeroPoint};
use tflite::{Activation, BuiltinOp, Options, Padding};

use super::{Lowering, NodeView, Rule, Slot, Support};
use crate::{graph::Tensor, refusal::Reject};

/// The rows of this family.
pub const SUPPORT: &[Support] = &[
    Support {
        op: BuiltinOp::Conv2D,
        custom: None,
        versions: (1, 6),
        types: &["int8, int8, int32? -> int8"],
        rules: &[WEIGHTS_CONSTANT],
        lower: conv_2d,
    },
    Support {
        op: BuiltinOp::DepthwiseConv2D,
        custom: None,
        versions: (1, 6),
        types: &["int8, int8, int32? -> int8"],
        rules: &[WEIGHTS_CONSTANT],
        lower: depthwise_conv_2d,
    },
    Support {
        op: BuiltinOp::FullyConnected,
        custom: None,
        versions: (1, 12),
        types: &["int8, int8, int32? -> int8"],
        rules: &[WEIGHTS_CONSTANT],
        lower: fully_connected,
    },
];

const WEIGHTS_CONSTANT: Rule = Rule {
    requires: "weights and bias are constant",
    advice: "fold the weights into the model before conversion",
    holds: |view| (1..3).all(|index| view.input(index).is_none_or(Tensor::is_const)),
};

/// Per-channel factors from accumulators to outputs, as two constants: mantissas and shifts.
fn scales(
    cx: &mut Lowering<'_>,
    input: &Tensor,
    filter: &Tensor,
    output: &Tensor,
    channels: usize,
) -> Result<[Slot; 2], Reject> {
    let filter_scales = filter.quant.as_ref().map(|quant| quant.scales.as_slice()).unwrap_or_default();
    let mut mantissas = Vec::with_capacity(channels);
    let mut shifts = Vec::with_capacity(channels);
    for channel in 0..channels {
        let scale = filter_scales.get(channel).or(filter_scales.first()).copied().unwrap_or(0.0);
        let real = f64::from(input.scale()) * f64::from(scale) / f64::from(output.scale());
        let multiplier = Multiplier::from_real(real).ok_or_else(|| {
            Reject::malformed(format!("the scale {real} of channel {channel} cannot be represented"))
        })?;
        mantissas.push(multiplier.mantissa());
        shifts.push(multiplier.shift());
    }
    Ok([cx.constants(&mantissas), cx.constants(&shifts)])
}

/// The range that a fused activation leaves, in output units.
pub(super) fn clamp(activation: Activation, output: &Tensor) -> Clamp {
    let scale = output.scale();
    let quantize = |real: f32| {
        let rounded = (real / scale).round();
        output.zero().saturating_add(rounded as i32)
    };
    let whole = Clamp::I8;
    match activation {
        Activation::Relu => Clamp { min: whole.apply(quantize(0.0)), max: whole.max },
        Activation::Relu6 => Clamp { min: whole.apply(quantize(0.0)), max: whole.apply(quantize(6.0)) },
        Activation::ReluN1To1 => Clamp { min: whole.apply(quantize(-1.0)), max: whole.apply(quantize(1.0)) },
        _ => whole,
    }
}

/// Rows above and columns left of an image that SAME padding adds.
fn same_pad(image: usize, output: usize, taps: usize, stride: usize, dilation: usize) -> usize {
    ((output.saturating_sub(1)) * stride + (taps.saturating_sub(1)) * dilation + 1).saturating_sub(image) / 2
}

/// How a window slides.
pub(super) struct Sliding {
    pub(super) padding: Padding,
    pub(super) stride: (i32, i32),
    pub(super) dilation: (i32, i32),
}

pub(super) fn window(
    sliding: &Sliding,
    input: &Tensor,
    taps: (usize, usize),
    output: &Tensor,
) -> Result<Window, Reject> {
    let (&[n, ih, iw, ic], &[_, oh, ow, oc]) = (&input.shape[..], &output.shape[..]) else {
        return Err(Reject::malformed("input and output must have four dimensions"));
    };
    let small =
        |value: usize| u16::try_from(value).map_err(|_| Reject::malformed(format!("{value} is too large")));
    let positive = |value: i32| {
        u16::try_from(value)
            .ok()
            .filter(|value| *value > 0)
            .ok_or_else(|| Reject::malformed(format!("stride or dilation {value}")))
    };
    let stride = Yx { y: positive(sliding.stride.0)?, x: positive(sliding.stride.1)? };
    let dilation = Yx { y: positive(sliding.dilation.0)?, x: positive(sliding.dilation.1)? };
    let pad = match sliding.padding {
        Padding::Same => Yx {
            y: small(same_pad(ih, oh, taps.0, stride.y.into(), dilation.y.into()))?,
            x: small(same_pad(iw, ow, taps.1, stride.x.into(), dilation.x.into()))?,
        },
        Padding::Valid => Yx { y: 0, x: 0 },
    };
    Ok(Window {
        batch: n as u32,
        input: Hwc { h: ih as u32, w: iw as u32, c: ic as u32 },
        output: Hwc { h: oh as u32, w: ow as u32, c: oc as u32 },
        size: Yx { y: small(taps.0)?, x: small(taps.1)? },
        stride,
        dilation,
        pad,
    })
}

fn conv_2d(cx: &mut Lowering<'_>, view: &NodeView<'_>) -> Result<(), Reject> {
    let &Options::Conv2D { padding, stride_w, stride_h, activation, dilation_w, dilation_h, .. } =
        &view.node.options
    else {
        return Err(Reject::malformed("its options are missing"));
    };
    let (input, filter, output) = (view.need_input(0)?, view.need_input(1)?, view.need_output(0)?);
    let &[out_c, kh, kw, filter_c] = &filter.shape[..] else {
        return Err(Reject::malformed("the filter must have four dimensions"));
    };
    let sliding = Sliding { padding, stride: (stride_h, stride_w), dilation: (dilation_h, dilation_w) };
    let conv = Conv2d {
        window: window(&sliding, input, (kh, kw), output)?,
        filter_c: filter_c as u32,
        input_zero: ZeroPoint(input.zero()),
        output_zero: ZeroPoint(output.zero()),
        clamp: clamp(activation, output),
    };
    let [mantissas, shifts] = scales(cx, input, filter, output, out_c)?;
    push(cx, view, Conv2dS8(conv), [mantissas, shifts])
}

fn depthwise_conv_2d(cx: &mut Lowering<'_>, view: &NodeView<'_>) -> Result<(), Reject> {
    let &Options::DepthwiseConv2D { padding, stride_w, stride_h, activation, dilation_w, dilation_h, .. } =
        &view.node.options
    else {
        return Err(Reject::malformed("its options are missing"));
    };
    let (input, filter, output) = (view.need_input(0)?, view.need_input(1)?, view.need_output(0)?);
    let &[_, kh, kw, out_c] = &filter.shape[..] else {
        return Err(Reject::malformed("the filter must have four dimensions"));
    };
    let sliding = Sliding { padding, stride: (stride_h, stride_w), dilation: (dilation_h, dilation_w) };
    let conv = DepthwiseConv2d {
        window: window(&sliding, input, (kh, kw), output)?,
        input_zero: ZeroPoint(input.zero()),
        output_zero: ZeroPoint(output.zero()),
        clamp: clamp(activation, output),
    };
    let [mantissas, shifts] = scales(cx, input, filter, output, out_c)?;
    push(cx, view, DepthwiseConv2dS8(conv), [mantissas, shifts])
}

fn fully_connected(cx: &mut Lowering<'_>, view: &NodeView<'_>) -> Result<(), Reject> {
    let &Options::FullyConnected { activation, .. } = &view.node.options else {
        return Err(Reject::malformed("its options are missing"));
    };
    let (input, filter, output) = (view.need_input(0)?, view.need_input(1)?, view.need_output(0)?);
    let &[outputs, inputs] = &filter.shape[..] else {
        return Err(Reject::malformed("the weights must have two dimensions"));
    };
    let layer = FullyConnected {
        batch: input.elements().checked_div(inputs).unwrap_or(0) as u32,
        inputs: inputs as u32,
        outputs: outputs as u32,
        input_zero: ZeroPoint(input.zero()),
        filter_zero: ZeroPoint(filter.zero()),
        output_zero: ZeroPoint(output.zero()),
        clamp: clamp(activation, output),
    };
    let [mantissas, shifts] = scales(cx, input, filter, output, outputs)?;
    push(cx, view, FullyConnectedS8(layer), [mantissas, shifts])
}

fn push(
    cx: &mut Lowering<'_>,
    view: &NodeView<'_>,
    operator: impl Into<engine::ops::AnyOperator>,
    [mantissas, shifts]: [Slot; 2],
) -> Result<(), Reject> {
    let output = view.output_id(0).ok_or_else(|| Reject::malformed("it has no output"))?;
    let operands = [
        cx.slot(output),
        cx.optional(view.input_id(0)),
        cx.optional(view.input_id(1)),
        cx.optional(view.input_id(2)),
        mantissas,
        shifts,
    ];
    cx.push(operator, &operands);
    Ok(())
}
