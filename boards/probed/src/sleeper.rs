//! Sleep for a while, in the image whose current is measured.

use crate::Desk;

pub use source::Sleeper;

#[cfg(target_arch = "arm")]
mod source {
    use cortex_m::{
        Peripherals,
        peripheral::{SYST, syst::SystClkSource},
    };
    use support::machine;

    use super::Desk;

    /// The core's own timer, which wakes it.
    pub struct Sleeper {
        timer: SYST,
        clock_hz: u32,
    }

    impl Sleeper {
        /// Nothing, where somebody else has the timer.
        pub fn of<W, L>(desk: &mut Desk<W, L>) -> Option<Self> {
            let mut core = Peripherals::take()?;
            #[cfg(feature = "caches")]
            crate::caches::start(&mut core);
            core.SYST.set_clock_source(SystClkSource::Core);
            Some(Self { timer: core.SYST, clock_hz: desk.clock_hz })
        }

        /// The core's clock is off; peripherals and RAM are as they were.
        pub fn sleep(&mut self, milliseconds: u32) {
            let ticks = u64::from(milliseconds) * u64::from(self.clock_hz / 1000);
            machine::doze(&mut self.timer, ticks);
        }
    }
}

#[cfg(target_arch = "riscv32")]
mod source {
    use core::{
        pin::pin,
        task::{Context, Waker},
    };

    use esp_hal::{
        Async,
        interrupt::wait_for_interrupt,
        timer::{OneShotTimer, systimer::SystemTimer},
    };

    use super::Desk;

    /// An alarm of the chip's timer, which wakes the core.
    pub struct Sleeper(OneShotTimer<'static, Async>);

    impl Sleeper {
        /// Nothing, where somebody else has the timer.
        pub fn of<W, L>(desk: &mut Desk<W, L>) -> Option<Self> {
            let timer = desk.timer.take()?;
            Some(Self(OneShotTimer::new(SystemTimer::new(timer).alarm0).into_async()))
        }

        /// The core's clock is off; peripherals and RAM are as they were.
        pub fn sleep(&mut self, milliseconds: u32) {
            let mut alarm = pin!(self.0.delay_millis_async(milliseconds));
            let mut context = Context::from_waker(Waker::noop());
            // An alarm between the question and the rest would otherwise be taken before the core rests, and nothing would
            // wake it. One that is pending wakes it with interrupts off too.
            let mut is_over = || {
                critical_section::with(|_| {
                    let is_over = alarm.as_mut().poll(&mut context).is_ready();
                    if !is_over {
                        wait_for_interrupt();
                    }
                    is_over
                })
            };
            while !is_over() {}
        }
    }
}
