//! DEPTHWISE_CONV_2D with windows of three by three.
//!
//! Four channels at a time are taken out of the image into planes of their own, widened, with the border that windows
//! reach into. A word of a plane is a pixel and the one below it, so that a dual multiply takes two rows of a window:
//!
//! ```text
//! words    a = rows 2r and 2r + 1, b = rows 2r + 2 and 2r + 3 of one column
//! upper    Σ over columns  a.0·w0 + a.1·w1 + b.0·w2
//! lower    Σ over columns           a.1·w0 + b.0·w1 + b.1·w2
//! ```
//! Weights are doubled where [`product`](super::product) doubles elements. They lie as one record per channel:
//! `2·bias`, mantissa, nine weights row by row, exponent.

#[cfg(kernel_isa = "armv7em")]
mod native;

use quant::Halving;

use super::{lanes::pack, limit};
use crate::{KernelError, Window, reference::DepthwiseConv2d};

/// Bytes of one channel's record.
pub const RECORD_BYTES: usize = 18;

/// Bytes of scratch that planes take, unless two rows of outputs need more.
const PLANE_BYTES: usize = 4096;

/// How a layer is cut into strips of rows.
#[derive(Clone, Copy, Debug)]
struct Strips {
    /// Windows are so many pixels apart: 1 or 2.
    stride: usize,
    /// Words of a plane's row.
    width: usize,
    /// Rows of outputs in a strip.
    rows: usize,
    /// Words of one plane.
    words: usize,
}

impl Strips {
    fn of(window: &Window) -> Option<Self> {
        let stride = usize::from(window.stride.x);
        let square = window.size.x == 3
            && window.size.y == 3
            && window.dilation.x == 1
            && window.dilation.y == 1
            && window.stride.x == window.stride.y
            && matches!(stride, 1 | 2);
        if !square || window.input.c != window.output.c || window.input.c < 4 || window.output.w == 0 {
            return None;
        }
        let width = (window.output.w as usize - 1).checked_mul(stride)?.checked_add(3)?;
        // Per word of a plane's row there are two rows of outputs, or one; and one word more.
        let rows_per_word = 3 - stride;
        let words = (PLANE_BYTES / 16).checked_div(width)?.max(2);
        let rows = ((words - 1) * rows_per_word).min((window.output.h as usize).next_multiple_of(2));
        let words = (rows.div_ceil(rows_per_word.max(1)) + 1).checked_mul(width)?;
        Some(Self { stride, width, rows, words })
    }
}

/// Words of scratch that [`depthwise_conv_2d_s8`] needs; `None` for a layer that it does not take.
pub fn scratch_words(conv: &DepthwiseConv2d) -> Option<usize> {
    Strips::of(&conv.window)?.words.checked_mul(4)
}

/// As [`reference::depthwise_conv_2d_s8`](crate::reference::depthwise_conv_2d_s8), with [`RECORD_BYTES`] per channel.
///
/// # Errors
/// [`KernelError::Length`] or [`KernelError::Geometry`].
pub fn depthwise_conv_2d_s8(
    conv: &DepthwiseConv2d,
    input: &[i8],
    records: &[u8],
    scratch: &mut [u32],
    output: &mut [i8],
) -> Result<(), KernelError> {
    let window = &conv.window;
    window.check(input.len(), output.len())?;
    let strips = Strips::of(window).ok_or(KernelError::Geometry)?;
    KernelError::check(scratch_words(conv), scratch.len())?;
    let channels = window.input.c as usize;
    KernelError::check(channels.checked_mul(RECORD_BYTES), records.len())?;
    let (in_image, out_row) =
        (window.input.h as usize * window.input.w as usize * channels, window.output.w as usize * channels);
    let out_image = window.output.h as usize * out_row;
    let centre = Halving::centre(conv.output_zero);
    // Borders are 0, and stay.
    scratch.fill(0);
    let images = input.chunks_exact(in_image.max(1)).zip(output.chunks_exact_mut(out_image.max(1)));
    for (input, output) in images {
        let outputs = output.chunks_mut((strips.rows * out_row).max(1));
        for (strip, output) in outputs.enumerate() {
            let plane = Plane {
                stride: strips.stride,
                width: strips.width,
                rows: output.len() / out_row.max(1),
                columns: window.output.w as usize,
                channels,
                from_zero: conv.clamp.min >= conv.output_zero.0,
            };
            for (four, records) in records.chunks(4 * RECORD_BYTES).enumerate() {
                // What is left over is taken together with channels that are done.
                let first = (4 * four).min(channels - 4);
                let gather = Gather { window, input, first, zero: conv.input_zero.0 };
                gather.fill(strip * strips.rows * strips.stride, strips.width, strips.words, scratch)?;
                let planes = scratch.chunks_exact(strips.words.max(1)).enumerate().skip(4 * four - first);
                for (record, (index, words)) in records.as_chunks().0.iter().zip(planes) {
                    let out = output.get_mut(first + index..).ok_or(KernelError::Geometry)?;
                    plane.run(words, &Channel::of(record, centre), out)?;
                }
            }
            limit(conv.clamp, output);
        }
    }
    Ok(())
}

/// What is multiplied and how sums become outputs.
#[derive(Clone, Copy, Debug)]
struct Channel {
    /// Of each column: the weights of the upper two rows, and of the lower two the other way round.
    weights: [u32; 6],
    bias: i32,
    halving: Halving,
    /// One half and the zero point, in units of the second rounding.
    middle: i32,
}

impl Channel {
    fn of(record: &[u8; RECORD_BYTES], centre: i32) -> Self {
        let [b0, b1, b2, b3, m0, m1, m2, m3, w @ .., exponent] = *record;
        let [w00, w01, w02, w10, w11, w12, w20, w21, w22] = w.map(|w| 2 * i32::from(w as i8));
        Self {
            weights: [
                pack(w00, w10),
                pack(w20, w10),
                pack(w01, w11),
                pack(w21, w11),
                pack(w02, w12),
                pack(w22, w12),
            ],
            bias: i32::from_le_bytes([b0, b1, b2, b3]),
            halving: Halving { mantissa: i32::from_le_bytes([m0, m1, m2, m3]), exponent },
            middle: centre.wrapping_shl(u32::from(exponent)),
        }
    }
}

/// Takes four channels out of an image.
struct Gather<'a> {
    window: &'a Window,
    input: &'a [i8],
    /// The first of the four.
    first: usize,
    zero: i32,
}

/// Some pixels of two rows, one above the other; one row may be the same word again and again.
struct TwoRows<'a> {
    upper: &'a [i8],
    lower: &'a [i8],
    /// From one pixel to the next.
    steps: [usize; 2],
    count: usize,
    base: u32,
}

impl Gather<'_> {
    /// Fills four planes of `words` words, rows of `width`, from padded row `top` on. Columns outside the image are
    /// left as they are.
    fn fill(&self, top: usize, width: usize, words: usize, planes: &mut [u32]) -> Result<(), KernelError> {
        let (pad_y, pad_x) = (usize::from(self.window.pad.y), usize::from(self.window.pad.x));
        let (w, c) = (self.window.input.w as usize, self.window.input.c as usize);
        let count = width.saturating_sub(pad_x).min(w);
        let zeros = [self.zero as i8; 4];
        let base = pack(self.zero.wrapping_neg(), self.zero.wrapping_neg());
        // Bytes from the first to behind the last.
        let reach = count.saturating_sub(1) * c + 4;
        let row = |y: usize| {
            let from = y.checked_sub(pad_y)?.checked_mul(w * c)?.checked_add(self.first)?;
            if y - pad_y < self.window.input.h as usize { self.input.get(from..from + reach) } else { None }
        };
        let mut from = pad_x;
        for y in (top..).step_by(2).take(words / width.max(1)) {
            let (upper, lower) = (row(y), row(y + 1));
            let rows = TwoRows {
                steps: [upper, lower].map(|row| row.map_or(0, |_| c)),
                upper: upper.unwrap_or(&zeros),
                lower: lower.unwrap_or(&zeros),
                count,
                base,
            };
            rows.spread(words, planes.get_mut(from..).ok_or(KernelError::Geometry)?)?;
            from += width;
        }
        Ok(())
    }
}

impl TwoRows<'_> {
    /// Writes a word per pixel to each of four planes, which are `words` apart.
    fn spread(&self, words: usize, planes: &mut [u32]) -> Result<(), KernelError> {
        let last = match self.count.checked_sub(1) {
            None => return Ok(()),
            Some(last) => last,
        };
        let holds = |row: &[i8], step: usize| row.len() >= last * step + 4;
        let [upper, lower] = self.steps;
        if !holds(self.upper, upper) || !holds(self.lower, lower) || planes.len() <= 3 * words + last {
            return Err(KernelError::Geometry);
        }
        self.spread_checked(words, planes);
        Ok(())
    }

    #[cfg(kernel_isa = "armv7em")]
    fn spread_checked(&self, words: usize, planes: &mut [u32]) {
        native::spread(self, words, planes);
    }

    #[cfg(not(kernel_isa = "armv7em"))]
    fn spread_checked(&self, words: usize, planes: &mut [u32]) {
        use super::lanes::{add_even_bytes, add_odd_bytes};

        for index in 0..self.count {
            let [a, b] = [(self.upper, self.steps[0]), (self.lower, self.steps[1])].map(|(row, step)| {
                let quad =
                    row[index * step..].first_chunk::<4>().map_or([0; 4], |quad| quad.map(|q| q as u8));
                u32::from_le_bytes(quad)
            });
            let (a02, a13) = (add_even_bytes(self.base, a), add_odd_bytes(self.base, a));
            let (b02, b13) = (add_even_bytes(self.base, b), add_odd_bytes(self.base, b));
            planes[index] = (a02 & 0xffff) | b02 << 16;
            planes[words + index] = (a13 & 0xffff) | b13 << 16;
            planes[2 * words + index] = a02 >> 16 | (b02 & 0xffff_0000);
            planes[3 * words + index] = a13 >> 16 | (b13 & 0xffff_0000);
        }
    }
}

/// One channel of a strip of outputs.
#[derive(Clone, Copy, Debug)]
struct Plane {
    stride: usize,
    width: usize,
    rows: usize,
    columns: usize,
    /// From one output to the next.
    channels: usize,
    from_zero: bool,
}

impl Plane {
    /// Computes the outputs of a channel, the first of which is the first of `out`.
    fn run(&self, words: &[u32], channel: &Channel, out: &mut [i8]) -> Result<(), KernelError> {
        let rows_of_words = self.rows.div_ceil(3usize.saturating_sub(self.stride).max(1)) + 1;
        let last = (self.rows * self.columns).checked_sub(1).ok_or(KernelError::Geometry)? * self.channels;
        if words.len() < rows_of_words * self.width || out.len() <= last {
            return Err(KernelError::Geometry);
        }
        self.run_checked(words, channel, out);
        Ok(())
    }

    #[cfg(kernel_isa = "armv7em")]
    fn run_checked(&self, words: &[u32], channel: &Channel, out: &mut [i8]) {
        native::run(self, words, channel, out);
    }

    #[cfg(not(kernel_isa = "armv7em"))]
    fn run_checked(&self, words: &[u32], channel: &Channel, out: &mut [i8]) {
        let rows_per_word = 3 - self.stride;
        for y in 0..self.rows {
            for x in 0..self.columns {
                let from = y / rows_per_word.max(1) * self.width + x * self.stride;
                let mut sum = channel.bias;
                for column in 0..3 {
                    let (a, b) = (words[from + column], words[from + self.width + column]);
                    let ([a0, a1], [b0, b1]) = (halves(a), halves(b));
                    let ([w0, w1], [w2, _]) =
                        (halves(channel.weights[2 * column]), halves(channel.weights[2 * column + 1]));
                    let products = if y % rows_per_word.max(1) == 0 {
                        a0 * w0 + a1 * w1 + b0 * w2
                    } else {
                        a1 * w0 + b0 * w1 + b1 * w2
                    };
                    sum = sum.wrapping_add(products);
                }
                // The zero point is in the middle.
                let Halving { mantissa, exponent } = channel.halving;
                let centre = channel.middle.wrapping_shr(u32::from(exponent));
                let halving = Halving { mantissa, exponent };
                out[(y * self.columns + x) * self.channels] = if self.from_zero {
                    halving.requantize_from_zero(sum, centre)
                } else {
                    halving.requantize(sum, centre)
                };
            }
        }
    }
}

/// The halves of a word, low one first.
#[cfg(not(kernel_isa = "armv7em"))]
const fn halves(word: u32) -> [i32; 2] {
    [word as i16 as i32, (word >> 16) as i16 as i32]
}
