//! Sounds from WAV files.

use crate::error::SampleError;
use hound::{SampleFormat, WavReader};
use std::io::Cursor;

/// One channel of 16-bit samples.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sound {
    /// Samples per second.
    pub rate_hz: u32,
    /// The samples.
    pub samples: Vec<i16>,
}

impl Sound {
    /// Reads a WAV: uncompressed, one channel, 16-bit integers, any rate.
    ///
    /// Nothing is mixed or resampled: a tool that does it well is named in the refusal.
    ///
    /// # Errors
    /// What is broken, compressed, has several channels or other samples.
    pub fn from_wav(bytes: &[u8]) -> Result<Self, SampleError> {
        let reader = WavReader::new(Cursor::new(bytes))?;
        let spec = reader.spec();
        if spec.channels != 1 || spec.bits_per_sample != 16 || spec.sample_format != SampleFormat::Int {
            let format = match spec.sample_format {
                SampleFormat::Int => "integer",
                SampleFormat::Float => "float",
            };
            return Err(SampleError::WavForm { channels: spec.channels, bits: spec.bits_per_sample, format });
        }
        // Collected one by one: the length that the header claims is not to be believed.
        let mut samples = Vec::new();
        for sample in reader.into_samples::<i16>() {
            samples.push(sample?);
        }
        Ok(Self { rate_hz: spec.sample_rate, samples })
    }
}
