//! DEPTHWISE_CONV_2D with one filter per channel.
//!
//! ```text
//! for each output row
//!     for each four rows of the window, lay their elements side by side: one word per element of a row
//!     for each output pixel, for each group of channels: a sum of words over columns and such fours of rows
//! ```

use super::{
    Inner,
    packed::{Ends, Factors, LANES, STEP_BYTES, WORD_BYTES, parts},
    padded_columns,
};
use crate::{KernelError, Window, reference::DepthwiseConv2d};

/// A depthwise convolution whose weights are packed for a host.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DepthwiseConv2dWide(pub DepthwiseConv2d);

/// Four rows to be laid side by side.
pub(crate) struct Planes<'a> {
    /// All as long; one that is not there holds `fill`.
    pub rows: [Option<&'a [i8]>; WORD_BYTES],
    /// Elements of a row.
    pub elements: usize,
    /// What padding holds, biased.
    pub fill: u8,
}

/// One output row.
pub(crate) struct ChannelStrip<'a> {
    /// Words of four rows, biased, padding written out; one such plane after another.
    pub planes: &'a [u8],
    pub plane_bytes: usize,
    pub plane_count: usize,
    /// Taps of a row of the window.
    pub columns: usize,
    /// From one of them to the next.
    pub column_bytes: usize,
    /// From one output pixel to the next.
    pub pixel_bytes: usize,
    pub factors: &'a [Factors],
    /// Of each group, of each plane, all columns.
    pub weights: &'a [[u8; STEP_BYTES]],
    pub output: &'a mut [i8],
    pub channels: usize,
    pub ends: Ends,
}

impl ChannelStrip<'_> {
    /// Output pixels.
    pub fn pixels(&self) -> usize {
        self.output.len().checked_div(self.channels).unwrap_or(0)
    }

    /// Checks that everything the row reads and writes is there.
    ///
    /// After this, for every pixel, plane, column and group: [`STEP_BYTES`] bytes lie within `planes`, and there are a
    /// step of weights and a set of factors; and `output` is whole pixels.
    pub fn check(&self) -> Result<(), KernelError> {
        let groups = self.channels.div_ceil(LANES);
        let pixels = self.pixels().saturating_sub(1).saturating_mul(self.pixel_bytes);
        let planes = self.plane_count.saturating_sub(1).saturating_mul(self.plane_bytes);
        let columns = self.columns.saturating_sub(1).saturating_mul(self.column_bytes);
        let reach = pixels
            .saturating_add(planes)
            .saturating_add(columns)
            .saturating_add(groups.saturating_mul(STEP_BYTES));
        let steps = self.plane_count.saturating_mul(self.columns).saturating_mul(groups);
        let fits = reach <= self.planes.len()
            && steps == self.weights.len()
            && groups == self.factors.len()
            && self.pixels().saturating_mul(self.channels) == self.output.len();
        if fits { Ok(()) } else { Err(KernelError::Geometry) }
    }
}

impl DepthwiseConv2dWide {
    fn plane_count(window: &Window) -> usize {
        usize::from(window.size.y).div_ceil(WORD_BYTES)
    }

    /// One plane, and what the last group of the last pixel reaches beyond it.
    fn plane_bytes(window: &Window) -> usize {
        let words = padded_columns(window).saturating_mul(window.input.c as usize);
        words.saturating_mul(WORD_BYTES).saturating_add(STEP_BYTES)
    }

    /// Bytes of scratch.
    pub fn scratch_bytes(&self) -> usize {
        Self::plane_count(&self.0.window).saturating_mul(Self::plane_bytes(&self.0.window))
    }

    /// Where a weight lies among those of its group: the step, and the byte in the word of its channel.
    pub fn place(&self, row: usize, column: usize) -> (usize, usize) {
        (row / WORD_BYTES * usize::from(self.0.window.size.x) + column, row % WORD_BYTES)
    }

    /// Steps of one group, as they are packed.
    pub fn steps(&self) -> usize {
        Self::plane_count(&self.0.window).saturating_mul(self.0.window.size.x.into())
    }

    /// Runs the convolution.
    pub(in crate::arch) fn run(
        &self,
        inner: &Inner,
        input: &[i8],
        packed: &[u8],
        scratch: &mut [u8],
        output: &mut [i8],
    ) -> Result<(), KernelError> {
        let window = &self.0.window;
        window.check(input.len(), output.len())?;
        let channels = window.input.c as usize;
        let (factors, weights) = parts(packed, channels, self.steps())?;
        KernelError::check(Some(self.scratch_bytes()), scratch.len())?;
        let ends = Ends::of(self.0.output_zero, self.0.clamp);
        let (Some(ends), Ok(fill), true) =
            (ends, i8::try_from(self.0.input_zero.0), channels == window.output.c as usize)
        else {
            return Err(KernelError::Geometry);
        };
        let row = window.input.w as usize * channels;
        let image = window.input.h as usize * row;
        if image == 0 || output.is_empty() {
            return if output.is_empty() { Ok(()) } else { Err(KernelError::Geometry) };
        }
        let fill = (fill as u8) ^ inner.flip;
        let plane_bytes = Self::plane_bytes(window).max(1);
        let left = usize::from(window.pad.x) * channels * WORD_BYTES;
        // The columns beside the image hold the same for every row.
        scratch.fill(fill);
        let rows_out = window.output.h as usize;
        let row_out = window.output.w as usize * channels;
        for (image, output) in input.chunks_exact(image).zip(output.chunks_exact_mut(rows_out * row_out)) {
            for (y, output) in output.chunks_exact_mut(row_out).enumerate() {
                let first = y as i64 * i64::from(window.stride.y) - i64::from(window.pad.y);
                for (plane, to) in scratch.chunks_exact_mut(plane_bytes).enumerate() {
                    let rows = core::array::from_fn(|lane| {
                        let tap = plane * WORD_BYTES + lane;
                        let y = first + tap as i64 * i64::from(window.dilation.y);
                        let y = usize::try_from(y).ok().filter(|_| tap < usize::from(window.size.y))?;
                        image.get(y.saturating_mul(row)..y.saturating_add(1).saturating_mul(row))
                    });
                    let to = to.get_mut(left..left + row * WORD_BYTES).ok_or(KernelError::Geometry)?;
                    (inner.interleave)(&Planes { rows, elements: row, fill }, to);
                }
                (inner.channels)(&mut ChannelStrip {
                    planes: scratch,
                    plane_bytes,
                    plane_count: Self::plane_count(window),
                    columns: window.size.x.into(),
                    column_bytes: usize::from(window.dilation.x) * channels * WORD_BYTES,
                    pixel_bytes: usize::from(window.stride.x) * channels * WORD_BYTES,
                    factors,
                    weights,
                    output,
                    channels,
                    ends,
                })?;
            }
        }
        Ok(())
    }
}
