//! The inner loops in plain Rust: for processors without the instructions, and for hosts of another kind.

use super::{
    Addition, ChannelStrip, Inner, Planes, Strip,
    packed::{LANES, STEP_BYTES, WORD_BYTES},
};
use crate::KernelError;

/// Inner loops on bytes that are biased by 128 and read as unsigned.
pub(in crate::arch) static UNSIGNED: Inner = Inner {
    flip: 0x80,
    copy: |from, to| copy::<0x80>(from, to),
    strip: strip::<0x80>,
    interleave: |planes, to| interleave::<0x80>(planes, to),
    channels: channels::<0x80>,
    add,
};

/// Inner loops on signed bytes.
pub(in crate::arch) static SIGNED: Inner = Inner {
    flip: 0,
    copy: |from, to| copy::<0>(from, to),
    strip: strip::<0>,
    interleave: |planes, to| interleave::<0>(planes, to),
    channels: channels::<0>,
    add,
};

/// Copies bytes, biased.
#[inline(always)]
pub(in crate::arch) fn copy<const FLIP: u8>(from: &[i8], to: &mut [u8]) {
    for (to, &from) in to.iter_mut().zip(from) {
        *to = from as u8 ^ FLIP;
    }
}

/// What a biased byte stands for in a product.
#[inline(always)]
fn value<const FLIP: u8>(byte: u8) -> i32 {
    if FLIP == 0 { i32::from(byte as i8) } else { i32::from(byte) }
}

/// Adds to each lane the inner product of its four weights with four bytes, which `words` gives per lane.
#[inline(always)]
fn step<const FLIP: u8>(
    sums: &mut [i32; LANES],
    words: impl Iterator<Item = [u8; WORD_BYTES]>,
    weights: &[u8; STEP_BYTES],
) {
    for ((sum, word), weights) in sums.iter_mut().zip(words).zip(weights.as_chunks::<WORD_BYTES>().0) {
        for (&byte, &weight) in word.iter().zip(weights) {
            *sum = sum.wrapping_add(value::<FLIP>(byte) * i32::from(weight as i8));
        }
    }
}

fn strip<const FLIP: u8>(strip: &mut Strip<'_>) -> Result<(), KernelError> {
    strip.check()?;
    let segments = strip.segments;
    let steps = segments.steps().max(1);
    for (&start, pixel) in strip.starts.iter().zip(strip.output.chunks_exact_mut(strip.channels.max(1))) {
        let groups = strip.factors.iter().zip(strip.weights.chunks_exact(steps));
        for ((factors, weights), output) in groups.zip(pixel.chunks_mut(LANES)) {
            let mut sums = factors.biases;
            let mut weights = weights.iter();
            for row in 0..segments.rows {
                for column in 0..segments.columns {
                    let at = start as usize + row * segments.row_bytes + column * segments.column_bytes;
                    let run = strip.image.get(at..).unwrap_or_default().as_chunks().0;
                    for (&word, weights) in run.iter().take(segments.words).zip(&mut weights) {
                        step::<FLIP>(&mut sums, core::iter::repeat(word), weights);
                    }
                }
            }
            for (lane, (output, &sum)) in output.iter_mut().zip(&sums).enumerate() {
                *output = strip.ends.apply(factors.scale(lane, sum));
            }
        }
    }
    Ok(())
}

/// Lays four rows side by side.
#[inline(always)]
pub(in crate::arch) fn interleave<const FLIP: u8>(planes: &Planes<'_>, to: &mut [u8]) {
    let words = to.as_chunks_mut::<WORD_BYTES>().0;
    for (lane, row) in planes.rows.iter().enumerate() {
        match row {
            Some(row) => {
                for (word, &byte) in words.iter_mut().zip(row.iter()) {
                    if let Some(to) = word.get_mut(lane) {
                        *to = byte as u8 ^ FLIP;
                    }
                }
            }
            None => {
                for to in words.iter_mut().take(planes.elements).filter_map(|word| word.get_mut(lane)) {
                    *to = planes.fill;
                }
            }
        }
    }
}

fn channels<const FLIP: u8>(strip: &mut ChannelStrip<'_>) -> Result<(), KernelError> {
    strip.check()?;
    let steps = (strip.plane_count * strip.columns).max(1);
    for (x, pixel) in strip.output.chunks_exact_mut(strip.channels.max(1)).enumerate() {
        let groups = strip.factors.iter().zip(strip.weights.chunks_exact(steps));
        for (group, ((factors, weights), output)) in groups.zip(pixel.chunks_mut(LANES)).enumerate() {
            let mut sums = factors.biases;
            let mut weights = weights.iter();
            for plane in 0..strip.plane_count {
                for (column, weights) in (0..strip.columns).zip(&mut weights) {
                    let at = plane * strip.plane_bytes
                        + x * strip.pixel_bytes
                        + column * strip.column_bytes
                        + group * STEP_BYTES;
                    let words = strip.planes.get(at..).unwrap_or_default().as_chunks().0;
                    step::<FLIP>(&mut sums, words.iter().copied(), weights);
                }
            }
            for (lane, (output, &sum)) in output.iter_mut().zip(&sums).enumerate() {
                *output = strip.ends.apply(factors.scale(lane, sum));
            }
        }
    }
    Ok(())
}

/// Adds elements.
#[inline(always)]
pub(in crate::arch) fn add(addition: &Addition, a: &[i8], b: &[i8], output: &mut [i8]) {
    for ((output, &a), &b) in output.iter_mut().zip(a).zip(b) {
        *output = addition.apply(a, b);
    }
}
