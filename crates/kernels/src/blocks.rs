//! Slices cut into blocks of a length that is known at run time only.
//!
//! `chunks_exact` divides, and panics for blocks of nothing: whether the compiler sees that neither happens depends on
//! what it inlines, and an image must not link a panic path. These iterators cut block by block, and do neither.

use core::mem;

/// Slices that can be cut into blocks.
pub(crate) trait Blocks {
    /// What the slice holds.
    type Item;

    /// Blocks of `len` elements, from the front; what is left over at the end is not visited. There are none where
    /// `len` is 0.
    fn blocks(&self, len: usize) -> Cut<'_, Self::Item>;

    /// As [`Blocks::blocks`], to write to.
    fn blocks_mut(&mut self, len: usize) -> CutMut<'_, Self::Item>;
}

impl<T> Blocks for [T] {
    type Item = T;

    fn blocks(&self, len: usize) -> Cut<'_, T> {
        Cut { rest: if len == 0 { &[] } else { self }, len }
    }

    fn blocks_mut(&mut self, len: usize) -> CutMut<'_, T> {
        CutMut { rest: if len == 0 { &mut [] } else { self }, len }
    }
}

/// See [`Blocks::blocks`].
#[derive(Clone)]
pub(crate) struct Cut<'a, T> {
    rest: &'a [T],
    len: usize,
}

impl<'a, T> Iterator for Cut<'a, T> {
    type Item = &'a [T];

    #[inline]
    fn next(&mut self) -> Option<&'a [T]> {
        if self.rest.is_empty() {
            return None;
        }
        let (block, rest) = self.rest.split_at_checked(self.len)?;
        self.rest = rest;
        Some(block)
    }

    #[inline]
    fn nth(&mut self, n: usize) -> Option<&'a [T]> {
        self.rest = n.checked_mul(self.len).and_then(|at| self.rest.get(at..)).unwrap_or_default();
        self.next()
    }
}

/// See [`Blocks::blocks_mut`].
pub(crate) struct CutMut<'a, T> {
    rest: &'a mut [T],
    len: usize,
}

impl<'a, T> Iterator for CutMut<'a, T> {
    type Item = &'a mut [T];

    #[inline]
    fn next(&mut self) -> Option<&'a mut [T]> {
        if self.rest.is_empty() {
            return None;
        }
        let (block, rest) = mem::take(&mut self.rest).split_at_mut_checked(self.len)?;
        self.rest = rest;
        Some(block)
    }

    #[inline]
    fn nth(&mut self, n: usize) -> Option<&'a mut [T]> {
        let rest = mem::take(&mut self.rest);
        self.rest = n.checked_mul(self.len).and_then(|at| rest.get_mut(at..)).unwrap_or_default();
        self.next()
    }
}

#[cfg(test)]
mod tests {
    use super::Blocks as _;

    #[test]
    fn blocks_are_those_of_chunks_exact() {
        for elements in 0..20 {
            let all: [u8; 20] = core::array::from_fn(|at| at as u8);
            let mut slice = all;
            let slice = &mut slice[..elements];
            for len in 1..8 {
                let cut = || all[..elements].chunks_exact(len);
                assert!(slice.blocks(len).eq(cut()), "{elements} by {len}");
                assert!(slice.blocks_mut(len).map(|it| &*it).eq(cut()), "{elements} by {len}");
                for n in 0..20 {
                    assert_eq!(slice.blocks(len).nth(n), cut().nth(n), "{n} of {elements} by {len}");
                    assert_eq!(slice.blocks_mut(len).nth(n).map(|it| &*it), cut().nth(n));
                }
            }
        }
    }

    #[test]
    fn there_are_no_blocks_of_nothing_and_none_beyond_the_address_space() {
        let mut slice = [1, 2, 3];
        assert_eq!(slice.blocks(0).count(), 0);
        assert_eq!(slice.blocks_mut(0).count(), 0);
        assert_eq!(slice.blocks(2).nth(usize::MAX), None);
        assert_eq!(slice.blocks_mut(2).nth(usize::MAX), None);
    }
}
