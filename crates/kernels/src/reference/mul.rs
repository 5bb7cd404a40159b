//! MUL.

use quant::Product;

use super::pairwise::{Source, pairwise};
use crate::{Broadcast, KernelError};

/// Multiplies int8 tensors, broadcasting either.
///
/// ```text
/// output = clamp(zero_out + m · (a − zero_a) · (b − zero_b))
/// ```
///
/// | buffer   | order                | elements             | values       |
/// |----------|----------------------|----------------------|--------------|
/// | `a`, `b` | as `walk` reads them | as [`Broadcast`]     | −128 ..= 127 |
/// | `output` | dense                | product of `extents` | `clamp`      |
///
/// # Exactness
/// The bytes of TFLM's `reference_integer_ops::Mul`.
///
/// # Cost
/// One multiplication and one scaling per element. No scratch.
///
/// # Errors
/// As [`Broadcast::check`]; `output` is then untouched.
pub fn mul_s8(
    walk: &Broadcast,
    product: &Product,
    a: Source<'_, i8>,
    b: Source<'_, i8>,
    output: &mut [i8],
) -> Result<(), KernelError> {
    pairwise(walk, a, b, output, |a, b| product.apply(a.into(), b.into()) as i8)
}

/// Multiplies int16 tensors, broadcasting either: as [`mul_s8`], with zero points of 0.
///
/// # Exactness
/// The bytes of TFLM's `reference_integer_ops::Mul` on int16.
///
/// # Cost
/// As [`mul_s8`].
///
/// # Errors
/// As [`Broadcast::check`]; `output` is then untouched.
pub fn mul_s16(
    walk: &Broadcast,
    product: &Product,
    a: Source<'_, i16>,
    b: Source<'_, i16>,
    output: &mut [i16],
) -> Result<(), KernelError> {
    pairwise(walk, a, b, output, |a, b| product.apply(a.into(), b.into()) as i16)
}
