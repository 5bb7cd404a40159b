//! Weights for Helium: see [`kernels::arch::armv8_1m_mve`].

use engine::ops::{
    AddMve, AnyOperator, AveragePool2dMve, AveragePool2dS8, Conv2dMve, DepthwiseConv2dMve, FullyConnectedMve,
};
use kernels::arch::armv8_1m_mve::{
    HeliumAdd, HeliumAveragePool2d, HeliumConv2d, HeliumDepthwiseConv2d, HeliumFullyConnected, slack,
};
use kernels::reference::{Conv2d, DepthwiseConv2d, FullyConnected};
use quant::{ByProducts, Clamp, Multiplier, Sum, ZeroPoint};

use super::Weighted;
use crate::ops::{Lowering, Slot};

/// Output channels that the inner loop takes together.
const QUAD: usize = 4;

/// Elements in a vector.
const LANES: usize = 16;

pub(super) fn conv_2d(cx: &mut Lowering<'_>, conv: &Conv2d, layer: &Weighted) -> bool {
    if conv.shape.filter_c != conv.shape.window.input.c {
        return false;
    }
    let depth = conv.shape.filter_elements();
    let (Some(finish), Ok(_)) =
        (finish(layer, conv.output_zero, conv.clamp), i8::try_from(conv.input_zero.0))
    else {
        return false;
    };
    let packed = HeliumConv2d { shape: conv.shape, outside: conv.input_zero, finish };
    let (Some(scratch), Some(constants)) =
        (packed.scratch_bytes(), Packed::of(layer, depth, conv.input_zero))
    else {
        return false;
    };
    push(cx, Conv2dMve(packed), layer, &constants, scratch);
    true
}

pub(super) fn fully_connected(cx: &mut Lowering<'_>, matrix: &FullyConnected, layer: &Weighted) -> bool {
    if matrix.filter_zero != ZeroPoint(0) {
        return false;
    }
    let (Some(finish), Some(constants)) = (
        finish(layer, matrix.output_zero, matrix.clamp),
        Packed::of(layer, matrix.shape.inputs as usize, matrix.input_zero),
    ) else {
        return false;
    };
    push(cx, FullyConnectedMve(HeliumFullyConnected { shape: matrix.shape, finish }), layer, &constants, 0);
    true
}

pub(super) fn depthwise_conv_2d(cx: &mut Lowering<'_>, conv: &DepthwiseConv2d, layer: &Weighted) -> bool {
    let (Some(finish), Ok(_)) =
        (finish(layer, conv.output_zero, conv.clamp), i8::try_from(conv.input_zero.0))
    else {
        return false;
    };
    let Some(packed) = HeliumDepthwiseConv2d::new(conv.window, conv.input_zero, finish) else { return false };
    let (Some(scratch), Some(constants)) =
        (packed.scratch_bytes(), Packed::channel_by_channel(layer, conv.window.taps(), conv.input_zero))
    else {
        return false;
    };
    push(cx, DepthwiseConv2dMve(packed), layer, &constants, scratch);
    true
}

/// The sum of two tensors of one shape.
pub(super) fn add(sum: &Sum) -> Option<AnyOperator> {
    HeliumAdd::new(*sum).map(|add| AddMve(add).into())
}

/// The same operator for Helium, on the same operands, if there is one.
pub(super) fn without_weights(operator: &AnyOperator) -> Option<AnyOperator> {
    match *operator {
        AnyOperator::AveragePool2dS8(AveragePool2dS8(pool)) => {
            HeliumAveragePool2d::new(pool).map(|pool| AveragePool2dMve(pool).into())
        }
        _ => None,
    }
}

/// How the layer's sums become outputs, where two products can do it.
fn finish(layer: &Weighted, zero: ZeroPoint, clamp: Clamp) -> Option<ByProducts> {
    ByProducts::new(layer.multipliers.iter().copied(), zero, clamp)
}

/// The constants of a step.
struct Packed {
    weights: Vec<i8>,
    constants: Vec<i32>,
    exponents: Vec<i8>,
}

impl Packed {
    /// Packs filters of `depth` elements, one behind the other.
    fn of(layer: &Weighted, depth: usize, input_zero: ZeroPoint) -> Option<Self> {
        let filters: Vec<&[i8]> = layer.filter.chunks_exact(depth.max(1)).collect();
        if depth == 0 || filters.len() != layer.multipliers.len() {
            return None;
        }
        let biases = folded(layer, &filters, input_zero)?;
        let mantissas: Vec<i32> = layer.multipliers.iter().map(|factor| factor.mantissa()).collect();
        let mut packed = Self {
            weights: Vec::with_capacity(layer.filter.len() + LANES),
            constants: Vec::with_capacity(2 * filters.len()),
            exponents: exponents(&layer.multipliers)?,
        };
        for quad in filters.chunks_exact(QUAD) {
            for first in (0..depth).step_by(LANES) {
                for filter in quad {
                    packed.weights.extend(filter.iter().skip(first).take(LANES));
                }
            }
        }
        for filter in filters.chunks_exact(QUAD).remainder() {
            packed.weights.extend(*filter);
        }
        packed.weights.resize(packed.weights.len() + slack(depth), 0);
        for (biases, mantissas) in biases.chunks(QUAD).zip(mantissas.chunks(QUAD)) {
            packed.constants.extend(biases);
            packed.constants.extend(mantissas);
        }
        Some(packed)
    }

    /// Packs filters whose channels lie side by side, `taps` one behind the other.
    fn channel_by_channel(layer: &Weighted, taps: usize, input_zero: ZeroPoint) -> Option<Self> {
        let channels = layer.multipliers.len();
        if taps == 0 || channels == 0 || layer.filter.len() != taps * channels {
            return None;
        }
        let weights: Vec<i8> = (0..channels)
            .flat_map(|channel| layer.filter.iter().skip(channel).step_by(channels).copied())
            .collect();
        let filters: Vec<&[i8]> = weights.chunks_exact(taps).collect();
        let biases = folded(layer, &filters, input_zero)?;
        let mantissas = layer.multipliers.iter().map(|factor| factor.mantissa());
        let constants = biases.into_iter().zip(mantissas).flat_map(<[i32; 2]>::from).collect();
        Some(Self { constants, exponents: exponents(&layer.multipliers)?, weights })
    }
}

/// Biases with the input's zero in them: also a tap outside the image reads a zero, so this holds there too.
fn folded(layer: &Weighted, filters: &[&[i8]], input_zero: ZeroPoint) -> Option<Vec<i32>> {
    if layer.bias.len() != filters.len() {
        return None;
    }
    let fold = |(&bias, filter): (&i32, &&[i8])| {
        let sum = filter.iter().fold(0i32, |sum, &weight| sum.wrapping_add(weight.into()));
        bias.wrapping_sub(input_zero.0.wrapping_mul(sum))
    };
    Some(layer.bias.iter().zip(filters).map(fold).collect())
}

fn exponents(multipliers: &[Multiplier]) -> Option<Vec<i8>> {
    multipliers.iter().map(|&factor| ByProducts::exponent(factor).map(|exponent| exponent as i8)).collect()
}

fn push(
    cx: &mut Lowering<'_>,
    operator: impl Into<AnyOperator>,
    layer: &Weighted,
    packed: &Packed,
    scratch: usize,
) {
    let weights = cx.constants(&packed.weights);
    let constants = cx.constants(&packed.constants);
    let exponents = cx.constants(&packed.exponents);
    let scratch = if scratch == 0 { Slot::Absent } else { cx.scratch(scratch.next_multiple_of(4), 4) };
    cx.push(operator, &[layer.output, layer.input, weights, constants, exponents, scratch]);
}
