//! Power instruments that are none: they speak their protocol on a pseudo-terminal or a socket, and play a current that
//! is known to the last electron.
//!
//! A [`Scene`] says what is played, and what goes wrong. [`open`] gives a driver with a simulated instrument behind it,
//! and [`stage`] the instrument alone, for whoever wants to speak to it.

pub mod damage;
mod faults;
mod heard;
mod ina;
mod lpm01a;
mod otii;
mod ppk2;
mod scpi;
mod source;
mod stage;
mod waveform;

use std::time::Duration;

use crate::{
    instruments,
    stream::{Applied, Block, Capabilities, Error, Instrument, Progress, Setup},
};

pub use faults::{Faults, Noise, Stretch};
pub use source::{Fate, Pace, Scene, Source};
pub use stage::{Flow, Part, Stage};
pub use waveform::{Segment, Waveform};

/// The kinds of simulated instruments, as [`open`] takes them.
pub const KINDS: &[&str] = &["ppk2", "lpm01a", "otii", "scpi", "ina"];

/// A driver, and at the other end of its line a simulated instrument that plays a scene.
///
/// # Errors
/// [`Error::NotFound`] for a kind that is none of [`KINDS`]; those of the driver.
pub fn open(kind: &str, scene: Scene) -> Result<Box<dyn Instrument + Send>, Error> {
    let stage = stage(kind, scene)?;
    let driver = instruments::open(&format!("{kind}:{}", stage.place()))?;
    Ok(Box::new(Simulated::new(driver, stage)))
}

/// A simulated instrument alone.
///
/// # Errors
/// [`Error::NotFound`] for a kind that is none of [`KINDS`]; [`Error::Io`] where the system gives no line.
pub fn stage(kind: &str, scene: Scene) -> Result<Stage, Error> {
    let part = part(kind, scene).ok_or_else(|| Error::NotFound {
        what: "simulated instrument",
        place: kind.to_owned(),
        advice: "there are ppk2, lpm01a, ina, otii and scpi",
    })?;
    match kind {
        "otii" | "scpi" => Stage::on_socket(part),
        _ => Stage::on_terminal(part),
    }
}

/// What a simulated instrument says to some words, without a line, and what it goes on to say by itself;
/// the first `most` bytes of that.
#[must_use]
pub fn transcript(kind: &str, scene: &Scene, words: &[&[u8]], most: usize) -> Vec<u8> {
    let mut said = Vec::new();
    if let Some(mut part) = part(kind, scene.clone()) {
        for word in words {
            part.hear(word, &mut said);
            part.play(&mut said);
        }
    }
    said.truncate(most);
    said
}

fn part(kind: &str, scene: Scene) -> Option<Box<dyn Part>> {
    Some(match kind {
        "ppk2" => Box::new(ppk2::Ppk2::new(scene)),
        "lpm01a" => Box::new(lpm01a::Lpm01a::new(scene)),
        "ina" => Box::new(ina::Ina::new(scene)),
        "otii" => Box::new(otii::Otii::new(scene)),
        "scpi" => Box::new(scpi::Scpi::new(scene)),
        _ => return None,
    })
}

/// A driver that says in its name that it measures nothing.
struct Simulated {
    driver: Box<dyn Instrument + Send>,
    capabilities: Capabilities,
    /// Kept for as long as the driver is: with it, the line goes.
    _stage: Stage,
}

impl Simulated {
    fn new(driver: Box<dyn Instrument + Send>, stage: Stage) -> Self {
        let capabilities = simulated(driver.capabilities());
        Self { driver, capabilities, _stage: stage }
    }
}

fn simulated(capabilities: &Capabilities) -> Capabilities {
    Capabilities { name: format!("simulated {}", capabilities.name), ..capabilities.clone() }
}

impl Instrument for Simulated {
    fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    fn configure(&mut self, setup: &Setup) -> Result<Applied, Error> {
        let applied = self.driver.configure(setup)?;
        self.capabilities = simulated(self.driver.capabilities());
        Ok(applied)
    }

    fn power(&mut self, on: bool) -> Result<(), Error> {
        self.driver.power(on)
    }

    fn start(&mut self) -> Result<(), Error> {
        self.driver.start()
    }

    fn read(&mut self, timeout: Duration, into: &mut Block) -> Result<Progress, Error> {
        self.driver.read(timeout, into)
    }

    fn unverified(&self) -> &[&'static str] {
        self.driver.unverified()
    }

    fn stop(&mut self) -> Result<(), Error> {
        self.driver.stop()
    }
}
