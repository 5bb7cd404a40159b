//! The card beside a model: `model.toml`, in the form of models/README.md.

use crate::audio::FrontEndTables;
use crate::error::CardError;
use serde::Deserialize;
use std::path::Path;

/// What a model takes and answers, and what stands before it.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Card {
    /// The model's name.
    pub name: String,
    /// What it answers, in a sentence.
    pub task: String,
    /// SHA-256 of the `.tflite` that the card is about, in lower-case hex.
    pub sha256: String,
    /// What the outputs stand for, in order.
    pub labels: Vec<String>,
    /// The input tensor.
    pub input: Input,
    /// What a picture or a sound goes through; `None` where the model takes raw numbers.
    pub features: Option<Features>,
}

/// An input tensor.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Input {
    /// Elements along every axis.
    pub shape: Vec<usize>,
    /// The element's type, as numpy calls it: `int8`, `float32` …
    pub dtype: String,
    /// Real value of one step; 0 for types that are not quantised.
    #[serde(default)]
    pub scale: f32,
    /// The step that stands for 0.
    #[serde(default)]
    pub zero_point: i32,
}

/// What a sample goes through before the model.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Features {
    /// A sound becomes rows of log-mel energies or MFCC.
    Audio(AudioFeatures),
    /// A picture becomes pixels of the right size and values.
    Image(ImageFeatures),
}

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

/// Colours of a picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Colour {
    /// One channel.
    Grey,
    /// Red, green, blue.
    Rgb,
}

/// A way of resizing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Resize {
    /// `features::image::area`.
    Area,
    /// `features::image::bilinear`.
    Bilinear,
}

/// The front end for pictures.
#[derive(Clone, Debug, PartialEq)]
pub struct ImageFeatures {
    /// What the model sees.
    pub colour: Colour,
    /// Whether light and dark change places first.
    pub invert: bool,
    /// For pictures larger than the input on both axes.
    pub shrink: Resize,
    /// For all others.
    pub grow: Resize,
    /// What pixels become, per channel.
    pub channels: Vec<features::image::Affine>,
    /// The input's zero point.
    pub zero_point: i8,
}

impl Card {
    /// Reads a card.
    ///
    /// # Errors
    /// A file that cannot be read or is not a card; features that cannot be computed.
    pub fn read(path: &Path) -> Result<Self, CardError> {
        let text = std::fs::read_to_string(path)
            .map_err(|source| CardError::Read { path: path.to_owned(), source })?;
        Self::parse(&text, path)
    }

    /// The card beside a model: `model.toml` in the model's folder, if there is one for a file of its name.
    ///
    /// # Errors
    /// As for [`Card::read`].
    pub fn beside(model: &Path) -> Result<Option<Self>, CardError> {
        let path = model.with_file_name("model.toml");
        if !path.is_file() {
            return Ok(None);
        }
        let text = std::fs::read_to_string(&path)
            .map_err(|source| CardError::Read { path: path.clone(), source })?;
        let of =
            text.parse::<toml::Table>().ok().and_then(|card| card.get("file")?.as_str().map(str::to_owned));
        let is_for_model = of.is_none_or(|file| model.file_name().is_some_and(|name| name == file.as_str()));
        if is_for_model { Self::parse(&text, &path).map(Some) } else { Ok(None) }
    }

    /// Reads a card's text; `path` is for messages.
    ///
    /// # Errors
    /// As for [`Card::read`].
    pub fn parse(text: &str, path: &Path) -> Result<Self, CardError> {
        let form = |source| CardError::Form { path: path.to_owned(), source };
        let file: File = toml::from_str(text).map_err(form)?;
        let features = match (file.input.kind, file.features) {
            (Kind::Raw, _) | (_, None) => None,
            (Kind::Audio, Some(table)) => {
                let table: AudioTable = table.try_into().map_err(form)?;
                Some(Features::Audio(table.features(&file.name)?))
            }
            (Kind::Image, Some(table)) => {
                let table: ImageTable = table.try_into().map_err(form)?;
                Some(Features::Image(table.features()?))
            }
        };
        let File { name, task, sha256, labels, input, .. } = file;
        Ok(Self { name, task, sha256, labels, input: input.input, features })
    }
}

#[derive(Deserialize)]
struct File {
    name: String,
    task: String,
    sha256: String,
    #[serde(default)]
    labels: Vec<String>,
    input: InputTable,
    features: Option<toml::Table>,
}

#[derive(Deserialize)]
struct InputTable {
    kind: Kind,
    #[serde(flatten)]
    input: Input,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Kind {
    Audio,
    Image,
    Raw,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AudioTable {
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

fn check_length(list: &'static str, needed: usize, got: usize) -> Result<(), CardError> {
    if needed == got { Ok(()) } else { Err(CardError::ListLength { list, needed, got }) }
}

impl AudioTable {
    fn features(self, model: &str) -> Result<AudioFeatures, CardError> {
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
        check_length("features.quantise.mean_q16", columns, audio.mean_q16.len())?;
        check_length("features.quantise.gain_q32", columns, audio.gain_q32.len())?;
        Ok(audio)
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ImageTable {
    colour: Colour,
    #[serde(default)]
    invert: bool,
    shrink: Resize,
    grow: Resize,
    quantise: ImageQuantise,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ImageQuantise {
    mean_q8: Vec<i32>,
    gain_q16: Vec<i32>,
    zero_point: i8,
}

impl ImageTable {
    fn features(self) -> Result<ImageFeatures, CardError> {
        let needed = match self.colour {
            Colour::Grey => 1,
            Colour::Rgb => 3,
        };
        let ImageQuantise { mean_q8, gain_q16, zero_point } = self.quantise;
        check_length("features.quantise.mean_q8", needed, mean_q8.len())?;
        check_length("features.quantise.gain_q16", needed, gain_q16.len())?;
        let channels = mean_q8.into_iter().zip(gain_q16);
        let channels =
            channels.map(|(mean_q8, gain_q16)| features::image::Affine { mean_q8, gain_q16 }).collect();
        let Self { colour, invert, shrink, grow, .. } = self;
        Ok(ImageFeatures { colour, invert, shrink, grow, channels, zero_point })
    }
}
