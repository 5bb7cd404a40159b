//! `talk`: a job to firmware, and what it answers.

use std::{
    fs,
    io::{self, Write},
    path::PathBuf,
    time::Duration,
};

use lab::{
    probes::{Chip, Connection, Error, Image, Target, converse},
    simulated::Act,
};

use crate::desk::{Desk, Which};

/// Starts firmware, hands it a job, and writes what it answers to standard output.
#[derive(clap::Args)]
pub struct Args {
    /// The chip, as probe-rs spells it.
    #[arg(long)]
    chip: String,
    /// The image that is on it.
    #[arg(long, value_name = "ELF")]
    image: PathBuf,
    /// The job.
    #[arg(long, value_name = "FILE")]
    job: PathBuf,
    /// What a simulated target's firmware answers.
    #[arg(long, value_name = "FILE")]
    reply: Option<PathBuf>,
    /// The probe's serial number, or `simulated`.
    #[arg(long, value_name = "SERIAL|simulated")]
    pub probe: Option<Which>,
    /// How long the firmware may be silent.
    #[arg(long, value_name = "SECONDS", default_value_t = 60)]
    seconds: u64,
}

/// The up channel of replies.
const REPLIES: usize = 1;
/// Nothing on a simulated target takes time.
const SIMULATED_PATIENCE: Duration = Duration::from_secs(1);

/// Runs the verb.
pub fn run(args: &Args) -> Result<(), Error> {
    let chip = Chip::named(&args.chip)?;
    let image = Image::read(&args.image)?;
    let control_block = image.channels()?;
    let read = |file: &PathBuf| {
        fs::read(file).map_err(|error| Error::Image { file: file.clone(), reason: error.to_string() })
    };
    let job = read(&args.job)?;
    let acts = match &args.reply {
        Some(file) => vec![Act::Hear { bytes: job.len() }, Act::Say { channel: REPLIES, bytes: read(file)? }],
        None => Vec::new(),
    };
    let desk = Desk::with_firmware(args.probe.as_ref(), &chip, &image, acts)?;
    let patience = match desk {
        Desk::Real(_) => Duration::from_secs(args.seconds),
        Desk::Simulated(_) => SIMULATED_PATIENCE,
    };
    let mut connection = Connection::open(desk.open()?, &chip, false)?;
    connection.reset(Some(control_block))?;
    let reply = converse(&mut connection, control_block, &job, patience)?;
    let written = io::stdout().lock().write_all(&reply);
    written.map_err(|error| Error::Other { what: "standard output", reason: error.to_string() })
}
