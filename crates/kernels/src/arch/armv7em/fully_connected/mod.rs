//! FULLY_CONNECTED: one vector at a time, eight outputs side by side.
//!
//! ```text
//! stream  blocks of eight outputs a to h
//! block   2·bias + 256·2·bias of the next output, 2·bias       for a with b, c with d, e with f, g with h
//!         [a0 b0 a1 b1] [c0 d0 c1 d1] [e0 f0 e1 f1] [g0 h0 g1 h1]    per step: a pair of elements
//!         [ra rb rc rd] and four mantissas, [re rf rg rh] and four
//! ```
//! Bytes and pairs of elements are those of [`product`](super::product).

#[cfg(kernel_isa = "armv7em")]
mod native;

use quant::Halving;

use super::{
    lanes::{base, widen},
    limit,
};
use crate::{KernelError, blocks::Blocks, reference::FullyConnected};

/// Whether [`fully_connected_s8`] takes a layer of so many inputs and outputs.
pub const fn takes(inputs: usize, outputs: usize) -> bool {
    inputs > 0 && inputs <= 1 << 24 && inputs.is_multiple_of(4) && outputs.is_multiple_of(8)
}

/// Words of the stream of a layer that [`takes`] allows.
const fn stream_words(inputs: usize, outputs: usize) -> Option<usize> {
    (outputs / 8).checked_mul(2 * inputs + 18)
}

/// As [`reference::fully_connected_s8`](crate::reference::fully_connected_s8), for a matrix whose zero point is 0.
///
/// `scratch` has a word for each two inputs.
///
/// # Errors
/// [`KernelError::Length`] or [`KernelError::Geometry`].
pub fn fully_connected_s8(
    layer: &FullyConnected,
    input: &[i8],
    stream: &[u32],
    scratch: &mut [u32],
    output: &mut [i8],
) -> Result<(), KernelError> {
    let (batch, inputs, outputs) =
        (layer.shape.batch as usize, layer.shape.inputs as usize, layer.shape.outputs as usize);
    if !takes(inputs, outputs) {
        return Err(KernelError::Geometry);
    }
    KernelError::check(inputs.checked_mul(batch), input.len())?;
    KernelError::check(outputs.checked_mul(batch), output.len())?;
    KernelError::check(stream_words(inputs, outputs), stream.len())?;
    KernelError::check(Some(inputs / 2), scratch.len())?;
    let base = base(layer.input_zero.0);
    let centre = Halving::centre(layer.output_zero);
    for (input, output) in input.blocks(inputs).zip(output.blocks_mut(outputs)) {
        for (words, quad) in scratch.as_chunks_mut::<2>().0.iter_mut().zip(input.as_chunks::<4>().0) {
            *words = widen(base, quad);
        }
        run(scratch, stream, centre, output);
        limit(layer.clamp, output);
    }
    Ok(())
}

#[cfg(kernel_isa = "armv7em")]
fn run(x: &[u32], stream: &[u32], centre: i32, out: &mut [i8]) {
    native::run(x, stream, centre, out);
}

#[cfg(not(kernel_isa = "armv7em"))]
fn run(x: &[u32], stream: &[u32], centre: i32, out: &mut [i8]) {
    use super::product::accumulate;

    let mut words = stream.iter().copied();
    let mut next = || words.next().unwrap_or(0);
    for out in out.as_chunks_mut::<8>().0 {
        let mut sums = [[[0u32; 2]; 1]; 4];
        for [sum] in &mut sums {
            *sum = [next(), next()];
        }
        for x in x.chunks(1) {
            for couple in &mut sums {
                accumulate(couple, x, next());
            }
        }
        for (sums, out) in sums.chunks_exact(2).zip(out.as_chunks_mut::<4>().0) {
            let exponents = next().to_le_bytes();
            for (channel, (out, exponent)) in out.iter_mut().zip(exponents).enumerate() {
                let [[raw, even]] = sums[channel / 2];
                let doubled = if channel % 2 == 0 { even as i32 } else { raw.wrapping_sub(even) as i32 >> 8 };
                *out = Halving { mantissa: next() as i32, exponent }.requantize(doubled, centre);
            }
        }
    }
}
