//! What the device takes while it waits.

use super::{Integral, median};
use crate::stream::Sample;

/// Length of a mean at first, in seconds.
const MEAN_SECONDS: f64 = 0.01;
/// Means that are kept; when there are more, two become one.
const MOST: usize = 1 << 16;

/// Power outside windows, in short means. Their median is idle power: a device that waits most of the time may load an
/// input, or wake up now and then, without changing it.
#[derive(Clone, Debug)]
pub struct Idle {
    length: u64,
    open: (f64, u64),
    means: Vec<f64>,
    all: Integral,
}

impl Idle {
    /// Nothing yet.
    #[must_use]
    pub fn new(rate_hz: f64) -> Self {
        let length = (rate_hz * MEAN_SECONDS).round().max(1.0) as u64;
        Self { length, open: (0.0, 0), means: Vec::new(), all: Integral::default() }
    }

    /// Adds a sample that is in no window.
    #[inline]
    pub fn add(&mut self, sample: &Sample, volts: f64) {
        self.all.add(sample, volts);
        self.open.0 += f64::from(sample.current) * sample.voltage.map_or(volts, f64::from);
        self.open.1 += 1;
        if self.open.1 == self.length {
            self.means.push(self.open.0 / self.length as f64);
            self.open = (0.0, 0);
            if self.means.len() == MOST {
                self.means =
                    self.means.as_chunks::<2>().0.iter().map(|[a, b]| f64::midpoint(*a, *b)).collect();
                self.length *= 2;
            }
        }
    }

    /// What comes next does not follow on what came last.
    pub fn interrupt(&mut self) {
        self.open = (0.0, 0);
    }

    /// Watts; nothing where there was too little outside windows.
    #[must_use]
    pub fn power(&self) -> Option<f64> {
        median(&self.means)
    }

    /// All of it.
    #[must_use]
    pub const fn all(&self) -> &Integral {
        &self.all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn add(idle: &mut Idle, current: f32, count: usize) {
        let sample = Sample { current, voltage: None, digital: 0, range: 0 };
        (0..count).for_each(|_| idle.add(&sample, 2.0));
    }

    #[test]
    fn loading_an_input_does_not_change_it() {
        let mut idle = Idle::new(1000.0);
        add(&mut idle, 1.0, 600);
        add(&mut idle, 50.0, 300);
        assert_eq!(idle.power(), Some(2.0));
    }

    #[test]
    fn a_piece_that_was_interrupted_is_no_mean() {
        let mut idle = Idle::new(1000.0);
        add(&mut idle, 9.0, 9);
        idle.interrupt();
        assert_eq!(idle.power(), None);
        add(&mut idle, 1.0, 10);
        assert_eq!(idle.power(), Some(2.0));
    }

    #[test]
    fn long_streams_are_kept_in_longer_means() {
        let mut idle = Idle::new(1.0);
        add(&mut idle, 3.0, MOST * 2 + 1);
        assert_eq!((idle.length, idle.power()), (4, Some(6.0)));
    }
}
