//! `attach`: what firmware logs.

use std::{
    io::{self, Write},
    thread::sleep,
    time::{Duration, Instant},
};

use lab::{
    probes::{Connection, Error, Target},
    simulated::{Act, first_words},
};

use crate::{
    desk::{Desk, Which},
    place::Place,
};

/// Writes what firmware logs to standard output, as it comes, until it is stopped. It is defmt's frames, for the caller to
/// decode.
#[derive(clap::Args)]
pub struct Args {
    #[command(flatten)]
    pub place: Place,
    /// Start the firmware anew, and see its log from the beginning.
    #[arg(long)]
    reset: bool,
    /// Stop after so long.
    #[arg(long, value_name = "SECONDS")]
    seconds: Option<u64>,
}

/// How often the probe looks.
const INTERVAL: Duration = Duration::from_millis(10);
/// How long firmware may take to set up its channels.
const PATIENCE: Duration = Duration::from_secs(3);
/// The up channel of the log.
const LOG: usize = 0;

/// Runs the verb.
pub fn run(args: &Args) -> Result<(), Error> {
    let (chip, image) = args.place.open()?;
    let control_block = image.channels()?;
    let acts = match args.place.probe {
        Some(Which::Simulated(_)) => {
            let words = first_words(&image.elf);
            let bytes = words.map_err(|reason| Error::Image { file: image.path.clone(), reason })?;
            vec![Act::Say { channel: LOG, bytes }]
        }
        _ => Vec::new(),
    };
    let desk = Desk::with_firmware(args.place.probe.as_ref(), &chip, &image, acts)?;
    let mut connection = Connection::open(desk.open()?, &chip, false)?;
    if args.reset || matches!(desk, Desk::Simulated(_)) {
        connection.reset(Some(control_block))?;
    }
    eprintln!("{}{} ({}): listening; stop with Ctrl-C", desk.prefix(), args.place.board, chip.name());
    let started = Instant::now();
    let mut bytes = [0; 1024];
    let mut out = io::stdout().lock();
    while args.seconds.is_none_or(|seconds| started.elapsed() < Duration::from_secs(seconds)) {
        let heard = match connection.hear(control_block, LOG, &mut bytes) {
            Err(Error::NoRtt { .. }) if started.elapsed() < PATIENCE => 0,
            heard => heard?,
        };
        let said = bytes.get(..heard).unwrap_or_default();
        // Whoever read is gone: there is nobody to listen for.
        if out.write_all(said).and_then(|()| out.flush()).is_err() {
            return Ok(());
        }
        sleep(INTERVAL);
    }
    Ok(())
}
