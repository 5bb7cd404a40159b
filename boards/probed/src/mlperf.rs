//! The program that MLPerf Tiny's runner drives: over the board's UART, timed by the core's or the chip's timer, with pulses on the window pin.

use embedded_hal::digital::OutputPin;
use embedded_hal_nb::{
    nb::block,
    serial::{Read, Write},
};
use microjoule::{Executor, Program};
use support::{kept, machine};
use telemetry::mlperf::{Board, Device, Mode, Network, PULSE_MICROSECONDS, Task};

use crate::{Desk, stopwatch::Stopwatch};

/// What the image is for.
pub const MODE: Mode = if crate::IS_FOR_ENERGY { Mode::Energy } else { Mode::Performance };

/// Serves the runner with a model, for ever; `name` is the board's among devices, and `buffer` has room for what the task keeps.
///
/// A board whose UART cannot do the runner's speed says nothing.
pub fn serve<P, W, L>(
    desk: Desk<W, L>,
    name: &str,
    model: &mut Executor<'_, P>,
    task: Task,
    buffer: &mut [u8],
) -> !
where
    P: Program,
    W: OutputPin,
    L: Read + Write,
{
    machine::start();
    // Whoever attaches later finds what went wrong before; nothing but answers goes over the line.
    let _ = kept::start(desk.watchdog);
    model.reset();
    if let (Some(stopwatch), Some(serial)) = (Stopwatch::start(desk.clock_hz), desk.line) {
        let line = Line { serial, window: desk.window, stopwatch };
        Device::new(line, Network::new(model, task), name, MODE, buffer).serve()
    }
    machine::rest()
}

/// The board as the protocol sees it.
struct Line<W, L> {
    serial: L,
    window: W,
    stopwatch: Stopwatch,
}

impl<W: OutputPin, L: Read + Write> Board for Line<W, L> {
    fn receive(&mut self) -> Option<u8> {
        // A character that came to harm is a command that is answered with an error, or an input that is not complete.
        self.serial.read().ok()
    }

    // Called from everywhere: a loop over registers in every place would be most of the image's code.
    #[inline(never)]
    fn send(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            // What does not leave is missed by the runner, which says so.
            let _ = block!(self.serial.write(byte));
        }
    }

    fn flush(&mut self) {
        let _ = block!(self.serial.flush());
    }

    fn microseconds(&mut self) -> u64 {
        self.stopwatch.microseconds()
    }

    fn pulse(&mut self) {
        // A pin that does not move is an edge that the power monitor misses.
        let _ = self.window.set_low();
        let end = self.microseconds().saturating_add(PULSE_MICROSECONDS);
        while self.microseconds() < end {}
        let _ = self.window.set_high();
    }
}
