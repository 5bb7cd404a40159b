//! Kernels of hosts: one packing, and operators that differ in the instruction set alone.

use engine::ops::{
    AddAarch64, AddX86_64, AnyOperator, Conv2dAarch64, Conv2dX86_64, DepthwiseConv2dAarch64,
    DepthwiseConv2dX86_64, FullyConnectedAarch64, FullyConnectedX86_64,
};
use kernels::{
    arch::{
        aarch64,
        wide::{Level, can_add},
        x86_64,
    },
    reference::{Conv2d, DepthwiseConv2d, FullyConnected},
};
use quant::Sum;

use super::{
    Weighted, groups,
    wide::{self, Packed},
};
use crate::ops::Lowering;

/// What factors and weights are aligned to: a line of the cache.
const ALIGN: usize = 64;

/// Groups up to which the kernels lose less by multiplying zeros than they gain.
const MOST_GROUPS: usize = 32;

/// The instruction sets of hosts.
#[derive(Clone, Copy)]
pub(super) enum Host {
    X86_64,
    Aarch64,
}

impl Host {
    /// What the kernels add to every input byte.
    const fn input_bias(self) -> i32 {
        match self {
            Self::X86_64 => x86_64::Level::INPUT_BIAS,
            Self::Aarch64 => aarch64::Level::INPUT_BIAS,
        }
    }

    fn pick(self, x86_64: impl Into<AnyOperator>, aarch64: impl Into<AnyOperator>) -> AnyOperator {
        match self {
            Self::X86_64 => x86_64.into(),
            Self::Aarch64 => aarch64.into(),
        }
    }

    pub fn conv_2d(self, cx: &mut Lowering<'_>, conv: &Conv2d, layer: &Weighted) -> bool {
        let operator = |conv| self.pick(Conv2dX86_64(conv), Conv2dAarch64(conv));
        if conv.shape.filter_c == conv.shape.window.input.c {
            return push(cx, layer, wide::conv_2d(conv, layer, self.input_bias()), operator);
        }
        let Some((conv, layer)) = groups::dissolved(conv, layer, MOST_GROUPS) else { return false };
        push(cx, &layer, wide::conv_2d(&conv, &layer, self.input_bias()), operator)
    }

    pub fn depthwise_conv_2d(self, cx: &mut Lowering<'_>, conv: &DepthwiseConv2d, layer: &Weighted) -> bool {
        if conv.window.input.c == 1 || conv.window.input.c != conv.window.output.c {
            let (conv, layer) = groups::of_channels(conv, layer);
            return self.conv_2d(cx, &conv, &layer);
        }
        let packed = wide::depthwise_conv_2d(conv, layer, self.input_bias());
        let operator = |conv| self.pick(DepthwiseConv2dX86_64(conv), DepthwiseConv2dAarch64(conv));
        push(cx, layer, packed, operator)
    }

    pub fn fully_connected(self, cx: &mut Lowering<'_>, matrix: &FullyConnected, layer: &Weighted) -> bool {
        let conv = wide::matrix_as_convolution(matrix);
        let packed = conv.and_then(|conv| wide::conv_2d(&conv, layer, self.input_bias()));
        push(cx, layer, packed, |conv| self.pick(FullyConnectedX86_64(conv), FullyConnectedAarch64(conv)))
    }

    pub fn add(self, sum: &Sum) -> Option<AnyOperator> {
        can_add(sum).then(|| self.pick(AddX86_64(*sum), AddAarch64(*sum)))
    }
}

fn push<L>(
    cx: &mut Lowering<'_>,
    layer: &Weighted,
    packed: Option<Packed<L>>,
    operator: impl FnOnce(L) -> AnyOperator,
) -> bool {
    let Some(packed) = packed else { return false };
    let scratch = cx.scratch(packed.scratch_bytes, ALIGN);
    let weights = cx.constant(&packed.bytes, ALIGN);
    cx.push(operator(packed.layer), &[layer.output, scratch, layer.input, weights]);
    true
}
