//! CONV_2D.

use core::ops::Range;

use quant::Halving;

use super::{
    lanes::{base, widen_one},
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
    /// Words of one window as bytes, of which there is room for two.
    window: usize,
    /// Words of outputs that cannot be written in place: of a last single pixel, or with a channel too many.
    outputs: usize,
}

impl Plan {
    fn of(conv: &Conv2d) -> Option<Self> {
        let window = &conv.shape.window;
        let channels = (window.output.c as usize).checked_next_multiple_of(2)?;
        let (rows, run) = (usize::from(window.size.y), usize::from(window.size.x) * window.input.c as usize);
        let elements = Elements::new(rows, run)?;
        let pairs = (WIDENED_WORDS / elements.words().max(1)).max(1);
        let widened = elements.words().checked_mul(pairs)?;
        let window = if is_pointwise(window) { 0 } else { elements.words() / 4 };
        Some(Self { elements, channels, widened, window, outputs: channels.div_ceil(2) })
    }
}

/// Words of scratch that [`conv_2d_s8`] needs; `None` for a convolution that it does not take.
pub fn scratch_words(conv: &Conv2d) -> Option<usize> {
    let plan = Plan::of(conv).filter(|_| conv.shape.filter_c == conv.shape.window.input.c)?;
    plan.widened.checked_add(2 * plan.window)?.checked_add(plan.outputs)
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
    let window = flatten(&conv.shape.window);
    window.check(input.len(), output.len())?;
    KernelError::check(scratch_words(conv), scratch.len())?;
    let plan = Plan::of(conv).ok_or(KernelError::Geometry)?;
    let from_zero = conv.clamp.min >= conv.output_zero.0;
    let product =
        Product::new(stream, plan.elements, plan.channels, Halving::centre(conv.output_zero), from_zero)?;
    let (widened, rest) = scratch.split_at_mut_checked(plan.widened).ok_or(KernelError::Geometry)?;
    let (copies, outputs) = rest.split_at_mut_checked(2 * plan.window).ok_or(KernelError::Geometry)?;
    let copies: &mut [i8] = bytemuck::cast_slice_mut(copies);
    let outputs: &mut [i8] = bytemuck::cast_slice_mut(outputs);
    let mut walk = Walk {
        window: &window,
        input,
        zero: conv.input_zero.0,
        elements: plan.elements,
        copies: copies.split_at_mut(copies.len() / 2),
        at: Pixel::default(),
        row: Row::default(),
    };
    walk.enter_row(Pixel::default());

    let (out_c, pair_words) = (window.output.c as usize, plan.elements.words().max(1));
    // With a channel too many, outputs take a detour, pair by pair.
    let in_place = out_c == plan.channels;
    let most = if in_place { plan.widened / pair_words } else { 1 };
    for out in output.chunks_mut(out_c.saturating_mul(2 * most).max(1)) {
        let pixels = out.len() / out_c.max(1);
        let words = widened.get_mut(..pixels.div_ceil(2) * pair_words).ok_or(KernelError::Geometry)?;
        walk.widen(pixels, words)?;
        let (whole, left) = if in_place { (pixels / 2, pixels % 2) } else { (0, pixels) };
        let (words, last) = words.split_at_checked(whole * pair_words).ok_or(KernelError::Geometry)?;
        let (out, out_last) = out.split_at_mut_checked(2 * whole * out_c).ok_or(KernelError::Geometry)?;
        product.run(words, out)?;
        if left > 0 {
            product.run(last, outputs)?;
            copy_rows(outputs, Rows { rows: left, run: out_c, pitch: plan.channels }, out_last, out_c)?;
        }
    }
    limit(conv.clamp, output);
    Ok(())
}

/// Whether windows are single pixels, all of them, in their order.
fn is_pointwise(window: &Window) -> bool {
    let one = Yx { y: 1, x: 1 };
    (window.size, window.stride, window.pad) == (one, one, Yx { y: 0, x: 0 })
}

/// Where rows and images do not matter, all pixels in one row.
fn flatten(window: &Window) -> Window {
    let row = |of: Hwc| {
        let w = window.batch.wrapping_mul(of.h).wrapping_mul(of.w);
        Hwc { h: 1, w, c: of.c }
    };
    if is_pointwise(window) {
        Window { batch: 1, input: row(window.input), output: row(window.output), ..*window }
    } else {
        *window
    }
}

/// An output pixel.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
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

/// Where the windows of a row of outputs lie in the input.
#[derive(Clone, Debug, Default)]
struct Row {
    n: usize,
    y: u32,
    /// Outputs whose windows are all in the image, their rows runs of it.
    inside: Range<u32>,
    /// Where the window of the first output begins, or would.
    from: usize,
}

/// Goes from output pixel to output pixel.
struct Walk<'a> {
    window: &'a Window,
    input: &'a [i8],
    zero: i32,
    elements: Elements,
    /// Two windows, copied.
    copies: (&'a mut [i8], &'a mut [i8]),
    at: Pixel,
    row: Row,
}

impl Walk<'_> {
    /// Widens the windows of the next pixels, pair by pair; of a last single one twice. Windows that are the image
    /// itself are widened all at once.
    fn widen(&mut self, pixels: usize, words: &mut [u32]) -> Result<(), KernelError> {
        let c = self.window.input.c as usize;
        let mut left = pixels;
        let mut words = words;
        if is_pointwise(self.window) && c.is_multiple_of(4) {
            let rows = Rows { rows: pixels / 2, run: c, pitch: 2 * c };
            let (all, rest) = words.split_at_mut_checked(rows.rows * c).ok_or(KernelError::Geometry)?;
            let from = self.input.get(self.at.x as usize * c..).unwrap_or_default();
            widen_rows(base(self.zero), from, from.get(c..).unwrap_or_default(), rows, all)?;
            self.at.x = self.at.x.saturating_add(2 * rows.rows as u32);
            (left, words) = (pixels % 2, rest);
        }
        for words in words.chunks_exact_mut(self.elements.words().max(1)) {
            let p = self.at;
            let q = if left > 1 { p.next(self.window) } else { p };
            self.at = q.next(self.window);
            left = left.saturating_sub(2);
            self.widen_pair(p, q, words)?;
        }
        Ok(())
    }

    fn widen_pair(&mut self, p: Pixel, q: Pixel, words: &mut [u32]) -> Result<(), KernelError> {
        let run = usize::from(self.window.size.x) * self.window.input.c as usize;
        let rows = Rows { rows: usize::from(self.window.size.y), run: run / 4 * 4, pitch: self.pitch() };
        if let (Some(p), Some(q)) = (self.inside(p), self.inside(q)) {
            let [p, q] = [p, q].map(|from| self.input.get(from..).unwrap_or_default());
            return self.widen_rows(p, q, rows, run % 4, words);
        }
        let (first, second) = core::mem::take(&mut self.copies);
        let copied = self.copy(p, first).and_then(|()| self.copy(q, second));
        let rows = Rows { pitch: run, ..rows };
        let widened = copied.and_then(|()| self.widen_rows(first, second, rows, run % 4, words));
        self.copies = (first, second);
        widened
    }

    /// Widens two windows: `rows` are whole fours of theirs, which leave `left` elements of each.
    fn widen_rows(
        &self,
        p: &[i8],
        q: &[i8],
        rows: Rows,
        left: usize,
        words: &mut [u32],
    ) -> Result<(), KernelError> {
        let base = base(self.zero);
        let (whole, rest) = words.split_at_mut_checked(rows.rows * rows.run).ok_or(KernelError::Geometry)?;
        widen_rows(base, p, q, rows, whole)?;
        if left > 0 {
            let [p, q] = [p, q].map(|pixel| pixel.get(rows.run..).unwrap_or_default());
            widen_left(self.zero, p, q, Rows { run: left, ..rows }, rest);
        }
        Ok(())
    }

    /// From one row of a window to the next, in bytes.
    fn pitch(&self) -> usize {
        usize::from(self.window.dilation.y) * self.window.input.w as usize * self.window.input.c as usize
    }

    /// Where a pixel's window begins in the input; `None` for one that is not all in the image, or whose rows are no
    /// runs of it.
    #[inline]
    fn inside(&mut self, pixel: Pixel) -> Option<usize> {
        if (pixel.n, pixel.y) != (self.row.n, self.row.y) {
            self.enter_row(pixel);
        }
        let step = usize::from(self.window.stride.x) * self.window.input.c as usize;
        let from = self.row.from.wrapping_add(pixel.x as usize * step);
        self.row.inside.contains(&pixel.x).then_some(from)
    }

    #[inline(never)]
    fn enter_row(&mut self, pixel: Pixel) {
        let Window { input, size, stride, dilation, pad, .. } = *self.window;
        let y = pixel.y.wrapping_mul(u32::from(stride.y)).wrapping_sub(u32::from(pad.y));
        let reach = u32::from(size.y.saturating_sub(1)) * u32::from(dilation.y);
        // What is above the image is beyond its end as well.
        let fits = y < input.h
            && y.wrapping_add(reach) < input.h
            && (dilation.x == 1 || size.x == 1)
            && stride.x > 0;
        let first = u32::from(pad.x).div_ceil(u32::from(stride.x.max(1)));
        let room = input.w.wrapping_add(u32::from(pad.x)).checked_sub(u32::from(size.x));
        let end = room.map_or(0, |room| room / u32::from(stride.x.max(1)) + 1);
        let row = (pixel.n * input.h as usize).wrapping_add(y as usize).wrapping_mul(input.w as usize);
        self.row = Row {
            n: pixel.n,
            y: pixel.y,
            inside: if fits { first..end } else { 0..0 },
            from: row.wrapping_sub(usize::from(pad.x)).wrapping_mul(input.c as usize),
        };
    }

    /// Copies a window that is not all in the image; what is outside is the zero point.
    #[inline(never)]
    fn copy(&self, pixel: Pixel, to: &mut [i8]) -> Result<(), KernelError> {
        to.fill(self.zero as i8);
        let c = self.window.input.c as usize;
        let pitch = usize::from(self.window.size.x) * c;
        let image_pitch = self.window.input.w as usize * c;
        let (rows, columns) = (self.window.rows(pixel.y), self.window.columns(pixel.x));
        let row = pixel.n * self.window.input.h as usize + rows.first;
        // Taps apart are copied one by one.
        let (run, runs) = if columns.step == 1 { (columns.count(), 1) } else { (1, columns.count()) };
        let clipped = Rows { rows: rows.count(), run: run * c, pitch: rows.step * image_pitch };
        for index in 0..runs {
            let from = row * image_pitch + (columns.first + index * columns.step) * c;
            let at = rows.begin * pitch + (columns.begin + index) * c;
            let (from, to) = (self.input.get(from..), to.get_mut(at..));
            copy_rows(from.unwrap_or_default(), clipped, to.unwrap_or_default(), pitch)?;
        }
        Ok(())
    }
}

/// Widens what whole fours leave of two windows' rows, which are `rows` now, element by element.
fn widen_left(zero: i32, p: &[i8], q: &[i8], rows: Rows, words: &mut [u32]) {
    words.fill(0);
    let count = rows.rows * rows.run;
    // Of four elements the even ones are halves of the first two words, one for either pixel, the odd ones of the others.
    let halves: &mut [i16] = bytemuck::cast_slice_mut(words);
    let mut place = 0;
    for row in 0..rows.rows {
        for column in row * rows.pitch..row * rows.pitch + rows.run {
            // Of two in the last four the second is taken for an even one.
            let is_pair = count % 4 == 2 && place + 1 == count;
            let of_four = if is_pair { 2 } else { place % 4 };
            let half = place / 4 * 8 + of_four % 2 * 4 + of_four / 2;
            for (half, pixel) in [(half, p), (half + 2, q)] {
                if let (Some(half), Some(&element)) = (halves.get_mut(half), pixel.get(column)) {
                    *half = widen_one(zero, element) as i16;
                }
            }
            place += 1;
        }
    }
}
