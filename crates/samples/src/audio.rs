//! The front end for sound with sizes from a file: the device's code over tables in vectors.

use crate::card::{AudioFeatures, AudioOutput};
use features::{Complex, Config, ConfigError, FrontEnd, Mel, Quantise, ScratchParts, Twiddle, tables};

/// More bands than any transform offered has bins for would be refused anyway; this bounds the memory asked for first.
const MAX_BANDS: usize = features::MAX_FFT_SIZE / 2;

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
    pub(crate) fn whole_clip(
        &self,
        audio: &AudioFeatures,
        clip: &[i16],
    ) -> Result<Vec<i8>, crate::error::InputError> {
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
