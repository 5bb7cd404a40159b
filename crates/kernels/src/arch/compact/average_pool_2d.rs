//! AVERAGE_POOL_2D over the whole of an image.

use super::{CompactBuffers, CompactFactor, CompactOutput};
/// The mean of each channel.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct CompactMean {
    /// From [`CompactMean::FINENESS`] times a sum to the mean.
    pub factor: CompactFactor,
    /// Limits; the zeros are 0.
    pub output: CompactOutput,
}

impl CompactMean {
    /// Steps of a sum's unit that the factor sees, so that of its two roundings the first does not matter.
    pub const FINENESS: i32 = 256;

    /// The output of a sum.
    #[inline]
    pub fn of_sum(&self, sum: i32) -> i8 {
        self.output.place(self.factor.scale(sum.wrapping_mul(Self::FINENESS)))
    }

    /// As [`reference::average_pool_2d_s8`](crate::reference::average_pool_2d_s8) with a window of the input's size,
    /// where [`CompactMean::of_sum`] gives the rounded quotient of every sum that there can be.
    ///
    /// There are as many channels as outputs. It cannot fail.
    pub fn run(&self, buffers: CompactBuffers<'_>) -> Option<()> {
        let CompactBuffers { output, input, .. } = buffers;
        let channels = output.len();
        for (channel, out) in output.iter_mut().enumerate() {
            let (mut sum, mut at) = (0i32, channel);
            while let Some(&q) = input.get(at) {
                sum = sum.wrapping_add(q.into());
                at = at.wrapping_add(channels);
            }
            *out = self.of_sum(sum);
        }
        Some(())
    }
}
