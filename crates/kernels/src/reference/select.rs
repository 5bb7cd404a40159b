//! SELECT and SELECT_V2.

use super::pairwise::Source;
use crate::{Broadcast, KernelError};

/// Takes each element from `a` where the condition is true, else from `b`, broadcasting any of them.
///
/// ```text
/// output = a if condition ≠ 0, else b
/// ```
///
/// | buffer      | order                | elements             | values   |
/// |-------------|----------------------|----------------------|----------|
/// | `condition` | as `walk` reads it, as operand 0 | as [`Broadcast`] | any |
/// | `a`, `b`    | as `walk` reads them, as operands 1 and 2 | as [`Broadcast`] | any |
/// | `output`    | dense                | product of `extents` | of `a`, `b` |
///
/// # Exactness
/// Elements are moved, not changed: only their size matters.
///
/// # Cost
/// One move per element. No scratch.
///
/// # Errors
/// As [`Broadcast::check`]; `output` is then untouched.
pub fn select<T: Copy>(
    walk: &Broadcast,
    condition: &[u8],
    a: Source<'_, T>,
    b: Source<'_, T>,
    output: &mut [T],
) -> Result<(), KernelError> {
    walk.check(output.len(), [condition.len(), a.len(output.len()), b.len(output.len())])?;
    let rows = walk.rows::<3>();
    let (len, [condition_step, a_step, b_step]) = (rows.len, rows.steps);
    let mut at = 0usize;
    for [mut condition_at, mut a_at, mut b_at] in rows {
        for _ in 0..len {
            let taken = match condition.get(condition_at) {
                Some(0) => b.get(output, b_at),
                _ => a.get(output, a_at),
            };
            if let (Some(taken), Some(out)) = (taken, output.get_mut(at)) {
                *out = taken;
            }
            condition_at = condition_at.wrapping_add(condition_step);
            a_at = a_at.wrapping_add(a_step);
            b_at = b_at.wrapping_add(b_step);
            at = at.wrapping_add(1);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_operand_may_repeat() {
        let walk = Broadcast::of(&[2, 3], &[&[2, 1], &[3], &[]]).unwrap();
        let mut output = [0; 6];
        let (a, b) = (Source::Given(&[1, 2, 3][..]), Source::Given(&[9][..]));
        select(&walk, &[0, 1], a, b, &mut output).unwrap();
        assert_eq!(output, [9, 9, 9, 1, 2, 3]);
        assert!(select(&walk, &[0, 1, 0], a, b, &mut output).is_err());
    }

    #[test]
    fn in_place_gives_the_same() {
        let walk = Broadcast::of(&[4], &[&[4], &[4], &[1]]).unwrap();
        let mut output = [1u16, 2, 3, 4];
        select(&walk, &[1, 0, 0, 255], Source::Output, Source::Given(&[7]), &mut output).unwrap();
        assert_eq!(output, [1, 7, 7, 4]);
    }
}
