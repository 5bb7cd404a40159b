//! The front end for pictures as a card describes it.

use crate::error::CardError;
use serde::Deserialize;

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

/// `[features]` of a card whose input is a picture.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ImageTable {
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
    pub(crate) fn features(self) -> Result<ImageFeatures, CardError> {
        let needed = match self.colour {
            Colour::Grey => 1,
            Colour::Rgb => 3,
        };
        let ImageQuantise { mean_q8, gain_q16, zero_point } = self.quantise;
        CardError::check_length("features.quantise.mean_q8", needed, mean_q8.len())?;
        CardError::check_length("features.quantise.gain_q16", needed, gain_q16.len())?;
        let channels = mean_q8.into_iter().zip(gain_q16);
        let channels =
            channels.map(|(mean_q8, gain_q16)| features::image::Affine { mean_q8, gain_q16 }).collect();
        let Self { colour, invert, shrink, grow, .. } = self;
        Ok(ImageFeatures { colour, invert, shrink, grow, channels, zero_point })
    }
}
