//! What all boards behind a debug probe share, so that a board is a page of code: its clocks and one pin.
//!
//! The host talks to firmware by RTT: the log on up channel 0, replies on up channel 1, jobs on down channel 0. What is in
//! them is defined in `telemetry::wire`. With the feature `energy` nobody talks: `telemetry::energy` says what happens then.
#![no_std]
#![forbid(unsafe_code)]

#[cfg(feature = "caches")]
mod caches;
#[cfg(not(feature = "energy"))]
mod cycles;
#[cfg(feature = "energy")]
mod energy;
#[cfg(not(feature = "energy"))]
mod link;
#[cfg(not(feature = "energy"))]
mod serve;

#[cfg(feature = "energy")]
pub use energy::serve;
#[cfg(not(feature = "energy"))]
pub use serve::serve;
pub use support::{entry, memories};

/// What a board has set up.
#[derive(Debug)]
pub struct Desk<W> {
    /// The core's clock.
    pub clock_hz: u32,
    /// High while a model runs, for an instrument to see.
    pub window: W,
    /// Whether it was a watchdog that reset the chip.
    pub watchdog: bool,
}

/// Whether the image is one whose current is measured: no debugger is there, and no clock for one is to run.
pub const IS_FOR_ENERGY: bool = cfg!(feature = "energy");

/// The program of a board behind a probe: the model that its build script compiled in serves the host, on the [`Desk`] that the
/// expression sets up.
#[macro_export]
macro_rules! program {
    ($desk:expr) => {
        microjoule::include_model!(model);

        #[$crate::entry]
        fn main() -> ! {
            let desk = $desk;
            let (arena, state) = $crate::memories!(model);
            $crate::serve(desk, &mut microjoule::Executor::begin(&model::PLAN, arena, state))
        }
    };
}
