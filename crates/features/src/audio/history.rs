//! The last rows of a stream, in order: a model's input.

use crate::error::BufferError;

/// The last `ROWS` rows that were pushed.
///
/// ```
/// let mut history = features::History::<3, 2>::new();
/// for i in 0..4 {
///     history.push(&[i, 10 * i]);
/// }
/// let mut input = [0; 6];
/// history.copy_to(&mut input).unwrap();
/// assert_eq!(input, [1, 10, 2, 20, 3, 30]);
/// ```
#[derive(Clone, Debug)]
pub struct History<const ROWS: usize, const COLUMNS: usize> {
    ring: [[i8; COLUMNS]; ROWS],
    next: usize,
    full: bool,
}

impl<const ROWS: usize, const COLUMNS: usize> History<ROWS, COLUMNS> {
    /// No rows yet.
    pub const fn new() -> Self {
        Self { ring: [[0; COLUMNS]; ROWS], next: 0, full: false }
    }

    /// Adds the newest row; the oldest goes.
    pub fn push(&mut self, row: &[i8; COLUMNS]) {
        if let Some(place) = self.ring.get_mut(self.next) {
            *place = *row;
        }
        self.next += 1;
        if self.next >= ROWS {
            self.next = 0;
            self.full = true;
        }
    }

    /// Whether `ROWS` rows have come since the start.
    pub const fn is_full(&self) -> bool {
        self.full
    }

    /// Writes the rows, oldest first, into a model's input. Rows that have not come yet are zero and stand first.
    ///
    /// # Errors
    /// An `input` that is not `ROWS · COLUMNS` long.
    pub fn copy_to(&self, input: &mut [i8]) -> Result<(), BufferError> {
        BufferError::check(ROWS.saturating_mul(COLUMNS), input.len())?;
        let Some((newer, older)) = self.ring.split_at_checked(self.next) else { return Ok(()) };
        for (to, from) in input.iter_mut().zip(older.iter().chain(newer).flatten()) {
            *to = *from;
        }
        Ok(())
    }
}

impl<const ROWS: usize, const COLUMNS: usize> Default for History<ROWS, COLUMNS> {
    fn default() -> Self {
        Self::new()
    }
}
