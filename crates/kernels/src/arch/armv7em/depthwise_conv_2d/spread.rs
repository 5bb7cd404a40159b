//! Takes channels out of an image.

#![cfg_attr(kernel_isa = "armv7em", allow(unsafe_code))]

#[cfg(kernel_isa = "armv7em")]
use core::{arch::naked_asm, mem::offset_of};

use super::{super::lanes::pack, Strips};
use crate::{KernelError, Window};

/// Rows of one strip of an image, to be taken apart for any four channels.
pub(super) struct Gather<'a> {
    input: &'a [i8],
    /// Channels of the image.
    channels: usize,
    /// What is outside the image.
    outside: [i8; 4],
    base: u32,
    /// Pixels of a row that windows reach into.
    count: usize,
    /// Words of a plane's row, and of a plane.
    width: usize,
    words: usize,
    jobs: [Job; MOST_JOBS],
    /// Jobs; none when the rows do not fit.
    used: usize,
}

/// Pairs of rows above, half in, in, half below and below an image.
const MOST_JOBS: usize = 5;

/// Pairs of rows of the image, one above the other, or of what is outside it.
#[derive(Clone, Copy, Debug, Default)]
#[repr(C)]
struct Job {
    /// Where the first begins in the image.
    upper: usize,
    lower: usize,
    /// From one pixel to the next; 0 for a row outside the image.
    upper_step: usize,
    lower_step: usize,
    /// How many pairs there are.
    rows: usize,
    /// From the end of one to the next, in bytes; 0 outside the image.
    skip: usize,
    /// Where their words go in a plane, in bytes.
    to_bytes: usize,
}

impl<'a> Gather<'a> {
    /// The first `rows` words of planes' columns, from padded row `top` on, of an image with at least four channels. Where
    /// they do not fit, [`fill`](Self::fill) refuses.
    #[inline(never)]
    pub fn new(window: &Window, strips: Strips, zero: i32, input: &'a [i8], [top, rows]: [usize; 2]) -> Self {
        let (pad, pad_x) = (usize::from(window.pad.y), usize::from(window.pad.x));
        let (h, w, c) = (window.input.h as usize, window.input.w as usize, window.input.c as usize);
        let Strips { width, words, .. } = strips;
        let count = width.saturating_sub(pad_x).min(w);
        let base = pack(zero.wrapping_neg(), zero.wrapping_neg());
        let (jobs, outside) = ([Job::default(); MOST_JOBS], [zero as i8; 4]);
        let mut gather = Self { input, channels: c, outside, base, count, width, words, jobs, used: 0 };
        let fits = input.len() >= h * w * c && c >= 4 && pad_x + count <= width && rows * width <= words;
        if !fits {
            return gather;
        }
        let (end, mut done) = (pad + h, 0);
        while done < rows {
            let y = top + 2 * done;
            // So many pairs are alike, if not one alone is both.
            let alike = if y + 1 < pad {
                pad - y
            } else if y >= end {
                2 * rows
            } else {
                end.saturating_sub(y.max(pad))
            };
            let is_mixed = y + 1 == pad || y + 1 == end;
            let pairs = if is_mixed { 1 } else { (alike / 2).max(1).min(rows - done) };
            let in_image = |y: usize| (y.wrapping_sub(pad) < h).then(|| y.wrapping_sub(pad) * w * c);
            let (upper, lower) = (in_image(y), in_image(y + 1));
            let Some(job) = gather.jobs.get_mut(gather.used) else {
                gather.used = 0;
                return gather;
            };
            *job = Job {
                upper: upper.unwrap_or(0),
                lower: lower.unwrap_or(0),
                upper_step: if upper.is_some() { c } else { 0 },
                lower_step: if lower.is_some() { c } else { 0 },
                rows: pairs,
                skip: if y >= pad && y < end { (2 * w - count) * c } else { 0 },
                to_bytes: 4 * (done * width + pad_x),
            };
            gather.used += 1;
            done += pairs;
        }
        gather
    }

    /// Fills four planes with the channels from `first` on. Columns outside the image are left as they are.
    pub fn fill(&self, first: usize, planes: &mut [u32]) -> Result<(), KernelError> {
        if self.used == 0 || first + 4 > self.channels || planes.len() < 4 * self.words {
            return Err(KernelError::Geometry);
        }
        if self.count > 0 {
            self.fill_checked(first, planes);
        }
        Ok(())
    }

    #[cfg(kernel_isa = "armv7em")]
    fn fill_checked(&self, first: usize, planes: &mut [u32]) {
        let image = Image {
            input: self.input.as_ptr().wrapping_add(first),
            outside: &raw const self.outside,
            planes: planes.as_mut_ptr(),
            third: planes.as_mut_ptr().wrapping_add(2 * self.words),
            base: self.base,
            plane_bytes: 4 * self.words,
            count: self.count,
            skip_to: 4 * (self.width - self.count),
        };
        // SAFETY: jobs are of rows that the image has, which `Gather::new` found whole if there is one, four channels from the first on
        // were checked to be in it, and the planes to have room for all rows; there are jobs and pixels, as `fill` checked.
        unsafe { spread(&image, self.jobs.as_ptr(), self.used) };
    }

    #[cfg(not(kernel_isa = "armv7em"))]
    fn fill_checked(&self, first: usize, planes: &mut [u32]) {
        use super::super::lanes::{add_even_bytes, add_odd_bytes};

        for job in &self.jobs[..self.used] {
            for row in 0..job.rows {
                for index in 0..self.count {
                    let quad = |from: usize, step: usize| {
                        let at = first + from + row * (self.count * step + job.skip) + index * step;
                        let quad = if step == 0 { &self.outside } else { &self.input[at..][..4] };
                        u32::from_le_bytes([quad[0] as u8, quad[1] as u8, quad[2] as u8, quad[3] as u8])
                    };
                    let (a, b) = (quad(job.upper, job.upper_step), quad(job.lower, job.lower_step));
                    let (a02, a13) = (add_even_bytes(self.base, a), add_odd_bytes(self.base, a));
                    let (b02, b13) = (add_even_bytes(self.base, b), add_odd_bytes(self.base, b));
                    let at = job.to_bytes / 4 + row * self.width + index;
                    planes[at] = (a02 & 0xffff) | b02 << 16;
                    planes[self.words + at] = (a13 & 0xffff) | b13 << 16;
                    planes[2 * self.words + at] = a02 >> 16 | (b02 & 0xffff_0000);
                    planes[3 * self.words + at] = a13 >> 16 | (b13 & 0xffff_0000);
                }
            }
        }
    }
}

/// What [`spread`] reads and writes.
#[cfg(kernel_isa = "armv7em")]
#[repr(C)]
struct Image {
    /// The first of the channels.
    input: *const i8,
    outside: *const [i8; 4],
    planes: *mut u32,
    /// The third plane.
    third: *mut u32,
    base: u32,
    plane_bytes: usize,
    count: usize,
    /// From the end of a row of words to the next, in bytes.
    skip_to: usize,
}

/// Four bytes of a pixel and four of the one below become a word in each of four planes.
///
/// r0 and r1 walk on the rows, r2 on the first plane, r9 on the third; r10 and r11 are steps, r12 the base, lr the
/// bytes of a plane, r3 counts pairs of pixels; of an odd number the first pair is half a pair. On the stack are the rows
/// that are left, the job, the jobs that are left, and the image.
#[cfg(kernel_isa = "armv7em")]
#[unsafe(naked)]
unsafe extern "C" fn spread(image: *const Image, jobs: *const Job, count: usize) {
    naked_asm!(
        // Naked functions do not take the features of the core that rustc is told, such as the DSP extension of an M33.
        ".cpu cortex-m4",
        // The quads in r4 and r5.
        ".macro mj_spread",
        "sxtab16 r6, r12, r4",
        "sxtab16 r7, r12, r5",
        "sxtab16 r4, r12, r4, ror #8",
        "sxtab16 r5, r12, r5, ror #8",
        "pkhbt r8, r6, r7, lsl #16",
        "pkhtb r7, r7, r6, asr #16",
        "pkhbt r6, r4, r5, lsl #16",
        "pkhtb r5, r5, r4, asr #16",
        "str r6, [r2, lr]",
        "str r8, [r2], #4",
        "str r5, [r9, lr]",
        "str r7, [r9], #4",
        ".endm",
        "push {{r4-r11, lr}}",
        "sub sp, #16",
        "str r1, [sp, #4]",
        "str r2, [sp, #8]",
        "str r0, [sp, #12]",
        // A job.
        "1:",
        "ldr r4, [sp, #12]",
        "ldr r5, [sp, #4]",
        "ldr r3, [r5, #{rows}]",
        "ldr r6, [r5, #{to_bytes}]",
        "ldr r0, [r5, #{upper}]",
        "ldr r1, [r5, #{lower}]",
        "ldr r10, [r5, #{upper_step}]",
        "ldr r11, [r5, #{lower_step}]",
        "ldr r7, [r4, #{input}]",
        "ldr r8, [r4, #{outside}]",
        "ldr r2, [r4, #{planes}]",
        "ldr r9, [r4, #{third}]",
        "ldr r12, [r4, #{base}]",
        "ldr lr, [r4, #{plane_bytes}]",
        "str r3, [sp]",
        "add r2, r2, r6",
        "add r9, r9, r6",
        "cmp r10, #0",
        "ite ne",
        "addne r0, r0, r7",
        "moveq r0, r8",
        "cmp r11, #0",
        "ite ne",
        "addne r1, r1, r7",
        "moveq r1, r8",
        // A pair of rows.
        "2:",
        "ldr r3, [sp, #12]",
        "ldr r3, [r3, #{count}]",
        "lsrs r3, r3, #1",
        "bcc 3f",
        "add r3, r3, #1",
        "sub r0, r0, r10",
        "sub r1, r1, r11",
        "b 4f",
        "3:",
        "ldr r4, [r0]",
        "ldr r5, [r1]",
        "mj_spread",
        "4:",
        "ldr r4, [r0, r10]",
        "ldr r5, [r1, r11]",
        "add r0, r0, r10, lsl #1",
        "add r1, r1, r11, lsl #1",
        "mj_spread",
        "subs r3, r3, #1",
        "bne 3b",
        "ldr r4, [sp, #12]",
        "ldr r5, [sp, #4]",
        "ldr r3, [sp]",
        "ldr r6, [r5, #{skip}]",
        "ldr r7, [r4, #{skip_to}]",
        "add r0, r0, r6",
        "add r1, r1, r6",
        "add r2, r2, r7",
        "add r9, r9, r7",
        "subs r3, r3, #1",
        "str r3, [sp]",
        "bne 2b",
        "ldr r3, [sp, #8]",
        "adds r5, #{job_bytes}",
        "str r5, [sp, #4]",
        "subs r3, r3, #1",
        "str r3, [sp, #8]",
        "bne 1b",
        "add sp, #16",
        "pop.w {{r4-r11, pc}}",
        ".purgem mj_spread",
        rows = const offset_of!(Job, rows),
        to_bytes = const offset_of!(Job, to_bytes),
        upper = const offset_of!(Job, upper),
        lower = const offset_of!(Job, lower),
        upper_step = const offset_of!(Job, upper_step),
        lower_step = const offset_of!(Job, lower_step),
        skip = const offset_of!(Job, skip),
        job_bytes = const size_of::<Job>(),
        input = const offset_of!(Image, input),
        outside = const offset_of!(Image, outside),
        planes = const offset_of!(Image, planes),
        third = const offset_of!(Image, third),
        base = const offset_of!(Image, base),
        plane_bytes = const offset_of!(Image, plane_bytes),
        count = const offset_of!(Image, count),
        skip_to = const offset_of!(Image, skip_to),
    )
}
