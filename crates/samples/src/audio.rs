//! The front end for sound with sizes from a card: the device's code over tables in vectors.

use crate::error::{CardError, InputError};
use features::{Complex, Config, ConfigError, FrontEnd, Mel, Quantise, ScratchParts, Twiddle, tables};
use serde::Deserialize;

/// More bands than any transform offered has bins for would be refused anyway; this bounds the memory asked for first.
const MAX_BANDS: usize = features::MAX_FFT_SIZE / 2;

/// What leaves the front end for sound.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AudioOutput {
    /// Log-mel energies.
    LogMel,
    /// Cepstral coefficients.
    Mfcc,
}

/// The front end for sound: `features::Config`, the output and its quantisation.
#[derive(Clone, Debug, PartialEq)]
pub struct AudioFeatures {
    /// The parameters of the front end.
    pub config: features::Config,
    /// What leaves it.
    pub output: AudioOutput,
    /// Coefficients of an MFCC row; for log-mel, the bands.
    pub columns: usize,
    /// What becomes the zero point, per column, in Q16.
    pub mean_q16: Vec<i32>,
    /// Steps of int8 per 2^32 steps of Q16, per column.
    pub gain_q32: Vec<i32>,
    /// The input's zero point.
    pub zero_point: i8,
}

/// What `features::Mfcc` is on a device.
pub(crate) struct FrontEndTables {
    config: Config,
    window: Vec<u16>,
    twiddles: Vec<Twiddle>,
    rise_ends: Vec<u16>,
    weights: Vec<u16>,
    edges: (u16, u16),
    cosines: Vec<i16>,
}

impl FrontEndTables {
    pub(crate) fn new(audio: &AudioFeatures) -> Result<Self, ConfigError> {
        let config = audio.config;
        config.check()?;
        if config.mel_bands > MAX_BANDS {
            return Err(ConfigError::EmptyBand(MAX_BANDS));
        }
        let coefficients = match audio.output {
            AudioOutput::LogMel => 0,
            AudioOutput::Mfcc if (1..=config.mel_bands).contains(&audio.columns) => audio.columns,
            AudioOutput::Mfcc => {
                return Err(ConfigError::Coefficients {
                    coefficients: audio.columns,
                    bands: config.mel_bands,
                });
            }
        };
        let half = config.fft_size / 2;
        let (mut window, mut twiddles) = (vec![0; config.frame_samples], vec![Twiddle::default(); half]);
        let (mut rise_ends, mut weights) = (vec![0; config.mel_bands], vec![0; half]);
        let mut cosines = vec![0; coefficients * config.mel_bands];
        let edges = tables::fill_mel(&config, &mut rise_ends, &mut weights)?;
        tables::fill_hann(&mut window);
        tables::fill_twiddles(&mut twiddles);
        tables::fill_dct(config.mel_bands, &mut cosines);
        Ok(Self { config, window, twiddles, rise_ends, weights, edges, cosines })
    }

    pub(crate) fn front_end(&self) -> Result<FrontEnd<'_>, ConfigError> {
        let (first, last) = self.edges;
        let mel = Mel { first, rise_ends: &self.rise_ends, last, weights: &self.weights };
        FrontEnd::new(self.config, &self.window, &self.twiddles, mel, &self.cosines)
    }

    /// All rows of a clip.
    pub(crate) fn whole_clip(&self, audio: &AudioFeatures, clip: &[i16]) -> Result<Vec<i8>, InputError> {
        let AudioFeatures { mean_q16, gain_q32, zero_point, .. } = audio;
        let quantise = Quantise { mean_q16, gain_q32, zero_point: *zero_point };
        let mut spectrum = vec![Complex::default(); self.twiddles.len()];
        let (mut bands, mut row) = (vec![0; self.config.mel_bands], vec![0; audio.columns]);
        let mut scratch = ScratchParts { spectrum: &mut spectrum, bands_q16: &mut bands, row_q16: &mut row };
        let mut out = vec![0; self.config.rows(clip.len()) * audio.columns];
        self.front_end()?.whole_clip(&quantise, clip, &mut scratch, &mut out)?;
        Ok(out)
    }
}

/// `[features]` of a card whose input is a sound.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct AudioTable {
    output: AudioOutput,
    sample_rate_hz: u32,
    frame: usize,
    hop: usize,
    fft: usize,
    mel_bands: usize,
    low_hz: u32,
    high_hz: u32,
    log_floor_bits: u32,
    coefficients: Option<usize>,
    quantise: AudioQuantise,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AudioQuantise {
    mean_q16: Vec<i32>,
    gain_q32: Vec<i32>,
    zero_point: i8,
}

impl AudioTable {
    pub(crate) fn features(self, model: &str) -> Result<AudioFeatures, CardError> {
        let config = features::Config {
            sample_rate_hz: self.sample_rate_hz,
            frame_samples: self.frame,
            hop_samples: self.hop,
            fft_size: self.fft,
            mel_bands: self.mel_bands,
            low_hz: self.low_hz,
            high_hz: self.high_hz,
            log_floor_bits: self.log_floor_bits,
        };
        let columns = match self.output {
            AudioOutput::LogMel => self.mel_bands,
            AudioOutput::Mfcc => self.coefficients.unwrap_or(self.mel_bands),
        };
        let AudioQuantise { mean_q16, gain_q32, zero_point } = self.quantise;
        let audio = AudioFeatures { config, output: self.output, columns, mean_q16, gain_q32, zero_point };
        let impossible = |source| CardError::Features { model: model.to_owned(), source };
        FrontEndTables::new(&audio).map_err(impossible)?.front_end().map_err(impossible)?;
        CardError::check_length("features.quantise.mean_q16", columns, audio.mean_q16.len())?;
        CardError::check_length("features.quantise.gain_q32", columns, audio.gain_q32.len())?;
        Ok(audio)
    }
}
