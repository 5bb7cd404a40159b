//! What convolutions and products with weights share: windows, factors, and the rules they keep.

use engine::ops::AnyOperator;
use kernels::{Hwc, Window, Yx, reference::Range};
use quant::{Clamp, FusedActivation, Multiplier, ZeroPoint, product_ratio};
use tflite::{Activation, BuiltinOp, DType, Options, Padding};

use super::{Lowering, NodeView, Rule, Slot};
use crate::{
    Isa,
    graph::{Pad, Tensor},
    packing::Weighted,
    refusal::Reject,
};

/// The tensors of a layer with weights, wherever the operator has them among its inputs.
pub(super) struct Parts<'g> {
    pub input: &'g Tensor,
    pub filter: &'g Tensor,
    pub bias: Option<&'g Tensor>,
    pub output: &'g Tensor,
    /// The filter's dimension that runs over output channels.
    pub channel_axis: usize,
}

impl<'g> Parts<'g> {
    pub(super) fn of(view: &NodeView<'g>) -> Option<Self> {
        let (input, bias) = match view.node.op {
            BuiltinOp::TransposeConv => (2, 3),
            _ => (0, 2),
        };
        let channel_axis = if view.node.op == BuiltinOp::DepthwiseConv2D { 3 } else { 0 };
        Some(Self {
            input: view.input(input)?,
            filter: view.input(1)?,
            bias: view.input(bias),
            output: view.output(0)?,
            channel_axis,
        })
    }

    pub(super) fn need(view: &NodeView<'g>) -> Result<Self, Reject> {
        Self::of(view).ok_or_else(|| Reject::malformed("its input, weights or output are missing"))
    }

    /// How many output channels the weights are for.
    pub(super) fn channels(&self) -> usize {
        self.filter.shape.get(self.channel_axis).copied().unwrap_or(0)
    }
}

fn parts_hold(view: &NodeView<'_>, holds: impl Fn(&Parts<'_>) -> bool) -> bool {
    Parts::of(view).is_some_and(|parts| holds(&parts))
}

fn is_integer(tensor: &Tensor) -> bool {
    tensor.dtype != DType::Float32
}

pub(super) const OPTIONS: Rule = Rule {
    requires: "its options are there and are its own",
    advice: "the file is damaged or was not written by a converter: convert the model again",
    holds: |view| match (view.node.op, &view.node.options) {
        (BuiltinOp::Conv2D, Options::Conv2D { .. })
        | (BuiltinOp::DepthwiseConv2D, Options::DepthwiseConv2D { .. })
        | (BuiltinOp::FullyConnected, Options::FullyConnected { .. })
        | (BuiltinOp::TransposeConv, Options::TransposeConv { .. })
        | (BuiltinOp::BatchMatMul, Options::BatchMatMul { .. })
        | (BuiltinOp::Svdf, Options::Svdf { .. })
        | (BuiltinOp::UnidirectionalSequenceLstm, Options::UnidirectionalSequenceLstm { .. }) => true,
        // Converters leave out a table of nothing but defaults.
        (op, Options::None) => matches!(op, BuiltinOp::FullyConnected | BuiltinOp::BatchMatMul),
        _ => false,
    },
};

pub(super) const WEIGHTS_CONSTANT: Rule = Rule {
    requires: "weights and bias are constant",
    advice: "fold the weights into the model before conversion",
    holds: |view| {
        parts_hold(view, |parts| parts.filter.is_const() && parts.bias.is_none_or(Tensor::is_const))
    },
};

pub(super) const FUSED_ACTIVATION: Rule = Rule {
    requires: "the fused activation is NONE, RELU, RELU6 or RELU_N1_TO_1",
    advice: "make the activation a layer of its own",
    holds: |view| range(fused_activation(&view.node.options)).is_some(),
};

pub(super) const QUANTISED: Rule = Rule {
    requires: "input, weights and output of integer type are quantised, input and output with one scale each",
    advice: "convert the model with full integer quantisation and a representative data set",
    holds: |view| {
        parts_hold(view, |parts| {
            let one = |tensor: &Tensor| !is_integer(tensor) || NodeView::is_per_tensor(Some(tensor));
            one(parts.input)
                && one(parts.output)
                && (!is_integer(parts.filter) || parts.filter.quant.is_some())
        })
    },
};

pub(super) const WEIGHT_SCALES: Rule = Rule {
    requires: "the weights have one scale, or one per output channel",
    advice: "quantise the weights per output channel or per tensor",
    holds: |view| {
        parts_hold(view, |parts| {
            parts.filter.quant.as_ref().is_none_or(|quant| {
                quant.scales.len() == 1
                    || (quant.scales.len() == parts.channels() && quant.axis == parts.channel_axis)
            })
        })
    },
};

pub(super) const WEIGHT_ZEROS: Rule = Rule {
    requires: "the zero points of the weights are 0",
    advice: "quantise the weights symmetrically, as the TensorFlow Lite converter does",
    holds: |view| {
        parts_hold(view, |parts| {
            parts.filter.quant.as_ref().is_none_or(|quant| {
                let one_for_all = view.node.op == BuiltinOp::FullyConnected && quant.scales.len() == 1;
                one_for_all && is_integer(parts.input) || quant.zero_points.iter().all(|&zero| zero == 0)
            })
        })
    },
};

pub(super) const BIAS_LENGTH: Rule = Rule {
    requires: "the bias, if any, has one element per output channel",
    advice: "the file is damaged or was not written by a converter: convert the model again",
    holds: |view| parts_hold(view, |parts| parts.bias.is_none_or(|bias| bias.elements() == parts.channels())),
};

pub(super) const BIAS_SCALE: Rule = Rule {
    requires: "the bias's scale is input scale · weight scale, within 2 % of the output's scale",
    advice: "the file is damaged or was not written by a converter: convert the model again",
    holds: |view| {
        parts_hold(view, |parts| {
            let (Some(bias), Some(weights)) =
                (parts.bias.and_then(|bias| bias.quant.as_ref()), parts.filter.quant.as_ref())
            else {
                return true;
            };
            let bias_zeros = bias.zero_points.iter().all(|&zero| zero == 0);
            let output = f64::from(parts.output.scale());
            let longest = bias.scales.len().max(weights.scales.len());
            let of = |scales: &[f32], channel: usize| {
                f64::from(scales.get(channel).or(scales.first()).copied().unwrap_or(0.0))
            };
            bias_zeros
                && (!is_integer(parts.input)
                    || (0..longest).all(|channel| {
                        let product = f64::from(parts.input.scale()) * of(&weights.scales, channel);
                        (product - of(&bias.scales, channel)).abs() <= 0.02 * output
                    }))
        })
    },
};

pub(super) const INT16_ZEROS: Rule = Rule {
    requires: "zero points of int16 inputs and outputs are 0",
    advice: "quantise int16 activations symmetrically, as the TensorFlow Lite converter does",
    holds: |view| {
        let all = (0..view.node.inputs.len())
            .map(|index| view.input(index))
            .chain((0..view.node.outputs.len()).map(|index| view.output(index)));
        all.flatten().all(|tensor| tensor.dtype != DType::Int16 || tensor.zero() == 0)
    },
};

/// The activation that an operator's options name.
pub(super) fn fused_activation(options: &Options) -> Activation {
    match options {
        Options::Conv2D { activation, .. }
        | Options::DepthwiseConv2D { activation, .. }
        | Options::FullyConnected { activation, .. }
        | Options::TransposeConv { activation, .. }
        | Options::Svdf { activation, .. } => *activation,
        _ => Activation::None,
    }
}

/// The limits that a fused activation sets on real numbers; `None` for one that is no limit.
pub(super) fn range(activation: Activation) -> Option<Range> {
    Some(match activation {
        Activation::None => Range::ALL,
        Activation::Relu => Range { min: 0.0, ..Range::ALL },
        Activation::Relu6 => Range { min: 0.0, max: 6.0 },
        Activation::ReluN1To1 => Range { min: -1.0, max: 1.0 },
        _ => return None,
    })
}

/// [`range`], of a node whose rules are kept.
pub(super) fn need_range(view: &NodeView<'_>) -> Result<Range, Reject> {
    range(fused_activation(&view.node.options))
        .ok_or_else(|| Reject::new("this fused activation is not supported", FUSED_ACTIVATION.advice))
}

/// The range that a fused activation leaves, in units of an output of type int8, uint8 or int16.
///
/// # Errors
/// When a limit cannot be written in the output's units.
pub(super) fn fused_clamp(activation: Activation, output: &Tensor) -> Result<Clamp, Reject> {
    let limits = match output.dtype {
        DType::Int16 => Clamp::I16,
        DType::Uint8 => Clamp::U8,
        _ => Clamp::I8,
    };
    let activation = match activation {
        Activation::Relu => FusedActivation::Relu,
        Activation::Relu6 => FusedActivation::Relu6,
        Activation::ReluN1To1 => FusedActivation::ReluN1To1,
        _ => FusedActivation::None,
    };
    activation.clamp(output.scale(), ZeroPoint(output.zero()), limits).ok_or_else(|| {
        Reject::malformed(format!("the activation's limits overflow at output scale {}", output.scale()))
    })
}

/// Per-channel factors from accumulators to outputs.
///
/// `factor` makes one of the scales of input, weights and output.
fn multipliers(
    parts: &Parts<'_>,
    factor: fn(f32, f32, f32) -> Option<Multiplier>,
) -> Result<Vec<Multiplier>, Reject> {
    let scales = parts.filter.quant.as_ref().map(|quant| quant.scales.as_slice()).unwrap_or_default();
    let of_channel = |channel: usize| {
        let scale = scales.get(channel).or(scales.first()).copied().unwrap_or(0.0);
        factor(parts.input.scale(), scale, parts.output.scale()).ok_or_else(|| {
            Reject::malformed(format!(
                "the scales of channel {channel} give a factor that cannot be represented"
            ))
        })
    };
    (0..parts.channels()).map(of_channel).collect()
}

/// [`multipliers`] as two constants: mantissas and shifts.
pub(super) fn factors(
    cx: &mut Lowering<'_>,
    parts: &Parts<'_>,
    factor: fn(f32, f32, f32) -> Option<Multiplier>,
) -> Result<[Slot; 2], Reject> {
    let multipliers = multipliers(parts, factor)?;
    let mantissas: Vec<i32> = multipliers.iter().map(|multiplier| multiplier.mantissa()).collect();
    let shifts: Vec<i8> = multipliers.iter().map(|multiplier| multiplier.shift()).collect();
    Ok([cx.constants(&mantissas), cx.constants(&shifts)])
}

/// A layer of int8 weights that are all known, for kernels that eat them packed; `folded` are biases in the place of
/// the model's.
pub(super) fn weighted(
    cx: &mut Lowering<'_>,
    view: &NodeView<'_>,
    folded: Option<&[i32]>,
) -> Result<Option<Weighted>, Reject> {
    if cx.options().isa == Isa::Portable {
        return Ok(None);
    }
    let parts = Parts::need(view)?;
    let known = (parts.input.dtype, parts.filter.dtype) == (DType::Int8, DType::Int8);
    let (true, Some(filter)) = (known, parts.filter.integers()) else { return Ok(None) };
    let bias = match (folded, parts.bias) {
        (Some(folded), _) => Some(folded.to_vec()),
        (None, Some(bias)) => bias.integers().map(|bias| bias.iter().map(|&bias| bias as i32).collect()),
        (None, None) => Some(vec![0; parts.channels()]),
    };
    let (Some(bias), Some(input), Some(output)) = (bias, view.input_id(0), view.output_id(0)) else {
        return Ok(None);
    };
    Ok(Some(Weighted {
        filter: filter.iter().map(|&weight| weight as i8).collect(),
        bias,
        multipliers: multipliers(&parts, product_ratio)?,
        input: cx.slot(input),
        output: cx.slot(output),
    }))
}

/// Rows above and columns left of an image that SAME padding adds.
fn same_pad(image: usize, output: usize, taps: usize, stride: usize, dilation: usize) -> usize {
    let reach = output.saturating_sub(1).saturating_mul(stride);
    let window = taps.saturating_sub(1).saturating_mul(dilation).saturating_add(1);
    reach.saturating_add(window).saturating_sub(image) / 2
}

/// How a window slides, as the options give it.
pub(super) struct Sliding {
    pub padding: Padding,
    pub stride: (i32, i32),
    pub dilation: (i32, i32),
    /// Padding that a PAD before it would have added.
    pub around: Pad,
}

impl Sliding {
    /// Outputs along one axis; `None` for strides, dilations or windows that no image has.
    fn outputs(&self, image: usize, taps: usize, stride: i32, dilation: i32) -> Option<usize> {
        let stride = usize::try_from(stride).ok().filter(|&stride| stride > 0)?;
        let dilation = usize::try_from(dilation).ok().filter(|&dilation| dilation > 0)?;
        let window = taps.checked_sub(1)?.checked_mul(dilation)?.checked_add(1)?;
        match self.padding {
            Padding::Same => Some(image.div_ceil(stride)),
            Padding::Valid => Some(image.checked_sub(window)? / stride + 1),
        }
    }

    /// Rows and columns of the output for an image of some rows and columns.
    pub(super) fn output(&self, image: (usize, usize), taps: (usize, usize)) -> Option<(usize, usize)> {
        let Pad { top, bottom, left, right } = self.around;
        let rows = image.0.checked_add(top)?.checked_add(bottom)?;
        let columns = image.1.checked_add(left)?.checked_add(right)?;
        Some((
            self.outputs(rows, taps.0, self.stride.0, self.dilation.0)?,
            self.outputs(columns, taps.1, self.stride.1, self.dilation.1)?,
        ))
    }
}

/// A size that a kernel counts in 16 bits.
pub(super) fn small(value: usize) -> Result<u16, Reject> {
    u16::try_from(value).map_err(|_| Reject::malformed(format!("{value} is too large")))
}

/// A stride or dilation.
pub(super) fn positive(value: i32) -> Result<u16, Reject> {
    i16::try_from(value)
        .ok()
        .and_then(|value| u16::try_from(value).ok())
        .filter(|&value| value > 0)
        .ok_or_else(|| Reject::malformed(format!("stride or dilation {value} is not in 1 to 32767")))
}

/// The height, width and channels of a tensor's images.
pub(super) fn hwc(h: usize, w: usize, c: usize) -> Hwc {
    Hwc { h: h as u32, w: w as u32, c: c as u32 }
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
    let stride = Yx { y: positive(sliding.stride.0)?, x: positive(sliding.stride.1)? };
    let dilation = Yx { y: positive(sliding.dilation.0)?, x: positive(sliding.dilation.1)? };
    let computed = sliding.output((ih, iw), taps);
    if computed != Some((oh, ow)) || input.shape[0] != output.shape[0] {
        return Err(Reject::malformed(match computed {
            Some((h, w)) => {
                format!("its output should have shape [{n}, {h}, {w}, {oc}], not {:?}", output.shape)
            }
            None => {
                format!("its window of {} by {} does not fit the input {:?}", taps.0, taps.1, input.shape)
            }
        }));
    }
    let pad = match sliding.padding {
        Padding::Same => Yx {
            y: small(same_pad(ih, oh, taps.0, stride.y.into(), dilation.y.into()))?,
            x: small(same_pad(iw, ow, taps.1, stride.x.into(), dilation.x.into()))?,
        },
        Padding::Valid => Yx { y: small(sliding.around.top)?, x: small(sliding.around.left)? },
    };
    Ok(Window {
        batch: n as u32,
        input: hwc(ih, iw, ic),
        output: hwc(oh, ow, oc),
        size: Yx { y: small(taps.0)?, x: small(taps.1)? },
        stride,
        dilation,
        pad,
    })
}

/// Whether the output of a convolution has the rows and columns that its window makes of the input.
pub(super) const OUTPUT_SIZE: Rule = Rule {
    requires: "strides and dilations are in 1 to 32767, and the output has the rows and columns that the window makes",
    advice: "the file is damaged or was not written by a converter: convert the model again",
    holds: |view| window_of(view).is_some(),
};

/// Where a CONV_2D or DEPTHWISE_CONV_2D reads; `None` for any other operator, and where shapes and options disagree.
pub(crate) fn window_of(view: &NodeView<'_>) -> Option<Window> {
    let Parts { input, filter, output, .. } = Parts::of(view)?;
    let around = view.node.pad.unwrap_or_default();
    let sliding = match view.node.options {
        Options::Conv2D { padding, stride_w, stride_h, dilation_w, dilation_h, .. }
        | Options::DepthwiseConv2D { padding, stride_w, stride_h, dilation_w, dilation_h, .. } => {
            Sliding { padding, stride: (stride_h, stride_w), dilation: (dilation_h, dilation_w), around }
        }
        _ => return None,
    };
    let &[_, kh, kw, _] = &filter.shape[..] else { return None };
    window(&sliding, input, (kh, kw), output).ok()
}

/// Where a layer's tensors are, whatever their position among the operator's inputs: output, input, weights, bias.
pub(super) fn slots(cx: &mut Lowering<'_>, view: &NodeView<'_>) -> Result<[Slot; 4], Reject> {
    slots_with(cx, view, None)
}

/// As [`slots`], with biases in the place of the model's, which then take no flash.
fn slots_with(
    cx: &mut Lowering<'_>,
    view: &NodeView<'_>,
    biases: Option<&[i32]>,
) -> Result<[Slot; 4], Reject> {
    let (input, bias) = if view.node.op == BuiltinOp::TransposeConv { (2, 3) } else { (0, 2) };
    let output = view.output_id(0).ok_or_else(|| Reject::malformed("it has no output"))?;
    Ok([
        cx.slot(output),
        cx.optional(view.input_id(input)),
        cx.optional(view.input_id(1)),
        match biases {
            Some(biases) => cx.constants(biases),
            None => cx.optional(view.input_id(bias)),
        },
    ])
}

/// Adds the step of a layer of integers.
pub(super) fn push_integers(
    cx: &mut Lowering<'_>,
    view: &NodeView<'_>,
    operator: impl Into<AnyOperator>,
    factor: fn(f32, f32, f32) -> Option<Multiplier>,
) -> Result<(), Reject> {
    push_folded(cx, view, operator, factor, None)
}

/// Adds the step of a layer of integers whose biases are not the model's.
pub(super) fn push_folded(
    cx: &mut Lowering<'_>,
    view: &NodeView<'_>,
    operator: impl Into<AnyOperator>,
    factor: fn(f32, f32, f32) -> Option<Multiplier>,
    bias: Option<&[i32]>,
) -> Result<(), Reject> {
    let [mantissas, shifts] = factors(cx, &Parts::need(view)?, factor)?;
    let [output, input, filter, bias] = slots_with(cx, view, bias)?;
    cx.push(operator, &[output, input, filter, bias, mantissas, shifts]);
    Ok(())
}

/// Adds the step of a layer of real numbers with int8 weights, whose items have `item` elements.
pub(super) fn push_hybrid(
    cx: &mut Lowering<'_>,
    view: &NodeView<'_>,
    operator: impl Into<AnyOperator>,
    item: usize,
) -> Result<(), Reject> {
    let parts = Parts::need(view)?;
    let stored = parts.filter.quant.as_ref().map(|quant| quant.scales.as_slice()).unwrap_or_default();
    let scale = |channel: usize| stored.get(channel).or(stored.first()).copied().unwrap_or(0.0);
    let scales: Vec<f32> = (0..parts.channels()).map(scale).collect();
    let scales = cx.constants(&scales);
    let quantized = cx.scratch(item, 4);
    let [output, input, filter, bias] = slots(cx, view)?;
    cx.push(operator, &[output, quantized, input, filter, bias, scales]);
    Ok(())
}
