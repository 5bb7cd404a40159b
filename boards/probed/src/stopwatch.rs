//! Time for the program that MLPerf Tiny's runner drives.

pub use source::Stopwatch;

#[cfg(target_arch = "arm")]
mod source {
    use core::num::{NonZeroU32, NonZeroU64};

    use cortex_m::Peripherals;
    use support::machine::Counter;

    /// The core's own timer.
    pub struct Stopwatch {
        counter: Counter,
        ticks_per_microsecond: NonZeroU32,
    }

    impl Stopwatch {
        /// Starts; nothing, where somebody else has the timer.
        pub fn start(clock_hz: u32) -> Option<Self> {
            #[cfg_attr(not(feature = "caches"), expect(unused_mut, reason = "only caches are changed"))]
            let mut core = Peripherals::take()?;
            #[cfg(feature = "caches")]
            crate::caches::start(&mut core);
            let ticks_per_microsecond = NonZeroU32::new(clock_hz / 1_000_000).unwrap_or(NonZeroU32::MIN);
            Some(Self { counter: Counter::of(Some(core.SYST)), ticks_per_microsecond })
        }

        /// Microseconds since the start.
        #[inline(never)]
        pub fn microseconds(&self) -> u64 {
            self.counter.ticks() / NonZeroU64::from(self.ticks_per_microsecond)
        }
    }
}

#[cfg(target_arch = "riscv32")]
mod source {
    use esp_hal::time::Instant;

    /// The chip's timer, which always runs.
    pub struct Stopwatch(());

    impl Stopwatch {
        /// Always something: whatever the core's clock, the timer has its own.
        pub fn start(_: u32) -> Option<Self> {
            Some(Self(()))
        }

        /// Microseconds since the chip's start.
        pub fn microseconds(&self) -> u64 {
            Instant::now().duration_since_epoch().as_micros()
        }
    }
}
