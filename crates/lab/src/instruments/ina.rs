//! INA219, INA226 and INA228 on a probe board, whose firmware streams by `sensors`.

mod decoder;

use std::time::{Duration, Instant};

use sensors::frame::{HELLO, Hello, START, STOP};
use serialport::FlowControl;

use super::{
    Line, Tally,
    line::{drain, excerpt, lost, serial},
    progress,
};
use crate::stream::{
    Applied, Block, Capabilities, Error, Instrument, Progress, RangeUncertainty, Rates, Setup,
};

pub use decoder::Decoder;

/// The line's speed.
pub const BAUD: u32 = 921_600;
const WHAT: &str = "probe board";
/// How long it may take to say what it is.
const PATIENCE: Duration = Duration::from_secs(1);
/// Silence after which a stopped stream has ended without having said so.
const SILENCE: Duration = Duration::from_millis(300);
/// Bytes without a frame in them after which there is no stream.
const HOPELESS: u64 = 20_000;
const ADVICE: &str = "no frames of a probe board are in it: is its firmware the one of `sensors`, and the line at 921600 baud?";

/// A probe board on its serial line.
pub struct Ina {
    line: Box<dyn Line>,
    capabilities: Capabilities,
    hello: Hello,
    stream: Option<Decoder>,
    is_stopped: bool,
    tally: Tally,
    bytes: Vec<u8>,
}

impl Ina {
    /// Opens the one at a serial line.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::Silent`] and [`Error::Answer`] where something else is at that line.
    pub fn open(path: Option<&str>) -> Result<Self, Error> {
        let Some(path) = path else {
            let advice = "name its line after a colon: such a board has no USB identity of its own";
            return Err(Error::NotFound { what: WHAT, place: "no line".into(), advice });
        };
        Self::over(serial(WHAT, path, BAUD, FlowControl::None)?)
    }

    /// Takes over a line at whose other end a board is.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn over(mut line: Box<dyn Line>) -> Result<Self, Error> {
        line.write(&[STOP]).map_err(|_| lost(0))?;
        drain(line.as_mut(), Duration::from_millis(20))?;
        let hello = greet(line.as_mut())?;
        let capabilities = capabilities(&hello);
        let (tally, bytes) = (Tally::default(), vec![0; 1 << 14]);
        Ok(Self { line, capabilities, hello, stream: None, is_stopped: false, tally, bytes })
    }
}

/// Asks what the board is.
fn greet(line: &mut dyn Line) -> Result<Hello, Error> {
    line.write(&[HELLO]).map_err(|_| lost(0))?;
    let (mut decoder, mut heard, mut piece) = (Decoder::new(None), Vec::new(), [0; 256]);
    let (asked, mut tally, mut block) = (Instant::now(), Tally::default(), Block::default());
    while asked.elapsed() < PATIENCE {
        let read = line.read(&mut piece, Duration::from_millis(50)).map_err(|_| lost(0))?;
        let piece = piece.get(..read).unwrap_or_default();
        decoder.feed(piece, &mut tally, &mut block);
        heard.extend(piece.iter().take(64));
        if let Some(hello) = decoder.hello() {
            return Ok(hello);
        }
    }
    let asked = "what it is".to_owned();
    match heard.is_empty() {
        true => Err(Error::Silent { asked, waited: PATIENCE }),
        false => Err(Error::Answer { asked, answer: excerpt(&heard), advice: ADVICE }),
    }
}

impl Instrument for Ina {
    fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    /// A sensor switches nothing and supplies nothing: the voltage is what it measures.
    fn configure(&mut self, setup: &Setup) -> Result<Applied, Error> {
        Ok(Applied { volts: setup.volts, rate_hz: rate_hz(&self.hello) })
    }

    /// Nothing is switched.
    fn power(&mut self, _: bool) -> Result<(), Error> {
        Ok(())
    }

    fn start(&mut self) -> Result<(), Error> {
        self.tally = Tally::default();
        self.stream = Some(Decoder::new(Some(self.hello)));
        self.is_stopped = false;
        self.line.write(&[START]).map_err(|_| lost(0))
    }

    fn read(&mut self, timeout: Duration, into: &mut Block) -> Result<Progress, Error> {
        self.tally.open(into);
        let Some(stream) = &mut self.stream else { return Ok(Progress::Ended) };
        let timeout = if self.is_stopped { timeout.max(SILENCE) } else { timeout };
        let Ok(read) = self.line.read(&mut self.bytes, timeout) else {
            stream.finish(&mut self.tally, into);
            self.stream = None;
            return Err(lost(self.tally.next()));
        };
        let bytes = self.bytes.get(..read).unwrap_or_default();
        stream.feed(bytes, &mut self.tally, into);
        if stream.unread() > HOPELESS {
            return Err(Error::Answer { asked: "samples".into(), answer: excerpt(bytes), advice: ADVICE });
        }
        if stream.has_ended() || read == 0 && self.is_stopped {
            stream.finish(&mut self.tally, into);
            self.stream = None;
        }
        Ok(progress(into, self.stream.is_none()))
    }

    fn stop(&mut self) -> Result<(), Error> {
        self.is_stopped = true;
        self.line.write(&[STOP]).map_err(|_| lost(self.tally.next()))
    }
}

/// Samples a second; a board that names no period counts as one of a sample a second.
fn rate_hz(hello: &Hello) -> f64 {
    1e9 / f64::from(if hello.period_nanoseconds == 0 { 1_000_000_000 } else { hello.period_nanoseconds })
}

fn capabilities(hello: &Hello) -> Capabilities {
    let ohms = f64::from(hello.shunt_microohms) * 1e-6;
    // The shunt's own tolerance comes on top: a common one has 1 %.
    let (volts, offset, gain, source) = match hello.sensor {
        228 => (40.96e-3, 1e-6, 0.0105, "TI INA228: 0.05 % and 1 µV of offset, and a shunt of 1 %"),
        226 => (81.92e-3, 10e-6, 0.011, "TI INA226: 0.1 % and 10 µV of offset, and a shunt of 1 %"),
        _ => (320e-3, 100e-6, 0.015, "TI INA219: 0.5 % and 100 µV of offset, and a shunt of 1 %"),
    };
    let amperes = |volts: f64| (volts / ohms) as f32;
    Capabilities {
        name: format!("probe board with an INA{}, shunt of {} mΩ", hello.sensor, ohms * 1e3),
        rates: Rates::Fixed(rate_hz(hello)),
        supply: None,
        measures_voltage: true,
        digital_inputs: sensors::frame::INPUTS,
        energy_per_sample: false,
        uncertainty: vec![RangeUncertainty { up_to: amperes(volts), gain, offset: amperes(offset), source }],
    }
}
