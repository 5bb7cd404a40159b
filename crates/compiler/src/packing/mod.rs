//! Weights packed for an instruction set: which layers have such a kernel, and what it eats. A file per
//! instruction set.
//!
//! A layer that no kernel of [`CompileOptions::isa`](crate::CompileOptions::isa) takes runs on the portable ones, with
//! its weights as the model has them.

mod armv7em;
mod armv8_1m_mve;
mod hosts;
mod narrow;
mod wide;

use engine::ops::AnyOperator;
use kernels::reference::{Conv2d, DepthwiseConv2d, FullyConnected};
use quant::{Multiplier, Sum};

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
        _ => false,
    }
}

/// Adds the step of a product with a matrix; whether there is a kernel for it.
pub(crate) fn fully_connected(cx: &mut Lowering<'_>, matrix: &FullyConnected, layer: &Weighted) -> bool {
    match cx.options().isa {
        Isa::Armv6m | Isa::Armv7m | Isa::Riscv32 => narrow::fully_connected(cx, matrix, layer),
        Isa::Armv7em => armv7em::fully_connected(cx, matrix, layer).is_some(),
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
        _ => None,
    }
}

/// An operator without weights, or the one that takes its place on an instruction set, with the same operands.
pub(crate) fn without_weights(isa: Isa, operator: AnyOperator) -> AnyOperator {
    let own = match isa {
        Isa::Mve => armv8_1m_mve::without_weights(&operator),
        _ => None,
    };
    own.unwrap_or(operator)
}
