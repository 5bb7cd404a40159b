//! AVERAGE_POOL_2D.

use core::num::NonZeroU32;

use super::CompactWindow;
use crate::{KernelError, blocks::Blocks as _};

/// A pooling window; input and output have as many channels, and one scale and zero.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct CompactPool {
    /// Where each output reads.
    pub window: CompactWindow,
    /// The fused activation: least value.
    pub min: i8,
    /// Greatest value.
    pub max: i8,
}

/// As [`reference::average_pool_2d_s8`](crate::reference::average_pool_2d_s8).
///
/// # Errors
/// [`KernelError::Length`] or [`KernelError::Geometry`].
pub fn average_pool_2d_s8(pool: &CompactPool, input: &[i8], output: &mut [i8]) -> Result<(), KernelError> {
    let window = &pool.window;
    window.check(input.len(), output.len())?;
    if window.input.c != window.output.c {
        return Err(KernelError::Geometry);
    }
    let mut pixels = output.blocks_mut(window.output.c.into());
    for y in 0..window.output.h {
        for x in 0..window.output.w {
            for (channel, out) in pixels.next().unwrap_or_default().iter_mut().enumerate() {
                let (mut sum, mut count) = (0, 0);
                window.visit(y, x, &mut |from| {
                    if let Some(&q) = from.and_then(|from| input.get(from + channel)) {
                        sum += i32::from(q);
                        count += 1;
                    }
                });
                let mean = NonZeroU32::new(count).map_or(0, |count| quant::rounded_quotient(sum, count));
                // As `Clamp` does where its ends cross.
                *out = mean.max(pool.min.into()).min(pool.max.into()) as i8;
            }
        }
    }
    Ok(())
}
