//! The common record of measurements, budgets, and the gate that says no.
//!
//! A [`Record`] holds what a model took of a target, whether simulated, emulated or measured. A [`Budget`] sets
//! limits per model and tier. [`judge`] holds one against the other: each limit passes, fails, or is too close to
//! call where the figure's error bar straddles it; steps are blamed; what would fit is priced anew. [`compare`] finds
//! what grew over a baseline, and [`report`] writes all of it for a person, a program or a pull request.
//!
//! ```
//! use budget::{Figure, Verdict};
//! let predicted = Figure { value: 18.4, error: Some(0.07) };
//! assert_eq!(predicted.judge(18.0), Verdict::TooClose);
//! assert_eq!(predicted.judge(20.0), Verdict::Pass);
//! ```
#![forbid(unsafe_code)]

mod baseline;
mod blame;
mod calibration;
mod drift;
mod error;
mod file;
mod gate;
mod growth;
mod judgement;
mod lever;
mod metric;
pub mod page;
mod quantisation;
pub mod record;
pub mod report;
mod side_by_side;
mod unit;
mod verdict;
mod write;

pub use baseline::{Change, Comparison, baseline_from_json, compare, read_baseline};
pub use blame::Blame;
pub use calibration::Calibration;
pub use drift::{Changed, Drift, Tolerance};
pub use error::BudgetError;
pub use file::{
    At, Budget, Int8Outputs, Limit, Measure, ModelBudget, Quantisation, REGRESSION, Target, TargetKind, Tier,
};
pub use gate::{Bench, Cause, Counts, Gate, Run, SCHEMA, Strictness, judge};
pub use growth::{Growth, growth};
pub use judgement::Judgement;
pub use lever::{After, Lever, Variant};
pub use metric::{Metric, Width};
pub use quantisation::{Loss, loss_of_accuracy, loss_of_outputs, read_rows};
pub use record::{Obtained, Record};
pub use side_by_side::{Column, Figures, Row, SideBySide};
pub use unit::{Dimension, percent};
pub use verdict::{Figure, Verdict};
pub use write::write_atomically;
