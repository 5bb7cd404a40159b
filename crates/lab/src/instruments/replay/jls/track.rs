use std::collections::VecDeque;

use super::chunk::{Signal, U1, U8};

/// Figures of one signal that are still to be used.
#[derive(Clone, Debug, Default)]
pub struct Track {
    id: Option<u8>,
    rate_hz: f64,
    /// Number of the first of `figures`, or of what is missing before it.
    first: i64,
    figures: VecDeque<f32>,
    /// Where figures are missing: the number of the next that is there, and how many.
    breaks: VecDeque<(i64, u64)>,
    /// Number of the figure after the last; none before the first.
    next: Option<i64>,
}

impl Track {
    pub fn new(signal: &Signal) -> Self {
        Self { id: Some(signal.id), rate_hz: signal.rate_hz.into(), ..Self::default() }
    }

    pub fn is_defined(&self) -> bool {
        self.id.is_some()
    }

    pub fn is_of(&self, signal: u8) -> bool {
        self.id == Some(signal)
    }

    pub fn rate_hz(&self) -> f64 {
        self.rate_hz
    }

    /// Takes a chunk over. One that goes back in time is left out.
    pub fn take(&mut self, first: i64, count: u32, bytes: &[u8]) {
        let lost = match self.next {
            Some(next) => first.checked_sub(next),
            None => Some(0),
        };
        let Some(lost) = lost.and_then(|lost| u64::try_from(lost).ok()) else { return };
        let figures = bytes.as_chunks::<4>().0.iter().take(count as usize).map(|it| f32::from_le_bytes(*it));
        let before = self.figures.len();
        if lost > 0 {
            self.breaks.push_back((first, lost));
        }
        if before == 0 {
            // Whatever is missing is told by the break.
            self.first = first.saturating_sub(i64::try_from(lost).unwrap_or(0));
        }
        self.figures.extend(figures);
        let added = (self.figures.len() - before) as i64;
        self.next = Some(first.saturating_add(added));
    }

    /// How many figures wait.
    pub fn waiting(&self) -> usize {
        self.figures.len()
    }

    /// The time after the last figure, in seconds.
    pub fn end(&self) -> Option<f64> {
        Some(self.next? as f64 / self.rate_hz)
    }

    /// How many of the waiting figures are before a time.
    pub fn until(&self, time: f64) -> usize {
        let missing: u64 = self.breaks.iter().map(|(_, lost)| *lost).sum();
        let figures = time * self.rate_hz - self.first as f64 - missing as f64;
        (figures.max(0.0) as usize).min(self.figures.len())
    }

    /// The next figure, how many are missing before it, and the middle of its time in seconds.
    pub fn next_figure(&mut self) -> Option<(u64, f64, f32)> {
        let figure = self.figures.pop_front()?;
        let lost = self.pass();
        let time = (self.first as f64 + 0.5) / self.rate_hz;
        self.first = self.first.saturating_add(1);
        Some((lost, time, figure))
    }

    /// Steps over what is missing before the next figure.
    fn pass(&mut self) -> u64 {
        let Some((at, lost)) = self.breaks.front().copied() else { return 0 };
        if self.first.saturating_add_unsigned(lost) != at {
            return 0;
        }
        self.breaks.pop_front();
        self.first = at;
        lost
    }

    /// The figure at a time; times may only grow.
    pub fn at(&mut self, time: f64) -> Option<f32> {
        let wanted = (time * self.rate_hz).floor() as i64;
        self.pass();
        while self.first < wanted && !self.figures.is_empty() {
            self.figures.pop_front();
            self.first += 1;
            self.pass();
        }
        self.figures.front().copied().filter(|_| self.first == wanted)
    }
}

/// The levels of a digital input: runs of equal ones.
#[derive(Clone, Debug)]
pub struct Levels {
    id: u8,
    bits: usize,
    rate_hz: f64,
    /// Number of the first sample of each run, its level, and whether a part that was left out hides where it begins.
    runs: VecDeque<(i64, bool, bool)>,
    last: Option<bool>,
    next: Option<i64>,
    now: bool,
}

impl Levels {
    /// None for a signal of another type.
    pub fn new(signal: &Signal) -> Option<Self> {
        let bits = match signal.kind {
            U1 => 1,
            U8 => 8,
            _ => return None,
        };
        let rate_hz = f64::from(signal.rate_hz);
        let levels =
            Self { id: signal.id, bits, rate_hz, runs: VecDeque::new(), last: None, next: None, now: false };
        (rate_hz > 0.0).then_some(levels)
    }

    pub fn is_of(&self, signal: u8) -> bool {
        self.id == signal
    }

    /// Takes a chunk over.
    pub fn take(&mut self, first: i64, count: u32, bytes: &[u8]) {
        let is_behind_a_hole = self.next.is_some_and(|next| next < first);
        for index in 0..(count as usize).min(bytes.len() * 8 / self.bits) {
            let at = index * self.bits;
            let Some(byte) = bytes.get(at / 8) else { break };
            let level = byte >> (at % 8) & 1 == 1;
            if self.last != Some(level) {
                let is_doubtful = index == 0 && is_behind_a_hole;
                self.runs.push_back((first.saturating_add(index as i64), level, is_doubtful));
                self.last = Some(level);
            }
        }
        self.next = Some(first.saturating_add(count.into()));
    }

    /// The time after the last sample, in seconds.
    pub fn end(&self) -> Option<f64> {
        Some(self.next? as f64 / self.rate_hz)
    }

    /// The level at a time, and whether its beginning is doubtful; times may only grow.
    pub fn at(&mut self, time: f64) -> (bool, bool) {
        let wanted = (time * self.rate_hz).floor() as i64;
        let mut is_doubtful = false;
        while let Some((_, level, doubtful)) = self.runs.pop_front_if(|run| run.0 <= wanted) {
            self.now = level;
            is_doubtful |= doubtful;
        }
        (self.now, is_doubtful)
    }
}
