//! The inner loops in plain Rust, with the arithmetic of the assembler: what they mean, and how hosts run them.

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
    let filters = weights.chunks_exact((pixels.len() / 4).max(1));
    for (index, (row, filter)) in finish.table.iter().zip(filters).enumerate() {
        let chain = match row[0] {
            0 => 2,
            1 => 4,
            _ => 16,
        };
        let mut pairs = [Pair::default(); 2];
        let mut sums = [0u32; 2];
        for (tap, words) in pixels.iter().enumerate() {
            let weight = byte(filter.get(tap / 4).copied().unwrap_or(0), tap % 4);
            for (sum, word) in sums.iter_mut().zip(words) {
                *sum = sum.wrapping_add(word.wrapping_mul(weight));
            }
            if tap % chain == chain - 1 {
                for (pair, sum) in pairs.iter_mut().zip(&mut sums) {
                    pair.add(core::mem::take(sum));
                }
            }
        }
        for (pixel, sum) in pairs.iter().flat_map(|pair| pair.sums()).enumerate() {
            if let Some(out) = output.get_mut(pixel * stride + index) {
                *out = finish.requantize(index, row, sum);
            }
        }
    }
}

/// All channels of one pixel of a depthwise convolution, four at a time.
///
/// `weights` has for each four channels a word per tap; `taps` are the pixels read, from channel 0 on.
pub fn depthwise_pixel(weights: &[u32], taps: &[&[i8]], finish: &Finish<'_>, output: &mut [i8]) {
    let quads = weights.chunks_exact(taps.len().max(1)).zip(output.chunks_exact_mut(4));
    for (quad, (filter, out)) in quads.enumerate() {
        let mut sums = [0u32; 4];
        for (&word, tap) in filter.iter().zip(taps) {
            let Some(inputs) = tap.get(4 * quad..).and_then(<[i8]>::first_chunk::<4>) else { return };
            for (index, (sum, &input)) in sums.iter_mut().zip(inputs).enumerate() {
                *sum = sum.wrapping_add(byte(word, index).wrapping_mul(i32::from(input) as u32));
            }
        }
        let channels = (4 * quad..).zip(finish.table.iter().skip(4 * quad));
        for ((out, sum), (index, row)) in out.iter_mut().zip(sums).zip(channels) {
            *out = finish.requantize(index, row, sum);
        }
    }
}

/// A matrix times one vector.
///
/// `weights` are the matrix's rows, one after the other, four weights to a word, each plus 128. `inputs`, as many as a
/// row has weights, are such that byte `i` of a word counts in the first `i + 1` of its four products:
/// `inputs[i] − 256 · inputs[i − 1]`. `begin` is where each sum begins.
pub fn multiply(weights: &[u32], inputs: &[[u32; 4]], begin: u32, finish: &Finish<'_>, output: &mut [i8]) {
    let rows = weights.chunks_exact(inputs.len().max(1));
    for (index, ((out, row), filter)) in output.iter_mut().zip(finish.table).zip(rows).enumerate() {
        let mut sum = begin;
        for (&word, quad) in filter.iter().zip(inputs) {
            for (index, input) in quad.iter().enumerate() {
                sum = sum.wrapping_add((word >> (8 * index)).wrapping_mul(*input));
            }
        }
        *out = finish.requantize(index, row, sum);
    }
}
