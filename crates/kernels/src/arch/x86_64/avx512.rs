//! Inner loops with AVX-512 VNNI.
//!
//! A block is up to eight pixels by four groups of channels, its sums all in registers; one word of each pixel is
//! broadcast and meets a step of each group.

#![allow(unsafe_code)]

use core::arch::x86_64::*;

use crate::{
    KernelError,
    arch::wide::{
        Addition, ChannelStrip, Factors, Inner, LANES, Planes, Strip, WORD_BYTES, add::Term, packed::Ends,
        plain,
    },
};

// SAFETY of every call in here: `Level::inner` hands this table out only where the processor has been found to have
// AVX512F, AVX512BW, AVX512VL and AVX512VNNI, which are the features of every function below.
pub(super) static INNER: Inner = Inner {
    flip: 0x80,
    // SAFETY: the processor has the features, as above.
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

/// Dwords of a 4 by 4 block matrix, transposed.
const TRANSPOSED: [i32; LANES] = [0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15];

#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
fn copy(from: &[i8], to: &mut [u8]) {
    plain::copy::<0x80>(from, to);
}

/// Sixteen integers.
#[inline]
#[target_feature(enable = "avx512f")]
fn lanes(from: &[i32; LANES]) -> __m512i {
    // SAFETY: the array is 64 readable bytes, and the load wants no alignment.
    unsafe { _mm512_loadu_si512(from.as_ptr().cast()) }
}

#[inline]
#[target_feature(enable = "avx512f")]
fn wide_lanes(from: &[i64; LANES / 2]) -> __m512i {
    // SAFETY: the array is 64 readable bytes, and the load wants no alignment.
    unsafe { _mm512_loadu_si512(from.as_ptr().cast()) }
}

/// `Factors::scale` of sixteen sums.
#[inline]
#[target_feature(enable = "avx512f")]
fn scale(sums: __m512i, factors: &Factors) -> __m512i {
    let mantissas = lanes(&factors.mantissas);
    let even = _mm512_mul_epi32(sums, mantissas);
    let odd = _mm512_mul_epi32(_mm512_srli_epi64::<32>(sums), _mm512_srli_epi64::<32>(mantissas));
    let [even_nudges, odd_nudges] = &factors.nudges;
    let even = _mm512_add_epi64(even, wide_lanes(even_nudges));
    let odd = _mm512_add_epi64(odd, wide_lanes(odd_nudges));
    // Bits 31 to 62 of each product: where the even lanes are, and where the odd ones are.
    let high = _mm512_mask_blend_epi32(0xaaaa, _mm512_srli_epi64::<31>(even), _mm512_slli_epi64::<1>(odd));
    let rights = lanes(&factors.rights);
    // The sign, where there is a shift.
    let sign = _mm512_maskz_srai_epi32::<31>(_mm512_test_epi32_mask(rights, rights), sums);
    _mm512_srav_epi32(_mm512_add_epi32(high, sign), rights)
}

/// [`Ends`], in every lane.
#[derive(Clone, Copy)]
struct WideEnds {
    zero: __m512i,
    min: __m512i,
    max: __m512i,
    order: __m512i,
}

impl WideEnds {
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw")]
    fn of(ends: Ends) -> Self {
        Self {
            zero: _mm512_set1_epi16(ends.zero.into()),
            min: _mm512_set1_epi8(ends.min),
            max: _mm512_set1_epi8(ends.max),
            order: lanes(&TRANSPOSED),
        }
    }

    /// The outputs of four times sixteen scaled sums, one sixteen behind the other. Narrowing saturates, to 16 bits
    /// before the zero is added and to 8 after: what is changed by that is beyond both limits anyway.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw")]
    fn finish(&self, scaled: [__m512i; 4]) -> __m512i {
        let [a, b, c, d] = scaled;
        let ab = _mm512_adds_epi16(_mm512_packs_epi32(a, b), self.zero);
        let cd = _mm512_adds_epi16(_mm512_packs_epi32(c, d), self.zero);
        // Of each sixteen, four to each quarter: put them together.
        let bytes = _mm512_permutexvar_epi32(self.order, _mm512_packs_epi16(ab, cd));
        _mm512_min_epi8(_mm512_max_epi8(bytes, self.min), self.max)
    }
}

/// Stores the first `width` of sixteen bytes at `at`.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl")]
fn store(output: &mut [i8], at: usize, width: usize, bytes: __m128i) {
    let Some(place) = output.get_mut(at..at.wrapping_add(width)) else { return };
    if let Some(place) = place.first_chunk_mut::<LANES>() {
        // SAFETY: the chunk is 16 writable bytes, and the store wants no alignment.
        unsafe { _mm_storeu_si128(place.as_mut_ptr().cast(), bytes) };
    } else {
        let mask = ((1u32 << place.len()) - 1) as u16;
        // SAFETY: the mask lets as many bytes through as the place has.
        unsafe { _mm_mask_storeu_epi8(place.as_mut_ptr(), mask, bytes) };
    }
}

/// Sixteen bytes of each quarter.
#[inline]
#[target_feature(enable = "avx512f")]
fn quarters(bytes: __m512i) -> [__m128i; 4] {
    [
        _mm512_castsi512_si128(bytes),
        _mm512_extracti32x4_epi32::<1>(bytes),
        _mm512_extracti32x4_epi32::<2>(bytes),
        _mm512_extracti32x4_epi32::<3>(bytes),
    ]
}

#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
fn strip(job: &mut Strip<'_>) -> Result<(), KernelError> {
    job.check()?;
    let ends = WideEnds::of(job.ends);
    let groups = job.factors.len();
    let mut group = 0;
    while group < groups {
        match groups - group {
            1 => blocks::<8, 1>(job, group, &ends),
            2 => blocks::<8, 2>(job, group, &ends),
            3 => blocks::<8, 3>(job, group, &ends),
            _ => blocks::<6, 4>(job, group, &ends),
        }
        group += 4;
    }
    Ok(())
}

/// All pixels of a strip, for `N` groups from `group`: `M` pixels at once. The last block begins early rather than
/// being shorter, and where the strip itself is shorter its last pixel is worked on again.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
fn blocks<const M: usize, const N: usize>(job: &mut Strip<'_>, group: usize, ends: &WideEnds) {
    let pixels = job.starts.len();
    let mut at = 0;
    while at < pixels {
        let from = at.min(pixels.saturating_sub(M));
        block::<M, N>(job, from, group, ends);
        at += M;
    }
}

#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
fn block<const M: usize, const N: usize>(job: &mut Strip<'_>, from: usize, group: usize, ends: &WideEnds) {
    let segments = job.segments;
    let group_bytes = segments.steps() * LANES * WORD_BYTES;
    let Some(factors) = job.factors.get(group..group + N) else { return };
    let last = job.starts.len().saturating_sub(1);
    let mut starts = [0; M];
    for (m, start) in starts.iter_mut().enumerate() {
        let Some(&of_pixel) = job.starts.get((from + m).min(last)) else { return };
        *start = of_pixel as usize;
    }
    let mut sums = [[_mm512_setzero_si512(); N]; M];
    for row in &mut sums {
        for (sum, factors) in row.iter_mut().zip(factors) {
            *sum = lanes(&factors.biases);
        }
    }
    let image = job.image.as_ptr();
    let mut weights = job.weights.as_ptr().cast::<u8>().wrapping_add(group * group_bytes);
    for row in 0..segments.rows {
        for column in 0..segments.columns {
            let offset = row * segments.row_bytes + column * segments.column_bytes;
            let mut words = [core::ptr::null::<u8>(); M];
            for (words, start) in words.iter_mut().zip(starts) {
                *words = image.wrapping_add(start + offset);
            }
            for k in 0..segments.words {
                let mut steps = [_mm512_setzero_si512(); N];
                for (n, step) in steps.iter_mut().enumerate() {
                    let from = weights.wrapping_add(n * group_bytes);
                    // SAFETY: `Strip::check` found `steps()` steps of 64 bytes for every group; there are N groups
                    // from `group`, as the slice of factors shows, and this loop has not gone through all steps yet.
                    *step = unsafe { _mm512_loadu_si512(from.cast()) };
                }
                for (sums, words) in sums.iter_mut().zip(words) {
                    let word = words.wrapping_add(k * WORD_BYTES).cast::<i32>();
                    // SAFETY: `Strip::check` found every word of the window of every start within the image.
                    let word = _mm512_set1_epi32(unsafe { word.read_unaligned() });
                    for (sum, step) in sums.iter_mut().zip(steps) {
                        *sum = _mm512_dpbusd_epi32(*sum, word, step);
                    }
                }
                weights = weights.wrapping_add(LANES * WORD_BYTES);
            }
        }
    }
    // A copy: the sums above stay in registers, as they are not indexed by anything but constants.
    let sums = sums;
    let output = &mut *job.output;
    let channels = job.channels;
    let first = group * LANES;
    let width = (channels - first).min(N * LANES);
    let mut scaled = [_mm512_setzero_si512(); 4];
    if N >= 3 {
        for (m, sums) in sums.iter().enumerate() {
            for ((scaled, &sum), factors) in scaled.iter_mut().zip(sums).zip(factors) {
                *scaled = scale(sum, factors);
            }
            let bytes = ends.finish(scaled);
            let at = (from + m).min(last) * channels + first;
            let Some(place) = output.get_mut(at..at + width) else { return };
            // SAFETY: the mask lets as many bytes through as the place has.
            unsafe { _mm512_mask_storeu_epi8(place.as_mut_ptr(), u64::MAX >> (64 - width), bytes) };
        }
        return;
    }
    for (index, sums) in sums.as_chunks::<2>().0.iter().enumerate() {
        let [of_one, of_other] = sums;
        // Two pixels of two groups each, or of one.
        let mut scaled = [_mm512_setzero_si512(); 4];
        for (n, factors) in factors.iter().enumerate() {
            let (Some(&one), Some(&other)) = (of_one.get(n), of_other.get(n)) else { return };
            if let Some(scaled) = scaled.get_mut(n) {
                *scaled = scale(one, factors);
            }
            if let Some(scaled) = scaled.get_mut(n + 2) {
                *scaled = scale(other, factors);
            }
        }
        let [a, b, c, d] = quarters(ends.finish(scaled));
        let one = (from + 2 * index).min(last) * channels + first;
        let other = (from + 2 * index + 1).min(last) * channels + first;
        store(output, one, width.min(LANES), a);
        store(output, other, width.min(LANES), c);
        if N == 2 {
            store(output, one + LANES, width - LANES, b);
            store(output, other + LANES, width - LANES, d);
        }
    }
}

/// Dwords, transposed, so that unpacking within quarters leaves elements in their order.
#[target_feature(enable = "avx512f,avx512bw,avx512vl")]
fn interleave(planes: &Planes<'_>, to: &mut [u8]) {
    let order = lanes(&TRANSPOSED);
    let flip = _mm512_set1_epi8(-128);
    let fill = _mm512_set1_epi8(planes.fill as i8);
    for (index, to) in to.chunks_mut(64 * WORD_BYTES).enumerate() {
        let count = to.len() / WORD_BYTES;
        let mut rows = [fill; WORD_BYTES];
        for (lanes, row) in rows.iter_mut().zip(planes.rows) {
            let Some(part) = row.and_then(|row| row.get(index * 64..index * 64 + count)) else { continue };
            let bytes = if part.len() == 64 {
                // SAFETY: the part is 64 readable bytes, and the load wants no alignment.
                unsafe { _mm512_loadu_si512(part.as_ptr().cast()) }
            } else {
                // SAFETY: the mask lets as many bytes through as the part has; the others are not read.
                unsafe { _mm512_maskz_loadu_epi8(u64::MAX >> (64 - count), part.as_ptr()) }
            };
            *lanes = _mm512_xor_si512(_mm512_permutexvar_epi32(order, bytes), flip);
        }
        let [a, b, c, d] = rows;
        let (ab_low, ab_high) = (_mm512_unpacklo_epi8(a, b), _mm512_unpackhi_epi8(a, b));
        let (cd_low, cd_high) = (_mm512_unpacklo_epi8(c, d), _mm512_unpackhi_epi8(c, d));
        let words = [
            _mm512_unpacklo_epi16(ab_low, cd_low),
            _mm512_unpackhi_epi16(ab_low, cd_low),
            _mm512_unpacklo_epi16(ab_high, cd_high),
            _mm512_unpackhi_epi16(ab_high, cd_high),
        ];
        if let Some(to) = to.first_chunk_mut::<{ 64 * WORD_BYTES }>() {
            for (part, words) in words.into_iter().enumerate() {
                let to = to.as_mut_ptr().wrapping_add(part * LANES * WORD_BYTES);
                // SAFETY: the four parts of 64 bytes are the chunk, and the store wants no alignment.
                unsafe { _mm512_storeu_si512(to.cast(), words) };
            }
            continue;
        }
        for (words, to) in words.into_iter().zip(to.chunks_mut(LANES * WORD_BYTES)) {
            let mask = u16::MAX >> (LANES - to.len() / WORD_BYTES);
            // SAFETY: the mask lets as many words through as the place has.
            unsafe { _mm512_mask_storeu_epi32(to.as_mut_ptr().cast(), mask, words) };
        }
    }
}

#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
fn channels(job: &mut ChannelStrip<'_>) -> Result<(), KernelError> {
    job.check()?;
    match job.columns {
        3 => rows_of_channels::<3>(job),
        5 => rows_of_channels::<5>(job),
        _ => rows_of_channels::<0>(job),
    }
    Ok(())
}

/// With `COLUMNS` columns in the window, or with however many there are where that is 0.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
fn rows_of_channels<const COLUMNS: usize>(job: &mut ChannelStrip<'_>) {
    let ends = WideEnds::of(job.ends);
    let columns = if COLUMNS == 0 { job.columns } else { COLUMNS };
    let (pixels, channels) = (job.pixels(), job.channels);
    let (column_bytes, pixel_bytes) = (job.column_bytes, job.pixel_bytes);
    let output = &mut *job.output;
    for (group, factors) in job.factors.iter().enumerate() {
        let bias = lanes(&factors.biases);
        let first = group * LANES;
        let width = (channels - first).min(LANES);
        let of_group = job.planes.as_ptr().wrapping_add(group * LANES * WORD_BYTES);
        let of_group_weights = job.weights.as_ptr().wrapping_add(group * job.plane_count * columns);
        for from in (0..pixels).step_by(4) {
            // The last four are as many as there are: one that is not there is the last again.
            let places = [0, 1, 2, 3].map(|x: usize| (from + x).min(pixels - 1));
            let starts = places.map(|x| of_group.wrapping_add(x * pixel_bytes));
            let mut sums = [bias; 4];
            let mut weights = of_group_weights;
            for plane in 0..job.plane_count {
                for column in 0..columns {
                    // SAFETY: `ChannelStrip::check` found `plane_count · columns` steps of 64 bytes for every group.
                    let step = unsafe { _mm512_loadu_si512(weights.cast()) };
                    weights = weights.wrapping_add(1);
                    let offset = plane * job.plane_bytes + column * column_bytes;
                    for (sum, start) in sums.iter_mut().zip(starts) {
                        let words = start.wrapping_add(offset);
                        // SAFETY: `ChannelStrip::check` found 64 bytes within the planes for every pixel, plane, column
                        // and group.
                        let words = unsafe { _mm512_loadu_si512(words.cast()) };
                        *sum = _mm512_dpbusd_epi32(*sum, words, step);
                    }
                }
            }
            for sum in &mut sums {
                *sum = scale(*sum, factors);
            }
            for (place, bytes) in places.into_iter().zip(quarters(ends.finish(sums))) {
                store(output, place * channels + first, width, bytes);
            }
        }
    }
}

/// Sixteen elements on the common scale.
#[inline]
#[target_feature(enable = "avx512f")]
fn term(bytes: __m128i, term: &Term) -> __m512i {
    let centred = _mm512_sub_epi32(_mm512_cvtepi8_epi32(bytes), _mm512_set1_epi32(term.zero));
    scale(_mm512_sll_epi32(centred, _mm_cvtsi32_si128(term.left as i32)), &term.factors)
}

#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
fn add(addition: &Addition, a: &[i8], b: &[i8], output: &mut [i8]) {
    let ends = WideEnds::of(addition.ends);
    for ((output, a), b) in output.chunks_mut(64).zip(a.chunks(64)).zip(b.chunks(64)) {
        let mask = u64::MAX >> (64 - output.len().min(a.len()).min(b.len()));
        // SAFETY: the mask lets no more bytes through than there are, and others are not read.
        let a = unsafe { _mm512_maskz_loadu_epi8(mask, a.as_ptr()) };
        // SAFETY: as above.
        let b = unsafe { _mm512_maskz_loadu_epi8(mask, b.as_ptr()) };
        let mut sums = [_mm512_setzero_si512(); 4];
        for ((sum, a), b) in sums.iter_mut().zip(quarters(a)).zip(quarters(b)) {
            let common = _mm512_add_epi32(term(a, &addition.a), term(b, &addition.b));
            *sum = scale(common, &addition.sum);
        }
        let bytes = ends.finish(sums);
        // SAFETY: the mask lets no more bytes through than the place has.
        unsafe { _mm512_mask_storeu_epi8(output.as_mut_ptr(), mask, bytes) };
    }
}
