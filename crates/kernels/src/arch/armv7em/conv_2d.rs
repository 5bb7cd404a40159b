//! CONV_2D.

use quant::Halving;

use super::{
    lanes::base,
    limit,
    product::{Elements, Product},
    widen::{Windows, copy_windows, widen_pixels, widen_run},
};
use crate::{KernelError, Window, blocks::Blocks, reference::Conv2d};

/// Words of scratch that windows are put together in, unless one pair of them needs more.
const WINDOW_WORDS: usize = 512;

/// Words of scratch that rows of the image are widened into, unless the windows of one or two rows of outputs need more.
const STRIP_WORDS: usize = 1024;

/// No strip is larger.
const MOST_STRIP_WORDS: usize = 1 << 14;

/// Rows of the image, widened, with the border that windows reach into.
#[derive(Clone, Copy, Debug, Default)]
struct Strip {
    /// Rows of outputs whose windows are in it.
    outputs: usize,
    /// Words of one row of the image.
    pitch: usize,
    words: usize,
}

impl Strip {
    fn of(window: &Window) -> Option<Self> {
        let reach = |size: u16, dilation: u16| {
            usize::from(size).checked_sub(1)?.checked_mul(dilation.into())?.checked_add(1)
        };
        let (w, h, stride) =
            (window.output.w as usize, window.output.h as usize, usize::from(window.stride.y));
        let columns = w
            .checked_sub(1)?
            .checked_mul(window.stride.x.into())?
            .checked_add(reach(window.size.x, window.dilation.x)?)?;
        // Behind an odd number of elements one more is read.
        let pitch = columns.checked_mul(window.input.c as usize)? / 2 + 1;
        let rows = reach(window.size.y, window.dilation.y)?;
        let more = (STRIP_WORDS / pitch.max(1)).saturating_sub(rows) / stride.max(1);
        // Pairs of pixels go from row to row.
        let outputs = if w.is_multiple_of(2) { more + 1 } else { (more | 1) + 1 };
        let outputs = outputs.min(h);
        let words = outputs.checked_sub(1)?.checked_mul(stride)?.checked_add(rows)?.checked_mul(pitch)?;
        (words <= MOST_STRIP_WORDS).then_some(Self { outputs, pitch, words })
    }
}

/// How a convolution uses its scratch memory.
#[derive(Clone, Copy, Debug)]
struct Plan {
    elements: Elements,
    /// Words of some pairs of windows.
    windows: usize,
    /// Nothing where pixels are widened as they are.
    strip: Strip,
    /// Words of a pair of output pixels, of which one is not wanted.
    outputs: usize,
}

impl Plan {
    fn of(conv: &Conv2d) -> Option<Self> {
        let window = &conv.shape.window;
        let elements = Elements::of(window).filter(|_| conv.shape.filter_c == window.input.c)?;
        let pairs = (WINDOW_WORDS / elements.words().max(1)).max(1);
        let strip = if elements.are_by_fours() { Strip::default() } else { Strip::of(window)? };
        Some(Self {
            elements,
            windows: elements.words().checked_mul(pairs)?,
            strip,
            outputs: (window.output.c as usize).div_ceil(2),
        })
    }

    fn words(&self) -> Option<usize> {
        self.windows.checked_add(self.strip.words)?.checked_add(self.outputs)
    }
}

/// Words of scratch that [`conv_2d_s8`] needs; `None` for a convolution that it does not take.
pub fn scratch_words(conv: &Conv2d) -> Option<usize> {
    Plan::of(conv)?.words()
}

/// As [`reference::conv_2d_s8`](crate::reference::conv_2d_s8) without groups, for weights as
/// [`stream_words`](super::stream_words) lays them out.
///
/// Windows are put together pair by pair, some pairs at a time, and multiplied by all weights: single pixels from the
/// image itself, others from rows of it that are widened once for all windows that reach into them.
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
    let plan = Plan::of(conv).ok_or(KernelError::Geometry)?;
    KernelError::check(plan.words(), scratch.len())?;
    let Plan { elements, windows, strip, .. } = plan;
    let (in_c, out_c) = (window.input.c as usize, window.output.c as usize);
    let from_zero = conv.clamp.min >= conv.output_zero.0;
    let centre = Halving::centre(conv.output_zero);
    let product = Product::new(stream, elements, out_c, centre, from_zero)?;
    let (words, rest) = scratch.split_at_mut_checked(windows).ok_or(KernelError::Geometry)?;
    let (image, outputs) = rest.split_at_mut_checked(strip.words).ok_or(KernelError::Geometry)?;
    let outputs: &mut [i8] = bytemuck::cast_slice_mut(outputs);
    let outputs = outputs.get_mut(..2 * out_c).ok_or(KernelError::Geometry)?;
    let pair_words = elements.words().max(1);
    let some = 2 * (words.len() / pair_words);
    let mut multiply = Multiply { product, pair_words, words, outputs };
    let base = base(conv.input_zero.0);

    if elements.are_by_fours() {
        let mut pixels = input;
        for out in output.chunks_mut((some * out_c).max(1)) {
            let some_bytes = (some * in_c).min(pixels.len());
            let (now, later) = pixels.split_at_checked(some_bytes).ok_or(KernelError::Geometry)?;
            pixels = later;
            let words = multiply.room(out.len())?;
            let pairs = now.len() / (2 * in_c).max(1) * in_c;
            let (pairs, single) = words.split_at_mut_checked(pairs).ok_or(KernelError::Geometry)?;
            let (two, one) = now.split_at_checked(2 * pairs.len()).ok_or(KernelError::Geometry)?;
            widen_pixels(base, two, in_c, pairs)?;
            widen_pixels(base, one, in_c, single)?;
            multiply.run(out)?;
        }
    } else {
        let image: &mut [i16] = bytemuck::cast_slice_mut(image);
        // Columns outside the image are 0, and stay.
        if window.size.x > 1 || window.pad.x > 0 {
            image.fill(0);
        }
        let in_image = window.input.h as usize * window.input.w as usize * in_c;
        let out_row = window.output.w as usize * out_c;
        let out_image = window.output.h as usize * out_row;
        let images = input.blocks(in_image).zip(output.blocks_mut(out_image));
        for (input, output) in images {
            let mut top = 0;
            for output in output.chunks_mut((strip.outputs * out_row).max(1)) {
                fill(window, strip.pitch, input, base, top, image)?;
                let mut walk = Walk {
                    window,
                    image,
                    row: 2 * strip.pitch,
                    rows: output.len() / out_row.max(1),
                    at: (0, 0),
                };
                for out in output.chunks_mut((some * out_c).max(1)) {
                    let words = multiply.room(out.len())?;
                    walk.copy(pair_words, words).ok_or(KernelError::Geometry)?;
                    multiply.run(out)?;
                }
                top += strip.outputs * usize::from(window.stride.y);
            }
        }
    }
    limit(conv.clamp, output);
    Ok(())
}

/// Multiplies windows by all weights.
struct Multiply<'a> {
    product: Product<'a>,
    pair_words: usize,
    /// Some pairs of windows.
    words: &'a mut [u32],
    /// A pair of output pixels.
    outputs: &'a mut [i8],
}

impl Multiply<'_> {
    /// Where the windows of the pixels of so many outputs go.
    fn room(&mut self, outputs: usize) -> Result<&mut [u32], KernelError> {
        let pairs = outputs.div_ceil(self.outputs.len().max(1));
        self.words.get_mut(..pairs * self.pair_words).ok_or(KernelError::Geometry)
    }

    /// Computes output pixels, whose windows are there; that of a last single pixel twice.
    #[inline(never)]
    fn run(&mut self, out: &mut [i8]) -> Result<(), KernelError> {
        let pair = self.outputs.len();
        let pairs = out.len() / pair.max(1);
        let (out, last) = out.split_at_mut_checked(pairs * pair).ok_or(KernelError::Geometry)?;
        let (words, rest) =
            self.words.split_at_checked(pairs * self.pair_words).ok_or(KernelError::Geometry)?;
        self.product.run(pairs, words, out)?;
        if !last.is_empty() {
            let words = rest.get(..self.pair_words).ok_or(KernelError::Geometry)?;
            self.product.run(1, words, self.outputs)?;
            for (out, &output) in last.iter_mut().zip(&*self.outputs) {
                *out = output;
            }
        }
        Ok(())
    }
}

/// Widens the rows of an image from padded row `top` on. Columns outside the image are left as they are.
fn fill(
    window: &Window,
    pitch: usize,
    input: &[i8],
    base: u32,
    top: usize,
    image: &mut [i16],
) -> Result<(), KernelError> {
    let c = window.input.c as usize;
    let (left, bytes) = (usize::from(window.pad.x) * c, window.input.w as usize * c);
    let count = (2 * pitch).saturating_sub(left).min(bytes);
    for (index, to) in image.blocks_mut(2 * pitch).enumerate() {
        let y = (top + index).wrapping_sub(usize::from(window.pad.y));
        let to = to.get_mut(left..left + count).unwrap_or_default();
        // What is above the image is beyond its end as well.
        if y < window.input.h as usize {
            let from = input.get(y * bytes..y * bytes + count).unwrap_or_default();
            widen_run(base, from, to)?;
        } else {
            to.fill(0);
        }
    }
    Ok(())
}

/// Goes from output pixel to output pixel of a strip.
struct Walk<'a> {
    window: &'a Window,
    image: &'a [i16],
    /// Elements of a row of the image.
    row: usize,
    /// Rows of outputs.
    rows: usize,
    /// Row and column of the next output.
    at: (usize, usize),
}

impl Walk<'_> {
    /// Copies the next windows, pair by pair; a last single one twice. `None` where the image ends before.
    #[inline(never)]
    fn copy(&mut self, pair_words: usize, words: &mut [u32]) -> Option<()> {
        let Window { input, output, size, stride, dilation, .. } = *self.window;
        let (c, w) = (input.c as usize, output.w as usize);
        let windows = Windows {
            rows: size.y.into(),
            words: (usize::from(size.x) * c).div_ceil(2),
            pitch: self.row * usize::from(dilation.y),
            step: 2 * usize::from(stride.x) * c,
        };
        let from = |(y, x): (usize, usize)| {
            self.image.get(y * usize::from(stride.y) * self.row + x * usize::from(stride.x) * c..)
        };
        let mut left = words;
        let (mut y, mut x) = self.at;
        while !left.is_empty() {
            // Pairs of neighbours, or the last of a row with the first of the next.
            let (pairs, second) = if x + 1 < w { ((w - x) / 2, (y, x + 1)) } else { (1, (y + 1, 0)) };
            let pairs = pairs.min(left.len() / pair_words.max(1));
            let (now, later) = left.split_at_mut_checked(pairs * pair_words)?;
            let p = from((y, x))?;
            let q = if second.0 < self.rows { from(second)? } else { p };
            copy_windows(windows, p, q, now).ok()?;
            left = later;
            (y, x) = (second.0, second.1 + 2 * pairs - 1);
            if x >= w {
                (y, x) = (y + 1, 0);
            }
        }
        self.at = (y, x);
        Some(())
    }
}
