//! SOFTMAX.

use quant::{ExpSum, LUT16_ENTRIES, Multiplier, Softmax16Scale, SoftmaxInput, float, softmax16_exp};

use crate::{KernelError, blocks::Blocks as _};

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

/// Softmax over rows of int16.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Softmax16 {
    /// Elements of one row.
    pub depth: u32,
    /// From differences to the table's steps.
    pub multiplier: Multiplier,
}

/// The tables of SOFTMAX on int16.
#[derive(Clone, Copy, Debug)]
pub struct Softmax16Tables<'a> {
    /// `quant::exp_lut`.
    pub exp: &'a [i16],
    /// `quant::one_over_one_plus_lut`.
    pub one_over_one_plus: &'a [i16],
}

/// As [`softmax_s8`], from int16 to int16: scale 2^−15, zero 0.
///
/// # Exactness
/// The bytes of TFLM's `SoftmaxInt16`. A row's sum of exponentials that overflows wraps.
///
/// # Cost
/// Two table lookups and a product per element. No scratch.
///
/// # Errors
/// As [`softmax_s8`]; [`KernelError::Length`] when a table does not have its length.
pub fn softmax_s16(
    softmax: &Softmax16,
    tables: Softmax16Tables<'_>,
    input: &[i16],
    output: &mut [i16],
) -> Result<(), KernelError> {
    let table = |table: &[i16]| KernelError::check(Some(LUT16_ENTRIES), table.len());
    table(tables.exp)?;
    table(tables.one_over_one_plus)?;
    let (Ok(exp_lut), Ok(reciprocals)) = (tables.exp.try_into(), tables.one_over_one_plus.try_into()) else {
        return Err(KernelError::Geometry);
    };
    let depth = whole_rows(softmax.depth, input.len(), output.len())?;
    for (row, out) in input.blocks(depth).zip(output.blocks_mut(depth)) {
        let most = row.iter().fold(i16::MIN, |most, &q| most.max(q));
        let exp = |q: i16| softmax16_exp(i32::from(q) - i32::from(most), softmax.multiplier, exp_lut);
        let sum = row.iter().fold(0i32, |sum, &q| sum.wrapping_add(exp(q).into()));
        let scale = Softmax16Scale::of(sum, reciprocals);
        for (out, &q) in out.iter_mut().zip(row) {
            *out = scale.output(exp(q));
        }
    }
    Ok(())
}

/// Softmax over rows of floats.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct SoftmaxFloat {
    /// Elements of one row.
    pub depth: u32,
    /// β.
    pub beta: f32,
}

/// As [`softmax_s8`], on floats.
///
/// # Errors
/// As [`softmax_s8`].
pub fn softmax_f32(softmax: &SoftmaxFloat, input: &[f32], output: &mut [f32]) -> Result<(), KernelError> {
    let depth = whole_rows(softmax.depth, input.len(), output.len())?;
    for (row, out) in input.blocks(depth).zip(output.blocks_mut(depth)) {
        let most = row.iter().fold(f32::MIN, |most, &x| most.max(x));
        let mut sum = 0f32;
        for (out, &x) in out.iter_mut().zip(row) {
            *out = float::exp((x - most) * softmax.beta);
            sum += *out;
        }
        for out in out {
            *out /= sum;
        }
    }
    Ok(())
}

/// The length of a row, when both buffers hold the same whole number of rows.
fn whole_rows(depth: u32, input: usize, output: usize) -> Result<usize, KernelError> {
    KernelError::check(Some(input), output)?;
    let depth = depth.max(1) as usize;
    if input.is_multiple_of(depth) { Ok(depth) } else { Err(KernelError::Geometry) }
}

fn rows<T: Copy>(
    softmax: &Softmax,
    input: &[i8],
    output: &mut [T],
    quantize: impl Fn(quant::SoftmaxScale, fixed::types::I1F31) -> T,
    none: T,
) -> Result<(), KernelError> {
    let depth = whole_rows(softmax.depth, input.len(), output.len())?;
    for (row, out) in input.blocks(depth).zip(output.blocks_mut(depth)) {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_elements_have_equal_shares() {
        let (exp, one_over_one_plus) = (quant::exp_lut(), quant::one_over_one_plus_lut());
        let tables = Softmax16Tables { exp: &exp, one_over_one_plus: &one_over_one_plus };
        let softmax = Softmax16 { depth: 4, multiplier: quant::softmax16_multiplier(1e-3, 1.0).unwrap() };
        let mut output = [0i16; 4];
        softmax_s16(&softmax, tables, &[77; 4], &mut output).unwrap();
        assert!(output.iter().all(|&q| q.abs_diff(8192) <= 1), "{output:?}");
        let short = Softmax16Tables { exp: &exp[1..], ..tables };
        assert!(softmax_s16(&softmax, short, &[77; 4], &mut output).is_err());
        let mut output = [0f32; 4];
        softmax_f32(&SoftmaxFloat { depth: 4, beta: 1.0 }, &[3.0; 4], &mut output).unwrap();
        assert_eq!(output, [0.25; 4]);
        assert!(softmax_f32(&SoftmaxFloat { depth: 3, beta: 1.0 }, &[3.0; 4], &mut output).is_err());
    }
}
