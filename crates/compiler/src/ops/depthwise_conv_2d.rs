//! DEPTHWISE_CONV_2D.

use engine::ops::{
    DepthwiseConv2dDynamic, DepthwiseConv2dReal, DepthwiseConv2dS4, DepthwiseConv2dS8, DepthwiseConv2dS16,
    DepthwiseConv2dS16Bias32,
};
use kernels::reference::{DepthwiseConv2d, DepthwiseConv2dF32, DepthwiseConv2dHybrid, Dynamics};
use quant::{ZeroPoint, product_ratio};
use tflite::{BuiltinOp, DType, Options};

use super::{
    Lowering, NodeView, Rule, Support,
    convolution::{
        self, Parts, Sliding, fused_clamp, need_range, push_folded, push_hybrid, push_integers, slots,
        weighted, window,
    },
    zero_point,
};
use crate::{packing, refusal::Reject};

/// The row of DEPTHWISE_CONV_2D.
pub const SUPPORT: &[Support] = &[Support {
    op: BuiltinOp::DepthwiseConv2D,
    custom: None,
    versions: (1, 7),
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
        convolution::WEIGHTS_CONSTANT,
        CHANNELS,
        convolution::OUTPUT_SIZE,
        MULTIPLIER,
        convolution::QUANTISED,
        convolution::WEIGHT_SCALES,
        convolution::WEIGHT_ZEROS,
        convolution::INT16_ZEROS,
        convolution::BIAS_LENGTH,
        convolution::BIAS_SCALE,
    ],
    lower: depthwise_conv_2d,
}];

const CHANNELS: Rule = Rule {
    requires: "images and filters have four dimensions, the filters of one image, and there is a filter per output \
               channel, as many for each input channel",
    advice: "the file is damaged or was not written by a converter: convert the model again",
    holds: |view| {
        let Some(Parts { input, filter, output, .. }) = Parts::of(view) else { return false };
        let (&[_, _, _, in_c], &[1, _, _, filters], &[_, _, _, out_c]) =
            (&input.shape[..], &filter.shape[..], &output.shape[..])
        else {
            return false;
        };
        in_c > 0 && filters == out_c && out_c.is_multiple_of(in_c)
    },
};

const MULTIPLIER: Rule = Rule {
    requires: "its depth multiplier, if the options give one, is output channels / input channels",
    advice: "the file is damaged or was not written by a converter: convert the model again",
    holds: |view| {
        let (Some(parts), &Options::DepthwiseConv2D { depth_multiplier, .. }) =
            (Parts::of(view), &view.node.options)
        else {
            return false;
        };
        let channels = parts.input.shape.last().copied().unwrap_or(0);
        usize::try_from(depth_multiplier).is_ok_and(|multiplier| {
            multiplier == 0 || multiplier.checked_mul(channels) == parts.output.shape.last().copied()
        })
    },
};

fn depthwise_conv_2d(cx: &mut Lowering<'_>, view: &NodeView<'_>) -> Result<(), Reject> {
    let &Options::DepthwiseConv2D { padding, stride_w, stride_h, activation, dilation_w, dilation_h, .. } =
        &view.node.options
    else {
        return Err(Reject::malformed("its options are missing"));
    };
    let parts = Parts::need(view)?;
    let Parts { input, filter, bias, output, .. } = parts;
    let &[_, kh, kw, _] = &filter.shape[..] else {
        return Err(Reject::malformed("the filter must have four dimensions"));
    };
    let around = view.node.pad.unwrap_or_default();
    let sliding =
        Sliding { padding, stride: (stride_h, stride_w), dilation: (dilation_h, dilation_w), around };
    let window = window(&sliding, input, (kh, kw), output)?;
    if input.dtype == DType::Float32 {
        let range = need_range(view)?;
        if filter.dtype == DType::Float32 {
            let operands = slots(cx, view)?;
            cx.push(DepthwiseConv2dReal(DepthwiseConv2dF32 { window, range }), &operands);
            return Ok(());
        }
        let conv = DepthwiseConv2dHybrid { window, dynamics: Dynamics::Asymmetric, range };
        let image = input.shape[1..].iter().product();
        return push_hybrid(cx, view, DepthwiseConv2dDynamic(conv), image);
    }
    let folded = if window.stays_inside() { zero_point::folded_bias(&parts) } else { None };
    let conv = DepthwiseConv2d {
        window,
        input_zero: ZeroPoint(if folded.is_some() { 0 } else { input.zero() }),
        output_zero: ZeroPoint(output.zero()),
        clamp: fused_clamp(activation, output)?,
    };
    let narrow_sums = bias.is_some_and(|bias| bias.dtype == DType::Int32);
    match (input.dtype, filter.dtype) {
        (DType::Int16, _) if narrow_sums => {
            push_integers(cx, view, DepthwiseConv2dS16Bias32(conv), product_ratio)
        }
        (DType::Int16, _) => push_integers(cx, view, DepthwiseConv2dS16(conv), product_ratio),
        (_, DType::Int4) => push_folded(cx, view, DepthwiseConv2dS4(conv), product_ratio, folded.as_deref()),
        _ => {
            if let Some(layer) = weighted(cx, view, folded.as_deref())?
                && packing::depthwise_conv_2d(cx, &conv, &layer)
            {
                return Ok(());
            }
            push_folded(cx, view, DepthwiseConv2dS8(conv), product_ratio, folded.as_deref())
        }
    }
}
