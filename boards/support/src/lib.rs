//! What all emulated boards share, so that a board is a page of code.
//!
//! The host talks to firmware through files, by semihosting; what is in them is defined in `telemetry`.
#![no_std]

mod fault;
mod log;
pub mod machine;
#[cfg(feature = "marks")]
mod mark;
#[cfg(feature = "plan")]
mod plan;
mod room;
pub mod selftest;
pub mod semihosting;
#[cfg(feature = "mlperf")]
pub mod serial;
mod serve;
pub mod stack;

pub use machine::entry;
#[cfg(feature = "plan")]
pub use plan::serve_plan;
pub use room::Room;
pub use serve::serve;
