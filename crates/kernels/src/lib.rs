//! Int8 network kernels for microcontrollers: no heap, no panics.
//!
//! Each operator has one plain implementation in [`reference`](mod@reference) that *is* its definition. The few that
//! decide how fast a network is have faster ones under [`arch`], byte for byte the same: in plain Rust for any core,
//! and per instruction set on weights that the compiler packs for it. [`arch::NATIVE`] says for which
//! instruction set this program is compiled.
//!
//! # Conventions
//! * Images are NHWC. Filters are OHWI, depthwise filters HWO.
//! * A kernel checks that its buffers fit its parameters, and then only loops. Whatever the parameters
//!   say, it stays inside its buffers and does not panic.
//! * Rounding happens in [`quant`] and nowhere else.
#![no_std]

#[cfg(feature = "detect")]
extern crate std;

pub mod arch;
mod blocks;
mod broadcast;
mod error;
mod geometry;
pub mod reference;
mod scales;

pub use broadcast::{Broadcast, MAX_AXES};
pub use error::KernelError;
pub use geometry::{Hwc, Padding, Taps, Window, Yx};
pub use scales::PerChannel;
