//! Layers for the kernels of [`kernels::arch::compact`].

use std::{iter::StepBy, num::NonZeroU32, ops::Range};

use engine::ops::{
    AddCompact, AnyOperator, AveragePool2dCompact, AveragePool2dS8, Conv2dCompact, DepthwiseConv2dCompact,
    FullyConnectedCompact, SoftmaxCompact, SoftmaxS8,
};
use kernels::{
    Yx,
    arch::compact::{
        CompactAdd, CompactFactor, CompactFullyConnected, CompactLayer, CompactMean, CompactOutput,
        CompactWindow, PADDING,
    },
    reference::{Conv2d, DepthwiseConv2d, FullyConnected, Pool2d},
};
use quant::{Multiplier, Sum, ZeroPoint, rounded_quotient};
use tflite::BuiltinOp;

use super::{
    Weighted,
    scaled::{Outputs, Scaled},
    single_pixels,
};
use crate::ops::Lowering;

/// Adds the step of a convolution without groups.
pub(super) fn conv_2d(cx: &mut Lowering<'_>, conv: &Conv2d, layer: &Weighted) -> Option<()> {
    let window = conv.shape.window;
    if conv.shape.filter_c != window.input.c {
        return None;
    }
    let packed = CompactLayer {
        window: CompactWindow::of(&window)?,
        output: CompactOutput::of(conv.input_zero, conv.output_zero, conv.clamp)?,
    };
    if !packed.is_small() {
        return None;
    }
    let outputs = Outputs { zero: conv.output_zero, clamp: conv.clamp };
    let constants = constants(layer, conv.input_zero, outputs, rows(conv.shape.filter_elements()))?;
    push(cx, Conv2dCompact(packed), packed, layer, &constants);
    Some(())
}

/// Adds the step of a depthwise convolution with one filter per channel.
pub(super) fn depthwise_conv_2d(
    cx: &mut Lowering<'_>,
    conv: &DepthwiseConv2d,
    layer: &Weighted,
) -> Option<()> {
    let channels = conv.window.output.c;
    if conv.window.input.c != channels {
        return None;
    }
    let packed = CompactLayer {
        window: CompactWindow::of(&conv.window)?,
        output: CompactOutput::of(conv.input_zero, conv.output_zero, conv.clamp)?,
    };
    if !packed.is_small() {
        return None;
    }
    let outputs = Outputs { zero: conv.output_zero, clamp: conv.clamp };
    let (step, weights) = (channels.max(1) as usize, layer.filter.len());
    let constants = constants(layer, conv.input_zero, outputs, |channel| (channel..weights).step_by(step))?;
    push(cx, DepthwiseConv2dCompact(packed), packed, layer, &constants);
    Some(())
}

/// Adds the step of a product with a matrix: where there are convolutions, as one of them.
pub(super) fn fully_connected(
    cx: &mut Lowering<'_>,
    matrix: &FullyConnected,
    layer: &Weighted,
) -> Option<()> {
    let FullyConnected { shape, input_zero, output_zero, clamp, .. } = *matrix;
    if matrix.filter_zero.0 != 0 {
        return None;
    }
    // Vectors are read in words; a layer with a window lays them as it needs them.
    if cx.has(BuiltinOp::Conv2D) || shape.inputs % 4 != 0 {
        return conv_2d(cx, &single_pixels(matrix, shape.outputs), layer);
    }
    let packed = CompactFullyConnected {
        inputs: i16::try_from(shape.inputs).ok()?.cast_unsigned(),
        outputs: shape.outputs.try_into().ok()?,
        output: CompactOutput::of(input_zero, output_zero, clamp)?,
    };
    let outputs = Outputs { zero: output_zero, clamp };
    let constants = constants(layer, input_zero, outputs, rows(shape.inputs as usize))?;
    let operands = [layer.output, layer.input, cx.constant(&constants, 4)];
    cx.push(FullyConnectedCompact(packed), &operands);
    Some(())
}

/// The sum of two tensors of one shape.
pub(super) fn add(sum: &Sum) -> Option<AnyOperator> {
    Some(AddCompact(CompactAdd::of(sum)?).into())
}

/// An operator without weights, in few bytes.
pub(super) fn without_weights(operator: &AnyOperator) -> Option<AnyOperator> {
    match operator {
        AnyOperator::SoftmaxS8(SoftmaxS8(softmax)) => Some(SoftmaxCompact(*softmax).into()),
        AnyOperator::AveragePool2dS8(AveragePool2dS8(pool)) => Some(AveragePool2dCompact(mean(pool)?).into()),
        _ => None,
    }
}

/// Pixels of which the finer sum still is 30 bits.
const MOST_PIXELS: u32 = 1 << 14;

/// The mean that a pool over the whole of one image is, where one factor gives it of all sums that there can be.
fn mean(pool: &Pool2d) -> Option<CompactMean> {
    let window = &pool.window;
    let (pixels, none) = (u64::from(window.input.h) * u64::from(window.input.w), Yx { y: 0, x: 0 });
    let size = (u32::from(window.size.y), u32::from(window.size.x));
    let whole = size == (window.input.h, window.input.w)
        && (window.output.h, window.output.w, window.output.c) == (1, 1, window.input.c);
    if !whole || window.batch != 1 || window.pad != none {
        return None;
    }
    let count = NonZeroU32::new(u32::try_from(pixels).ok().filter(|&count| count <= MOST_PIXELS)?)?;
    let mean = CompactMean {
        factor: CompactFactor::of(Multiplier::from_real(
            1.0 / f64::from(count.get()) / f64::from(CompactMean::FINENESS),
        )?)?,
        output: CompactOutput::of(ZeroPoint(0), ZeroPoint(0), pool.clamp)?,
    };
    let ends = [i8::MIN, i8::MAX].map(|q| i32::from(q) * count.get() as i32);
    let exact = |sum| i32::from(mean.of_sum(sum)) == pool.clamp.apply(rounded_quotient(sum, count));
    (ends[0]..=ends[1]).all(exact).then_some(mean)
}

/// Adds a layer's step.
fn push(
    cx: &mut Lowering<'_>,
    operator: impl Into<AnyOperator>,
    packed: CompactLayer,
    layer: &Weighted,
    constants: &[u8],
) {
    let scratch = cx.scratch(packed.tap_elements() + PADDING, 4);
    let operands = [layer.output, layer.input, cx.constant(constants, 4), scratch];
    cx.push(operator, &operands);
}

/// Twice the biases with the input's zero folded in, and mantissas; exponents; weights. `places` is where a channel's weights
/// are. `None` where a factor is one half or more, or where a sum may be too large for it.
fn constants(
    layer: &Weighted,
    zero: ZeroPoint,
    outputs: Outputs,
    places: impl Fn(usize) -> StepBy<Range<usize>>,
) -> Option<Vec<u8>> {
    let (mut bytes, mut exponents, mut filter) = (Vec::new(), Vec::new(), layer.filter.clone());
    let mut left = filter.len();
    for channel in 0..layer.bias.len() {
        let weights: Vec<i8> = places(channel).map(|at| filter.get(at).copied()).collect::<Option<_>>()?;
        let scaled = Scaled::of(layer, &weights, channel, zero.0, outputs)?;
        left = left.checked_sub(weights.len())?;
        let total: i64 = weights.iter().copied().map(i64::from).sum();
        let folded = if scaled.is_constant { 0 } else { i64::from(zero.0) * total };
        bytes.extend(i32::try_from(2 * (scaled.bias - folded)).ok()?.to_le_bytes());
        bytes.extend(scaled.halving.mantissa.to_le_bytes());
        exponents.push(scaled.halving.exponent);
        if scaled.is_constant {
            places(channel).for_each(|at| filter[at] = 0);
        }
    }
    bytes.extend(exponents);
    bytes.extend(filter.into_iter().map(|weight| weight as u8));
    bytes.extend([0; PADDING]);
    (left == 0).then_some(bytes)
}

/// Where weights are in filters that follow each other.
fn rows(filter: usize) -> impl Fn(usize) -> StepBy<Range<usize>> {
    move |channel| (channel * filter..(channel + 1) * filter).step_by(1)
}
