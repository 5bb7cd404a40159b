//! Nordic's Power Profiler Kit II.
//!
//! A USB serial line on which single bytes are commands. The device answers one of them, the question for its metadata;
//! all else that comes are samples, 100,000 a second, four bytes each.

mod calibration;
mod decoder;

use std::time::{Duration, Instant};

use serialport::FlowControl;

use super::{
    Line, Tally,
    line::{drain, excerpt, find, lost, serial},
    progress, refused,
};
use crate::stream::{
    Applied, Block, Capabilities, Error, EventKind, Instrument, Mode, Progress, RangeUncertainty, Rates,
    Setup,
};

pub use calibration::{Calibration, RANGES, RangeCalibration};
pub use decoder::{Decoder, Word};

/// Samples a second.
pub const RATE_HZ: f64 = 100_000.0;
/// USB vendor and product.
const USB: (u16, u16) = (0x1915, 0xc00a);
const WHAT: &str = "PPK2";
/// What it can supply.
const VOLTS: std::ops::RangeInclusive<f32> = 0.8..=5.0;
/// How long it may take to tell its metadata.
const PATIENCE: Duration = Duration::from_millis(1500);
/// Silence after which a stopped stream has ended.
const SILENCE: Duration = Duration::from_millis(100);
/// Bytes without a sample in them after which there is no stream.
const HOPELESS: u64 = 25_000;
/// Nordic publishes ranges and resolutions of a PPK2, and no accuracy by range.
const SOURCE: &str = "assumed: 5 % and one step of the range; Nordic publishes no accuracy by range";

/// Commands, each a byte before its arguments.
pub mod command {
    /// Starts the stream.
    pub const START: u8 = 0x06;
    /// Stops it.
    pub const STOP: u8 = 0x07;
    /// Power to the device: 0 or 1.
    pub const RUNNING: u8 = 0x0c;
    /// Supply, in millivolts, the high byte first.
    pub const REGULATOR: u8 = 0x0d;
    /// 1: ampere meter; 2: source.
    pub const MODE: u8 = 0x11;
    /// Asks for the metadata.
    pub const METADATA: u8 = 0x19;
}

/// A PPK2 on its serial line.
pub struct Ppk2 {
    line: Box<dyn Line>,
    capabilities: Capabilities,
    calibration: Calibration,
    volts: Option<f32>,
    state: State,
    tally: Tally,
    bytes: Vec<u8>,
}

enum State {
    Still,
    Streaming(Box<Decoder>),
    Stopped(Box<Decoder>),
}

impl Ppk2 {
    /// Opens the one at a serial line, or the first that USB lists.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::Silent`] and [`Error::Answer`] where something else is at that line.
    pub fn open(path: Option<&str>) -> Result<Self, Error> {
        let path = path.map_or_else(|| find(WHAT, USB.0, USB.1), |path| Ok(path.to_owned()))?;
        Self::over(serial(WHAT, &path, 115_200, FlowControl::None)?)
    }

    /// Takes over a line at whose other end a PPK2 is.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn over(mut line: Box<dyn Line>) -> Result<Self, Error> {
        // Whoever had it before may have left it streaming.
        send(line.as_mut(), &[command::STOP])?;
        drain(line.as_mut(), Duration::from_millis(20))?;
        let calibration = metadata(line.as_mut())?;
        let capabilities = capabilities(&calibration);
        let (state, tally) = (State::Still, Tally::default());
        Ok(Self { line, capabilities, calibration, volts: None, state, tally, bytes: vec![0; 1 << 16] })
    }

    /// The factory's figures.
    #[must_use]
    pub fn calibration(&self) -> &Calibration {
        &self.calibration
    }

    /// Reads into the buffer until it is full or nothing more has come; how much.
    fn fill(&mut self, timeout: Duration) -> Result<usize, Error> {
        let mut filled = 0;
        let mut patience = timeout;
        while let Some(room) = self.bytes.get_mut(filled..).filter(|room| !room.is_empty()) {
            match self.line.read(room, patience) {
                Ok(0) => break,
                Ok(read) => filled += read,
                // What came before is worth having; the next read finds the line gone again.
                Err(_) if filled > 0 => break,
                Err(_) => return Err(lost(self.tally.next())),
            }
            patience = Duration::ZERO;
        }
        Ok(filled)
    }
}

impl Instrument for Ppk2 {
    fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    fn configure(&mut self, setup: &Setup) -> Result<Applied, Error> {
        if !VOLTS.contains(&setup.volts) {
            return Err(refused(
                &self.capabilities,
                format!("work at {} V", setup.volts),
                format!("from {} to {} V it can", VOLTS.start(), VOLTS.end()),
            ));
        }
        let millivolts = (setup.volts * 1000.0).round() as u16;
        let [high, low] = millivolts.to_be_bytes();
        let mode = match setup.mode {
            Mode::Ampere => 1,
            Mode::Source => 2,
        };
        send(self.line.as_mut(), &[command::MODE, mode])?;
        // The ampere meter's calibration wants to know the voltage, too.
        send(self.line.as_mut(), &[command::REGULATOR, high, low])?;
        let volts = f32::from(millivolts) / 1000.0;
        self.volts = Some(volts);
        Ok(Applied { volts, rate_hz: RATE_HZ })
    }

    fn power(&mut self, on: bool) -> Result<(), Error> {
        send(self.line.as_mut(), &[command::RUNNING, on.into()])
    }

    fn start(&mut self) -> Result<(), Error> {
        let Some(volts) = self.volts else {
            let advice = "configure it first: its calibration depends on the voltage";
            return Err(refused(&self.capabilities, "start", advice));
        };
        drain(self.line.as_mut(), Duration::from_millis(5))?;
        self.tally = Tally::default();
        self.state = State::Streaming(Box::new(Decoder::new(self.calibration.clone(), volts.into())));
        send(self.line.as_mut(), &[command::START])
    }

    fn read(&mut self, timeout: Duration, into: &mut Block) -> Result<Progress, Error> {
        self.tally.open(into);
        let timeout = match &self.state {
            State::Still => return Ok(Progress::Ended),
            State::Streaming(_) => timeout,
            State::Stopped(_) => timeout.max(SILENCE),
        };
        let filled = self.fill(timeout);
        let (State::Streaming(decoder) | State::Stopped(decoder)) = &mut self.state else {
            return Ok(Progress::Ended);
        };
        let filled = match filled {
            Ok(filled) => filled,
            Err(error) => {
                decoder.finish(&mut self.tally, into);
                self.state = State::Still;
                return Err(error);
            }
        };
        let begins = self.tally.next() == 0;
        decoder.feed(self.bytes.get(..filled).unwrap_or_default(), &mut self.tally, into);
        if decoder.unread() > HOPELESS {
            return Err(Error::Answer {
                asked: "a stream of samples".into(),
                answer: excerpt(self.bytes.get(..filled).unwrap_or_default()),
                advice: "no samples of a PPK2 are in it: unplug it, plug it in, and measure again",
            });
        }
        if begins && self.calibration.reset_user_gains && !into.samples.is_empty() {
            let said = "the PPK2's user gains are out of reach and count as 1";
            into.events.insert(0, crate::stream::Event { at: 0, kind: EventKind::Message(said.into()) });
        }
        if filled == 0 && matches!(self.state, State::Stopped(_)) {
            if let State::Stopped(mut decoder) = std::mem::replace(&mut self.state, State::Still) {
                decoder.finish(&mut self.tally, into);
            }
            return Ok(progress(into, true));
        }
        Ok(progress(into, false))
    }

    fn stop(&mut self) -> Result<(), Error> {
        send(self.line.as_mut(), &[command::STOP])?;
        if let State::Streaming(decoder) = std::mem::replace(&mut self.state, State::Still) {
            self.state = State::Stopped(decoder);
        }
        Ok(())
    }
}

fn send(line: &mut dyn Line, bytes: &[u8]) -> Result<(), Error> {
    line.write(bytes).map_err(|_| lost(0))
}

/// Asks for the metadata and reads them, up to their `END`.
fn metadata(line: &mut dyn Line) -> Result<Calibration, Error> {
    send(line, &[command::METADATA])?;
    let (asked, mut text, mut piece) = (Instant::now(), Vec::new(), [0; 1024]);
    while asked.elapsed() < PATIENCE && text.len() < 1 << 16 {
        let read = line.read(&mut piece, Duration::from_millis(50)).map_err(|_| lost(0))?;
        text.extend_from_slice(piece.get(..read).unwrap_or_default());
        if text.windows(4).any(|it| it == b"END\n" || it == b"END\r") || text.ends_with(b"END") {
            return Calibration::parse(&text);
        }
    }
    let asked = "its metadata".to_owned();
    if text.is_empty() {
        return Err(Error::Silent { asked, waited: PATIENCE });
    }
    Err(Error::Answer {
        asked,
        answer: excerpt(&text),
        advice: "this is no PPK2, or its second serial line: name the first one, or plug it in anew",
    })
}

fn capabilities(calibration: &Calibration) -> Capabilities {
    let step = |up_to: f32, offset: f32| RangeUncertainty { up_to, gain: 0.05, offset, source: SOURCE };
    let hardware = if calibration.hardware.is_empty() { "" } else { " hardware " };
    let uncalibrated = if calibration.calibrated { "" } else { ", not calibrated" };
    Capabilities {
        name: format!("Nordic PPK2{hardware}{}{uncalibrated}", calibration.hardware),
        rates: Rates::Fixed(RATE_HZ),
        supply: Some(VOLTS),
        measures_voltage: false,
        digital_inputs: 8,
        energy_per_sample: false,
        uncertainty: vec![
            step(50e-6, 100e-9),
            step(500e-6, 1e-6),
            step(5e-3, 10e-6),
            step(60e-3, 100e-6),
            step(1.0, 1e-3),
        ],
    }
}
