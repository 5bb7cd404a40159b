//! The inner loops in plain Rust.

use quant::{Halving, ZeroPoint};

use super::Walk;
use crate::{
    arch::compact::{CompactOutput, constant_bytes},
    blocks::Blocks as _,
};

/// Elements that are read at once.
pub(crate) const WORD: usize = 1;

/// Channels whose sums are made before the first is scaled.
const BLOCK: usize = 32;

/// Makes the sums of channels from one on. Sums wrap.
pub(crate) type Sums = fn(&Walk, taps: &[i8], weights: &[i8], first: usize, sums: &mut [i32]);

/// Sums of all taps, which are in one row, with a filter for each channel; filters follow each other.
pub(crate) fn rows(walk: &Walk, taps: &[i8], weights: &[i8], first: usize, sums: &mut [i32]) {
    let from = first.wrapping_mul(walk.taps);
    let Some((weights, taps)) = weights.get(from..).zip(taps.get(..walk.taps)) else { return };
    let mut filters = weights.blocks(walk.taps);
    for pair in sums.chunks_mut(2) {
        let Some(filter) = filters.next() else { return };
        let next = filters.next().unwrap_or(filter);
        let (mut a, mut b) = (0i32, 0i32);
        for ((&q, &k), &l) in taps.iter().zip(filter).zip(next) {
            a = i32::from(q).wrapping_mul(k.into()).wrapping_add(a);
            b = i32::from(q).wrapping_mul(l.into()).wrapping_add(b);
        }
        pair.iter_mut().zip([a, b]).for_each(|(sum, made)| *sum = made);
    }
}

/// Sums of every tap of a channel with its weight; all channels' stand side by side.
pub(crate) fn lanes(walk: &Walk, taps: &[i8], weights: &[i8], first: usize, sums: &mut [i32]) {
    let Some(weights) = weights.get(..walk.taps) else { return };
    for (channel, sum) in (first..).zip(sums) {
        let (mut total, mut at, mut from, mut row_end) = (0i32, channel, channel, walk.row);
        while let (Some(&q), Some(&k)) = (taps.get(from), weights.get(at)) {
            total = i32::from(q).wrapping_mul(k.into()).wrapping_add(total);
            at = at.wrapping_add(walk.channels);
            from = from.wrapping_add(walk.channels);
            if at >= row_end {
                row_end = row_end.wrapping_add(walk.row);
                from = from.wrapping_add(walk.skip);
            }
        }
        *sum = total;
    }
}

/// What makes the outputs of a layer, pixel by pixel.
pub(crate) struct Outputs<'a> {
    make: Sums,
    output: &'a CompactOutput,
    heads: &'a [[i32; 2]],
    exponents: &'a [u8],
    weights: &'a [i8],
}

impl<'a> Outputs<'a> {
    /// Those of so many channels and weights.
    pub(crate) fn new(
        make: Sums,
        output: &'a CompactOutput,
        constants: &'a [u8],
        [channels, weights]: [usize; 2],
    ) -> Option<Self> {
        let (heads, rest) = constants.split_at_checked(8 * channels)?;
        let (exponents, rest) = rest.split_at_checked(channels)?;
        let heads = bytemuck::try_cast_slice(heads).ok()?;
        let made = Self { make, output, heads, exponents, weights: bytemuck::cast_slice(rest) };
        (constant_bytes(channels, weights) == Some(constants.len())).then_some(made)
    }

    /// Those of one pixel from the taps that it reads: a walk of as many as there are weights for each channel.
    #[inline(never)]
    pub(crate) fn pixel(&mut self, walk: &Walk, taps: &[i8], pixel: &mut [i8]) {
        let Some(taps) = taps.get(..walk.span) else { return };
        let centre = Halving::centre(ZeroPoint(self.output.output_zero.into()));
        let mut constants = self.heads.iter().zip(self.exponents);
        let mut sums = [0; BLOCK];
        let mut first = 0usize;
        for outputs in pixel.chunks_mut(BLOCK) {
            let channels = first..first.wrapping_add(outputs.len());
            first = channels.end;
            (self.make)(
                walk,
                taps,
                self.weights,
                channels.start,
                sums.get_mut(..channels.len()).unwrap_or_default(),
            );
            for (out, &sum) in outputs.iter_mut().zip(&sums) {
                let Some((&[bias, mantissa], &exponent)) = constants.next() else { return };
                let doubled = sum.wrapping_mul(2).wrapping_add(bias);
                *out = self.output.clamp(Halving { mantissa, exponent }.scale(doubled, centre));
            }
        }
    }
}

/// Copies elements, as many as there is room for.
#[inline]
pub(crate) fn copy(from: &[i8], to: &mut [i8]) {
    to.iter_mut().zip(from).for_each(|(to, &q)| *to = q);
}
