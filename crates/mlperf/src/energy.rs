//! The result of an energy measurement, as the official runner writes it.

use std::time::Duration;

use crate::{LEAST_WINDOW, WINDOWS, median};

/// What a power monitor measured of a window.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct EnergyWindow {
    /// Seconds from the start of the measurement to the first timestamp.
    pub begin: f64,
    /// Seconds between the timestamps.
    pub seconds: f64,
    /// Of all inferences together.
    pub joules: f64,
    /// How many they were.
    pub inferences: u32,
}

impl EnergyWindow {
    /// Microjoules.
    #[must_use]
    pub fn per_inference(&self) -> f64 {
        self.joules * 1e6 / f64::from(self.inferences.max(1))
    }
}

/// Why no submission could be made of these windows; nothing when one could.
#[must_use]
pub fn invalid_energy(windows: &[EnergyWindow]) -> Option<&'static str> {
    let long = |window: &EnergyWindow| {
        Duration::try_from_secs_f64(window.seconds).is_ok_and(|it| it >= LEAST_WINDOW)
    };
    if windows.len() != WINDOWS {
        Some("there have to be five windows")
    } else if !windows.iter().all(long) {
        Some("a window has to be ten seconds long at least")
    } else {
        None
    }
}

/// What people and the submission's checker read. `clock` is how official lines begin.
pub(crate) fn text(obtained: &str, clock: &str, windows: &[EnergyWindow], invalid: Option<&str>) -> String {
    let mut text = format!("Obtained: {obtained}\n");
    let mut line = |of: String| text += &format!("{clock}ulp-mlperf: {of}\n");
    for (index, window) in windows.iter().enumerate() {
        let EnergyWindow { begin, seconds, joules, .. } = window;
        let watts = if *seconds > 0.0 { joules / seconds } else { 0.0 };
        line(format!("Energy data for window {} at time {begin:.2} sec. for {seconds:.2} sec.:", index + 1));
        line(format!("  Energy       : {:>13.3} uJ", joules * 1e6));
        line(format!("  Power        : {:>13.3} uW", watts * 1e6));
        line(format!("  Energy/Inf.  : {:>13.3} uJ/inf.", window.per_inference()));
    }
    let each: Vec<f64> = windows.iter().map(EnergyWindow::per_inference).collect();
    if windows.len() != WINDOWS {
        line("ERROR 1 - loop_count was not exactly 5.".to_owned());
    } else if let Some(median) = median(&each) {
        line("-".repeat(57));
        line(format!("Median energy cost is {median:>10.3} uJ/inf."));
        line("-".repeat(57));
    }
    if let Some(why) = invalid {
        text += &format!("Not valid for submission: {why}.\n");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn windows(seconds: f64) -> Vec<EnergyWindow> {
        let window = |index: u32| EnergyWindow {
            begin: f64::from(index) * 12.0,
            seconds,
            joules: 0.03 + f64::from(index) * 1e-4,
            inferences: 100,
        };
        (0..5).map(window).collect()
    }

    #[test]
    fn the_median_is_written_as_the_checker_looks_for_it() {
        let text = text("measured", "1123.072734 ", &windows(10.5), None);
        assert!(
            text.contains("1123.072734 ulp-mlperf: Median energy cost is    302.000 uJ/inf.\n"),
            "{text}"
        );
        assert!(text.contains("Energy data for window 2 at time 12.00 sec. for 10.50 sec.:\n"), "{text}");
        assert!(text.contains("  Energy/Inf.  :       300.000 uJ/inf.\n"), "{text}");
    }

    #[test]
    fn what_is_not_valid_is_told() {
        assert_eq!(invalid_energy(&windows(10.0)), None);
        assert_eq!(invalid_energy(&windows(9.99)), Some("a window has to be ten seconds long at least"));
        assert_eq!(invalid_energy(&windows(10.5)[..4]), Some("there have to be five windows"));
        let few = text("simulated", "", &windows(10.5)[..4], Some("there have to be five windows"));
        assert!(few.starts_with("Obtained: simulated\n") && few.contains("ERROR 1 -"), "{few}");
        assert!(few.ends_with("Not valid for submission: there have to be five windows.\n"), "{few}");
    }
}
