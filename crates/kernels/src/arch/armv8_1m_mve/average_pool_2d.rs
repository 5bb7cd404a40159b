//! AVERAGE_POOL_2D, eight channels at a time.

#![cfg_attr(kernel_isa = "armv8_1m_mve", allow(unsafe_code))]

use core::num::NonZeroU32;

use crate::{Hwc, KernelError, Taps};
use crate::{blocks::Blocks as _, reference::Pool2d};

/// Channels whose sums are in one vector.
const LANES: usize = 8;

/// Means of windows.
#[derive(Clone, Copy, Debug, PartialEq, bytemuck::Pod, bytemuck::Zeroable)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[repr(C)]
pub struct HeliumAveragePool2d {
    /// As [`average_pool_2d_s8`](crate::reference::average_pool_2d_s8) has it.
    pub pool: Pool2d,
}

impl HeliumAveragePool2d {
    /// The most taps whose sum 16 bits hold: `256 · −128 = −2^15`.
    pub const MOST_TAPS: usize = 256;

    /// Windows that this kernel can compute; `None` for others.
    pub fn new(pool: Pool2d) -> Option<Self> {
        let fits = pool.window.taps() <= Self::MOST_TAPS && pool.window.input.c as usize >= LANES;
        fits.then_some(Self { pool })
    }

    /// Pools; byte for byte [`average_pool_2d_s8`](crate::reference::average_pool_2d_s8).
    ///
    /// # Cost
    /// Half an instruction per tap, and one division per output. No scratch.
    ///
    /// # Errors
    /// [`KernelError::Length`]; [`KernelError::Geometry`], also for windows that [`HeliumAveragePool2d::new`] would
    /// not take.
    pub fn run(&self, input: &[i8], output: &mut [i8]) -> Result<(), KernelError> {
        self.pool.check(input.len(), output.len())?;
        if Self::new(self.pool).is_none() {
            return Err(KernelError::Geometry);
        }
        let window = &self.pool.window;
        let channels = window.input.c as usize;
        let row = window.input.w as usize * channels;
        let image = |size: Hwc| size.elements().unwrap_or(0);
        for (input, output) in input.blocks(image(window.input)).zip(output.blocks_mut(image(window.output)))
        {
            let mut pixels = output.blocks_mut(channels);
            for y in 0..window.output.h {
                let rows = window.rows(y);
                for x in 0..window.output.w {
                    let columns = window.columns(x);
                    let Some(pixel) = pixels.next() else { return Ok(()) };
                    self.pixel(&rows, &columns, input, row, pixel)?;
                }
            }
        }
        Ok(())
    }

    fn pixel(
        &self,
        rows: &Taps,
        columns: &Taps,
        input: &[i8],
        row: usize,
        pixel: &mut [i8],
    ) -> Result<(), KernelError> {
        let channels = pixel.len();
        let count = NonZeroU32::new((rows.count() * columns.count()) as u32);
        // Rows that the window spans whole are one run.
        let (runs, pixels) = if columns.count() * channels == row {
            (1, rows.count() * columns.count())
        } else {
            (rows.count(), columns.count())
        };
        let first = rows.first * row + columns.first * channels;
        for channel in (0..channels).step_by(LANES) {
            // The last channels overlap those before them.
            let channel = channel.min(channels.saturating_sub(LANES));
            let mut sums = [0i16; LANES];
            if count.is_some() {
                for run in 0..runs {
                    let from = input.get(first + run * row + channel..).unwrap_or_default();
                    if !add_pixels(from, pixels, channels, &mut sums) {
                        return Err(KernelError::Geometry);
                    }
                }
            }
            for (out, &sum) in pixel.iter_mut().skip(channel).zip(&sums) {
                let mean = count.map_or(0, |count| quant::rounded_quotient(sum.into(), count));
                *out = self.pool.clamp.apply(mean) as i8;
            }
        }
        Ok(())
    }
}

/// Adds the first eight elements of every pixel to sums, which wrap; whether they all lay inside `from`.
fn add_pixels(from: &[i8], pixels: usize, step: usize, sums: &mut [i16; LANES]) -> bool {
    let Some(last) = pixels.checked_sub(1) else { return true };
    let fits =
        last.checked_mul(step).and_then(|at| at.checked_add(LANES)).is_some_and(|end| end <= from.len());
    if fits {
        add(from, pixels, step, sums);
    }
    fits
}

#[cfg(not(kernel_isa = "armv8_1m_mve"))]
fn add(from: &[i8], pixels: usize, step: usize, sums: &mut [i16; LANES]) {
    for pixel in 0..pixels {
        for (sum, &q) in sums.iter_mut().zip(&from[pixel * step..]) {
            *sum = sum.wrapping_add(q.into());
        }
    }
}

#[cfg(kernel_isa = "armv8_1m_mve")]
fn add(from: &[i8], pixels: usize, step: usize, sums: &mut [i16; LANES]) {
    // SAFETY: `add_pixels` checked that eight elements of each of `pixels` pixels lie in `from`, and that there is a
    // pixel. The loop changes only the registers named and the sums.
    unsafe {
        core::arch::asm!(
            "vldrh.u16 q0, [r1]",
            "dls lr, {pixels}",
            "2:",
            "vldrb.s16 q1, [r0]",
            "add r0, r0, {step}",
            "vadd.i16 q0, q0, q1",
            "le lr, 2b",
            "vstrh.16 q0, [r1]",
            pixels = in(reg) pixels,
            step = in(reg) step,
            inout("r0") from.as_ptr() => _,
            in("r1") sums.as_mut_ptr(),
            out("lr") _,
            out("q0") _,
            out("q1") _,
            options(nostack),
        );
    }
}
