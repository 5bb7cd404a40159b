//! Boards on the desk: debug probes, and a simulated target behind the same stack for when there is none.
#![forbid(unsafe_code)]

pub mod probes;
pub mod simulated;
