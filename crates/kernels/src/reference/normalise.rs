//! L2_NORMALIZATION and LOG_SOFTMAX.

use quant::{ExpSum, L2Normalization, LogSoftmax, ZeroPoint, float};

use crate::{KernelError, blocks::Blocks as _};

/// L2_NORMALIZATION of rows of int8.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct L2Norm {
    /// Elements of a row.
    pub depth: u32,
    /// Zero point of the input.
    pub input_zero: ZeroPoint,
}

/// Rows of an input and of an output of the same shape.
fn rows<'a, T>(
    depth: u32,
    input: &'a [T],
    output: &'a mut [T],
) -> Result<impl Iterator<Item = (&'a [T], &'a mut [T])>, KernelError> {
    KernelError::check(Some(input.len()), output.len())?;
    let depth = depth.max(1) as usize;
    if !input.len().is_multiple_of(depth) {
        return Err(KernelError::Geometry);
    }
    Ok(input.blocks(depth).zip(output.blocks_mut(depth)))
}

/// Each row divided by the root of the sum of its squares.
///
/// | buffer   | order          | elements     | values                    |
/// |----------|----------------|--------------|---------------------------|
/// | `input`  | `[row][depth]` | rows · depth | −128 ..= 127              |
/// | `output` | `[row][depth]` | rows · depth | scale 1/128, zero point 0 |
///
/// # Exactness
/// The bytes of TFLM's `reference_integer_ops::L2Normalization`; a sum of squares that overflows wraps.
///
/// # Cost
/// Two products per element, one inverse root per row. No scratch.
///
/// # Errors
/// [`KernelError::Length`] when the buffers differ in length, [`KernelError::Geometry`] when they are not
/// whole rows.
pub fn l2_norm_s8(norm: &L2Norm, input: &[i8], output: &mut [i8]) -> Result<(), KernelError> {
    for (row, out) in rows(norm.depth, input, output)? {
        let squares = row.iter().fold(0i32, |sum, &q| {
            let difference = i32::from(q).wrapping_sub(norm.input_zero.0);
            sum.wrapping_add(difference.wrapping_mul(difference))
        });
        let shared = L2Normalization::of(norm.input_zero, squares);
        for (out, &q) in out.iter_mut().zip(row) {
            *out = shared.apply(q);
        }
    }
    Ok(())
}

/// Rows of floats.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Rows {
    /// Elements of a row.
    pub depth: u32,
}

/// As [`l2_norm_s8`], on floats; a root below 10^−6 counts as that.
///
/// # Errors
/// As [`l2_norm_s8`].
pub fn l2_norm_f32(norm: &Rows, input: &[f32], output: &mut [f32]) -> Result<(), KernelError> {
    for (row, out) in rows(norm.depth, input, output)? {
        let squares = row.iter().fold(0f32, |sum, &x| sum + x * x);
        let root = float::sqrt(squares);
        let root = if root < 1e-6 { 1e-6 } else { root };
        for (out, &x) in out.iter_mut().zip(row) {
            *out = x / root;
        }
    }
    Ok(())
}

/// LOG_SOFTMAX of rows of int8.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct LogSoftmaxRows {
    /// Elements of a row.
    pub depth: u32,
    /// From differences to exponents and back.
    pub scale: LogSoftmax,
}

/// The logarithm of each element's softmax.
///
/// | buffer   | order          | elements     | values                     |
/// |----------|----------------|--------------|----------------------------|
/// | `input`  | `[row][depth]` | rows · depth | −128 ..= 127               |
/// | `output` | `[row][depth]` | rows · depth | scale 1/16, zero point 127 |
///
/// # Exactness
/// The bytes of TFLM's `LogSoftmaxQuantized`.
///
/// # Cost
/// One exponential and one product per element, one logarithm per row. No scratch.
///
/// # Errors
/// As [`l2_norm_s8`].
pub fn log_softmax_s8(softmax: &LogSoftmaxRows, input: &[i8], output: &mut [i8]) -> Result<(), KernelError> {
    for (row, out) in rows(softmax.depth, input, output)? {
        let most = row.iter().fold(i8::MIN, |most, &q| most.max(q));
        let difference = |q: i8| i32::from(q) - i32::from(most);
        let sum = row.iter().fold(ExpSum::ZERO, |sum, &q| {
            softmax.scale.input.exp(difference(q)).map_or(sum, |exp| sum.plus(exp))
        });
        let shared = softmax.scale.row(sum);
        for (out, &q) in out.iter_mut().zip(row) {
            *out = softmax.scale.output(shared, difference(q));
        }
    }
    Ok(())
}

/// As [`log_softmax_s8`], on floats.
///
/// # Errors
/// As [`l2_norm_s8`].
pub fn log_softmax_f32(softmax: &Rows, input: &[f32], output: &mut [f32]) -> Result<(), KernelError> {
    for (row, out) in rows(softmax.depth, input, output)? {
        let most = row.iter().fold(f32::MIN, |most, &x| most.max(x));
        let sum = row.iter().fold(0f32, |sum, &x| sum + float::exp(x - most));
        let ln_sum = float::ln(sum);
        for (out, &x) in out.iter_mut().zip(row) {
            *out = x - most - ln_sum;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_four_five() {
        let mut output = [0i8; 2];
        let norm = L2Norm { depth: 2, input_zero: ZeroPoint(0) };
        l2_norm_s8(&norm, &[30, -40], &mut output).unwrap();
        assert_eq!(output, [77, -102]);
        let mut output = [0f32; 2];
        l2_norm_f32(&Rows { depth: 2 }, &[3.0, -4.0], &mut output).unwrap();
        assert_eq!(output, [0.6, -0.8]);
        assert!(l2_norm_f32(&Rows { depth: 2 }, &[3.0], &mut [0.0]).is_err());
    }

    #[test]
    fn equal_elements_share_alike() {
        let mut output = [0i8; 4];
        let scale = LogSoftmax::prepare(0.1).unwrap();
        log_softmax_s8(&LogSoftmaxRows { depth: 4, scale }, &[5; 4], &mut output).unwrap();
        // 127 + 16 · ln(1/4)
        assert_eq!(output, [105; 4]);
        let mut output = [0f32; 4];
        log_softmax_f32(&Rows { depth: 4 }, &[5.0; 4], &mut output).unwrap();
        assert_eq!(output, [-float::ln(4.0); 4]);
    }
}
