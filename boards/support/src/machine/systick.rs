//! Time by the core's own timer, which every Cortex-M has, and QEMU emulates where it does not the cycle counter.

use core::sync::atomic::{AtomicU32, Ordering};

use cortex_m::peripheral::{SCB, SYST, syst::SystClkSource};
use cortex_m_rt::exception;

/// It counts down from here.
const RELOAD: u32 = 0xff_ffff;

/// How often it has begun anew. Only the exception below writes it.
static ROUNDS: AtomicU32 = AtomicU32::new(0);

/// The core's timer, running; nothing, where somebody else has it.
pub struct Counter(Option<SYST>);

impl Counter {
    /// Starts it at the core's clock, for a caller that takes nothing else of the core.
    #[cfg(feature = "mlperf")]
    pub(crate) fn start(_: usize) -> Self {
        Self::of(cortex_m::Peripherals::take().map(|core| core.SYST))
    }

    /// Starts it at the core's clock.
    pub fn of(timer: Option<SYST>) -> Self {
        let mut counter = Self(timer);
        counter.count();
        counter
    }

    fn count(&mut self) {
        if let Some(timer) = &mut self.0 {
            timer.set_clock_source(SystClkSource::Core);
            timer.set_reload(RELOAD);
            timer.clear_current();
            timer.enable_interrupt();
            timer.enable_counter();
        }
    }

    /// Stops the core's clock for so long. The counter goes on afterwards from the start of its round.
    #[cfg(feature = "energy")]
    pub(crate) fn sleep(&mut self, ticks: u64) {
        if let Some(timer) = &mut self.0 {
            super::doze(timer, ticks);
        }
        self.count();
    }

    /// Ticks since the start.
    pub fn ticks(&self) -> u64 {
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
