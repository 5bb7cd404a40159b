//! `peek`: what firmware left when it could not go on.

use std::io::{self, Write};

use lab::{
    probes::{Connection, Error, Target},
    simulated::crash,
};
use telemetry::fault;

use crate::{
    desk::{Desk, Which, Wrong},
    place::Place,
};

/// Writes the bytes to standard output where the image keeps the record of what went wrong (`telemetry::fault`); none, when it
/// keeps none. The firmware goes on.
#[derive(clap::Args)]
pub struct Args {
    #[command(flatten)]
    pub place: Place,
}

/// Runs the verb.
pub fn run(args: &Args) -> Result<(), Error> {
    let (chip, image) = args.place.open()?;
    let Some(address) = image.fault_record else { return Ok(()) };
    let desk = Desk::with_firmware(args.place.probe.as_ref(), &chip, &image, Vec::new())?;
    if let (Desk::Simulated(board), Some(Which::Simulated(Some(Wrong::Crashed)))) = (&desk, &args.place.probe)
    {
        board.leave(address, &crash(&image.elf));
    }
    let mut connection = Connection::open(desk.open()?, &chip, false)?;
    let mut bytes = [0; fault::WORDS * 4];
    connection.read(address, &mut bytes)?;
    let written = io::stdout().lock().write_all(&bytes);
    written.map_err(|error| Error::Other { what: "standard output", reason: error.to_string() })
}
