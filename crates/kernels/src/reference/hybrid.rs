//! CONV_2D, DEPTHWISE_CONV_2D and FULLY_CONNECTED on real numbers with int8 weights ("dynamic range").
//!
//! The input of each image or vector is quantised by its own range, multiplied in integers, and scaled back.

use quant::DynamicRange;

use super::{
    conv_2d::{ConvShape, convolve},
    depthwise_conv_2d,
    fully_connected::{MatrixShape, multiply},
    layer::{IntegerWeights, Layer, Range, Weights},
};
use crate::{KernelError, Window, blocks::Blocks as _};

/// How one image or vector is quantised at run time, and in which order its sums are scaled back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Dynamics {
    /// Zero 0; `acc · (input scale · weight scale)`.
    Symmetric,
    /// A zero of its own; `acc · (input scale · weight scale)`.
    Asymmetric,
    /// A zero of its own; `(acc · weight scale) · input scale`.
    AsymmetricWeightsFirst,
}

/// int8 weights that stand for real ones.
#[derive(Clone, Copy, Debug)]
pub struct HybridWeights<'a> {
    /// The weights.
    pub filter: &'a [i8],
    /// One scale per output channel.
    pub scales: &'a [f32],
    /// One bias per output channel, or none at all.
    pub bias: &'a [f32],
}

/// A convolution of real numbers by int8 weights.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Conv2dHybrid {
    /// What it reads.
    pub shape: ConvShape,
    /// How an image is quantised.
    pub dynamics: Dynamics,
    /// The fused activation.
    pub range: Range,
}

/// A depthwise convolution of real numbers by int8 weights.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct DepthwiseConv2dHybrid {
    /// Where each output reads. `output.c` is a multiple of `input.c`.
    pub window: Window,
    /// How an image is quantised.
    pub dynamics: Dynamics,
    /// The fused activation.
    pub range: Range,
}

/// An int8 matrix times real vectors.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct FullyConnectedHybrid {
    /// Lengths.
    pub shape: MatrixShape,
    /// How a vector is quantised.
    pub dynamics: Dynamics,
    /// The fused activation.
    pub range: Range,
}

/// The arithmetic of one output, once the input is quantised.
struct Hybrid<'a> {
    weights: HybridWeights<'a>,
    input: DynamicRange,
    dynamics: Dynamics,
    range: Range,
}

impl Layer for Hybrid<'_> {
    type Input = i8;
    type Output = f32;
    type Sum = i32;
    #[inline]
    fn add(&self, sum: i32, input: i8, tap: usize) -> Option<i32> {
        let weight = self.weights.filter.at(tap)?;
        Some(sum.wrapping_add(i32::from(input).wrapping_sub(self.input.zero).wrapping_mul(weight)))
    }
    #[inline]
    fn finish(&self, channel: usize, sum: i32) -> f32 {
        let weight_scale = self.weights.scales.get(channel).copied().unwrap_or(0.0);
        let real = match self.dynamics {
            Dynamics::AsymmetricWeightsFirst => sum as f32 * weight_scale * self.input.scale,
            Dynamics::Symmetric | Dynamics::Asymmetric => sum as f32 * (self.input.scale * weight_scale),
        };
        self.range.apply(match self.weights.bias.get(channel) {
            Some(bias) => real + bias,
            None => real,
        })
    }
}

/// Quantises each item of a batch into `quantized`, and hands it to `walk` with where its outputs go.
fn each_item<'a>(
    (weights, dynamics, range): (HybridWeights<'a>, Dynamics, Range),
    input: &[f32],
    quantized: &mut [i8],
    (outputs, output): (usize, &mut [f32]),
    walk: impl Fn(&Hybrid<'a>, &[i8], &mut [f32]) -> Result<(), KernelError>,
) -> Result<(), KernelError> {
    let items = input.blocks(quantized.len().max(1));
    for (values, written) in items.zip(output.blocks_mut(outputs)) {
        let input = match dynamics {
            Dynamics::Symmetric => DynamicRange::symmetric(values),
            Dynamics::Asymmetric | Dynamics::AsymmetricWeightsFirst => DynamicRange::asymmetric(values),
        };
        for (q, &x) in quantized.iter_mut().zip(values) {
            *q = input.quantize(x);
        }
        walk(&Hybrid { weights, input, dynamics, range }, quantized, written)?;
    }
    Ok(())
}

/// Convolves NHWC float images with OHWI int8 filters, one scale per output channel.
///
/// ```text
/// q = quantised input of the image            by its own range, as Dynamics says
/// acc(y, x, o) = Σ ky kx c  filter[o, ky, kx, c] · (q[iy, ix, g + c] − zero)
/// output[y, x, o] = clamp(acc · scale · scales[o] + bias[o])
/// ```
///
/// | buffer      | order            | elements                   | values       |
/// |-------------|------------------|----------------------------|--------------|
/// | `input`     | `[n][h][w][c]`   | batch · input              | any          |
/// | `filter`    | `[o][ky][kx][c]` | output.c · taps · filter_c | −128 ..= 127 |
/// | `scales`    | `[o]`            | output.c                   | positive     |
/// | `bias`      | `[o]`            | output.c, or 0 for none    | any          |
/// | `quantized` | `[h][w][c]`      | input                      | overwritten  |
/// | `output`    | `[n][h][w][o]`   | batch · output             | `range`      |
///
/// # Exactness
/// The bits of TensorFlow Lite's reference kernels for dynamic-range models; TFLM has none.
///
/// # Cost
/// One multiply-add per tap and channel, and one division and rounding per input element.
///
/// # Errors
/// [`KernelError::Length`] or [`KernelError::Geometry`]; `output` is then untouched.
pub fn conv_2d_hybrid(
    conv: &Conv2dHybrid,
    input: &[f32],
    weights: HybridWeights<'_>,
    quantized: &mut [i8],
    output: &mut [f32],
) -> Result<(), KernelError> {
    conv.shape.check(input.len(), weights.filter, weights.bias.len(), output.len())?;
    KernelError::check(conv.shape.window.input.elements(), quantized.len())?;
    weights.scales.check(Some(conv.shape.window.output.c as usize))?;
    let one = ConvShape { window: Window { batch: 1, ..conv.shape.window }, ..conv.shape };
    let outputs = one.window.output.elements().unwrap_or(0);
    each_item((weights, conv.dynamics, conv.range), input, quantized, (outputs, output), |layer, q, out| {
        convolve(&one, layer, q, out)
    })
}

/// As [`conv_2d_hybrid`], with a filter of its own for each channel: HWO.
///
/// # Errors
/// [`KernelError::Length`] or [`KernelError::Geometry`]; `output` is then untouched.
pub fn depthwise_conv_2d_hybrid(
    conv: &DepthwiseConv2dHybrid,
    input: &[f32],
    weights: HybridWeights<'_>,
    quantized: &mut [i8],
    output: &mut [f32],
) -> Result<(), KernelError> {
    depthwise_conv_2d::check(&conv.window, input.len(), weights.filter, weights.bias.len(), output.len())?;
    KernelError::check(conv.window.input.elements(), quantized.len())?;
    weights.scales.check(Some(conv.window.output.c as usize))?;
    let one = Window { batch: 1, ..conv.window };
    let outputs = one.output.elements().unwrap_or(0);
    each_item((weights, conv.dynamics, conv.range), input, quantized, (outputs, output), |layer, q, out| {
        depthwise_conv_2d::convolve_channels(&one, layer, q, out)
    })
}

/// As [`conv_2d_hybrid`], for the vectors and the matrix of FULLY_CONNECTED.
///
/// # Errors
/// [`KernelError::Length`]; `output` is then untouched.
pub fn fully_connected_hybrid(
    layer: &FullyConnectedHybrid,
    input: &[f32],
    weights: HybridWeights<'_>,
    quantized: &mut [i8],
    output: &mut [f32],
) -> Result<(), KernelError> {
    layer.shape.check(input.len(), weights.filter, weights.bias.len(), output.len())?;
    KernelError::check(Some(layer.shape.inputs as usize), quantized.len())?;
    weights.scales.check(Some(layer.shape.outputs as usize))?;
    let one = MatrixShape { batch: 1, ..layer.shape };
    let outputs = one.outputs as usize;
    each_item((weights, layer.dynamics, layer.range), input, quantized, (outputs, output), |layer, q, out| {
        multiply(&one, layer, q, out)
    })
}
