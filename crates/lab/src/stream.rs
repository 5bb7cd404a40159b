//! What a power instrument delivers, whatever its make: current and digital inputs, sample by sample, and what was lost.
//!
//! Time is counted in samples. Sample `k` covers the time from `k / rate_hz` to `(k + 1) / rate_hz` after the start. Samples
//! that were lost keep their indices, so that those after them stay where they belong; nothing is ever made up in their
//! place.

use std::{error, ops::RangeInclusive, time::Duration};

/// The range of a sample whose instrument does not tell.
pub const RANGE_UNKNOWN: u8 = 255;

/// What was measured over one period of the sample clock.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sample {
    /// Mean over the period, in amperes. Where [`Capabilities::energy_per_sample`] holds, that mean which gives the
    /// energy the instrument reported: energy = current × voltage × period.
    pub current: f32,
    /// Volts at the device; `None` where the instrument does not measure them, and [`Applied::volts`] counts.
    pub voltage: Option<f32>,
    /// Bit `n` is input `n`.
    pub digital: u8,
    /// The measuring range: 0 is the most sensitive, [`RANGE_UNKNOWN`] where the instrument does not tell. An index into
    /// [`Capabilities::uncertainty`].
    pub range: u8,
}

/// A stretch of the stream.
///
/// Readers add to it; whoever uses it empties it with [`clear`](Self::clear) before the next read.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Block {
    /// Index of the first of `samples` since the start, counting those that were lost. Where the block begins with a gap,
    /// that gap's samples are before it.
    pub first: u64,
    /// In order. Those after a gap inside the block have indices that jump by [`Gap::missing`].
    pub samples: Vec<Sample>,
    /// In order of [`Gap::at`].
    pub gaps: Vec<Gap>,
    /// In order of [`Event::at`].
    pub events: Vec<Event>,
}

impl Block {
    /// Empties it and sets the index of what comes next. Keeps its memory.
    pub fn clear(&mut self, first: u64) {
        self.first = first;
        self.samples.clear();
        self.gaps.clear();
        self.events.clear();
    }

    /// Nothing in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.samples.is_empty() && self.gaps.is_empty() && self.events.is_empty()
    }

    /// The index of the sample after the last.
    #[must_use]
    pub fn next(&self) -> u64 {
        let within = self.gaps.iter().filter(|gap| gap.at > self.first);
        self.first + self.samples.len() as u64 + within.map(|gap| gap.missing).sum::<u64>()
    }

    /// The samples with their indices.
    pub fn indexed(&self) -> impl Iterator<Item = (u64, &Sample)> {
        let mut index = self.first;
        let mut gaps = self.gaps.iter().filter(|gap| gap.at > self.first).peekable();
        self.samples.iter().map(move |sample| {
            while let Some(gap) = gaps.next_if(|gap| index + gap.missing >= gap.at) {
                index += gap.missing;
            }
            let here = index;
            index += 1;
            (here, sample)
        })
    }
}

/// Samples that should have come and did not.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Gap {
    /// Index of the first sample after it.
    pub at: u64,
    /// How many were lost right before `at`; 0 when nobody knows.
    pub missing: u64,
    /// Why.
    pub why: GapReason,
}

/// Why samples are missing.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[non_exhaustive]
pub enum GapReason {
    /// The stream's own counter jumped.
    Counter,
    /// The instrument said that its buffer ran over.
    Overrun,
    /// Bytes on the line made no sample.
    Garbled,
    /// The input was beyond the range, and there is no figure.
    Overload,
    /// The line went away and came back.
    Disconnect,
    /// A capture file says that nothing is known here.
    File,
}

impl GapReason {
    /// Every reason.
    pub const ALL: [Self; 6] =
        [Self::Counter, Self::Overrun, Self::Garbled, Self::Overload, Self::Disconnect, Self::File];

    /// The word in files and tables.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Overrun => "overrun",
            Self::Garbled => "garbled",
            Self::Overload => "overload",
            Self::Disconnect => "disconnect",
            Self::File => "file",
        }
    }
}

/// Something that the instrument tells beside samples.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// Index of the sample in which it happened.
    pub at: u64,
    /// What.
    pub kind: EventKind,
}

/// What an instrument tells beside samples.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum EventKind {
    /// An input changed, as the instrument itself saw it. Only for inputs that are not in [`Sample::digital`].
    Edge {
        /// Which input.
        input: u8,
        /// From low to high.
        rising: bool,
    },
    /// The current was beyond the range; the figures around it are too low.
    Overload,
    /// Degrees Celsius.
    Temperature(f32),
    /// The instrument's own clock, since its start.
    DeviceTime(Duration),
    /// The host asked the device for a window; added by whoever drives it, at the sample that was the last to come.
    Asked {
        /// Counted from 0.
        window: u32,
    },
    /// The device had answered, and all samples up to its answer had come.
    Answered {
        /// Counted from 0.
        window: u32,
    },
    /// In the instrument's words.
    Message(String),
}

/// What an instrument can do.
#[derive(Clone, Debug, PartialEq)]
pub struct Capabilities {
    /// Make, model and, where it tells, serial number. That of a simulated one begins with `simulated `.
    pub name: String,
    /// Sample rates.
    pub rates: Rates,
    /// Volts that it can supply; `None` where it cannot.
    pub supply: Option<RangeInclusive<f32>>,
    /// Whether [`Sample::voltage`] is ever there.
    pub measures_voltage: bool,
    /// How many bits of [`Sample::digital`], or inputs of [`EventKind::Edge`], mean something.
    pub digital_inputs: u8,
    /// The instrument integrates by itself; see [`Sample::current`].
    pub energy_per_sample: bool,
    /// By range, the most sensitive first: sample range `n` is entry `n`. With a single entry, it counts for all.
    pub uncertainty: Vec<RangeUncertainty>,
}

impl Capabilities {
    /// Whether it plays a known current instead of measuring one.
    #[must_use]
    pub fn is_simulated(&self) -> bool {
        self.name.starts_with("simulated ")
    }
}

/// Sample rates, in hertz.
#[derive(Clone, Debug, PartialEq)]
pub enum Rates {
    /// No other.
    Fixed(f64),
    /// One of these, in rising order.
    Steps(Vec<f64>),
    /// Anything in between.
    Any(RangeInclusive<f64>),
}

impl Rates {
    /// The rate nearest to what is wanted; the fastest, where nothing is.
    #[must_use]
    pub fn nearest(&self, wanted: Option<f64>) -> f64 {
        let wanted = wanted.unwrap_or(f64::INFINITY);
        match self {
            Self::Fixed(rate) => *rate,
            Self::Steps(steps) => {
                let distance = |rate: &f64| (rate.ln() - wanted.min(f64::MAX).ln()).abs();
                let nearest = steps.iter().min_by(|a, b| distance(a).total_cmp(&distance(b)));
                nearest.copied().unwrap_or(wanted)
            }
            Self::Any(range) => wanted.max(*range.start()).min(*range.end()),
        }
    }
}

/// How far a figure in one range may be from the truth, at 95 % unless `source` says otherwise: `gain` × current + `offset`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RangeUncertainty {
    /// The range's upper end, in amperes.
    pub up_to: f32,
    /// Relative.
    pub gain: f32,
    /// Amperes.
    pub offset: f32,
    /// The document that says so.
    pub source: &'static str,
}

/// Who feeds the device.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Mode {
    /// The instrument does.
    Source,
    /// A supply of its own; the instrument is an ampere meter in between.
    Ampere,
}

/// What is asked of an instrument.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Setup {
    /// Who feeds the device.
    pub mode: Mode,
    /// At what voltage: to be set when the instrument feeds it, and to be reckoned with when not.
    pub volts: f32,
    /// Samples a second; the fastest there are, where nothing is wanted.
    pub rate_hz: Option<f64>,
    /// How long the acquisition will take, for instruments that have to know; until [`Instrument::stop`], where nothing is said.
    pub duration: Option<Duration>,
}

/// What became of it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Applied {
    /// The voltage in force.
    pub volts: f32,
    /// The rate in force.
    pub rate_hz: f64,
}

/// What a read brought.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Progress {
    /// Something was added to the block.
    Data,
    /// Nothing came in time.
    Idle,
    /// Nothing will come any more: stopped, or the end of a file.
    Ended,
}

/// A power instrument.
///
/// The order of calls: `configure`, `power(true)`, `start`, `read` until it has [`Progress::Ended`] or enough came, `stop`,
/// `power(false)`. An instrument that goes away while it is read reports [`Error::Disconnected`]; what came before is in the block.
pub trait Instrument {
    /// What it can do.
    fn capabilities(&self) -> &Capabilities;

    /// Sets it up; says what it made of the wishes.
    ///
    /// # Errors
    /// [`Error::Unsupported`] for what it cannot do; those of its line.
    fn configure(&mut self, setup: &Setup) -> Result<Applied, Error>;

    /// Lets current through to the device, or cuts it off.
    ///
    /// # Errors
    /// Those of its line.
    fn power(&mut self, on: bool) -> Result<(), Error>;

    /// Starts the stream, at sample 0.
    ///
    /// # Errors
    /// Those of its line; one that was not configured.
    fn start(&mut self) -> Result<(), Error>;

    /// Adds what has come to `into`, waiting at most `timeout` for the first of it. `into` is empty and
    /// [`first`](Block::first) is set by this call.
    ///
    /// # Errors
    /// Those of its line. The block keeps what came before.
    fn read(&mut self, timeout: Duration, into: &mut Block) -> Result<Progress, Error>;

    /// What of the way that it was set up rests on nothing that anybody could check, in words: it belongs beside the figures.
    fn unverified(&self) -> &[&'static str] {
        &[]
    }

    /// Stops the stream. What is still on its way may be read until [`Progress::Ended`].
    ///
    /// # Errors
    /// Those of its line.
    fn stop(&mut self) -> Result<(), Error>;
}

/// Why an instrument does not do as it should.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// There is none at that place, or it is somebody else's.
    #[error("no {what} at {place}: {advice}")]
    NotFound {
        /// Which kind.
        what: &'static str,
        /// Where.
        place: String,
        /// What to look at.
        advice: &'static str,
    },
    /// It went away.
    #[error("the instrument went away after {samples} samples: check its cable, and measure again")]
    Disconnected {
        /// What came until then.
        samples: u64,
    },
    /// It does not answer.
    #[error("no answer to `{asked}` within {waited:?}: is it the right line, at the right speed?")]
    Silent {
        /// What was asked.
        asked: String,
        /// For how long.
        waited: Duration,
    },
    /// It answers something else than its protocol has.
    #[error("answered `{answer}` to `{asked}`: {advice}")]
    Answer {
        /// What was asked.
        asked: String,
        /// What came.
        answer: String,
        /// What to do.
        advice: &'static str,
    },
    /// It cannot do what is asked of it.
    #[error("{name} cannot {wish}: {advice}")]
    Unsupported {
        /// The instrument.
        name: String,
        /// What was asked.
        wish: String,
        /// What it can do instead.
        advice: String,
    },
    /// A capture file is not what it seems.
    #[error("{file}, {place}: {found}")]
    File {
        /// Its name.
        file: String,
        /// Line or byte.
        place: String,
        /// What is wrong there.
        found: String,
    },
    /// The operating system's word.
    #[error("{doing}: {reason}")]
    Io {
        /// What was being done.
        doing: String,
        /// Why it failed.
        #[source]
        reason: std::io::Error,
    },
    /// A driver's own.
    #[error(transparent)]
    Driver(Box<dyn error::Error + Send + Sync>),
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAMPLE: Sample = Sample { current: 0.5, voltage: None, digital: 0, range: 0 };

    #[test]
    fn lost_samples_keep_their_indices() {
        let gap = |at, missing| Gap { at, missing, why: GapReason::Counter };
        let block = Block {
            first: 10,
            samples: vec![SAMPLE; 5],
            gaps: vec![gap(10, 4), gap(15, 3), gap(16, 0), gap(18, 1)],
            events: vec![],
        };
        let indices: Vec<u64> = block.indexed().map(|(index, _)| index).collect();
        assert_eq!(indices, [10, 11, 15, 16, 18]);
        assert_eq!(block.next(), 19);
    }

    #[test]
    fn a_gap_at_the_end_counts_too() {
        let gaps = vec![Gap { at: 7, missing: 5, why: GapReason::Overrun }];
        let block = Block { first: 0, samples: vec![SAMPLE; 2], gaps, events: vec![] };
        assert_eq!(block.next(), 7);
        assert_eq!(block.indexed().map(|(index, _)| index).collect::<Vec<_>>(), [0, 1]);
    }

    #[test]
    fn the_nearest_rate_is_taken() {
        assert_eq!(Rates::Fixed(1e5).nearest(Some(10.0)), 1e5);
        let steps = Rates::Steps(vec![1e3, 1e4, 1e5]);
        assert_eq!(
            [steps.nearest(Some(9e3)), steps.nearest(None), steps.nearest(Some(0.0))],
            [1e4, 1e5, 1e3]
        );
        assert_eq!(Rates::Any(1.0..=50.0).nearest(Some(7.0)), 7.0);
        assert_eq!(Rates::Any(1.0..=50.0).nearest(None), 50.0);
    }
}
