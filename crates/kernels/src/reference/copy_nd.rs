//! The copy that all operators which only move elements become.

use crate::KernelError;

/// Most dimensions of a [`CopyNd`], its runs not counted.
pub const COPY_DIMS: usize = 8;

/// One dimension of a copy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct CopyDim {
    /// How often it is stepped through.
    pub count: u32,
    /// One step in the input, in bytes; negative runs backwards, 0 repeats.
    pub from_bytes: i32,
    /// One step in the output, in bytes.
    pub to_bytes: i32,
}

impl CopyDim {
    /// A dimension of one.
    pub const ONE: Self = Self { count: 1, from_bytes: 0, to_bytes: 0 };
}

/// A copy between two arrays of any strides.
///
/// ```text
/// output[to_bytes + Σ i·dim.to_bytes ..][..run_bytes] = input[from_bytes + Σ i·dim.from_bytes ..][..run_bytes]
/// for every combination of i in 0..dim.count, the last dimension fastest
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct CopyNd {
    /// Bytes that stay together.
    pub run_bytes: u32,
    /// Where the first run is read.
    pub from_bytes: u32,
    /// Where it is written.
    pub to_bytes: u32,
    /// The dimensions; those not needed are [`CopyDim::ONE`].
    pub dims: [CopyDim; COPY_DIMS],
}

impl CopyNd {
    /// Checks that every run lies inside both buffers.
    ///
    /// # Errors
    /// [`KernelError::Length`] when one leaves its buffer.
    pub fn check(&self, input: usize, output: usize) -> Result<(), KernelError> {
        if self.dims.iter().any(|dim| dim.count == 0) {
            return Ok(());
        }
        let reach = |start: u32, stride: fn(&CopyDim) -> i32| {
            let mut low = i64::from(start);
            let mut high = low + i64::from(self.run_bytes);
            for dim in &self.dims {
                let distance = (i64::from(dim.count) - 1).saturating_mul(stride(dim).into());
                low = low.saturating_add(distance.min(0));
                high = high.saturating_add(distance.max(0));
            }
            (low, high)
        };
        let inside = |(low, high): (i64, i64), bytes: usize| {
            if low >= 0 && high <= bytes as i64 { Ok(()) } else { Err(KernelError::Length) }
        };
        inside(reach(self.from_bytes, |dim| dim.from_bytes), input)?;
        inside(reach(self.to_bytes, |dim| dim.to_bytes), output)
    }

    /// Calls `row` with the input's and output's position of every row: the dimensions but the last.
    fn each_row(&self, mut row: impl FnMut(usize, usize)) {
        let mut at = [0u32; COPY_DIMS - 1];
        let (mut from, mut to) = (self.from_bytes, self.to_bytes);
        if self.dims.iter().any(|dim| dim.count == 0) {
            return;
        }
        loop {
            row(from as usize, to as usize);
            let mut is_done = true;
            for (index, dim) in at.iter_mut().zip(&self.dims).rev() {
                *index += 1;
                if *index < dim.count {
                    from = from.wrapping_add_signed(dim.from_bytes);
                    to = to.wrapping_add_signed(dim.to_bytes);
                    is_done = false;
                    break;
                }
                let back = dim.count.wrapping_sub(1);
                *index = 0;
                from = from.wrapping_sub(back.wrapping_mul(dim.from_bytes as u32));
                to = to.wrapping_sub(back.wrapping_mul(dim.to_bytes as u32));
            }
            if is_done {
                return;
            }
        }
    }

    fn runs(&self, input: &[u8], output: &mut [u8]) {
        let bytes = self.run_bytes as usize;
        self.positions(|from, to| {
            let source = input.get(from..).and_then(|rest| rest.get(..bytes));
            let target = output.get_mut(to..).and_then(|rest| rest.get_mut(..bytes));
            if let (Some(source), Some(target)) = (source, target) {
                target.copy_from_slice(source);
            }
        });
    }

    /// As [`runs`](Self::runs), for runs that a register holds.
    fn words<const BYTES: usize>(&self, input: &[u8], output: &mut [u8]) {
        self.positions(|from, to| {
            let source = input.get(from..).and_then(<[u8]>::first_chunk::<BYTES>);
            let target = output.get_mut(to..).and_then(<[u8]>::first_chunk_mut::<BYTES>);
            if let (Some(source), Some(target)) = (source, target) {
                *target = *source;
            }
        });
    }

    #[inline(always)]
    fn positions(&self, mut run: impl FnMut(usize, usize)) {
        let [.., last] = self.dims;
        self.each_row(|mut from, mut to| {
            for _ in 0..last.count {
                run(from, to);
                from = from.wrapping_add_signed(last.from_bytes as isize);
                to = to.wrapping_add_signed(last.to_bytes as isize);
            }
        });
    }
}

/// Copies runs of bytes from one array to another: TRANSPOSE, SLICE, CONCATENATION, PAD and their like.
///
/// | buffer   | order                | elements                 | values |
/// |----------|----------------------|--------------------------|--------|
/// | `input`  | as the strides say   | bytes that the runs reach | any   |
/// | `output` | as the strides say   | bytes that the runs reach | any   |
///
/// Bytes of the output that no run reaches keep what they were.
///
/// # Exactness
/// Moves bytes; computes nothing.
///
/// # Cost
/// One copy per run; a few additions per run and per row. No scratch.
///
/// # Errors
/// As [`CopyNd::check`]; `output` is then untouched.
pub fn copy_nd(copy: &CopyNd, input: &[u8], output: &mut [u8]) -> Result<(), KernelError> {
    copy.check(input.len(), output.len())?;
    match copy.run_bytes {
        1 => copy.words::<1>(input, output),
        2 => copy.words::<2>(input, output),
        4 => copy.words::<4>(input, output),
        _ => copy.runs(input, output),
    }
    Ok(())
}

/// Writes one pattern of bytes over and over: the border of PAD, the value of FILL.
///
/// A buffer that is not a whole number of patterns ends in part of one.
pub fn fill_bytes(pattern: &[u8], output: &mut [u8]) {
    if let [byte] = *pattern {
        output.fill(byte);
        return;
    }
    for (byte, &value) in output.iter_mut().zip(pattern.iter().cycle()) {
        *byte = value;
    }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use proptest::prelude::*;
    use std::{vec, vec::Vec};

    use super::*;

    fn copy(run_bytes: u32, from_bytes: u32, to_bytes: u32, dims: &[(u32, i32, i32)]) -> CopyNd {
        let mut all = [CopyDim::ONE; COPY_DIMS];
        let skip = COPY_DIMS - dims.len();
        for (dim, &(count, from_bytes, to_bytes)) in all.iter_mut().skip(skip).zip(dims) {
            *dim = CopyDim { count, from_bytes, to_bytes };
        }
        CopyNd { run_bytes, from_bytes, to_bytes, dims: all }
    }

    #[test]
    fn transposes_two_rows_of_three() {
        let mut output = [0xa5; 6];
        let transpose = copy(1, 0, 0, &[(3, 1, 2), (2, 3, 1)]);
        copy_nd(&transpose, &[1, 2, 3, 4, 5, 6], &mut output).unwrap();
        assert_eq!(output, [1, 4, 2, 5, 3, 6]);
    }

    #[test]
    fn runs_backwards_and_leaves_what_it_does_not_reach() {
        let mut output = [0xa5; 8];
        copy_nd(&copy(2, 4, 1, &[(3, -2, 2)]), &[1, 2, 3, 4, 5, 6], &mut output).unwrap();
        assert_eq!(output, [0xa5, 5, 6, 3, 4, 1, 2, 0xa5]);
    }

    #[test]
    fn a_dimension_of_none_copies_nothing() {
        let mut output = [0xa5; 2];
        copy_nd(&copy(1, 9, 9, &[(0, 1, 1)]), &[1], &mut output).unwrap();
        assert_eq!(output, [0xa5; 2]);
    }

    #[test]
    fn what_leaves_a_buffer_is_refused_and_nothing_is_written() {
        for dims in
            [&[(7u32, 1i32, 1i32)][..], &[(2, -1, 1)], &[(2, 1, -1)], &[(u32::MAX, i32::MAX, i32::MAX); 8]]
        {
            let mut output = [0xa5; 6];
            let result = copy_nd(&copy(1, 0, 0, dims), &[1, 2, 3, 4, 5, 6], &mut output);
            assert!(matches!(result, Err(KernelError::Length)), "{dims:?}");
            assert_eq!(output, [0xa5; 6]);
        }
    }

    #[test]
    fn a_pattern_repeats() {
        let mut output = [0; 5];
        fill_bytes(&[1, 2], &mut output);
        assert_eq!(output, [1, 2, 1, 2, 1]);
        fill_bytes(&[7], &mut output);
        assert_eq!(output, [7; 5]);
        fill_bytes(&[], &mut output);
        assert_eq!(output, [7; 5]);
    }

    proptest! {
        #[test]
        fn agrees_with_indexing_by_every_coordinate(
            sizes in prop::collection::vec(1u32..4, 1..5),
            run in 1u32..6,
            flips in prop::collection::vec(any::<bool>(), 5),
        ) {
            // The input's dimensions in order, some reversed; the output's in the opposite order.
            let mut dims: Vec<(u32, i32, i32)> = sizes.iter().map(|&size| (size, 0, 0)).collect();
            let (mut stride, mut from) = (run as i32, 0);
            for (dim, &flip) in dims.iter_mut().zip(&flips).rev() {
                dim.1 = if flip { -stride } else { stride };
                from += if flip { stride * (dim.0 as i32 - 1) } else { 0 };
                stride *= dim.0 as i32;
            }
            let bytes = stride as usize;
            stride = run as i32;
            for dim in &mut dims {
                dim.2 = stride;
                stride *= dim.0 as i32;
            }
            let input: Vec<u8> = (0..bytes).map(|index| (index * 7 + 3) as u8).collect();
            let mut expected = vec![0; bytes];
            for number in 0..bytes / run as usize {
                let (mut rest, mut source, mut target) = (number as i32, from, 0);
                for &(count, from_bytes, to_bytes) in &dims {
                    source += rest % count as i32 * from_bytes;
                    target += rest % count as i32 * to_bytes;
                    rest /= count as i32;
                }
                for byte in 0..run as usize {
                    expected[target as usize + byte] = input[source as usize + byte];
                }
            }
            let mut output = vec![0xa5; bytes];
            copy_nd(&copy(run, from as u32, 0, &dims), &input, &mut output).unwrap();
            prop_assert_eq!(output, expected);
        }

        #[test]
        fn no_parameters_panic(
            run_bytes: u32, from_bytes in 0u32..9, to_bytes in 0u32..9,
            dims in prop::collection::vec((0u32..4, -3i32..4, -3i32..4), 8),
        ) {
            let run_bytes = run_bytes % 5;
            let mut output = [0u8; 16];
            let _ = copy_nd(&copy(run_bytes, from_bytes, to_bytes, &dims), &[1; 16], &mut output);
        }
    }
}
