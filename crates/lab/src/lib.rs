//! Boards on the desk: debug probes, power instruments, measurement windows and what they say of a model's energy.
#![forbid(unsafe_code)]

pub mod acquisition;
pub mod instruments;
pub mod measurement;
#[cfg(feature = "probes")]
pub mod probes;
pub mod recording;
pub mod report;
#[cfg(feature = "probes")]
pub mod simulated;
#[cfg(unix)]
pub mod simulated_instruments;
pub mod statistics;
pub mod stream;
pub mod trace;
pub mod window;
