//! One scale per output channel.

use quant::Multiplier;

/// The factors from accumulators to outputs, one per output channel: `mantissa · 2^(shift − 31)`.
#[derive(Clone, Copy, Debug)]
pub struct PerChannel<'a> {
    /// Each 0 or in `[2^30, 2^31)`.
    pub mantissas: &'a [i32],
    /// As many as mantissas.
    pub shifts: &'a [i8],
}

impl PerChannel<'_> {
    /// How many channels there are factors for.
    pub const fn len(&self) -> usize {
        if self.mantissas.len() < self.shifts.len() { self.mantissas.len() } else { self.shifts.len() }
    }

    /// Whether there is none.
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The factor of one channel; 0 outside the range.
    #[inline]
    pub fn get(&self, channel: usize) -> Multiplier {
        match (self.mantissas.get(channel), self.shifts.get(channel)) {
            (Some(&mantissa), Some(&shift)) => Multiplier::new(mantissa, shift).unwrap_or(Multiplier::ZERO),
            _ => Multiplier::ZERO,
        }
    }
}
