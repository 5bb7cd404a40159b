//! SQUARED_DIFFERENCE of quantised elements.

use quant::Sum;

use super::pairwise::{Source, pairwise};
use crate::{Broadcast, KernelError};

/// Squares the difference of int8 tensors of any scales, broadcasting either.
///
/// ```text
/// common(q, zero, m) = m · (q − zero) · 2^7
/// output = clamp(zero_out + m_out · (common(a, zero_a, m_a) − common(b, zero_b, m_b))²)
/// ```
///
/// | buffer   | order                | elements             | values       |
/// |----------|----------------------|----------------------|--------------|
/// | `a`, `b` | as `walk` reads them | as [`Broadcast`]     | −128 ..= 127 |
/// | `output` | dense                | product of `extents` | `clamp`      |
///
/// # Exactness
/// The bytes of TFLM's SQUARED_DIFFERENCE on int8.
///
/// # Cost
/// Three scalings and a multiplication per element. No scratch.
///
/// # Errors
/// As [`Broadcast::check`]; `output` is then untouched.
pub fn squared_difference_s8(
    walk: &Broadcast,
    sum: &Sum,
    a: Source<'_, i8>,
    b: Source<'_, i8>,
    output: &mut [i8],
) -> Result<(), KernelError> {
    pairwise(walk, a, b, output, |a, b| sum.squared_difference(a.into(), b.into()) as i8)
}

/// [`squared_difference_s8`] on int16, with 1 in the place of 2^7.
///
/// # Errors
/// As [`Broadcast::check`]; `output` is then untouched.
pub fn squared_difference_s16(
    walk: &Broadcast,
    sum: &Sum,
    a: Source<'_, i16>,
    b: Source<'_, i16>,
    output: &mut [i16],
) -> Result<(), KernelError> {
    pairwise(walk, a, b, output, |a, b| sum.squared_difference(a.into(), b.into()) as i16)
}
