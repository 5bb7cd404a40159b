//! GATHER, GATHER_ND and DYNAMIC_UPDATE_SLICE: copies whose places a tensor says.

use super::{CopyNd, copy_nd};
use crate::{KernelError, blocks::Blocks as _};

/// Most dimensions that a tuple of indices can name.
pub const GATHER_DIMS: usize = 8;

/// An element of an index tensor.
pub trait Index: Copy {
    /// Its value.
    fn value(self) -> i64;
}

impl Index for i32 {
    fn value(self) -> i64 {
        self.into()
    }
}

impl Index for i64 {
    fn value(self) -> i64 {
        self
    }
}

/// Blocks picked along one axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Gather {
    /// Product of the leading axes that data and indices share.
    pub batch: u32,
    /// Product of the axes between those and the one gathered from.
    pub outer: u32,
    /// Size of the axis gathered from.
    pub axis: u32,
    /// Indices of one batch.
    pub picks: u32,
    /// Bytes of one block: all that follows the axis.
    pub block_bytes: u32,
}

fn product(factors: &[u32]) -> Option<usize> {
    factors.iter().try_fold(1usize, |product, &factor| product.checked_mul(factor as usize))
}

/// `output[b][o][p] = input[b][o][indices[b][p]]`, a block each.
///
/// | buffer    | order                  | elements               | values        |
/// |-----------|------------------------|------------------------|---------------|
/// | `input`   | `[batch][outer][axis]` | blocks                 | any           |
/// | `indices` | `[batch][picks]`       | batch · picks          | 0 .. axis     |
/// | `output`  | `[batch][outer][picks]` | blocks                | any           |
///
/// # Exactness
/// Moves bytes; computes nothing.
///
/// # Cost
/// One copy per block. No scratch.
///
/// # Errors
/// [`KernelError::Length`] when a buffer does not fit, [`KernelError::Value`] when an index is not one of the
/// axis.
pub fn gather<I: Index>(
    gather: &Gather,
    input: &[u8],
    indices: &[I],
    output: &mut [u8],
) -> Result<(), KernelError> {
    let Gather { batch, outer, axis, picks, block_bytes } = *gather;
    KernelError::check(product(&[batch, outer, axis, block_bytes]), input.len())?;
    KernelError::check(product(&[batch, picks]), indices.len())?;
    KernelError::check(product(&[batch, outer, picks, block_bytes]), output.len())?;
    if axis == 0 && !output.is_empty() {
        return Err(KernelError::Value);
    }
    let block = (block_bytes as usize).max(1);
    let arrays = input.blocks((axis as usize).saturating_mul(block).max(1));
    let mut targets = output.blocks_mut(block);
    for (number, array) in arrays.enumerate() {
        let first = (number / (outer as usize).max(1)).wrapping_mul(picks as usize);
        let row = indices.get(first..).and_then(|rest| rest.get(..picks as usize)).unwrap_or_default();
        for index in row {
            let at = usize::try_from(index.value()).map_err(|_| KernelError::Value)?;
            let source = array.blocks(block).nth(at).ok_or(KernelError::Value)?;
            if let Some(target) = targets.next() {
                copy(source, target);
            }
        }
    }
    Ok(())
}

fn copy(source: &[u8], target: &mut [u8]) {
    for (to, from) in target.iter_mut().zip(source) {
        *to = *from;
    }
}

/// Blocks picked by tuples of indices.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct GatherNd {
    /// Indices in a tuple, at most [`GATHER_DIMS`].
    pub depth: u8,
    /// Sizes of the axes that a tuple names.
    pub counts: [u32; GATHER_DIMS],
    /// One step along each, in bytes.
    pub strides_bytes: [u32; GATHER_DIMS],
    /// Bytes of one block: all axes that a tuple does not name.
    pub block_bytes: u32,
}

/// `output[t] = input[indices[t][0], indices[t][1], …]`, a block each.
///
/// # Errors
/// As [`gather`].
pub fn gather_nd<I: Index>(
    gather: &GatherNd,
    input: &[u8],
    indices: &[I],
    output: &mut [u8],
) -> Result<(), KernelError> {
    let block = (gather.block_bytes as usize).max(1);
    let depth = usize::from(gather.depth);
    if depth == 0 || depth > GATHER_DIMS || !indices.len().is_multiple_of(depth) {
        return Err(KernelError::Geometry);
    }
    KernelError::check((indices.len() / depth).checked_mul(gather.block_bytes as usize), output.len())?;
    for (tuple, target) in indices.blocks(depth).zip(output.blocks_mut(block)) {
        let mut at = 0usize;
        for ((index, &count), &stride) in tuple.iter().zip(&gather.counts).zip(&gather.strides_bytes) {
            let index = index.value();
            if !(0..i64::from(count)).contains(&index) {
                return Err(KernelError::Value);
            }
            at = at.saturating_add((index as usize).saturating_mul(stride as usize));
        }
        let source = input.get(at..).and_then(|rest| rest.get(..block)).ok_or(KernelError::Geometry)?;
        copy(source, target);
    }
    Ok(())
}

/// A copy into an array, at a place that a tensor says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct UpdateSlice {
    /// The copy to the array's beginning.
    pub copy: CopyNd,
    /// The greatest start along each axis.
    pub limits: [u32; GATHER_DIMS],
    /// One step along each axis of the array, in bytes.
    pub strides_bytes: [u32; GATHER_DIMS],
}

/// Writes `update` into `output` from the element that `starts` names, each start limited so that the
/// update fits.
///
/// # Errors
/// As [`copy_nd`]; [`KernelError::Geometry`] for more than [`GATHER_DIMS`] starts.
pub fn update_slice<I: Index>(
    slice: &UpdateSlice,
    update: &[u8],
    starts: &[I],
    output: &mut [u8],
) -> Result<(), KernelError> {
    if starts.len() > GATHER_DIMS {
        return Err(KernelError::Geometry);
    }
    let mut to = slice.copy.to_bytes;
    for ((start, &limit), &stride) in starts.iter().zip(&slice.limits).zip(&slice.strides_bytes) {
        let start = start.value().clamp(0, limit.into()) as u32;
        to = to.saturating_add(start.saturating_mul(stride));
    }
    copy_nd(&CopyNd { to_bytes: to, ..slice.copy }, update, output)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reference::{COPY_DIMS, CopyDim};

    #[test]
    fn gathers_blocks_of_each_batch() {
        let shape = Gather { batch: 2, outer: 1, axis: 3, picks: 2, block_bytes: 2 };
        let input = [1, 2, 3, 4, 5, 6, 11, 12, 13, 14, 15, 16];
        let mut output = [0; 8];
        gather(&shape, &input, &[2i32, 0, 1, 1], &mut output).unwrap();
        assert_eq!(output, [5, 6, 1, 2, 13, 14, 13, 14]);
    }

    #[test]
    fn an_index_outside_the_axis_is_an_error() {
        let shape = Gather { batch: 1, outer: 1, axis: 3, picks: 1, block_bytes: 1 };
        for index in [-1i64, 3, i64::MAX] {
            let result = gather(&shape, &[1, 2, 3], &[index], &mut [0]);
            assert_eq!(result, Err(KernelError::Value), "{index}");
        }
    }

    #[test]
    fn gathers_by_tuples() {
        let shape = GatherNd {
            depth: 2,
            counts: [2, 3, 1, 1, 1, 1, 1, 1],
            strides_bytes: [3, 1, 0, 0, 0, 0, 0, 0],
            block_bytes: 1,
        };
        let mut output = [0; 2];
        gather_nd(&shape, &[1, 2, 3, 4, 5, 6], &[1i32, 2, 0, 1], &mut output).unwrap();
        assert_eq!(output, [6, 2]);
        assert_eq!(gather_nd(&shape, &[1, 2, 3, 4, 5, 6], &[2i32, 0], &mut [0]), Err(KernelError::Value));
        assert_eq!(gather_nd(&shape, &[1, 2, 3, 4, 5, 6], &[0i32], &mut [0]), Err(KernelError::Geometry));
    }

    #[test]
    fn an_update_is_moved_until_it_fits() {
        let slice = UpdateSlice {
            copy: CopyNd { run_bytes: 2, from_bytes: 0, to_bytes: 0, dims: [CopyDim::ONE; COPY_DIMS] },
            limits: [2, 0, 0, 0, 0, 0, 0, 0],
            strides_bytes: [1, 0, 0, 0, 0, 0, 0, 0],
        };
        for (start, expected) in [(-5i64, [8, 9, 0, 0]), (1, [0, 8, 9, 0]), (99, [0, 0, 8, 9])] {
            let mut output = [0; 4];
            update_slice(&slice, &[8, 9], &[start], &mut output).unwrap();
            assert_eq!(output, expected);
        }
    }
}
