//! Logarithm to base 2, in Q16.

use crate::math;
use quant::rounding::round_half_up_shift_right_i64;

/// Segments that an octave is cut into, as a power of two.
const SEGMENT_BITS: u32 = 6;

/// Bits that choose the place inside a segment.
const PLACE_BITS: u32 = 16;

/// `log2(1 + i / 64)` in Q16 for i from 0 to 63.
static SEGMENTS: [u16; 1 << SEGMENT_BITS] = {
    let mut table = [0; 1 << SEGMENT_BITS];
    let mut i = 0;
    while i < table.len() {
        let x = 1.0 + i as f64 / table.len() as f64;
        table[i] = math::to_nearest(65536.0 * math::ln(x) / math::ln(2.0)) as u16;
        i += 1;
    }
    table
};

/// `log2 x` in Q16, and 0 for 0.
///
/// The leading bit gives the whole part; the next 6 bits choose one of 64 straight lines and the 16 after them the place on
/// it. Off by at most 6e-5 from the true logarithm.
///
/// ```
/// assert_eq!(features::log2_q16(1 << 40), 40 << 16);
/// assert_eq!(features::log2_q16(3), 103_872); // 1.58496
/// ```
#[inline]
pub fn log2_q16(x: u64) -> i32 {
    let Some(exponent) = x.checked_ilog2() else { return 0 };
    let below = x.wrapping_shl(63 - exponent) << 1; // what follows the leading one, left aligned
    let segment = (below >> (64 - SEGMENT_BITS)) as usize;
    let place = (below << SEGMENT_BITS >> (64 - PLACE_BITS)) as i64;
    let low = i64::from(SEGMENTS.get(segment).copied().unwrap_or(0));
    let high = SEGMENTS.get(segment + 1).map_or(1 << 16, |&next| i64::from(next));
    let fraction = low + round_half_up_shift_right_i64((high - low) * place, PLACE_BITS);
    ((exponent as i32) << 16) + fraction as i32
}
