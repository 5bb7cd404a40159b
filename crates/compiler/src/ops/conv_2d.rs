//! CONV_2D.

use engine::ops::{Conv2dDynamic, Conv2dReal, Conv2dS4, Conv2dS8, Conv2dS16, Conv2dS16Bias32};
use kernels::reference::{Conv2d, Conv2dF32, Conv2dHybrid, ConvShape, Dynamics};
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

/// The row of CONV_2D.
pub const SUPPORT: &[Support] = &[Support {
    op: BuiltinOp::Conv2D,
    custom: None,
    versions: (1, 8),
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
        convolution::QUANTISED,
        convolution::WEIGHT_SCALES,
        convolution::WEIGHT_ZEROS,
        convolution::INT16_ZEROS,
        convolution::BIAS_LENGTH,
        convolution::BIAS_SCALE,
    ],
    lower: conv_2d,
}];

const CHANNELS: Rule = Rule {
    requires: "images and filters have four dimensions, and the filters' channels divide the input's and, by the \
               number of groups, the output's",
    advice: "the file is damaged or was not written by a converter: convert the model again",
    holds: |view| {
        let Some(Parts { input, filter, output, .. }) = Parts::of(view) else { return false };
        let (&[_, _, _, in_c], &[filters, _, _, filter_c], &[_, _, _, out_c]) =
            (&input.shape[..], &filter.shape[..], &output.shape[..])
        else {
            return false;
        };
        let groups = in_c.checked_div(filter_c).unwrap_or(0);
        groups > 0 && groups * filter_c == in_c && filters == out_c && out_c.is_multiple_of(groups)
    },
};

fn conv_2d(cx: &mut Lowering<'_>, view: &NodeView<'_>) -> Result<(), Reject> {
    let &Options::Conv2D {
        padding,
        stride_w,
        stride_h,
        activation,
        dilation_w,
        dilation_h,
        quantized_bias_type,
    } = &view.node.options
    else {
        return Err(Reject::malformed("its options are missing"));
    };
    let parts = Parts::need(view)?;
    let Parts { input, filter, bias, output, .. } = parts;
    let &[_, kh, kw, filter_c] = &filter.shape[..] else {
        return Err(Reject::malformed("the filter must have four dimensions"));
    };
    let around = view.node.pad.unwrap_or_default();
    let sliding =
        Sliding { padding, stride: (stride_h, stride_w), dilation: (dilation_h, dilation_w), around };
    let window = window(&sliding, input, (kh, kw), output)?;
    let shape = ConvShape { window, filter_c: filter_c as u32 };
    if input.dtype == DType::Float32 {
        let range = need_range(view)?;
        if filter.dtype == DType::Float32 {
            let operands = slots(cx, view)?;
            cx.push(Conv2dReal(Conv2dF32 { shape, range }), &operands);
            return Ok(());
        }
        // TensorFlow Lite quantises the image with a zero of its own when weight scales differ, without one
        // when they do not.
        let scales = filter.quant.as_ref().map(|quant| quant.scales.as_slice()).unwrap_or_default();
        let differ = scales.windows(2).any(|pair| pair[0] != pair[1]);
        let dynamics = if differ { Dynamics::AsymmetricWeightsFirst } else { Dynamics::Symmetric };
        let image = input.shape[1..].iter().product();
        return push_hybrid(cx, view, Conv2dDynamic(Conv2dHybrid { shape, dynamics, range }), image);
    }
    let folded = if shape.window.stays_inside() { zero_point::folded_bias(&parts) } else { None };
    let conv = Conv2d {
        shape,
        input_zero: ZeroPoint(if folded.is_some() { 0 } else { input.zero() }),
        output_zero: ZeroPoint(output.zero()),
        clamp: fused_clamp(activation, output)?,
    };
    let narrow_sums = bias.map_or(quantized_bias_type == DType::Int32, |bias| bias.dtype == DType::Int32);
    match (input.dtype, filter.dtype) {
        (DType::Int16, _) if narrow_sums => push_integers(cx, view, Conv2dS16Bias32(conv), product_ratio),
        (DType::Int16, _) => push_integers(cx, view, Conv2dS16(conv), product_ratio),
        (_, DType::Int4) => push_folded(cx, view, Conv2dS4(conv), product_ratio, folded.as_deref()),
        _ => {
            if let Some(layer) = weighted(cx, view, folded.as_deref())?
                && packing::conv_2d(cx, &conv, &layer)
            {
                return Ok(());
            }
            push_folded(cx, view, Conv2dS8(conv), product_ratio, folded.as_deref())
        }
    }
}
