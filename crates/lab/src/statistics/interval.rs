use serde::{Deserialize, Serialize};

use super::{deviation, mean, quantile_975};

/// Standard uncertainties of a mean by their source, in its unit.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct Contributions {
    /// Windows differ. 0 where there is only one, and nobody knows.
    pub windows: f64,
    /// The instrument's ranges.
    pub instrument: f64,
    /// Edges lie between samples.
    pub edges: f64,
    /// The sample clock.
    pub clock: f64,
    /// The voltage.
    pub voltage: f64,
}

impl Contributions {
    /// All together.
    #[must_use]
    pub fn combined(&self) -> f64 {
        let Self { windows, instrument, edges, clock, voltage } = self;
        [windows, instrument, edges, clock, voltage].into_iter().map(|part| part * part).sum::<f64>().sqrt()
    }
}

/// A figure with its 95 % interval.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize)]
pub struct Interval {
    /// The mean of all windows.
    pub mean: f64,
    /// The lower end.
    pub low: f64,
    /// The upper end.
    pub high: f64,
    /// Standard uncertainties.
    pub contributions: Contributions,
    /// How many of them the interval reaches to either side.
    pub coverage: f64,
}

impl Interval {
    /// The mean of `figures`; `systematic` is what does not differ between them, and how well edges are known.
    #[must_use]
    pub fn of(figures: &[f64], systematic: Contributions) -> Option<Self> {
        let mean = mean(figures)?;
        let count = figures.len() as f64;
        let windows = deviation(figures).map_or(0.0, |deviation| deviation / count.sqrt());
        let contributions = Contributions { windows, ..systematic };
        let combined = contributions.combined();
        // Welch and Satterthwaite, with all others of infinite freedom.
        let freedom =
            if windows > 0.0 { (combined / windows).powi(4) * (count - 1.0) } else { f64::INFINITY };
        let coverage = quantile_975(freedom);
        let reach = coverage * combined;
        Some(Self { mean, low: mean - reach, high: mean + reach, contributions, coverage })
    }

    /// Half of its length, relative to the mean.
    #[must_use]
    pub fn relative(&self) -> f64 {
        if self.mean == 0.0 { 0.0 } else { (self.high - self.low) / 2.0 / self.mean.abs() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scatter_alone_is_students_interval() {
        let interval = Interval::of(&[9.0, 10.0, 11.0, 10.0, 10.0], Contributions::default()).unwrap();
        let reach = 2.776 * (0.5_f64 / 5.0).sqrt();
        assert!((interval.high - 10.0 - reach).abs() < 1e-12 && (interval.low - 10.0 + reach).abs() < 1e-12);
    }

    #[test]
    fn what_is_known_well_is_normal() {
        let systematic = Contributions { instrument: 3.0, clock: 4.0, ..Contributions::default() };
        let interval = Interval::of(&[100.0; 5], systematic).unwrap();
        assert_eq!((interval.coverage, interval.contributions.combined()), (1.96, 5.0));
        assert!((interval.relative() - 0.098).abs() < 1e-12);
    }

    #[test]
    fn freedom_grows_with_what_is_known_well() {
        let with = |instrument| {
            let systematic = Contributions { instrument, ..Contributions::default() };
            Interval::of(&[1.0, 2.0, 3.0], systematic).unwrap().coverage
        };
        assert_eq!(with(0.0), 4.303);
        // Equal parts: (√2)⁴ × 2 = 8 degrees of freedom.
        assert_eq!(with((1.0_f64 / 3.0).sqrt() * 1.0001), 2.306);
    }

    #[test]
    fn nothing_has_no_interval() {
        assert_eq!(Interval::of(&[], Contributions::default()), None);
    }
}
