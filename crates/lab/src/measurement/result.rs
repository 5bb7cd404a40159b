//! What a measurement says, for programs.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{
    recording::Ending,
    statistics::{Interval, RangeShare},
    stream::{Block, Event, EventKind, GapReason},
    window::{Fault, Window},
};

/// All figures of a recording, and what is wrong with them. Figures of an inference unless their name says otherwise.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Measurement {
    /// 1.
    pub schema: u32,
    /// `measured`, or `simulated` where the instrument played a current.
    pub obtained: String,
    /// Of the samples it was computed from.
    pub samples_sha256: String,
    /// How many these are.
    pub samples: u64,
    /// From the first sample to the last.
    pub seconds: f64,
    /// How the windows were found.
    pub found: Found,
    /// Inferences of a window.
    pub inferences: u32,
    /// Nothing where no window is whole.
    pub energy: Option<Energy>,
    /// Latency.
    pub microseconds: Option<Interval>,
    /// Charge.
    pub microcoulombs: Option<f64>,
    /// Mean power in windows.
    pub average_w: Option<f64>,
    /// The most of a sample in a window.
    pub peak_w: Option<f64>,
    /// Power outside windows: the median of means over 10 ms.
    pub idle_w: Option<f64>,
    /// In windows, in volts.
    pub voltage: Option<Spread>,
    /// Or it is the one that was set.
    pub voltage_measured: bool,
    /// Degrees Celsius, as the instrument told.
    pub temperature: Option<Spread>,
    /// How much the energy rises from the first window to the last, as a share of the mean.
    pub drift: Option<f64>,
    /// How much slower the instrument's clock goes than its samples come, in millionths.
    pub clock_ppm: Option<f64>,
    /// What each measuring range had.
    pub ranges: Vec<RangeShare>,
    /// One by one.
    pub windows: Vec<WindowFigures>,
    /// What was lost.
    pub lost: Lost,
    /// What is wrong with the marks.
    pub faults: Vec<Fault>,
    /// Why the measurement does not count; in words.
    pub problems: Vec<String>,
    /// What to look at all the same.
    pub warnings: Vec<String>,
}

impl Measurement {
    /// Whether nothing was lost and every window is there.
    #[must_use]
    pub fn is_good(&self) -> bool {
        self.problems.is_empty() && self.energy.is_some()
    }
}

/// How windows were found.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Found {
    /// By pulses of the window pin at both ends.
    Pulses,
    /// By the level of the window pin.
    Level,
    /// By the current's shape, without a pin.
    Shape,
}

impl Found {
    /// For people.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pulses => "by pulses of the window pin",
            Self::Level => "by the level of the window pin",
            Self::Shape => {
                "by the current's shape: there is no pin, and edges are uncertain by a millisecond or more"
            }
        }
    }
}

/// The energy of an inference.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize)]
pub struct Energy {
    /// The mean of all windows that are whole, with its 95 % interval.
    pub microjoules: Interval,
    /// The median of the same, which is MLPerf Tiny's figure.
    pub median_microjoules: f64,
    /// The standard deviation of windows; nothing of a single one.
    pub deviation: Option<f64>,
    /// Whether idle power was taken off.
    pub idle_subtracted: bool,
}

/// A mean and the ends.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize)]
pub struct Spread {
    /// The mean.
    pub mean: f64,
    /// The least.
    pub low: f64,
    /// The most.
    pub high: f64,
}

/// A window.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize)]
pub struct WindowFigures {
    /// Where it is in the stream.
    #[serde(flatten)]
    pub window: Window,
    /// When it began.
    pub begin_seconds: f64,
    /// How long it was.
    pub seconds: f64,
    /// Energy of an inference, less idle where that was asked.
    pub microjoules: f64,
    /// Latency of an inference.
    pub microseconds: f64,
    /// Charge of an inference.
    pub microcoulombs: f64,
    /// Mean power.
    pub average_w: f64,
    /// The most of a sample.
    pub peak_w: f64,
    /// Samples that are missing in it.
    pub missing: u64,
    /// Whether it counts: nothing is missing, no edge lies in a gap, nothing was overloaded.
    pub whole: bool,
}

/// What was lost of a stream.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct Lost {
    /// Samples that are known to be missing.
    pub samples: u64,
    /// Places at which samples are missing.
    pub gaps: u64,
    /// Of these, those of unknown length.
    pub unknown: u64,
    /// Gaps by their reason.
    pub reasons: BTreeMap<String, u64>,
    /// Times that the current was beyond the range.
    pub overloads: u64,
    /// Why the stream ended before its time.
    pub broken: Option<String>,
    /// Events for which the recording had no room.
    pub events_dropped: u64,
}

impl Lost {
    /// Whether it was anything.
    #[must_use]
    pub fn is_any(&self) -> bool {
        self.gaps > 0 || self.overloads > 0 || self.broken.is_some() || self.events_dropped > 0
    }

    pub(super) fn count(&mut self, block: &Block) {
        for gap in &block.gaps {
            self.add(gap.missing, gap.why);
        }
    }

    fn add(&mut self, missing: u64, why: GapReason) {
        self.gaps += 1;
        self.samples += missing;
        self.unknown += u64::from(missing == 0);
        *self.reasons.entry(why.name().to_owned()).or_default() += 1;
    }

    pub(super) fn end(&mut self, ending: &Ending, events: &[Event]) {
        if ending.missing > 0 {
            self.add(ending.missing, GapReason::Counter);
        }
        self.broken.clone_from(&ending.broken);
        self.events_dropped = ending.events_dropped;
        self.overloads = events.iter().filter(|event| event.kind == EventKind::Overload).count() as u64;
    }
}
