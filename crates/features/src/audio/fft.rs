//! The spectrum of a real frame, in 32-bit fixed point with one rounding per output and stage.
//!
//! Pseudo-code, for N samples and H = N / 2:
//!
//! ```text
//! z[bit_reverse(i)] = x[2 i] + j x[2 i + 1]                      i in 0..H
//! for size in 1, 2, 4 … H / 2:                                   w = exp(-2 π j k / (2 size))
//!     (a, b) = ((a + w b) / 2, (a - w b) / 2)                    every pair `size` apart
//! X[k] = ((Z[k] + Z*[H - k]) + exp(-2 π j k / N) (Z[k] - Z*[H - k]) / j) / 4
//! ```
//!
//! Halving at every stage makes the result the spectrum divided by N, so nothing can overflow: no complex magnitude
//! grows by more than the 2^-15 by which a rounded twiddle may exceed 1.

use quant::rounding::round_half_up_shift_right_i64;

/// A complex number of two fixed-point parts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Complex {
    /// Real part.
    pub re: i32,
    /// Imaginary part.
    pub im: i32,
}

/// `exp(-2 π j k / N)` in Q14, in which 1 is exact.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Twiddle {
    /// `cos(2 π k / N)`.
    pub cos: i16,
    /// `-sin(2 π k / N)`.
    pub minus_sin: i16,
}

/// Fractional bits of a twiddle.
const TWIDDLE_BITS: u32 = 14;

/// `x / 2^exponent` to the nearest; the callers' sums of at most 4 products of 33 and 15 bits fit an `i32` after it.
#[inline(always)]
fn narrow(x: i64, exponent: u32) -> i32 {
    round_half_up_shift_right_i64(x, exponent) as i32
}

#[inline(always)]
fn wide(x: i32) -> i64 {
    i64::from(x)
}

/// Puts a frame under a window into `spectrum`, two samples to an element and in bit-reversed order, padded with zeros.
///
/// The frame is `older` followed by `newer`: the two halves of a ring.
pub(crate) fn load(older: &[i16], newer: &[i16], window: &[u16], spectrum: &mut [Complex]) {
    let shift = usize::BITS - spectrum.len().trailing_zeros();
    let mut windowed = older.iter().chain(newer).zip(window).map(|(&x, &w)| i32::from(x) * i32::from(w));
    for i in 0..spectrum.len() {
        let pair = Complex { re: windowed.next().unwrap_or(0), im: windowed.next().unwrap_or(0) };
        if let Some(element) = spectrum.get_mut(i.reverse_bits().wrapping_shr(shift)) {
            *element = pair;
        }
    }
}

/// The spectrum of a real signal of `2 · spectrum.len()` samples, divided by that number, in place.
///
/// `spectrum` is loaded with two samples to an element, in bit-reversed order; both parts of every element are within
/// ±2^30. `twiddles` has as many elements as `spectrum`, whose length is a power of two and at least 4. Element 0 becomes
/// the mean and, as its imaginary part, the bin at half the sampling rate; element k becomes bin k.
pub fn real_fft(spectrum: &mut [Complex], twiddles: &[Twiddle]) {
    complex_stages(spectrum, twiddles);
    split(spectrum, twiddles);
}

/// The complex transform of half the length.
fn complex_stages(spectrum: &mut [Complex], twiddles: &[Twiddle]) {
    let half = spectrum.len();
    let (mut size, mut step) = (1, twiddles.len());
    while size < half {
        // `max` tells the compiler what the loop's shape already says: neither is 0.
        for block in spectrum.chunks_exact_mut((2 * size).max(1)) {
            let Some((tops, lows)) = block.split_at_mut_checked(size) else { continue };
            let factors = twiddles.iter().step_by(step.max(1));
            for ((a, b), w) in tops.iter_mut().zip(lows).zip(factors) {
                (*a, *b) = half_butterfly(*a, *b, *w);
            }
        }
        size *= 2;
        step /= 2;
    }
}

/// `((a + b w) / 2, (a - b w) / 2)`.
#[inline(always)]
fn half_butterfly(a: Complex, b: Complex, w: Twiddle) -> (Complex, Complex) {
    let (cos, minus_sin) = (i64::from(w.cos), i64::from(w.minus_sin));
    let re = wide(b.re) * cos - wide(b.im) * minus_sin;
    let im = wide(b.re) * minus_sin + wide(b.im) * cos;
    let (a_re, a_im) = (wide(a.re) << TWIDDLE_BITS, wide(a.im) << TWIDDLE_BITS);
    (
        Complex { re: narrow(a_re + re, TWIDDLE_BITS + 1), im: narrow(a_im + im, TWIDDLE_BITS + 1) },
        Complex { re: narrow(a_re - re, TWIDDLE_BITS + 1), im: narrow(a_im - im, TWIDDLE_BITS + 1) },
    )
}

/// Takes the spectra of the even and the odd samples apart and puts them together again as one of twice the length.
fn split(spectrum: &mut [Complex], twiddles: &[Twiddle]) {
    let Some((mean, rest)) = spectrum.split_first_mut() else { return };
    *mean = Complex {
        re: narrow(wide(mean.re) + wide(mean.im), 1),
        im: narrow(wide(mean.re) - wide(mean.im), 1),
    };
    let mut bins = rest.iter_mut();
    let mut factors = twiddles.iter().skip(1);
    while let (Some(low), Some(&w_low)) = (bins.next(), factors.next()) {
        match (bins.next_back(), factors.next_back()) {
            (Some(high), Some(&w_high)) => {
                (*low, *high) = (split_bin(*low, *high, w_low), split_bin(*high, *low, w_high));
            }
            _ => *low = split_bin(*low, *low, w_low),
        }
    }
}

/// Bin k of the long spectrum, from elements k and H - k of the short one.
#[inline(always)]
fn split_bin(z: Complex, mirror: Complex, w: Twiddle) -> Complex {
    let (even_re, even_im) = (wide(z.re) + wide(mirror.re), wide(z.im) - wide(mirror.im));
    let (odd_re, odd_im) = (wide(z.im) + wide(mirror.im), wide(mirror.re) - wide(z.re));
    let (cos, minus_sin) = (i64::from(w.cos), i64::from(w.minus_sin));
    Complex {
        re: narrow((even_re << TWIDDLE_BITS) + odd_re * cos - odd_im * minus_sin, TWIDDLE_BITS + 2),
        im: narrow((even_im << TWIDDLE_BITS) + odd_re * minus_sin + odd_im * cos, TWIDDLE_BITS + 2),
    }
}
