//! The inner product: a stream of packed weights times pairs of pixels.
//!
//! ```text
//! stream  blocks of four output channels a, b, c, d, and blocks of two while any are left
//! block   2·bias + 256·2·bias of the next channel, 2·bias      for a with b, c with d
//!         [a0 b0 a1 b1] [c0 d0 c1 d1]                          per step: a pair of elements
//!         [ra rb rc rd] and four mantissas                     as in quant::Halving
//! ```
//! A byte pair `a b` is the 16-bit number `256·b + a`. Pixels come in pairs, as words of two elements: one word of
//! the first pixel, one of the second, in the order of [`Elements`].

#[cfg(kernel_isa = "armv7em")]
mod native;

#[cfg(not(kernel_isa = "armv7em"))]
use quant::Halving;

use crate::{KernelError, Window, Yx};

/// How the elements of a pixel's window are paired.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Elements {
    /// Rows of the window, and elements of each.
    rows: usize,
    run: usize,
    /// Whether elements are paired by fours.
    by_fours: bool,
}

impl Elements {
    const MOST: usize = 0x100_0000;

    /// So many elements, a multiple of four: of each four `e0 e1 e2 e3` the pairs are `(e0, e2)` and `(e1, e3)`, as one
    /// word of bytes widens.
    pub const fn by_fours(run: usize) -> Option<Self> {
        let fits = run > 0 && run <= Self::MOST && run.is_multiple_of(4);
        if fits { Some(Self { rows: 1, run, by_fours: true }) } else { None }
    }

    /// Rows of a window, each of so many elements; at least two pairs in all. Neighbours are pairs, and the last of an
    /// odd number is paired with whatever is there, times 0.
    pub const fn in_rows(rows: usize, run: usize) -> Option<Self> {
        match rows.checked_mul(run) {
            Some(1..=Self::MOST) if rows * run.div_ceil(2) >= 2 => Some(Self { rows, run, by_fours: false }),
            _ => None,
        }
    }

    /// Those of a convolution's windows; `None` for windows that no kernel takes.
    pub fn of(window: &Window) -> Option<Self> {
        let rows = usize::from(window.size.y);
        let run = usize::from(window.size.x).checked_mul(window.input.c as usize)?;
        match Self::by_fours(run) {
            Some(elements) if is_pointwise(window) => Some(elements),
            _ if window.dilation.x > 1 && window.size.x > 1 => None,
            _ => Self::in_rows(rows, run),
        }
    }

    /// Whether elements are paired by fours.
    pub(super) const fn are_by_fours(self) -> bool {
        self.by_fours
    }

    /// Elements.
    pub const fn count(self) -> usize {
        self.rows * self.run
    }

    /// Pairs.
    pub const fn steps(self) -> usize {
        self.rows * self.run.div_ceil(2)
    }

    /// Words that a pair of pixels takes.
    pub const fn words(self) -> usize {
        2 * self.steps()
    }

    /// The elements of one step: the first, and the second where there is one.
    pub const fn pair(self, step: usize) -> (usize, Option<usize>) {
        if self.by_fours {
            let first = step / 2 * 4 + step % 2;
            return (first, Some(first + 2));
        }
        let per_row = self.run.div_ceil(2);
        let (row, column) = (step / per_row, step % per_row * 2);
        let first = row * self.run + column;
        (first, if column + 1 < self.run { Some(first + 1) } else { None })
    }
}

/// Whether windows are single pixels, all of them, in their order.
fn is_pointwise(window: &Window) -> bool {
    let one = Yx { y: 1, x: 1 };
    (window.size, window.stride, window.pad) == (one, one, Yx { y: 0, x: 0 })
        && (window.input.h, window.input.w) == (window.output.h, window.output.w)
}

/// Words of the stream for so many output channels.
pub const fn stream_words(elements: Elements, channels: usize) -> Option<usize> {
    let of_four = 2 * elements.steps() + 9;
    let of_two = elements.steps() + 5;
    match (channels / 4).checked_mul(of_four) {
        Some(words) => words.checked_add((channels % 4).div_ceil(2) * of_two),
        None => None,
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
    /// With `from_zero`, outputs below the zero point may come out wrong, but not above it: blocks of
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

    /// Computes so many pairs of pixels, each pixel `channels` outputs, from [`Elements::words`] of `x` each.
    #[inline(never)]
    pub(super) fn run(&self, pairs: usize, x: &[u32], out: &mut [i8]) -> Result<(), KernelError> {
        KernelError::check(pairs.checked_mul(2 * self.channels), out.len())?;
        KernelError::check(pairs.checked_mul(self.elements.words()), x.len())?;
        if pairs > 0 && self.channels > 0 {
            self.run_checked(pairs, x, out);
        }
        Ok(())
    }

    #[cfg(kernel_isa = "armv7em")]
    fn run_checked(&self, pairs: usize, x: &[u32], out: &mut [i8]) {
        native::run(self, pairs, x, out);
    }

    #[cfg(not(kernel_isa = "armv7em"))]
    fn run_checked(&self, _: usize, x: &[u32], out: &mut [i8]) {
        for (x, out) in x.chunks_exact(self.elements.words()).zip(out.chunks_exact_mut(2 * self.channels)) {
            let (p, q) = out.split_at_mut(self.channels);
            let mut words = self.stream.iter().copied();
            let mut next = || words.next().unwrap_or(0);
            let of_four = self.channels / 4 * 4;
            let ((p, p_left), (q, q_left)) = (p.split_at_mut(of_four), q.split_at_mut(of_four));
            for (p, q) in p.chunks_mut(4).zip(q.chunks_mut(4)) {
                self.block(x, 2, &mut next, p, q);
            }
            for (p, q) in p_left.chunks_mut(2).zip(q_left.chunks_mut(2)) {
                self.block(x, 1, &mut next, p, q);
            }
        }
    }

    /// Two couples of channels, or one, of two pixels.
    #[cfg(not(kernel_isa = "armv7em"))]
    fn block(&self, x: &[u32], couples: usize, next: &mut impl FnMut() -> u32, p: &mut [i8], q: &mut [i8]) {
        // Per couple: the sum of whole halves and that of even bytes, for either pixel.
        let mut sums = [[[0u32; 2]; 2]; 2];
        for couple in sums.iter_mut().take(couples) {
            *couple = [[next(), next()]; 2];
        }
        for x in x.chunks_exact(2) {
            for couple in sums.iter_mut().take(couples) {
                accumulate(couple, x, next());
            }
        }
        let exponents = next().to_le_bytes();
        for (channel, &exponent) in exponents.iter().enumerate().take(2 * couples) {
            let halving = Halving { mantissa: next() as i32, exponent };
            for (pixel, out) in [&mut *p, &mut *q].into_iter().enumerate() {
                let [raw, even] = sums[channel / 2][pixel];
                let doubled = if channel % 2 == 0 { even as i32 } else { raw.wrapping_sub(even) as i32 >> 8 };
                // The last channel may have a partner that is none.
                let Some(out) = out.get_mut(channel) else { continue };
                *out = if self.from_zero && couples == 2 {
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
        *raw = super::lanes::dual(x, word, *raw);
        *even = super::lanes::dual(x, super::lanes::add_even_bytes(0, word), *even);
    }
}
