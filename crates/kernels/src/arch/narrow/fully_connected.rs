//! FULLY_CONNECTED, with the vector widened once for all rows of the matrix.

use bytemuck::try_cast_slice_mut;
use quant::GuardedOutput;

use super::{Factors, ROW, inner::Finish};
use crate::{KernelError, arch::narrow_inner::multiply, reference::MatrixShape};

/// A matrix packed in words of four weights, each plus 128.
#[derive(Clone, Copy, Debug, PartialEq, bytemuck::Pod, bytemuck::Zeroable)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[repr(C)]
pub struct PackedMatrix {
    /// Lengths.
    pub shape: MatrixShape,
    /// The output.
    pub output: GuardedOutput,
}

impl PackedMatrix {
    /// Words of one row of the matrix.
    pub const fn row_words(&self) -> usize {
        (self.shape.inputs as usize).div_ceil(4)
    }

    /// Bytes of scratch: the outputs' table, and the vector in words.
    pub fn scratch_bytes(&self) -> Option<usize> {
        let table = (self.shape.outputs as usize).checked_mul(ROW * 4)?;
        table.checked_add(self.row_words().checked_mul(16)?)
    }
}

/// As [`reference::fully_connected_s8`](crate::reference::fully_connected_s8), for a matrix whose zero is 0.
///
/// Departs from it in how it takes four weights from a word: the word shifted right by 8, 16 and 24 bits takes part in
/// products as it is, and the inputs make up for what is too much (the word of a weight and those above it is 256
/// times the one above plus the weight). That weights are stored with 128 added is made up for once per vector.
///
/// | buffer    | order           | elements                         |
/// |-----------|-----------------|----------------------------------|
/// | `weights` | `[o][input / 4]` | outputs · [`PackedMatrix::row_words`] |
/// | `scratch` |                 | [`PackedMatrix::scratch_bytes`], aligned to 4 |
///
/// # Errors
/// [`KernelError::Length`] or [`KernelError::Geometry`].
pub fn fully_connected(
    matrix: &PackedMatrix,
    input: &[i8],
    weights: &[u32],
    factors: &Factors<'_>,
    output: &mut [i8],
    scratch: &mut [u8],
) -> Result<(), KernelError> {
    let (inputs, outputs) = (matrix.shape.inputs as usize, matrix.shape.outputs as usize);
    let batch = matrix.shape.batch as usize;
    KernelError::check(inputs.checked_mul(batch), input.len())?;
    KernelError::check(outputs.checked_mul(batch), output.len())?;
    factors.check(outputs)?;
    KernelError::check(matrix.row_words().checked_mul(outputs), weights.len())?;
    KernelError::check(matrix.scratch_bytes(), scratch.len())?;
    if inputs == 0 || outputs == 0 {
        return Err(KernelError::Geometry);
    }
    let scratch: &mut [u32] = try_cast_slice_mut(scratch).map_err(|_| KernelError::Geometry)?;
    let (table, words) = scratch.split_at_mut_checked(outputs * ROW).ok_or(KernelError::Geometry)?;
    let (table, _) = table.as_chunks_mut();
    let (words, _) = words.as_chunks_mut::<4>();
    factors.tabulate(&matrix.output, table);
    let finish = Finish { table, factors, output: &matrix.output };
    for n in 0..batch {
        let vector = input.get(n * inputs..).and_then(|rest| rest.get(..inputs));
        let out = output.get_mut(n * outputs..).and_then(|rest| rest.get_mut(..outputs));
        let (Some(vector), Some(out)) = (vector, out) else { return Err(KernelError::Geometry) };
        let mut sum = 0u32;
        for (quad, word) in vector.chunks(4).zip(&mut *words) {
            let mut before = 0u32;
            // Past the vector's end the byte counts as 0 in the products before it, too.
            let padded = quad.iter().map(|&input| i32::from(input) as u32).chain(core::iter::repeat(0));
            for (word, input) in word.iter_mut().zip(padded) {
                *word = input.wrapping_sub(before << 8);
                sum = sum.wrapping_add(input);
                before = input;
            }
        }
        multiply(weights, words, (sum << 7).wrapping_neg(), &finish, out);
    }
    Ok(())
}
