//! Weights for the kernels of [`kernels::arch::armv7em`].

use engine::ops::{
    AddArmv7em, AnyOperator, Conv2dArmv7em, DepthwiseConv2dArmv7em, DepthwiseWindowsArmv7em,
    FullyConnectedArmv7em,
};
use kernels::{
    Hwc, Window, Yx,
    arch::armv7em::{
        DEPTHWISE_TAPS, Elements, conv_2d_scratch_words, depthwise_conv_2d_scratch_words,
        depthwise_windows_scratch_words, takes_add, takes_fully_connected,
    },
    reference::{Conv2d, ConvShape, DepthwiseConv2d, FullyConnected, MatrixShape},
};
use quant::{Halving, Sum};

use super::{
    Weighted, groups,
    scaled::{Outputs, Scaled},
    single_pixels,
};
use crate::ops::{Lowering, Slot};

/// Adds the step of a convolution without groups.
pub(super) fn conv_2d(cx: &mut Lowering<'_>, conv: &Conv2d, layer: &Weighted) -> Option<()> {
    let conv = &upright(*conv);
    let elements = Elements::of(&conv.shape.window)?;
    let outputs = Outputs { zero: conv.output_zero, clamp: conv.clamp };
    let channels = Channel::all(elements, conv.input_zero.0, outputs, layer)?;
    let stream = stream(elements, &channels, 4)?;
    push_conv_2d(cx, conv, &stream, [layer.output, layer.input])
}

/// One row of pixels as one column, where taps are apart: rows of the image may be, pixels of a row not.
fn upright(conv: Conv2d) -> Conv2d {
    let window = &conv.shape.window;
    let is_row = (window.input.h, window.output.h, window.size.y, window.pad.y) == (1, 1, 1, 0);
    if !is_row || window.dilation.x == 1 {
        return conv;
    }
    let turned = |of: Hwc| Hwc { h: of.w, w: of.h, c: of.c };
    let crossed = |of: Yx| Yx { y: of.x, x: of.y };
    let window = Window {
        batch: window.batch,
        input: turned(window.input),
        output: turned(window.output),
        size: crossed(window.size),
        stride: crossed(window.stride),
        dilation: crossed(window.dilation),
        pad: crossed(window.pad),
    };
    Conv2d { shape: ConvShape { window, ..conv.shape }, ..conv }
}

fn push_conv_2d(
    cx: &mut Lowering<'_>,
    conv: &Conv2d,
    stream: &[u32],
    [output, input]: [Slot; 2],
) -> Option<()> {
    let scratch = conv_2d_scratch_words(conv)?;
    let operands = [output, input, cx.constants(stream), cx.scratch(4 * scratch, 4)];
    cx.push(Conv2dArmv7em(*conv), &operands);
    Some(())
}

/// Adds the step of a depthwise convolution.
pub(super) fn depthwise_conv_2d(
    cx: &mut Lowering<'_>,
    conv: &DepthwiseConv2d,
    layer: &Weighted,
) -> Option<()> {
    if conv.window.input.c == 1 {
        let (conv, layer) = groups::of_channels(conv, layer);
        return conv_2d(cx, &conv, &layer);
    }
    let (operator, scratch, taps): (AnyOperator, _, Vec<usize>) =
        if let Some(scratch) = depthwise_conv_2d_scratch_words(conv) {
            (DepthwiseConv2dArmv7em(*conv).into(), scratch, DEPTHWISE_TAPS.into())
        } else {
            let scratch = depthwise_windows_scratch_words(conv)?;
            (DepthwiseWindowsArmv7em(*conv).into(), scratch, (0..conv.window.taps()).collect())
        };
    let outputs = Outputs { zero: conv.output_zero, clamp: conv.clamp };
    let channels = layer.bias.len();
    if layer.filter.len() != channels.checked_mul(taps.len())? || conv.input_zero.0.abs() > 128 {
        return None;
    }
    let mut records = Vec::new();
    for index in 0..channels {
        let weights: Vec<i8> = layer.filter.iter().skip(index).step_by(channels).copied().collect();
        let channel = Channel::of(layer, &weights, index, conv.input_zero.0, outputs)?;
        records.extend((2 * channel.bias as i32).to_le_bytes());
        records.extend(channel.halving.mantissa.to_le_bytes());
        records.extend(taps.iter().map(|&tap| channel.weight(tap) as u8));
        records.push(channel.halving.exponent);
    }
    let operands = [layer.output, layer.input, cx.constant(&records, 4), cx.scratch(4 * scratch, 4)];
    cx.push(operator, &operands);
    Some(())
}

/// Outputs from which a layer is worth two steps.
const MANY_OUTPUTS: usize = 64;

/// Adds the steps of a product with a matrix: one for as many outputs as come in eights, one for what is left.
pub(super) fn fully_connected(
    cx: &mut Lowering<'_>,
    matrix: &FullyConnected,
    layer: &Weighted,
) -> Option<()> {
    let FullyConnected { shape, input_zero, output_zero, clamp, filter_zero } = *matrix;
    let (inputs, outputs) = (shape.inputs as usize, shape.outputs as usize);
    let of_eights = shape.batch == 1 && takes_fully_connected(inputs, 8);
    // A few outputs that are no eights are not worth the code of another kernel.
    let eights =
        if of_eights && (outputs.is_multiple_of(8) || outputs >= MANY_OUTPUTS) { outputs / 8 * 8 } else { 0 };
    if filter_zero.0 != 0 || layer.filter.len() != inputs.checked_mul(outputs)? {
        return None;
    }
    let elements = Elements::by_fours(inputs).or_else(|| Elements::in_rows(1, inputs))?;
    let channels = Channel::all(elements, input_zero.0, Outputs { zero: output_zero, clamp }, layer)?;
    let (of_eight, left) = channels.split_at_checked(eights)?;
    let streams = [stream(elements, of_eight, 8)?, stream(elements, left, 4)?];
    let [first, second] = streams;
    if !of_eight.is_empty() {
        let shape = MatrixShape { outputs: eights as u32, ..shape };
        let operands =
            [part(layer.output, 0, eights)?, layer.input, cx.constants(&first), cx.scratch(2 * inputs, 4)];
        cx.push(FullyConnectedArmv7em(FullyConnected { shape, ..*matrix }), &operands);
    }
    if !left.is_empty() {
        push_conv_2d(
            cx,
            &single_pixels(matrix, left.len() as u32),
            &second,
            [part(layer.output, eights, left.len() * shape.batch as usize)?, layer.input],
        )?;
    }
    Some(())
}

/// The sum of two tensors of one shape.
pub(super) fn add(sum: &Sum) -> Option<AnyOperator> {
    takes_add(sum).then(|| AddArmv7em(*sum).into())
}

/// One output channel.
struct Channel<'a> {
    weights: &'a [i8],
    bias: i64,
    halving: Halving,
    /// The greatest magnitude that its sum, bias included, can have.
    most: i64,
}

impl<'a> Channel<'a> {
    fn of(layer: &'a Weighted, weights: &'a [i8], index: usize, zero: i32, outputs: Outputs) -> Option<Self> {
        let Scaled { bias, halving, most, is_constant } = Scaled::of(layer, weights, index, zero, outputs)?;
        Some(Self { weights: if is_constant { &[] } else { weights }, bias, halving, most })
    }

    /// All of a layer's.
    fn all(elements: Elements, zero: i32, outputs: Outputs, layer: &'a Weighted) -> Option<Vec<Self>> {
        if layer.bias.len().checked_mul(elements.count()) != Some(layer.filter.len()) || zero.abs() > 128 {
            return None;
        }
        let filters = layer.filter.chunks(elements.count()).enumerate();
        filters.map(|(index, weights)| Self::of(layer, weights, index, zero, outputs)).collect()
    }

    /// The partner of a last channel that has none.
    const NONE: Channel<'static> =
        Channel { weights: &[], bias: 0, halving: Halving { mantissa: 0, exponent: 0 }, most: 0 };

    fn weight(&self, element: usize) -> i32 {
        i32::from(self.weights.get(element).copied().unwrap_or(0))
    }
}

/// Sums of the second channel of a couple, doubled, take 24 bits.
const COUPLED_LIMIT: i64 = 1 << 22;

/// Two channels that share words, `a` in the even bytes.
struct Couple<'c> {
    a: &'c Channel<'c>,
    b: &'c Channel<'c>,
}

impl<'c> Couple<'c> {
    fn of(pair: &'c [Channel<'c>]) -> Option<Self> {
        let (a, b) = match pair {
            [a, b] => (a, b),
            [a] => (a, const { &Channel::NONE }),
            _ => return None,
        };
        (b.most < COUPLED_LIMIT).then_some(Self { a, b })
    }

    /// What the sums begin with.
    fn start(&self) -> [u32; 2] {
        let [a, b] = [self.a, self.b].map(|channel| channel.bias.wrapping_mul(2) as u32);
        [b.wrapping_mul(256).wrapping_add(a), a]
    }

    /// The 16 bits of one element's weights.
    fn pair(&self, element: usize) -> Option<u32> {
        let pair = 256 * self.b.weight(element) + self.a.weight(element);
        i16::try_from(pair).ok().map(|pair| u32::from(pair as u16))
    }

    /// The word of one step.
    fn step(&self, elements: Elements, step: usize) -> Option<u32> {
        let (first, second) = elements.pair(step);
        let second = second.map_or(Some(0), |second| self.pair(second))?;
        Some(self.pair(first)? | second << 16)
    }
}

/// Bytes that a layer's words may take beyond five parts in a hundred: those of zeros that make elements and channels even.
const SLACK_BYTES: usize = 192;

/// Channels as the kernels' streams have them, in blocks of four or eight, what is left in twos; `None` where a sum
/// could overflow, or where the words would take too much more than the model's own constants.
fn stream(elements: Elements, channels: &[Channel<'_>], block: usize) -> Option<Vec<u32>> {
    let mut words = Vec::new();
    let (blocks, left) = channels.split_at(channels.len() / block * block);
    for block in blocks.chunks(block).chain(left.chunks(2)) {
        let couples: Vec<Couple<'_>> = block.chunks(2).map(Couple::of).collect::<Option<_>>()?;
        words.extend(couples.iter().flat_map(Couple::start));
        for step in 0..elements.steps() {
            for couple in &couples {
                words.push(couple.step(elements, step)?);
            }
        }
        for couples in couples.chunks(2) {
            let halvings: Vec<Halving> =
                couples.iter().flat_map(|couple| [couple.a.halving, couple.b.halving]).collect();
            words
                .push(halvings.iter().rev().fold(0, |word, halving| word << 8 | u32::from(halving.exponent)));
            words.extend(halvings.iter().map(|halving| halving.mantissa as u32));
        }
    }
    // Weights, biases, mantissas and shifts, each from a word's beginning.
    let count = channels.len();
    let plain =
        elements.count().checked_mul(count)?.next_multiple_of(4) + 8 * count + count.next_multiple_of(4);
    (4 * words.len() <= plain + plain / 20 + SLACK_BYTES).then_some(words)
}

/// Some of a buffer's bytes.
fn part(slot: Slot, from: usize, bytes: usize) -> Option<Slot> {
    match slot {
        Slot::Buffer { id, offset, .. } => Some(Slot::Buffer { id, offset: offset + from, bytes }),
        _ => None,
    }
}
