//! What all boards behind a debug probe share, so that a board is a page of code: its clocks and one pin.
//!
//! The host talks to firmware by RTT: the log on up channel 0, replies on up channel 1, jobs on down channel 0. What is in
//! them is defined in `telemetry::wire`.
#![no_std]
#![forbid(unsafe_code)]

#[cfg(feature = "caches")]
mod caches;
mod cycles;
mod link;
mod serve;

pub use serve::{Desk, serve};
pub use support::{entry, memories};

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
