//! TRANSPOSE_CONV.

use engine::ops::{TransposeConvReal, TransposeConvS8, TransposeConvS16};
use kernels::{
    Yx,
    reference::{TransposeConv, TransposeConvF32, TransposeShape},
};
use quant::{ZeroPoint, product_ratio};
use tflite::{BuiltinOp, DType, Options, Padding};

use super::{
    Lowering, NodeView, Rule, Support,
    convolution::{self, Parts, factors, fused_clamp, hwc, need_range, positive, slots, small},
};
use crate::refusal::Reject;

/// The row of TRANSPOSE_CONV.
pub const SUPPORT: &[Support] = &[Support {
    op: BuiltinOp::TransposeConv,
    custom: None,
    versions: (1, 5),
    types: &[
        "int32, int8, int8, int32? -> int8",
        "int32, int8, int16, int64? -> int16",
        "int32, int8, int16, int16? -> int16",
        "int32, int8, int16, int32? -> int16",
        "int32, float32, float32, float32? -> float32",
    ],
    rules: &[
        convolution::OPTIONS,
        convolution::FUSED_ACTIVATION,
        convolution::WEIGHTS_CONSTANT,
        CHANNELS,
        OUTPUT_SHAPE,
        convolution::QUANTISED,
        convolution::WEIGHT_SCALES,
        convolution::WEIGHT_ZEROS,
        convolution::INT16_ZEROS,
        convolution::BIAS_LENGTH,
        convolution::BIAS_SCALE,
    ],
    lower: transpose_conv,
}];

const CHANNELS: Rule = Rule {
    requires: "images and filters have four dimensions and agree on batch and channels",
    advice: "the file is damaged or was not written by a converter: convert the model again",
    holds: |view| {
        let Some(Parts { input, filter, output, .. }) = Parts::of(view) else { return false };
        let (&[n, _, _, in_c], &[filters, _, _, filter_c], &[written, _, _, out_c]) =
            (&input.shape[..], &filter.shape[..], &output.shape[..])
        else {
            return false;
        };
        n == written && in_c == filter_c && filters == out_c
    },
};

const OUTPUT_SHAPE: Rule = Rule {
    requires: "the output's shape is the one that its first input gives, from which the window slides over the input",
    advice: "the file is damaged or was not written by a converter: convert the model again",
    holds: |view| {
        let (Some(shape), Some(parts)) = (view.input(0), Parts::of(view)) else { return false };
        let &Options::TransposeConv { padding, stride_w, stride_h, .. } = &view.node.options else {
            return false;
        };
        let (&[_, ih, iw, _], &[_, kh, kw, _], &[_, oh, ow, _]) =
            (&parts.input.shape[..], &parts.filter.shape[..], &parts.output.shape[..])
        else {
            return false;
        };
        let stated = shape.integers().is_none_or(|sizes| {
            sizes.len() == 4
                && sizes.iter().zip(&parts.output.shape).all(|(&size, &is)| i64::try_from(is) == Ok(size))
        });
        // The convolution that this one transposes must lead from the output back to the input.
        let back = |output: usize, taps: usize, stride: i32| {
            let stride = usize::try_from(stride).ok().filter(|&stride| stride > 0)?;
            match padding {
                Padding::Same => Some(output.div_ceil(stride)),
                Padding::Valid => Some((output.checked_sub(taps)?) / stride + 1),
            }
        };
        stated && back(oh, kh, stride_h) == Some(ih) && back(ow, kw, stride_w) == Some(iw)
    },
};

fn transpose_conv(cx: &mut Lowering<'_>, view: &NodeView<'_>) -> Result<(), Reject> {
    let &Options::TransposeConv { padding, stride_w, stride_h, activation, .. } = &view.node.options else {
        return Err(Reject::malformed("its options are missing"));
    };
    let parts = Parts::need(view)?;
    let Parts { input, filter, bias, output, .. } = parts;
    let (&[n, ih, iw, ic], &[_, kh, kw, _], &[_, oh, ow, oc]) =
        (&input.shape[..], &filter.shape[..], &output.shape[..])
    else {
        return Err(Reject::malformed("images and filters must have four dimensions"));
    };
    let stride = Yx { y: positive(stride_h)?, x: positive(stride_w)? };
    let pad = |image: usize, taps: usize, stride: u16| match padding {
        Padding::Same => {
            let steps = image.div_ceil(usize::from(stride)).saturating_sub(1);
            small((steps * usize::from(stride)).saturating_add(taps).saturating_sub(image) / 2)
        }
        Padding::Valid => Ok(0),
    };
    let shape = TransposeShape {
        batch: n as u32,
        input: hwc(ih, iw, ic),
        output: hwc(oh, ow, oc),
        size: Yx { y: small(kh)?, x: small(kw)? },
        stride,
        pad: Yx { y: pad(oh, kh, stride.y)?, x: pad(ow, kw, stride.x)? },
    };
    let [to, from, weights, bias_slot] = slots(cx, view)?;
    if input.dtype == DType::Float32 {
        let conv = TransposeConvF32 { shape, range: need_range(view)? };
        cx.push(TransposeConvReal(conv), &[to, from, weights, bias_slot]);
        return Ok(());
    }
    let conv = TransposeConv {
        shape,
        input_zero: ZeroPoint(input.zero()),
        output_zero: ZeroPoint(output.zero()),
        clamp: fused_clamp(activation, output)?,
    };
    let [mantissas, shifts] = factors(cx, &parts, product_ratio)?;
    if input.dtype == DType::Int16 {
        // The kernel's sums have 64 bits, so has its bias.
        let bias_slot = match bias.filter(|bias| bias.dtype != DType::Int64) {
            Some(bias) => {
                let wide = bias.integers().ok_or_else(|| Reject::malformed("its bias has no data"))?;
                cx.constants(&wide)
            }
            None => bias_slot,
        };
        cx.push(TransposeConvS16(conv), &[to, from, weights, bias_slot, mantissas, shifts]);
    } else {
        cx.push(TransposeConvS8(conv), &[to, from, weights, bias_slot, mantissas, shifts]);
    }
    Ok(())
}
