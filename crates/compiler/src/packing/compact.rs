//! Layers for the kernels of [`kernels::arch::compact`].

use engine::ops::{
    AddCompact, AnyOperator, AveragePool2dCompact, AveragePool2dS8, Conv2dCompact, DepthwiseConv2dCompact,
    PointwiseCompact,
};
use kernels::{
    Window, Yx,
    arch::compact::{
        CompactConv2d, CompactDepthwise, CompactOutput, CompactPointwise, CompactPool, CompactWindow,
    },
    reference::{Conv2d, DepthwiseConv2d, FullyConnected},
};
use quant::Sum;

use super::{Weighted, single_pixels};
use crate::ops::Lowering;

/// Adds the step of a convolution without groups.
pub(super) fn conv_2d(cx: &mut Lowering<'_>, conv: &Conv2d, layer: &Weighted) -> Option<()> {
    let window = conv.shape.window;
    if conv.shape.filter_c != window.input.c {
        return None;
    }
    let output = CompactOutput::of(conv.input_zero, conv.output_zero, conv.clamp)?;
    let filters = layer.filter.chunks_exact(conv.shape.filter_elements().max(1));
    if filters.len() != layer.bias.len() {
        return None;
    }
    let fold = |(&bias, filter): (&i32, &[i8])| {
        let sum = filter.iter().fold(0i32, |sum, &weight| sum.wrapping_add(weight.into()));
        bias.wrapping_sub(conv.input_zero.0.wrapping_mul(sum))
    };
    let biases: Vec<i32> = layer.bias.iter().zip(filters).map(fold).collect();
    let constants = constants(&biases, layer)?;
    if is_pointwise(&window) {
        let (inputs, outputs) = (window.input.c.try_into().ok()?, window.output.c.try_into().ok()?);
        let operands = [layer.output, layer.input, cx.constant(&constants, 4)];
        cx.push(PointwiseCompact(CompactPointwise { inputs, outputs, output }), &operands);
        return Some(());
    }
    let packed = CompactConv2d { window: CompactWindow::of(&window)?, output };
    let scratch = cx.scratch(packed.filter_elements(), 4);
    let operands = [layer.output, layer.input, cx.constant(&constants, 4), scratch];
    cx.push(Conv2dCompact(packed), &operands);
    Some(())
}

/// Whether each output reads the one pixel under it.
fn is_pointwise(window: &Window) -> bool {
    let (one, none) = (Yx { y: 1, x: 1 }, Yx { y: 0, x: 0 });
    (window.size, window.stride, window.pad) == (one, one, none)
        && (window.input.h, window.input.w) == (window.output.h, window.output.w)
}

/// An operator without weights, in few bytes.
pub(super) fn without_weights(operator: &AnyOperator) -> Option<AnyOperator> {
    let AnyOperator::AveragePool2dS8(AveragePool2dS8(pool)) = operator else { return None };
    let window = CompactWindow::of(&pool.window)?;
    let [min, max] = [pool.clamp.min, pool.clamp.max].map(|end| i8::try_from(end).ok());
    let is_plain = pool.window.input.c == pool.window.output.c && pool.window.dilation == Yx { y: 1, x: 1 };
    is_plain.then_some(AveragePool2dCompact(CompactPool { window, min: min?, max: max? }).into())
}

/// Adds the step of a depthwise convolution with one filter per channel.
pub(super) fn depthwise_conv_2d(
    cx: &mut Lowering<'_>,
    conv: &DepthwiseConv2d,
    layer: &Weighted,
) -> Option<()> {
    let output = CompactOutput::of(conv.input_zero, conv.output_zero, conv.clamp)?;
    if conv.window.input.c != conv.window.output.c {
        return None;
    }
    let packed = CompactDepthwise { window: CompactWindow::of(&conv.window)?, output };
    let constants = constants(&layer.bias, layer)?;
    let operands = [layer.output, layer.input, cx.constant(&constants, 4)];
    cx.push(DepthwiseConv2dCompact(packed), &operands);
    Some(())
}

/// Adds the step of a product with a matrix: a convolution of single pixels, as many as there are vectors.
pub(super) fn fully_connected(
    cx: &mut Lowering<'_>,
    matrix: &FullyConnected,
    layer: &Weighted,
) -> Option<()> {
    if matrix.filter_zero.0 != 0 {
        return None;
    }
    conv_2d(cx, &single_pixels(matrix, matrix.shape.outputs), layer)
}

/// The sum of two tensors of one shape.
pub(super) fn add(sum: &Sum) -> AnyOperator {
    AddCompact(*sum).into()
}

/// Biases and mantissas, shifts, weights.
fn constants(biases: &[i32], layer: &Weighted) -> Option<Vec<u8>> {
    if biases.len() != layer.multipliers.len() {
        return None;
    }
    let mut bytes = Vec::new();
    for (bias, multiplier) in biases.iter().zip(&layer.multipliers) {
        bytes.extend(bias.to_le_bytes());
        bytes.extend(multiplier.mantissa().to_le_bytes());
    }
    bytes.extend(layer.multipliers.iter().map(|multiplier| multiplier.shift() as u8));
    bytes.extend(layer.filter.iter().map(|&weight| weight as u8));
    Some(bytes)
}
