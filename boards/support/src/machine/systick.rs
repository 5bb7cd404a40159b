//! Time by the core's own timer, which every Cortex-M has, and QEMU emulates where it does not the cycle counter.

use core::sync::atomic::{AtomicU32, Ordering};

use cortex_m::peripheral::{SCB, SYST, syst::SystClkSource};
use cortex_m_rt::exception;

/// It counts down from here.
const RELOAD: u32 = 0xff_ffff;

/// How often it has begun anew. Only the exception below writes it.
static ROUNDS: AtomicU32 = AtomicU32::new(0);

/// The core's timer, running.
#[derive(Debug)]
pub(crate) struct Counter(());

impl Counter {
    /// Starts it at the core's clock.
    pub(crate) fn start(_: usize) -> Self {
        if let Some(mut core) = cortex_m::Peripherals::take() {
            core.SYST.set_clock_source(SystClkSource::Core);
            core.SYST.set_reload(RELOAD);
            core.SYST.clear_current();
            core.SYST.enable_interrupt();
            core.SYST.enable_counter();
        }
        Self(())
    }

    /// Ticks since the start.
    pub(crate) fn ticks(&self) -> u64 {
        loop {
            let rounds = ROUNDS.load(Ordering::Relaxed);
            let left = SYST::get_current();
            // A round that has ended and is not yet counted would make the time go back.
            if !SCB::is_pendst_pending() && rounds == ROUNDS.load(Ordering::Relaxed) {
                return (u64::from(rounds) << 24) + u64::from(RELOAD.saturating_sub(left));
            }
        }
    }
}

#[exception]
fn SysTick() {
    ROUNDS.store(ROUNDS.load(Ordering::Relaxed).wrapping_add(1), Ordering::Relaxed);
}
