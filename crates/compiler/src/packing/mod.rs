//! Weights packed for an instruction set: which layers have such a kernel, and what it eats. A file per
//! instruction set.
//!
//! A layer that no kernel of [`CompileOptions::isa`](crate::CompileOptions::isa) takes runs on the portable ones, with
//! its weights as the model has them.

mod armv7em;
mod armv8_1m_mve;
mod compact;
mod hosts;
mod narrow;
mod scaled;
mod wide;

use engine::ops::AnyOperator;
use kernels::{
    Hwc, Window, Yx,
    reference::{Conv2d, ConvShape, DepthwiseConv2d, FullyConnected},
};
use quant::{Multiplier, Sum};
use tflite::BuiltinOp;

use self::hosts::Host;
use crate::{
    Isa,
    ops::{Lowering, Slot},
};

/// A layer of int8 activations and int8 weights, all of them known.
pub(crate) struct Weighted {
    /// As the model has them: OHWI for a convolution, HWO for a depthwise one, output by input for a matrix.
    pub filter: Vec<i8>,
    /// One per output channel; what the kernel's parameters say of the input's zero point holds of them too.
    pub bias: Vec<i32>,
    /// One per output channel.
    pub multipliers: Vec<Multiplier>,
    /// What the layer reads.
    pub input: Slot,
    /// What it writes.
    pub output: Slot,
}

/// Adds the step of a convolution; whether there is a kernel for it.
pub(crate) fn conv_2d(cx: &mut Lowering<'_>, conv: &Conv2d, layer: &Weighted) -> bool {
    match cx.options().isa {
        Isa::Armv6m | Isa::Armv7m | Isa::Riscv32 => narrow::conv_2d(cx, conv, layer),
        Isa::Armv7em => armv7em::conv_2d(cx, conv, layer).is_some(),
        Isa::Compact => compact::conv_2d(cx, conv, layer).is_some(),
        Isa::Mve => armv8_1m_mve::conv_2d(cx, conv, layer),
        Isa::X86_64 => Host::X86_64.conv_2d(cx, conv, layer),
        Isa::Aarch64 => Host::Aarch64.conv_2d(cx, conv, layer),
        _ => false,
    }
}

/// Adds the step of a depthwise convolution; whether there is a kernel for it.
pub(crate) fn depthwise_conv_2d(cx: &mut Lowering<'_>, conv: &DepthwiseConv2d, layer: &Weighted) -> bool {
    match cx.options().isa {
        Isa::Armv6m | Isa::Armv7m | Isa::Riscv32 => narrow::depthwise_conv_2d(cx, conv, layer),
        Isa::Mve => armv8_1m_mve::depthwise_conv_2d(cx, conv, layer),
        Isa::X86_64 => Host::X86_64.depthwise_conv_2d(cx, conv, layer),
        Isa::Aarch64 => Host::Aarch64.depthwise_conv_2d(cx, conv, layer),
        Isa::Armv7em => armv7em::depthwise_conv_2d(cx, conv, layer).is_some(),
        Isa::Compact => compact::depthwise_conv_2d(cx, conv, layer).is_some(),
        _ => false,
    }
}

/// Products up to which a matrix is not worth a kernel of its own, beside one for convolutions.
const FEW_PRODUCTS: usize = 4096;

/// Adds the step of a product with a matrix; whether there is a kernel for it.
pub(crate) fn fully_connected(cx: &mut Lowering<'_>, matrix: &FullyConnected, layer: &Weighted) -> bool {
    if layer.filter.len() <= FEW_PRODUCTS && matrix.filter_zero.0 == 0 && cx.has(BuiltinOp::Conv2D) {
        let conv = single_pixels(matrix, matrix.shape.outputs);
        if conv_2d(cx, &conv, layer) {
            return true;
        }
    }
    match cx.options().isa {
        Isa::Armv6m | Isa::Armv7m | Isa::Riscv32 => narrow::fully_connected(cx, matrix, layer),
        Isa::Armv7em => armv7em::fully_connected(cx, matrix, layer).is_some(),
        Isa::Compact => compact::fully_connected(cx, matrix, layer).is_some(),
        Isa::Mve => armv8_1m_mve::fully_connected(cx, matrix, layer),
        Isa::X86_64 => Host::X86_64.fully_connected(cx, matrix, layer),
        Isa::Aarch64 => Host::Aarch64.fully_connected(cx, matrix, layer),
        _ => false,
    }
}

/// The kernel for an addition of int8 tensors of the same shape, if there is one: operands are those of the portable one.
pub(crate) fn add(cx: &Lowering<'_>, sum: &Sum) -> Option<AnyOperator> {
    match cx.options().isa {
        Isa::X86_64 => Host::X86_64.add(sum),
        Isa::Aarch64 => Host::Aarch64.add(sum),
        Isa::Mve => armv8_1m_mve::add(sum),
        Isa::Armv7em => armv7em::add(sum),
        Isa::Compact => compact::add(sum),
        _ => None,
    }
}

/// Which operands of an [`add`] its output may take the place of.
pub(crate) fn add_overwrites(operator: &AnyOperator) -> &'static [usize] {
    if matches!(operator, AnyOperator::AddCompact(_)) { &[] } else { &[1, 2] }
}

/// A product with a matrix, or with the first `outputs` rows of one, as a convolution of single pixels: as many as there
/// are vectors.
fn single_pixels(matrix: &FullyConnected, outputs: u32) -> Conv2d {
    let FullyConnected { shape, input_zero, output_zero, clamp, .. } = *matrix;
    let image = |c| Hwc { h: 1, w: shape.batch, c };
    let one = Yx { y: 1, x: 1 };
    let window = Window {
        batch: 1,
        input: image(shape.inputs),
        output: image(outputs),
        size: one,
        stride: one,
        dilation: one,
        pad: Yx { y: 0, x: 0 },
    };
    Conv2d { shape: ConvShape { window, filter_c: shape.inputs }, input_zero, output_zero, clamp }
}

/// An operator without weights, or the one that takes its place on an instruction set, with the same operands.
pub(crate) fn without_weights(isa: Isa, operator: AnyOperator) -> AnyOperator {
    let own = match isa {
        Isa::Mve => armv8_1m_mve::without_weights(&operator),
        Isa::Compact => compact::without_weights(&operator),
        _ => None,
    };
    own.unwrap_or(operator)
}
