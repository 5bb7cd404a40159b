//! Per-channel constants: how they lie in flash, and the table of them that inner loops read.

use quant::{GuardedEnds, GuardedOutput, Multiplier};

use crate::KernelError;

/// Bytes of marks per channel: how far the factor shifts right with [`Chain`](super::inner::Chain) above its lower five
/// bits, then the two ends.
pub const MARKS: usize = 3;

/// Words of a table's row.
pub const ROW: usize = 5;

/// A channel's row: chain, bias, origin, span, factor. The bias has the channel's least accumulator taken off.
pub type Row = [u32; ROW];

/// Per-channel constants as they lie in flash.
#[derive(Clone, Copy, Debug)]
pub struct Factors<'a> {
    /// With the input's zero point folded in.
    pub bias: &'a [i32],
    /// Of the factors.
    pub mantissas: &'a [i32],
    /// [`MARKS`] for each channel.
    pub marks: &'a [u8],
}

impl Factors<'_> {
    /// Checks that there are as many of each as channels.
    ///
    /// # Errors
    /// [`KernelError::Length`].
    pub fn check(&self, channels: usize) -> Result<(), KernelError> {
        KernelError::check(Some(channels), self.bias.len())?;
        KernelError::check(Some(channels), self.mantissas.len())?;
        KernelError::check(channels.checked_mul(MARKS), self.marks.len())
    }

    /// The factor of one channel and where it leaves the clamp.
    fn channel(&self, index: usize) -> (Multiplier, GuardedEnds, u32) {
        let mantissa = self.mantissas.get(index).copied().unwrap_or(0);
        let Some(&[first, low, high]) = self.marks.get(index * MARKS..).and_then(<[u8]>::first_chunk) else {
            return (Multiplier::ZERO, GuardedEnds::default(), 0);
        };
        let shift = (first & 31) as i8;
        let multiplier = Multiplier::new(mantissa, -shift).unwrap_or(Multiplier::ZERO);
        (multiplier, GuardedEnds { low, high }, u32::from(first >> 5))
    }

    /// Writes the rows of all channels.
    pub fn tabulate(&self, output: &GuardedOutput, table: &mut [Row]) {
        for (index, (row, &bias)) in table.iter_mut().zip(self.bias).enumerate() {
            let (multiplier, ends, chain) = self.channel(index);
            let channel = output.channel(multiplier, ends);
            *row = [
                chain,
                bias.wrapping_sub(channel.least) as u32,
                channel.origin as u32,
                channel.span,
                channel.factor as u32,
            ];
        }
    }

    /// What one channel gives where the guarded product is open.
    #[cold]
    pub fn exact(&self, output: &GuardedOutput, index: usize, above: u32) -> i8 {
        let (multiplier, ends, _) = self.channel(index);
        output.exact(multiplier, output.channel(multiplier, ends).least, above)
    }
}
