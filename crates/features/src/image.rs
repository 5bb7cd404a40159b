//! Pictures: their size and their pixels' values, in integers with one rounding per pixel.
//!
//! A picture is rows of pixels of interleaved channels, `u8`, without padding. Nothing here needs working memory.

use crate::error::BufferError;
use core::fmt;
use quant::rounding::{round_half_up_shift_right_i64, saturate_i8, saturate_i32};

/// The largest height or width: products of two sizes stay within 32 bits.
pub const MAX_SIDE: u16 = 0x7FFF;

/// Height, width and channels of a picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size {
    /// Rows.
    pub height: u16,
    /// Pixels in a row.
    pub width: u16,
    /// Bytes in a pixel.
    pub channels: u16,
}

impl Size {
    /// A size.
    pub const fn new(height: u16, width: u16, channels: u16) -> Self {
        Self { height, width, channels }
    }

    /// Bytes in a picture.
    pub const fn bytes(self) -> usize {
        (self.height as usize).saturating_mul(self.row_bytes())
    }

    const fn row_bytes(self) -> usize {
        (self.width as usize).saturating_mul(self.channels as usize)
    }

    const fn is_sound(self) -> bool {
        self.channels > 0 && matches!(self.height, 1..=MAX_SIDE) && matches!(self.width, 1..=MAX_SIDE)
    }
}

/// Why a picture cannot be resized or normalised.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ImageError {
    /// A picture without pixels, or with a side above [`MAX_SIDE`].
    Size(Size),
    /// Pictures of different numbers of channels.
    Channels {
        /// Channels of the source.
        from: u16,
        /// Channels of the result.
        to: u16,
    },
    /// A buffer that is not as long as its size says.
    Buffer(BufferError),
}

impl fmt::Display for ImageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Size(Size { height, width, channels }) => {
                write!(
                    f,
                    "picture of {height}x{width}x{channels}: sides must be from 1 to {MAX_SIDE}, channels 1 or more"
                )
            }
            Self::Channels { from, to } => write!(f, "{from} channels cannot be resized into {to}"),
            Self::Buffer(e) => e.fmt(f),
        }
    }
}

impl core::error::Error for ImageError {}

impl From<BufferError> for ImageError {
    fn from(e: BufferError) -> Self {
        Self::Buffer(e)
    }
}

fn check(from: &[u8], from_size: Size, to: &[u8], to_size: Size) -> Result<(), ImageError> {
    for size in [from_size, to_size] {
        if !size.is_sound() {
            return Err(ImageError::Size(size));
        }
    }
    if from_size.channels != to_size.channels {
        return Err(ImageError::Channels { from: from_size.channels, to: to_size.channels });
    }
    BufferError::check(from_size.bytes(), from.len())?;
    Ok(BufferError::check(to_size.bytes(), to.len())?)
}

/// Where an output pixel's centre lies between two input pixels.
struct Between {
    low: usize,
    high: usize,
    /// Weight of `high`, out of 256.
    weight: u32,
}

/// The centre of output pixel `o`: `(o + ½) · from / to - ½`, kept inside the first and the last pixel's centre.
#[inline]
fn between(o: u32, from: u32, to: u32) -> Between {
    let steps = to.saturating_mul(2).max(1); // an input pixel is this many steps wide
    let place = ((2 * o + 1) * from).saturating_sub(to).min(from.saturating_sub(1).saturating_mul(steps));
    let low = place / steps;
    let weight = ((place - low * steps) * 256 + to) / steps;
    Between { low: low as usize, high: (low + 1).min(from.saturating_sub(1)) as usize, weight }
}

/// Resizes by straight lines between pixel centres (half-pixel centres, edges held).
///
/// The place between two pixels is rounded to 1/256, the pixel once. Right for growing, and for shrinking by up to 2; beyond
/// that it skips pixels: see [`area`]. Cost: 4 byte loads, 6 multiplications and 2 divisions per byte of the result.
///
/// # Errors
/// Sizes or channels that do not fit, buffers of other lengths.
pub fn bilinear(from: &[u8], from_size: Size, to: &mut [u8], to_size: Size) -> Result<(), ImageError> {
    check(from, from_size, to, to_size)?;
    let channels = usize::from(to_size.channels).max(1);
    let row_of = |y: usize| from.chunks_exact(from_size.row_bytes().max(1)).nth(y).unwrap_or(&[]);
    let pixel_of =
        |row: &'_ [u8], x: usize, c: usize| u32::from(row.get(x * channels + c).copied().unwrap_or(0));
    for (y, to_row) in to.chunks_exact_mut(to_size.row_bytes().max(1)).enumerate() {
        let vertical = between(y as u32, from_size.height.into(), to_size.height.into());
        let (upper, lower) = (row_of(vertical.low), row_of(vertical.high));
        for (x, to_pixel) in to_row.chunks_exact_mut(channels).enumerate() {
            let across = between(x as u32, from_size.width.into(), to_size.width.into());
            for (c, byte) in to_pixel.iter_mut().enumerate() {
                let blend = |row| {
                    pixel_of(row, across.low, c) * (256 - across.weight)
                        + pixel_of(row, across.high, c) * across.weight
                };
                let sum = blend(upper) * (256 - vertical.weight) + blend(lower) * vertical.weight;
                *byte = ((sum + (1 << 15)) >> 16) as u8;
            }
        }
    }
    Ok(())
}

/// Resizes by the mean over the area that an output pixel covers, parts of pixels counted as such, rounded once.
///
/// Right for shrinking by any factor; growing gives blocks. Cost: each input byte is read once (or twice, or four times, on the
/// border between output pixels) with one multiplication, and one 64-bit division per byte of the result.
///
/// # Errors
/// Sizes or channels that do not fit, buffers of other lengths.
pub fn area(from: &[u8], from_size: Size, to: &mut [u8], to_size: Size) -> Result<(), ImageError> {
    check(from, from_size, to, to_size)?;
    let channels = usize::from(to_size.channels).max(1);
    let (from_height, to_height) = (u32::from(from_size.height), u32::from(to_size.height));
    let (from_width, to_width) = (u32::from(from_size.width), u32::from(to_size.width));
    let whole = (u64::from(from_height) * u64::from(from_width)).max(1);
    for (y, to_row) in to.chunks_exact_mut(to_size.row_bytes().max(1)).enumerate() {
        for (x, to_pixel) in to_row.chunks_exact_mut(channels).enumerate() {
            for (c, byte) in to_pixel.iter_mut().enumerate() {
                let mut sum = 0u64;
                for (row, high) in covered(from, from_size.row_bytes(), y as u32, from_height, to_height) {
                    let across = covered(row, channels, x as u32, from_width, to_width);
                    let line: u32 = across
                        .map(|(pixel, wide)| u32::from(pixel.get(c).copied().unwrap_or(0)) * wide)
                        .sum();
                    sum += u64::from(line) * u64::from(high);
                }
                *byte = ((sum + whole / 2) / whole) as u8;
            }
        }
    }
    Ok(())
}

/// The items of `bytes` that output item `o` covers, each with the length covered, in parts of `1 / to` of an item.
#[inline]
fn covered(bytes: &[u8], item: usize, o: u32, from: u32, to: u32) -> impl Iterator<Item = (&[u8], u32)> {
    let (start, end) = (o * from, (o + 1) * from);
    let first = start.checked_div(to).unwrap_or(0);
    let items = bytes.chunks_exact(item.max(1)).skip(first as usize);
    (first..).zip(items).map_while(move |(i, bytes)| {
        let (left, right) = ((i * to).max(start), ((i + 1) * to).min(end));
        (left < right).then(|| (bytes, right - left))
    })
}

/// Red, green and blue to grey: `(77 r + 150 g + 29 b + 128) / 256`, the luma of ITU-R BT.601.
///
/// # Errors
/// An `rgb` that is not three times as long as `grey`.
pub fn grey(rgb: &[u8], grey: &mut [u8]) -> Result<(), ImageError> {
    BufferError::check(grey.len().saturating_mul(3), rgb.len())?;
    let (pixels, _) = rgb.as_chunks::<3>();
    for (to, [r, g, b]) in grey.iter_mut().zip(pixels) {
        *to = ((77 * u32::from(*r) + 150 * u32::from(*g) + 29 * u32::from(*b) + 128) >> 8) as u8;
    }
    Ok(())
}

/// What a channel's values become: `(value - mean) · gain`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Affine {
    /// What becomes the zero point, in 1/256 of a grey level.
    pub mean_q8: i32,
    /// Steps of int8 per grey level, in 1/65536.
    pub gain_q16: i32,
}

/// From pixels to a model's int8: `(value - mean) · gain + zero_point` per channel, rounded once, clipped.
///
/// `channels` has an element per channel of the interleaved pixels.
///
/// # Errors
/// A result of another length than `pixels`, or no channels.
pub fn normalise(
    pixels: &[u8],
    channels: &[Affine],
    zero_point: i8,
    input: &mut [i8],
) -> Result<(), ImageError> {
    BufferError::check(pixels.len(), input.len())?;
    if channels.is_empty() {
        return Err(BufferError { needed: 1, got: 0 }.into());
    }
    for ((to, &value), channel) in input.iter_mut().zip(pixels).zip(channels.iter().cycle()) {
        let from_mean = (i64::from(value) << 8) - i64::from(channel.mean_q8);
        let steps = round_half_up_shift_right_i64(from_mean * i64::from(channel.gain_q16), 24);
        *to = saturate_i8(saturate_i32(steps).saturating_add(zero_point.into()));
    }
    Ok(())
}
