//! A copy that picks by tables: RESIZE_NEAREST_NEIGHBOR and MIRROR_PAD.

use crate::{KernelError, blocks::Blocks as _};

/// Most dimensions of a [`PickNd`].
pub const PICK_DIMS: usize = 8;

/// Which run of the input each run of the output is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct PickNd {
    /// Bytes that stay together.
    pub run_bytes: u32,
    /// Sizes of the output, outermost first; those not needed are 1.
    pub counts: [u32; PICK_DIMS],
}

/// `output[i][j]…[k] = input[tables[0][i] + tables[1][j] + … ..][..run_bytes]`
///
/// | buffer   | order                    | elements            | values              |
/// |----------|--------------------------|---------------------|---------------------|
/// | `input`  | as the tables say        | bytes               | any                 |
/// | `tables` | one after the other      | sum of `counts`     | offsets in bytes    |
/// | `output` | dense                    | product of `counts`, runs | any           |
///
/// # Exactness
/// Moves bytes; computes nothing.
///
/// # Cost
/// One copy and up to eight additions per run. No scratch.
///
/// # Errors
/// [`KernelError::Length`] when tables or output do not fit, [`KernelError::Geometry`] when a run leaves the
/// input.
pub fn pick_nd(pick: &PickNd, input: &[u8], tables: &[u32], output: &mut [u8]) -> Result<(), KernelError> {
    let run = pick.run_bytes as usize;
    let sum = pick.counts.iter().try_fold(0usize, |sum, &count| sum.checked_add(count as usize));
    KernelError::check(sum, tables.len())?;
    let bytes = pick.counts.iter().try_fold(run, |product, &count| product.checked_mul(count as usize));
    KernelError::check(bytes, output.len())?;
    let mut at = [0u32; PICK_DIMS];
    for target in output.blocks_mut(run) {
        let mut from = 0usize;
        let mut rest = tables;
        for (&index, &count) in at.iter().zip(&pick.counts) {
            let (table, others) = rest.split_at_checked(count as usize).ok_or(KernelError::Geometry)?;
            from = from.wrapping_add(table.get(index as usize).copied().unwrap_or(0) as usize);
            rest = others;
        }
        let source = input.get(from..).and_then(|rest| rest.get(..run)).ok_or(KernelError::Geometry)?;
        for (to, from) in target.iter_mut().zip(source) {
            *to = *from;
        }
        for (index, &count) in at.iter_mut().zip(&pick.counts).rev() {
            *index += 1;
            if *index < count {
                break;
            }
            *index = 0;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn picks_rows_and_columns() {
        let pick = PickNd { run_bytes: 1, counts: [1, 1, 1, 1, 1, 1, 2, 3] };
        let tables = [0, 0, 0, 0, 0, 0, 2, 0, 1, 1, 0];
        let mut output = [0; 6];
        pick_nd(&pick, &[1, 2, 3, 4], &tables, &mut output).unwrap();
        assert_eq!(output, [4, 4, 3, 2, 2, 1]);
    }

    #[test]
    fn a_table_that_leaves_the_input_is_an_error() {
        let pick = PickNd { run_bytes: 2, counts: [1; 8] };
        let result = pick_nd(&pick, &[1, 2], &[0, 0, 0, 0, 0, 0, 0, 1], &mut [0; 2]);
        assert_eq!(result, Err(KernelError::Geometry));
        assert!(pick_nd(&pick, &[1, 2], &[0; 7], &mut [0; 2]).is_err());
        assert!(pick_nd(&pick, &[1, 2], &[0; 8], &mut [0; 3]).is_err());
    }
}
