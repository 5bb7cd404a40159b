//! A stream's current at a glance: least, mean and most over equal stretches, however long it is, and one stretch of
//! it sample by sample.

use crate::window::Window;

/// Stretches that are kept; when there are more, two become one.
const MOST: usize = 1 << 15;
/// Samples that are kept one by one.
const CLOSE: usize = 1 << 14;
/// Of these, those before the first window.
const BEFORE: u64 = 1 << 10;

/// A stretch.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Stretch {
    /// Amperes, the least.
    pub low: f32,
    /// The most.
    pub high: f32,
    sum: f64,
    count: u32,
}

impl Stretch {
    const NONE: Self = Self { low: f32::INFINITY, high: f32::NEG_INFINITY, sum: 0.0, count: 0 };

    /// The mean; nothing where all samples were lost.
    #[must_use]
    pub fn mean(&self) -> Option<f64> {
        (self.count > 0).then(|| self.sum / f64::from(self.count))
    }

    fn with(self, other: Self) -> Self {
        Self {
            low: self.low.min(other.low),
            high: self.high.max(other.high),
            sum: self.sum + other.sum,
            count: self.count + other.count,
        }
    }
}

/// The current over a whole stream.
#[derive(Clone, Debug)]
pub struct Trace {
    rate_hz: f64,
    /// Samples of a stretch, a power of two.
    length: u64,
    stretches: Vec<Stretch>,
    close_from: u64,
    close: Vec<Option<f32>>,
}

impl Trace {
    /// Nothing yet. What is kept sample by sample begins before that window.
    #[must_use]
    pub fn new(rate_hz: f64, window: Option<Window>) -> Self {
        let close_from = window.map_or(0, |window| window.begin.saturating_sub(BEFORE));
        Self { rate_hz, length: 1, stretches: Vec::new(), close_from, close: Vec::new() }
    }

    /// Takes a sample, in order.
    #[inline]
    pub fn push(&mut self, index: u64, current: f32) {
        let mut at = (index / self.length) as usize;
        while at >= MOST {
            let pair = |pair: &[Stretch]| pair.iter().fold(Stretch::NONE, |of, next| of.with(*next));
            self.stretches = self.stretches.chunks(2).map(pair).collect();
            self.length *= 2;
            at = (index / self.length) as usize;
        }
        if at >= self.stretches.len() {
            self.stretches.resize(at + 1, Stretch::NONE);
        }
        if let Some(stretch) = self.stretches.get_mut(at) {
            *stretch = stretch.with(Stretch { low: current, high: current, sum: current.into(), count: 1 });
        }
        if let Some(at) = index.checked_sub(self.close_from).filter(|at| *at < CLOSE as u64) {
            self.close.resize(at as usize, None);
            self.close.push(Some(current));
        }
    }

    /// Seconds of a stretch.
    #[must_use]
    pub fn stretch_seconds(&self) -> f64 {
        self.length as f64 / self.rate_hz
    }

    /// The stretches, in order from the first sample on.
    #[must_use]
    pub fn stretches(&self) -> &[Stretch] {
        &self.stretches
    }

    /// When the part begins that is kept sample by sample, in seconds.
    #[must_use]
    pub fn close_begin(&self) -> f64 {
        self.close_from as f64 / self.rate_hz
    }

    /// That part, in amperes; nothing for what was lost.
    #[must_use]
    pub fn close(&self) -> &[Option<f32>] {
        &self.close
    }

    /// Seconds of a sample.
    #[must_use]
    pub fn sample_seconds(&self) -> f64 {
        self.rate_hz.recip()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn peaks_survive_however_long_the_stream_is() {
        let mut trace = Trace::new(1000.0, None);
        let count = 3 * MOST as u64;
        (0..count).for_each(|index| trace.push(index, if index == 70_001 { 9.0 } else { 1.0 }));
        assert_eq!((trace.length, trace.stretches.len()), (4, 3 * MOST / 4));
        let peak = trace.stretches[70_001 / 4];
        assert_eq!((peak.low, peak.high, peak.mean()), (1.0, 9.0, Some(3.0)));
        assert_eq!(trace.stretches.iter().filter(|stretch| stretch.high > 1.0).count(), 1);
    }

    #[test]
    fn lost_samples_are_holes() {
        let window = Window { begin: 2000, end: 3000, begin_within: 1, end_within: 1 };
        let mut trace = Trace::new(1000.0, Some(window));
        [0, 976, 979].into_iter().for_each(|index| trace.push(index, 1.0));
        assert_eq!(trace.close(), [Some(1.0), None, None, Some(1.0)]);
        assert_eq!((trace.close_begin(), trace.stretches()[500].mean()), (0.976, None));
    }
}
