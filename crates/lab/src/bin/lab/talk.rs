//! `talk`: a job to firmware, and what it answers.

use std::{
    fs,
    io::{self, Write},
    path::PathBuf,
    time::Duration,
};

use lab::{
    probes::{Connection, Error, Target, converse},
    simulated::Act,
};

use crate::{desk::Desk, place::Place};

/// Starts firmware, hands it a job, and writes what it answers to standard output.
#[derive(clap::Args)]
pub struct Args {
    #[command(flatten)]
    pub place: Place,
    /// The job.
    #[arg(long, value_name = "FILE")]
    job: PathBuf,
    /// What a simulated target's firmware answers.
    #[arg(long, value_name = "FILE")]
    reply: Option<PathBuf>,
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
    let (chip, image) = args.place.open()?;
    let control_block = image.channels()?;
    let read = |file: &PathBuf| {
        fs::read(file).map_err(|error| Error::Image { file: file.clone(), reason: error.to_string() })
    };
    let job = read(&args.job)?;
    let acts = match &args.reply {
        Some(file) => vec![Act::Hear { bytes: job.len() }, Act::Say { channel: REPLIES, bytes: read(file)? }],
        None => Vec::new(),
    };
    let desk = Desk::with_firmware(args.place.probe.as_ref(), &chip, &image, acts)?;
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
