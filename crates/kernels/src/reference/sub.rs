//! SUB.

use quant::Sum;

use super::pairwise::{Source, pairwise};
use crate::{Broadcast, KernelError};

/// Subtracts int8 tensors of any scales, broadcasting either.
///
/// ```text
/// common(q, zero, m) = m · (q − zero) · 2^20
/// output = clamp(zero_out + m_out · (common(a, zero_a, m_a) − common(b, zero_b, m_b)))
/// ```
///
/// | buffer   | order                | elements             | values       |
/// |----------|----------------------|----------------------|--------------|
/// | `a`, `b` | as `walk` reads them | as [`Broadcast`]     | −128 ..= 127 |
/// | `output` | dense                | product of `extents` | `clamp`      |
///
/// # Exactness
/// The bytes of TFLM's SUB on int8.
///
/// # Cost
/// Three scalings per element. No scratch.
///
/// # Errors
/// As [`Broadcast::check`]; `output` is then untouched.
pub fn sub_s8(
    walk: &Broadcast,
    sum: &Sum,
    a: Source<'_, i8>,
    b: Source<'_, i8>,
    output: &mut [i8],
) -> Result<(), KernelError> {
    pairwise(walk, a, b, output, |a, b| sum.sub(a.into(), b.into()) as i8)
}

/// Subtracts int16 tensors of any scales, broadcasting either: [`sub_s8`] with 2^15 in the place of 2^20.
///
/// # Exactness
/// The bytes of TFLM's SUB on int16.
///
/// # Cost
/// As [`sub_s8`].
///
/// # Errors
/// As [`Broadcast::check`]; `output` is then untouched.
pub fn sub_s16(
    walk: &Broadcast,
    sum: &Sum,
    a: Source<'_, i16>,
    b: Source<'_, i16>,
    output: &mut [i16],
) -> Result<(), KernelError> {
    pairwise(walk, a, b, output, |a, b| sum.sub(a.into(), b.into()) as i16)
}
