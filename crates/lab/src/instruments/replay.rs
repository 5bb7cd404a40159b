//! Capture files of other programs, played as if they were measured now.
//!
//! | file | |
//! |---|---|
//! | `.csv` | what Nordic's, Qoitech's and Jetperch's programs export, and any other table with a time and a current, told apart by the names of their columns |
//! | `.ppk2` | what Nordic's Power Profiler saves |
//! | `.jls` | what Jetperch's Joulescope records, version 2 of the format |

mod csv;
mod jls;
mod ppk2_file;
mod zip;

use std::{path::Path, time::Duration};

use super::{Tally, progress, refused};
use crate::stream::{Applied, Block, Capabilities, Error, Instrument, Progress, Rates, Setup};

pub use csv::Csv;
pub use jls::Jls;
pub use ppk2_file::Ppk2File;

/// Samples by read, about.
const PIECE: usize = 1 << 15;

/// A capture file, open.
pub trait Capture: Send {
    /// Samples a second.
    fn rate_hz(&self) -> f64;

    /// It has voltages.
    fn has_voltage(&self) -> bool;

    /// How many digital inputs it has.
    fn digital_inputs(&self) -> u8;

    /// Adds at least one more sample, gap or event to a block, and not many more than `most`; false at the end.
    ///
    /// # Errors
    /// [`Error::File`], with the place.
    fn next_piece(&mut self, most: usize, tally: &mut Tally, block: &mut Block) -> Result<bool, Error>;
}

/// A capture file in an instrument's place.
pub struct Replay {
    capture: Box<dyn Capture>,
    capabilities: Capabilities,
    tally: Tally,
    state: State,
}

#[derive(Clone, Copy, Eq, PartialEq)]
enum State {
    Fresh,
    Playing,
    Over,
}

impl Replay {
    /// Opens a file of one of the formats, by the end of its name.
    ///
    /// # Errors
    /// [`Error::File`], [`Error::Io`].
    pub fn open(path: &Path) -> Result<Self, Error> {
        let extension = path.extension().map(|it| it.to_string_lossy().to_lowercase()).unwrap_or_default();
        let capture: Box<dyn Capture> = match extension.as_str() {
            "ppk2" => Box::new(Ppk2File::open(path)?),
            "jls" => Box::new(Jls::open(path)?),
            _ => Box::new(Csv::open(path)?),
        };
        Ok(Self::of(capture, &path.display().to_string()))
    }

    fn of(capture: Box<dyn Capture>, name: &str) -> Self {
        let capabilities = Capabilities {
            name: format!("file {name}"),
            rates: Rates::Fixed(capture.rate_hz()),
            supply: None,
            measures_voltage: capture.has_voltage(),
            digital_inputs: capture.digital_inputs(),
            energy_per_sample: false,
            uncertainty: Vec::new(),
        };
        Self { capture, capabilities, tally: Tally::default(), state: State::Fresh }
    }
}

impl Instrument for Replay {
    fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    /// Takes the voltage's word for it: where the file has none, this is what counts.
    fn configure(&mut self, setup: &Setup) -> Result<Applied, Error> {
        Ok(Applied { volts: setup.volts, rate_hz: self.capture.rate_hz() })
    }

    /// Nothing is switched.
    fn power(&mut self, _: bool) -> Result<(), Error> {
        Ok(())
    }

    fn start(&mut self) -> Result<(), Error> {
        if self.state != State::Fresh {
            return Err(refused(&self.capabilities, "start again", "open the file again"));
        }
        self.state = State::Playing;
        Ok(())
    }

    fn read(&mut self, _: Duration, into: &mut Block) -> Result<Progress, Error> {
        self.tally.open(into);
        if self.state != State::Playing {
            return Ok(Progress::Ended);
        }
        if self.capture.next_piece(PIECE, &mut self.tally, into)? {
            return Ok(Progress::Data);
        }
        self.state = State::Over;
        Ok(progress(into, true))
    }

    fn stop(&mut self) -> Result<(), Error> {
        self.state = State::Over;
        Ok(())
    }
}

/// What is wrong with a file, and where.
fn wrong(file: &str, place: impl Into<String>, found: impl Into<String>) -> Error {
    Error::File { file: file.to_owned(), place: place.into(), found: found.into() }
}

/// What the system says of a file.
fn unread(file: &str, reason: std::io::Error) -> Error {
    Error::Io { doing: format!("reading {file}"), reason }
}
