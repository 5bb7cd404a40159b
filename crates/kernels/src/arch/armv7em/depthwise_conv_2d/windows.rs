//! DEPTHWISE_CONV_2D with windows of any size, several filters for a channel among them.
//!
//! Channels are taken apart as for windows of three by three. A window's sum goes over words of two rows and words of two
//! weights; windows that begin at an odd row meet the weights one place further down. Records are as those of windows of
//! three by three, with the weights row by row.

#![cfg_attr(kernel_isa = "armv7em", allow(unsafe_code))]

#[cfg(kernel_isa = "armv7em")]
use core::{arch::naked_asm, mem::offset_of};

use quant::Halving;

use super::{Strips, limit, spread::Gather};
use crate::{KernelError, Window, Yx, blocks::Blocks, reference::DepthwiseConv2d};

/// Bytes of a record beside the weights.
const BESIDE_WEIGHTS: usize = 9;

/// Bytes of scratch that planes take, unless two rows of outputs need more.
const PLANE_BYTES: usize = 4096;

/// Outputs of a channel from which laying out its words and weights is worth it.
const SOME_OUTPUTS: usize = 8;

/// How a layer uses its scratch memory.
#[derive(Clone, Copy, Debug)]
struct Plan {
    strips: Strips,
    /// Words of weights of windows that begin at an even row, and as many of others.
    weights: usize,
}

impl Plan {
    fn of(window: &Window) -> Option<Self> {
        let Window { input, output, size, stride, dilation, .. } = *window;
        let (size_y, size_x, stride_y) = (usize::from(size.y), usize::from(size.x), usize::from(stride.y));
        let (h, w) = (output.h as usize, output.w as usize);
        let is_taken = input.c >= 4
            && output.c.is_multiple_of(input.c)
            && h.checked_mul(w)? >= SOME_OUTPUTS
            && dilation == (Yx { y: 1, x: 1 })
            && [h, w, size_y, size_x, stride_y, stride.x.into()].iter().all(|&of| of > 0);
        if !is_taken {
            return None;
        }
        let width = (w - 1).checked_mul(stride.x.into())?.checked_add(size_x)?;
        let of_window = size_y / 2 + 1;
        let more = (PLANE_BYTES / 16).checked_div(width)?.saturating_sub(of_window);
        // Strips begin at even rows.
        let most = (2 * more).checked_div(stride_y)? / 2 * 2 + 2;
        let rows = most.min(h);
        let words = word_rows(window, rows).checked_mul(width)?;
        let strips = Strips { stride: stride_y, width, rows, words };
        Some(Self { strips, weights: of_window.checked_mul(size_x)? })
    }

    fn words(&self) -> Option<usize> {
        self.strips.all_words()?.checked_add(self.weights.checked_mul(2)?)
    }
}

/// Rows of words under so many rows of outputs, of which there is one at least.
fn word_rows(window: &Window, rows: usize) -> usize {
    rows.saturating_sub(1) * usize::from(window.stride.y) / 2 + usize::from(window.size.y) / 2 + 1
}

/// Words of scratch that [`depthwise_windows_s8`] needs; `None` for a layer that it does not take.
pub fn windows_scratch_words(conv: &DepthwiseConv2d) -> Option<usize> {
    Plan::of(&conv.window)?.words()
}

/// As [`reference::depthwise_conv_2d_s8`](crate::reference::depthwise_conv_2d_s8), with a record per output channel.
///
/// | buffer    | elements                                          | values             |
/// |-----------|---------------------------------------------------|--------------------|
/// | `input`   | as the reference                                  | −128 ..= 127       |
/// | `records` | output channels · (9 + taps), the weights row by row | bytes           |
/// | `scratch` | [`windows_scratch_words`]                         | any                |
/// | `output`  | as the reference                                  | `clamp`            |
///
/// # Errors
/// [`KernelError::Length`] when a buffer is too short, [`KernelError::Geometry`] for a layer that
/// [`windows_scratch_words`] does not take.
pub fn depthwise_windows_s8(
    conv: &DepthwiseConv2d,
    input: &[i8],
    records: &[u8],
    scratch: &mut [u32],
    output: &mut [i8],
) -> Result<(), KernelError> {
    let window = &conv.window;
    window.check(input.len(), output.len())?;
    let plan = Plan::of(window).ok_or(KernelError::Geometry)?;
    KernelError::check(plan.words(), scratch.len())?;
    let (channels, outputs) = (window.input.c as usize, window.output.c as usize);
    let record_bytes = BESIDE_WEIGHTS + window.taps();
    KernelError::check(outputs.checked_mul(record_bytes), records.len())?;
    let Plan { strips, weights } = plan;
    let (planes, weights) =
        scratch.split_at_mut_checked(scratch.len() - 2 * weights).ok_or(KernelError::Geometry)?;
    // Columns outside the image are 0, and stay.
    planes.fill(0);
    let multiplier = outputs / channels.max(1);
    let in_image = window.input.h as usize * window.input.w as usize * channels;
    let out_row = window.output.w as usize * outputs;
    let out_image = window.output.h as usize * out_row;
    for (input, output) in input.blocks(in_image).zip(output.blocks_mut(out_image)) {
        let mut top = 0;
        for output in output.chunks_mut((strips.rows * out_row).max(1)) {
            let rows = output.len() / out_row.max(1);
            let job = [top, word_rows(window, rows)];
            let gather = Gather::new(window, strips, conv.input_zero.0, input, job);
            for (channel, records) in records.blocks(multiplier * record_bytes).enumerate() {
                // What is left over is taken together with channels that are done.
                let first = (channel / 4 * 4).min(channels - 4);
                if channel % 4 == 0 {
                    gather.fill(first, planes)?;
                }
                let plane = planes.get((channel - first) * strips.words..).unwrap_or_default();
                for (filter, record) in records.blocks(record_bytes).enumerate() {
                    let out = output.get_mut(channel * multiplier + filter..).unwrap_or_default();
                    let filter = Filter { window, width: strips.width, rows, weights };
                    filter
                        .run(record, Halving::centre(conv.output_zero), plane, out)
                        .ok_or(KernelError::Geometry)?;
                }
            }
            top += strips.rows * strips.stride;
            limit(conv.clamp, output);
        }
    }
    Ok(())
}

/// One output channel of a strip.
struct Filter<'a> {
    window: &'a Window,
    /// Words of a plane's row.
    width: usize,
    rows: usize,
    weights: &'a mut [u32],
}

impl Filter<'_> {
    /// The first output is the first of `out`. `None` where anything is too short.
    fn run(self, record: &[u8], centre: i32, plane: &[u32], out: &mut [i8]) -> Option<()> {
        let Window { output, size, stride, .. } = *self.window;
        let (head, rest) = record.split_first_chunk::<8>()?;
        let (&exponent, taps) = rest.split_last()?;
        let [b0, b1, b2, b3, m0, m1, m2, m3] = *head;
        let mantissa = i32::from_le_bytes([m0, m1, m2, m3]);
        let (size_y, size_x) = (usize::from(size.y), usize::from(size.x));
        let half = self.weights.len() / 2;
        widen_taps(taps, size_x, self.weights);
        let (even, odd) = self.weights.split_at_checked(half)?;
        // Windows as wide as the image are one run.
        let is_run = self.width == size_x;
        let weights = |of: &[u32], rows: usize| {
            let (runs, run) = if is_run { (1, rows * size_x) } else { (rows, size_x) };
            (of.len() >= runs * run).then_some(Weights { words: of.as_ptr(), runs, run })
        };
        let columns = output.w as usize;
        let job = Job {
            words: plane.as_ptr(),
            out: out.as_mut_ptr(),
            rows: self.rows,
            columns,
            row_bytes: 4 * self.width,
            skip: 4 * self.width.checked_sub(size_x)?,
            stride_y: stride.y.into(),
            step: 4 * usize::from(stride.x),
            out_step: output.c as usize,
            bias: i32::from_le_bytes([b0, b1, b2, b3]),
            mantissa,
            middle: centre.wrapping_shl(exponent.into()),
            exponent: exponent.into(),
            even: weights(even, size_y.div_ceil(2))?,
            odd: weights(odd, size_y / 2 + 1)?,
        };
        let last = (self.rows * columns).checked_sub(1)? * job.out_step;
        let needed = word_rows(self.window, self.rows) * self.width;
        let width = columns.checked_sub(1)? * usize::from(stride.x) + size_x;
        let fits = out.len() > last && plane.len() >= needed && width <= self.width && size_x > 0;
        if !fits {
            return None;
        }
        job.run(plane, [even, odd], out);
        Some(())
    }
}

/// Doubles the weights of a window into words of two rows; in the second half of `to` one row further down.
fn widen_taps(taps: &[u8], size_x: usize, to: &mut [u32]) {
    to.fill(0);
    let to: &mut [i16] = bytemuck::cast_slice_mut(to);
    let half = to.len() / 2;
    for (row, taps) in taps.blocks(size_x).enumerate() {
        for (begin, row) in [(0, row), (half, row + 1)] {
            let mut place = begin + row / 2 * size_x * 2 + row % 2;
            for &tap in taps {
                if let Some(to) = to.get_mut(place) {
                    *to = 2 * i16::from(tap as i8);
                }
                place += 2;
            }
        }
    }
}

/// Weights as runs of words that lie side by side in a plane.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
struct Weights {
    words: *const u32,
    runs: usize,
    run: usize,
}

/// What the loops need.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
struct Job {
    words: *const u32,
    out: *mut i8,
    rows: usize,
    columns: usize,
    row_bytes: usize,
    /// From the end of a run to the next.
    skip: usize,
    stride_y: usize,
    /// From one window's words to those of the next, in bytes.
    step: usize,
    /// From one output to the next.
    out_step: usize,
    bias: i32,
    mantissa: i32,
    middle: i32,
    exponent: u32,
    /// Of windows that begin at an even row, and of the others.
    even: Weights,
    odd: Weights,
}

impl Job {
    #[cfg(kernel_isa = "armv7em")]
    fn run(&self, _: &[u32], _: [&[u32]; 2], _: &mut [i8]) {
        // SAFETY: `Filter::run` checked that the plane has the words of all windows, that there are as many words of
        // weights, and that the last output is in `out`; there are rows, columns and words.
        unsafe { sum_windows(self) };
    }

    #[cfg(not(kernel_isa = "armv7em"))]
    fn run(&self, plane: &[u32], weights: [&[u32]; 2], out: &mut [i8]) {
        use crate::arch::armv7em::lanes::dual;

        let scaling = Halving { mantissa: self.mantissa, exponent: self.exponent as u8 };
        let centre = self.middle.wrapping_shr(self.exponent);
        for y in 0..self.rows {
            let top = y * self.stride_y;
            let (of, words) =
                if top.is_multiple_of(2) { (self.even, weights[0]) } else { (self.odd, weights[1]) };
            for x in 0..self.columns {
                let mut sum = self.bias as u32;
                for index in 0..of.runs * of.run {
                    let at = (top / 2 + index / of.run) * self.row_bytes / 4 + x * self.step / 4;
                    sum = dual(plane[at + index % of.run], words[index], sum);
                }
                out[(y * self.columns + x) * self.out_step] = scaling.requantize(sum as i32, centre);
            }
        }
    }
}

/// Computes what [`Job`] says, output by output.
///
/// r0 walks on the words, r1 on the weights, r2 is the sum, r3 and r6 count words and runs; r7 is where a window begins,
/// r8 the output, r9 counts columns, r12 is the weights of the row. On the stack are the row that windows begin at, and
/// the rows that are left.
#[cfg(kernel_isa = "armv7em")]
#[unsafe(naked)]
unsafe extern "C" fn sum_windows(job: *const Job) {
    naked_asm!(
        // Naked functions do not take the features of the core that rustc is told, such as the DSP extension of an M33.
        ".cpu cortex-m4",
        "push {{r4-r11, lr}}",
        "sub sp, #8",
        "mov r10, r0",
        "ldr r8, [r10, #{out}]",
        "ldr r11, [r10, #{skip}]",
        "ldr r5, [r10, #{rows}]",
        "movs r4, #0",
        "str r4, [sp]",
        "str r5, [sp, #4]",
        "2:",
        "ldr r4, [sp]",
        "ldr r5, [r10, #{row_bytes}]",
        "ldr r7, [r10, #{words}]",
        "ldr r9, [r10, #{columns}]",
        "add r12, r10, #{even}",
        "lsrs r6, r4, #1",
        "it cs",
        "addcs r12, r12, #{from_even_to_odd}",
        "mla r7, r6, r5, r7",
        "ldr lr, [r12, #{run}]",
        // An output.
        "3:",
        "mov r0, r7",
        "ldr r1, [r12, #{weights}]",
        "ldr r6, [r12, #{runs}]",
        "ldr r2, [r10, #{bias}]",
        "4:",
        "mov r3, lr",
        "5:",
        "ldr r4, [r0], #4",
        "ldr r5, [r1], #4",
        "subs r3, r3, #1",
        "smlad r2, r4, r5, r2",
        "bne 5b",
        "add r0, r0, r11",
        "subs r6, r6, #1",
        "bne 4b",
        "ldr r4, [r10, #{mantissa}]",
        "ldr r5, [r10, #{middle}]",
        "ldr r3, [r10, #{exponent}]",
        "smmlar r4, r2, r4, r5",
        "add r4, r4, r2, asr #31",
        "asr r4, r4, r3",
        "ssat r4, #8, r4, asr #1",
        "strb r4, [r8]",
        "ldr r3, [r10, #{out_step}]",
        "ldr r5, [r10, #{step}]",
        "add r8, r8, r3",
        "add r7, r7, r5",
        "subs r9, r9, #1",
        "bne 3b",
        "ldr r4, [sp]",
        "ldr r5, [r10, #{stride_y}]",
        "ldr r3, [sp, #4]",
        "adds r4, r4, r5",
        "str r4, [sp]",
        "subs r3, r3, #1",
        "str r3, [sp, #4]",
        "bne 2b",
        "add sp, #8",
        "pop.w {{r4-r11, pc}}",
        words = const offset_of!(Job, words),
        out = const offset_of!(Job, out),
        rows = const offset_of!(Job, rows),
        columns = const offset_of!(Job, columns),
        row_bytes = const offset_of!(Job, row_bytes),
        skip = const offset_of!(Job, skip),
        stride_y = const offset_of!(Job, stride_y),
        step = const offset_of!(Job, step),
        out_step = const offset_of!(Job, out_step),
        bias = const offset_of!(Job, bias),
        mantissa = const offset_of!(Job, mantissa),
        middle = const offset_of!(Job, middle),
        exponent = const offset_of!(Job, exponent),
        even = const offset_of!(Job, even),
        from_even_to_odd = const offset_of!(Job, odd) - offset_of!(Job, even),
        weights = const offset_of!(Weights, words),
        runs = const offset_of!(Weights, runs),
        run = const offset_of!(Weights, run),
    )
}
