//! Boards on the desk: debug probes, power instruments, measurement windows and what they say of a model's energy.
#![forbid(unsafe_code)]

pub mod instruments;
#[cfg(feature = "probes")]
pub mod probes;
#[cfg(feature = "probes")]
pub mod simulated;
#[cfg(unix)]
pub mod simulated_instruments;
pub mod stream;
