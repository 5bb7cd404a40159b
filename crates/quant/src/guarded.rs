//! Requantisation on cores without a long multiply: one 32-bit product, and a test that says when it is not sure.
//!
//! ```text
//! exact(acc) = ⌊V⌋,  V = zero + ½ + acc · factor ± 2^-(r + 1)       r: how far the factor shifts right; − below 0
//! z          = V · 2^24 + e,  0 < e < guard                          what 32 bits hold of it, modulo 2^32
//! ```
//! With the real factor cut to a whole number of 2^-24, `z` misses `V` by at most half the accumulator; an origin
//! moved up by that much makes the error positive. So `z`'s upper eight bits are the result, except when its lower
//! 24 are below the guard: then, once in a hundred times or so, the exact formula decides. The accumulator is first
//! limited to where the result is inside the clamp, which keeps `z` in 32 bits and is the clamp.

use crate::{Clamp, Multiplier, ZeroPoint};

/// What the channels of a layer share.
#[derive(Clone, Copy, Debug, PartialEq, Eq, bytemuck::Pod, bytemuck::Zeroable)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[repr(C)]
pub struct GuardedOutput {
    /// Zero of the output, inside the clamp.
    pub zero: ZeroPoint,
    /// The fused activation, within int8.
    pub clamp: Clamp,
    /// Values of the lower 24 bits that leave the result open: twice the error.
    pub guard: u32,
}

/// One channel, as an inner loop needs it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GuardedChannel {
    /// Accumulators below this give what this gives.
    pub least: i32,
    /// From there to where the clamp's upper end begins.
    pub span: u32,
    /// What `least` stands for, in 2^-24.
    pub origin: i32,
    /// The factor, in 2^-24.
    pub factor: i32,
}

/// Where a channel's accumulator leaves the clamp: steps of `2^r` beyond the clamp's distance from the zero.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct GuardedEnds {
    /// Below.
    pub low: u8,
    /// Above.
    pub high: u8,
}

/// No end of an accumulator's range is beyond this.
const FARTHEST: i32 = (1 << 30) - 1;

/// `steps · 2^exponent`, at most [`FARTHEST`].
const fn reach(steps: i32, exponent: u32) -> i32 {
    // Nine bits of steps at most.
    if exponent > 21 {
        return if steps == 0 { 0 } else { FARTHEST };
    }
    let all = steps.wrapping_shl(exponent);
    if all > FARTHEST { FARTHEST } else { all }
}

/// How far a factor shifts right; none for one that shifts left.
const fn right_shift(multiplier: Multiplier) -> Option<u32> {
    if multiplier.shift() <= 0 { Some(multiplier.shift().unsigned_abs() as u32) } else { None }
}

/// How far rounding twice moves a tie, in 2^-24.
const fn tie(right: u32) -> u32 {
    if right == 0 || right > 23 { 0 } else { 1 << (23 - right) }
}

impl GuardedOutput {
    /// The channel with a factor that does not shift left.
    #[inline]
    pub fn channel(&self, multiplier: Multiplier, ends: GuardedEnds) -> GuardedChannel {
        let right = right_shift(multiplier).unwrap_or(0);
        let below = self.zero.0.wrapping_sub(self.clamp.min).wrapping_add(i32::from(ends.low));
        let above = self.clamp.max.wrapping_sub(self.zero.0).wrapping_add(i32::from(ends.high));
        let least = reach(below, right).wrapping_neg();
        let most = reach(above, right);
        // Below 2^31 / 2^32: less than half of a step.
        let factor =
            if right > 24 { 0 } else { ((multiplier.mantissa() >> (6 + right)).wrapping_add(1)) >> 1 };
        // Without a negative accumulator, ties are on one side, and no doubt comes of them.
        let tie = if least < 0 { 0 } else { tie(right) };
        let middle =
            self.zero.0.wrapping_shl(24).wrapping_add(1 << 23).wrapping_add((self.guard / 2 + tie) as i32);
        GuardedChannel {
            least,
            span: most.wrapping_sub(least) as u32,
            origin: middle.wrapping_add(least.wrapping_mul(factor)),
            factor,
        }
    }

    /// What lies `above` a channel's least accumulator, in 2^-24; without a doubt unless [`Self::is_open`].
    #[inline]
    pub fn place(channel: &GuardedChannel, above: u32) -> u32 {
        above.wrapping_mul(channel.factor as u32).wrapping_add(channel.origin as u32)
    }

    /// Whether the exact formula has to decide.
    #[inline]
    pub fn is_open(&self, place: u32) -> bool {
        place << 8 < self.guard << 8
    }

    /// The whole way from an accumulator to an activation: what [`Multiplier::requantize`] gives, when the ends and
    /// the guard are right for the channel and the accumulator is in the range that they were found for.
    #[inline]
    pub fn requantize(&self, multiplier: Multiplier, channel: &GuardedChannel, acc: i32) -> i8 {
        let above = acc.wrapping_sub(channel.least).max(0) as u32;
        let above = above.min(channel.span);
        let place = Self::place(channel, above);
        if self.is_open(place) {
            return self.exact(multiplier, channel.least, above);
        }
        (place >> 24) as i8
    }

    /// What [`Self::requantize`] gives where it is open.
    pub fn exact(&self, multiplier: Multiplier, least: i32, above: u32) -> i8 {
        multiplier.requantize(least.wrapping_add(above as i32), self.zero, self.clamp) as i8
    }

    /// Where a channel leaves the clamp, for accumulators from `least` to `most`; `None` where this way of
    /// computing does not work: factors that shift left or are negative, a zero outside the clamp.
    pub fn ends(&self, multiplier: Multiplier, least: i32, most: i32) -> Option<GuardedEnds> {
        let Clamp { min, max } = self.clamp;
        let zero = self.zero.0;
        let is_int8 = min >= i32::from(i8::MIN) && max <= i32::from(i8::MAX);
        if !is_int8 || zero < min || zero > max || multiplier.mantissa() < 0 {
            return None;
        }
        let right = right_shift(multiplier)?;
        if least < -FARTHEST || most > FARTHEST || least > most {
            return None;
        }
        if multiplier.mantissa() == 0 {
            return Some(GuardedEnds::default());
        }
        let at = |acc: i32| multiplier.scale(acc).wrapping_add(zero);
        let end = |steps: i32, side: i32, limit: i32, needed: i32| {
            (0..=u8::MAX)
                .rev()
                .map(|more| (more, side * reach(steps + i32::from(more), right)))
                .filter(|&(_, acc)| (at(acc) - limit) * side <= 0)
                .find(|&(_, acc)| at(acc) == limit || (acc - needed) * side >= 0)
                .map(|(more, _)| more)
        };
        Some(GuardedEnds { low: end(zero - min, -1, min, least)?, high: end(max - zero, 1, max, most)? })
    }

    /// The guard that a channel needs for accumulators from `least` to `most`, between its ends.
    pub fn needed_guard(&self, multiplier: Multiplier, ends: GuardedEnds, least: i32, most: i32) -> u32 {
        let right = right_shift(multiplier).unwrap_or(0);
        let channel = self.channel(multiplier, ends);
        let highest = channel.least.wrapping_add(channel.span as i32).min(most.max(0));
        let farthest = channel.least.max(least.min(0)).unsigned_abs().max(highest.unsigned_abs());
        let tie = if channel.least < 0 { tie(right) } else { 0 };
        2 * (farthest / 2 + tie + 2)
    }
}
