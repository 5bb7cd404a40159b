//! Source-measure units that take commands in text on a socket (SCPI): Keysight's N6705 and N6700 with a module of the
//! N678x or N676x kind, whose external data log streams averages to the host.
//!
//! Such a unit has no input for a pin: windows are found by the current's shape.

mod block;

use std::time::{Duration, Instant};

use super::{
    Line, Tally,
    line::{excerpt, lost, tcp},
    progress, refused,
};
use crate::stream::{
    Applied, Block, Capabilities, Error, EventKind, GapReason, Instrument, Mode, Progress, RANGE_UNKNOWN,
    RangeUncertainty, Rates, Sample, Setup,
};

pub use block::{Found, block};

/// The port for commands.
pub const PORT: u16 = 5025;
const WHAT: &str = "SCPI instrument";
const ABSENT: &str = "check its address on its front panel, and that its LAN sockets are on";
/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(3);
/// The shortest period of one logged figure, and what every period is a multiple of, in seconds.
pub const SHORTEST: f64 = 102.4e-6;
const STEP: f64 = 20.48e-6;
/// What the unit's own memory holds.
const HOLDS: Duration = Duration::from_secs(20);
/// Records asked for at a time.
const RECORDS: usize = 16_384;
/// How often the unit is asked.
const PAUSE: Duration = Duration::from_millis(50);
/// Figures above stand for none at all: 9.9e37 beyond the range, 9.91e37 no number.
const FIGURES: f32 = 9e37;
const OVERLOAD: f32 = 9.905e37;

/// What nobody could check of ammeter mode.
const AMMETER: &str = "not verified: that `EMUL AMM` makes an ammeter of the unit is from memory of its manual, and no unit was asked; look \
                       at its front panel whether the output is in ammeter mode";

/// One output of a unit.
pub struct Scpi {
    line: Box<dyn Line>,
    capabilities: Capabilities,
    channel: u8,
    /// It was told to measure and not to supply.
    is_ammeter: bool,
    applied: Option<Applied>,
    is_running: bool,
    is_stopped: bool,
    fetched: Instant,
    tally: Tally,
    bytes: Vec<u8>,
}

impl Scpi {
    /// Connects to `host`, `host:port` or `host:port@channel`.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::Unsupported`] for a make that has no external data log.
    pub fn open(place: Option<&str>) -> Result<Self, Error> {
        let Some(place) = place else {
            return Err(Error::NotFound {
                what: WHAT,
                place: "no address".into(),
                advice: "name its address after a colon",
            });
        };
        let (place, channel) = place.split_once('@').unwrap_or((place, "1"));
        let place = if place.contains(':') { place.to_owned() } else { format!("{place}:{PORT}") };
        let line = tcp(WHAT, &place, ABSENT)?;
        Self::over(line, channel.parse().unwrap_or(1))
    }

    /// Takes over a line at whose other end a unit is.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn over(line: Box<dyn Line>, channel: u8) -> Result<Self, Error> {
        let mut unit = Self {
            line,
            capabilities: capabilities(String::new()),
            channel,
            is_ammeter: false,
            applied: None,
            is_running: false,
            is_stopped: false,
            fetched: Instant::now(),
            tally: Tally::default(),
            bytes: vec![0; 1 << 16],
        };
        let name = unit.ask("*IDN?")?;
        if !["N6705", "N6700", "N6701", "N6702"].iter().any(|model| name.contains(model)) {
            return Err(Error::Unsupported {
                name,
                wish: "log to the host".into(),
                advice: "N6700 and N6705 mainframes can; from another unit, export a file and replay it"
                    .into(),
            });
        }
        let module = unit.ask(&format!("SYST:CHAN:MOD? (@{channel})"))?;
        unit.capabilities = capabilities(format!("{name}, output {channel}: {module}"));
        // Errors of whoever was here before are not this session's.
        unit.say("*CLS")?;
        Ok(unit)
    }

    /// Sends a command with `(@)` for the output.
    fn say(&mut self, command: &str) -> Result<(), Error> {
        let command = command.replace("(@)", &format!("(@{})", self.channel));
        self.line.write(format!("{command}\n").as_bytes()).map_err(|_| lost(self.tally.next()))
    }

    /// Sends a question and reads the line that answers it.
    fn ask(&mut self, question: &str) -> Result<String, Error> {
        self.say(question)?;
        let mut heard = Vec::new();
        self.hear(question, |bytes| {
            heard.extend_from_slice(bytes);
            heard.ends_with(b"\n") || heard.len() > 1 << 16
        })?;
        match str::from_utf8(&heard) {
            Ok(text) => Ok(text.trim().to_owned()),
            Err(_) => Err(strange(question, &heard)),
        }
    }

    /// Reads until it is enough.
    fn hear(&mut self, asked: &str, mut is_enough: impl FnMut(&[u8]) -> bool) -> Result<(), Error> {
        let started = Instant::now();
        loop {
            let read = self.line.read(&mut self.bytes, PAUSE).map_err(|_| lost(self.tally.next()))?;
            if is_enough(self.bytes.get(..read).unwrap_or_default()) {
                return Ok(());
            }
            if started.elapsed() > PATIENCE {
                return Err(Error::Silent { asked: asked.to_owned(), waited: PATIENCE });
            }
        }
    }

    /// Whether the unit has taken everything.
    fn check(&mut self, doing: &str) -> Result<(), Error> {
        let error = self.ask("SYST:ERR?")?;
        let code = error.split(',').next().unwrap_or_default();
        if code.trim().parse() == Ok(0) {
            return Ok(());
        }
        let advice = "the unit refuses it: is a module in that output, and does it measure currents?";
        Err(Error::Answer { asked: doing.to_owned(), answer: error, advice })
    }

    /// Asks for the records that have come; how many there were.
    fn fetch(&mut self, into: &mut Block) -> Result<usize, Error> {
        let since = self.fetched.elapsed();
        self.fetched = Instant::now();
        if since > HOLDS {
            self.tally.gap(into, 0, GapReason::Overrun);
        }
        let question = format!("FETC:ELOG? {RECORDS},(@)");
        self.say(&question)?;
        let (mut heard, mut ok) = (Vec::new(), true);
        self.hear(&question, |bytes| {
            heard.extend_from_slice(bytes);
            match block(&heard) {
                Found::Part => false,
                Found::Block(_, after) => after.ends_with(b"\n"),
                Found::Nothing => {
                    ok = false;
                    true
                }
            }
        })?;
        match block(&heard) {
            Found::Block(records, _) if ok => {
                figures(records, &mut self.tally, into);
                Ok(records.len() / 4)
            }
            _ => Err(strange(&question, &heard)),
        }
    }

    /// At the end: whether a protection has spoken.
    fn check_output(&mut self, into: &mut Block) -> Result<(), Error> {
        let condition = self.ask("STAT:QUES:COND? (@)")?;
        if condition.trim_start_matches('+').parse() != Ok(0_u32) {
            self.tally.event(into, EventKind::Overload);
            let said = format!("the output is not as it should be: questionable condition {condition}");
            self.tally.event(into, EventKind::Message(said));
        }
        Ok(())
    }
}

/// Adds the currents of a block of 32-bit floats, the high byte first.
pub fn figures(records: &[u8], tally: &mut Tally, into: &mut Block) {
    let (figures, rest) = records.as_chunks::<4>();
    for figure in figures {
        let current = f32::from_be_bytes(*figure);
        if current.abs() < FIGURES {
            tally.sample(into, Sample { current, voltage: None, digital: 0, range: RANGE_UNKNOWN });
        } else if current.abs() < OVERLOAD {
            tally.gap(into, 1, GapReason::Overload);
        } else {
            tally.gap(into, 1, GapReason::Garbled);
        }
    }
    if !rest.is_empty() {
        tally.gap(into, 1, GapReason::Garbled);
    }
}

impl Instrument for Scpi {
    fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    fn configure(&mut self, setup: &Setup) -> Result<Applied, Error> {
        self.is_ammeter = setup.mode == Mode::Ampere;
        if setup.mode == Mode::Source {
            self.say(&format!("VOLT {},(@)", setup.volts))?;
        } else {
            self.say("EMUL AMM,(@)")?;
        }
        self.check("the mode and the voltage")?;
        let wanted = 1.0 / self.capabilities.rates.nearest(setup.rate_hz);
        let period = ((wanted / STEP).round() * STEP).max(SHORTEST);
        for command in [
            "ABOR:ELOG (@)",
            "FORM REAL",
            "FORM:BORD NORM",
            "SENS:SWE:TINT:RES RES20",
            "SENS:ELOG:FUNC:VOLT OFF,(@)",
            "SENS:ELOG:FUNC:CURR ON,(@)",
            "SENS:ELOG:FUNC:CURR:MINM OFF,(@)",
            "SENS:ELOG:CURR:RANG:AUTO ON,(@)",
            "TRIG:ELOG:SOUR BUS,(@)",
        ] {
            self.say(command)?;
        }
        self.say(&format!("SENS:ELOG:PER {period:e},(@)"))?;
        self.check("the data log")?;
        let answer = self.ask("SENS:ELOG:PER? (@)")?;
        let period: f64 = match answer.parse() {
            Ok(period) if period > 0.0 => period,
            _ => return Err(strange("SENS:ELOG:PER?", answer.as_bytes())),
        };
        let applied = Applied { volts: setup.volts, rate_hz: 1.0 / period };
        self.applied = Some(applied);
        Ok(applied)
    }

    fn unverified(&self) -> &[&'static str] {
        if self.is_ammeter { &[AMMETER] } else { &[] }
    }

    fn power(&mut self, on: bool) -> Result<(), Error> {
        self.say(if on { "OUTP ON,(@)" } else { "OUTP OFF,(@)" })?;
        self.check("its output")
    }

    fn start(&mut self) -> Result<(), Error> {
        if self.applied.is_none() {
            return Err(refused(&self.capabilities, "start", "configure it first"));
        }
        self.say("INIT:ELOG (@)")?;
        self.say("TRIG:ELOG (@)")?;
        self.check("the start of the data log")?;
        self.tally = Tally::default();
        (self.is_running, self.is_stopped, self.fetched) = (true, false, Instant::now());
        Ok(())
    }

    fn read(&mut self, timeout: Duration, into: &mut Block) -> Result<Progress, Error> {
        self.tally.open(into);
        if !self.is_running {
            return Ok(Progress::Ended);
        }
        let asked = Instant::now();
        loop {
            let records = self.fetch(into)?;
            // The log goes on by itself: less than was asked for is all that there was when it was stopped.
            if self.is_stopped && records < RECORDS {
                self.is_running = false;
                self.say("ABOR:ELOG (@)")?;
                self.check_output(into)?;
                return Ok(progress(into, true));
            }
            if records > 0 || asked.elapsed() >= timeout {
                return Ok(progress(into, false));
            }
            std::thread::sleep(PAUSE.min(timeout));
        }
    }

    fn stop(&mut self) -> Result<(), Error> {
        // Not aborted before it is read: an abort throws away what is in the unit's memory.
        self.is_stopped = true;
        Ok(())
    }
}

fn strange(asked: &str, answer: &[u8]) -> Error {
    Error::Answer {
        asked: asked.to_owned(),
        answer: excerpt(answer),
        advice: "this is not what such a unit answers: is another program talking to it?",
    }
}

fn capabilities(name: String) -> Capabilities {
    Capabilities {
        name,
        rates: Rates::Any(1.0 / 60.0..=1.0 / SHORTEST),
        supply: Some(0.0..=20.0),
        measures_voltage: false,
        digital_inputs: 0,
        energy_per_sample: false,
        uncertainty: vec![RangeUncertainty {
            up_to: 3.0,
            gain: 0.001,
            offset: 1e-6,
            source: "assumed: 0.1 % and 1 µA; look the module up in Keysight's specifications guide",
        }],
    }
}
