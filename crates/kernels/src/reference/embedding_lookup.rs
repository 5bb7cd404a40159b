//! EMBEDDING_LOOKUP.

use quant::ZeroPoint;

use crate::{KernelError, blocks::Blocks as _};

/// A table of rows that are picked by number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct RowLookup {
    /// Rows of the table.
    pub rows: u32,
    /// Bytes of one row.
    pub row_bytes: u32,
}

/// Copies rows of a table: `output[i] = table[indices[i]]`.
///
/// | buffer    | order      | elements             | values        |
/// |-----------|------------|----------------------|---------------|
/// | `indices` | `[i]`      | any number           | 0 ..= rows − 1 |
/// | `table`   | `[row][b]` | rows · row_bytes     | any           |
/// | `output`  | `[i][b]`   | indices · row_bytes  | rows          |
///
/// # Exactness
/// The bytes of TFLM's EMBEDDING_LOOKUP.
///
/// # Cost
/// One copy of each byte written. No scratch.
///
/// # Errors
/// [`KernelError::Length`]; [`KernelError::Value`] when an index names no row, with the rows before it written.
pub fn embedding_lookup(
    lookup: &RowLookup,
    indices: &[i32],
    table: &[u8],
    output: &mut [u8],
) -> Result<(), KernelError> {
    let shape = (lookup.rows as usize, lookup.row_bytes as usize);
    look_up(shape, indices, table, output, |byte| byte)
}

/// Looks up rows of a table of so many rows of so many elements each; `write` makes an output of an element.
fn look_up<T: Copy, U>(
    (rows, row): (usize, usize),
    indices: &[i32],
    table: &[T],
    output: &mut [U],
    write: impl Fn(T) -> U,
) -> Result<(), KernelError> {
    KernelError::check(row.checked_mul(rows), table.len())?;
    KernelError::check(row.checked_mul(indices.len()), output.len())?;
    if row == 0 {
        return Ok(());
    }
    for (&index, out) in indices.iter().zip(output.blocks_mut(row)) {
        let index = usize::try_from(index).map_err(|_| KernelError::Value)?;
        let from = table.blocks(row).nth(index).ok_or(KernelError::Value)?;
        for (to, &from) in out.iter_mut().zip(from) {
            *to = write(from);
        }
    }
    Ok(())
}

/// A table of int8 rows that stand for real ones.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct DequantizingLookup {
    /// Rows of the table.
    pub rows: u32,
    /// Elements of one row.
    pub columns: u32,
    /// The real value of one step; the zero point is 0.
    pub scale: f32,
}

/// As [`embedding_lookup`], with rows of int8 written as the real numbers that they stand for.
///
/// # Exactness
/// The bits of TFLM's EMBEDDING_LOOKUP from int8 to float.
///
/// # Errors
/// As [`embedding_lookup`].
pub fn dequantized_lookup(
    lookup: &DequantizingLookup,
    indices: &[i32],
    table: &[i8],
    output: &mut [f32],
) -> Result<(), KernelError> {
    let shape = (lookup.rows as usize, lookup.columns as usize);
    look_up(shape, indices, table, output, |q| quant::dequantize(q.into(), lookup.scale, ZeroPoint(0)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_of_int8_become_real() {
        let lookup = DequantizingLookup { rows: 2, columns: 2, scale: 0.5 };
        let mut output = [f32::NAN; 2];
        assert_eq!(dequantized_lookup(&lookup, &[1], &[1, 2, -3, 4], &mut output), Ok(()));
        assert_eq!(output, [-1.5, 2.0]);
        let answer = dequantized_lookup(&lookup, &[2], &[1, 2, -3, 4], &mut output);
        assert_eq!(answer, Err(KernelError::Value));
    }

    #[test]
    fn rows_are_copied_and_a_bad_index_is_an_error() {
        let lookup = RowLookup { rows: 3, row_bytes: 2 };
        let table = [1, 2, 3, 4, 5, 6];
        let mut output = [0xa5; 4];
        assert_eq!(embedding_lookup(&lookup, &[2, 0], &table, &mut output), Ok(()));
        assert_eq!(output, [5, 6, 1, 2]);
        for index in [3, -1] {
            let answer = embedding_lookup(&lookup, &[index, 0], &table, &mut output);
            assert_eq!(answer, Err(KernelError::Value));
        }
        let short = embedding_lookup(&lookup, &[0], &table, &mut output);
        assert_eq!(short, Err(KernelError::Length));
    }
}
