//! ARG_MAX, ARG_MIN and TOPK_V2: where the extremes are.

use super::Extreme;
use crate::{KernelError, blocks::Blocks as _};

/// An axis of an array, and what surrounds it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct ArgExtreme {
    /// Product of the axes before it.
    pub outer: u32,
    /// Its size.
    pub axis: u32,
    /// Product of the axes after it.
    pub inner: u32,
    /// Which element is looked for.
    pub which: Extreme,
}

/// The index of the least or greatest element along an axis; of equal ones, the first.
///
/// | buffer   | order                    | elements              | values    |
/// |----------|--------------------------|-----------------------|-----------|
/// | `input`  | `[outer][axis][inner]`   | outer · axis · inner  | any       |
/// | `output` | `[outer][inner]`         | outer · inner         | 0 .. axis |
///
/// # Exactness
/// Compares the stored values.
///
/// # Cost
/// One comparison per element. No scratch.
///
/// # Errors
/// [`KernelError::Length`] when a buffer does not fit; `output` is then untouched.
pub fn arg_extreme<T: Copy + PartialOrd, O: From<i32>>(
    arg: &ArgExtreme,
    input: &[T],
    output: &mut [O],
) -> Result<(), KernelError> {
    let (outer, axis, inner) = (arg.outer as usize, arg.axis as usize, arg.inner as usize);
    let kept = outer.checked_mul(inner);
    KernelError::check(kept.and_then(|kept| kept.checked_mul(axis)), input.len())?;
    KernelError::check(kept, output.len())?;
    let block = axis.saturating_mul(inner).max(1);
    for (array, indices) in input.blocks(block).zip(output.blocks_mut(inner)) {
        for (position, index) in indices.iter_mut().enumerate() {
            let mut elements = array.iter().skip(position).step_by(inner.max(1)).enumerate();
            let Some((_, &first)) = elements.next() else { continue };
            let best = elements.fold((0, first), |(at, best), (candidate, &value)| {
                if arg.which.prefers(value, best) { (candidate, value) } else { (at, best) }
            });
            *index = O::from(best.0 as i32);
        }
    }
    Ok(())
}

/// The greatest elements of rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct TopK {
    /// Elements of a row.
    pub depth: u32,
    /// How many of them.
    pub k: u32,
}

/// The `k` greatest elements of each row and their indices, falling; of equal ones, the first comes first.
///
/// | buffer    | order          | elements     | values      |
/// |-----------|----------------|--------------|-------------|
/// | `input`   | `[row][depth]` | rows · depth | any         |
/// | `values`  | `[row][k]`     | rows · k     | any         |
/// | `indices` | `[row][k]`     | rows · k     | 0 .. depth  |
///
/// # Cost
/// Each row is read once per element found. No scratch.
///
/// # Errors
/// [`KernelError::Length`] when a buffer does not fit, [`KernelError::Geometry`] when `k` is above `depth`.
pub fn top_k<T: Copy + PartialOrd>(
    top: &TopK,
    input: &[T],
    values: &mut [T],
    indices: &mut [i32],
) -> Result<(), KernelError> {
    let (depth, k) = (top.depth as usize, top.k as usize);
    if k > depth {
        return Err(KernelError::Geometry);
    }
    let rows = input.len().checked_div(depth).unwrap_or(0);
    KernelError::check(rows.checked_mul(depth), input.len())?;
    KernelError::check(rows.checked_mul(k), values.len())?;
    KernelError::check(rows.checked_mul(k), indices.len())?;
    let outputs = values.blocks_mut(k).zip(indices.blocks_mut(k));
    for (row, (values, indices)) in input.blocks(depth).zip(outputs) {
        let mut last: Option<(usize, T)> = None;
        for (value, index) in values.iter_mut().zip(indices) {
            // The greatest that comes after the last one found.
            let follows = |&(at, &candidate): &(usize, &T)| match last {
                Some((before, found)) => candidate < found || (candidate == found && at > before),
                None => true,
            };
            let rest = row.iter().enumerate().filter(follows);
            let next = rest.fold(None, |best: Option<(usize, T)>, (at, &candidate)| match best {
                Some((_, greatest)) if candidate <= greatest => best,
                _ => Some((at, candidate)),
            });
            let Some((at, found)) = next else { break };
            (*value, *index) = (found, at as i32);
            last = next;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_of_equal_extremes_counts() {
        let rows = ArgExtreme { outer: 2, axis: 3, inner: 1, which: Extreme::Greatest };
        let mut output = [9i32; 2];
        arg_extreme(&rows, &[1i8, 5, 5, -1, -1, -1], &mut output).unwrap();
        assert_eq!(output, [1, 0]);
        let columns = ArgExtreme { outer: 1, axis: 2, inner: 3, which: Extreme::Least };
        let mut output = [9i64; 3];
        arg_extreme(&columns, &[1i8, 5, 5, -1, 5, 6], &mut output).unwrap();
        assert_eq!(output, [1, 0, 0]);
        assert!(arg_extreme(&columns, &[1i8], &mut output).is_err());
    }

    #[test]
    fn the_greatest_fall_and_equal_ones_keep_their_order() {
        let (mut values, mut indices) = ([0i8; 3], [0; 3]);
        top_k(&TopK { depth: 5, k: 3 }, &[2, 7, -1, 7, 3], &mut values, &mut indices).unwrap();
        assert_eq!((values, indices), ([7, 7, 3], [1, 3, 4]));
        let all = top_k(&TopK { depth: 2, k: 3 }, &[1, 2], &mut values, &mut indices);
        assert_eq!(all, Err(KernelError::Geometry));
    }
}
