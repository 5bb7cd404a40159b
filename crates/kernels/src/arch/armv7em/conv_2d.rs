//! CONV_2D.

use quant::Halving;

use super::{
    lanes::{base, pack, widen_one},
    limit,
    product::{Elements, Product},
    widen::{Rows, copy_rows, widen_rows},
};
use crate::{Hwc, KernelError, Window, Yx, reference::Conv2d};

/// Words of scratch that pixels are widened into at a time, unless one pair of pixels needs more.
const WIDENED_WORDS: usize = 512;

/// How a convolution uses its scratch memory.
#[derive(Clone, Copy, Debug)]
struct Plan {
    elements: Elements,
    /// Output channels, made even.
    channels: usize,
    /// Words of widened pixels: some pairs of them.
    widened: usize,
    /// Words of two windows as bytes, for images whose pixels are no whole words; else of one pixel outside the image.
    bytes: usize,
    /// Words of outputs that cannot be written in place: of a last single pixel, or with a channel too many.
    outputs: usize,
}

impl Plan {
    fn of(conv: &Conv2d) -> Option<Self> {
        let window = &conv.shape.window;
        let channels = (window.output.c as usize).checked_next_multiple_of(2)?;
        let in_c = window.input.c as usize;
        let elements = Elements::new(window.taps().checked_mul(in_c)?)?;
        let pairs = (WIDENED_WORDS / elements.words().max(1)).max(1);
        let bytes = if window.input.c.is_multiple_of(4) {
            in_c / 4
        } else {
            elements.count().div_ceil(4).checked_mul(2)?
        };
        let widened = elements.words().checked_mul(pairs)?;
        Some(Self { elements, channels, widened, bytes, outputs: channels.div_ceil(2) })
    }
}

/// Words of scratch that [`conv_2d_s8`] needs; `None` for a convolution that it does not take.
pub fn scratch_words(conv: &Conv2d) -> Option<usize> {
    let plan = Plan::of(conv).filter(|_| conv.shape.filter_c == conv.shape.window.input.c)?;
    plan.widened.checked_add(plan.bytes)?.checked_add(plan.outputs)
}

/// As [`reference::conv_2d_s8`](crate::reference::conv_2d_s8) without groups, for weights as
/// [`stream_words`](super::stream_words) lays them out.
///
/// Windows are widened pair by pair, then multiplied by all weights.
///
/// # Errors
/// [`KernelError::Length`] or [`KernelError::Geometry`].
pub fn conv_2d_s8(
    conv: &Conv2d,
    input: &[i8],
    stream: &[u32],
    scratch: &mut [u32],
    output: &mut [i8],
) -> Result<(), KernelError> {
    let window = &conv.shape.window;
    window.check(input.len(), output.len())?;
    KernelError::check(scratch_words(conv), scratch.len())?;
    let plan = Plan::of(conv).ok_or(KernelError::Geometry)?;
    let from_zero = conv.clamp.min >= conv.output_zero.0;
    let product =
        Product::new(stream, plan.elements, plan.channels, Halving::centre(conv.output_zero), from_zero)?;
    let (widened, rest) = scratch.split_at_mut_checked(plan.widened).ok_or(KernelError::Geometry)?;
    let (bytes, outputs) = rest.split_at_mut_checked(plan.bytes).ok_or(KernelError::Geometry)?;
    let bytes = bytemuck::cast_slice_mut(bytes);
    bytes.fill(conv.input_zero.0 as i8);
    let outputs: &mut [i8] = bytemuck::cast_slice_mut(outputs);

    let flat = flatten(window);
    let window = flat.as_ref().unwrap_or(window);
    let mut walk = Walk { window, at: Pixel::default(), input, zero: conv.input_zero.0, bytes };
    let out_c = window.output.c as usize;
    let pair_words = plan.elements.words().max(1);
    let in_place = out_c == plan.channels;
    let some_pairs = if in_place { widened.len() / pair_words.max(1) } else { 1 };
    for out in output.chunks_mut(out_c.saturating_mul(2 * some_pairs).max(1)) {
        let pairs = out.len() / (2 * out_c).max(1);
        if in_place && pairs * 2 * out_c == out.len() {
            let widened = widened.get_mut(..pairs * pair_words).ok_or(KernelError::Geometry)?;
            walk.widen_pairs(widened, pair_words)?;
            product.run(widened, out)?;
        } else {
            for out in out.chunks_mut((2 * out_c).max(1)) {
                let words = widened.get_mut(..pair_words).ok_or(KernelError::Geometry)?;
                let pixels = out.len() / out_c.max(1);
                walk.widen(pixels, words)?;
                product.run(words, outputs)?;
                for (out, outputs) in out.chunks_mut(out_c.max(1)).zip(outputs.chunks(plan.channels.max(1))) {
                    for (out, &output) in out.iter_mut().zip(outputs) {
                        *out = output;
                    }
                }
            }
        }
        limit(conv.clamp, out);
    }
    Ok(())
}

/// Whether windows are single pixels, all of them, in their order.
fn is_pointwise(window: &Window) -> bool {
    let one = Yx { y: 1, x: 1 };
    (window.size, window.stride, window.pad) == (one, one, Yx { y: 0, x: 0 })
}

/// Where rows and images do not matter, all pixels in one row.
fn flatten(window: &Window) -> Option<Window> {
    let image = |of: Hwc| {
        let w = window.batch.checked_mul(of.h)?.checked_mul(of.w)?;
        Some(Hwc { h: 1, w, c: of.c })
    };
    let (input, output) = (image(window.input)?, image(window.output)?);
    (is_pointwise(window) && input.w == output.w).then_some(Window { batch: 1, input, output, ..*window })
}

/// An output pixel.
#[derive(Clone, Copy, Debug, Default)]
struct Pixel {
    n: usize,
    y: u32,
    x: u32,
}

impl Pixel {
    fn next(self, window: &Window) -> Self {
        if self.x + 1 < window.output.w {
            Self { x: self.x + 1, ..self }
        } else if self.y + 1 < window.output.h {
            Self { x: 0, y: self.y + 1, ..self }
        } else {
            Self { x: 0, y: 0, n: self.n + 1 }
        }
    }
}

/// Goes from output pixel to output pixel.
struct Walk<'a> {
    window: &'a Window,
    at: Pixel,
    input: &'a [i8],
    zero: i32,
    /// See [`Plan::bytes`].
    bytes: &'a mut [i8],
}

impl Walk<'_> {
    /// Widens the windows of pairs of pixels. Where they are the image itself, all at once.
    fn widen_pairs(&mut self, words: &mut [u32], pair_words: usize) -> Result<(), KernelError> {
        let c = self.window.input.c as usize;
        if !is_pointwise(self.window) || !c.is_multiple_of(4) {
            return words.chunks_exact_mut(pair_words.max(1)).try_for_each(|words| self.widen(2, words));
        }
        let rows = Rows { rows: words.len() / pair_words.max(1), run: c, pitch: 2 * c };
        let from = self.input.get(self.at.x as usize * c..).unwrap_or_default();
        self.at.x = self.at.x.saturating_add(2 * rows.rows as u32);
        widen_rows(base(self.zero), from, from.get(c..).unwrap_or_default(), rows, words)
    }

    /// Widens the windows of the next pixel or two; of one alone twice.
    fn widen(&mut self, pixels: usize, words: &mut [u32]) -> Result<(), KernelError> {
        let p = self.at;
        let q = if pixels > 1 { p.next(self.window) } else { p };
        self.at = q.next(self.window);
        if self.window.input.c.is_multiple_of(4) {
            self.widen_taps(p, q, words)
        } else {
            self.widen_copies(p, q, words)
        }
    }

    /// The row of the image that a pixel's window meets with its row `ky`; `None` outside the image.
    fn row(&self, pixel: Pixel, ky: u16) -> Option<&[i8]> {
        let Window { input, stride, dilation, pad, .. } = *self.window;
        let down = u32::from(ky).wrapping_mul(u32::from(dilation.y));
        let y = pixel.y.wrapping_mul(u32::from(stride.y)).wrapping_add(down).wrapping_sub(u32::from(pad.y));
        let bytes = input.w as usize * input.c as usize;
        let from = (pixel.n * input.h as usize + y as usize) * bytes;
        if y < input.h { self.input.get(from..from.checked_add(bytes)?) } else { None }
    }

    /// Both windows at once where they are inside the image, else tap by tap.
    fn widen_taps(&self, p: Pixel, q: Pixel, words: &mut [u32]) -> Result<(), KernelError> {
        let c = self.window.input.c as usize;
        let (rows, size) = (usize::from(self.window.size.y), usize::from(self.window.size.x));
        let base = base(self.zero);
        if let (Some(p), Some(q)) = (self.inside(p), self.inside(q)) {
            let rows = Rows { rows, run: size * c, pitch: self.window.input.w as usize * c };
            return widen_rows(base, p, q, rows, words);
        }
        let tap = Rows { rows: 1, run: c, pitch: c };
        let columns = [p, q].map(|pixel| self.window.columns(pixel.x));
        let mut words = words.chunks_exact_mut(c.max(1));
        for ky in 0..self.window.size.y {
            let rows = [p, q].map(|pixel| self.row(pixel, ky));
            for kx in 0..size {
                let [p, q] = [0, 1].map(|index| {
                    let (columns, row) = (columns[index], rows[index]);
                    let column = kx.checked_sub(columns.begin).filter(|_| kx < columns.end);
                    let from = column.map(|column| (columns.first + column * columns.step) * c);
                    from.and_then(|from| row?.get(from..from + c)).unwrap_or(self.bytes)
                });
                widen_rows(base, p, q, tap, words.next().ok_or(KernelError::Geometry)?)?;
            }
        }
        Ok(())
    }

    /// The image from the first element of a pixel's window on; `None` for a window that is not all in the image, or
    /// whose rows are no runs of it.
    fn inside(&self, pixel: Pixel) -> Option<&[i8]> {
        let Window { input, size, stride, dilation, pad, .. } = *self.window;
        let y = pixel.y.wrapping_mul(u32::from(stride.y)).wrapping_sub(u32::from(pad.y));
        let x = pixel.x.wrapping_mul(u32::from(stride.x)).wrapping_sub(u32::from(pad.x));
        // What is left of the image or above it is beyond its end as well.
        let fits = y.wrapping_add(u32::from(size.y)).wrapping_sub(1) < input.h
            && x.wrapping_add(u32::from(size.x)).wrapping_sub(1) < input.w
            && y < input.h
            && x < input.w
            && dilation == (Yx { y: 1, x: 1 });
        let row = pixel.n * input.h as usize + y as usize;
        let from = (row * input.w as usize + x as usize) * input.c as usize;
        if fits { self.input.get(from..) } else { None }
    }

    /// Copies both windows, then widens the copies.
    fn widen_copies(&mut self, p: Pixel, q: Pixel, words: &mut [u32]) -> Result<(), KernelError> {
        let elements = self.window.taps() * self.window.input.c as usize;
        let bytes = core::mem::take(&mut self.bytes);
        let done = match bytes.split_at_mut_checked(elements.next_multiple_of(4)) {
            Some((first, second)) => self.copy(p, first).and_then(|()| self.copy(q, second)),
            None => Err(KernelError::Geometry),
        };
        self.bytes = bytes;
        done?;
        let (p, q) =
            self.bytes.split_at_checked(elements.next_multiple_of(4)).ok_or(KernelError::Geometry)?;
        let (odd, words) = words.split_at_mut_checked(elements % 2 * 2).ok_or(KernelError::Geometry)?;
        let of_four = elements / 4 * 4;
        let (quads, left) = words.split_at_mut_checked(of_four).ok_or(KernelError::Geometry)?;
        widen_rows(base(self.zero), p, q, Rows { rows: 1, run: of_four, pitch: of_four }, quads)?;
        for (lane, pixel) in [p, q].into_iter().enumerate() {
            let left_over = pixel.get(of_four..elements).unwrap_or_default();
            let mut tail = left_over.iter().map(|&q| widen_one(self.zero, q));
            if let Some(word) = left.get_mut(lane) {
                *word = pack(tail.next().unwrap_or(0), tail.next().unwrap_or(0));
            }
            if let Some(word) = odd.get_mut(lane) {
                *word = pack(tail.next().unwrap_or(0), 0);
            }
        }
        Ok(())
    }

    /// Copies a window; what is outside the image is the zero point.
    fn copy(&self, pixel: Pixel, to: &mut [i8]) -> Result<(), KernelError> {
        let c = self.window.input.c as usize;
        let (rows, pitch) = (usize::from(self.window.size.y), usize::from(self.window.size.x) * c);
        let image_pitch = self.window.input.w as usize * c;
        if let Some(from) = self.inside(pixel) {
            return copy_rows(from, Rows { rows, run: pitch, pitch: image_pitch }, to, pitch);
        }
        to.fill(self.zero as i8);
        let (rows, columns) = (self.window.rows(pixel.y), self.window.columns(pixel.x));
        let row = pixel.n * self.window.input.h as usize + rows.first;
        // Taps apart are copied one by one.
        let (run, runs) = if columns.step == 1 { (columns.count(), 1) } else { (1, columns.count()) };
        let clipped = Rows { rows: rows.count(), run: run * c, pitch: rows.step * image_pitch };
        if clipped.rows == 0 || clipped.run == 0 {
            return Ok(());
        }
        for index in 0..runs {
            let from = row * image_pitch + (columns.first + index * columns.step) * c;
            let at = rows.begin * pitch + (columns.begin + index) * c;
            let (from, to) = (self.input.get(from..), to.get_mut(at..));
            copy_rows(from.unwrap_or_default(), clipped, to.unwrap_or_default(), pitch)?;
        }
        Ok(())
    }
}
