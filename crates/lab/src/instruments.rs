//! Drivers of power instruments behind [`Instrument`], and the pure decoders of their protocols.
//!
//! A driver asks, waits and gives up in time; a decoder takes bytes in pieces of any size and fills a
//! [`Block`]. Decoders never panic and never make a sample up: what cannot be read is a gap.

pub mod ina;
pub mod lpm01a;
pub mod otii;
pub mod ppk2;
pub mod replay;
pub mod scpi;
pub mod survive;

pub mod line;
mod tally;

use crate::stream::{Block, Capabilities, Error, Instrument, Progress};

pub use line::Line;
pub use tally::Tally;

/// How an instrument is named on a command line, one line for each.
pub const NAMES: &[(&str, &str)] = &[
    ("ppk2[:PORT]", "Nordic Power Profiler Kit II"),
    ("lpm01a[:PORT]", "ST X-NUCLEO-LPM01A"),
    ("otii[:HOST:PORT]", "Qoitech Otii Arc or Ace, through the Otii application"),
    ("scpi:HOST[:PORT][@OUTPUT]", "Keysight N6700 or N6705"),
    ("ina:PORT", "INA219, INA226 or INA228 on a probe board"),
    ("file:PATH", "a capture file: .jls of a Joulescope, .ppk2, or a table of any program"),
];

/// Opens the instrument that `name` names: its kind and, after a colon, where it is. Without a place it is looked for.
///
/// # Errors
/// [`Error::NotFound`] for a name that is none of [`NAMES`], and where there is no such instrument; those of its line.
pub fn open(name: &str) -> Result<Box<dyn Instrument + Send>, Error> {
    let (kind, place) = match name.split_once(':') {
        Some((kind, place)) => (kind, Some(place)),
        None => (name, None),
    };
    match kind {
        "ppk2" => Ok(Box::new(ppk2::Ppk2::open(place)?)),
        "lpm01a" => Ok(Box::new(lpm01a::Lpm01a::open(place)?)),
        "ina" => Ok(Box::new(ina::Ina::open(place)?)),
        "otii" => Ok(Box::new(otii::Otii::open(place)?)),
        "file" => Ok(Box::new(replay::Replay::open(place.unwrap_or_default().as_ref())?)),
        "scpi" => Ok(Box::new(scpi::Scpi::open(place)?)),
        "joulescope" => Err(Error::NotFound {
            what: "driver of a Joulescope",
            place: "this program".to_owned(),
            advice: "record with the Joulescope UI, GPI 0 wired to the window pin and recorded too, and compute the figures of its \
                     file: cargo xtask measure --instrument file:CAPTURE.jls --marking level --inferences N",
        }),
        _ => Err(Error::NotFound {
            what: "such instrument",
            place: name.to_owned(),
            advice: "name a kind, and after a colon where it is, such as ppk2:/dev/ttyACM0",
        }),
    }
}

/// What a read brought, by what is in its block.
fn progress(into: &Block, is_over: bool) -> Progress {
    match (into.is_empty(), is_over) {
        (false, _) => Progress::Data,
        (true, true) => Progress::Ended,
        (true, false) => Progress::Idle,
    }
}

/// What an instrument cannot do, and what to do instead.
fn refused(capabilities: &Capabilities, wish: impl Into<String>, advice: impl Into<String>) -> Error {
    Error::Unsupported { name: capabilities.name.clone(), wish: wish.into(), advice: advice.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_is_known_by_its_name() {
        for (name, _) in NAMES {
            let kind = name.split([':', '[']).next().unwrap_or_default();
            // There is nothing at that place, which a kind that is unknown would not find out.
            let error = open(&format!("{kind}:/no/such/place")).map(|_| ()).unwrap_err().to_string();
            assert!(!error.contains("such instrument"), "{error}");
        }
        assert!(
            open("multimeter")
                .map(|_| ())
                .unwrap_err()
                .to_string()
                .contains("no such instrument at multimeter")
        );
    }
}
