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

    /// Writes the rows of all channels.
    #[inline(never)]
    pub fn tabulate(&self, output: &GuardedOutput, table: &mut [Row]) {
        let channels = self.mantissas.iter().zip(self.marks.chunks_exact(MARKS));
        let mut before = (0, [0; MARKS]);
        let mut channel = output.channel(Multiplier::ZERO, GuardedEnds::default());
        let mut chain = 0;
        for ((row, &bias), (&mantissa, marks)) in table.iter_mut().zip(self.bias).zip(channels) {
            let &marks = marks.first_chunk().unwrap_or(&[0; MARKS]);
            // Many layers have one factor for all channels.
            if (mantissa, marks) != before {
                before = (mantissa, marks);
                let (multiplier, ends, length) = parts(mantissa, marks);
                channel = output.channel(multiplier, ends);
                chain = length;
            }
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
        let channel = self.mantissas.iter().zip(self.marks.chunks_exact(MARKS)).nth(index);
        let Some((&mantissa, marks)) = channel else { return 0 };
        let &marks = marks.first_chunk().unwrap_or(&[0; MARKS]);
        let (multiplier, ends, _) = parts(mantissa, marks);
        output.exact(multiplier, output.channel(multiplier, ends).least, above)
    }
}

/// The factor of one channel, where it leaves the clamp, and its chain.
#[inline]
fn parts(mantissa: i32, [first, low, high]: [u8; MARKS]) -> (Multiplier, GuardedEnds, u32) {
    let multiplier = Multiplier::new(mantissa, -((first & 31) as i8)).unwrap_or(Multiplier::ZERO);
    (multiplier, GuardedEnds { low, high }, u32::from(first >> 5))
}
