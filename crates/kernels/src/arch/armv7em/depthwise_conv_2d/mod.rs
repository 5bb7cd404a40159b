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

use super::{
    lanes::{add_even_bytes, add_odd_bytes, pack},
    limit,
};
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
        if !square || window.input.c != window.output.c || window.input.c == 0 || window.output.w == 0 {
            return None;
        }
        let width = (window.output.w as usize - 1).checked_mul(stride)?.checked_add(3)?;
        // Per word of a plane's row there are two rows of outputs, or one; and one word more.
        let rows_per_word = 3 - stride;
        let words = (PLANE_BYTES / 16).checked_div(width)?.max(2);
        let rows = ((words - 1) * rows_per_word).min((window.output.h as usize).next_multiple_of(2));
        let words = (rows.div_ceil(rows_per_word) + 1).checked_mul(width)?;
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
                let gather = Gather { window, input, first: 4 * four, zero: conv.input_zero.0 };
                gather.fill(strip * strips.rows * strips.stride, strips.width, strips.words, scratch);
                let planes = scratch.chunks_exact(strips.words.max(1));
                for ((index, record), words) in records.as_chunks().0.iter().enumerate().zip(planes) {
                    let out = output.get_mut(4 * four + index..).ok_or(KernelError::Geometry)?;
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
    first: usize,
    zero: i32,
}

impl Gather<'_> {
    /// Fills four planes of `words` words, rows of `width`, from padded row `top` on.
    fn fill(&self, top: usize, width: usize, words: usize, planes: &mut [u32]) {
        let (pad_y, pad_x) = (usize::from(self.window.pad.y), usize::from(self.window.pad.x));
        let image_w = self.window.input.w as usize;
        // Columns of the plane that are in the image.
        let inside = pad_x.min(width)..pad_x.saturating_add(image_w).min(width);
        let zeros = [self.zero as i8; 4];
        let base = pack(self.zero.wrapping_neg(), self.zero.wrapping_neg());
        let (p0, rest) = planes.split_at_mut(words.min(planes.len()));
        let (p1, rest) = rest.split_at_mut(words.min(rest.len()));
        let (p2, p3) = rest.split_at_mut(words.min(rest.len()));
        let rows = p0.chunks_exact_mut(width).zip(p1.chunks_exact_mut(width));
        let rows = rows.zip(p2.chunks_exact_mut(width).zip(p3.chunks_exact_mut(width)));
        for (index, ((p0, p1), (p2, p3))) in rows.enumerate() {
            let upper = (top + 2 * index).checked_sub(pad_y).and_then(|y| self.row(y));
            let lower = (top + 2 * index + 1).checked_sub(pad_y).and_then(|y| self.row(y));
            for plane in [&mut *p0, &mut *p1, &mut *p2, &mut *p3] {
                plane.get_mut(..inside.start).unwrap_or_default().fill(0);
                plane.get_mut(inside.end..).unwrap_or_default().fill(0);
            }
            let columns = p0.get_mut(inside.clone()).unwrap_or_default().iter_mut();
            let columns = columns.zip(p1.get_mut(inside.clone()).unwrap_or_default());
            let columns = columns.zip(p2.get_mut(inside.clone()).unwrap_or_default());
            let columns = columns.zip(p3.get_mut(inside.clone()).unwrap_or_default());
            let channels = (self.window.input.c as usize).max(1);
            let mut upper = upper.unwrap_or_default().chunks(channels);
            let mut lower = lower.unwrap_or_default().chunks(channels);
            for (((p0, p1), p2), p3) in columns {
                let [a, b] = [&mut upper, &mut lower].map(|pixels| {
                    let quad = pixels.next().map_or(zeros, |pixel| self.quad(pixel));
                    u32::from_le_bytes(quad.map(|q| q as u8))
                });
                let (a02, a13) = (add_even_bytes(base, a), add_odd_bytes(base, a));
                let (b02, b13) = (add_even_bytes(base, b), add_odd_bytes(base, b));
                *p0 = (a02 & 0xffff) | b02 << 16;
                *p1 = (a13 & 0xffff) | b13 << 16;
                *p2 = a02 >> 16 | (b02 & 0xffff_0000);
                *p3 = a13 >> 16 | (b13 & 0xffff_0000);
            }
        }
    }

    /// A row of the image; `None` outside it.
    fn row(&self, y: usize) -> Option<&[i8]> {
        let bytes = self.window.input.w as usize * self.window.input.c as usize;
        let from = y.checked_mul(bytes)?;
        self.input.get(from..from.checked_add(bytes)?)
    }

    /// Four channels of a pixel; what it does not have is anything.
    fn quad(&self, pixel: &[i8]) -> [i8; 4] {
        let from = pixel.get(self.first..).unwrap_or_default();
        match from.first_chunk() {
            Some(quad) => *quad,
            None => {
                let mut quad = [0; 4];
                for (to, from) in quad.iter_mut().zip(from) {
                    *to = *from;
                }
                quad
            }
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
        let rows_of_words = self.rows.div_ceil(3 - self.stride) + 1;
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
                let from = y / rows_per_word * self.width + x * self.stride;
                let mut sum = channel.bias;
                for column in 0..3 {
                    let (a, b) = (words[from + column], words[from + self.width + column]);
                    let ([a0, a1], [b0, b1]) = (halves(a), halves(b));
                    let ([w0, w1], [w2, _]) =
                        (halves(channel.weights[2 * column]), halves(channel.weights[2 * column + 1]));
                    let products = if y % rows_per_word == 0 {
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
