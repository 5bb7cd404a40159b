use crate::stream::Error;

use super::super::line::excerpt;

/// Ranges of a PPK2, the most sensitive first.
pub const RANGES: usize = 5;

/// Amperes by one ohm and one step of the analogue-to-digital converter, of which the device sends a fourth.
const STEP: f64 = 1.8 / 163_840.0;

/// What a PPK2 was told of itself at the factory.
#[derive(Clone, Debug, PartialEq)]
pub struct Calibration {
    /// By range.
    pub ranges: [RangeCalibration; RANGES],
    /// The user's gains were out of reach and count as 1.
    pub reset_user_gains: bool,
    /// The device says that it was calibrated.
    pub calibrated: bool,
    /// Hardware revision, as the device tells it.
    pub hardware: String,
}

/// Of one range.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RangeCalibration {
    /// Shunt, in ohms (`R`).
    pub ohms: f64,
    /// Steps at no current (`O`).
    pub zero: f64,
    /// Gain that grows with the current, per ampere (`GS`).
    pub slope: f64,
    /// Gain (`GI`).
    pub gain: f64,
    /// Amperes by volt of supply (`S`).
    pub by_volt: f64,
    /// Amperes (`I`).
    pub leak: f64,
    /// The user's gain (`UG`).
    pub user: f64,
}

impl Default for Calibration {
    fn default() -> Self {
        let range = |ohms| RangeCalibration {
            ohms,
            zero: 0.0,
            slope: 1.0,
            gain: 1.0,
            by_volt: 0.0,
            leak: 0.0,
            user: 1.0,
        };
        Self {
            ranges: [1031.64, 101.65, 10.15, 0.94, 0.043].map(range),
            reset_user_gains: false,
            calibrated: false,
            hardware: String::new(),
        }
    }
}

impl RangeCalibration {
    /// Amperes by a step of the converter at `volts`.
    #[must_use]
    pub fn amperes(&self, steps: f64, volts: f64) -> f64 {
        let raw = (steps - self.zero) * (STEP / self.ohms);
        self.user * (raw * (self.slope * raw + self.gain) + (self.by_volt * volts + self.leak))
    }

    /// The step, not rounded, that stands for so many amperes: what a simulated PPK2 sends.
    #[must_use]
    pub fn steps(&self, amperes: f64, volts: f64) -> f64 {
        let wanted = amperes / self.user - (self.by_volt * volts + self.leak);
        // The slope's part is small: a few rounds of Newton's method are more than enough.
        let mut raw = wanted / self.gain;
        for _ in 0..4 {
            let error = raw * (self.slope * raw + self.gain) - wanted;
            raw -= error / (2.0 * self.slope * raw + self.gain);
        }
        raw / (STEP / self.ohms) + self.zero
    }
}

impl Calibration {
    /// Reads what a PPK2 answers to the question for its metadata: lines of `key: value`, of which the last is `END`.
    ///
    /// As Nordic's own program does it, a figure that is zero or none at all leaves the default in place, and user
    /// gains more than a tenth from 1 are not believed.
    ///
    /// # Errors
    /// [`Error::Answer`] where nothing in it is a PPK2's.
    pub fn parse(text: &[u8]) -> Result<Self, Error> {
        let mut calibration = Self::default();
        let mut known = 0;
        // Bytes of an earlier stream may stand before the text.
        for line in text.split(|byte| *byte == b'\n').filter_map(|line| str::from_utf8(line).ok()) {
            let Some((key, value)) = line.split_once(':') else { continue };
            let (key, value) = (key.trim(), value.trim());
            known += u32::from(calibration.take(key, value));
        }
        if known == 0 {
            return Err(Error::Answer {
                asked: "its metadata".into(),
                answer: excerpt(text),
                advice: "this is no PPK2, or its second serial line: name the first one, or plug it in anew",
            });
        }
        if calibration.ranges.iter().any(|range| (range.user - 1.0).abs() > 0.1) {
            calibration.reset_user_gains = true;
            calibration.ranges.iter_mut().for_each(|range| range.user = 1.0);
        }
        Ok(calibration)
    }

    /// Takes over one line; whether it is one of a PPK2's.
    fn take(&mut self, key: &str, value: &str) -> bool {
        match key {
            "Calibrated" => self.calibrated = value != "0",
            "HW" => value.clone_into(&mut self.hardware),
            "VDD" | "mode" | "IA" => {}
            _ => return self.take_range(key, value),
        }
        true
    }

    fn take_range(&mut self, key: &str, value: &str) -> bool {
        let Some((name, range)) = key.len().checked_sub(1).and_then(|end| key.split_at_checked(end)) else {
            return false;
        };
        let Some(range) = range.parse().ok().and_then(|range: usize| self.ranges.get_mut(range)) else {
            return false;
        };
        let place = match name {
            "R" => &mut range.ohms,
            "GS" => &mut range.slope,
            "GI" => &mut range.gain,
            "O" => &mut range.zero,
            "S" => &mut range.by_volt,
            "I" => &mut range.leak,
            "UG" => &mut range.user,
            _ => return false,
        };
        if let Some(figure) = value.parse().ok().filter(|it: &f64| it.is_finite() && *it != 0.0) {
            *place = figure;
        }
        true
    }

    /// The text that [`parse`](Self::parse) reads, as the device writes it.
    #[must_use]
    pub fn metadata(&self, millivolts: u16) -> String {
        let mut text = format!("Calibrated: {}\n", u8::from(self.calibrated));
        let mut rows = |name: &str, pick: fn(&RangeCalibration) -> f64| {
            for (index, range) in self.ranges.iter().enumerate() {
                text += &format!("{name}{index}: {}\n", pick(range));
            }
        };
        rows("R", |it| it.ohms);
        rows("GS", |it| it.slope);
        rows("GI", |it| it.gain);
        rows("O", |it| it.zero);
        rows("S", |it| it.by_volt);
        rows("I", |it| it.leak);
        rows("UG", |it| it.user);
        text + &format!("VDD: {millivolts}\nHW: {}\nmode: 2\nIA: 56\nEND\n", self.hardware)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let mut calibration =
            Calibration { calibrated: true, hardware: "9173".into(), ..Calibration::default() };
        calibration.ranges[2].zero = 119.25;
        calibration.ranges[4].user = 0.97;
        assert_eq!(Calibration::parse(calibration.metadata(3300).as_bytes()).unwrap(), calibration);
    }

    #[test]
    fn figures_that_are_none_leave_the_defaults() {
        let read =
            Calibration::parse(b"\xff\x01\nCalibrated: 0\nR0: 0\nR1: -nan\nGI2: 0.99\nR9: 4\nEND\n").unwrap();
        let mut expected = Calibration::default();
        expected.ranges[2].gain = 0.99;
        assert_eq!(read, expected);
    }

    #[test]
    fn user_gains_out_of_reach_count_as_one() {
        let read = Calibration::parse(b"UG0: 1.05\nUG3: 20\nEND\n").unwrap();
        assert!(read.reset_user_gains);
        assert!(read.ranges.iter().all(|range| range.user == 1.0));
    }

    #[test]
    fn what_is_no_metadata_is_said_to_be_none() {
        let error = Calibration::parse(b"PowerShield > ack\nEND\n").unwrap_err().to_string();
        assert!(error.contains("this is no PPK2"), "{error}");
    }

    #[test]
    fn a_current_has_a_step_and_a_step_its_current() {
        let range = RangeCalibration {
            ohms: 10.15,
            zero: 120.0,
            slope: 0.4,
            gain: 0.99,
            by_volt: 1e-6,
            leak: -3e-6,
            user: 1.02,
        };
        for amperes in [0.0, 1e-4, 3e-3, 5e-3] {
            assert!((range.amperes(range.steps(amperes, 3.3), 3.3) - amperes).abs() < 1e-12);
        }
        // By hand: 100 steps above zero are 100 · 1.8 / 163840 / 10.15 = 108.239 µA.
        let plain = RangeCalibration {
            zero: 0.0,
            slope: 0.0,
            gain: 1.0,
            by_volt: 0.0,
            leak: 0.0,
            user: 1.0,
            ..range
        };
        assert!((plain.amperes(100.0, 3.3) - 108.239e-6).abs() < 1e-9);
    }
}
