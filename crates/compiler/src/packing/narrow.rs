//! Layers packed for cores that multiply 32 by 32 bits into 32.

use engine::ops::{
    AnyOperator, Conv2dArmv6m, Conv2dArmv7m, Conv2dRiscv32, DepthwiseConv2dArmv6m, DepthwiseConv2dArmv7m,
    DepthwiseConv2dRiscv32, FullyConnectedArmv6m, FullyConnectedArmv7m, FullyConnectedRiscv32,
};
use kernels::{
    arch::{
        Isa,
        narrow::{
            ColumnDepthwise, PackedMatrix, PairedConv2d,
            inner::{Chain, MAX_CHAINS, MAX_SUM},
        },
    },
    reference::{Conv2d, DepthwiseConv2d, FullyConnected},
};
use quant::{GuardedOutput, Multiplier, ZeroPoint};

use super::Weighted;
use crate::ops::Lowering;

/// The magnitude that weights of one chain may add up to: the sum of their products with int8 has 16 bits.
const MAX_CHAIN_WEIGHT: i32 = (i16::MAX as i32) / 128;

/// Above this the lower 24 bits cannot say that a place is closed.
const MAX_GUARD: u32 = 1 << 24;

/// Adds the step of a convolution; whether there is a kernel for it.
pub(super) fn conv_2d(cx: &mut Lowering<'_>, conv: &Conv2d, layer: &Weighted) -> bool {
    pack_conv_2d(cx, conv, layer).is_some()
}

fn pack_conv_2d(cx: &mut Lowering<'_>, conv: &Conv2d, layer: &Weighted) -> Option<()> {
    let window = conv.shape.window;
    if conv.shape.filter_c != window.input.c {
        return None;
    }
    let taps = conv.shape.filter_elements();
    let mut filters: Vec<Vec<i8>> = layer.filter.chunks_exact(taps.max(1)).map(<[i8]>::to_vec).collect();
    let (output, constants) = constants(conv, layer, &mut filters, chain)?;
    let packed = PairedConv2d { window, input_zero: byte(conv.input_zero)?, output };
    let scratch = packed.scratch_bytes()?;
    let weights = filters.iter().flat_map(|filter| words(filter)).collect();
    let operator = match cx.options().isa {
        Isa::Armv6m => Conv2dArmv6m(packed).into(),
        Isa::Armv7m => Conv2dArmv7m(packed).into(),
        Isa::Riscv32 => Conv2dRiscv32(packed).into(),
        _ => return None,
    };
    push(cx, operator, layer, weights, constants, scratch)
}

/// Adds the step of a depthwise convolution; whether there is a kernel for it.
pub(super) fn depthwise_conv_2d(cx: &mut Lowering<'_>, conv: &DepthwiseConv2d, layer: &Weighted) -> bool {
    pack_depthwise_conv_2d(cx, conv, layer).is_some()
}

fn pack_depthwise_conv_2d(cx: &mut Lowering<'_>, conv: &DepthwiseConv2d, layer: &Weighted) -> Option<()> {
    let window = conv.window;
    let channels = window.output.c as usize;
    let mut packed = ColumnDepthwise { window, input_zero: byte(conv.input_zero)?, output: conv.output() };
    if !packed.is_supported() {
        return None;
    }
    let mut filters: Vec<Vec<i8>> = (0..channels)
        .map(|channel| layer.filter.iter().skip(channel).step_by(channels).copied().collect())
        .collect();
    let width = usize::from(window.size.x);
    let (output, constants) = constants(conv, layer, &mut filters, |filter| column_chain(filter, width))?;
    packed.output = output;
    let scratch = packed.scratch_bytes()?;
    let weights = filters.iter().flatten().map(|&weight| weight as u8).collect();
    let operator = match cx.options().isa {
        Isa::Armv6m => DepthwiseConv2dArmv6m(packed).into(),
        Isa::Armv7m => DepthwiseConv2dArmv7m(packed).into(),
        Isa::Riscv32 => DepthwiseConv2dRiscv32(packed).into(),
        _ => return None,
    };
    push(cx, operator, layer, weights, constants, scratch)
}

/// Adds the step of a product with a matrix; whether there is a kernel for it.
pub(super) fn fully_connected(cx: &mut Lowering<'_>, matrix: &FullyConnected, layer: &Weighted) -> bool {
    pack_fully_connected(cx, matrix, layer).is_some()
}

fn pack_fully_connected(cx: &mut Lowering<'_>, matrix: &FullyConnected, layer: &Weighted) -> Option<()> {
    if matrix.filter_zero.0 != 0 {
        return None;
    }
    let inputs = (matrix.shape.inputs as usize).max(1);
    let mut rows: Vec<Vec<i8>> = layer.filter.chunks_exact(inputs).map(<[i8]>::to_vec).collect();
    let (output, constants) = constants(matrix, layer, &mut rows, |_| Some(Chain::Two))?;
    let packed = PackedMatrix { shape: matrix.shape, output };
    let scratch = packed.scratch_bytes()?;
    let weights = rows.iter().flat_map(|row| words(row)).map(|weight| weight ^ 0x80).collect();
    let operator = match cx.options().isa {
        Isa::Armv6m => FullyConnectedArmv6m(packed).into(),
        Isa::Armv7m => FullyConnectedArmv7m(packed).into(),
        Isa::Riscv32 => FullyConnectedRiscv32(packed).into(),
        _ => return None,
    };
    push(cx, operator, layer, weights, constants, scratch)
}

/// What the layers have in common.
trait Layer {
    fn input_zero(&self) -> ZeroPoint;
    fn output(&self) -> GuardedOutput;
}

macro_rules! layers {
    ($($layer:ty)*) => {$(
        impl Layer for $layer {
            fn input_zero(&self) -> ZeroPoint {
                self.input_zero
            }
            fn output(&self) -> GuardedOutput {
                GuardedOutput { zero: self.output_zero, clamp: self.clamp, guard: 0 }
            }
        }
    )*};
}

layers! { Conv2d DepthwiseConv2d FullyConnected }

/// Replaces filters whose output is the same whatever they read by filters of zeros, with the bias that gives it: what
/// they add up to may be far outside the range in which the guarded product works.
fn settle(
    conv: &impl Layer,
    layer: &Weighted,
    filters: &mut [Vec<i8>],
) -> Option<(Vec<i32>, Vec<Multiplier>)> {
    let GuardedOutput { zero, clamp, .. } = conv.output();
    let input_zero = byte(conv.input_zero())?.0;
    let (mut biases, mut multipliers) = (Vec::new(), Vec::new());
    if filters.len() != layer.bias.len() || filters.len() != layer.multipliers.len() {
        return None;
    }
    for (filter, (&bias, &multiplier)) in filters.iter_mut().zip(layer.bias.iter().zip(&layer.multipliers)) {
        let (bias, least, most) = reach(bias, input_zero, filter)?;
        let given = |acc: i32| multiplier.requantize(acc, zero, clamp);
        if multiplier.mantissa() >= 0 && given(least) == given(most) {
            filter.fill(0);
            // The factor 1/2.
            biases.push(2 * (given(least) - zero.0));
            multipliers.push(Multiplier::new(1 << 30, 0)?);
        } else {
            biases.push(bias);
            multipliers.push(multiplier);
        }
    }
    Some((biases, multipliers))
}

/// A bias with the input's zero in it, and the least and the greatest accumulator; `None` when it may wrap.
fn reach(bias: i32, zero: i32, filter: &[i8]) -> Option<(i32, i32, i32)> {
    let weights = || filter.iter().map(|&weight| i64::from(weight));
    let folded = i64::from(bias) - i64::from(zero) * weights().sum::<i64>();
    let least = folded + weights().map(|weight| (weight * -128).min(weight * 127)).sum::<i64>();
    let most = folded + weights().map(|weight| (weight * -128).max(weight * 127)).sum::<i64>();
    Some((folded.try_into().ok()?, least.try_into().ok()?, most.try_into().ok()?))
}

/// Biases, mantissas and marks, one, one and three per channel.
struct Constants {
    bias: Vec<i32>,
    mantissas: Vec<i32>,
    marks: Vec<u8>,
}

/// The per-channel constants, and the output with the guard that all channels need.
fn constants(
    conv: &impl Layer,
    layer: &Weighted,
    filters: &mut [Vec<i8>],
    chain: impl Fn(&[i8]) -> Option<Chain>,
) -> Option<(GuardedOutput, Constants)> {
    let mut output = conv.output();
    let (biases, multipliers) = settle(conv, layer, filters)?;
    let mut constants = Constants { bias: Vec::new(), mantissas: Vec::new(), marks: Vec::new() };
    for (filter, (bias, multiplier)) in filters.iter().zip(biases.into_iter().zip(multipliers)) {
        let (bias, least, most) = reach(bias, 0, filter)?;
        let ends = output.ends(multiplier, least, most)?;
        output.guard = output.guard.max(output.needed_guard(multiplier, ends, least, most));
        constants.bias.push(bias);
        constants.mantissas.push(multiplier.mantissa());
        let right = multiplier.shift().unsigned_abs();
        constants.marks.extend([right | (chain(filter)? as u8) << 5, ends.low, ends.high]);
    }
    (output.guard < MAX_GUARD).then_some((output, constants))
}

/// Adds the step.
fn push(
    cx: &mut Lowering<'_>,
    operator: AnyOperator,
    layer: &Weighted,
    weights: Vec<u8>,
    constants: Constants,
    scratch: usize,
) -> Option<()> {
    let weights = cx.constant(&weights, 4);
    let bias = cx.constants(&constants.bias);
    let mantissas = cx.constants(&constants.mantissas);
    let marks = cx.constant(&constants.marks, 1);
    let scratch = cx.scratch(scratch, 4);
    cx.push(operator, &[layer.output, layer.input, weights, bias, mantissas, marks, scratch]);
    Some(())
}

/// A zero point that a byte of an image can be.
fn byte(zero: ZeroPoint) -> Option<ZeroPoint> {
    i8::try_from(zero.0).ok().map(|_| zero)
}

/// A filter's bytes, and zeros to a whole word.
fn words(filter: &[i8]) -> impl Iterator<Item = u8> + '_ {
    let padding = filter.len().next_multiple_of(4) - filter.len();
    filter.iter().map(|&weight| weight as u8).chain(std::iter::repeat_n(0, padding))
}

/// The longest chain that a filter's weights allow; `None` when there is none, or when sums do not fit.
fn chain(filter: &[i8]) -> Option<Chain> {
    let magnitude = |taps: &[i8]| taps.iter().map(|&weight| i32::from(weight).abs()).sum::<i32>();
    if i64::from(magnitude(filter)) * 128 >= MAX_SUM {
        return None;
    }
    let words = filter.len().div_ceil(4);
    [(Chain::Sixteen, 16), (Chain::Four, 4), (Chain::Two, 2)].into_iter().find_map(|(chain, length)| {
        let whole = length <= 4 || words.is_multiple_of(4);
        let fits = filter.chunks(length).all(|taps| magnitude(taps) <= MAX_CHAIN_WEIGHT);
        let few = 4 * words / length <= MAX_CHAINS;
        (whole && fits && few).then_some(chain)
    })
}

/// The longest chain that a filter's columns allow: groups of three taps, or two of them and the third.
fn column_chain(filter: &[i8], width: usize) -> Option<Chain> {
    let fits = |length: usize| {
        (0..width).all(|kx| {
            let column: Vec<i32> =
                filter.iter().skip(kx).step_by(width).map(|&weight| i32::from(weight).abs()).collect();
            column
                .chunks(3)
                .flat_map(|group| group.chunks(length))
                .all(|chain| chain.iter().sum::<i32>() <= MAX_CHAIN_WEIGHT)
        })
    };
    // No group has more than two chains.
    if 2 * filter.len() > MAX_CHAINS {
        return None;
    }
    [(Chain::Four, 3), (Chain::Two, 2)].into_iter().find_map(|(chain, length)| fits(length).then_some(chain))
}
