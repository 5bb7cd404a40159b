//! Latency, energy and memory of a network on a machine that need not exist yet.
//!
//! A machine is data ([`machine`]): engines with rates by operator class, memories, dispatch, clock and
//! voltage points, and where each number comes from. A network is data too ([`network`]): shapes and
//! operators, no values. [`simulate`](fn@simulate) fuses the graph, places it over the engines, prices every stage, and says
//! what happens when.
//!
//! The answer comes with the error bar of the machine's calibration, and every step with its parts, so that a
//! person can follow the sum.
//!
//! ```
//! let network = simulator::network::shipped_network("mobilenet_v2_1.0_224").ok_or("shipped")?;
//! let machine = simulator::machine::find_machine("a14").map_err(|e| e.to_string())?;
//! let prediction = simulator::simulate(&network, &machine, Default::default()).map_err(|e| e.to_string())?;
//! assert!(prediction.total_us > 500.0 && prediction.total_us < 2000.0);
//! # Ok::<(), String>(())
//! ```
#![forbid(unsafe_code)]

pub mod calibrate;
pub mod cost;
mod error;
pub mod fuse;
pub mod machine;
pub mod network;
pub mod place;
pub mod report;
mod simulate;
mod spread;
mod text;
pub mod validate;
mod variant;
pub mod workload;

pub use error::{Place as TextPlace, SimError};
pub use place::{Goal, Place};
pub use simulate::{Event, Overhead, Prediction, Settings, Step, Track, simulate};
pub use spread::Spread;
pub use variant::{Variant, variants};
