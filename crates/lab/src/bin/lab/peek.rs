//! `peek`: what firmware left when it could not go on.

use std::{
    io::{self, Write},
    path::PathBuf,
};

use lab::{
    probes::{Chip, Connection, Error, Image, Target},
    simulated::crash,
};
use telemetry::fault;

use crate::desk::{Desk, Which, Wrong};

/// Writes the bytes to standard output where the image keeps the record of what went wrong (`telemetry::fault`); none, when it
/// keeps none. The firmware goes on.
#[derive(clap::Args)]
pub struct Args {
    /// The board's name, which every verb takes.
    #[arg(long)]
    board: String,
    /// The chip, as probe-rs spells it.
    #[arg(long)]
    chip: String,
    /// The image that is on it.
    #[arg(long, value_name = "ELF")]
    image: PathBuf,
    /// The probe's serial number, or `simulated`.
    #[arg(long, value_name = "SERIAL|simulated")]
    pub probe: Option<Which>,
}

/// Runs the verb.
pub fn run(args: &Args) -> Result<(), Error> {
    let chip = Chip::named(&args.chip)?;
    let image = Image::read(&args.image)?;
    let Some(address) = image.fault_record else { return Ok(()) };
    let desk = Desk::with_firmware(args.probe.as_ref(), &chip, &image, Vec::new())?;
    if let (Desk::Simulated(board), Some(Which::Simulated(Some(Wrong::Crashed)))) = (&desk, &args.probe) {
        board.leave(address, &crash(&image.elf));
    }
    let mut connection = Connection::open(desk.open()?, &chip, false)?;
    let mut bytes = [0; fault::WORDS * 4];
    connection.read(address, &mut bytes)?;
    let written = io::stdout().lock().write_all(&bytes);
    written.map_err(|error| Error::Other { what: "standard output", reason: error.to_string() })
}
