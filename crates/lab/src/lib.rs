//! Boards on the desk: debug probes, and a simulated target behind the same stack for when there is none.
#![forbid(unsafe_code)]

#[cfg(feature = "probes")]
pub mod probes;
#[cfg(feature = "probes")]
pub mod simulated;
