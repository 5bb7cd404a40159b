//! The inner product: a stream of packed weights times pairs of pixels.
//!
//! ```text
//! stream  blocks of four output channels a, b, c, d, and where two are left a block of two
//! block   2·bias + 256·2·bias of the next channel, 2·bias      for a with b, c with d
//!         [a b c d] of the odd element, where there is one
//!         [a0 b0 a1 b1] [c0 d0 c1 d1]                          per step: a pair of elements
//!         [ra rb rc rd] and four mantissas                     as in quant::Halving
//! ```
//! A byte pair `a b` is the 16-bit number `256·b + a`. Pixels come in pairs, as words of two elements: one word of
//! the first pixel, one of the second, in the order of [`Elements`].

#[cfg(kernel_isa = "armv7em")]
mod native;

#[cfg(not(kernel_isa = "armv7em"))]
use quant::Halving;

use crate::KernelError;

/// How the elements of a pixel's window are paired.
///
/// First come whole fours of each row of the window, then what is left of each row. Of each four elements in this
/// order `e0 e1 e2 e3` the pairs are `(e0, e2)` and `(e1, e3)`, as one word of bytes widens. Of three that are left the
/// first and the last are a pair, of two both; one more is the odd element, which comes last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Elements {
    rows: usize,
    run: usize,
}

impl Elements {
    /// So many rows of so many elements; at least two in all.
    pub const fn new(rows: usize, run: usize) -> Option<Self> {
        match rows.checked_mul(run) {
            Some(2..0x100_0000) => Some(Self { rows, run }),
            _ => None,
        }
    }

    /// Elements.
    pub const fn count(self) -> usize {
        self.rows * self.run
    }

    /// Pairs.
    pub const fn steps(self) -> usize {
        self.count() / 2
    }

    /// Odd elements: 0 or 1.
    pub const fn odd(self) -> usize {
        self.count() % 2
    }

    /// Words that a pair of pixels takes: as many as elements, made whole fours.
    pub const fn words(self) -> usize {
        self.count().next_multiple_of(4)
    }

    /// Which element is the odd one, where there is one.
    pub const fn odd_element(self) -> usize {
        let back = if self.count() % 4 == 3 { 2 } else { 1 };
        self.element(self.count() - back)
    }

    /// The elements of one step.
    pub const fn pair(self, step: usize) -> (usize, usize) {
        let first = step / 2 * 4;
        let (first, second) = if first + 2 < self.count() {
            (first + step % 2, first + step % 2 + 2)
        } else {
            (first, first + 1)
        };
        (self.element(first), self.element(second))
    }

    /// Which element of the window is at a place of the order.
    const fn element(self, place: usize) -> usize {
        let (whole, left) = (self.run / 4 * 4, self.run % 4);
        match place.checked_sub(self.rows * whole) {
            None => place / whole * self.run + place % whole,
            Some(place) => place / left * self.run + whole + place % left,
        }
    }
}

/// Words of the stream for an even number of output channels.
pub const fn stream_words(elements: Elements, channels: usize) -> Option<usize> {
    let of_four = 2 * elements.steps() + elements.odd() + 9;
    let of_two = elements.steps() + elements.odd() + 5;
    match (channels / 4).checked_mul(of_four) {
        Some(words) if channels.is_multiple_of(2) => words.checked_add(channels % 4 / 2 * of_two),
        _ => None,
    }
}

/// A stream of weights, and how its outputs are written.
#[derive(Clone, Copy, Debug)]
pub(super) struct Product<'a> {
    stream: &'a [u32],
    elements: Elements,
    channels: usize,
    centre: i32,
    from_zero: bool,
}

impl<'a> Product<'a> {
    /// `channels` is even. With `from_zero`, outputs below the zero point may come out wrong, but not above it: blocks of
    /// four are then rounded in fewer steps.
    pub(super) fn new(
        stream: &'a [u32],
        elements: Elements,
        channels: usize,
        centre: i32,
        from_zero: bool,
    ) -> Result<Self, KernelError> {
        KernelError::check(stream_words(elements, channels), stream.len())?;
        Ok(Self { stream, elements, channels, centre, from_zero })
    }

    /// Computes pairs of pixels, of which there may be none, each pixel `channels` outputs, from [`Elements::words`] of `x` each.
    pub(super) fn run(&self, x: &[u32], out: &mut [i8]) -> Result<(), KernelError> {
        let pairs = match x.len().checked_div(self.elements.words()) {
            None | Some(0) => return Ok(()),
            Some(pairs) => pairs,
        };
        KernelError::check(pairs.checked_mul(2 * self.channels), out.len())?;
        KernelError::check(pairs.checked_mul(self.elements.words()), x.len())?;
        if self.channels > 0 {
            self.run_checked(x, out);
        }
        Ok(())
    }

    #[cfg(kernel_isa = "armv7em")]
    fn run_checked(&self, x: &[u32], out: &mut [i8]) {
        native::run(self, x, out);
    }

    #[cfg(not(kernel_isa = "armv7em"))]
    fn run_checked(&self, x: &[u32], out: &mut [i8]) {
        for (x, out) in x.chunks_exact(self.elements.words()).zip(out.chunks_exact_mut(2 * self.channels)) {
            let (p, q) = out.split_at_mut(self.channels);
            let mut words = self.stream.iter().copied();
            let mut next = || words.next().unwrap_or(0);
            for (p, q) in p.chunks_mut(4).zip(q.chunks_mut(4)) {
                self.block(x, &mut next, p, q);
            }
        }
    }

    /// Four channels, or the last two, of two pixels.
    #[cfg(not(kernel_isa = "armv7em"))]
    fn block(&self, x: &[u32], next: &mut impl FnMut() -> u32, p: &mut [i8], q: &mut [i8]) {
        // Per two channels: the sum of whole halves and that of even bytes, for either pixel.
        let mut sums = [[[0u32; 2]; 2]; 2];
        let couples = p.len() / 2;
        for couple in sums.iter_mut().take(couples) {
            *couple = [[next(), next()]; 2];
            let [[raw, even], _] = *couple;
            *couple = [[raw, even]; 2];
        }
        let (pairs, rest) = x.split_at(2 * self.elements.steps());
        if self.elements.odd() > 0 {
            let odd = &rest[..2];
            let word = next();
            for (couple, word) in sums.iter_mut().take(couples).zip([word, word >> 16]) {
                accumulate(couple, odd, word);
            }
        }
        for x in pairs.chunks_exact(2) {
            for couple in sums.iter_mut().take(couples) {
                accumulate(couple, x, next());
            }
        }
        let exponents = next().to_le_bytes();
        for (channel, &exponent) in exponents.iter().enumerate().take(p.len()) {
            let halving = Halving { mantissa: next() as i32, exponent };
            for (pixel, out) in [&mut *p, &mut *q].into_iter().enumerate() {
                let [raw, even] = sums[channel / 2][pixel];
                let doubled = if channel % 2 == 0 { even as i32 } else { raw.wrapping_sub(even) as i32 >> 8 };
                out[channel] = if self.from_zero && couples == 2 {
                    halving.requantize_from_zero(doubled, self.centre)
                } else {
                    halving.requantize(doubled, self.centre)
                };
            }
        }
    }
}

/// One word of weights times one word of each pixel.
#[cfg(not(kernel_isa = "armv7em"))]
pub(super) fn accumulate(couple: &mut [[u32; 2]], x: &[u32], word: u32) {
    for ([raw, even], &x) in couple.iter_mut().zip(x) {
        *raw = dual(x, word, *raw);
        *even = dual(x, super::lanes::add_even_bytes(0, word), *even);
    }
}

/// SMLAD.
#[cfg(not(kernel_isa = "armv7em"))]
const fn dual(a: u32, b: u32, sum: u32) -> u32 {
    let low = a as i16 as i32 * b as i16 as i32;
    let high = (a >> 16) as i16 as i32 * (b >> 16) as i16 as i32;
    sum.wrapping_add(low as u32).wrapping_add(high as u32)
}
