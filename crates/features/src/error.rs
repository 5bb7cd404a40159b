//! What can be wrong: a configuration, or the length of a buffer.

use core::fmt;

/// Why a [`Config`](crate::Config) has no tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ConfigError {
    /// The transform's size is not a power of two that is offered.
    FftSize(usize),
    /// The frame is empty or longer than the transform.
    FrameSamples(usize),
    /// The hop is zero.
    HopSamples,
    /// The lowest frequency is 0, or not below the highest, or the highest is above half the sampling rate.
    Frequencies {
        /// Lower edge of the first band.
        low_hz: u32,
        /// Upper edge of the last band.
        high_hz: u32,
    },
    /// No bin of the spectrum falls into this band: take fewer bands or a longer transform.
    EmptyBand(usize),
    /// No coefficients, or more of them than bands.
    Coefficients {
        /// Rows of the cosine transform.
        coefficients: usize,
        /// Mel bands.
        bands: usize,
    },
    /// The floor under the logarithm is 2^40 or more.
    LogFloorBits(u32),
    /// The tables or buffers handed in are for other sizes than the configuration's.
    Sizes {
        /// Elements that the configuration asks for.
        needed: usize,
        /// Elements that there are.
        got: usize,
    },
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::FftSize(size) => {
                let (min, max) = (crate::MIN_FFT_SIZE, crate::MAX_FFT_SIZE);
                write!(f, "transform of {size} samples: it must be a power of two from {min} to {max}")
            }
            Self::FrameSamples(frame) => {
                write!(f, "frame of {frame} samples: it must be 1 or more and fit the transform")
            }
            Self::HopSamples => write!(f, "hop of 0 samples: it must be 1 or more"),
            Self::Frequencies { low_hz, high_hz } => write!(
                f,
                "bands from {low_hz} Hz to {high_hz} Hz: the edges must rise, from 0 Hz up to half the sampling rate"
            ),
            Self::EmptyBand(band) => {
                write!(f, "no bin of the spectrum is in band {band}: take fewer bands or a longer transform")
            }
            Self::Coefficients { coefficients, bands } => {
                write!(
                    f,
                    "{coefficients} coefficients of {bands} bands: take 1 or more, and no more than the bands"
                )
            }
            Self::LogFloorBits(bits) => write!(f, "logarithm floor of 2^{bits}: it must be below 2^40"),
            Self::Sizes { needed, got } => {
                write!(f, "tables or buffers of {got} elements: {needed} are needed")
            }
        }
    }
}

impl core::error::Error for ConfigError {}

/// A buffer of the wrong length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BufferError {
    /// Elements that it must have.
    pub needed: usize,
    /// Elements that it has.
    pub got: usize,
}

impl BufferError {
    /// Refuses a length other than the needed one.
    pub(crate) const fn check(needed: usize, got: usize) -> Result<(), Self> {
        if needed == got { Ok(()) } else { Err(Self { needed, got }) }
    }
}

impl fmt::Display for BufferError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "buffer of {} elements: {} are needed", self.got, self.needed)
    }
}

impl core::error::Error for BufferError {}
