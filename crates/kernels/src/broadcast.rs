//! Walking tensors of different shapes side by side, as broadcasting lays them.

use crate::KernelError;

/// Axes that a walk has at most, after neighbours that belong together were merged.
pub const MAX_AXES: usize = 6;

/// How up to eight operands are read along one output.
///
/// ```text
/// output[i0, …, i5] is made from operand k at the offset Σ over the axes that k varies along  i · stride
/// ```
/// An operand is stored densely in the order of the axes that it varies along; along the others it repeats.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Broadcast {
    /// Sizes of the output, outermost first; 1 where there are fewer axes.
    pub extents: [u32; MAX_AXES],
    /// Per axis, a bit for each operand that varies along it: the lowest for the first.
    pub varies: [u8; MAX_AXES],
}

impl Broadcast {
    /// The walk over an output of this shape, whose operands have these shapes, aligned at their last axes.
    ///
    /// Axes of size 1 vanish and neighbours along which the same operands vary become one. `None` when a
    /// shape does not fit, or when more than [`MAX_AXES`] remain.
    pub fn of(output: &[usize], operands: &[&[usize]]) -> Option<Self> {
        let mut walk = Self { extents: [1; MAX_AXES], varies: [0; MAX_AXES] };
        let mut axes = walk.extents.iter_mut().zip(&mut walk.varies).rev();
        let mut last: Option<(&mut u32, &mut u8)> = None;
        if operands.len() > 8 || operands.iter().any(|shape| shape.len() > output.len()) {
            return None;
        }
        for (from_end, &size) in output.iter().rev().enumerate() {
            let mut varies = 0;
            for (operand, shape) in operands.iter().enumerate() {
                match shape.iter().rev().nth(from_end) {
                    Some(&own) if own == size => varies |= 1 << operand,
                    Some(1) | None => {}
                    Some(_) => return None,
                }
            }
            let size = u32::try_from(size).ok()?;
            match &mut last {
                _ if size == 1 => {}
                Some((extent, same)) if **same == varies => **extent = extent.checked_mul(size)?,
                _ => {
                    let (extent, same) = axes.next()?;
                    (*extent, *same) = (size, varies);
                    last = Some((extent, same));
                }
            }
        }
        Some(walk)
    }

    /// Checks the lengths of the output and the operands.
    ///
    /// # Errors
    /// [`KernelError::Length`].
    pub fn check<const N: usize>(&self, output: usize, operands: [usize; N]) -> Result<(), KernelError> {
        KernelError::check(self.elements(|_| true), output)?;
        for (operand, &found) in operands.iter().enumerate() {
            KernelError::check(self.elements(|varies| varies & 1 << operand != 0), found)?;
        }
        Ok(())
    }

    /// The product of the sizes of some axes; `None` when it is 2^31 or more.
    fn elements(&self, along: impl Fn(u8) -> bool) -> Option<usize> {
        let mut elements = 1u64;
        for (&extent, &varies) in self.extents.iter().zip(&self.varies) {
            if along(varies) {
                elements = elements.saturating_mul(extent.into());
            }
        }
        if elements < 1 << 31 { Some(elements as usize) } else { None }
    }

    /// The rows: runs along the last axis, in the order of the output.
    pub fn rows<const N: usize>(&self) -> Rows<N> {
        let mut rows = Rows {
            len: 0,
            steps: [0; N],
            axes: [Axis { extent: 1, strides: [0; N], index: 0 }; MAX_AXES],
            at: Some([0; N]),
        };
        let mut dense = [1usize; N];
        let outermost_last = self.extents.iter().zip(&self.varies).rev();
        for (position, ((&extent, &varies), axis)) in outermost_last.zip(&mut rows.axes).enumerate() {
            let extent = extent as usize;
            for (operand, (stride, dense)) in axis.strides.iter_mut().zip(&mut dense).enumerate() {
                if varies & 1 << operand != 0 {
                    *stride = *dense;
                    *dense = dense.wrapping_mul(extent);
                }
            }
            axis.extent = extent;
            if position == 0 {
                rows.len = extent;
                rows.steps = axis.strides;
                *axis = Axis { extent: 1, strides: [0; N], index: 0 };
            }
            if extent == 0 {
                rows.at = None;
            }
        }
        rows
    }
}

#[derive(Clone, Copy, Debug)]
struct Axis<const N: usize> {
    extent: usize,
    strides: [usize; N],
    index: usize,
}

/// The rows of a [`Broadcast`]: for each, where in every operand it begins.
#[derive(Clone, Debug)]
pub struct Rows<const N: usize> {
    /// Elements of a row of the output.
    pub len: usize,
    /// From one element of a row to the next, per operand: 1, or 0 where it repeats.
    pub steps: [usize; N],
    axes: [Axis<N>; MAX_AXES],
    at: Option<[usize; N]>,
}

impl<const N: usize> Iterator for Rows<N> {
    type Item = [usize; N];

    fn next(&mut self) -> Option<[usize; N]> {
        let begin = self.at?;
        let mut next = begin;
        for axis in &mut self.axes {
            axis.index = axis.index.wrapping_add(1);
            let wraps = axis.index >= axis.extent;
            let back = if wraps { axis.extent } else { 0 };
            for (at, &stride) in next.iter_mut().zip(&axis.strides) {
                *at = at.wrapping_add(stride).wrapping_sub(stride.wrapping_mul(back));
            }
            if !wraps {
                self.at = Some(next);
                return Some(begin);
            }
            axis.index = 0;
        }
        self.at = None;
        Some(begin)
    }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use std::{vec, vec::Vec};

    use super::*;

    /// Offsets of every element, from the rows.
    fn walked(walk: &Broadcast) -> Vec<[usize; 2]> {
        let rows = walk.rows::<2>();
        let (len, steps) = (rows.len, rows.steps);
        rows.flat_map(|[a, b]| (0..len).map(move |i| [a + i * steps[0], b + i * steps[1]])).collect()
    }

    /// Offsets of every element, by multiplying out indices.
    fn naive(output: &[usize], shapes: [&[usize]; 2]) -> Vec<[usize; 2]> {
        let count = output.iter().product::<usize>();
        let offset = |mut flat: usize, shape: &[usize]| {
            let (mut at, mut stride) = (0, 1);
            for (axis, &size) in output.iter().enumerate().rev() {
                let index = flat % size;
                flat /= size;
                if let Some(own) = (axis + shape.len()).checked_sub(output.len()) {
                    at += if shape[own] == 1 { 0 } else { index * stride };
                    stride *= shape[own];
                }
            }
            at
        };
        (0..count).map(|flat| shapes.map(|shape| offset(flat, shape))).collect()
    }

    #[test]
    fn rows_visit_what_multiplied_out_indices_say() {
        let sizes = [1, 2, 3];
        for choice in 0..3usize.pow(5) {
            let digit = |k: u32| choice / 3usize.pow(k) % 3;
            let full: Vec<usize> = (0..5).map(|k| sizes[(choice >> k) % 3]).collect();
            // Each axis is given by both, the first only, or the second only.
            let keep = |operand: usize| -> Vec<usize> {
                (0..5).map(|k| if digit(k as u32) == operand { 1 } else { full[k] }).collect()
            };
            let (a, b) = (keep(0), keep(1));
            let output: Vec<usize> = a.iter().zip(&b).map(|(a, b)| *a.max(b)).collect();
            let walk = Broadcast::of(&output, &[&a, &b]).unwrap();
            assert_eq!(walked(&walk), naive(&output, [&a, &b]), "{a:?} {b:?}");
            walk.check(output.iter().product(), [a.iter().product(), b.iter().product()]).unwrap();
        }
    }

    #[test]
    fn lower_ranks_align_at_the_end() {
        let walk = Broadcast::of(&[2, 3, 4], &[&[2, 3, 4], &[4]]).unwrap();
        assert_eq!((walk.extents[4..].to_vec(), walk.varies[4..].to_vec()), (vec![6, 4], vec![1, 3]));
        let scalar = Broadcast::of(&[2, 3], &[&[], &[2, 3]]).unwrap();
        assert_eq!((scalar.extents[5], scalar.varies[5]), (6, 2));
        let nothing = Broadcast::of(&[2, 0], &[&[2, 0], &[1, 1]]).unwrap();
        assert_eq!(nothing.rows::<2>().count(), 0);
    }

    #[test]
    fn shapes_that_do_not_fit_have_no_walk() {
        assert_eq!(Broadcast::of(&[2, 3], &[&[2, 3], &[2]]), None);
        assert_eq!(Broadcast::of(&[3], &[&[2, 3], &[3]]), None);
        let alternating: &[usize] = &[2, 1, 2, 1, 2, 1, 2, 1];
        assert_eq!(Broadcast::of(&[2; 8], &[alternating, &[2; 8]]), None, "eight axes remain");
    }

    #[test]
    fn lengths_are_checked() {
        let walk = Broadcast::of(&[2, 3], &[&[2, 3], &[3]]).unwrap();
        assert_eq!(walk.check(6, [6, 3]), Ok(()));
        assert!(walk.check(5, [6, 3]).is_err());
        assert!(walk.check(6, [6, 6]).is_err());
        let huge = Broadcast { extents: [u32::MAX; MAX_AXES], varies: [3; MAX_AXES] };
        assert!(huge.check(6, [6, 6]).is_err());
    }
}
