//! MLPerf Tiny: what a device says to the benchmark's runner, and understands of it.
//!
//! The runner sends commands of printable characters that end with `%`; the device answers in lines that end with CR and
//! LF, the last of which is [`READY`]. Nothing else is ever sent, and nothing after it: the runner waits for that line
//! before it sends more. The protocol is that of `mlcommons/tiny`, `benchmark/api` and `benchmark/runner`.
//!
//! [`Device`] is the whole of it; a firmware brings a [`Board`] and a [`Network`]. The same code runs on the host, where
//! the tests talk to it. Whatever comes in over the line, it answers or waits: it never panics and never runs over.

mod command;
mod device;
mod listening;
mod network;
mod say;
mod task;

pub use command::{COMMAND_BYTES, Command, Refusal};
pub use device::Device;
pub use network::Network;
pub use task::{Form, Task};

/// The last line of every answer.
pub const READY: &str = "m-ready";

/// Bytes of a row that a listening board adds to the network's input.
pub const ROW_BYTES: usize = 40;

/// A first output above this is the wake word.
pub const THRESHOLD: i8 = 115;

/// Outputs of a listening device that are kept until it stops: those of the first seconds, 65 of them.
pub const ACTIVATIONS: usize = 2048;

/// The character that ends a command.
pub const TERMINATOR: u8 = b'%';

/// What a device calls its firmware when it is asked for its profile; runners take no other.
pub const PROFILE: &str = "ULPMark for tinyML Firmware V0.0.1";

/// How long the window pin is low for a timestamp of the energy build.
pub const PULSE_MICROSECONDS: u64 = 100;

/// What a build is for. The two are different images, as the rules want it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Mode {
    /// Timestamps are lines with microseconds.
    Performance,
    /// Timestamps are pulses on a pin, which a power monitor sees; no line tells of them.
    Energy,
}

impl Mode {
    /// What the runner talks at.
    #[must_use]
    pub const fn baud(self) -> u32 {
        match self {
            Self::Performance => 115_200,
            Self::Energy => 9600,
        }
    }

    /// As the device tells it when it starts.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Performance => "performance",
            Self::Energy => "energy",
        }
    }
}

/// What the protocol needs of a board: a serial line, a clock, and a pin.
pub trait Board {
    /// The next byte that has come over the line, if one has.
    fn receive(&mut self) -> Option<u8>;

    /// Sends bytes; may wait for room in the line.
    fn send(&mut self, bytes: &[u8]);

    /// Waits until the last bit has left: nothing is sent while inferences are timed.
    fn flush(&mut self);

    /// Since any moment; must not run over within a session.
    fn microseconds(&mut self) -> u64;

    /// Pulls the window pin low for [`PULSE_MICROSECONDS`] and lets go of it. Power monitors take the falling or the rising edge.
    fn pulse(&mut self);

    /// Starts to listen for the wake word: from now on [`hear`](Self::hear) gives rows, from the beginning.
    ///
    /// # Errors
    /// A board without ears.
    fn listen(&mut self) -> Result<(), NoAudio> {
        Err(NoAudio)
    }

    /// Stops to listen.
    fn stop(&mut self) {}

    /// The newest row of the network's input, made of sound that has come since the last; nothing where not enough has.
    /// A board with a pin that tells when it is busy pulls it up before it makes the row.
    fn hear(&mut self) -> Option<[u8; ROW_BYTES]> {
        None
    }

    /// The network has run on that row, and this is its first output. `detected`: that is the wake word; a board with a pin
    /// for it pulls that low for a microsecond. A board with a pin that tells when it is busy pulls that down.
    fn heard(&mut self, _activation: i8, _detected: bool) {}
}

/// The board has no audio input, which the streaming benchmark needs.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct NoAudio;
