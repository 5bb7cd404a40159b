/// What goes wrong while a scene is played. Samples are counted from the start of the stream, lost ones too.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Faults {
    /// On every sample.
    pub noise: Noise,
    /// Samples that the instrument takes and nobody receives.
    pub lose: Vec<Stretch>,
    /// Samples whose bytes are damaged on the line.
    pub garble: Vec<u64>,
    /// Samples in which the current is beyond what the instrument bears.
    pub overload: Vec<Stretch>,
    /// The cable is pulled before this sample.
    pub disconnect: Option<u64>,
    /// Edges of the digital lines that the instrument does not see, counted from 0: the first is that away from the
    /// state at the start.
    pub miss_edges: Vec<u64>,
    /// Nothing is ever answered.
    pub mute: bool,
    /// The instrument's line runs at another speed than its manual says.
    pub baud: Option<u32>,
}

/// Some samples in a row.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Stretch {
    /// The first of them.
    pub at: u64,
    /// How many.
    pub samples: u64,
}

impl Stretch {
    /// Whether a sample is one of them.
    #[must_use]
    pub fn contains(&self, sample: u64) -> bool {
        sample.checked_sub(self.at).is_some_and(|after| after < self.samples)
    }
}

/// Normal noise on the current.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Noise {
    /// Standard deviation, as a part of the current.
    pub relative: f64,
    /// Standard deviation, in amperes, beside that.
    pub amperes: f64,
    /// Another seed, other noise.
    pub seed: u64,
}

/// Draws noise.
#[derive(Clone, Debug)]
pub(super) struct Draw {
    noise: Noise,
    state: u64,
}

impl Draw {
    pub fn new(noise: Noise) -> Self {
        // Spread over all bits, so that neighbouring seeds have nothing in common.
        let state = (noise.seed ^ 0x9e37_79b9_7f4a_7c15).wrapping_mul(0xbf58_476d_1ce4_e5b9) | 1;
        Self { noise, state }
    }

    pub fn disturb(&mut self, amperes: f64) -> f64 {
        let Noise { relative, amperes: floor, .. } = self.noise;
        if relative == 0.0 && floor == 0.0 {
            return amperes;
        }
        amperes + self.normal() * (relative * amperes).hypot(floor)
    }

    /// Close to normal with a deviation of 1: sixteen bytes' worth of even chances, added up.
    fn normal(&mut self) -> f64 {
        let sum: u32 =
            [self.bits(), self.bits()].iter().flat_map(|bits| bits.to_le_bytes()).map(u32::from).sum();
        (f64::from(sum) - 16.0 * 127.5) / (16.0 * (256.0_f64.powi(2) - 1.0) / 12.0).sqrt()
    }

    /// Marsaglia's xorshift.
    fn bits(&mut self) -> u64 {
        self.state ^= self.state << 13;
        self.state ^= self.state >> 7;
        self.state ^= self.state << 17;
        self.state
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn noise_has_the_deviation_that_was_asked_for_and_no_bias() {
        let mut draw = Draw::new(Noise { relative: 0.0, amperes: 2.0, seed: 7 });
        let drawn: Vec<f64> = (0..100_000).map(|_| draw.disturb(10.0)).collect();
        let mean = drawn.iter().sum::<f64>() / 1e5;
        let deviation = (drawn.iter().map(|it| (it - mean).powi(2)).sum::<f64>() / 1e5).sqrt();
        assert!((mean - 10.0).abs() < 0.03 && (deviation - 2.0).abs() < 0.03, "{mean} {deviation}");
        assert_eq!(Draw::new(Noise::default()).disturb(3.0), 3.0);
    }
}
