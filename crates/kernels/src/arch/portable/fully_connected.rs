//! FULLY_CONNECTED.

use super::dot;
use crate::{KernelError, PerChannel, blocks::Blocks as _, reference, reference::FullyConnected};

/// As [`reference::fully_connected_s8`].
///
/// # Errors
/// As the reference.
pub fn fully_connected_s8(
    layer: &FullyConnected,
    input: &[i8],
    filter: &[i8],
    bias: &[i32],
    scales: PerChannel<'_>,
    output: &mut [i8],
) -> Result<(), KernelError> {
    if layer.filter_zero.0 != 0 {
        return reference::fully_connected_s8(layer, input, filter, bias, scales, output);
    }
    layer.check(input.len(), filter, bias.len(), scales.len(), output.len())?;
    let (inputs, outputs) = (layer.shape.inputs.max(1) as usize, layer.shape.outputs.max(1) as usize);
    for (input, output) in input.blocks(inputs).zip(output.blocks_mut(outputs)) {
        for (o, (out, row)) in output.iter_mut().zip(filter.blocks(inputs)).enumerate() {
            let acc = bias.get(o).copied().unwrap_or(0).wrapping_add(dot(input, row, layer.input_zero.0));
            *out = scales.get(o).requantize(acc, layer.output_zero, layer.clamp) as i8;
        }
    }
    Ok(())
}
