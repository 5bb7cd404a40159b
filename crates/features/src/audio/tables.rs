//! The constant tables of a front end: filled by the compiler on a device, at run time on a host.
//!
//! The `fill_*` functions write into slices, so that a host that reads its configuration from a file can use them too.
//! [`LogMel`] and [`Mfcc`] own arrays of the right sizes for a `static`.

use crate::audio::config::Config;
use crate::audio::fft::Twiddle;
use crate::audio::front_end::{FrontEnd, Quantise};
use crate::audio::mel::{self, Mel};
use crate::audio::stream::Stream;
use crate::error::{BufferError, ConfigError};
use crate::math::{cos_of_turns, ln, sin_of_turns, sqrt, to_nearest};

/// The periodic Hann window in Q15: `½ - ½ cos(2 π i / length)`, 0 to 2^15.
pub const fn fill_hann(window: &mut [u16]) {
    let mut i = 0;
    while i < window.len() {
        window[i] = to_nearest(32768.0 * (0.5 - 0.5 * cos_of_turns(i as u64, window.len() as u64))) as u16;
        i += 1;
    }
}

/// The symmetric Hamming window in Q15: `0.54 - 0.46 cos(2 π i / (length - 1))`.
pub const fn fill_hamming(window: &mut [u16]) {
    let mut i = 0;
    while i < window.len() {
        let cos = cos_of_turns(i as u64, window.len() as u64 - 1);
        window[i] = to_nearest(32768.0 * (0.54 - 0.46 * cos)) as u16;
        i += 1;
    }
}

/// What a frame is multiplied by, so that its ends do not ring.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Window {
    /// [`fill_hann`].
    Hann,
    /// [`fill_hamming`].
    Hamming,
}

/// The twiddles of a real transform of twice as many samples as there are elements.
pub const fn fill_twiddles(twiddles: &mut [Twiddle]) {
    let samples = 2 * twiddles.len() as u64;
    let mut k = 0;
    while k < twiddles.len() {
        twiddles[k] = Twiddle {
            cos: to_nearest(16384.0 * cos_of_turns(k as u64, samples)) as i16,
            minus_sin: to_nearest(-16384.0 * sin_of_turns(k as u64, samples)) as i16,
        };
        k += 1;
    }
}

/// The orthonormal DCT-II in Q15, row by row: `cosines.len() / bands` coefficients of `bands` cosines each.
pub const fn fill_dct(bands: usize, cosines: &mut [i16]) {
    let mut at = 0;
    while at < cosines.len() && bands > 0 {
        let (i, j) = (at / bands, at % bands);
        let scale = sqrt(if i == 0 { 1.0 } else { 2.0 } / bands as f64);
        // cos(π i (2 j + 1) / (2 bands)), as a part of a turn
        let cos = cos_of_turns((i * (2 * j + 1)) as u64, 4 * bands as u64);
        cosines[at] = saturate(to_nearest(32768.0 * scale * cos));
        at += 1;
    }
}

/// `to_nearest(…)` of 32768, which one band or the first of two would give, as the largest `i16`.
const fn saturate(x: i64) -> i16 {
    if x > i16::MAX as i64 { i16::MAX } else { x as i16 }
}

/// Natural logarithm of 1 + Hz / 700: HTK's mel scale without its constant factor.
const fn mel_of_hz(hz: f64) -> f64 {
    ln(1.0 + hz / 700.0)
}

/// The mel filter bank of a configuration: where segments end, and every bin's weight (see [`Mel`]).
///
/// `rise_ends` has an element per band and `weights` one per bin, `fft_size / 2`. Gives the first and the last edge.
pub const fn fill_mel(
    config: &Config,
    rise_ends: &mut [u16],
    weights: &mut [u16],
) -> Result<(u16, u16), ConfigError> {
    if let Err(e) = config.check() {
        return Err(e);
    }
    let bands = config.mel_bands;
    if rise_ends.len() != bands || bands == 0 {
        return Err(ConfigError::Sizes { needed: bands, got: rise_ends.len() });
    }
    if weights.len() != config.fft_size / 2 {
        return Err(ConfigError::Sizes { needed: config.fft_size / 2, got: weights.len() });
    }
    let (low, high) = (mel_of_hz(config.low_hz as f64), mel_of_hz(config.high_hz as f64));
    let width = (high - low) / (bands + 1) as f64;
    let hz_per_bin = config.sample_rate_hz as f64 / config.fft_size as f64;

    // The first bin whose place on the mel scale is at or above an edge ends the segment below it.
    let (mut bin, mut segment) = (0, 0);
    let mut first = 0;
    let mut before = 0; // where the segment before last ended: a band is two segments wide
    let mut last_end = 0;
    while segment <= bands + 1 {
        let edge = low + width * segment as f64;
        while bin < weights.len() {
            let place = mel_of_hz(bin as f64 * hz_per_bin);
            if place >= edge {
                break;
            }
            weights[bin] = if segment == 0 {
                0
            } else {
                to_nearest(mel::ONE as f64 * (place - (edge - width)) / width) as u16
            };
            bin += 1;
        }
        if segment == 0 {
            first = bin;
            last_end = bin;
            before = bin;
        } else {
            if segment <= bands {
                rise_ends[segment - 1] = bin as u16;
            }
            if segment >= 2 && bin == before {
                return Err(ConfigError::EmptyBand(segment - 2));
            }
            before = last_end;
            last_end = bin;
        }
        segment += 1;
    }
    while bin < weights.len() {
        weights[bin] = 0;
        bin += 1;
    }
    Ok((first as u16, last_end as u16))
}

/// The tables of a log-mel front end, in sizes known to the compiler. `HALF` is half the transform's size.
#[derive(Clone, Debug)]
pub struct LogMel<const FRAME: usize, const HALF: usize, const BANDS: usize> {
    config: Config,
    window: [u16; FRAME],
    twiddles: [Twiddle; HALF],
    rise_ends: [u16; BANDS],
    weights: [u16; HALF],
    first: u16,
    last: u16,
}

impl<const FRAME: usize, const HALF: usize, const BANDS: usize> LogMel<FRAME, HALF, BANDS> {
    /// Computes the tables, with a Hann window; for a `static`, [`log_mel_tables!`](crate::log_mel_tables) refuses at compile
    /// time.
    pub const fn new(config: Config) -> Result<Self, ConfigError> {
        Self::windowed(config, Window::Hann)
    }

    /// The same with another window.
    pub const fn windowed(config: Config, shape: Window) -> Result<Self, ConfigError> {
        if config.frame_samples != FRAME {
            return Err(ConfigError::Sizes { needed: config.frame_samples, got: FRAME });
        }
        let (mut window, mut twiddles) = ([0; FRAME], [Twiddle { cos: 0, minus_sin: 0 }; HALF]);
        let (mut rise_ends, mut weights) = ([0; BANDS], [0; HALF]);
        match fill_mel(&config, &mut rise_ends, &mut weights) {
            Ok((first, last)) => {
                match shape {
                    Window::Hann => fill_hann(&mut window),
                    Window::Hamming => fill_hamming(&mut window),
                }
                fill_twiddles(&mut twiddles);
                Ok(Self { config, window, twiddles, rise_ends, weights, first, last })
            }
            Err(e) => Err(e),
        }
    }

    /// The tables as slices, for everything that computes.
    pub const fn front_end(&self) -> FrontEnd<'_> {
        FrontEnd {
            config: self.config,
            window: &self.window,
            twiddles: &self.twiddles,
            mel: Mel {
                first: self.first,
                rise_ends: &self.rise_ends,
                last: self.last,
                weights: &self.weights,
            },
            cosines: &[],
        }
    }

    /// Rows from samples as they come. `quantise` has a mean and a gain per band.
    pub const fn stream<'a>(
        &'a self,
        quantise: Quantise<'a>,
    ) -> Result<Stream<'a, FRAME, HALF, BANDS, BANDS>, BufferError> {
        Stream::new(self.front_end(), quantise)
    }
}

/// The tables of an MFCC front end, in sizes known to the compiler. `HALF` is half the transform's size.
#[derive(Clone, Debug)]
pub struct Mfcc<const FRAME: usize, const HALF: usize, const BANDS: usize, const COEFFICIENTS: usize> {
    log_mel: LogMel<FRAME, HALF, BANDS>,
    cosines: [[i16; BANDS]; COEFFICIENTS],
}

impl<const FRAME: usize, const HALF: usize, const BANDS: usize, const COEFFICIENTS: usize>
    Mfcc<FRAME, HALF, BANDS, COEFFICIENTS>
{
    /// Computes the tables; for a `static`, [`mfcc_tables!`](crate::mfcc_tables) refuses at compile time.
    pub const fn new(config: Config) -> Result<Self, ConfigError> {
        if COEFFICIENTS == 0 || COEFFICIENTS > BANDS {
            return Err(ConfigError::Coefficients { coefficients: COEFFICIENTS, bands: BANDS });
        }
        match LogMel::new(config) {
            Ok(log_mel) => {
                let mut cosines = [[0; BANDS]; COEFFICIENTS];
                fill_dct(BANDS, cosines.as_flattened_mut());
                Ok(Self { log_mel, cosines })
            }
            Err(e) => Err(e),
        }
    }

    /// The tables as slices, for everything that computes.
    pub const fn front_end(&self) -> FrontEnd<'_> {
        FrontEnd { cosines: self.cosines.as_flattened(), ..self.log_mel.front_end() }
    }

    /// Rows from samples as they come. `quantise` has a mean and a gain per coefficient.
    pub const fn stream<'a>(
        &'a self,
        quantise: Quantise<'a>,
    ) -> Result<Stream<'a, FRAME, HALF, BANDS, COEFFICIENTS>, BufferError> {
        Stream::new(self.front_end(), quantise)
    }
}

/// A [`LogMel`] computed by the compiler; what no tables can be made for does not build.
///
/// ```compile_fail
/// static FRONT: features::LogMel<512, 256, 40> = features::log_mel_tables!(features::Config {
///     sample_rate_hz: 16_000, frame_samples: 512, hop_samples: 320, fft_size: 512,
///     mel_bands: 40, low_hz: 60, high_hz: 9_000, log_floor_bits: 26, // above half the sampling rate
/// });
/// ```
#[macro_export]
macro_rules! log_mel_tables {
    ($config:expr) => {
        const {
            match $crate::LogMel::new($config) {
                Ok(tables) => tables,
                Err(_) => panic!("no front end has this configuration: see features::ConfigError"),
            }
        }
    };
}

/// An [`Mfcc`] computed by the compiler; what no tables can be made for does not build.
#[macro_export]
macro_rules! mfcc_tables {
    ($config:expr) => {
        const {
            match $crate::Mfcc::new($config) {
                Ok(tables) => tables,
                Err(_) => panic!("no front end has this configuration: see features::ConfigError"),
            }
        }
    };
}
