//! How far a list of relative errors spreads.

use serde::Serialize;

/// Median, p90 and share within 15 % of a list of relative errors.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Spread {
    /// How many.
    pub rows: usize,
    /// Median.
    pub median: f64,
    /// Nine of ten lie below.
    pub p90: f64,
    /// Share within 15 %.
    pub within_15: f64,
}

impl Spread {
    /// Of a list of relative errors; `None` for an empty one.
    pub fn of(errors: impl IntoIterator<Item = f64>) -> Option<Self> {
        let mut errors: Vec<f64> = errors.into_iter().collect();
        errors.sort_by(f64::total_cmp);
        let at = |share: f64| {
            let place = share * (errors.len().checked_sub(1)?) as f64;
            let low = errors.get(place.floor() as usize)?;
            let high = errors.get(place.ceil() as usize)?;
            Some(low + (high - low) * place.fract())
        };
        Some(Spread {
            rows: errors.len(),
            median: at(0.5)?,
            p90: at(0.9)?,
            within_15: errors.iter().filter(|e| **e < 0.15).count() as f64 / errors.len() as f64,
        })
    }
}
