//! The energy image: windows on a pin and sleep between them, and nothing that draws current for anybody's comfort.

use cortex_m::{
    Peripherals, asm,
    peripheral::{SYST, syst::SystClkSource},
};
use embedded_hal::digital::OutputPin;
use microjoule::{Executor, Program};
use support::{kept, machine};
use telemetry::energy::{Bench, Draw, Windows};

use crate::Desk;

/// What the host had it built with.
const WINDOWS: Windows = include!(concat!(env!("OUT_DIR"), "/windows.rs"));

/// Runs the windows, and sleeps for ever.
pub fn serve<P: Program, W: OutputPin, L>(desk: Desk<W, L>, model: &mut Executor<'_, P>) -> ! {
    machine::start();
    // Whoever attaches later finds what went wrong before; here there is no log to tell it.
    let _ = kept::start(desk.watchdog);
    model.reset();
    if let Some(mut core) = Peripherals::take() {
        #[cfg(feature = "caches")]
        crate::caches::start(&mut core);
        core.SYST.set_clock_source(SystClkSource::Core);
        WINDOWS.run(&mut Asleep { desk, model, timer: core.SYST });
    }
    loop {
        asm::wfi();
    }
}

/// A board that nobody looks at.
struct Asleep<'e, 'm, P, W, L> {
    desk: Desk<W, L>,
    model: &'e mut Executor<'m, P>,
    timer: SYST,
}

impl<P: Program, W: OutputPin, L> Bench for Asleep<'_, '_, P, W, L> {
    fn mark(&mut self, high: bool) {
        // A pin that does not move is a window that the host misses.
        let _ = self.desk.window.set_state(high.into());
    }

    /// The core's clock is off; peripherals and RAM are as they were.
    fn sleep(&mut self, milliseconds: u32) {
        let ticks = u64::from(milliseconds) * u64::from(self.desk.clock_hz / 1000);
        machine::doze(&mut self.timer, ticks);
    }

    fn infer(&mut self) -> bool {
        let mut draw = Draw::new();
        for index in 0..self.model.program().input_count() {
            if let Some(dtype) = self.model.program().input(index).map(|input| input.dtype) {
                draw.fill(dtype, self.model.input_mut(index));
            }
        }
        self.model.run().is_ok()
    }
}
