//! A figure, its error bar, and a limit.

use serde::{Deserialize, Serialize};

/// What a limit says to a figure.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// Above the limit, error bar and all.
    Fail,
    /// There is no figure. Never counts as passed.
    NotJudged,
    /// The error bar straddles the limit.
    TooClose,
    /// Below the limit, error bar and all.
    Pass,
}

/// A figure with its error bar.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize)]
pub struct Figure {
    /// The figure.
    pub value: f64,
    /// Its relative error; nothing where it is not known.
    pub error: Option<f64>,
}

impl Figure {
    /// A counted figure.
    pub const fn exact(value: f64) -> Self {
        Self { value, error: Some(0.0) }
    }

    /// The lower end of the error bar. An unknown error is no bar.
    pub fn low(self) -> f64 {
        self.value / (1.0 + self.error.unwrap_or(0.0))
    }

    /// The upper end.
    pub fn high(self) -> f64 {
        self.value * (1.0 + self.error.unwrap_or(0.0))
    }

    /// The verdict of a limit. A figure at its limit passes.
    pub fn judge(self, limit: f64) -> Verdict {
        if self.value.is_nan() || limit.is_nan() {
            Verdict::NotJudged
        } else if self.high() <= limit {
            Verdict::Pass
        } else if self.low() > limit {
            Verdict::Fail
        } else {
            Verdict::TooClose
        }
    }

    /// How far above the limit (below 0: how much room is left), relative to it; nothing for a limit of 0.
    pub fn beyond(self, limit: f64) -> Option<f64> {
        (limit > 0.0).then(|| self.value / limit - 1.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn each_verdict() {
        let figure = Figure { value: 18.0, error: Some(0.07) };
        assert_eq!(figure.judge(20.0), Verdict::Pass);
        assert_eq!(figure.judge(19.0), Verdict::TooClose);
        assert_eq!(figure.judge(18.0), Verdict::TooClose);
        assert_eq!(figure.judge(17.0), Verdict::TooClose);
        assert_eq!(figure.judge(16.8), Verdict::Fail);
        assert_eq!(Figure::exact(f64::NAN).judge(1.0), Verdict::NotJudged);
    }

    #[test]
    fn an_exact_figure_is_never_too_close() {
        assert_eq!(Figure::exact(5.0).judge(5.0), Verdict::Pass);
        assert_eq!(Figure::exact(5.0).judge(4.999), Verdict::Fail);
        assert_eq!(Figure { value: 5.0, error: None }.judge(4.999), Verdict::Fail);
        assert_eq!(Figure::exact(0.0).judge(0.0), Verdict::Pass);
    }

    #[test]
    fn by_how_much() {
        assert_eq!(Figure::exact(15.0).beyond(10.0), Some(0.5));
        assert_eq!(Figure::exact(5.0).beyond(10.0), Some(-0.5));
        assert_eq!(Figure::exact(5.0).beyond(0.0), None);
    }

    proptest! {
        #[test]
        fn a_larger_limit_is_never_harder(
            value in 0.0f64..1e9, error in proptest::option::of(0.0f64..2.0), limit in 0.0f64..1e9, more in 0.0f64..1e9,
        ) {
            let figure = Figure { value, error };
            prop_assert!(figure.judge(limit + more) >= figure.judge(limit));
        }

        #[test]
        fn a_wider_error_bar_decides_no_more(value in 0.0f64..1e9, error in 0.0f64..2.0, wider in 0.0f64..2.0, limit in 0.0f64..1e9) {
            let narrow = Figure { value, error: Some(error) }.judge(limit);
            let wide = Figure { value, error: Some(error + wider) }.judge(limit);
            prop_assert!(wide == narrow || wide == Verdict::TooClose);
        }
    }
}
