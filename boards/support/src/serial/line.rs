use microjoule::{Executor, Program};
use telemetry::mlperf::{Board, Device, Mode, Network, NoAudio, PULSE_MICROSECONDS, ROW_BYTES, Task};

use super::{Ears, Uart, Wiring};
use crate::machine::{self, Counter};

/// How long nobody asks after nothing had come.
const PAUSE_LOOPS: u32 = 500;

/// An image for measurements of energy sleeps when it asked so often for nothing: between the bytes of a line it stays awake.
#[cfg(feature = "energy")]
const AWAKE_PAUSES: u32 = 200;

/// How long it sleeps, in microseconds: a line of 9600 baud brings half a byte in that time, and a UART holds one.
#[cfg(feature = "energy")]
const SLEEP_MICROSECONDS: u64 = 500;

/// What the image is for.
const MODE: Mode = if cfg!(feature = "energy") { Mode::Energy } else { Mode::Performance };

/// Serves the runner of MLPerf Tiny with a model, for ever.
pub fn serve_mlperf<U: Uart, P: Program>(
    (wiring, ears): (Wiring, impl Ears),
    name: &str,
    model: &mut Executor<'_, P>,
    task: Task,
    buffer: &mut [u8],
) -> ! {
    machine::start();
    let line = Line::<U, _>::open(wiring, ears);
    // The energy image logs nothing.
    #[cfg(not(feature = "energy"))]
    defmt::info!("{=str} at {=u32} baud, for {=str}", task.name(), MODE.baud(), MODE.name());
    Device::new(line, Network::new(model, task), name, MODE, buffer).serve()
}

/// The board as the protocol sees it.
struct Line<U, E> {
    uart: U,
    ears: E,
    /// Rows since it listens.
    #[cfg(not(feature = "energy"))]
    rows: u32,
    wiring: Wiring,
    counter: Counter,
    /// How often in a row nothing had come.
    pauses: u32,
}

impl<U: Uart, E: Ears> Line<U, E> {
    fn open(wiring: Wiring, ears: E) -> Self {
        let uart = U::open(&wiring, MODE.baud());
        if let Some(pin) = wiring.pin {
            pin.high.perform();
            if let Some(output) = pin.output {
                output.perform();
            }
        }
        Self {
            uart,
            ears,
            #[cfg(not(feature = "energy"))]
            rows: 0,
            wiring,
            counter: Counter::start(wiring.counter),
            pauses: 0,
        }
    }

    /// Nothing had come: some time passes.
    fn pause(&mut self) {
        self.pauses = self.pauses.saturating_add(1);
        #[cfg(feature = "energy")]
        if self.pauses > AWAKE_PAUSES {
            let ticks = u64::from(self.wiring.ticks_per_microsecond.get());
            return self.counter.sleep(ticks * SLEEP_MICROSECONDS);
        }
        // An emulator has one lock for all registers and for what brings the bytes: who asks without a pause keeps
        // them away.
        (0..PAUSE_LOOPS).for_each(|_| machine::nop());
    }
}

impl<U: Uart, E: Ears> Board for Line<U, E> {
    fn receive(&mut self) -> Option<u8> {
        let byte = self.uart.receive();
        match byte {
            Some(_) => self.pauses = 0,
            None => self.pause(),
        }
        byte
    }

    // Called from everywhere: a loop over registers in every place would be most of the image's code.
    #[inline(never)]
    fn send(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.uart.send(byte);
        }
    }

    fn flush(&mut self) {
        self.uart.flush();
    }

    #[inline(never)]
    fn microseconds(&mut self) -> u64 {
        self.counter.ticks() / core::num::NonZeroU64::from(self.wiring.ticks_per_microsecond)
    }

    fn pulse(&mut self) {
        if let Some(pin) = self.wiring.pin {
            pin.low.perform();
            let end = self.microseconds().saturating_add(PULSE_MICROSECONDS);
            while self.microseconds() < end {}
            pin.high.perform();
        }
    }

    fn listen(&mut self) -> Result<(), NoAudio> {
        #[cfg(not(feature = "energy"))]
        {
            self.rows = 0;
        }
        self.ears.listen()
    }

    fn stop(&mut self) {
        self.ears.stop();
    }

    fn hear(&mut self) -> Option<[u8; ROW_BYTES]> {
        let row = self.ears.hear();
        if row.is_some() {
            self.pauses = 0;
        }
        row
    }

    #[cfg(not(feature = "energy"))]
    fn heard(&mut self, activation: i8, detected: bool) {
        self.rows = self.rows.saturating_add(1);
        if detected {
            defmt::info!("wake word in row {=u32}: {=i8}", self.rows, activation);
        }
    }
}
