//! From bytes of the image to the words that [`product`](super::product) reads.

#![cfg_attr(kernel_isa = "armv7em", allow(unsafe_code))]

#[cfg(kernel_isa = "armv7em")]
use core::{arch::naked_asm, mem::offset_of};

use crate::KernelError;

/// Widens pairs of pixels that follow each other, each of `channels` bytes, whole fours: of each four the even ones of
/// either pixel, then the odd ones. A single pixel is paired with itself.
#[inline(never)]
pub(super) fn widen_pixels(
    base: u32,
    pixels: &[i8],
    channels: usize,
    to: &mut [u32],
) -> Result<(), KernelError> {
    let pairs = to.len() / channels.max(1);
    let apart = if pixels.len() == channels { 0 } else { channels };
    let fits = channels.is_multiple_of(4)
        && pairs * channels == to.len()
        && pixels.len() == if apart == 0 { to.len() } else { 2 * to.len() };
    if !fits {
        return Err(KernelError::Geometry);
    }
    if !to.is_empty() {
        widen_pixels_checked(base, pixels, [channels, apart], to);
    }
    Ok(())
}

#[cfg(kernel_isa = "armv7em")]
fn widen_pixels_checked(base: u32, pixels: &[i8], [channels, apart]: [usize; 2], to: &mut [u32]) {
    let end = to.as_mut_ptr_range().end;
    // SAFETY: `widen_pixels` checked that there are pairs, of whole words, and that `to` has a word for every element of
    // one pixel of each.
    unsafe { widen_words(pixels.as_ptr(), channels, to.as_mut_ptr(), end, apart, base) };
}

#[cfg(not(kernel_isa = "armv7em"))]
fn widen_pixels_checked(base: u32, pixels: &[i8], [channels, apart]: [usize; 2], to: &mut [u32]) {
    for (pixels, to) in pixels.chunks_exact(channels + apart).zip(to.chunks_exact_mut(channels)) {
        let [p, q] = [pixels, &pixels[apart..]].map(|pixel| pixel.as_chunks::<4>().0);
        for (to, (p, q)) in to.as_chunks_mut::<4>().0.iter_mut().zip(p.iter().zip(q)) {
            let ([p0, p1], [q0, q1]) = (super::lanes::widen(base, p), super::lanes::widen(base, q));
            *to = [p0, q0, p1, q1];
        }
    }
}

/// r0 and r1 walk on the pixels of a pair; r2 is what is written, r3 its end, r10 bytes of a pixel, r11 from the first to
/// the second. Of an odd number of words the loop leaves out the first.
#[cfg(kernel_isa = "armv7em")]
#[unsafe(naked)]
unsafe extern "C" fn widen_words(
    pixels: *const i8,
    channels: usize,
    to: *mut u32,
    end: *const u32,
    apart: usize,
    base: u32,
) {
    naked_asm!(
        // Naked functions do not take the features of the core that rustc is told, such as the DSP extension of an M33.
        ".cpu cortex-m4",
        ".macro mj_widen",
        "ldr r4, [r0], #4",
        "ldr r5, [r1], #4",
        "sxtab16 r6, r12, r4",
        "sxtab16 r7, r12, r5",
        "sxtab16 r8, r12, r4, ror #8",
        "sxtab16 r9, r12, r5, ror #8",
        "sxtab16 r6, r6, r4",
        "sxtab16 r7, r7, r5",
        "sxtab16 r8, r8, r4, ror #8",
        "sxtab16 r9, r9, r5, ror #8",
        "str r6, [r2], #16",
        "str r7, [r2, #-12]",
        "str r8, [r2, #-8]",
        "str r9, [r2, #-4]",
        ".endm",
        "push {{r4-r11, lr}}",
        "ldr r11, [sp, #36]",
        "ldr r12, [sp, #40]",
        "mov r10, r1",
        "2:",
        "add r1, r0, r11",
        "add lr, r2, r10, lsl #2",
        "tst r10, #4",
        "bne 4f",
        "3:",
        "mj_widen",
        "4:",
        "mj_widen",
        "cmp r2, lr",
        "bne 3b",
        "mov r0, r1",
        "cmp r2, r3",
        "bne 2b",
        "pop.w {{r4-r11, pc}}",
        ".purgem mj_widen",
    )
}

/// Widens elements in their order.
#[inline(never)]
pub(super) fn widen_run(base: u32, from: &[i8], to: &mut [i16]) -> Result<(), KernelError> {
    KernelError::check(Some(to.len()), from.len())?;
    widen_run_checked(base, from, to);
    Ok(())
}

#[cfg(kernel_isa = "armv7em")]
fn widen_run_checked(base: u32, from: &[i8], to: &mut [i16]) {
    // SAFETY: `widen_run` checked that there are as many elements as are written.
    unsafe { widen_elements(from.as_ptr(), from.len(), to.as_mut_ptr(), base) };
}

#[cfg(not(kernel_isa = "armv7em"))]
fn widen_run_checked(base: u32, from: &[i8], to: &mut [i16]) {
    for (to, &q) in to.iter_mut().zip(from) {
        *to = (base as i16).wrapping_add(2 * i16::from(q));
    }
}

/// r0 is read, r1 counts elements, r2 is written. Words of `to` need not begin at a word.
#[cfg(kernel_isa = "armv7em")]
#[unsafe(naked)]
unsafe extern "C" fn widen_elements(from: *const i8, count: usize, to: *mut i16, base: u32) {
    naked_asm!(
        // Naked functions do not take the features of the core that rustc is told, such as the DSP extension of an M33.
        ".cpu cortex-m4",
        ".macro mj_widen_in_order",
        "ldr r4, [r0], #8",
        "ldr r5, [r0, #-4]",
        "sxtab16 r6, r3, r4",
        "sxtab16 r7, r3, r4, ror #8",
        "sxtab16 r12, r3, r5",
        "sxtab16 lr, r3, r5, ror #8",
        "sxtab16 r6, r6, r4",
        "sxtab16 r7, r7, r4, ror #8",
        "sxtab16 r12, r12, r5",
        "sxtab16 lr, lr, r5, ror #8",
        "pkhbt r4, r6, r7, lsl #16",
        "pkhtb r7, r7, r6, asr #16",
        "pkhbt r5, r12, lr, lsl #16",
        "pkhtb lr, lr, r12, asr #16",
        "str r4, [r2], #16",
        "str r7, [r2, #-12]",
        "str r5, [r2, #-8]",
        "str lr, [r2, #-4]",
        ".endm",
        "push {{r4-r8, lr}}",
        // Turns of the loop; of an odd number of eights it leaves out the first.
        "lsrs r4, r1, #3",
        "and r1, r1, #7",
        "beq 6f",
        "lsrs r8, r4, #1",
        "bcc 2f",
        "add r8, r8, #1",
        "b 3f",
        "2:",
        "mj_widen_in_order",
        "3:",
        "mj_widen_in_order",
        "subs r8, r8, #1",
        "bne 2b",
        "6:",
        "cbz r1, 5f",
        "4:",
        "ldrsb r4, [r0], #1",
        "add r4, r3, r4, lsl #1",
        "strh r4, [r2], #2",
        "subs r1, r1, #1",
        "bne 4b",
        "5:",
        "pop.w {{r4-r8, pc}}",
        ".purgem mj_widen_in_order",
    )
}

/// Windows of neighbouring pixels in an image of widened elements.
#[derive(Clone, Copy, Debug)]
pub(super) struct Windows {
    /// Rows of a window.
    pub rows: usize,
    /// Words of each, from anywhere in the image.
    pub words: usize,
    /// Elements from one row to the next; not less than those of the words.
    pub pitch: usize,
    /// Elements from one pair of windows to the next.
    pub step: usize,
}

impl Windows {
    /// Elements from the first of a window to behind its last, `pairs` pairs on; `None` where there is none.
    fn reach(self, pairs: usize) -> Option<usize> {
        let rows = self.rows.checked_sub(1)?.checked_mul(self.pitch)?;
        let pairs = pairs.checked_sub(1)?.checked_mul(self.step)?;
        rows.checked_add(pairs)?.checked_add(2 * self.words)
    }
}

/// Copies the windows that begin where `p` and `q` do, and pairs after them, word by word in turn.
#[inline(never)]
pub(super) fn copy_windows(
    windows: Windows,
    p: &[i16],
    q: &[i16],
    to: &mut [u32],
) -> Result<(), KernelError> {
    let pair_words = 2 * windows.rows * windows.words;
    let pairs = to.len() / pair_words.max(1);
    let reach = windows.reach(pairs).ok_or(KernelError::Geometry)?;
    let fits = p.len() >= reach
        && q.len() >= reach
        && pairs * pair_words == to.len()
        && windows.words > 0
        && windows.pitch >= 2 * windows.words;
    if !fits {
        return Err(KernelError::Geometry);
    }
    copy_windows_checked(windows, p, q, pairs, to);
    Ok(())
}

#[cfg(kernel_isa = "armv7em")]
fn copy_windows_checked(windows: Windows, p: &[i16], q: &[i16], pairs: usize, to: &mut [u32]) {
    let Windows { rows, words, pitch, step } = windows;
    let job = Job {
        p: p.as_ptr(),
        q: q.as_ptr(),
        to: to.as_mut_ptr(),
        rows,
        words,
        skip_bytes: 2 * (pitch - 2 * words),
        pairs,
        step_bytes: (2 * step).wrapping_sub(2 * rows * pitch),
    };
    // SAFETY: `copy_windows` checked that the last windows of `p` and `q` end in them, and that `to` has room for all
    // pairs; there are pairs, rows and words of them.
    unsafe { copy_words(&job) };
}

#[cfg(not(kernel_isa = "armv7em"))]
fn copy_windows_checked(windows: Windows, p: &[i16], q: &[i16], pairs: usize, to: &mut [u32]) {
    let word = |of: &[i16], at: usize| super::lanes::pack(of[at].into(), of[at + 1].into());
    let Windows { rows, words, pitch, step } = windows;
    let mut to = to.as_chunks_mut::<2>().0.iter_mut();
    for at in (0..pairs).flat_map(|pair| (0..rows).map(move |row| pair * step + row * pitch)) {
        for (index, to) in (0..words).zip(&mut to) {
            *to = [p, q].map(|of| word(of, at + 2 * index));
        }
    }
}

/// What [`copy_words`] does.
#[cfg(kernel_isa = "armv7em")]
#[repr(C)]
struct Job {
    p: *const i16,
    q: *const i16,
    to: *mut u32,
    rows: usize,
    words: usize,
    /// From the end of a row's words to the next row.
    skip_bytes: usize,
    pairs: usize,
    /// From behind the last row of a pair to the next pair, modulo 2^32.
    step_bytes: usize,
}

/// r0 and r1 walk on the windows, r2 on what is written; r3 counts rows, r4 eights of words, r12 pairs. Words of
/// windows need not begin at a word. Of words that are no eights the loop leaves out the
/// first.
#[cfg(kernel_isa = "armv7em")]
#[unsafe(naked)]
unsafe extern "C" fn copy_words(job: *const Job) {
    naked_asm!(
        // Naked functions do not take the features of the core that rustc is told, such as the DSP extension of an M33.
        ".cpu cortex-m4",
        ".macro mj_copy",
        "ldr r5, [r0], #4",
        "ldr r6, [r1], #4",
        "str r5, [r2], #4",
        "str r6, [r2], #4",
        ".endm",
        "push {{r4-r11, lr}}",
        "mov r3, r0",
        "ldr r0, [r3, #{p}]",
        "ldr r1, [r3, #{q}]",
        "ldr r2, [r3, #{to}]",
        "ldr r7, [r3, #{rows}]",
        "ldr r5, [r3, #{words}]",
        "ldr r9, [r3, #{skip_bytes}]",
        "ldr r12, [r3, #{pairs}]",
        "ldr r10, [r3, #{step_bytes}]",
        // Turns of the loop, and where the first begins: 16 bytes for each word that it leaves out.
        "adds r4, r5, #7",
        "lsrs r4, r4, #3",
        "mov r8, r4",
        "lsls r4, r4, #3",
        "subs r4, r4, r5",
        "adr.w r11, 4f",
        "add r11, r11, #1",
        "add r11, r11, r4, lsl #4",
        "2:",
        "mov r3, r7",
        "3:",
        "mov r4, r8",
        "bx r11",
        ".p2align 2",
        "4:",
        ".rept 8",
        "mj_copy",
        ".endr",
        "subs r4, r4, #1",
        "bne 4b",
        "add r0, r0, r9",
        "add r1, r1, r9",
        "subs r3, r3, #1",
        "bne 3b",
        "add r0, r0, r10",
        "add r1, r1, r10",
        "subs.w r12, r12, #1",
        "bne 2b",
        "pop.w {{r4-r11, pc}}",
        ".purgem mj_copy",
        p = const offset_of!(Job, p),
        q = const offset_of!(Job, q),
        to = const offset_of!(Job, to),
        rows = const offset_of!(Job, rows),
        words = const offset_of!(Job, words),
        skip_bytes = const offset_of!(Job, skip_bytes),
        pairs = const offset_of!(Job, pairs),
        step_bytes = const offset_of!(Job, step_bytes),
    )
}
