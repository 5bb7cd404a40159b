//! CUMSUM.

use quant::Sum;

use super::plain::Number;
use crate::{KernelError, blocks::Blocks as _};

/// Which way, and over what, sums run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Cumsum {
    /// Elements along the axis.
    pub depth: u32,
    /// Elements from one along the axis to the next: the product of the sizes after it.
    pub inner: u32,
    /// Whether an element's own value counts in its sum.
    pub own: Own,
    /// From which end sums begin.
    pub from: Begin,
}

/// Whether an element's own value counts in its sum.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[allow(missing_docs)]
pub enum Own {
    Included,
    Excluded,
}

/// From which end sums begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[allow(missing_docs)]
pub enum Begin {
    First,
    Last,
}

impl Cumsum {
    /// Walks `total` elements along the axis; `turn` gives each an output from its input and the sum so far.
    fn walk<T: Copy, S: Copy>(
        &self,
        input: &[T],
        output: &mut [T],
        nothing: S,
        turn: impl Fn(S, T) -> S,
        finish: impl Fn(S) -> T,
    ) -> Result<(), KernelError> {
        KernelError::check(Some(input.len()), output.len())?;
        let (depth, inner) = (self.depth as usize, self.inner.max(1) as usize);
        let block = depth.checked_mul(inner).filter(|block| *block > 0).ok_or(KernelError::Geometry)?;
        if !input.len().is_multiple_of(block) {
            return Err(KernelError::Geometry);
        }
        for (input, output) in input.blocks(block).zip(output.blocks_mut(block)) {
            for column in 0..inner {
                let mut sum = nothing;
                for step in 0..depth {
                    let index = match self.from {
                        Begin::First => step,
                        Begin::Last => depth.wrapping_sub(step).wrapping_sub(1),
                    };
                    let at = index.wrapping_mul(inner).wrapping_add(column);
                    let (Some(&x), Some(out)) = (input.get(at), output.get_mut(at)) else { continue };
                    let with_own = turn(sum, x);
                    *out = finish(if self.own == Own::Included { with_own } else { sum });
                    sum = with_own;
                }
            }
        }
        Ok(())
    }
}

/// Sums of all elements up to each, along an axis.
///
/// ```text
/// output[i] = Σ j ≤ i  input[j]        j < i when its own is excluded; from the other end if so told
/// ```
///
/// | buffer   | order                   | elements            | values |
/// |----------|-------------------------|---------------------|--------|
/// | `input`  | `[..][depth][inner]`    | as many as `output` | any    |
/// | `output` | as `input`              |                     | any    |
///
/// # Exactness
/// TFLM's `CumSum`: summed in the order of the axis; integers wrap.
///
/// # Cost
/// One addition per element. No scratch.
///
/// # Errors
/// [`KernelError::Length`] or [`KernelError::Geometry`]; `output` is then untouched.
pub fn cumsum<T: Number>(params: &Cumsum, input: &[T], output: &mut [T]) -> Result<(), KernelError> {
    params.walk(input, output, T::default(), T::plus, |sum| sum)
}

/// [`cumsum`] of int8, with a scale for the input and one for the output.
///
/// # Exactness
/// The bytes of TFLM's `CumSum` on int8. Sums wrap, and begin as those of ADD_N do.
///
/// # Errors
/// As [`cumsum`].
pub fn cumsum_s8(params: &Cumsum, sum: &Sum, input: &[i8], output: &mut [i8]) -> Result<(), KernelError> {
    let add = |total: i32, q: i8| total.wrapping_add(sum.inputs.a(q.into()));
    params.walk(input, output, sum.inputs.a(0), add, |total| sum.finish(total) as i8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_run_along_the_axis_either_way() {
        let input = [1, 2, 3, 4, 5, 6];
        let mut output = [0; 6];
        let mut run = |own, from| {
            cumsum(&Cumsum { depth: 3, inner: 2, own, from }, &input, &mut output).unwrap();
            output
        };
        assert_eq!(run(Own::Included, Begin::First), [1, 2, 4, 6, 9, 12]);
        assert_eq!(run(Own::Excluded, Begin::First), [0, 0, 1, 2, 4, 6]);
        assert_eq!(run(Own::Included, Begin::Last), [9, 12, 8, 10, 5, 6]);
        assert_eq!(run(Own::Excluded, Begin::Last), [8, 10, 5, 6, 0, 0]);
        let params = Cumsum { depth: 4, inner: 2, own: Own::Included, from: Begin::First };
        assert_eq!(cumsum(&params, &input, &mut [0; 6]), Err(KernelError::Geometry));
    }
}
