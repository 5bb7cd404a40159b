//! What a recording knows beside its samples.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::stream::{Applied, Instrument, Mode, RangeUncertainty};

/// All that was known when the recording began. Keys may be added; none is ever renamed.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct Metadata {
    /// 1.
    pub schema: u32,
    /// When it began: `20261123_072718`, UTC.
    pub begun: String,
    /// The instrument and how it was set up.
    pub acquisition: Acquisition,
    /// What ran.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<Identity>,
    /// Where.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub board: Option<String>,
    /// The firmware.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image: Option<Identity>,
    /// What was to be measured.
    pub windows: WindowPlan,
    /// Versions of what took part.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub tools: BTreeMap<String, String>,
    /// What else falsifies or explains the figures, in words.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
    /// Anything that other tools added.
    #[serde(flatten)]
    pub extra: BTreeMap<String, serde_json::Value>,
}

/// A name and the SHA-256 of the file, in hex.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct Identity {
    /// The name.
    pub name: String,
    /// The hash.
    pub sha256: String,
}

/// An instrument and how it was set up.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct Acquisition {
    /// Make, model, serial number.
    pub instrument: String,
    /// Whether it plays a current instead of measuring one.
    pub simulated: bool,
    /// Who fed the device: `source` or `ampere`.
    pub mode: String,
    /// The voltage in force; counts where samples have none.
    pub volts: f64,
    /// How far that may be from the truth, relative, at 95 %.
    #[serde(default)]
    pub volts_uncertainty: f64,
    /// Samples a second.
    pub rate_hz: f64,
    /// How far that may be from the truth, relative, at most.
    #[serde(default)]
    pub rate_uncertainty: f64,
    /// Whether samples have a voltage.
    pub measures_voltage: bool,
    /// Digital inputs that mean something.
    pub digital_inputs: u8,
    /// Whether the instrument integrates by itself.
    #[serde(default)]
    pub energy_per_sample: bool,
    /// By range.
    #[serde(default)]
    pub uncertainty: Vec<Uncertainty>,
    /// What of its driver nobody could check, in words.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unverified: Vec<String>,
}

impl Acquisition {
    /// What an instrument says, and what became of the wishes.
    #[must_use]
    pub fn new(instrument: &dyn Instrument, mode: Mode, applied: Applied) -> Self {
        let capabilities = instrument.capabilities();
        Self {
            instrument: capabilities.name.clone(),
            simulated: capabilities.is_simulated(),
            mode: match mode {
                Mode::Source => "source".to_owned(),
                Mode::Ampere => "ampere".to_owned(),
            },
            volts: decimal(applied.volts),
            volts_uncertainty: 0.0,
            rate_hz: applied.rate_hz,
            rate_uncertainty: CLOCK,
            measures_voltage: capabilities.measures_voltage,
            digital_inputs: capabilities.digital_inputs,
            energy_per_sample: capabilities.energy_per_sample,
            uncertainty: capabilities.uncertainty.iter().map(Uncertainty::new).collect(),
            unverified: instrument.unverified().iter().map(|what| (*what).to_owned()).collect(),
        }
    }

    /// Watts of a current at the voltage that was set.
    #[must_use]
    pub fn watts(&self, amperes: f64) -> f64 {
        amperes * self.volts
    }
}

/// What the clocks of instruments are trusted to: plain crystals over temperature and age. Makers rarely say.
const CLOCK: f64 = 100e-6;

/// The number that the digits of a single-precision one say: 3.3, not 3.2999999523.
fn decimal(value: f32) -> f64 {
    value.to_string().parse().unwrap_or_else(|_| value.into())
}

/// As [`RangeUncertainty`].
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct Uncertainty {
    /// The range's upper end, in amperes.
    pub up_to: f64,
    /// Relative, at 95 %.
    pub gain: f64,
    /// Amperes, at 95 %.
    pub offset: f64,
    /// The document that says so.
    pub source: String,
}

impl Uncertainty {
    fn new(range: &RangeUncertainty) -> Self {
        Self {
            up_to: decimal(range.up_to),
            gain: decimal(range.gain),
            offset: decimal(range.offset),
            source: range.source.to_owned(),
        }
    }
}

/// What was to be measured.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct WindowPlan {
    /// How many windows; 0 where nobody knows.
    pub expected: u32,
    /// Inferences in each; 1 where nobody knows, and figures are of a window then.
    pub inferences: u32,
    /// How long each should be, in seconds; 0 where nobody knows.
    pub seconds: f64,
    /// How the firmware marks them.
    pub marking: Marking,
}

impl Default for WindowPlan {
    fn default() -> Self {
        Self { expected: 0, inferences: 1, seconds: 0.0, marking: Marking::Shape }
    }
}

/// How firmware marks its windows.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "lowercase", tag = "how")]
#[non_exhaustive]
pub enum Marking {
    /// A pulse at each end, as MLPerf Tiny's protocol has it.
    Pulses {
        /// The input it arrives at.
        input: u8,
        /// The edge of a pulse that counts.
        edge: Polarity,
    },
    /// A level from end to end.
    Level {
        /// The input it arrives at.
        input: u8,
        /// The edge that begins a window; the other one ends it.
        edge: Polarity,
    },
    /// Not at all: windows are found by the current.
    Shape,
}

/// Which way an edge goes.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Polarity {
    /// From low to high.
    Rising,
    /// From high to low.
    Falling,
}
