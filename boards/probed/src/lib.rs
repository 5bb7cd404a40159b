//! What all boards behind a debug probe share, so that a board is a page of code: its clocks and one pin.
//!
//! The host talks to firmware by RTT: the log on up channel 0, replies on up channel 1, jobs on down channel 0. What is in
//! them is defined in `telemetry::wire`.
#![no_std]
#![forbid(unsafe_code)]

mod cycles;
mod link;
mod serve;

pub use serve::{Desk, serve};
pub use support::{Room, entry};
