//! Input zero points folded into biases.
//!
//! ```text
//! bias + Σ filter · (input − zero)  =  (bias − zero · Σ filter) + Σ filter · input
//! ```
//! Sums wrap at 32 bits, so both sides are the same integer, whatever overflows on the way. It holds where
//! every tap is inside the image: a tap in the padding adds nothing on the left, and would on the right.

use tflite::DType;

use super::convolution::Parts;

/// The biases of a layer of int8 or int4 weights with the input's zero point in them; `None` where there is
/// nothing to fold, or where a weight or bias is computed.
pub(super) fn folded_bias(parts: &Parts<'_>) -> Option<Vec<i32>> {
    let zero = parts.input.zero();
    if zero == 0 || parts.input.dtype != DType::Int8 || parts.filter.zero() != 0 {
        return None;
    }
    let channels = parts.channels();
    let bias = match parts.bias {
        Some(bias) => bias.integers()?,
        None => vec![0; channels],
    };
    let filter = parts.filter.integers()?;
    let inner: usize = parts.filter.shape.get(parts.channel_axis + 1..)?.iter().product();
    let mut folded: Vec<i32> = bias.iter().map(|&bias| bias as i32).collect();
    for (index, &tap) in filter.iter().enumerate() {
        let channel = (index / inner.max(1)).checked_rem(channels)?;
        let bias = folded.get_mut(channel)?;
        *bias = bias.wrapping_sub(zero.wrapping_mul(tap as i32));
    }
    Some(folded)
}
