//! A runner of MLPerf Tiny: drives a device over a serial line, scores its answers, and writes the result files that the
//! consortium's own runner writes.
//!
//! [`Device`] speaks the protocol whose other end is [`telemetry::mlperf`]; [`Dataset`] is the folder of inputs with their
//! labels, or inputs that are made up; [`measure`] runs them; [`Session`] writes the files.
#![forbid(unsafe_code)]

mod dataset;
mod device;
mod energy;
mod error;
mod port;
mod run;
mod score;
mod session;

pub use dataset::{Dataset, Row};
pub use device::{Device, Inference};
pub use energy::{EnergyWindow, invalid_energy};
pub use error::{DatasetError, Error};
pub use port::{Port, open};
pub use run::{LEAST_WINDOW, Mode, Outcome, Plan, WINDOWS, Window, measure};
pub use score::{Score, median, score};
pub use session::{Session, stamp};
