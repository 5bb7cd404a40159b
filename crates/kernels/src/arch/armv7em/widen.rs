//! Windows of two pixels, widened into pairs of words as [`product`](super::product) reads them.

#![cfg_attr(kernel_isa = "armv7em", allow(unsafe_code))]

#[cfg(kernel_isa = "armv7em")]
use core::arch::naked_asm;

use crate::KernelError;

/// Rows of an image that are read with words in between that are not.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rows {
    /// How many.
    pub rows: usize,
    /// Bytes read of each.
    pub run: usize,
    /// From the beginning of one to that of the next, in bytes; not less than `run`.
    pub pitch: usize,
}

impl Rows {
    /// Bytes from the first to behind the last.
    const fn reach(self) -> usize {
        match self.rows {
            0 => 0,
            rows => (rows - 1).saturating_mul(self.pitch).saturating_add(self.run),
        }
    }
}

/// Widens rows of two pixels that begin where `p` and `q` do: of each four elements the even ones of either, then the
/// odd ones. `run` is a number of whole words.
#[inline(never)]
pub(super) fn widen_rows(
    base: u32,
    p: &[i8],
    q: &[i8],
    rows: Rows,
    to: &mut [u32],
) -> Result<(), KernelError> {
    let fits = p.len() >= rows.reach()
        && q.len() >= rows.reach()
        && rows.run.is_multiple_of(4)
        && rows.pitch >= rows.run;
    if !fits {
        return Err(KernelError::Geometry);
    }
    KernelError::check(rows.rows.checked_mul(rows.run), to.len())?;
    if !to.is_empty() {
        widen_checked(base, p, q, rows, to);
    }
    Ok(())
}

#[cfg(kernel_isa = "armv7em")]
fn widen_checked(base: u32, p: &[i8], q: &[i8], rows: Rows, to: &mut [u32]) {
    let Rows { rows, run, pitch } = rows;
    // SAFETY: `widen_rows` checked that `p` and `q` hold all rows, whole words of which there are some, and that `to`
    // has a word for every element of one of them.
    unsafe { widen_words(p.as_ptr(), q.as_ptr(), to.as_mut_ptr(), run / 4, rows, pitch - run, base) };
}

#[cfg(not(kernel_isa = "armv7em"))]
fn widen_checked(base: u32, p: &[i8], q: &[i8], rows: Rows, to: &mut [u32]) {
    for (index, to) in to.chunks_exact_mut(rows.run).enumerate() {
        let [p, q] = [p, q].map(|pixel| pixel[index * rows.pitch..][..rows.run].as_chunks::<4>().0);
        for (to, (p, q)) in to.as_chunks_mut::<4>().0.iter_mut().zip(p.iter().zip(q)) {
            let ([p0, p1], [q0, q1]) = (super::lanes::widen(base, p), super::lanes::widen(base, q));
            *to = [p0, q0, p1, q1];
        }
    }
}

/// r0 and r1 are the pixels, r2 what is written, r3 words in a row; on the stack rows, bytes to skip, base.
#[cfg(kernel_isa = "armv7em")]
#[unsafe(naked)]
unsafe extern "C" fn widen_words(
    p: *const i8,
    q: *const i8,
    to: *mut u32,
    words: usize,
    rows: usize,
    skip: usize,
    base: u32,
) {
    naked_asm!(
        // Naked functions do not take the features of the core that rustc is told, such as the DSP extension of an M33.
        ".cpu cortex-m4",
        "push {{r4-r11, lr}}",
        "ldr r10, [sp, #36]",
        "ldr r11, [sp, #40]",
        "ldr r12, [sp, #44]",
        "2:",
        "mov lr, r3",
        "3:",
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
        "subs lr, lr, #1",
        "bne 3b",
        "add r0, r0, r11",
        "add r1, r1, r11",
        "subs r10, r10, #1",
        "bne 2b",
        "pop.w {{r4-r11, pc}}",
    )
}

/// Copies rows to where they stand `pitch` bytes apart.
#[inline(never)]
pub(super) fn copy_rows(from: &[i8], rows: Rows, to: &mut [i8], pitch: usize) -> Result<(), KernelError> {
    let reach = Rows { pitch, ..rows }.reach();
    if from.len() < rows.reach() || to.len() < reach || pitch < rows.run || rows.pitch < rows.run {
        return Err(KernelError::Geometry);
    }
    if rows.rows > 0 && rows.run > 0 {
        copy_checked(from, rows, to, pitch);
    }
    Ok(())
}

#[cfg(kernel_isa = "armv7em")]
fn copy_checked(from: &[i8], rows: Rows, to: &mut [i8], pitch: usize) {
    // SAFETY: `copy_rows` checked that either side holds all rows, and that there are rows and bytes in them.
    unsafe { copy_bytes(from.as_ptr(), to.as_mut_ptr(), rows.run, rows.rows, rows.pitch, pitch) };
}

#[cfg(not(kernel_isa = "armv7em"))]
fn copy_checked(from: &[i8], rows: Rows, to: &mut [i8], pitch: usize) {
    for index in 0..rows.rows {
        to[index * pitch..][..rows.run].copy_from_slice(&from[index * rows.pitch..][..rows.run]);
    }
}

/// r0 is read, r1 written, r2 bytes of a row, r3 rows; on the stack the pitch of either.
#[cfg(kernel_isa = "armv7em")]
#[unsafe(naked)]
unsafe extern "C" fn copy_bytes(
    from: *const i8,
    to: *mut i8,
    run: usize,
    rows: usize,
    from_pitch: usize,
    to_pitch: usize,
) {
    naked_asm!(
        // Naked functions do not take the features of the core that rustc is told, such as the DSP extension of an M33.
        ".cpu cortex-m4",
        "push {{r4-r8, lr}}",
        "ldr r4, [sp, #24]",
        "ldr r5, [sp, #28]",
        "2:",
        "mov r6, r0",
        "mov r7, r1",
        "subs r12, r2, #4",
        "blo 4f",
        "3:",
        "ldr lr, [r6], #4",
        "str lr, [r7], #4",
        "subs r12, r12, #4",
        "bhs 3b",
        "4:",
        "adds r12, r12, #4",
        "beq 6f",
        "5:",
        "ldrb lr, [r6], #1",
        "strb lr, [r7], #1",
        "subs r12, r12, #1",
        "bne 5b",
        "6:",
        "add r0, r0, r4",
        "add r1, r1, r5",
        "subs r3, r3, #1",
        "bne 2b",
        "pop.w {{r4-r8, pc}}",
    )
}
