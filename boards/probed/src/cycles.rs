//! The core's cycles: DWT's counter or Espressif's, or where there is none SysTick with its turns counted.

use telemetry::trace::Counter;

/// Counts from the time it is made.
#[derive(Clone, Copy, Debug)]
pub struct Cycles(());

#[cfg(all(target_arch = "arm", not(armv6m)))]
mod source {
    use cortex_m::{Peripherals, peripheral::DWT};

    pub fn start() {
        if let Some(mut core) = Peripherals::take() {
            // Here, because what belongs to the core is handed out once.
            #[cfg(feature = "caches")]
            crate::caches::start(&mut core);
            core.DCB.enable_trace();
            core.DWT.enable_cycle_counter();
        }
    }

    #[inline(always)]
    pub fn now() -> u32 {
        DWT::cycle_count()
    }
}

#[cfg(armv6m)]
mod source {
    use core::sync::atomic::{AtomicU32, Ordering};

    use cortex_m::{
        Peripherals,
        peripheral::{SYST, syst::SystClkSource},
    };
    use cortex_m_rt::exception;

    /// SysTick has 24 bits.
    const BITS: u32 = 24;

    static TURNS: AtomicU32 = AtomicU32::new(0);

    #[exception]
    fn SysTick() {
        // No core of this kind reads and writes in one go, and nobody else writes.
        TURNS.store(TURNS.load(Ordering::Relaxed).wrapping_add(1), Ordering::Relaxed);
    }

    pub fn start() {
        if let Some(mut core) = Peripherals::take() {
            core.SYST.set_clock_source(SystClkSource::Core);
            core.SYST.set_reload((1 << BITS) - 1);
            core.SYST.clear_current();
            core.SYST.enable_interrupt();
            core.SYST.enable_counter();
        }
    }

    #[inline(always)]
    pub fn now() -> u32 {
        loop {
            let turns = TURNS.load(Ordering::Relaxed);
            let left = SYST::get_current();
            // A turn in between would pair a new count with the old number of turns.
            if turns == TURNS.load(Ordering::Relaxed) {
                return (turns << BITS).wrapping_add(((1 << BITS) - 1) - left);
            }
        }
    }
}

#[cfg(target_arch = "riscv32")]
mod source {
    pub use support::machine::{cycles as now, start_cycles as start};
}

impl Cycles {
    /// Starts the counter; the first caller's call counts.
    pub fn start() -> Self {
        source::start();
        Self(())
    }
}

impl Counter for Cycles {
    #[inline(always)]
    fn now(&self) -> u32 {
        source::now()
    }
}
