//! FULLY_CONNECTED.

use core::marker::PhantomData;

use quant::{Clamp, ZeroPoint};

use super::layer::{IntegerWeights, Layer, Nibbles, Range, Real, Sum32, Sum64, SumOnce, Weights, check_bias};
use crate::{KernelError, PerChannel, blocks::Blocks as _};

/// How many vectors a matrix is multiplied by, and of which lengths.
#[derive(Clone, Copy, Debug, PartialEq, bytemuck::Pod, bytemuck::Zeroable)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[repr(C)]
pub struct MatrixShape {
    /// Vectors.
    pub batch: u32,
    /// Elements of one vector read.
    pub inputs: u32,
    /// Elements of one vector written.
    pub outputs: u32,
}

impl MatrixShape {
    /// Checks every buffer against the shape.
    ///
    /// # Errors
    /// [`KernelError::Length`].
    pub(crate) fn check(
        &self,
        input: usize,
        filter: impl Weights,
        bias: usize,
        output: usize,
    ) -> Result<(), KernelError> {
        let (inputs, outputs) = (self.inputs as usize, self.outputs as usize);
        KernelError::check(inputs.checked_mul(self.batch as usize), input)?;
        KernelError::check(outputs.checked_mul(self.batch as usize), output)?;
        filter.check(inputs.checked_mul(outputs))?;
        check_bias(outputs, bias)
    }
}

/// A matrix times each of several vectors.
#[derive(Clone, Copy, Debug, PartialEq, bytemuck::Pod, bytemuck::Zeroable)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[repr(C)]
pub struct FullyConnected {
    /// Lengths.
    pub shape: MatrixShape,
    /// Zero of the input. 0 for int16.
    pub input_zero: ZeroPoint,
    /// Zero of the matrix; only a matrix with one scale for all has one other than 0.
    pub filter_zero: ZeroPoint,
    /// Zero of the output. 0 for int16.
    pub output_zero: ZeroPoint,
    /// The fused activation, in output units.
    pub clamp: Clamp,
}

impl FullyConnected {
    /// Checks every buffer against the shape.
    ///
    /// # Errors
    /// [`KernelError::Length`].
    pub fn check(
        &self,
        input: usize,
        filter: impl Weights,
        bias: usize,
        scales: usize,
        output: usize,
    ) -> Result<(), KernelError> {
        KernelError::check(Some(self.shape.outputs as usize), scales)?;
        self.shape.check(input, filter, bias, output)
    }

    fn sum_32<'a, T, W>(&self, weights: W, bias: &'a [i32], scales: PerChannel<'a>) -> Sum32<'a, T, W> {
        Sum32 {
            weights,
            bias,
            scales,
            input_zero: self.input_zero,
            filter_zero: self.filter_zero,
            output_zero: self.output_zero,
            clamp: self.clamp,
            element: PhantomData,
        }
    }
}

/// A matrix of real numbers times each of several vectors.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct FullyConnectedF32 {
    /// Lengths.
    pub shape: MatrixShape,
    /// The fused activation.
    pub range: Range,
}

/// The walk: each output of each vector, from the first input to the last.
pub(crate) fn multiply<L: Layer>(
    shape: &MatrixShape,
    layer: &L,
    input: &[L::Input],
    output: &mut [L::Output],
) -> Result<(), KernelError> {
    let inputs = shape.inputs as usize;
    for (n, vector) in output.blocks_mut(shape.outputs as usize).enumerate() {
        let read = input.get(n * inputs..(n + 1) * inputs).ok_or(KernelError::Geometry)?;
        for (o, out) in vector.iter_mut().enumerate() {
            let mut sum = L::Sum::default();
            for (i, &q) in read.iter().enumerate() {
                sum = layer.add(sum, q, o * inputs + i).ok_or(KernelError::Geometry)?;
            }
            *out = layer.finish(o, sum);
        }
    }
    Ok(())
}

/// Multiplies int8 vectors by an int8 matrix, one scale per output.
///
/// ```text
/// acc(n, o) = bias[o] + Σ i  (filter[o, i] − filter_zero) · (input[n, i] − input_zero)
/// output[n, o] = clamp(scales[o] · acc + output_zero)
/// ```
///
/// | buffer   | order    | elements               | values            |
/// |----------|----------|------------------------|-------------------|
/// | `input`  | `[n][i]` | batch · inputs         | −128 ..= 127      |
/// | `filter` | `[o][i]` | outputs · inputs       | −128 ..= 127      |
/// | `bias`   | `[o]`    | outputs, or 0 for none | accumulator units |
/// | `output` | `[n][o]` | batch · outputs        | `clamp`           |
///
/// # Exactness
/// The bytes of TFLM's `reference_integer_ops::FullyConnected` and `FullyConnectedPerChannel`, which round
/// twice. The accumulator wraps at 32 bits.
///
/// # Overflow
/// No sum of up to [`MAX_PRODUCTS_I8`](super::MAX_PRODUCTS_I8) products wraps, and a bias moves that bound.
///
/// # Cost
/// `batch · inputs · outputs` multiply-adds. No scratch.
///
/// # Errors
/// As [`FullyConnected::check`]; `output` is then untouched.
pub fn fully_connected_s8(
    layer: &FullyConnected,
    input: &[i8],
    filter: &[i8],
    bias: &[i32],
    scales: PerChannel<'_>,
    output: &mut [i8],
) -> Result<(), KernelError> {
    layer.check(input.len(), filter, bias.len(), scales.len(), output.len())?;
    multiply(&layer.shape, &layer.sum_32::<i8, _>(filter, bias, scales), input, output)
}

/// As [`fully_connected_s8`], with an int4 matrix that stays packed: `filter` has `(outputs · inputs) / 2`
/// bytes, rounded up, and its elements run on over rows without gaps.
///
/// # Exactness
/// The bytes of TFLM's FULLY_CONNECTED on int4 weights, which unpacks them first.
///
/// # Errors
/// As [`FullyConnected::check`]; `output` is then untouched.
pub fn fully_connected_s4(
    layer: &FullyConnected,
    input: &[i8],
    filter: Nibbles<'_>,
    bias: &[i32],
    scales: PerChannel<'_>,
    output: &mut [i8],
) -> Result<(), KernelError> {
    layer.check(input.len(), filter, bias.len(), scales.len(), output.len())?;
    multiply(&layer.shape, &layer.sum_32::<i8, _>(filter, bias, scales), input, output)
}

/// As [`fully_connected_s8`], with outputs that are rounded once; the matrix is int8, or int4 that stays packed.
///
/// # Exactness
/// The bytes of TensorFlow Lite's reference FULLY_CONNECTED, which count in models that TFLM cannot run.
///
/// # Errors
/// As [`FullyConnected::check`]; `output` is then untouched.
pub fn fully_connected_once<W: IntegerWeights>(
    layer: &FullyConnected,
    input: &[i8],
    filter: W,
    bias: &[i32],
    scales: PerChannel<'_>,
    output: &mut [i8],
) -> Result<(), KernelError> {
    layer.check(input.len(), filter, bias.len(), scales.len(), output.len())?;
    multiply(&layer.shape, &SumOnce(layer.sum_32::<i8, _>(filter, bias, scales)), input, output)
}

/// As [`fully_connected_s8`], on int16 vectors with an int8 matrix and a 64-bit bias.
///
/// # Exactness
/// The bytes of TFLM's `reference_integer_ops::FullyConnected` on int16 with a 64-bit bias or none. The
/// accumulator has 64 bits, and is scaled as `Multiplier::scale_wide` does.
///
/// # Errors
/// As [`FullyConnected::check`]; `output` is then untouched.
pub fn fully_connected_s16(
    layer: &FullyConnected,
    input: &[i16],
    filter: &[i8],
    bias: &[i64],
    scales: PerChannel<'_>,
    output: &mut [i16],
) -> Result<(), KernelError> {
    layer.check(input.len(), filter, bias.len(), scales.len(), output.len())?;
    let sums = Sum64 { weights: filter, bias, scales, filter_zero: layer.filter_zero, clamp: layer.clamp };
    multiply(&layer.shape, &sums, input, output)
}

/// As [`fully_connected_s16`], with a 32-bit bias and accumulator, scaled as int8 is.
///
/// # Exactness
/// The bytes of TFLM's `reference_integer_ops::FullyConnected` on int16 with a 32-bit bias. The accumulator
/// wraps at 32 bits.
///
/// # Errors
/// As [`FullyConnected::check`]; `output` is then untouched.
pub fn fully_connected_s16_bias32(
    layer: &FullyConnected,
    input: &[i16],
    filter: &[i8],
    bias: &[i32],
    scales: PerChannel<'_>,
    output: &mut [i16],
) -> Result<(), KernelError> {
    layer.check(input.len(), filter, bias.len(), scales.len(), output.len())?;
    multiply(&layer.shape, &layer.sum_32::<i16, _>(filter, bias, scales), input, output)
}

/// As [`fully_connected_s8`], on real numbers: `clamp(Σ + bias)`.
///
/// # Exactness
/// The bits of TFLM's `reference_ops::FullyConnected`: products are added one by one, and the bias last.
///
/// # Errors
/// [`KernelError::Length`]; `output` is then untouched.
pub fn fully_connected_f32(
    layer: &FullyConnectedF32,
    input: &[f32],
    filter: &[f32],
    bias: &[f32],
    output: &mut [f32],
) -> Result<(), KernelError> {
    layer.shape.check(input.len(), filter, bias.len(), output.len())?;
    multiply(&layer.shape, &Real { weights: filter, bias, range: layer.range }, input, output)
}
