//! ST's X-NUCLEO-LPM01A, the PowerShield of MLPerf Tiny.
//!
//! A serial line with commands in text. What streams is either text or binary; both are read here, with the time
//! stamps, edges of input D7, messages and errors that stand between the samples.

mod ascii;
mod binary;
mod clock;
mod reply;

use std::time::Duration;

use serialport::FlowControl;

use super::{
    Line, Tally,
    line::{drain, find, lost, serial},
    progress, refused,
};
use crate::stream::{
    Applied, Block, Capabilities, Error, Instrument, Mode, Progress, RangeUncertainty, Rates, Setup,
};

pub use ascii::Ascii;
pub use binary::Binary;
use clock::Clock;
pub use clock::Scale;
use reply::{acknowledged_start, command};

/// The line's speed.
pub const BAUD: u32 = 3_686_400;
/// USB vendor and product.
const USB: (u16, u16) = (0x0483, 0x5740);
const WHAT: &str = "LPM01A";
/// What it can supply.
const VOLTS: std::ops::RangeInclusive<f32> = 1.8..=3.3;
/// Samples a second that it knows.
const RATES_HZ: [f64; 16] =
    [1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0, 1e3, 2e3, 5e3, 10e3, 20e3, 50e3, 100e3];
/// The highest rate at which it sends text without an end.
const TEXT_HZ: f64 = 5e3;
/// Silence after which a stopped stream has ended without having said so.
const SILENCE: Duration = Duration::from_millis(500);

/// An LPM01A on its serial line.
///
/// Up to 5,000 samples a second it is asked for energies, as MLPerf Tiny does it, and above for currents.
pub struct Lpm01a {
    line: Box<dyn Line>,
    capabilities: Capabilities,
    applied: Option<Applied>,
    stream: Option<Stream>,
    is_stopped: bool,
    tally: Tally,
    /// What came of the stream together with its acknowledgement.
    early: Vec<u8>,
    bytes: Vec<u8>,
}

enum Stream {
    Ascii(Ascii),
    Binary(Binary),
}

impl Stream {
    fn feed(&mut self, bytes: &[u8], tally: &mut Tally, block: &mut Block) {
        match self {
            Self::Ascii(stream) => stream.feed(bytes, tally, block),
            Self::Binary(stream) => stream.feed(bytes, tally, block),
        }
    }

    fn finish(&mut self, tally: &mut Tally, block: &mut Block) {
        match self {
            Self::Ascii(stream) => stream.finish(tally, block),
            Self::Binary(stream) => stream.finish(tally, block),
        }
    }

    fn has_ended(&self) -> bool {
        match self {
            Self::Ascii(stream) => stream.has_ended(),
            Self::Binary(stream) => stream.has_ended(),
        }
    }
}

impl Lpm01a {
    /// Opens the one at a serial line, or the first that USB lists.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::Silent`] and [`Error::Answer`] where something else is at that line.
    pub fn open(path: Option<&str>) -> Result<Self, Error> {
        let path = path.map_or_else(|| find(WHAT, USB.0, USB.1), |path| Ok(path.to_owned()))?;
        Self::over(serial(WHAT, &path, BAUD, FlowControl::None)?)
    }

    /// Takes over a line at whose other end an LPM01A is.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn over(mut line: Box<dyn Line>) -> Result<Self, Error> {
        // Whoever had it before may have left it streaming.
        line.write(b"\nstop\n").map_err(|_| lost(0))?;
        drain(line.as_mut(), Duration::from_millis(50))?;
        command(line.as_mut(), "htc")?;
        let board = command(line.as_mut(), "powershield")?.join(" ");
        let version = command(line.as_mut(), "version")?.join(" ");
        Ok(Self {
            line,
            capabilities: capabilities(&board, &version),
            applied: None,
            stream: None,
            is_stopped: false,
            tally: Tally::default(),
            early: Vec::new(),
            bytes: vec![0; 1 << 16],
        })
    }

    fn say(&mut self, words: &str) -> Result<(), Error> {
        command(self.line.as_mut(), words).map(drop)
    }
}

impl Instrument for Lpm01a {
    fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    fn configure(&mut self, setup: &Setup) -> Result<Applied, Error> {
        if setup.mode == Mode::Ampere {
            return Err(refused(
                &self.capabilities,
                "measure what another supply feeds",
                "let it feed the device",
            ));
        }
        if !VOLTS.contains(&setup.volts) {
            let wish = format!("supply {} V", setup.volts);
            return Err(refused(&self.capabilities, wish, "from 1.8 to 3.3 V it can"));
        }
        let rate_hz = self.capabilities.rates.nearest(setup.rate_hz);
        let is_energy = rate_hz <= TEXT_HZ;
        let millivolts = (setup.volts * 1000.0).round();
        let (output, format) = if is_energy { ("energy", "ascii_dec") } else { ("current", "bin_hexa") };
        for words in [
            format!("volt {millivolts}m"),
            format!("output {output}"),
            format!("format {format}"),
            format!("freq {rate_hz}"),
            "acqtime inf".into(),
            "acqmode dyn".into(),
            "trigsrc sw".into(),
            "trigdelay 0".into(),
            "pwrend on".into(),
        ] {
            self.say(&words)?;
        }
        // Older firmware knows one edge only: then a window is what is between two pulses, as with MLPerf Tiny.
        if matches!(self.say("eventsrc d7 both"), Err(Error::Answer { .. })) {
            self.say("eventsrc d7 fal")?;
        }
        self.capabilities.energy_per_sample = is_energy;
        let applied = Applied { volts: millivolts / 1000.0, rate_hz };
        self.applied = Some(applied);
        Ok(applied)
    }

    fn power(&mut self, on: bool) -> Result<(), Error> {
        self.say(if on { "pwr on nostatus" } else { "pwr off" })
    }

    fn start(&mut self) -> Result<(), Error> {
        let Some(Applied { volts, rate_hz }) = self.applied else {
            return Err(refused(&self.capabilities, "start", "configure it first"));
        };
        self.tally = Tally::default();
        self.is_stopped = false;
        self.stream = Some(if self.capabilities.energy_per_sample {
            Stream::Ascii(Ascii::new(Scale::Energy { volts: volts.into(), rate_hz }, rate_hz))
        } else {
            Stream::Binary(Binary::new(Scale::Current, rate_hz))
        });
        self.line.write(b"start\n").map_err(|_| lost(0))?;
        self.early = acknowledged_start(self.line.as_mut())?;
        Ok(())
    }

    fn read(&mut self, timeout: Duration, into: &mut Block) -> Result<Progress, Error> {
        self.tally.open(into);
        let Some(stream) = &mut self.stream else { return Ok(Progress::Ended) };
        let timeout = if self.is_stopped { timeout.max(SILENCE) } else { timeout };
        let early = std::mem::take(&mut self.early);
        stream.feed(&early, &mut self.tally, into);
        let timeout = if into.is_empty() { timeout } else { Duration::ZERO };
        let read = match self.line.read(&mut self.bytes, timeout) {
            Ok(read) => read,
            Err(_) => {
                stream.finish(&mut self.tally, into);
                self.stream = None;
                return Err(lost(self.tally.next()));
            }
        };
        stream.feed(self.bytes.get(..read).unwrap_or_default(), &mut self.tally, into);
        if stream.has_ended() || read == 0 && self.is_stopped {
            stream.finish(&mut self.tally, into);
            self.stream = None;
            drain(self.line.as_mut(), Duration::from_millis(20))?;
        }
        Ok(progress(into, self.stream.is_none()))
    }

    fn stop(&mut self) -> Result<(), Error> {
        self.is_stopped = true;
        self.line.write(b"stop\n").map_err(|_| lost(self.tally.next()))
    }
}

impl Drop for Lpm01a {
    fn drop(&mut self) {
        // The board's own display and buttons work again; where the line is gone, nobody is there to release.
        let _ = self.line.write(b"hrc\n");
    }
}

fn capabilities(board: &str, version: &str) -> Capabilities {
    Capabilities {
        name: format!("ST X-NUCLEO-LPM01A {board}, firmware {version}"),
        rates: Rates::Steps(RATES_HZ.to_vec()),
        supply: Some(VOLTS),
        measures_voltage: false,
        digital_inputs: 1,
        energy_per_sample: false,
        uncertainty: vec![RangeUncertainty {
            up_to: 50e-3,
            gain: 0.02,
            offset: 100e-9,
            source: "ST UM2243: better than 2 % from 100 nA to 50 mA",
        }],
    }
}

#[cfg(test)]
mod tests;
