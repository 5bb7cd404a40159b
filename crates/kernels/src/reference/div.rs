//! DIV of quantised elements.

use quant::Quotient;

use super::pairwise::{Source, pairwise};
use crate::{Broadcast, KernelError};

/// Divides int8 tensors, broadcasting either.
///
/// ```text
/// output = clamp(zero_out + m · (a − zero_a) / (b − zero_b))
/// ```
///
/// | buffer   | order                | elements             | values       |
/// |----------|----------------------|----------------------|--------------|
/// | `a`, `b` | as `walk` reads them | as [`Broadcast`]     | −128 ..= 127 |
/// | `output` | dense                | product of `extents` | `clamp`      |
///
/// # Exactness
/// The bytes of TFLM's `DivElementwise`, by way of a reciprocal. A divisor of real 0 gives a limit of the
/// output, see [`Quotient::apply`].
///
/// # Cost
/// One reciprocal of three Newton steps per element. No scratch.
///
/// # Errors
/// As [`Broadcast::check`]; `output` is then untouched.
pub fn div_s8(
    walk: &Broadcast,
    quotient: &Quotient,
    a: Source<'_, i8>,
    b: Source<'_, i8>,
    output: &mut [i8],
) -> Result<(), KernelError> {
    pairwise(walk, a, b, output, |a, b| quotient.apply(a.into(), b.into()) as i8)
}

/// [`div_s8`] on int16.
///
/// # Errors
/// As [`Broadcast::check`]; `output` is then untouched.
pub fn div_s16(
    walk: &Broadcast,
    quotient: &Quotient,
    a: Source<'_, i16>,
    b: Source<'_, i16>,
    output: &mut [i16],
) -> Result<(), KernelError> {
    pairwise(walk, a, b, output, |a, b| quotient.apply(a.into(), b.into()) as i16)
}
