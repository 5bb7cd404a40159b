//! The loops that operators of one and of two operands share.
//!
//! An operand may be what the output holds already ([`Source::Output`]): each element is read before it is
//! overwritten, so the bytes are the same as with an operand of its own.

use crate::{Broadcast, KernelError, blocks::Blocks as _};

/// Elements worked on at once.
const CHUNK: usize = 32;

/// Where an operand's elements come from.
#[derive(Clone, Copy, Debug)]
pub enum Source<'a, T> {
    /// From memory of its own.
    Given(&'a [T]),
    /// From the output, which holds them until they are overwritten.
    Output,
}

impl<T: Copy> Source<'_, T> {
    pub(super) const fn len(&self, output: usize) -> usize {
        match self {
            Self::Given(elements) => elements.len(),
            Self::Output => output,
        }
    }

    /// One element.
    #[inline]
    pub(super) fn get(&self, output: &[T], at: usize) -> Option<T> {
        match self {
            Self::Given(elements) => elements.get(at).copied(),
            Self::Output => output.get(at).copied(),
        }
    }

    /// Copies part of a row into `chunk`.
    #[inline]
    fn read(&self, output: &[T], at: usize, step: usize, chunk: &mut [T]) {
        let elements = match self {
            Self::Given(elements) => elements,
            Self::Output => output,
        };
        if step == 0 {
            if let Some(&element) = elements.get(at) {
                chunk.fill(element);
            }
        } else if let Some((_, from)) = elements.split_at_checked(at) {
            for (to, &from) in chunk.iter_mut().zip(from) {
                *to = from;
            }
        }
    }
}

/// `output = function(a)`, element by element.
pub(super) fn each<T: Copy>(
    a: Source<'_, T>,
    output: &mut [T],
    function: impl Fn(T) -> T,
) -> Result<(), KernelError> {
    match a {
        Source::Given(a) => convert(a, output, function),
        Source::Output => {
            for element in output {
                *element = function(*element);
            }
            Ok(())
        }
    }
}

/// `output = function(a)`, element by element, to another type.
pub(super) fn convert<A: Copy, O>(
    a: &[A],
    output: &mut [O],
    function: impl Fn(A) -> O,
) -> Result<(), KernelError> {
    KernelError::check(Some(a.len()), output.len())?;
    for (output, &a) in output.iter_mut().zip(a) {
        *output = function(a);
    }
    Ok(())
}

/// `output = function(a, b)`, element by element, broadcasting either.
pub(super) fn pairwise<T: Copy + Default>(
    walk: &Broadcast,
    a: Source<'_, T>,
    b: Source<'_, T>,
    output: &mut [T],
    function: impl Fn(T, T) -> T,
) -> Result<(), KernelError> {
    walk.check(output.len(), [a.len(output.len()), b.len(output.len())])?;
    let rows = walk.rows::<2>();
    let (len, [a_step, b_step]) = (rows.len, rows.steps);
    let (mut a_chunk, mut b_chunk) = ([T::default(); CHUNK], [T::default(); CHUNK]);
    let mut at = 0usize;
    for [mut a_at, mut b_at] in rows {
        let mut left = len;
        while left > 0 {
            let count = left.min(CHUNK);
            a.read(output, a_at, a_step, a_chunk.get_mut(..count).unwrap_or_default());
            b.read(output, b_at, b_step, b_chunk.get_mut(..count).unwrap_or_default());
            let out = output.get_mut(at..).unwrap_or_default().iter_mut();
            for ((out, &a), &b) in out.zip(&a_chunk).zip(&b_chunk).take(count) {
                *out = function(a, b);
            }
            a_at = a_at.wrapping_add(count.wrapping_mul(a_step));
            b_at = b_at.wrapping_add(count.wrapping_mul(b_step));
            at = at.wrapping_add(count);
            left -= count;
        }
    }
    Ok(())
}

/// `output = function(a, b)`, element by element, broadcasting either, to another type.
pub(super) fn pairwise_to<T: Copy, O>(
    walk: &Broadcast,
    a: &[T],
    b: &[T],
    output: &mut [O],
    function: impl Fn(T, T) -> O,
) -> Result<(), KernelError> {
    walk.check(output.len(), [a.len(), b.len()])?;
    let rows = walk.rows::<2>();
    let (len, [a_step, b_step]) = (rows.len.max(1), rows.steps);
    for ([mut a_at, mut b_at], output) in rows.zip(output.blocks_mut(len)) {
        for output in output {
            if let (Some(&a), Some(&b)) = (a.get(a_at), b.get(b_at)) {
                *output = function(a, b);
            }
            a_at = a_at.wrapping_add(a_step);
            b_at = b_at.wrapping_add(b_step);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    extern crate std;
    use std::vec::Vec;

    use super::*;

    fn naive(walk: &Broadcast, a: &[i32], b: &[i32], output: &mut [i32]) {
        pairwise_to(walk, a, b, output, |a, b| a - 3 * b).unwrap();
    }

    #[test]
    fn working_in_place_gives_the_same_elements() {
        // Rows on both sides of the chunk, of one and of several, and with either operand repeating.
        for (shape, other) in [
            (&[100][..], &[100][..]),
            (&[2, 33], &[33]),
            (&[3, 5, 32], &[3, 1, 32]),
            (&[7, 31], &[7, 1]),
            (&[4, 9], &[]),
            (&[2, 3, 2, 2, 3, 2], &[1, 3, 1, 2, 1, 2]),
        ] {
            let (len, other_len) = (shape.iter().product::<usize>(), other.iter().product::<usize>());
            let large: Vec<i32> = (0..len as i32).map(|i| i * i % 101 - 50).collect();
            let small: Vec<i32> = (0..other_len as i32).map(|i| i * 7 % 13 - 6).collect();
            for swap in [false, true] {
                let shapes = if swap { [other, shape] } else { [shape, other] };
                let walk = Broadcast::of(shape, &shapes).unwrap();
                let (a, b) = if swap { (&small, &large) } else { (&large, &small) };
                let mut expected = std::vec![0x5a5a; len];
                naive(&walk, a, b, &mut expected);

                let mut output = std::vec![-1; len];
                let given = [Source::Given(&a[..]), Source::Given(&b[..])];
                pairwise(&walk, given[0], given[1], &mut output, |a, b| a - 3 * b).unwrap();
                assert_eq!(output, expected, "{shapes:?}");

                let mut output = large.clone();
                let [a, b] = if swap { [given[0], Source::Output] } else { [Source::Output, given[1]] };
                pairwise(&walk, a, b, &mut output, |a, b| a - 3 * b).unwrap();
                assert_eq!(output, expected, "{shapes:?} in place");
            }
        }
    }

    #[test]
    fn one_operand_in_place() {
        let mut output = [0; 3];
        each(Source::Given(&[1, 2, 3]), &mut output, |x| x * 10).unwrap();
        assert_eq!(output, [10, 20, 30]);
        each(Source::Output, &mut output, |x| x + 1).unwrap();
        assert_eq!(output, [11, 21, 31]);
        assert!(each(Source::Given(&[1]), &mut output, |x| x).is_err());
    }

    #[test]
    fn buffers_of_the_wrong_length_are_refused() {
        let walk = Broadcast::of(&[4], &[&[4], &[]]).unwrap();
        let mut output = [9; 4];
        let (four, one) = (Source::Given(&[1, 2, 3, 4][..]), Source::Given(&[1][..]));
        assert!(pairwise(&walk, one, four, &mut output, |a, _| a).is_err());
        assert!(pairwise(&walk, four, Source::Output, &mut output, |a, _| a).is_err());
        assert_eq!(output, [9; 4]);
    }
}
