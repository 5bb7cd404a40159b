//! ADD.

use quant::Sum;

use crate::{KernelError, reference::Source};

/// As [`reference::add_s8`](crate::reference::add_s8), for tensors of one shape.
///
/// # Errors
/// [`KernelError::Length`].
pub fn add_s8(sum: &Sum, a: Source<'_, i8>, b: Source<'_, i8>, output: &mut [i8]) -> Result<(), KernelError> {
    for source in [&a, &b] {
        if let Source::Given(given) = source {
            KernelError::check(Some(output.len()), given.len())?;
        }
    }
    for (index, out) in output.iter_mut().enumerate() {
        let before = *out;
        let at = |source: &Source<'_, i8>| match source {
            Source::Given(given) => given.get(index).copied().unwrap_or(0),
            Source::Output => before,
        };
        *out = sum.add(at(&a).into(), at(&b).into()) as i8;
    }
    Ok(())
}
