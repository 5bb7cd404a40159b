//! Inner loops with NEON, with and without SDOT.
//!
//! A block is up to four pixels by one group of channels: four vectors of sums for each pixel.

#![allow(unsafe_code)]

use core::arch::{aarch64::*, asm};

use crate::{
    KernelError,
    arch::wide::{ChannelStrip, Factors, Inner, LANES, Planes, Strip, WORD_BYTES, packed::Ends, plain},
};

/// Pixels of a block.
const PIXELS: usize = 4;

/// The sums of a group of channels.
type Sums = [int32x4_t; 4];

#[inline(always)]
fn four(from: &[i32; LANES], part: usize) -> int32x4_t {
    let four = from.as_chunks::<4>().0.get(part).copied().unwrap_or_default();
    // SAFETY: the array is 16 readable bytes, and every AArch64 processor has NEON.
    unsafe { vld1q_s32(four.as_ptr()) }
}

/// As `Factors::scale`: SQRDMULH is the first rounding, SRSHL the second, once what is negative has lost its unit.
#[inline]
#[target_feature(enable = "neon")]
fn scale(sums: int32x4_t, factors: &Factors, part: usize) -> int32x4_t {
    let high = vqrdmulhq_s32(sums, four(&factors.mantissas, part));
    let lefts = vnegq_s32(four(&factors.rights, part));
    // The sign, where there is a shift.
    let signed = vaddq_s32(high, vmaxq_s32(vshrq_n_s32::<31>(sums), lefts));
    vrshlq_s32(signed, lefts)
}

/// Brings the sums of a group to the outputs, of which there are sixteen or fewer.
#[inline]
#[target_feature(enable = "neon")]
fn finish(sums: Sums, factors: &Factors, ends: Ends, output: &mut [i8]) {
    let [a, b, c, d] = sums;
    let zero = vdupq_n_s16(ends.zero.into());
    // Narrowing saturates; what is changed by that is beyond both limits anyway.
    let low = vcombine_s16(vqmovn_s32(scale(a, factors, 0)), vqmovn_s32(scale(b, factors, 1)));
    let high = vcombine_s16(vqmovn_s32(scale(c, factors, 2)), vqmovn_s32(scale(d, factors, 3)));
    let bytes = vcombine_s8(vqmovn_s16(vqaddq_s16(low, zero)), vqmovn_s16(vqaddq_s16(high, zero)));
    let bytes = vminq_s8(vmaxq_s8(bytes, vdupq_n_s8(ends.min)), vdupq_n_s8(ends.max));
    let mut all = [0i8; LANES];
    // SAFETY: the array is 16 writable bytes.
    unsafe { vst1q_s8(all.as_mut_ptr(), bytes) };
    match output.first_chunk_mut::<LANES>() {
        Some(output) => *output = all,
        None => {
            for (output, byte) in output.iter_mut().zip(all) {
                *output = byte;
            }
        }
    }
}

/// Four rows, sixteen elements at a time; ST4 does it.
#[target_feature(enable = "neon")]
fn interleave(planes: &Planes<'_>, to: &mut [u8]) {
    let blocks = to.chunks_exact_mut(LANES * WORD_BYTES);
    let whole = blocks.len() * LANES;
    for (index, to) in blocks.enumerate() {
        let row = |row: Option<&[i8]>| match row
            .and_then(|row| row.get(index * LANES..))
            .and_then(|rest| rest.first_chunk::<LANES>())
        {
            // SAFETY: the chunk is 16 readable bytes.
            Some(chunk) => unsafe { vld1q_u8(chunk.as_ptr().cast()) },
            None => vdupq_n_u8(planes.fill),
        };
        let [a, b, c, d] = planes.rows;
        let rows = uint8x16x4_t(row(a), row(b), row(c), row(d));
        // SAFETY: the chunk is 64 writable bytes.
        unsafe { vst4q_u8(to.as_mut_ptr(), rows) };
    }
    let rest = planes.rows.map(|row| row.and_then(|row| row.get(whole..)));
    let elements = planes.elements.saturating_sub(whole);
    let to = to.get_mut(whole * WORD_BYTES..).unwrap_or_default();
    plain::interleave::<0>(&Planes { rows: rest, elements, fill: planes.fill }, to);
}

/// Adds four products of bytes to each of four sums: SDOT.
#[inline]
#[target_feature(enable = "neon,dotprod")]
fn add_products_sdot(sum: int32x4_t, words: int8x16_t, weights: int8x16_t) -> int32x4_t {
    let mut sum = sum;
    // SAFETY: works on registers only, and the caller's processor has SDOT, as the target feature says.
    unsafe {
        asm!(
            "sdot {sum:v}.4s, {words:v}.16b, {weights:v}.16b",
            sum = inout(vreg) sum,
            words = in(vreg) words,
            weights = in(vreg) weights,
            options(pure, nomem, nostack, preserves_flags),
        );
    }
    sum
}

/// The same with widening products, which are exact, as is the sum of two.
#[inline]
#[target_feature(enable = "neon")]
fn add_products_smull(sum: int32x4_t, words: int8x16_t, weights: int8x16_t) -> int32x4_t {
    let low = vpaddlq_s16(vmull_s8(vget_low_s8(words), vget_low_s8(weights)));
    let high = vpaddlq_s16(vmull_high_s8(words, weights));
    vaddq_s32(sum, vpaddq_s32(low, high))
}

macro_rules! inner_loops {
    ($name:ident, $features:literal, $add_products:ident) => {
        pub(super) mod $name {
            use super::*;

            // SAFETY of every call in here: `Level::inner` hands this table out only where the processor has been found
            // to have the features of the functions below.
            pub(in super::super) static INNER: Inner = Inner {
                flip: 0,
                copy: plain::copy::<0>,
                // SAFETY: the processor has the features, as above.
                strip: |job| unsafe { strip(job) },
                // SAFETY: as above.
                interleave: |planes, to| unsafe { interleave(planes, to) },
                // SAFETY: as above.
                channels: |job| unsafe { channels(job) },
                add: plain::add,
            };

            #[target_feature(enable = $features)]
            fn strip(job: &mut Strip<'_>) -> Result<(), KernelError> {
                job.check()?;
                let segments = job.segments;
                let steps = segments.steps();
                let image = job.image.as_ptr();
                for (group, factors) in job.factors.iter().enumerate() {
                    let mut outputs = job.output.chunks_exact_mut(job.channels.max(1));
                    for of_block in job.starts.chunks(PIXELS) {
                        // A block that is short works on its last pixel again.
                        let mut starts = [of_block.last().copied().unwrap_or(0) as usize; PIXELS];
                        for (start, &of_pixel) in starts.iter_mut().zip(of_block) {
                            *start = of_pixel as usize;
                        }
                        let biases = [0, 1, 2, 3].map(|part| four(&factors.biases, part));
                        let mut sums = [biases; PIXELS];
                        let mut weights = job
                            .weights
                            .as_ptr()
                            .cast::<i8>()
                            .wrapping_add(group * steps * LANES * WORD_BYTES);
                        for row in 0..segments.rows {
                            for column in 0..segments.columns {
                                let offset = row * segments.row_bytes + column * segments.column_bytes;
                                for k in 0..segments.words {
                                    // SAFETY: `Strip::check` found `steps()` steps of 64 bytes for every group, and this
                                    // loop has not gone through all of this group's yet.
                                    let step = unsafe { vld1q_s8_x4(weights) };
                                    weights = weights.wrapping_add(LANES * WORD_BYTES);
                                    let step = [step.0, step.1, step.2, step.3];
                                    for (sums, start) in sums.iter_mut().zip(starts) {
                                        let word = image.wrapping_add(start + offset + k * WORD_BYTES);
                                        // SAFETY: `Strip::check` found every word of the window of every start within
                                        // the image.
                                        let word = unsafe { word.cast::<i32>().read_unaligned() };
                                        let word = vreinterpretq_s8_s32(vdupq_n_s32(word));
                                        for (sum, step) in sums.iter_mut().zip(step) {
                                            *sum = $add_products(*sum, word, step);
                                        }
                                    }
                                }
                            }
                        }
                        for sums in sums.into_iter().take(of_block.len()) {
                            let pixel = outputs.next().and_then(|pixel| pixel.get_mut(group * LANES..));
                            let pixel = pixel.unwrap_or_default();
                            let width = pixel.len().min(LANES);
                            finish(sums, factors, job.ends, pixel.get_mut(..width).unwrap_or_default());
                        }
                    }
                }
                Ok(())
            }

            #[target_feature(enable = $features)]
            fn channels(job: &mut ChannelStrip<'_>) -> Result<(), KernelError> {
                job.check()?;
                let steps = job.plane_count * job.columns;
                for (x, pixel) in job.output.chunks_exact_mut(job.channels.max(1)).enumerate() {
                    let groups = job.factors.iter().zip(pixel.chunks_mut(LANES));
                    for (group, (factors, output)) in groups.enumerate() {
                        let mut sums = [0, 1, 2, 3].map(|part| four(&factors.biases, part));
                        let mut weights = job.weights.as_ptr().wrapping_add(group * steps);
                        for plane in 0..job.plane_count {
                            let at =
                                plane * job.plane_bytes + x * job.pixel_bytes + group * LANES * WORD_BYTES;
                            for column in 0..job.columns {
                                let words = job.planes.as_ptr().wrapping_add(at + column * job.column_bytes);
                                // SAFETY: `ChannelStrip::check` found 64 bytes within the planes for every pixel, plane,
                                // column and group.
                                let words = unsafe { vld1q_s8_x4(words.cast()) };
                                // SAFETY: it also found `steps` steps of 64 bytes for every group.
                                let step = unsafe { vld1q_s8_x4(weights.cast()) };
                                weights = weights.wrapping_add(1);
                                let words = [words.0, words.1, words.2, words.3];
                                let step = [step.0, step.1, step.2, step.3];
                                for ((sum, words), step) in sums.iter_mut().zip(words).zip(step) {
                                    *sum = $add_products(*sum, words, step);
                                }
                            }
                        }
                        finish(sums, factors, job.ends, output);
                    }
                }
                Ok(())
            }
        }
    };
}

inner_loops!(smull, "neon", add_products_smull);
inner_loops!(sdot, "neon,dotprod", add_products_sdot);
