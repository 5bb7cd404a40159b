//! Inner loops with AVX2.
//!
//! Bytes are widened to 16 bits, where products of an unsigned and a signed one are exact, and added in pairs; so the sum
//! of a channel is in two halves until the end.

#![allow(unsafe_code)]

use core::arch::x86_64::*;

use crate::{
    KernelError,
    arch::wide::{
        Addition, ChannelStrip, Factors, Inner, LANES, Planes, Strip, WORD_BYTES, packed::Ends, plain,
    },
};

// SAFETY of every call in here: `Level::inner` hands this table out only where the processor has been found to have AVX2,
// which is the feature of every function below.
pub(super) static INNER: Inner = Inner {
    flip: 0x80,
    // SAFETY: the processor has AVX2, as above.
    copy: |from, to| unsafe { copy(from, to) },
    // SAFETY: as above.
    strip: |job| unsafe { strip(job) },
    // SAFETY: as above.
    interleave: |planes, to| unsafe { interleave(planes, to) },
    // SAFETY: as above.
    channels: |job| unsafe { channels(job) },
    // SAFETY: as above.
    add: |addition, a, b, output| unsafe { add(addition, a, b, output) },
};

/// Pixels of a block: with the sums of a group of channels for each, as many as there are registers for.
const PIXELS: usize = 3;

/// The sums of a group: two halves of each of four channels, four times.
type Halves = [__m256i; 4];

#[target_feature(enable = "avx2")]
fn copy(from: &[i8], to: &mut [u8]) {
    plain::copy::<0x80>(from, to);
}

#[target_feature(enable = "avx2")]
fn interleave(planes: &Planes<'_>, to: &mut [u8]) {
    plain::interleave::<0x80>(planes, to);
}

#[inline]
#[target_feature(enable = "avx2")]
fn eight(from: &[i32]) -> __m256i {
    match from.first_chunk::<8>() {
        // SAFETY: the chunk is 32 readable bytes, and the load wants no alignment.
        Some(eight) => unsafe { _mm256_loadu_si256(eight.as_ptr().cast()) },
        None => _mm256_setzero_si256(),
    }
}

#[inline]
#[target_feature(enable = "avx2")]
fn four(from: &[i64]) -> __m256i {
    match from.first_chunk::<4>() {
        // SAFETY: the chunk is 32 readable bytes, and the load wants no alignment.
        Some(four) => unsafe { _mm256_loadu_si256(four.as_ptr().cast()) },
        None => _mm256_setzero_si256(),
    }
}

/// A step's weights, widened: of four channels each.
///
/// # Safety
/// There are 64 readable bytes at `from`.
#[inline]
#[target_feature(enable = "avx2")]
unsafe fn widened(from: *const u8) -> [__m256i; 4] {
    let mut weights = [_mm256_setzero_si256(); 4];
    for (part, weights) in weights.iter_mut().enumerate() {
        // SAFETY: the four parts of 16 bytes are the 64 that the caller vouches for.
        *weights = _mm256_cvtepi8_epi16(unsafe { _mm_loadu_si128(from.wrapping_add(part * 16).cast()) });
    }
    weights
}

/// Eight channels' outputs, scaled, in 32 bits: `Factors::scale` of the channels from `lane`.
#[inline]
#[target_feature(enable = "avx2")]
fn scale(sums: __m256i, factors: &Factors, lane: usize) -> __m256i {
    let mantissas = eight(factors.mantissas.get(lane..).unwrap_or_default());
    let [even_nudges, odd_nudges] = &factors.nudges;
    let even = _mm256_mul_epi32(sums, mantissas);
    let odd = _mm256_mul_epi32(_mm256_srli_epi64::<32>(sums), _mm256_srli_epi64::<32>(mantissas));
    let even = _mm256_add_epi64(even, four(even_nudges.get(lane / 2..).unwrap_or_default()));
    let odd = _mm256_add_epi64(odd, four(odd_nudges.get(lane / 2..).unwrap_or_default()));
    let high = _mm256_blend_epi32::<0xaa>(_mm256_srli_epi64::<31>(even), _mm256_slli_epi64::<1>(odd));
    let rights = eight(factors.rights.get(lane..).unwrap_or_default());
    // The sign, where there is a shift.
    let signed = _mm256_add_epi32(high, _mm256_sign_epi32(_mm256_srai_epi32::<31>(sums), rights));
    _mm256_srav_epi32(signed, rights)
}

/// Brings the sums of a group to the outputs, of which there are sixteen or fewer.
#[inline]
#[target_feature(enable = "avx2")]
fn finish(halves: Halves, factors: &Factors, ends: Ends, output: &mut [i8]) {
    let [a, b, c, d] = halves;
    // Adding neighbours leaves the eight channels as pairs of a, b, a, b.
    let low = _mm256_permute4x64_epi64::<0b11_01_10_00>(_mm256_hadd_epi32(a, b));
    let high = _mm256_permute4x64_epi64::<0b11_01_10_00>(_mm256_hadd_epi32(c, d));
    let low = _mm256_add_epi32(low, eight(&factors.biases));
    let high = _mm256_add_epi32(high, eight(factors.biases.get(8..).unwrap_or_default()));
    let (low, high) = (scale(low, factors, 0), scale(high, factors, 8));
    // Narrowing saturates; what is changed by that is beyond both limits anyway.
    let words = _mm256_permute4x64_epi64::<0b11_01_10_00>(_mm256_packs_epi32(low, high));
    let words = _mm256_adds_epi16(words, _mm256_set1_epi16(ends.zero.into()));
    let bytes = _mm_packs_epi16(_mm256_castsi256_si128(words), _mm256_extracti128_si256::<1>(words));
    let bytes = _mm_min_epi8(_mm_max_epi8(bytes, _mm_set1_epi8(ends.min)), _mm_set1_epi8(ends.max));
    let mut all = [0i8; LANES];
    // SAFETY: the array is 16 writable bytes, and the store wants no alignment.
    unsafe { _mm_storeu_si128(all.as_mut_ptr().cast(), bytes) };
    match output.first_chunk_mut::<LANES>() {
        Some(output) => *output = all,
        None => {
            for (output, byte) in output.iter_mut().zip(all) {
                *output = byte;
            }
        }
    }
}

#[inline]
#[target_feature(enable = "avx2")]
fn add_products(sums: &mut Halves, words: __m256i, weights: __m256i, part: usize) {
    if let Some(sum) = sums.get_mut(part) {
        *sum = _mm256_add_epi32(*sum, _mm256_madd_epi16(words, weights));
    }
}

#[target_feature(enable = "avx2")]
fn strip(job: &mut Strip<'_>) -> Result<(), KernelError> {
    job.check()?;
    let segments = job.segments;
    let steps = segments.steps();
    let channels = job.channels;
    let image = job.image.as_ptr();
    for (group, factors) in job.factors.iter().enumerate() {
        let mut outputs = job.output.chunks_exact_mut(channels.max(1));
        for of_block in job.starts.chunks(PIXELS) {
            // A block that is short works on its last pixel again.
            let mut starts = [of_block.last().copied().unwrap_or(0) as usize; PIXELS];
            for (start, &of_pixel) in starts.iter_mut().zip(of_block) {
                *start = of_pixel as usize;
            }
            let mut sums = [[_mm256_setzero_si256(); 4]; PIXELS];
            let mut weights =
                job.weights.as_ptr().cast::<u8>().wrapping_add(group * steps * LANES * WORD_BYTES);
            for row in 0..segments.rows {
                for column in 0..segments.columns {
                    let offset = row * segments.row_bytes + column * segments.column_bytes;
                    for k in 0..segments.words {
                        // SAFETY: `Strip::check` found `steps()` steps of 64 bytes for every group, and this loop has
                        // not gone through all of this group's yet.
                        let step = unsafe { widened(weights) };
                        weights = weights.wrapping_add(LANES * WORD_BYTES);
                        for (sums, start) in sums.iter_mut().zip(starts) {
                            let word = image.wrapping_add(start + offset + k * WORD_BYTES).cast::<i32>();
                            // SAFETY: `Strip::check` found every word of the window of every start within the image.
                            let word = _mm_set1_epi32(unsafe { word.read_unaligned() });
                            let word = _mm256_cvtepu8_epi16(word);
                            for (part, weights) in step.into_iter().enumerate() {
                                add_products(sums, word, weights, part);
                            }
                        }
                    }
                }
            }
            for sums in sums.into_iter().take(of_block.len()) {
                let pixel =
                    outputs.next().and_then(|pixel| pixel.get_mut(group * LANES..)).unwrap_or_default();
                let width = pixel.len().min(LANES);
                finish(sums, factors, job.ends, pixel.get_mut(..width).unwrap_or_default());
            }
        }
    }
    Ok(())
}

#[target_feature(enable = "avx2")]
fn channels(job: &mut ChannelStrip<'_>) -> Result<(), KernelError> {
    job.check()?;
    let steps = job.plane_count * job.columns;
    for (x, pixel) in job.output.chunks_exact_mut(job.channels.max(1)).enumerate() {
        let groups = job.factors.iter().zip(pixel.chunks_mut(LANES));
        for (group, (factors, output)) in groups.enumerate() {
            let mut sums = [_mm256_setzero_si256(); 4];
            let mut weights = job.weights.as_ptr().wrapping_add(group * steps);
            for plane in 0..job.plane_count {
                let at = plane * job.plane_bytes + x * job.pixel_bytes + group * LANES * WORD_BYTES;
                for column in 0..job.columns {
                    let words = job.planes.as_ptr().wrapping_add(at + column * job.column_bytes);
                    // SAFETY: `ChannelStrip::check` found `steps` steps of 64 bytes for every group.
                    let step = unsafe { widened(weights.cast()) };
                    weights = weights.wrapping_add(1);
                    for (part, weights) in step.into_iter().enumerate() {
                        let words = words.wrapping_add(part * 16);
                        // SAFETY: `ChannelStrip::check` found 64 bytes within the planes for every pixel, plane, column
                        // and group; these are 16 of them.
                        let words = unsafe { _mm_loadu_si128(words.cast()) };
                        add_products(&mut sums, _mm256_cvtepu8_epi16(words), weights, part);
                    }
                }
            }
            finish(sums, factors, job.ends, output);
        }
    }
    Ok(())
}

#[target_feature(enable = "avx2")]
fn add(addition: &Addition, a: &[i8], b: &[i8], output: &mut [i8]) {
    plain::add(addition, a, b, output);
}
