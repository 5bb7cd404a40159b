//! The energy image: windows on a pin and sleep between them, and nothing that draws current for anybody's comfort.

use embedded_hal::digital::OutputPin;
use microjoule::{Executor, Program};
use support::{kept, machine};
use telemetry::energy::{Bench, Draw, Windows};

use crate::{Desk, sleeper::Sleeper};

/// What the host had it built with.
const WINDOWS: Windows = include!(concat!(env!("OUT_DIR"), "/windows.rs"));

/// Runs the windows, and sleeps for ever.
pub fn serve<P: Program, W: OutputPin, L>(mut desk: Desk<W, L>, model: &mut Executor<'_, P>) -> ! {
    machine::start();
    // Whoever attaches later finds what went wrong before; here there is no log to tell it.
    let _ = kept::start(desk.watchdog);
    model.reset();
    if let Some(sleeper) = Sleeper::of(&mut desk) {
        WINDOWS.run(&mut Asleep { desk, model, sleeper });
    }
    machine::rest()
}

/// A board that nobody looks at.
struct Asleep<'e, 'm, P, W, L> {
    desk: Desk<W, L>,
    model: &'e mut Executor<'m, P>,
    sleeper: Sleeper,
}

impl<P: Program, W: OutputPin, L> Bench for Asleep<'_, '_, P, W, L> {
    fn mark(&mut self, high: bool) {
        // A pin that does not move is a window that the host misses.
        let _ = self.desk.window.set_state(high.into());
    }

    fn sleep(&mut self, milliseconds: u32) {
        self.sleeper.sleep(milliseconds);
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
