//! `find`: whether there is a probe, before anybody spends time on an image for it.

use lab::probes::{self, Error};

use crate::desk::Which;

/// Says which probe would be taken.
#[derive(clap::Args)]
pub struct Args {
    /// The probe's serial number, or `simulated`.
    #[arg(long, value_name = "SERIAL|simulated")]
    pub probe: Option<Which>,
}

/// Runs the verb.
pub fn run(args: &Args) -> Result<(), Error> {
    let serial = match &args.probe {
        Some(Which::Simulated(_)) => {
            println!("simulated: a simulated probe and target, no hardware");
            return Ok(());
        }
        Some(Which::Serial(serial)) => Some(serial.as_str()),
        None => None,
    };
    let found = probes::list();
    let index = probes::choose(&found, serial)?;
    if let Some(probe) = found.get(index) {
        println!("{probe}");
    }
    Ok(())
}
