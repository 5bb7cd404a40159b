//! DEPTHWISE_CONV_2D with windows of three by three.
//!
//! Four channels at a time are taken out of the image into planes of their own, widened, with the border that windows
//! reach into. A word of a plane is a pixel and the one below it, so that a dual multiply takes two rows of a window:
//!
//! ```text
//! words    a = rows 2r and 2r + 1, b = rows 2r + 2 and 2r + 3 of one column
//! upper    Σ over columns  a.0·w0 + a.1·w1 + b.0·w2
//! lower    Σ over columns           a.1·w0 + b.0·w1 + b.1·w2       windows one pixel apart
//! ```
//! Windows two pixels apart have an upper sum for each row of words. Weights are doubled where
//! [`product`](super::product) doubles elements. They lie as one record per channel: `2·bias`, mantissa, nine weights
//! in the order of [`TAPS`], exponent.

#[cfg(kernel_isa = "armv7em")]
mod native;
mod spread;
mod windows;

use quant::Halving;

pub use self::windows::{depthwise_windows_s8, windows_scratch_words};

use self::spread::Gather;
use super::limit;
use crate::{KernelError, Window, blocks::Blocks, reference::DepthwiseConv2d};

/// Bytes of one channel's record.
pub const RECORD_BYTES: usize = 18;

/// The taps of a window, row by row, in the order of a record: words of it unpack into pairs of taps.
pub const TAPS: [usize; 9] = [0, 1, 3, 4, 2, 6, 5, 7, 8];

/// Bytes of scratch that planes take at least, if there are rows for so many; and at most, unless two rows of outputs
/// need more. In between it is a part of what the layer reads and writes.
const LEAST_BYTES: usize = 4096;
const MOST_BYTES: usize = 8192;
const PART: usize = 6;

/// How a layer is cut into strips of rows.
#[derive(Clone, Copy, Debug)]
struct Strips {
    /// Windows are so many pixels apart: 1 or 2.
    stride: usize,
    /// Words of a plane's row.
    width: usize,
    /// Rows of outputs in a strip; an even number.
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
        let bytes = window.input.elements()?.checked_add(window.output.elements()?)? / PART;
        // Two rows of outputs take so many rows of words; and all of them one more.
        let rows = (bytes.clamp(LEAST_BYTES, MOST_BYTES) / 16).checked_div(width)?;
        let most = rows.saturating_sub(1) / stride.max(1);
        let pairs = most.clamp(1, (window.output.h as usize).div_ceil(2).max(1));
        let words = (pairs * stride + 1).checked_mul(width)?;
        Some(Self { stride, width, rows: 2 * pairs, words })
    }

    fn all_words(&self) -> Option<usize> {
        self.words.checked_mul(4)
    }
}

/// Words of scratch that [`depthwise_conv_2d_s8`] needs; `None` for a layer that it does not take.
pub fn scratch_words(conv: &DepthwiseConv2d) -> Option<usize> {
    Strips::of(&conv.window)?.all_words()
}

/// As [`reference::depthwise_conv_2d_s8`](crate::reference::depthwise_conv_2d_s8), with [`RECORD_BYTES`] per channel.
///
/// | buffer    | elements                        | values       |
/// |-----------|---------------------------------|--------------|
/// | `input`   | as the reference                | −128 ..= 127 |
/// | `records` | channels · [`RECORD_BYTES`]     | bytes        |
/// | `scratch` | [`scratch_words`]               | any          |
/// | `output`  | as the reference                | `clamp`      |
///
/// # Errors
/// [`KernelError::Length`] when a buffer is too short, [`KernelError::Geometry`] for a layer that [`scratch_words`] does
/// not take.
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
    KernelError::check(strips.all_words(), scratch.len())?;
    let channels = window.input.c as usize;
    KernelError::check(channels.checked_mul(RECORD_BYTES), records.len())?;
    let (in_image, out_row) =
        (window.input.h as usize * window.input.w as usize * channels, window.output.w as usize * channels);
    let out_image = window.output.h as usize * out_row;
    // Columns outside the image are 0, and stay: those left of the first row, then right of each and left of the next.
    let (left, rest) = scratch.split_at_mut_checked(window.pad.x.into()).ok_or(KernelError::Geometry)?;
    left.fill(0);
    for row in rest.chunks_mut(strips.width.max(1)) {
        row.get_mut(window.input.w as usize..).unwrap_or_default().fill(0);
    }
    let images = input.blocks(in_image).zip(output.blocks_mut(out_image));
    for (input, output) in images {
        let mut top = 0;
        for output in output.chunks_mut((strips.rows * out_row).max(1)) {
            let planes = Planes {
                strips,
                rows: output.len() / out_row.max(1),
                columns: window.output.w as usize,
                channels,
                centre: Halving::centre(conv.output_zero),
                from_zero: conv.clamp.min >= conv.output_zero.0,
            };
            let rows = planes.rows.div_ceil(2) * strips.stride + 1;
            let gather = Gather::new(window, strips, conv.input_zero.0, input, [top, rows]);
            // What is left over is taken together with channels that are done.
            for (four, records) in records.chunks(4 * RECORD_BYTES).enumerate() {
                let first = (4 * four).min(channels - 4);
                let skipped = (4 * four - first) * strips.words;
                gather.fill(first, scratch)?;
                let (words, out) = (scratch.get(skipped..), output.get_mut(4 * four..));
                planes.run(words.unwrap_or_default(), records, out.unwrap_or_default())?;
            }
            top += strips.rows * strips.stride;
            limit(conv.clamp, output);
        }
    }
    Ok(())
}

/// Some channels of a strip of outputs.
#[derive(Clone, Copy, Debug)]
struct Planes {
    strips: Strips,
    /// Rows of outputs, one at least.
    rows: usize,
    /// Outputs of a row, one at least.
    columns: usize,
    /// From one output to the next.
    channels: usize,
    centre: i32,
    from_zero: bool,
}

impl Planes {
    /// Computes the channels of some records. The planes are those of the channels; the first output is the first of `out`.
    fn run(&self, words: &[u32], records: &[u8], out: &mut [i8]) -> Result<(), KernelError> {
        let count = records.len() / RECORD_BYTES;
        let last = (self.rows * self.columns).checked_sub(1).ok_or(KernelError::Geometry)? * self.channels;
        let needed = (self.rows.div_ceil(2) * self.strips.stride + 1) * self.strips.width;
        let width = (self.columns - 1) * self.strips.stride + 3;
        let fits = count > 0
            && needed <= self.strips.words
            && width <= self.strips.width
            && words.len() >= count * self.strips.words
            && out.len() >= last + count;
        if !fits {
            return Err(KernelError::Geometry);
        }
        self.run_checked(words, records, out);
        Ok(())
    }

    #[cfg(kernel_isa = "armv7em")]
    fn run_checked(&self, words: &[u32], records: &[u8], out: &mut [i8]) {
        native::run(self, words, records, out);
    }

    #[cfg(not(kernel_isa = "armv7em"))]
    fn run_checked(&self, words: &[u32], records: &[u8], out: &mut [i8]) {
        let planes = words.chunks_exact(self.strips.words.max(1));
        for (index, (record, words)) in records.as_chunks().0.iter().zip(planes).enumerate() {
            let channel = Channel::of(record);
            for y in 0..self.rows {
                for x in 0..self.columns {
                    let sum = channel.sum(&self.strips, words, y, x);
                    out[(y * self.columns + x) * self.channels + index] = if self.from_zero {
                        channel.halving.requantize_from_zero(sum, self.centre)
                    } else {
                        channel.halving.requantize(sum, self.centre)
                    };
                }
            }
        }
    }
}

/// A record, unpacked.
#[cfg(not(kernel_isa = "armv7em"))]
struct Channel {
    /// Row by row, doubled.
    weights: [i32; 9],
    bias: i32,
    halving: Halving,
}

#[cfg(not(kernel_isa = "armv7em"))]
impl Channel {
    fn of(record: &[u8; RECORD_BYTES]) -> Self {
        let [b0, b1, b2, b3, m0, m1, m2, m3, taps @ .., exponent] = *record;
        let mut weights = [0; 9];
        for (place, tap) in TAPS.into_iter().zip(taps) {
            weights[place] = 2 * i32::from(tap as i8);
        }
        Self {
            weights,
            bias: i32::from_le_bytes([b0, b1, b2, b3]),
            halving: Halving { mantissa: i32::from_le_bytes([m0, m1, m2, m3]), exponent },
        }
    }

    fn sum(&self, strips: &Strips, words: &[u32], y: usize, x: usize) -> i32 {
        let (row, lower) = if strips.stride == 1 { (y / 2, y % 2) } else { (y, 0) };
        let mut sum = self.bias;
        for column in 0..3 {
            let at = row * strips.width + x * strips.stride + column;
            let (a, b) = (words[at], words[at + strips.width]);
            let rows = [a as i16, (a >> 16) as i16, b as i16, (b >> 16) as i16];
            for ky in 0..3 {
                sum = sum.wrapping_add(i32::from(rows[lower + ky]) * self.weights[3 * ky + column]);
            }
        }
        sum
    }
}
