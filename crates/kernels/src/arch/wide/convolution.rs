//! CONV_2D and FULLY_CONNECTED.

use super::{
    Inner,
    packed::{Ends, Factors, LANES, STEP_BYTES, WORD_BYTES, parts},
    padded_columns,
};
use crate::{Hwc, KernelError, Padding, Window, Yx, reference::Conv2d};

/// Output pixels that are worked on between two looks at the whole: a multiple of every inner loop's own number.
const STRIP_PIXELS: usize = 96;

/// Bytes of the image that are copied at once, at least a row of windows: a part of a first-level cache.
const BAND_BYTES: usize = 24 << 10;

/// A convolution whose weights are packed for a host.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Conv2dWide(pub Conv2d);

/// How a window lies in scratch: runs of bytes, one behind the other.
#[derive(Clone, Copy)]
pub(crate) struct Segments {
    pub rows: usize,
    pub row_bytes: usize,
    pub columns: usize,
    pub column_bytes: usize,
    /// Words of each run; the last may reach into what follows, where weights are 0.
    pub words: usize,
}

impl Segments {
    /// Words of a window.
    pub fn steps(&self) -> usize {
        self.rows.saturating_mul(self.columns).saturating_mul(self.words)
    }

    /// One past the last byte that a window reads, from its beginning.
    fn reach(&self) -> usize {
        let rows = self.rows.saturating_sub(1).saturating_mul(self.row_bytes);
        let columns = self.columns.saturating_sub(1).saturating_mul(self.column_bytes);
        rows.saturating_add(columns).saturating_add(self.words.saturating_mul(WORD_BYTES))
    }
}

/// Some output pixels.
pub(crate) struct Strip<'a> {
    /// The image, biased, padding written out.
    pub image: &'a [u8],
    /// Where the window of each pixel begins in it.
    pub starts: &'a [u32],
    pub segments: Segments,
    pub factors: &'a [Factors],
    /// Of each group, all steps.
    pub weights: &'a [[u8; STEP_BYTES]],
    /// Pixel by pixel.
    pub output: &'a mut [i8],
    pub channels: usize,
    pub ends: Ends,
}

impl Strip<'_> {
    /// Checks that everything the strip reads and writes is there.
    ///
    /// After this, for every start and group: a window's [`Segments`] end within `image`, there are
    /// [`Segments::steps`] steps of weights and a set of factors, and `output` has `channels` elements per start.
    pub fn check(&self) -> Result<(), KernelError> {
        let groups = self.channels.div_ceil(LANES);
        let last = self.starts.iter().copied().max().unwrap_or(0) as usize;
        let fits = last.checked_add(self.segments.reach()).is_some_and(|end| end <= self.image.len())
            && groups == self.factors.len()
            && groups.checked_mul(self.segments.steps()) == Some(self.weights.len())
            && self.channels.checked_mul(self.starts.len()) == Some(self.output.len());
        if fits { Ok(()) } else { Err(KernelError::Geometry) }
    }
}

impl Conv2dWide {
    /// The same convolution as a window that slides over one column, where that is all it does.
    fn window(&self) -> Window {
        let window = self.0.shape.window;
        let one = Yx { y: 1, x: 1 };
        let in_place = window.size == one && window.stride == one && window.pad == (Padding { y: 0, x: 0 });
        let rows = u64::from(window.batch) * u64::from(window.input.h) * u64::from(window.input.w);
        match u32::try_from(rows) {
            Ok(rows) if in_place && rows < 1 << 30 => Window {
                batch: 1,
                input: Hwc { h: rows, w: 1, c: window.input.c },
                output: Hwc { h: rows, w: 1, c: window.output.c },
                ..window
            },
            _ => window,
        }
    }

    fn rows_for(window: &Window, outputs: usize) -> usize {
        let last = outputs.saturating_sub(1).saturating_mul(window.stride.y.into());
        let taps = usize::from(window.size.y).saturating_sub(1).saturating_mul(window.dilation.y.into());
        last.saturating_add(taps).saturating_add(1)
    }

    /// How many output rows are made from one copy.
    fn band(window: &Window) -> usize {
        let row = padded_columns(window).saturating_mul(window.input.c as usize).max(1);
        let rows = (BAND_BYTES / row).saturating_sub(Self::rows_for(window, 1));
        let band = rows.checked_div(window.stride.y.into()).unwrap_or(0).saturating_add(1);
        let whole_strips = if window.output.w == 1 { band.next_multiple_of(STRIP_PIXELS / 4) } else { band };
        whole_strips.min(window.output.h.max(1) as usize)
    }

    fn segments(window: &Window) -> Segments {
        let channels = window.input.c as usize;
        let row_bytes =
            padded_columns(window).saturating_mul(channels).saturating_mul(window.dilation.y.max(1).into());
        let taps = usize::from(window.size.x);
        if window.dilation.x <= 1 {
            let words = taps.saturating_mul(channels).div_ceil(WORD_BYTES);
            return Segments { rows: window.size.y.into(), row_bytes, columns: 1, column_bytes: 0, words };
        }
        Segments {
            rows: window.size.y.into(),
            row_bytes,
            columns: taps,
            column_bytes: channels.saturating_mul(window.dilation.x.into()),
            words: channels.div_ceil(WORD_BYTES),
        }
    }

    /// Bytes of scratch.
    pub fn scratch_bytes(&self) -> usize {
        let window = self.window();
        let row = padded_columns(&window).saturating_mul(window.input.c as usize);
        Self::rows_for(&window, Self::band(&window)).saturating_mul(row).saturating_add(WORD_BYTES)
    }

    /// Where a weight lies among those of its group: the word, and the byte in the word of its channel. The taps of a
    /// window are numbered row by row.
    pub fn place(&self, tap: usize, channel: usize) -> (usize, usize) {
        let window = self.window();
        let segments = Self::segments(&window);
        let (row, column) =
            (tap / usize::from(window.size.x.max(1)), tap % usize::from(window.size.x.max(1)));
        let channels = window.input.c as usize;
        let (segment, at) = if segments.columns == 1 && window.dilation.x <= 1 {
            (row, column * channels + channel)
        } else {
            (row * segments.columns + column, channel)
        };
        (segment * segments.words + at / WORD_BYTES, at % WORD_BYTES)
    }

    /// Words of one window, as they are packed.
    pub fn steps(&self) -> usize {
        Self::segments(&self.window()).steps()
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
        let shape = &self.0.shape;
        shape.window.check(input.len(), output.len())?;
        let window = self.window();
        let channels = window.output.c as usize;
        let segments = Self::segments(&window);
        let (factors, weights) = parts(packed, channels, segments.steps())?;
        KernelError::check(Some(self.scratch_bytes()), scratch.len())?;
        let ends = Ends::of(self.0.output_zero, self.0.clamp);
        let fill = i8::try_from(self.0.input_zero.0);
        let (Some(ends), Ok(fill), true) = (ends, fill, shape.filter_c == window.input.c) else {
            return Err(KernelError::Geometry);
        };
        let row = window.input.w as usize * window.input.c as usize;
        let image = window.input.h as usize * row;
        if image == 0 || channels == 0 || output.is_empty() {
            return if output.is_empty() { Ok(()) } else { Err(KernelError::Geometry) };
        }
        let band = Self::band(&window).max(1);
        let outputs = window.output.h as usize * window.output.w as usize * channels;
        let band_outputs = band * window.output.w as usize * channels;
        for (image, output) in input.chunks_exact(image).zip(output.chunks_exact_mut(outputs)) {
            for (index, output) in output.chunks_mut(band_outputs).enumerate() {
                let copy = Copy { window: &window, first: index * band, fill: (fill as u8) ^ inner.flip };
                copy.run(inner, image, scratch);
                let mut starts = Starts::new(&window);
                for output in output.chunks_mut(STRIP_PIXELS * channels) {
                    let mut of_strip = [0; STRIP_PIXELS];
                    let pixels = output.len() / channels;
                    let of_strip = of_strip.get_mut(..pixels).unwrap_or_default();
                    of_strip.fill_with(|| starts.next());
                    let image = &*scratch;
                    (inner.strip)(&mut Strip {
                        image,
                        starts: of_strip,
                        segments,
                        factors,
                        weights,
                        output,
                        channels,
                        ends,
                    })?;
                }
            }
        }
        Ok(())
    }
}

/// The copy of a part of an image.
struct Copy<'w> {
    window: &'w Window,
    /// First output row that it is for.
    first: usize,
    /// What padding holds.
    fill: u8,
}

impl Copy<'_> {
    fn run(&self, inner: &Inner, image: &[i8], scratch: &mut [u8]) {
        let window = self.window;
        let channels = window.input.c as usize;
        let row = window.input.w as usize * channels;
        let padded = padded_columns(window).saturating_mul(channels).max(1);
        let left = usize::from(window.pad.x) * channels;
        // Rows above the image, negative, or in it.
        let first = (self.first as i64 * i64::from(window.stride.y)) - i64::from(window.pad.y);
        if padded == row && first >= 0 {
            // Rows follow each other as in the image.
            let from = image.get((first as usize).saturating_mul(row)..).unwrap_or_default();
            let count = from.len().min(scratch.len());
            let (to, after) = scratch.split_at_mut_checked(count).unwrap_or_default();
            (inner.copy)(from.get(..count).unwrap_or_default(), to);
            after.fill(self.fill);
            return;
        }
        for (index, to) in scratch.chunks_mut(padded).enumerate() {
            let y = first + index as i64;
            let from = usize::try_from(y)
                .ok()
                .and_then(|y| image.get(y.saturating_mul(row)..(y.saturating_add(1)).saturating_mul(row)));
            match (from, to.get(left..left + row).is_some()) {
                (Some(from), true) => {
                    let (before, rest) = to.split_at_mut_checked(left).unwrap_or_default();
                    let (to, after) = rest.split_at_mut_checked(row).unwrap_or_default();
                    before.fill(self.fill);
                    (inner.copy)(from, to);
                    after.fill(self.fill);
                }
                _ => to.fill(self.fill),
            }
        }
    }
}

/// Where the windows of a band begin in scratch, one after the other.
struct Starts {
    columns: u32,
    column_bytes: u32,
    row_bytes: u32,
    x: u32,
    row: u32,
}

impl Starts {
    fn new(window: &Window) -> Self {
        let channels = window.input.c;
        let padded = (padded_columns(window) as u32).wrapping_mul(channels);
        Self {
            columns: window.output.w,
            column_bytes: channels.wrapping_mul(window.stride.x.into()),
            row_bytes: padded.wrapping_mul(window.stride.y.into()),
            x: 0,
            row: 0,
        }
    }

    fn next(&mut self) -> u32 {
        if self.x == self.columns {
            self.x = 0;
            self.row = self.row.wrapping_add(self.row_bytes);
        }
        let start = self.row.wrapping_add(self.x.wrapping_mul(self.column_bytes));
        self.x = self.x.wrapping_add(1);
        start
    }
}
