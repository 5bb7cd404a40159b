//! Bytes brought together for the inner loops.

#![cfg_attr(kernel_isa = "armv8_1m_mve", allow(unsafe_code))]

/// Copies `pixels` windows one behind the other. A window is `runs.len()` runs of `run` elements, the first
/// element of each given as a distance from the window's origin; the origin moves by `step` from window to window.
///
/// Returns whether everything lay inside `from` and `to`; if not, nothing is copied.
pub(super) fn copy_windows(windows: &Windows<'_>, from: &[i8], to: &mut [i8]) -> bool {
    let Windows { runs, run, pixels, step } = *windows;
    let Some(last) = pixels.checked_sub(1) else { return true };
    let furthest = runs.iter().fold(0, |most: u32, &at| most.max(at)) as usize;
    let read = last.checked_mul(step).and_then(|at| at.checked_add(furthest)?.checked_add(run));
    let written = runs.len().checked_mul(run).and_then(|window| window.checked_mul(pixels));
    let fits = read.is_some_and(|end| end <= from.len()) && written.is_some_and(|end| end <= to.len());
    if fits && run > 0 && !runs.is_empty() {
        copy(windows, from, to);
    }
    fits
}

/// Which windows [`copy_windows`] copies.
#[derive(Clone, Copy, Debug)]
pub(super) struct Windows<'a> {
    pub runs: &'a [u32],
    pub run: usize,
    pub pixels: usize,
    pub step: usize,
}

#[cfg(not(kernel_isa = "armv8_1m_mve"))]
fn copy(windows: &Windows<'_>, from: &[i8], to: &mut [i8]) {
    for (pixel, to) in to.chunks_exact_mut(windows.runs.len() * windows.run).take(windows.pixels).enumerate()
    {
        for (to, &at) in to.chunks_exact_mut(windows.run).zip(windows.runs) {
            let at = pixel * windows.step + at as usize;
            to.copy_from_slice(&from[at..at + windows.run]);
        }
    }
}

#[cfg(kernel_isa = "armv8_1m_mve")]
use helium::copy;

#[cfg(kernel_isa = "armv8_1m_mve")]
mod helium {
    use core::arch::naked_asm;

    use super::Windows;

    #[repr(C)]
    struct Job {
        to: *mut i8,
        from: *const i8,
        runs: *const u32,
        run_count: usize,
        run: usize,
        pixels: usize,
        step: usize,
    }

    pub(super) fn copy(windows: &Windows<'_>, from: &[i8], to: &mut [i8]) {
        let job = Job {
            to: to.as_mut_ptr(),
            from: from.as_ptr(),
            runs: windows.runs.as_ptr(),
            run_count: windows.runs.len(),
            run: windows.run,
            pixels: windows.pixels,
            step: windows.step,
        };
        // SAFETY: `copy_windows` checked that every run of every window lies inside `from` and that all of
        // them fit into `to`, and that there is a run, a pixel and an element; the loops touch nothing else.
        unsafe { copy_job(&raw const job) };
    }

    #[unsafe(naked)]
    unsafe extern "C" fn copy_job(job: *const Job) {
        naked_asm!(
            ".cpu cortex-m55",
            "push {{r4-r11, lr}}",
            "ldm r0, {{r1-r7}}",
            "1:",
            "mov r8, r3",
            "mov r9, r4",
            "2:",
            "ldr r10, [r8], #4",
            "mov r11, r1",
            "add r10, r10, r2",
            "add r1, r1, r5",
            "dlstp.8 lr, r5",
            "3:",
            "vldrb.u8 q0, [r10], #16",
            "vstrb.8 q0, [r11], #16",
            "letp lr, 3b",
            "subs r9, r9, #1",
            "bne 2b",
            "add r2, r2, r7",
            "subs r6, r6, #1",
            "bne 1b",
            "pop {{r4-r11, pc}}",
        )
    }
}
