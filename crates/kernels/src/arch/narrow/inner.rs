//! The inner loops in plain Rust, with the arithmetic of the assembler: what they mean, how hosts run them, and what
//! RV32IMC runs. With that in mind they keep as much in registers as fits its 31, and take two or four channels at a
//! time, so that what was loaded is used more than once.

use quant::{GuardedChannel, GuardedOutput};

use super::{Factors, Row};

/// Pixels of a block.
pub const PIXELS: usize = 4;

/// How many products of a channel are added before the two pixels in a word are taken apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Chain {
    /// Two: half a word of weights.
    Two = 0,
    /// Four: a word of weights.
    Four = 1,
    /// Sixteen: four words of weights. Filters are a multiple of that.
    Sixteen = 2,
}

/// Chains of one filter that may be added: the sum of a pixel in the upper half is found by rounding, which forgives
/// this many.
pub const MAX_CHAINS: usize = 510;

/// A sum of products is below this in magnitude.
pub const MAX_SUM: i64 = 1 << 22;

/// What all inner loops need to turn accumulators into outputs.
#[derive(Clone, Copy, Debug)]
pub struct Finish<'a> {
    /// One row per channel.
    pub table: &'a [Row],
    /// Per-channel constants, for the exact formula.
    pub factors: &'a Factors<'a>,
    /// What the channels share.
    pub output: &'a GuardedOutput,
}

impl Finish<'_> {
    #[inline]
    fn requantize(&self, index: usize, row: &Row, acc: u32) -> i8 {
        let &[_, bias, origin, span, factor] = row;
        let channel = GuardedChannel { least: 0, span, origin: origin as i32, factor: factor as i32 };
        let above = (acc.wrapping_add(bias) as i32).max(0) as u32;
        let above = above.min(span);
        let place = GuardedOutput::place(&channel, above);
        if self.output.is_open(place) {
            return self.factors.exact(self.output, index, above);
        }
        (place >> 24) as i8
    }
}

/// Sign-extends byte `index` of a word.
#[inline]
fn byte(word: u32, index: usize) -> u32 {
    i32::from((word >> (8 * index)) as i8) as u32
}

/// Two sums in the making: of the pixel in the lower half of words, and of that in the upper one.
#[derive(Clone, Copy, Default)]
struct Pair {
    low: u32,
    high: u32,
}

impl Pair {
    /// Adds the sums that a chain of products holds.
    #[inline]
    fn add(&mut self, chain: u32) {
        self.low = self.low.wrapping_add(i32::from(chain as i16) as u32);
        self.high = self.high.wrapping_add((chain as i32 >> 7) as u32);
    }

    /// The two sums. Each chain added to `high` its upper sum times 2^9 and its lower one over 2^7, rounded down: what
    /// is above the lower sum over 2^7 misses a multiple of 2^9 by less than one per chain.
    #[inline]
    fn sums(self) -> [u32; 2] {
        let rounded = self.high.wrapping_sub((self.low as i32 >> 7) as u32).wrapping_add(MAX_CHAINS as u32);
        [self.low, (rounded as i32 >> 9) as u32]
    }
}

/// Sums of two channels and four pixels: `TAPS` products to a chain, or where that is all of a word, those of `WORDS`
/// words.
#[inline(always)]
fn two_channels<const TAPS: usize, const WORDS: usize>(
    filters: [&[u32]; 2],
    pixels: &[[[u32; 2]; 4]],
) -> [[u32; PIXELS]; 2] {
    let mut pairs = [[Pair::default(); 2]; 2];
    let mut sums = [[0u32; 2]; 2];
    let mut part = |sums: &mut [[u32; 2]; 2]| {
        for (pair, sum) in pairs.as_flattened_mut().iter_mut().zip(sums.as_flattened_mut()) {
            pair.add(core::mem::take(sum));
        }
    };
    let filters = filters.map(|filter| filter.as_chunks::<WORDS>().0);
    for ((a, b), words) in filters[0].iter().zip(filters[1]).zip(pixels.as_chunks::<WORDS>().0) {
        for ((&a, &b), taps) in a.iter().zip(b).zip(words) {
            for (tap, words) in taps.iter().enumerate() {
                for (sums, weight) in sums.iter_mut().zip([byte(a, tap), byte(b, tap)]) {
                    for (sum, word) in sums.iter_mut().zip(words) {
                        *sum = sum.wrapping_add(word.wrapping_mul(weight));
                    }
                }
                if WORDS == 1 && tap % TAPS == TAPS - 1 {
                    part(&mut sums);
                }
            }
        }
        if WORDS > 1 {
            part(&mut sums);
        }
    }
    pairs.map(|[first, second]| {
        let ([a, b], [c, d]) = (first.sums(), second.sums());
        [a, b, c, d]
    })
}

/// All output channels of four pixels.
///
/// `weights` are the channels' filters, one after the other, four taps to a word, as many as `pixels` has taps.
/// `pixels` has for each tap two words: pixels 0 and 1, and pixels 2 and 3. Pixel `p` of channel `c` is written at
/// `p · stride + c`. Buffers that do not fit are filled as far as they go.
pub fn convolve_block(
    weights: &[u32],
    pixels: &[[u32; 2]],
    finish: &Finish<'_>,
    output: &mut [i8],
    stride: usize,
) {
    let (pixels, _) = pixels.as_chunks::<4>();
    let mut rest = weights;
    for (block, rows) in finish.table.chunks(2).enumerate() {
        let mut filters = [rest; 2];
        for (filter, _) in filters.iter_mut().zip(rows) {
            let Some((next, after)) = rest.split_at_checked(pixels.len()) else { return };
            (*filter, rest) = (next, after);
        }
        // Two may always be added where more may.
        let sums = match rows.iter().map(|row| row[0]).min() {
            Some(0) => two_channels::<2, 1>(filters, pixels),
            Some(1) => two_channels::<4, 1>(filters, pixels),
            _ => two_channels::<4, 4>(filters, pixels),
        };
        for ((index, row), sums) in (2 * block..).zip(rows).zip(sums) {
            for (pixel, sum) in sums.into_iter().enumerate() {
                if let Some(out) = output.get_mut(pixel * stride + index) {
                    *out = finish.requantize(index, row, sum);
                }
            }
        }
    }
}

/// A product; `None` where it may be too large. Cores without a long multiply take long to find out otherwise.
#[inline]
pub(crate) fn area(a: usize, b: usize) -> Option<usize> {
    if (a | b) >> 16 == 0 { Some(a * b) } else { a.checked_mul(b) }
}

/// Where a channel's bytes of a column lie.
#[derive(Clone, Copy, Debug)]
pub struct Side<'a> {
    /// From the first row on.
    pub bytes: &'a [i8],
    /// From row to row.
    pub step: usize,
}

/// Writes one column of pairs: the left byte in the lower half of each word, the right one in the upper.
pub fn pair_column(words: &mut [u32], left: Side<'_>, right: Side<'_>) {
    for (row, word) in words.iter_mut().enumerate() {
        let at = |side: Side<'_>| i32::from(side.bytes.get(row * side.step).copied().unwrap_or(0)) as u32;
        *word = at(left).wrapping_add(at(right) << 16);
    }
}

/// How a pair of columns of outputs is walked, downwards.
#[derive(Clone, Copy, Debug)]
pub struct Walk {
    /// Words between a group of three taps and the next.
    pub step: usize,
    /// Words from output to output; not 0.
    pub advance: usize,
    /// How many outputs.
    pub rows: usize,
    /// Bytes from output to output.
    pub row: usize,
    /// Bytes from the left output to the right one.
    pub apart: usize,
}

impl Walk {
    /// Whether the walk stays within its buffers.
    pub fn fits(&self, groups: usize, inputs: usize, output: usize) -> bool {
        let end = || {
            let last = self.rows.checked_sub(1)?;
            let taps = area(groups.checked_sub(1)?, self.step.checked_add(3)?)?.checked_add(3)?;
            let read = area(last, self.advance)?.checked_add(taps)?;
            let written = area(last, self.row)?.checked_add(self.apart)?;
            Some(read <= inputs && written < output && self.advance > 0)
        };
        end().unwrap_or(false)
    }
}

/// One channel of a pair of columns of outputs of a depthwise convolution.
///
/// `weights` has three taps of a column in each group, `inputs` pairs as [`pair_column`] writes them. The right output is
/// written before the left one.
pub fn depthwise_columns(
    weights: &[[u32; 3]],
    inputs: &[u32],
    walk: &Walk,
    finish: &Finish<'_>,
    index: usize,
    output: &mut [i8],
) {
    let Some(row) = finish.table.get(index) else { return };
    if !walk.fits(weights.len(), inputs.len(), output.len()) {
        return;
    }
    let column = Column { row, finish, index };
    match weights {
        // The nine taps of the commonest window stay in registers.
        &[a, b, c] if row[0] != 0 => column.walk(&[a, b, c], Chain::Four, inputs, walk, output),
        _ if row[0] != 0 => column.walk(weights, Chain::Four, inputs, walk, output),
        _ => column.walk(weights, Chain::Two, inputs, walk, output),
    }
}

/// The channel that a pair of columns is of.
struct Column<'a> {
    row: &'a Row,
    finish: &'a Finish<'a>,
    index: usize,
}

impl Column<'_> {
    #[inline(always)]
    fn walk(&self, weights: &[[u32; 3]], chain: Chain, inputs: &[u32], walk: &Walk, output: &mut [i8]) {
        for y in 0..walk.rows {
            let mut pair = Pair::default();
            let mut from = y * walk.advance;
            for &[first, second, third] in weights {
                let Some(&[a, b, c]) = inputs.get(from..).and_then(<[u32]>::first_chunk) else { return };
                from += walk.step + 3;
                let two = a.wrapping_mul(first).wrapping_add(b.wrapping_mul(second));
                let one = c.wrapping_mul(third);
                if chain == Chain::Two {
                    pair.add(two);
                    pair.add(one);
                } else {
                    pair.add(two.wrapping_add(one));
                }
            }
            let [left, right] = pair.sums();
            for (place, sum) in [(walk.apart, right), (0, left)] {
                if let Some(out) = output.get_mut(y * walk.row + place) {
                    *out = self.finish.requantize(self.index, self.row, sum);
                }
            }
        }
    }
}

/// A matrix times one vector.
///
/// `weights` are the matrix's rows, one after the other, four weights to a word, each plus 128. `inputs`, as many as a
/// row has weights, are such that byte `i` of a word counts in the first `i + 1` of its four products:
/// `inputs[i] − 256 · inputs[i − 1]`. `begin` is where each sum begins.
pub fn multiply(weights: &[u32], inputs: &[[u32; 4]], begin: u32, finish: &Finish<'_>, output: &mut [i8]) {
    let mut rest = weights;
    let blocks = finish.table.chunks(4).zip(output.chunks_mut(4));
    for (block, (rows, out)) in blocks.enumerate() {
        let mut filters = [rest; 4];
        for (filter, _) in filters.iter_mut().zip(rows) {
            let Some((next, after)) = rest.split_at_checked(inputs.len()) else { return };
            (*filter, rest) = (next, after);
        }
        let sums = four_rows(filters, inputs, begin);
        for ((index, row), (out, sum)) in (4 * block..).zip(rows).zip(out.iter_mut().zip(sums)) {
            *out = finish.requantize(index, row, sum);
        }
    }
}

/// The products of four rows of a matrix with one vector.
#[inline(always)]
fn four_rows([a, b, c, d]: [&[u32]; 4], inputs: &[[u32; 4]], begin: u32) -> [u32; 4] {
    let mut sums = [begin; 4];
    for ((((&a, &b), &c), &d), quad) in a.iter().zip(b).zip(c).zip(d).zip(inputs) {
        let mut words = [a, b, c, d];
        for input in quad {
            for (sum, word) in sums.iter_mut().zip(&mut words) {
                *sum = sum.wrapping_add(word.wrapping_mul(*input));
                *word >>= 8;
            }
        }
    }
    sums
}
