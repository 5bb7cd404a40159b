//! The parameters of a front end and what they must obey.

use crate::error::ConfigError;

/// The shortest transform that is offered.
pub const MIN_FFT_SIZE: usize = 8;

/// The longest transform that is offered: its worst case still fits the fixed-point formats.
pub const MAX_FFT_SIZE: usize = 4096;

/// The parameters of a front end, as `model.toml` has them under `[features]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Config {
    /// Samples per second.
    pub sample_rate_hz: u32,
    /// Samples that one row is computed from.
    pub frame_samples: usize,
    /// Samples from one row to the next.
    pub hop_samples: usize,
    /// Length of the transform; the frame is padded with zeros up to it.
    pub fft_size: usize,
    /// Triangles on the mel scale.
    pub mel_bands: usize,
    /// Lower edge of the first band.
    pub low_hz: u32,
    /// Upper edge of the last band.
    pub high_hz: u32,
    /// 2 to this power is added to every band's energy before its logarithm: the level below which nothing is told apart.
    pub log_floor_bits: u32,
}

impl Config {
    /// Refuses what no tables can be made for, but for bands without a bin, which show when the tables are made.
    pub const fn check(&self) -> Result<(), ConfigError> {
        let Self { frame_samples, fft_size, low_hz, high_hz, .. } = *self;
        if !fft_size.is_power_of_two() || fft_size < MIN_FFT_SIZE || fft_size > MAX_FFT_SIZE {
            return Err(ConfigError::FftSize(fft_size));
        }
        if frame_samples == 0 || frame_samples > fft_size {
            return Err(ConfigError::FrameSamples(frame_samples));
        }
        if self.hop_samples == 0 {
            return Err(ConfigError::HopSamples);
        }
        if low_hz >= high_hz || high_hz > self.sample_rate_hz / 2 {
            return Err(ConfigError::Frequencies { low_hz, high_hz });
        }
        if self.log_floor_bits >= 40 {
            return Err(ConfigError::LogFloorBits(self.log_floor_bits));
        }
        Ok(())
    }

    /// Rows that `samples` samples give.
    pub const fn rows(&self, samples: usize) -> usize {
        match (samples.checked_sub(self.frame_samples), self.hop_samples) {
            (Some(rest), 1..) => rest / self.hop_samples + 1,
            _ => 0,
        }
    }

    /// Samples that `rows` rows take.
    pub const fn samples(&self, rows: usize) -> usize {
        match rows.checked_sub(1) {
            Some(hops) => hops.saturating_mul(self.hop_samples).saturating_add(self.frame_samples),
            None => 0,
        }
    }
}
