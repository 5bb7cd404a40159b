use super::{Calibration, calibration::RANGES};
use crate::{
    instruments::Tally,
    stream::{Block, EventKind, GapReason, Sample},
};

/// Bytes of a sample.
pub const WORD: usize = 4;
/// Consecutive counters that make a stream believable again.
const RUN: usize = 4;
/// Bytes in which such a run is looked for, at every place of the first word.
const LOOK: usize = WORD * (RUN + 1);
/// The counter's values.
const COUNTERS: u64 = 64;
/// The highest range, in which the current may be beyond what the instrument bears.
const TOP: usize = RANGES - 1;
/// What a PPK2 bears, in amperes.
const LIMIT: f64 = 1.0;

/// One sample as a PPK2 sends it.
///
/// | bits | |
/// |---|---|
/// | 0..14 | converter, in fours of its steps |
/// | 14..17 | range |
/// | 18..24 | counter |
/// | 24..32 | digital inputs |
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Word(pub u32);

impl Word {
    /// Puts one together; every part is cut to its bits.
    #[must_use]
    pub fn new(converter: u32, range: u32, counter: u64, digital: u8) -> Self {
        let counter = u32::try_from(counter % COUNTERS).unwrap_or(0);
        Self(converter & 0x3fff | (range & 7) << 14 | counter << 18 | u32::from(digital) << 24)
    }

    fn converter(self) -> f64 {
        f64::from((self.0 & 0x3fff) * 4)
    }

    fn range(self) -> usize {
        ((self.0 >> 14 & 7) as usize).min(TOP)
    }

    fn counter(self) -> u64 {
        u64::from(self.0 >> 18 & 0x3f)
    }

    fn digital(self) -> u8 {
        (self.0 >> 24) as u8
    }
}

/// Turns a PPK2's stream into samples.
///
/// The counter of every sample is checked. Where it jumps, or bytes are missing, the stream is believed again after four
/// samples that count on; what is not between is a gap with its length modulo 64, which is what the counter tells. A
/// loss of exactly 64 samples or a multiple of it shows in no counter.
#[derive(Clone, Debug)]
pub struct Decoder {
    calibration: Calibration,
    volts: f64,
    filter: Option<SpikeFilter>,
    /// The counter of the next sample; none before the first.
    expected: Option<u64>,
    /// Bytes that make no whole sample yet, or from which the stream could not be found again.
    held: Vec<u8>,
    /// The stream is believed.
    in_step: bool,
    /// Whole samples' worth of bytes that were given up since it was believed last.
    given_up: u64,
    overloaded: bool,
}

impl Decoder {
    /// At the start of a stream of a device that feeds `volts`.
    #[must_use]
    pub fn new(calibration: Calibration, volts: f64) -> Self {
        Self {
            calibration,
            volts,
            filter: Some(SpikeFilter::default()),
            expected: None,
            held: Vec::new(),
            in_step: false,
            given_up: 0,
            overloaded: false,
        }
    }

    /// Leaves the spikes of range switches in.
    #[must_use]
    pub fn without_filter(mut self) -> Self {
        self.filter = None;
        self
    }

    /// Samples' worth of bytes in which no stream was found.
    #[must_use]
    pub fn unread(&self) -> u64 {
        self.given_up
    }

    /// Adds the samples of some bytes, which may end anywhere, to a block.
    pub fn feed(&mut self, mut bytes: &[u8], tally: &mut Tally, block: &mut Block) {
        while !bytes.is_empty() {
            if self.in_step && self.held.is_empty() {
                bytes = self.run(bytes, tally, block);
                continue;
            }
            let wanted = if self.in_step { WORD } else { LOOK };
            let (now, later) = bytes.split_at(bytes.len().min(wanted.saturating_sub(self.held.len())));
            self.held.extend_from_slice(now);
            bytes = later;
            if self.held.len() >= wanted {
                self.unhold(tally, block);
            }
        }
    }

    /// The end of the stream: what is held will not be made up for any more.
    pub fn finish(&mut self, tally: &mut Tally, block: &mut Block) {
        while let Some(start) = self.find().filter(|_| !self.in_step) {
            self.resume(start, tally, block);
        }
        let words = (self.held.len() / WORD) as u64 + self.given_up;
        if !self.in_step && words > 0 {
            tally.gap(block, words, GapReason::Garbled);
        }
        self.held.clear();
        self.given_up = 0;
        self.in_step = false;
        self.expected = None;
    }

    /// The stream as it should be, as far as it goes.
    fn run<'a>(&mut self, bytes: &'a [u8], tally: &mut Tally, block: &mut Block) -> &'a [u8] {
        let mut rest = bytes;
        while let Some((word, after)) = rest.split_first_chunk::<WORD>() {
            let word = Word(u32::from_le_bytes(*word));
            if self.expected != Some(word.counter()) {
                self.in_step = false;
                return rest;
            }
            self.take(word, tally, block);
            rest = after;
        }
        self.held.extend_from_slice(rest);
        &[]
    }

    /// Goes on with what was held, when there is enough of it.
    fn unhold(&mut self, tally: &mut Tally, block: &mut Block) {
        if self.in_step {
            let held = std::mem::take(&mut self.held);
            let rest = self.run(&held, tally, block);
            // Out of step: its bytes are the first of those to look into.
            self.held.extend_from_slice(rest);
            return;
        }
        match self.find() {
            Some(start) => self.resume(start, tally, block),
            None => {
                self.held.drain(..WORD.min(self.held.len()));
                self.given_up += 1;
            }
        }
    }

    /// Where in what is held a run of samples begins.
    fn find(&self) -> Option<usize> {
        let counts_on = |run: &[u8]| {
            let mut counters =
                run.as_chunks::<WORD>().0.iter().map(|word| Word(u32::from_le_bytes(*word)).counter());
            let first = counters.next().unwrap_or(0);
            counters.zip(1..).all(|(counter, step)| counter == (first + step) % COUNTERS)
        };
        self.held.windows(WORD * RUN).position(counts_on)
    }

    /// Takes the stream up again at a byte of what is held.
    fn resume(&mut self, start: usize, tally: &mut Tally, block: &mut Block) {
        let held = std::mem::take(&mut self.held);
        let rest = held.get(start..).unwrap_or_default();
        let Some(word) = rest.first_chunk::<WORD>() else { return };
        let counter = Word(u32::from_le_bytes(*word)).counter();
        let scrap = self.given_up + start.div_ceil(WORD) as u64;
        match self.expected {
            Some(expected) => {
                let by_counter = (counter + COUNTERS - expected) % COUNTERS;
                let more = (scrap.saturating_sub(by_counter)).div_ceil(COUNTERS) * COUNTERS;
                let why = if scrap == 0 { GapReason::Counter } else { GapReason::Garbled };
                // No sample is missing where bytes were added to the line: none that is known.
                tally.gap(block, by_counter + more, why);
            }
            None if scrap > 0 => tally.gap(block, 0, GapReason::Garbled),
            None => {}
        }
        self.given_up = 0;
        self.expected = Some(counter);
        self.in_step = true;
        let rest = self.run(rest, tally, block);
        // Either nothing, or the part after the run that is out of step again.
        let mut rest = rest.to_vec();
        rest.append(&mut self.held);
        self.held = rest;
    }

    /// One good sample.
    #[inline]
    fn take(&mut self, word: Word, tally: &mut Tally, block: &mut Block) {
        self.expected = Some((word.counter() + 1) % COUNTERS);
        let range = word.range();
        let Some(calibration) = self.calibration.ranges.get(range) else { return };
        let mut current = calibration.amperes(word.converter(), self.volts);
        let overloaded = range == TOP && current > LIMIT;
        if overloaded && !self.overloaded {
            tally.event(block, EventKind::Overload);
        }
        self.overloaded = overloaded;
        if let Some(filter) = &mut self.filter {
            current = filter.smooth(current, range);
        }
        let sample =
            Sample { current: current as f32, voltage: None, digital: word.digital(), range: range as u8 };
        tally.sample(block, sample);
    }
}

/// Nordic's filter of what a switch of ranges does to the samples that follow.
///
/// Two running means go along with the current. A sample after a switch, and the next two in that range, are replaced by
/// the first mean, or by the slower second one in the highest range; there, the first two samples do not enter the means.
#[derive(Clone, Debug, Default)]
struct SpikeFilter {
    means: Option<(f64, f64)>,
    range: Option<usize>,
    since_switch: u32,
    to_smooth: u32,
}

impl SpikeFilter {
    const FAST: f64 = 0.18;
    const SLOW: f64 = 0.06;
    const SAMPLES: u32 = 3;

    #[inline]
    fn smooth(&mut self, current: f64, range: usize) -> f64 {
        let before = self.means;
        let (fast, slow) = before.unwrap_or((current, current));
        let mut means = (fast + Self::FAST * (current - fast), slow + Self::SLOW * (current - slow));
        let switched = self.range.is_some_and(|it| it != range);
        self.range = Some(range);
        let mut smoothed = current;
        if switched || self.to_smooth > 0 {
            if switched {
                self.since_switch = 0;
                self.to_smooth = Self::SAMPLES;
            } else {
                self.since_switch += 1;
            }
            if range == TOP && self.since_switch < 2 {
                means = before.unwrap_or(means);
            }
            smoothed = if range == TOP { means.1 } else { means.0 };
            self.to_smooth -= 1;
        }
        self.means = Some(means);
        smoothed
    }
}

#[cfg(test)]
mod tests;
