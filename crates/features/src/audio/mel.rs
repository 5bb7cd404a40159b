//! Energies in triangles that are evenly spaced on the mel scale.

use crate::audio::fft::Complex;

/// The mel filter bank, borrowed.
///
/// Neighbouring triangles overlap: between two band centres every bin falls in the lower band and rises in the upper one.
/// So a bin needs one weight, and the bank is a list of segments: `ends[s]` is where segment `s` ends, and the first
/// segment starts at `first`.
#[derive(Clone, Copy, Debug)]
pub struct Mel<'a> {
    /// First bin that any band holds.
    pub first: u16,
    /// End of the segment in which band `b` rises, for every band.
    pub rise_ends: &'a [u16],
    /// End of the segment in which the last band falls.
    pub last: u16,
    /// Rising weight of every bin in its segment, Q15; the falling one is the rest of 2^15.
    pub weights: &'a [u16],
}

/// Weight 1 in Q15.
pub(crate) const ONE: u16 = 1 << 15;

/// Bits dropped from a bin's power before it is weighed.
const POWER_SHIFT: u32 = 12;

impl Mel<'_> {
    /// Adds up every band's energy and hands it to `emit`, lowest band first.
    ///
    /// Range: bins whose powers add up to at most 2^59, as those of any int16 frame under a window do, give at most 2^62.
    pub(crate) fn energies(&self, spectrum: &[Complex], mut emit: impl FnMut(u64)) {
        let mut bins = spectrum.iter().zip(self.weights).skip(self.first.into());
        let mut start = self.first;
        let mut rising_before = None;
        for &end in self.rise_ends.iter().chain([&self.last]) {
            let (mut rising, mut falling) = (0u64, 0u64);
            for (bin, &weight) in bins.by_ref().take(end.saturating_sub(start).into()) {
                let power = power(*bin) >> POWER_SHIFT;
                rising = rising.wrapping_add(power.wrapping_mul(weight.into()));
                falling = falling.wrapping_add(power.wrapping_mul(ONE.saturating_sub(weight).into()));
            }
            if let Some(before) = rising_before {
                emit(falling.wrapping_add(before));
            }
            rising_before = Some(rising);
            start = end;
        }
    }
}

/// |X|², at most 2^63.
#[inline(always)]
fn power(bin: Complex) -> u64 {
    let square = |x: i32| u64::from(x.unsigned_abs()).pow(2);
    square(bin.re) + square(bin.im)
}
