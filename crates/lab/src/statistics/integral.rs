//! Sums over the samples of a window.

use serde::{Deserialize, Serialize};

use crate::{
    recording::{Acquisition, Uncertainty},
    stream::{RANGE_UNKNOWN, Sample},
};

/// Ranges that are told apart; the last stands for unknown ones.
const RANGES: usize = 16;

/// Sums over samples. Energies and charges are in units of a sample's length until they are asked for.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Integral {
    samples: u64,
    power: f64,
    current: f64,
    voltage: f64,
    voltage_low: f64,
    voltage_high: f64,
    peak_power: f64,
    peak_current: f64,
    by_range: [ByRange; RANGES],
}

#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct ByRange {
    samples: u64,
    power: f64,
    voltage: f64,
}

/// What one measuring range had of a window, or of all.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct RangeShare {
    /// The range; `None` where the instrument does not tell.
    pub range: Option<u8>,
    /// Of the time.
    pub time_share: f64,
    /// Of the energy.
    pub energy_share: f64,
    /// How far its part of the energy may be off, relative to all of it, at 95 %; `None` where the instrument's makers do not say.
    pub uncertainty: Option<f64>,
}

impl Integral {
    /// Adds a sample; `volts` counts where it has none.
    #[inline]
    pub fn add(&mut self, sample: &Sample, volts: f64) {
        let current = f64::from(sample.current);
        let voltage = sample.voltage.map_or(volts, f64::from);
        let power = current * voltage;
        if self.samples == 0 {
            (self.voltage_low, self.voltage_high) = (voltage, voltage);
        }
        self.samples += 1;
        self.power += power;
        self.current += current;
        self.voltage += voltage;
        self.voltage_low = self.voltage_low.min(voltage);
        self.voltage_high = self.voltage_high.max(voltage);
        self.peak_power = self.peak_power.max(power);
        self.peak_current = self.peak_current.max(current);
        let index = usize::from(sample.range).min(RANGES - 1);
        if let Some(range) = self.by_range.get_mut(index) {
            range.samples += 1;
            range.power += power;
            range.voltage += voltage;
        }
    }

    /// Adds the sums of another.
    pub fn merge(&mut self, other: &Self) {
        if other.samples == 0 {
            return;
        }
        if self.samples == 0 {
            (self.voltage_low, self.voltage_high) = (other.voltage_low, other.voltage_high);
        }
        self.samples += other.samples;
        self.power += other.power;
        self.current += other.current;
        self.voltage += other.voltage;
        self.voltage_low = self.voltage_low.min(other.voltage_low);
        self.voltage_high = self.voltage_high.max(other.voltage_high);
        self.peak_power = self.peak_power.max(other.peak_power);
        self.peak_current = self.peak_current.max(other.peak_current);
        for (range, other) in std::iter::zip(&mut self.by_range, &other.by_range) {
            range.samples += other.samples;
            range.power += other.power;
            range.voltage += other.voltage;
        }
    }

    /// How many samples there were.
    #[must_use]
    pub const fn samples(&self) -> u64 {
        self.samples
    }

    /// Joules.
    #[must_use]
    pub fn energy(&self, rate_hz: f64) -> f64 {
        self.power / rate_hz
    }

    /// Coulombs.
    #[must_use]
    pub fn charge(&self, rate_hz: f64) -> f64 {
        self.current / rate_hz
    }

    /// Watts.
    #[must_use]
    pub fn mean_power(&self) -> Option<f64> {
        self.of_samples(self.power)
    }

    /// Volts: the mean, the least, the most.
    #[must_use]
    pub fn voltage(&self) -> Option<[f64; 3]> {
        self.of_samples(self.voltage).map(|mean| [mean, self.voltage_low, self.voltage_high])
    }

    /// Watts, in the sample that has most.
    #[must_use]
    pub const fn peak_power(&self) -> f64 {
        self.peak_power
    }

    /// Amperes, in the sample that has most.
    #[must_use]
    pub const fn peak_current(&self) -> f64 {
        self.peak_current
    }

    fn of_samples(&self, sum: f64) -> Option<f64> {
        (self.samples > 0).then(|| sum / self.samples as f64)
    }

    /// How many joules the instrument may be off by, at 95 %. Errors of ranges are taken to go together, since one
    /// reference is behind all of them.
    #[must_use]
    pub fn instrument(&self, acquisition: &Acquisition) -> f64 {
        let ranges = self.ranges().filter_map(|(range, of)| Some(off(of, uncertainty(acquisition, range)?)));
        ranges.sum::<f64>() / acquisition.rate_hz
    }

    /// What each range had.
    #[must_use]
    pub fn shares(&self, acquisition: &Acquisition) -> Vec<RangeShare> {
        let share = |part: f64, all: f64| if all == 0.0 { 0.0 } else { part / all };
        let of = |(range, of): (u8, &ByRange)| RangeShare {
            range: (range != RANGE_UNKNOWN).then_some(range),
            time_share: share(of.samples as f64, self.samples as f64),
            energy_share: share(of.power, self.power),
            uncertainty: uncertainty(acquisition, range).map(|known| share(off(of, known), self.power)),
        };
        self.ranges().map(of).collect()
    }

    /// The ranges that occurred.
    fn ranges(&self) -> impl Iterator<Item = (u8, &ByRange)> {
        let named = |index: usize| if index == RANGES - 1 { RANGE_UNKNOWN } else { index as u8 };
        let all = self.by_range.iter().enumerate();
        all.filter(|(_, of)| of.samples > 0).map(move |(index, of)| (named(index), of))
    }
}

/// Watts of samples that a range may be off by.
fn off(of: &ByRange, known: &Uncertainty) -> f64 {
    known.gain * of.power.abs() + known.offset * of.voltage
}

/// What an instrument's makers say of a range. An instrument with one statement makes it for all.
fn uncertainty(acquisition: &Acquisition, range: u8) -> Option<&Uncertainty> {
    match acquisition.uncertainty.as_slice() {
        [only] => Some(only),
        // The worst, where nobody knows which.
        all if range == RANGE_UNKNOWN => all.iter().max_by(|a, b| a.gain.total_cmp(&b.gain)),
        all => all.get(usize::from(range)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn acquisition() -> Acquisition {
        let range = |gain, offset| Uncertainty { up_to: 1.0, gain, offset, source: String::new() };
        Acquisition {
            rate_hz: 1000.0,
            volts: 2.0,
            uncertainty: vec![range(0.01, 1e-6), range(0.02, 0.0)],
            ..Acquisition::default()
        }
    }

    fn sample(current: f32, range: u8) -> Sample {
        Sample { current, voltage: None, digital: 0, range }
    }

    #[test]
    fn a_rectangle_has_its_area() {
        // 3 mA for 100 ms at 3.3 V.
        let mut integral = Integral::default();
        (0..10_000).for_each(|_| integral.add(&sample(3e-3, 0), 3.3));
        assert!((integral.energy(1e5) - 0.99e-3).abs() < 1e-9);
        assert!((integral.charge(1e5) - 0.3e-3).abs() < 1e-9);
        let [mean, low, high] = integral.voltage().unwrap();
        assert!((mean - 3.3).abs() < 1e-9 && (low, high) == (3.3, 3.3));
    }

    #[test]
    fn ranges_are_off_by_what_they_had() {
        let mut integral = Integral::default();
        (0..500).for_each(|_| integral.add(&sample(1e-3, 0), 2.0));
        (0..500).for_each(|_| integral.add(&sample(9e-3, 1), 2.0));
        let expected = 0.01 * 1e-3 + 1e-6 * 2.0 * 0.5 + 0.02 * 9e-3;
        assert!((integral.instrument(&acquisition()) - expected).abs() < 1e-10);
        let shares = integral.shares(&acquisition());
        assert_eq!(shares.len(), 2);
        assert!((shares[1].energy_share - 0.9).abs() < 1e-6 && (shares[1].time_share - 0.5).abs() < 1e-12);
    }

    #[test]
    fn a_voltage_of_the_samples_counts_before_the_one_that_was_set() {
        let mut integral = Integral::default();
        integral.add(&Sample { voltage: Some(4.0), ..sample(1.0, 0) }, 2.0);
        integral.add(&sample(1.0, 0), 2.0);
        assert_eq!((integral.mean_power(), integral.voltage()), (Some(3.0), Some([3.0, 2.0, 4.0])));
    }

    #[test]
    fn parts_add_up_to_the_whole() {
        let samples: Vec<Sample> = (0..100).map(|at| sample(at as f32, (at % 3) as u8)).collect();
        let mut whole = Integral::default();
        let mut parts = [Integral::default(), Integral::default()];
        for (at, sample) in samples.iter().enumerate() {
            whole.add(sample, 1.0);
            parts[at / 50].add(sample, 1.0);
        }
        let mut sum = Integral::default();
        parts.iter().for_each(|part| sum.merge(part));
        assert_eq!(sum, whole);
    }
}
