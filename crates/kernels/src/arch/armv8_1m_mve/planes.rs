//! Channels of a depthwise convolution, one after the other: each is brought into a plane of its own, and one
//! gather then loads all taps of an output.
//!
//! ```text
//! for each channel:
//!     copy its elements into the plane, by two tables of distances
//!     for each 4 outputs:
//!         4 times: gather the taps; one multiply-accumulate over them
//!         4 outputs = requantised sums, scattered
//! ```

#![cfg_attr(kernel_isa = "armv8_1m_mve", allow(unsafe_code))]

use quant::ByProducts;

use crate::{Window, Yx};

/// The most taps that one gather loads.
pub(super) const MOST_TAPS: usize = 16;

/// Words of a row of `Planes::groups`.
const GROUP_WORDS: usize = 8;

/// Where a tile's outputs read and go, the same for every channel. The tables that the loops follow are filled
/// here alone, and what they may reach is noted on the way.
#[derive(Debug)]
pub(super) struct Planes<'s> {
    /// How far from the channel's first element each copied one comes from.
    from: &'s mut [u16],
    /// Where in the plane it goes.
    to: &'s mut [u16],
    /// One channel's elements, with the input's zero where there is no image.
    plane: &'s mut [i8],
    /// Per four outputs: where in the plane the first tap of each is, plus [`address`] of the plane; how far from
    /// the channel's first output each goes.
    groups: &'s mut [u32],
    /// From an output's first tap to each of its taps; 0 beyond them.
    taps: &'s mut [u8; MOST_TAPS],
    tap_count: usize,
    /// How many elements are copied.
    copies: usize,
    /// The greatest entry of `from`, and of the outputs' places.
    furthest_from: usize,
    furthest_output: usize,
    /// What the tables of copies are filled for.
    inside: Option<Inside>,
}

/// What the channels have of their own; the first channel's begins each slice.
#[derive(Debug)]
pub(super) struct ChannelRun<'a> {
    pub input: &'a [i8],
    pub output: &'a mut [i8],
    /// Channel by channel, its taps.
    pub weights: &'a [i8],
    /// Channel by channel, bias and mantissa.
    pub constants: &'a [i32],
    pub exponents: &'a [i8],
}

/// What a tile reads of one channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Patch {
    rows: usize,
    columns: usize,
    /// Groups of four outputs.
    groups: usize,
}

/// Rows and columns of a patch that are in the image: the first, and one past the last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Inside {
    rows: (usize, usize),
    columns: (usize, usize),
}

impl Patch {
    /// What a tile reads; `None` where the tables cannot say it.
    pub(super) fn of(window: &Window, tile: Yx) -> Option<Self> {
        let Window { input, size, stride, dilation, .. } = *window;
        let reach = |outputs: u16, stride: u16, taps: u16, dilation: u16| {
            let last = usize::from(outputs).checked_sub(1)?.checked_mul(stride.into())?;
            let taps = usize::from(taps).checked_sub(1)?.checked_mul(dilation.into())?;
            last.checked_add(taps)?.checked_add(1)
        };
        let rows = reach(tile.y, stride.y, size.y, dilation.y)?;
        let columns = reach(tile.x, stride.x, size.x, dilation.x)?;
        let furthest = |rows: usize, row: usize, columns: usize, column: usize| {
            rows.checked_sub(1)?.checked_mul(row)?.checked_add(columns.checked_sub(1)?.checked_mul(column)?)
        };
        let below = usize::from(dilation.y).checked_mul(columns)?;
        let last_tap = furthest(size.y.into(), below, size.x.into(), dilation.x.into())?;
        let (image_rows, image_columns) = (rows.min(input.h as usize), columns.min(input.w as usize));
        let row = (input.w as usize).checked_mul(input.c as usize)?;
        let last_copied = furthest(image_rows, row, image_columns, input.c as usize)?;
        let fits = window.taps() <= MOST_TAPS
            && last_tap <= usize::from(u8::MAX)
            && rows.checked_mul(columns)? <= usize::from(u16::MAX)
            && last_copied <= usize::from(u16::MAX);
        let groups = (usize::from(tile.y) * usize::from(tile.x)).div_ceil(4);
        fits.then_some(Self { rows, columns, groups })
    }

    fn elements(&self) -> usize {
        self.rows * self.columns
    }

    /// Words of scratch: groups, taps, two tables of distances, the plane.
    fn words(&self) -> [usize; 4] {
        let table = self.elements().div_ceil(2);
        [self.groups * GROUP_WORDS, MOST_TAPS / 4, 2 * table, self.elements().div_ceil(4)]
    }

    /// Words of scratch in all.
    pub(super) fn scratch_words(&self) -> usize {
        self.words().iter().sum()
    }

    /// Instructions that one channel of a tile takes, nearly.
    pub(super) fn instructions(&self) -> usize {
        19 * self.groups + 5 * self.elements().div_ceil(8) + 32
    }
}

/// The part of a patch that meets an image, along one axis, and the first index it reads.
fn meet(first_output: usize, stride: u16, pad: u16, patch: usize, image: u32) -> ((usize, usize), usize) {
    let (pad, image) = (usize::from(pad), image as usize);
    let origin = first_output.saturating_mul(stride.into());
    let begin = pad.saturating_sub(origin).min(patch);
    let end = (image + pad).saturating_sub(origin).min(patch).max(begin);
    ((begin, end), (origin + begin).saturating_sub(pad))
}

impl<'s> Planes<'s> {
    /// Tables for tiles of `tile` outputs; `None` when the scratch has another size than theirs.
    pub(super) fn new(window: &Window, tile: Yx, scratch: &'s mut [u32]) -> Option<Self> {
        let patch = Patch::of(window, tile)?;
        let [groups, taps, tables, plane] = patch.words();
        let (groups, scratch) = scratch.split_at_mut_checked(groups)?;
        let (taps, scratch) = scratch.split_at_mut_checked(taps)?;
        let (tables, scratch) = scratch.split_at_mut_checked(tables)?;
        if scratch.len() != plane {
            return None;
        }
        let tables: &mut [u16] = bytemuck::cast_slice_mut(tables);
        let (from, to) = tables.split_at_mut_checked(tables.len() / 2)?;
        let mut planes = Self {
            from,
            to,
            plane: bytemuck::cast_slice_mut(scratch),
            groups,
            taps: bytemuck::cast_slice_mut::<u32, u8>(taps).try_into().ok()?,
            tap_count: window.taps(),
            copies: 0,
            furthest_from: 0,
            furthest_output: 0,
            inside: None,
        };
        planes.lay_out(window, tile, patch.columns);
        Some(planes)
    }

    /// Fills the tables that all tiles share. Every place is in the plane, since a patch has the rows and columns
    /// that the last tap of the last output reaches.
    fn lay_out(&mut self, window: &Window, tile: Yx, columns: usize) {
        let Window { size, stride, dilation, output, .. } = *window;
        let base = address(self.plane);
        let (width, height) = (usize::from(tile.x), usize::from(tile.y));
        let down = usize::from(stride.y) * columns;
        let (mut row, mut column) = (0, 0);
        for group in self.groups.chunks_exact_mut(GROUP_WORDS) {
            let (first_taps, outputs) = group.split_at_mut(GROUP_WORDS / 2);
            for (first, out) in first_taps.iter_mut().zip(outputs) {
                *first = base.wrapping_add((row * down + column * usize::from(stride.x)) as u32);
                let place = (row * output.w as usize + column) * output.c as usize;
                *out = place as u32;
                self.furthest_output = place;
                // Behind the last output, the last again.
                if column + 1 < width {
                    column += 1;
                } else if row + 1 < height {
                    (row, column) = (row + 1, 0);
                }
            }
        }
        self.taps.fill(0);
        let mut taps = self.taps.iter_mut();
        for ky in 0..usize::from(size.y) {
            for (kx, tap) in (0..usize::from(size.x)).zip(&mut taps) {
                *tap = (ky * usize::from(dilation.y) * columns + kx * usize::from(dilation.x)) as u8;
            }
        }
    }

    /// Makes the tables of copies those of the tile whose first output is `(y, x)`, and puts the frame that it
    /// needs around the plane. Returns the index of the image's first element that the tile reads.
    pub(super) fn enter(
        &mut self,
        window: &Window,
        tile: Yx,
        (y, x): (usize, usize),
        outside: i8,
    ) -> Option<usize> {
        let Window { input, stride, pad, .. } = *window;
        let patch = Patch::of(window, tile)?;
        let (rows, top) = meet(y, stride.y, pad.y, patch.rows, input.h);
        let (columns, left) = meet(x, stride.x, pad.x, patch.columns, input.w);
        let channels = input.c as usize;
        let image_row = input.w as usize * channels;
        let inside = Inside { rows, columns };
        if self.inside != Some(inside) {
            self.inside = Some(inside);
            self.plane.fill(outside);
            self.copies = 0;
            self.furthest_from = 0;
            let mut entries = self.from.iter_mut().zip(self.to.iter_mut());
            for row in rows.0..rows.1 {
                let at = (row - rows.0) * image_row;
                let in_row = (columns.0..columns.1).zip(&mut entries);
                for (distance, (column, (from, to))) in (at..).step_by(channels.max(1)).zip(in_row) {
                    *from = distance as u16;
                    *to = (row * patch.columns + column) as u16;
                    self.furthest_from = distance;
                    self.copies += 1;
                }
            }
        }
        Some(top * image_row + left * channels)
    }

    /// Computes as many channels of the tile entered as there are exponents; the next one's input and output begin
    /// one element on.
    ///
    /// Returns whether everything lay inside its slice; if not, nothing is written.
    pub(super) fn apply(&mut self, channels: &mut ChannelRun<'_>, finish: &ByProducts) -> bool {
        let count = channels.exponents.len();
        let Some(last) = count.checked_sub(1) else { return true };
        let fits = (self.copies == 0 || self.furthest_from + last < channels.input.len())
            && self.furthest_output + last < channels.output.len()
            && (1..=MOST_TAPS).contains(&self.tap_count)
            && count.checked_mul(self.tap_count) == Some(channels.weights.len())
            && count.checked_mul(2) == Some(channels.constants.len());
        if fits {
            apply(self, count, channels, finish);
        }
        fits
    }
}

/// What the places of outputs' first taps count from: on Helium they are addresses.
#[cfg(kernel_isa = "armv8_1m_mve")]
fn address(plane: &[i8]) -> u32 {
    plane.as_ptr().addr() as u32
}

/// What the places of outputs' first taps count from.
#[cfg(not(kernel_isa = "armv8_1m_mve"))]
fn address(_plane: &[i8]) -> u32 {
    0
}

#[cfg(not(kernel_isa = "armv8_1m_mve"))]
fn apply(planes: &mut Planes<'_>, count: usize, channels: &mut ChannelRun<'_>, finish: &ByProducts) {
    for channel in 0..count {
        for (&to, &from) in planes.to.iter().zip(planes.from.iter()).take(planes.copies) {
            planes.plane[usize::from(to)] = channels.input[usize::from(from) + channel];
        }
        let weights = channels.weights.chunks_exact(planes.tap_count).nth(channel).unwrap_or_default();
        for group in planes.groups.chunks_exact(GROUP_WORDS) {
            let (first_taps, outputs) = group.split_at(GROUP_WORDS / 2);
            for (&first, &to) in first_taps.iter().zip(outputs) {
                let mut sum = 0i32;
                for (&weight, &tap) in weights.iter().zip(planes.taps.iter()) {
                    sum += i32::from(weight) * i32::from(planes.plane[first as usize + usize::from(tap)]);
                }
                let sum = sum.wrapping_add(channels.constants[2 * channel]);
                let exponent = channels.exponents[channel] as u8;
                let out = finish.apply(sum, channels.constants[2 * channel + 1], exponent);
                channels.output[to as usize + channel] = out as i8;
            }
        }
    }
}

#[cfg(kernel_isa = "armv8_1m_mve")]
use helium::apply;

#[cfg(kernel_isa = "armv8_1m_mve")]
mod helium {
    use core::arch::naked_asm;

    use quant::ByProducts;

    use super::{ChannelRun, GROUP_WORDS, Planes};

    /// What the loops read. They copy it to their stack, where the fields that move are theirs.
    #[repr(C)]
    struct Job {
        input: *const i8,
        output: *mut i8,
        weights: *const i8,
        constants: *const i32,
        exponents: *const i8,
        plane: *mut i8,
        from: *const u16,
        to: *const u16,
        copies: usize,
        groups: *const u32,
        group_count: usize,
        tap_count: usize,
        taps: *const u8,
        channels: usize,
        nudge: i32,
        zero: i32,
        min: i32,
        max: i32,
    }

    pub(super) fn apply(
        planes: &mut Planes<'_>,
        count: usize,
        channels: &mut ChannelRun<'_>,
        finish: &ByProducts,
    ) {
        let job = Job {
            input: channels.input.as_ptr(),
            output: channels.output.as_mut_ptr(),
            weights: channels.weights.as_ptr(),
            constants: channels.constants.as_ptr(),
            exponents: channels.exponents.as_ptr(),
            plane: planes.plane.as_mut_ptr(),
            from: planes.from.as_ptr(),
            to: planes.to.as_ptr(),
            copies: planes.copies,
            groups: planes.groups.as_ptr(),
            group_count: planes.groups.len() / GROUP_WORDS,
            tap_count: planes.tap_count,
            taps: planes.taps.as_ptr(),
            channels: count,
            nudge: finish.nudge,
            zero: finish.zero.0,
            min: finish.clamp.min,
            max: finish.clamp.max,
        };
        // SAFETY: `Planes` fills its tables itself: every place is in the plane, and `Planes::apply` checked that
        // the furthest element read and written, of the last channel, lies in its slice, that each channel has its
        // taps, bias, mantissa and exponent, and that there is a channel. There is a group, since a tile has an
        // output. Loads of weights are predicated by the number of taps. The loops touch nothing else, and keep
        // the registers that the ABI asks them to.
        unsafe { channel_by_channel(&raw const job) };
    }

    /// In the inner loop: r1 r3 r5 r7 first taps, r0 r2 r4 r6 sums, r8 groups, r9 the channel's first output, r10
    /// bias, r11 mantissa, r12 zero; q2 weights, q3 taps, q4 least, q5 greatest, q6 second factor, q7 outputs.
    #[unsafe(naked)]
    unsafe extern "C" fn channel_by_channel(job: *const Job) {
        naked_asm!(
            ".cpu cortex-m55",
            "push {{r4-r11, lr}}",
            "vpush {{d8-d15}}",
            "add r1, r0, #36",
            "ldm r1, {{r2-r10}}",
            "push {{r2-r10}}",
            "ldm r0, {{r2-r10}}",
            "push {{r2-r10}}",
            "ldr r0, [sp, #48]",
            "vldrb.8 q3, [r0]",
            "ldrd r0, r1, [sp, #64]",
            "vdup.32 q4, r0",
            "vdup.32 q5, r1",
            "ldr r12, [sp, #60]",
            // A channel: its constants, and what the next one's are.
            "1:",
            "ldm sp, {{r0-r4}}",
            "ldr r5, [sp, #44]",
            "ldr r6, [sp, #56]",
            "vctp.8 r5",
            "vpst",
            "vldrbt.u8 q2, [r2]",
            "add r2, r2, r5",
            "ldrsb r7, [r4], #1",
            "vmov.i32 q6, #1",
            "vqshl.s32 q6, r7",
            "vqadd.s32 q6, q6, r6",
            "ldrd r10, r11, [r3], #8",
            "mov r8, r0",
            "mov r9, r1",
            "adds r0, r0, #1",
            "adds r1, r1, #1",
            "stm sp, {{r0-r4}}",
            "add r0, sp, #20",
            "ldm r0, {{r1-r4}}",
            "wlstp.16 lr, r4, 4f",
            "2:",
            "vldrh.u16 q0, [r2], #16",
            "vldrh.u16 q1, [r3], #16",
            "vldrb.u16 q7, [r8, q0]",
            "vstrb.16 q7, [r1, q1]",
            "letp lr, 2b",
            "4:",
            "ldrd r8, r0, [sp, #36]",
            "dls lr, r0",
            "3:",
            "ldm r8!, {{r1, r3, r5, r7}}",
            "vldrw.u32 q7, [r8], #16",
            "vldrb.u8 q0, [r1, q3]",
            "vldrb.u8 q1, [r3, q3]",
            "vmladav.s8 r0, q0, q2",
            "vldrb.u8 q0, [r5, q3]",
            "vmladav.s8 r2, q1, q2",
            "vldrb.u8 q1, [r7, q3]",
            "vmladav.s8 r4, q0, q2",
            "vmladav.s8 r6, q1, q2",
            "vmov q0[2], q0[0], r0, r4",
            "vmov q0[3], q0[1], r2, r6",
            "vadd.i32 q0, q0, r10",
            "vqrdmulh.s32 q0, q0, r11",
            "vqrdmlash.s32 q0, q6, r12",
            "vmax.s32 q0, q0, q4",
            "vmin.s32 q0, q0, q5",
            "vstrb.32 q0, [r9, q7]",
            "le lr, 3b",
            "ldr r0, [sp, #52]",
            "subs r0, r0, #1",
            "str r0, [sp, #52]",
            "bne 1b",
            "add sp, sp, #72",
            "vpop {{d8-d15}}",
            "pop {{r4-r11, pc}}",
        )
    }
}
