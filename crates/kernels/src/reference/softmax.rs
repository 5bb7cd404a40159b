//! SOFTMAX.

use quant::{ExpSum, SoftmaxInput};

use crate::KernelError;

/// Softmax over rows.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Softmax {
    /// Elements of one row.
    pub depth: u32,
    /// Differences from a row's maximum to exponents.
    pub input: SoftmaxInput,
}

/// `e^(β·x)` of each element, divided by the sum over its row.
///
/// | buffer   | order           | elements     | values                                    |
/// |----------|-----------------|--------------|-------------------------------------------|
/// | `input`  | `[row][depth]`  | rows · depth | −128 ..= 127                              |
/// | `output` | `[row][depth]`  | rows · depth | probabilities: scale 1/256, zero −128     |
///
/// # Exactness
/// The bytes of TFLM's `reference_ops::Softmax<int8_t, int8_t>`.
///
/// # Cost
/// Two exponentials and one product per element. No scratch: exponentials are computed again rather than kept.
///
/// # Errors
/// [`KernelError::Length`] when the buffers differ in length or are not whole rows.
pub fn softmax_s8(softmax: &Softmax, input: &[i8], output: &mut [i8]) -> Result<(), KernelError> {
    rows(softmax, input, output, |scale, exp| scale.to_i8(exp), i8::MIN)
}

/// As [`softmax_s8`], into int16: scale 2^−16, zero −32,768.
///
/// # Errors
/// As [`softmax_s8`].
pub fn softmax_s8_s16(softmax: &Softmax, input: &[i8], output: &mut [i16]) -> Result<(), KernelError> {
    rows(softmax, input, output, |scale, exp| scale.to_i16(exp), i16::MIN)
}

fn rows<T: Copy>(
    softmax: &Softmax,
    input: &[i8],
    output: &mut [T],
    quantize: impl Fn(quant::SoftmaxScale, fixed::types::I1F31) -> T,
    none: T,
) -> Result<(), KernelError> {
    KernelError::check(Some(input.len()), output.len())?;
    let depth = softmax.depth.max(1) as usize;
    if !input.len().is_multiple_of(depth) {
        return Err(KernelError::Geometry);
    }
    for (row, out) in input.chunks_exact(depth).zip(output.chunks_exact_mut(depth)) {
        let most = row.iter().fold(i8::MIN, |most, &q| most.max(q));
        let exp = |q: i8| softmax.input.exp(i32::from(q) - i32::from(most));
        let sum = row.iter().fold(ExpSum::ZERO, |sum, &q| exp(q).map_or(sum, |exp| sum.plus(exp)));
        let scale = sum.reciprocal();
        for (out, &q) in out.iter_mut().zip(row) {
            *out = exp(q).map_or(none, |exp| quantize(scale, exp));
        }
    }
    Ok(())
}
