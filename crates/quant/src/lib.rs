//! The fixed-point arithmetic of int8 networks: the only place that rounds.
//!
//! Anything that two implementations could round differently lives here, once. A kernel, a simulator and
//! a compiler that agree on this crate agree on every output byte. The definition is the reference
//! kernels of TensorFlow Lite Micro, which round twice; each item names the function it reproduces.
//!
//! # Conventions
//! A quantised value `q` stands for the real number `scale · (q − zero)`. No cargo feature and no target
//! changes a result. Every function is total: where the source is undefined, the item says what happens.
#![no_std]
#![forbid(unsafe_code)]

mod multiplier;
pub mod rounding;

pub use multiplier::{Clamp, Multiplier, ZeroPoint};
