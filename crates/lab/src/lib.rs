//! Boards on the desk: debug probes, power instruments, measurement windows and what they say of a model's energy.
#![forbid(unsafe_code)]

#[cfg(feature = "probes")]
pub mod probes;
#[cfg(feature = "probes")]
pub mod simulated;
pub mod stream;
