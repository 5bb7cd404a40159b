//! What boards share, so that a board is a page of code.
//!
//! With the feature `semihosting` the host talks to firmware through files; what is in them is defined in `telemetry`. Boards
//! behind a debug probe go without, since on them a call to the host that nobody answers is a fault.
#![no_std]

#[cfg(feature = "semihosting")]
mod fault;
#[cfg(all(feature = "faults", not(feature = "semihosting")))]
mod halt;
#[cfg(feature = "faults")]
pub mod kept;
#[cfg(feature = "semihosting")]
mod log;
pub mod machine;
#[cfg(feature = "marks")]
mod mark;
#[cfg(feature = "plan")]
mod plan;
mod room;
#[cfg(feature = "semihosting")]
pub mod selftest;
#[cfg(feature = "semihosting")]
pub mod semihosting;
#[cfg(feature = "mlperf")]
pub mod serial;
#[cfg(feature = "semihosting")]
mod serve;
pub mod stack;

pub use machine::entry;
#[cfg(feature = "plan")]
pub use plan::serve_plan;
pub use room::{Once, Room, slow_ram};
#[cfg(feature = "semihosting")]
pub use serve::serve;
