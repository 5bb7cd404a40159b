//! Figures of windows, and how far they are from the truth.
//!
//! With `f` samples a second, the energy of a window is the sum of current × voltage / `f` over its samples; a window of `N`
//! inferences gives `e` = energy / `N`, less idle power × length / `N` where idle is to be subtracted. The figure is the mean of `e`
//! over `n` windows; MLPerf Tiny's is their median. Its standard uncertainty combines, as the root of a sum of squares:
//!
//! | source | standard uncertainty | degrees of freedom |
//! |---|---|---|
//! | windows differ | `s / √n`, `s` their standard deviation | `n - 1` |
//! | the instrument, by range | `Σ (gain × energy + offset × volts × time) / 1.96 / N` over ranges, whose errors are taken to go together | ∞ |
//! | an edge is somewhere within `w` samples | power × `√((w₁² + w₂²) / 12) / f / N / √n` | ∞ |
//! | the sample clock, at most `c` off | `e × c / √3` | ∞ |
//! | the voltage, where it was set and not measured | `e × relative / 1.96` | ∞ |
//!
//! The interval is the figure ± `k` times that; `k` is Student's 97.5 % quantile for the effective degrees of freedom by
//! Welch and Satterthwaite, rounded down. (JCGM 100:2008, "Guide to the expression of uncertainty in measurement": 4.2.3,
//! 4.3.4, 4.3.7, 5.1.2, G.4.)

mod idle;
mod integral;
mod interval;
mod student;

pub use idle::Idle;
pub use integral::{Integral, RangeShare};
pub use interval::{Contributions, Interval};
pub use student::quantile_975;

/// The middle of some figures; the mean of the two in the middle where there is an even number.
#[must_use]
pub fn median(figures: &[f64]) -> Option<f64> {
    let mut sorted = figures.to_vec();
    sorted.sort_by(f64::total_cmp);
    let upper = *sorted.get(sorted.len() / 2)?;
    let lower = *sorted.get((sorted.len() - 1) / 2)?;
    Some(f64::midpoint(lower, upper))
}

/// Their mean.
#[must_use]
pub fn mean(figures: &[f64]) -> Option<f64> {
    (!figures.is_empty()).then(|| figures.iter().sum::<f64>() / figures.len() as f64)
}

/// Their standard deviation; nothing of less than two.
#[must_use]
pub fn deviation(figures: &[f64]) -> Option<f64> {
    let mean = mean(figures)?;
    let squares: f64 = figures.iter().map(|figure| (figure - mean).powi(2)).sum();
    (figures.len() > 1).then(|| (squares / (figures.len() - 1) as f64).sqrt())
}

/// By how much figures at these times rise from the first to the last, by the straight line that fits best, as a share of
/// their mean. Nothing of less than three, which a line always fits.
#[must_use]
pub fn drift(points: &[(f64, f64)]) -> Option<f64> {
    let times: Vec<f64> = points.iter().map(|(time, _)| *time).collect();
    let figures: Vec<f64> = points.iter().map(|(_, figure)| *figure).collect();
    let (time, figure) = (mean(&times)?, mean(&figures)?);
    let spread: f64 = times.iter().map(|at| (at - time).powi(2)).sum();
    let together: f64 = points.iter().map(|(at, of)| (at - time) * (of - figure)).sum();
    let length = times.last()? - times.first()?;
    let known = points.len() > 2 && spread > 0.0 && figure != 0.0;
    known.then(|| together / spread * length / figure)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn medians_of_even_counts_lie_between() {
        assert_eq!(
            [median(&[3.0, 1.0, 2.0]), median(&[4.0, 1.0, 2.0, 3.0]), median(&[])],
            [Some(2.0), Some(2.5), None]
        );
    }

    #[test]
    fn deviations_are_those_of_samples() {
        assert_eq!(deviation(&[2.0, 4.0, 4.0, 4.0, 5.0, 5.0, 7.0, 9.0]), Some((32.0_f64 / 7.0).sqrt()));
        assert_eq!(deviation(&[1.0]), None);
    }

    #[test]
    fn a_drift_is_that_from_the_first_to_the_last() {
        let rising: Vec<(f64, f64)> = (0..5).map(|at| (f64::from(at), 98.0 + f64::from(at))).collect();
        assert!((drift(&rising).unwrap() - 0.04).abs() < 1e-12);
        assert_eq!(drift(&rising[..2]), None);
        assert_eq!(drift(&[(1.0, 2.0); 4]), None);
    }
}
