//! The front end of MLPerf Tiny's streaming wake word: every 32 ms of sound become a row of forty log-mel energies.
//!
//! As `mlcommons/tiny` has it: samples less 31/32 of the one before, a Hamming window of 1024, the power spectrum over
//! 1024, forty triangles from 0 to 8000 Hz, decibels; 52 is added, and 64 of them are the model's 0 to 1.

use crate::audio::config::Config;
use crate::audio::front_end::Quantise;
use crate::audio::stream::Stream;
use crate::audio::tables::{LogMel, Window};
use crate::error::BufferError;
use crate::math::{self, to_nearest};
use quant::rounding::round_half_up_shift_right_i64;

/// Samples per second.
pub const RATE_HZ: u32 = 16_000;
/// Samples from one row to the next.
pub const HOP: usize = 512;
/// Values in a row.
pub const BANDS: usize = 40;
/// Rows that the model looks at.
pub const ROWS: usize = 30;

const FRAME: usize = 1024;
const HALF: usize = FRAME / 2;

/// The share of the sample before that is taken away is 1 less 1/32.
const EMPHASIS_BITS: u32 = 5;

const CONFIG: Config = Config {
    sample_rate_hz: RATE_HZ,
    frame_samples: FRAME,
    hop_samples: HOP,
    fft_size: FRAME,
    mel_bands: BANDS,
    low_hz: 0,
    high_hz: RATE_HZ / 2,
    // A thousandth of the energy that is the model's 0.
    log_floor_bits: 26,
};

const TABLES: LogMel<FRAME, HALF, BANDS> = match LogMel::windowed(CONFIG, Window::Hamming) {
    Ok(tables) => tables,
    Err(_) => panic!("the benchmark's own configuration"),
};

/// Decibels of a doubled energy.
const DECIBELS: f64 = 10.0 * math::ln(2.0) / math::ln(10.0);
/// Binary orders between the tables' energy and the benchmark's power: samples of 15 bits, squared; a window and triangles
/// of 15; a transform that is divided by 2^10 where the benchmark's square is; and 12 that are shifted out.
const ORDERS: f64 = (2 * (15 + 15 - 10) + 10 + 15 - 12) as f64;
/// What is added to the decibels, and how many are the model's 1.
const OFFSET: f64 = 52.0;
const RANGE: f64 = 64.0;
/// One unit of Q16.
const ONE: f64 = 65536.0;

/// The tables, and how a model's input is quantised.
#[derive(Clone, Debug)]
pub struct WakeWord {
    tables: LogMel<FRAME, HALF, BANDS>,
    mean_q16: [i32; BANDS],
    gain_q32: [i32; BANDS],
    zero_point: i8,
}

impl WakeWord {
    /// For a model whose input has this scale and zero point.
    #[must_use]
    pub const fn new(scale: f32, zero_point: i8) -> Self {
        let mean = to_nearest((ORDERS - OFFSET / DECIBELS) * ONE) as i32;
        let gain = to_nearest(DECIBELS / RANGE / scale as f64 * ONE) as i32;
        Self { tables: TABLES, mean_q16: [mean; BANDS], gain_q32: [gain; BANDS], zero_point }
    }

    /// Rows from sound as it comes, with silence before.
    ///
    /// # Errors
    /// None: the sizes are those of the tables.
    pub const fn stream(&self) -> Result<Rows<'_>, BufferError> {
        let quantise =
            Quantise { mean_q16: &self.mean_q16, gain_q32: &self.gain_q32, zero_point: self.zero_point };
        match self.tables.stream(quantise) {
            Ok(stream) => Ok(Rows { stream, last: 0, has_begun: false }),
            Err(error) => Err(error),
        }
    }
}

/// Rows from sound as it comes.
#[derive(Clone, Debug)]
pub struct Rows<'a> {
    stream: Stream<'a, FRAME, HALF, BANDS, BANDS>,
    /// The last sample that came.
    last: i16,
    has_begun: bool,
}

impl Rows<'_> {
    /// The row that ends with these samples.
    ///
    /// Emphasised samples are rounded, and limited to 16 bits, where the benchmark's are real numbers.
    pub fn next(&mut self, samples: &[i16; HOP]) -> Option<&[i8; BANDS]> {
        if !core::mem::replace(&mut self.has_begun, true) {
            let _ = self.stream.push(&mut &[0; FRAME - HOP][..]);
        }
        let mut emphasised = *samples;
        for sample in &mut emphasised {
            let last = core::mem::replace(&mut self.last, *sample);
            let taken = i64::from(last) * ((1 << EMPHASIS_BITS) - 1);
            let less = (i64::from(*sample) << EMPHASIS_BITS) - taken;
            let rounded = round_half_up_shift_right_i64(less, EMPHASIS_BITS);
            *sample = rounded.clamp(i16::MIN.into(), i16::MAX.into()) as i16;
        }
        self.stream.push(&mut &emphasised[..])
    }

    /// Forgets every sample.
    pub const fn reset(&mut self) {
        self.stream.reset();
        self.last = 0;
        self.has_begun = false;
    }
}
