//! One row from one frame, and all rows of a clip.

use crate::audio::config::Config;
use crate::audio::fft::{self, Complex, Twiddle};
use crate::audio::mel::Mel;
use crate::audio::{dct, log2};
use crate::error::{BufferError, ConfigError};
use quant::rounding::{round_half_up_shift_right_i64, saturate_i8, saturate_i32};

/// A front end's tables, borrowed: what computes, with no size in its type.
#[derive(Clone, Copy, Debug)]
pub struct FrontEnd<'a> {
    pub(crate) config: Config,
    pub(crate) window: &'a [u16],
    pub(crate) twiddles: &'a [Twiddle],
    pub(crate) mel: Mel<'a>,
    /// Rows of a DCT, or nothing for log-mel energies as they are.
    pub(crate) cosines: &'a [i16],
}

impl<'a> FrontEnd<'a> {
    /// A front end over tables that a host has filled (see [`tables`](crate::tables)).
    ///
    /// `cosines` holds whole rows of a DCT, and none for log-mel energies as they are.
    pub const fn new(
        config: Config,
        window: &'a [u16],
        twiddles: &'a [Twiddle],
        mel: Mel<'a>,
        cosines: &'a [i16],
    ) -> Result<Self, ConfigError> {
        if let Err(e) = config.check() {
            return Err(e);
        }
        let half = config.fft_size / 2;
        let sizes = [
            (config.frame_samples, window.len()),
            (half, twiddles.len()),
            (half, mel.weights.len()),
            (config.mel_bands, mel.rise_ends.len()),
        ];
        let mut i = 0;
        while i < sizes.len() {
            let (needed, got) = sizes[i];
            if needed != got || got == 0 {
                return Err(ConfigError::Sizes { needed, got });
            }
            i += 1;
        }
        if !cosines.len().is_multiple_of(config.mel_bands) {
            return Err(ConfigError::Sizes { needed: config.mel_bands, got: cosines.len() });
        }
        let coefficients = cosines.len() / config.mel_bands;
        if coefficients > config.mel_bands {
            return Err(ConfigError::Coefficients { coefficients, bands: config.mel_bands });
        }
        Ok(Self { config, window, twiddles, mel, cosines })
    }

    /// The parameters.
    pub const fn config(&self) -> &Config {
        &self.config
    }

    /// Values in a row: coefficients, or bands where there is no cosine transform.
    pub const fn columns(&self) -> usize {
        match self.cosines.len().checked_div(self.mel.rise_ends.len()) {
            None | Some(0) => self.mel.rise_ends.len(),
            Some(rows) => rows,
        }
    }

    /// Computes one row, in Q16, from the frame that is `older` followed by `newer`.
    ///
    /// # Errors
    /// A frame, scratch or row of the wrong length.
    pub fn row(
        &self,
        older: &[i16],
        newer: &[i16],
        scratch: &mut ScratchParts<'_>,
        row_q16: &mut [i32],
    ) -> Result<(), BufferError> {
        BufferError::check(self.window.len(), older.len().saturating_add(newer.len()))?;
        BufferError::check(self.twiddles.len(), scratch.spectrum.len())?;
        BufferError::check(self.mel.rise_ends.len(), scratch.bands_q16.len())?;
        BufferError::check(self.columns(), row_q16.len())?;
        fft::load(older, newer, self.window, scratch.spectrum);
        fft::real_fft(scratch.spectrum, self.twiddles);
        let floor = 1u64 << (self.config.log_floor_bits & 63);
        if self.cosines.is_empty() {
            self.log_mel(scratch.spectrum, floor, row_q16);
        } else {
            self.log_mel(scratch.spectrum, floor, scratch.bands_q16);
            dct::dct2(scratch.bands_q16, self.cosines, row_q16);
        }
        Ok(())
    }

    fn log_mel(&self, spectrum: &[Complex], floor: u64, bands_q16: &mut [i32]) {
        let mut bands = bands_q16.iter_mut();
        self.mel.energies(spectrum, |energy| {
            if let Some(band) = bands.next() {
                *band = log2::log2_q16(energy.wrapping_add(floor));
            }
        });
    }

    /// Computes every row of a clip straight into a model's input; gives the number of rows.
    ///
    /// # Errors
    /// A scratch of the wrong length, an `input` that is not exactly the clip's rows, or parameters for other columns.
    pub fn whole_clip(
        &self,
        quantise: &Quantise<'_>,
        clip: &[i16],
        scratch: &mut ScratchParts<'_>,
        input: &mut [i8],
    ) -> Result<usize, BufferError> {
        let columns = self.columns();
        quantise.check(columns)?;
        let rows = self.config.rows(clip.len());
        BufferError::check(rows.saturating_mul(columns), input.len())?;
        let frames = clip.windows(self.window.len().max(1)).step_by(self.config.hop_samples.max(1));
        for (frame, row) in frames.zip(input.chunks_exact_mut(columns.max(1))) {
            // The row in Q16 is written over the scratch's own row: one that a caller would have to size goes away.
            let (spectrum, bands_q16) = (&mut *scratch.spectrum, &mut *scratch.bands_q16);
            let Some(row_q16) = scratch.row_q16.get_mut(..columns) else {
                return Err(BufferError { needed: columns, got: scratch.row_q16.len() });
            };
            self.row(frame, &[], &mut ScratchParts { spectrum, bands_q16, row_q16: &mut [] }, row_q16)?;
            quantise.row(row_q16, row);
        }
        Ok(rows)
    }
}

/// From a row in Q16 to a model's int8: `(value - mean) · gain / 2^32 + zero_point`, rounded once, clipped.
#[derive(Clone, Copy, Debug)]
pub struct Quantise<'a> {
    /// What becomes the zero point, per column, in Q16.
    pub mean_q16: &'a [i32],
    /// Steps of int8 per 2^32 steps of Q16, per column.
    pub gain_q32: &'a [i32],
    /// The model's input zero point.
    pub zero_point: i8,
}

impl Quantise<'_> {
    pub(crate) const fn check(&self, columns: usize) -> Result<(), BufferError> {
        match BufferError::check(columns, self.mean_q16.len()) {
            Ok(()) => BufferError::check(columns, self.gain_q32.len()),
            refused => refused,
        }
    }

    /// Quantises a row; as many columns as the shortest of the row, the result and the parameters.
    pub fn row(&self, row_q16: &[i32], row: &mut [i8]) {
        let parameters = self.mean_q16.iter().zip(self.gain_q32);
        for ((out, &value), (&mean, &gain)) in row.iter_mut().zip(row_q16).zip(parameters) {
            let from_mean = i64::from(value.saturating_sub(mean));
            let steps = round_half_up_shift_right_i64(from_mean * i64::from(gain), 32);
            *out = saturate_i8(saturate_i32(steps).saturating_add(self.zero_point.into()));
        }
    }
}

/// Working memory of a front end: the spectrum, the log-mel row and the row that leaves.
#[derive(Clone, Debug)]
pub struct Scratch<const HALF: usize, const BANDS: usize> {
    spectrum: [Complex; HALF],
    bands_q16: [i32; BANDS],
    row_q16: [i32; BANDS],
}

impl<const HALF: usize, const BANDS: usize> Scratch<HALF, BANDS> {
    /// Working memory, all zero.
    pub const fn new() -> Self {
        Self { spectrum: [Complex { re: 0, im: 0 }; HALF], bands_q16: [0; BANDS], row_q16: [0; BANDS] }
    }

    /// The memory as slices.
    pub const fn parts(&mut self) -> ScratchParts<'_> {
        ScratchParts {
            spectrum: &mut self.spectrum,
            bands_q16: &mut self.bands_q16,
            row_q16: &mut self.row_q16,
        }
    }
}

impl<const HALF: usize, const BANDS: usize> Default for Scratch<HALF, BANDS> {
    fn default() -> Self {
        Self::new()
    }
}

/// Working memory, borrowed: half the transform's size, the bands, and at least the columns.
#[derive(Debug)]
pub struct ScratchParts<'a> {
    /// The spectrum: half as many elements as the transform has samples.
    pub spectrum: &'a mut [Complex],
    /// The log-mel row.
    pub bands_q16: &'a mut [i32],
    /// The row that leaves; only [`FrontEnd::whole_clip`] uses it.
    pub row_q16: &'a mut [i32],
}
