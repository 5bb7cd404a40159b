//! A serial line, a microsecond counter and a pin: what MLPerf Tiny asks of a board beside a network.

mod cmsdk;
mod ears;
mod line;
mod nrf;
mod ns16550;
pub(crate) mod registers;

pub use cmsdk::Cmsdk;
pub use ears::{Deaf, Ears, Recording};
pub use line::serve_mlperf;
pub use nrf::Nrf;
pub use ns16550::Ns16550;
pub use telemetry::mlperf::Task;

/// What `board.toml` says of the line, the counter and the pin.
///
/// The addresses are those of the peripherals, as those in `memory.x` are the memories': nothing checks either.
#[derive(Clone, Copy, Debug)]
pub struct Wiring {
    /// Where the UART's registers begin.
    pub uart: usize,
    /// What clocks it.
    pub uart_hz: u32,
    /// Pins that send and receive, where the UART can be led to any.
    pub pins: [u8; 2],
    /// Where the counter's registers begin, where it is not the core's own.
    pub counter: usize,
    /// Ticks of the counter in a microsecond.
    pub ticks_per_microsecond: core::num::NonZeroU32,
    /// What makes an output of the window pin, if there is one.
    pub pin: Option<Pin>,
}

/// A pin, by what has to be written where.
#[derive(Clone, Copy, Debug)]
pub struct Pin {
    /// Makes it an output, where it is not always one.
    pub output: Option<Write>,
    /// Lets it go up.
    pub high: Write,
    /// Pulls it down.
    pub low: Write,
}

/// A word that is written to a register.
#[derive(Clone, Copy, Debug)]
pub struct Write {
    /// The register.
    pub address: usize,
    /// The word.
    pub value: u32,
}

/// A UART: eight bits, no parity, one stop bit, asked and not interrupting.
pub trait Uart {
    /// Sets it up.
    fn open(wiring: &Wiring, baud: u32) -> Self;

    /// A byte that has come.
    fn receive(&mut self) -> Option<u8>;

    /// Sends a byte as soon as there is room for it.
    fn send(&mut self, byte: u8);

    /// Waits until everything has left.
    fn flush(&mut self);
}
