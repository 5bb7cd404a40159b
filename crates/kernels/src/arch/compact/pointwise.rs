//! Products with a matrix: FULLY_CONNECTED, and CONV_2D of single pixels.

use super::{CompactOutput, constants::Constants, inner::dot};
use crate::{KernelError, blocks::Blocks as _};

/// A matrix, and what its products become.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct CompactPointwise {
    /// Elements of one vector.
    pub inputs: u16,
    /// Elements of one product.
    pub outputs: u16,
    /// Zero points and limits.
    pub output: CompactOutput,
}

/// As [`reference::fully_connected_s8`](crate::reference::fully_connected_s8), as many vectors as there are.
///
/// Departs from it in that biases have the input's zero folded in: `bias − zero · Σ weights`.
///
/// | buffer      | order           | elements                                                |
/// |-------------|-----------------|---------------------------------------------------------|
/// | `constants` | weights as OI   | [`constant_bytes`](super::constant_bytes), aligned to 4 |
///
/// # Errors
/// [`KernelError::Length`] or [`KernelError::Geometry`].
pub fn pointwise_s8(
    layer: &CompactPointwise,
    input: &[i8],
    constants: &[u8],
    output: &mut [i8],
) -> Result<(), KernelError> {
    let (inputs, outputs) = (usize::from(layer.inputs), usize::from(layer.outputs));
    let constants = Constants::of(constants, outputs, inputs * outputs)?;
    let mut vectors = input.blocks(inputs);
    for products in output.blocks_mut(outputs) {
        let Some(vector) = vectors.next() else { return Err(KernelError::Geometry) };
        multiply(&layer.output, vector, &constants, products);
    }
    Ok(())
}

/// All products of one vector.
#[inline(never)]
pub(super) fn multiply(
    output: &CompactOutput,
    vector: &[i8],
    constants: &Constants<'_>,
    products: &mut [i8],
) {
    let rows = constants.weights.blocks(vector.len());
    for ((channel, out), row) in products.iter_mut().enumerate().zip(rows) {
        *out = constants.output(output, channel, dot(vector, row));
    }
}
