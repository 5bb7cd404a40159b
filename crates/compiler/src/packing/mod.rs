//! Weights packed for an instruction set: which layers have such a kernel, and what it eats. A file per
//! instruction set.
//!
//! A layer that no kernel of [`CompileOptions::isa`](crate::CompileOptions::isa) takes runs on those for any core in
//! little code, on a microcontroller, where it is enough of the network; and one that neither take on the portable ones,
//! with its weights as the model has them.

mod armv7em;
mod armv8_1m_mve;
mod compact;
mod groups;
mod hosts;
mod narrow;
mod scaled;
mod weighted;
mod wide;

use engine::ops::AnyOperator;
use kernels::{
    Window,
    reference::{Conv2d, DepthwiseConv2d, FullyConnected},
};
use quant::Sum;
use tflite::BuiltinOp;

pub(crate) use self::weighted::Weighted;
use self::{hosts::Host, weighted::single_pixels};
use crate::{
    Isa,
    ops::{Lowering, total_macs},
};

/// Adds the step of a convolution; whether there is a kernel for it.
pub(crate) fn conv_2d(cx: &mut Lowering<'_>, conv: &Conv2d, layer: &Weighted) -> bool {
    own_conv_2d(cx, conv, layer)
        || is_worth_compact(cx, layer, pixels(&conv.shape.window))
            && compact::conv_2d(cx, conv, layer).is_some()
}

/// A layer that the instruction set's own kernels do not take is worth code for any core, which is faster than the portable
/// one, from this part of the network's multiply-adds on: one in so many.
const WORTH: u64 = 256;

/// Whether a microcontroller is to run a layer on the kernels for any core; `uses` is how often it multiplies each weight.
fn is_worth_compact(cx: &Lowering<'_>, layer: &Weighted, uses: u64) -> bool {
    let is_micro =
        matches!(cx.options().isa, Isa::Armv6m | Isa::Armv7m | Isa::Armv7em | Isa::Mve | Isa::Riscv32);
    let macs = uses.saturating_mul(layer.filter.len() as u64);
    is_micro && macs.saturating_mul(WORTH) >= total_macs(cx.graph())
}

fn pixels(window: &Window) -> u64 {
    [window.batch, window.output.h, window.output.w]
        .into_iter()
        .fold(1, |product, size| product.saturating_mul(u64::from(size)))
}

fn own_conv_2d(cx: &mut Lowering<'_>, conv: &Conv2d, layer: &Weighted) -> bool {
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
    // There the portable kernel takes half as long: 11 and 12 cycles per multiply-add, not 25 and 29.
    let has_faster = matches!(cx.options().isa, Isa::Armv7m | Isa::Riscv32);
    own_depthwise_conv_2d(cx, conv, layer)
        || !has_faster
            && is_worth_compact(cx, layer, pixels(&conv.window))
            && compact::depthwise_conv_2d(cx, conv, layer).is_some()
}

fn own_depthwise_conv_2d(cx: &mut Lowering<'_>, conv: &DepthwiseConv2d, layer: &Weighted) -> bool {
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
        if own_conv_2d(cx, &conv, layer) {
            return true;
        }
    }
    own_fully_connected(cx, matrix, layer)
        || is_worth_compact(cx, layer, matrix.shape.batch.into())
            && compact::fully_connected(cx, matrix, layer).is_some()
}

fn own_fully_connected(cx: &mut Lowering<'_>, matrix: &FullyConnected, layer: &Weighted) -> bool {
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

/// An operator without weights, or the one that takes its place on an instruction set, with the same operands.
pub(crate) fn without_weights(isa: Isa, operator: AnyOperator) -> AnyOperator {
    let own = match isa {
        Isa::Mve => armv8_1m_mve::without_weights(&operator),
        Isa::Compact => compact::without_weights(&operator),
        _ => None,
    };
    own.unwrap_or(operator)
}
