//! BATCH_MATMUL.

use quant::{Clamp, Multiplier, ZeroPoint};

use super::layer::Element;
use crate::KernelError;

/// Batch dimensions of BATCH_MATMUL, outermost first; unused ones are 1.
pub const BATCH_RANK: usize = 3;

/// Where a factor's elements lie, in elements from its start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct FactorSteps {
    /// From one index of a batch dimension to the next; 0 along one that is broadcast.
    pub batch: [u32; BATCH_RANK],
    /// From one row (left factor) or column (right factor) to the next.
    pub line: u32,
    /// From one element of a row or column to the next.
    pub depth: u32,
}

/// Products of matrices, pair by pair. Transposed and broadcast factors are only stepped through otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct MatMulShape {
    /// Pairs, along each batch dimension.
    pub batch: [u32; BATCH_RANK],
    /// Rows of a product.
    pub rows: u32,
    /// Columns of a product.
    pub columns: u32,
    /// Products per sum.
    pub depth: u32,
    /// Where the left factor's elements lie.
    pub left: FactorSteps,
    /// Where the right factor's elements lie.
    pub right: FactorSteps,
}

/// A product of matrices: its shape, and how its integers stand for real numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct BatchMatMul {
    /// Sizes and steps.
    pub shape: MatMulShape,
    /// Zero of the left factor. 0 for int16.
    pub left_zero: ZeroPoint,
    /// Zero of the right factor. 0 for int16.
    pub right_zero: ZeroPoint,
    /// Zero of the output. 0 for int16.
    pub output_zero: ZeroPoint,
    /// From a sum to the output.
    pub scale: Multiplier,
}

/// A product of matrices of real numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct BatchMatMulF32 {
    /// Sizes and steps.
    pub shape: MatMulShape,
}

impl FactorSteps {
    /// Checks that the last element that a walk reaches exists.
    fn check(&self, shape: &MatMulShape, lines: u32, found: usize) -> Result<(), KernelError> {
        let last = |count: u32, step: u32| u64::from(count.saturating_sub(1)).saturating_mul(step.into());
        let batches = shape.batch.iter().zip(&self.batch).map(|(&count, &step)| last(count, step));
        let reach = batches
            .chain([last(lines, self.line), last(shape.depth, self.depth)])
            .fold(0u64, u64::saturating_add);
        if reach < found as u64 { Ok(()) } else { Err(KernelError::Geometry) }
    }
}

impl MatMulShape {
    /// Calls `sum` for every output with where its row and its column begin, and stores what it gives.
    fn walk<T>(
        &self,
        (left, right): (usize, usize),
        output: &mut [T],
        sum: impl Fn(usize, usize) -> Option<T>,
    ) -> Result<(), KernelError> {
        let expected = self
            .batch
            .iter()
            .chain([&self.rows, &self.columns])
            .try_fold(1usize, |product, &size| product.checked_mul(size as usize));
        KernelError::check(expected, output.len())?;
        if output.is_empty() {
            return Ok(());
        }
        if self.depth > 0 {
            self.left.check(self, self.rows, left)?;
            self.right.check(self, self.columns, right)?;
        }
        let mut outputs = output.iter_mut();
        let [b0, b1, b2] = self.batch.map(|size| size as usize);
        let at = |steps: &FactorSteps, [i, j, k]: [usize; BATCH_RANK]| {
            let [si, sj, sk] = steps.batch.map(|step| step as usize);
            i * si + j * sj + k * sk
        };
        for batch in (0..b0).flat_map(|i| (0..b1).flat_map(move |j| (0..b2).map(move |k| [i, j, k]))) {
            let (from_left, from_right) = (at(&self.left, batch), at(&self.right, batch));
            for row in 0..self.rows as usize {
                for column in 0..self.columns as usize {
                    let Some(out) = outputs.next() else { return Ok(()) };
                    let row_at = from_left + row * self.left.line as usize;
                    let column_at = from_right + column * self.right.line as usize;
                    *out = sum(row_at, column_at).ok_or(KernelError::Geometry)?;
                }
            }
        }
        Ok(())
    }

    /// The pairs of elements that an output sums the products of.
    fn pairs(&self, row: usize, column: usize) -> impl Iterator<Item = (usize, usize)> {
        let (left, right) = (self.left.depth as usize, self.right.depth as usize);
        (0..self.depth as usize).map(move |k| (row + k * left, column + k * right))
    }
}

/// Multiplies pairs of int8 matrices.
///
/// ```text
/// acc(b, r, c) = Σ k  (left[b, r, k] − left_zero) · (right[b, k, c] − right_zero)
/// output[b, r, c] = clamp(scale · acc + output_zero)
/// ```
///
/// | buffer   | order       | elements                | values       |
/// |----------|-------------|-------------------------|--------------|
/// | `left`   | as it steps | what its steps reach    | −128 ..= 127 |
/// | `right`  | as it steps | what its steps reach    | −128 ..= 127 |
/// | `output` | `[b][r][c]` | batches · rows · columns | −128 ..= 127 |
///
/// # Exactness
/// The bytes of TFLM's `reference_ops::BatchMatMul` on int8, which transposes into buffers first. The
/// accumulator wraps at 32 bits.
///
/// # Cost
/// `batches · rows · columns · depth` multiply-adds. No scratch.
///
/// # Errors
/// [`KernelError::Length`] or [`KernelError::Geometry`]; `output` is then untouched.
pub fn batch_matmul_s8(
    matmul: &BatchMatMul,
    left: &[i8],
    right: &[i8],
    output: &mut [i8],
) -> Result<(), KernelError> {
    matmul.shape.walk((left.len(), right.len()), output, |row, column| {
        let mut sum = 0i32;
        for (l, r) in matmul.shape.pairs(row, column) {
            let l = left.get(l)?.wide().wrapping_sub(matmul.left_zero.0);
            let r = right.get(r)?.wide().wrapping_sub(matmul.right_zero.0);
            sum = sum.wrapping_add(l.wrapping_mul(r));
        }
        Some(matmul.scale.requantize(sum, matmul.output_zero, Clamp::I8) as i8)
    })
}

/// As [`batch_matmul_s8`], on int16 without zeros.
///
/// # Exactness
/// The bytes of TFLM's `reference_ops::BatchMatMul` on int16. The accumulator has 64 bits, and is scaled as
/// `Multiplier::scale_wide` does.
///
/// # Errors
/// [`KernelError::Length`] or [`KernelError::Geometry`]; `output` is then untouched.
pub fn batch_matmul_s16(
    matmul: &BatchMatMul,
    left: &[i16],
    right: &[i16],
    output: &mut [i16],
) -> Result<(), KernelError> {
    matmul.shape.walk((left.len(), right.len()), output, |row, column| {
        let mut sum = 0i64;
        for (l, r) in matmul.shape.pairs(row, column) {
            sum = sum.wrapping_add(i64::from(left.get(l)?.wide() * right.get(r)?.wide()));
        }
        Some(matmul.scale.requantize_wide(sum, ZeroPoint(0), Clamp::I16) as i16)
    })
}

/// As [`batch_matmul_s8`], on real numbers.
///
/// # Exactness
/// The bits of TFLM's `reference_ops::BatchMatMul`: products are added one by one.
///
/// # Errors
/// [`KernelError::Length`] or [`KernelError::Geometry`]; `output` is then untouched.
pub fn batch_matmul_f32(
    matmul: &BatchMatMulF32,
    left: &[f32],
    right: &[f32],
    output: &mut [f32],
) -> Result<(), KernelError> {
    matmul.shape.walk((left.len(), right.len()), output, |row, column| {
        let mut sum = 0f32;
        for (l, r) in matmul.shape.pairs(row, column) {
            sum += left.get(l)? * right.get(r)?;
        }
        Some(sum)
    })
}
