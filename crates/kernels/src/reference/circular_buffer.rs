//! The custom operator CIRCULAR_BUFFER.

use crate::KernelError;

/// Drops the oldest of some slots and appends a new one.
///
/// ```text
/// slots[0 .. n − 1] = slots[1 .. n]     slots[n − 1] = newest
/// ```
///
/// | buffer   | order           | elements      |
/// |----------|-----------------|---------------|
/// | `newest` | any             | one slot      |
/// | `slots`  | oldest first    | whole slots   |
///
/// # Exactness
/// The bytes of TFLM's `CircularBufferEval`.
///
/// # Errors
/// [`KernelError::Length`] when `slots` is not a whole number of slots; nothing is written then.
pub fn circular_buffer(newest: &[u8], slots: &mut [u8]) -> Result<(), KernelError> {
    let depth = newest.len();
    if depth == 0 || slots.is_empty() || !slots.len().is_multiple_of(depth) {
        return Err(KernelError::Length);
    }
    slots.rotate_left(depth);
    for (place, &byte) in slots.iter_mut().rev().zip(newest.iter().rev()) {
        *place = byte;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_goes_and_the_newest_comes_last() {
        let mut slots = [1, 2, 3, 4, 5, 6];
        assert_eq!(circular_buffer(&[7, 8], &mut slots), Ok(()));
        assert_eq!(slots, [3, 4, 5, 6, 7, 8]);
        assert!(circular_buffer(&[7, 8, 9, 10], &mut slots).is_err());
        assert!(circular_buffer(&[], &mut slots).is_err());
        assert_eq!(slots, [3, 4, 5, 6, 7, 8]);
    }
}
