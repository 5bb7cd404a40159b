//! FULLY_CONNECTED.

use quant::{Clamp, ZeroPoint};

use crate::{KernelError, PerChannel};

/// A matrix times each of several vectors.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct FullyConnected {
    /// Vectors.
    pub batch: u32,
    /// Elements of one vector read.
    pub inputs: u32,
    /// Elements of one vector written.
    pub outputs: u32,
    /// Zero of the input.
    pub input_zero: ZeroPoint,
    /// Zero of the matrix; not 0 only for a matrix that is computed.
    pub filter_zero: ZeroPoint,
    /// Zero of the output.
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
        filter: usize,
        bias: usize,
        scales: usize,
        output: usize,
    ) -> Result<(), KernelError> {
        let (inputs, outputs) = (self.inputs as usize, self.outputs as usize);
        KernelError::check(inputs.checked_mul(self.batch as usize), input)?;
        KernelError::check(outputs.checked_mul(self.batch as usize), output)?;
        KernelError::check(inputs.checked_mul(outputs), filter)?;
        KernelError::check(Some(outputs), scales)?;
        if bias != 0 { KernelError::check(Some(outputs), bias) } else { Ok(()) }
    }
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
    layer.check(input.len(), filter.len(), bias.len(), scales.len(), output.len())?;
    let (inputs, outputs) = (layer.inputs.max(1) as usize, layer.outputs.max(1) as usize);
    for (input, output) in input.chunks_exact(inputs).zip(output.chunks_exact_mut(outputs)) {
        for (o, (out, row)) in output.iter_mut().zip(filter.chunks_exact(inputs)).enumerate() {
            let mut acc = bias.get(o).copied().unwrap_or(0);
            for (&q, &k) in input.iter().zip(row) {
                let q = i32::from(q).wrapping_sub(layer.input_zero.0);
                let k = i32::from(k).wrapping_sub(layer.filter_zero.0);
                acc = acc.wrapping_add(q.wrapping_mul(k));
            }
            *out = scales.get(o).requantize(acc, layer.output_zero, layer.clamp) as i8;
        }
    }
    Ok(())
}
