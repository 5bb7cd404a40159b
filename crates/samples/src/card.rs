//! The card beside a model: `model.toml`, in the form of models/README.md.

use crate::audio::{AudioFeatures, AudioTable};
use crate::error::CardError;
use crate::image::{ImageFeatures, ImageTable};
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
