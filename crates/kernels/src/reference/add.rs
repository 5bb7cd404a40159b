//! ADD and ADD_N.

use quant::Sum;

use super::{
    pairwise::{Source, pairwise},
    plain::Number,
};
use crate::{Broadcast, KernelError};

/// Adds int8 tensors of any scales, broadcasting either.
///
/// ```text
/// common(q, zero, m) = m · (q − zero) · 2^20
/// output = clamp(zero_out + m_out · (common(a, zero_a, m_a) + common(b, zero_b, m_b)))
/// ```
///
/// | buffer   | order                | elements             | values       |
/// |----------|----------------------|----------------------|--------------|
/// | `a`, `b` | as `walk` reads them | as [`Broadcast`]     | −128 ..= 127 |
/// | `output` | dense                | product of `extents` | `clamp`      |
///
/// # Exactness
/// The bytes of TFLM's `reference_integer_ops::Add`.
///
/// # Cost
/// Three scalings per element. No scratch.
///
/// # Errors
/// As [`Broadcast::check`]; `output` is then untouched.
pub fn add_s8(
    walk: &Broadcast,
    sum: &Sum,
    a: Source<'_, i8>,
    b: Source<'_, i8>,
    output: &mut [i8],
) -> Result<(), KernelError> {
    pairwise(walk, a, b, output, |a, b| sum.add(a.into(), b.into()) as i8)
}

/// Adds int16 tensors of any scales, broadcasting either: [`add_s8`] with 2^15 in the place of 2^20.
///
/// # Exactness
/// The bytes of TFLM's ADD on int16, which works alike whether the scales are powers of two or not.
///
/// # Cost
/// As [`add_s8`].
///
/// # Errors
/// As [`Broadcast::check`]; `output` is then untouched.
pub fn add_s16(
    walk: &Broadcast,
    sum: &Sum,
    a: Source<'_, i16>,
    b: Source<'_, i16>,
    output: &mut [i16],
) -> Result<(), KernelError> {
    pairwise(walk, a, b, output, |a, b| sum.add(a.into(), b.into()) as i16)
}

/// Starts the sum of an ADD_N: every element of `sums` is what nothing added gives.
///
/// That is 0 only where the zero point is: TFLM takes a quantised 0, not the zero point, for nothing.
pub fn add_n_s8_begin(sum: &Sum, sums: &mut [i32]) {
    sums.fill(sum.inputs.a(0));
}

/// Adds one input to the sums of an ADD_N. All inputs have the same scale and zero point.
///
/// # Exactness
/// With [`add_n_s8_begin`] and [`add_n_s8_end`], the bytes of TFLM's `AddN` on int8. Sums wrap.
pub fn add_n_s8(sum: &Sum, input: &[i8], sums: &mut [i32]) {
    for (total, &q) in sums.iter_mut().zip(input) {
        *total = total.wrapping_add(sum.inputs.a(q.into()));
    }
}

/// Brings the sums of an ADD_N to the output.
pub fn add_n_s8_end(sum: &Sum, sums: &[i32], output: &mut [i8]) {
    for (out, &total) in output.iter_mut().zip(sums) {
        *out = sum.finish(total) as i8;
    }
}

/// Adds one input to the sums of an ADD_N of numbers, which begin as zeros.
///
/// # Exactness
/// With zeros to begin with, TFLM's `AddN`: in the order of the inputs; integers wrap.
pub fn add_n<T: Number>(input: &[T], sums: &mut [T]) {
    for (total, &x) in sums.iter_mut().zip(input) {
        *total = total.plus(x);
    }
}
