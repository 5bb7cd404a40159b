//! What stands before a model: sound to log-mel or MFCC rows, pictures to pixels of the right size, and both to the
//! model's int8 bytes.
//!
//! Everything is integer arithmetic with one stated rounding per step, so a host, a Cortex-M0 and a training script
//! get the same bytes; `docs/features.md` has every formula. Tables (window, twiddles, mel triangles, cosines) are
//! computed by the compiler and stay in flash.
//!
//! # Sound, as it comes
//! ```
//! use features::{Config, Mfcc, Quantise};
//!
//! static FRONT: Mfcc<512, 256, 40, 10> = features::mfcc_tables!(Config {
//!     sample_rate_hz: 16_000,
//!     frame_samples: 512,
//!     hop_samples: 320,
//!     fft_size: 512,
//!     mel_bands: 40,
//!     low_hz: 60,
//!     high_hz: 7_600,
//!     log_floor_bits: 26,
//! });
//! // From model.toml: what the training set's mean and spread were.
//! let quantise = Quantise { mean_q16: &[0; 10], gain_q32: &[1 << 17; 10], zero_point: 0 };
//!
//! let mut stream = FRONT.stream(quantise).unwrap();
//! let microphone = [0i16; 16_000];
//! let mut rows = 0;
//! for mut samples in microphone.chunks(100) {
//!     while let Some(row) = stream.push(&mut samples) {
//!         assert_eq!(row.len(), 10);
//!         rows += 1;
//!     }
//! }
//! assert_eq!(rows, 49);
//! ```
//!
//! # A whole clip at once, the same bytes
//! ```
//! # use features::{Config, Mfcc, Quantise, Scratch};
//! # static FRONT: Mfcc<512, 256, 40, 10> = features::mfcc_tables!(Config {
//! #     sample_rate_hz: 16_000, frame_samples: 512, hop_samples: 320, fft_size: 512,
//! #     mel_bands: 40, low_hz: 60, high_hz: 7_600, log_floor_bits: 26,
//! # });
//! # let quantise = Quantise { mean_q16: &[0; 10], gain_q32: &[1 << 17; 10], zero_point: 0 };
//! let clip = [0i16; 16_000];
//! let mut scratch = Scratch::<256, 40>::new();
//! let mut input = [0i8; 49 * 10];
//! FRONT.front_end().whole_clip(&quantise, &clip, &mut scratch.parts(), &mut input).unwrap();
//! ```
//!
//! # A picture
//! ```
//! use features::image::{self, Affine, Size};
//!
//! let picture = [0u8, 255, 255, 0];
//! let mut pixels = [0u8; 16];
//! image::bilinear(&picture, Size::new(2, 2, 1), &mut pixels, Size::new(4, 4, 1)).unwrap();
//! let mut input = [0i8; 16];
//! image::normalise(&pixels, &[Affine { mean_q8: 0, gain_q16: 1 << 16 }], -128, &mut input).unwrap();
//! assert_eq!(&input[..4], &[-128, -64, 63, 127]);
//! ```
#![no_std]
#![forbid(unsafe_code)]

mod audio;
mod error;
pub mod image;
mod math;

pub use audio::config::{Config, MAX_FFT_SIZE, MIN_FFT_SIZE};
pub use audio::fft::{Complex, Twiddle, real_fft};
pub use audio::front_end::{FrontEnd, Quantise, Scratch, ScratchParts};
pub use audio::history::History;
pub use audio::log2::log2_q16;
pub use audio::mel::Mel;
pub use audio::stream::Stream;
pub use audio::tables::{self, LogMel, Mfcc};
pub use audio::wake_word;
pub use error::{BufferError, ConfigError};
