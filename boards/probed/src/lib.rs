//! What all boards behind a debug probe share, so that a board is a page of code: its clocks and one pin.
//!
//! The host talks to firmware by RTT: the log on up channel 0, replies on up channel 1, jobs on down channel 0. What is in
//! them is defined in `telemetry::wire`. With the feature `energy` nobody talks: `telemetry::energy` says what happens then. With
//! `mlperf` the benchmark's runner talks over a UART, as `telemetry::mlperf` has it; with both, to its energy build.
#![no_std]
#![forbid(unsafe_code)]

#[cfg(feature = "caches")]
mod caches;
#[cfg(not(any(feature = "energy", feature = "mlperf")))]
mod cycles;
#[cfg(all(feature = "energy", not(feature = "mlperf")))]
mod energy;
#[cfg(not(any(feature = "energy", feature = "mlperf")))]
mod link;
#[cfg(feature = "mlperf")]
mod mlperf;
#[cfg(not(any(feature = "energy", feature = "mlperf")))]
mod serve;
#[cfg(all(feature = "energy", not(feature = "mlperf")))]
mod sleeper;
#[cfg(feature = "mlperf")]
mod stopwatch;

#[cfg(all(feature = "watchdog", any(feature = "energy", feature = "mlperf")))]
compile_error!("nobody feeds a watchdog in images for measurements and for the benchmark");

#[cfg(all(feature = "energy", not(feature = "mlperf")))]
pub use energy::serve;
#[cfg(feature = "mlperf")]
pub use mlperf::serve;
#[cfg(not(any(feature = "energy", feature = "mlperf")))]
pub use serve::serve;
#[cfg(feature = "mlperf")]
pub use support::Room;
#[cfg(all(feature = "watchdog", target_arch = "arm"))]
pub use support::machine::{heed, warned};
pub use support::{entry, memories};
#[cfg(feature = "mlperf")]
pub use telemetry::mlperf::Task;

/// What a board has set up.
#[derive(Debug)]
pub struct Desk<W, L> {
    /// The core's clock.
    pub clock_hz: u32,
    /// High while a model runs, for an instrument to see; for MLPerf Tiny it is low for a moment at both ends of a window.
    pub window: W,
    /// Whether it was a watchdog that reset the chip.
    pub watchdog: bool,
    /// The UART at [`BAUD`]: eight bits, no parity, one stop bit.
    pub line: Option<L>,
    /// Puts the watchdog off for another [`WATCHDOG_MILLISECONDS`].
    #[cfg(feature = "watchdog")]
    pub feed: fn(),
    /// The chip's timer, where the core has none of its own; it wakes the core of an image whose current is measured.
    #[cfg(target_arch = "riscv32")]
    pub timer: Option<esp_hal::peripherals::SYSTIMER<'static>>,
}

/// What a run may take, and the host between two bytes that the image waits for or to send, before the watchdog resets the chip.
#[cfg(feature = "watchdog")]
pub const WATCHDOG_MILLISECONDS: u32 = 8000;

/// Whether the image is one whose current is measured: no debugger is there, and no clock for one is to run.
pub const IS_FOR_ENERGY: bool = cfg!(feature = "energy");

/// The speed of the line that MLPerf Tiny's runner talks over; nothing where the image is for something else.
#[cfg(feature = "mlperf")]
pub const BAUD: Option<u32> = Some(mlperf::MODE.baud());
/// The speed of the line that MLPerf Tiny's runner talks over; nothing where the image is for something else.
#[cfg(not(feature = "mlperf"))]
pub const BAUD: Option<u32> = None;

/// Whether the window pin is high while nothing happens.
pub const IDLES_HIGH: bool = BAUD.is_some();

/// The program of a board behind a probe: the model that its build script compiled in serves the host, on the [`Desk`] that the
/// expression sets up.
#[cfg(not(feature = "mlperf"))]
#[macro_export]
macro_rules! program {
    ($desk:expr) => {
        microjoule::include_model!(model);

        /// The program.
        #[$crate::entry]
        fn main() -> ! {
            let desk = $desk;
            let (arena, state) = $crate::memories!(model);
            $crate::serve(desk, &mut microjoule::Executor::begin(&model::PLAN, arena, state))
        }
    };
}

/// The program of a board that MLPerf Tiny's runner drives: the model that its build script compiled in, on the [`Desk`] that the
/// expression sets up. The model's shapes tell which of the benchmarks it is for.
#[cfg(feature = "mlperf")]
#[macro_export]
macro_rules! program {
    ($desk:expr) => {
        microjoule::include_model!(model);

        const TASK: $crate::Task = $crate::Task::of(&model::INPUTS, &model::OUTPUTS);

        static BUFFER: $crate::Room<{ TASK.kept_bytes() }> = $crate::Room::new();

        /// The program.
        #[$crate::entry]
        fn main() -> ! {
            let desk = $desk;
            let (arena, state) = $crate::memories!(model);
            let mut model = microjoule::Executor::begin(&model::PLAN, arena, state);
            let name = concat!("microjoule ", env!("CARGO_PKG_NAME"));
            $crate::serve(desk, name, &mut model, TASK, BUFFER.take())
        }
    };
}
