//! Bytes of two columns of an image, laid out as pairs.
#![allow(unsafe_code)]

use core::arch::naked_asm;

use crate::arch::narrow::inner::{Side, area};

/// Writes one column of pairs: r0 words, r1 and r2 the two bytes, r3 and r4 from row to row, r12 the words' end.
///
/// # Safety
/// The words, at least one, end at `end`, and every step from byte to byte stays readable.
#[unsafe(naked)]
unsafe extern "C" fn column(
    words: *mut u32,
    left: *const i8,
    right: *const i8,
    left_step: usize,
    right_step: usize,
    end: *const u32,
) {
    naked_asm!(
        "push {{r4-r7}}
         ldr r4, [sp, #16]
         ldr r5, [sp, #20]
         mov r12, r5
         movs r7, #0
         20:
         ldrsb r5, [r1, r7]
         ldrsb r6, [r2, r7]
         lsls r6, r6, #16
         adds r5, r5, r6
         stmia r0!, {{r5}}
         adds r1, r1, r3
         adds r2, r2, r4
         cmp r0, r12
         bne 20b
         pop {{r4-r7}}
         bx lr",
    )
}

/// As [`inner::pair_column`](crate::arch::narrow::inner::pair_column), for bytes that are there.
pub(crate) fn pair_column(words: &mut [u32], left: Side<'_>, right: Side<'_>) {
    let fits = |side: &Side<'_>| {
        let last = words.len().checked_sub(1).and_then(|last| area(last, side.step));
        last.is_some_and(|last| last < side.bytes.len())
    };
    if !fits(&left) || !fits(&right) {
        return;
    }
    let words = words.as_mut_ptr_range();
    // SAFETY: both sides have a byte for every word, as just seen, and there is a word.
    unsafe {
        column(words.start, left.bytes.as_ptr(), right.bytes.as_ptr(), left.step, right.step, words.end);
    }
}
