//! Pictures, sounds and arrays from files, as the bytes that a model takes.
//!
//! [`Sample::read`] takes PNG, WAV, NPY or raw bytes and tells them apart by how they begin; [`Card::read`] takes the
//! `model.toml` that says what stands before a model; [`to_input`] puts the one through the other, with the very code
//! that runs on the device.
//!
//! ```no_run
//! let card = samples::Card::beside("models/kws/model.tflite".as_ref())?.expect("kws has a model.toml");
//! let sample = samples::Sample::read("models/kws/samples/yes_test3.wav".as_ref())?;
//! let bytes = samples::to_input(&card.input, card.features.as_ref(), &sample)?;
//! assert_eq!(bytes.len(), 49 * 10);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
#![forbid(unsafe_code)]

mod audio;
mod card;
mod error;
mod image;
mod input;
mod npy;
mod picture;
mod sound;

pub use audio::{AudioFeatures, AudioOutput};
pub use card::{Card, Features, Input};
pub use error::{CardError, InputError, SampleError};
pub use image::{Colour, ImageFeatures, Resize};
pub use input::to_input;
pub use npy::Array;
pub use picture::Picture;
pub use sound::Sound;

use std::fs::File;
use std::io::Read;
use std::path::Path;

/// The largest file that is read, and the most bytes that a file may unpack to: 64 MiB.
pub const MAX_BYTES: usize = 64 << 20;

/// What was in a file.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Sample {
    /// A PNG.
    Picture(Picture),
    /// A WAV.
    Sound(Sound),
    /// An NPY array.
    Array(Array),
    /// Anything else: the bytes as they are.
    Raw(Vec<u8>),
}

impl Sample {
    /// Reads a file and tells what it is by its first bytes.
    ///
    /// # Errors
    /// A file that cannot be read, that is larger than [`MAX_BYTES`], or that [`Sample::decode`] refuses.
    pub fn read(path: &Path) -> Result<Self, SampleError> {
        let unreadable = |source| SampleError::Read { path: path.to_owned(), source };
        let mut bytes = Vec::new();
        let limit = MAX_BYTES as u64 + 1;
        File::open(path).map_err(unreadable)?.take(limit).read_to_end(&mut bytes).map_err(unreadable)?;
        Self::decode(&bytes)
    }

    /// What some bytes are, by how they begin.
    ///
    /// # Errors
    /// A PNG, WAV or NPY that is broken or of a kind that is not taken; more than [`MAX_BYTES`].
    pub fn decode(bytes: &[u8]) -> Result<Self, SampleError> {
        if bytes.len() > MAX_BYTES {
            return Err(SampleError::TooLarge { limit: MAX_BYTES });
        }
        if bytes.starts_with(b"\x89PNG\r\n\x1a\n") {
            Picture::from_png(bytes).map(Self::Picture)
        } else if bytes.starts_with(b"RIFF") {
            Sound::from_wav(bytes).map(Self::Sound)
        } else if bytes.starts_with(npy::MAGIC) {
            Array::from_npy(bytes).map(Self::Array)
        } else {
            Ok(Self::Raw(bytes.to_vec()))
        }
    }

    /// What it is, in a word.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Picture(_) => "picture",
            Self::Sound(_) => "sound",
            Self::Array(_) => "array",
            Self::Raw(_) => "raw bytes",
        }
    }
}
