//! `attach`: what a board's firmware logs.

use std::path::Path;

use anyhow::{Context, Result};
use emulator::{Log, LogLine, last_words};
use telemetry::fault::Record;

use crate::{desk::On, print};

/// Prints what the firmware on a board logs, decoded, with the places in its sources, until it is stopped.
///
/// When the firmware went wrong before, what it left of that comes first: the cause, the registers, and a backtrace.
///
/// The image that was flashed has the table of its messages, so name the same model and options as for `flash`.
///
/// Example: cargo xtask attach --board nrf52840-dk --model kws --reset
#[derive(clap::Args)]
pub struct Args {
    #[command(flatten)]
    on: On,
    /// Start the firmware anew, and see its log from the beginning.
    #[arg(long)]
    reset: bool,
    /// Stop after so long.
    #[arg(long, value_name = "SECONDS")]
    seconds: Option<u64>,
}

/// What ends a frame of defmt.
const END: u8 = 0;

/// Runs the verb; whether the firmware could be listened to.
pub fn run(args: &Args, workspace: &Path) -> Result<bool> {
    let Some(desk) = args.on.ready(workspace)? else { return Ok(false) };
    let elf = std::fs::read(&desk.image).with_context(|| desk.image.display().to_string())?;
    let log = Log::of(&elf)?;
    let peek = [vec!["peek".to_owned()], desk.arguments.clone()].concat();
    let Some(left) = desk.lab.bytes(&peek)? else { return Ok(false) };
    if let Some(record) = Record::from_bytes(&left) {
        print::text(&post_mortem(&elf, &record, desk.prefix)?)?;
    }
    let mut arguments = vec!["attach".to_owned()];
    arguments.extend(desk.arguments);
    arguments.extend(args.reset.then(|| "--reset".to_owned()));
    arguments.extend(args.seconds.map(|seconds| format!("--seconds={seconds}")));
    let mut pending = Vec::new();
    desk.lab.follow(&arguments, &mut |out| {
        let mut bytes = [0; 1024];
        loop {
            let read = out.read(&mut bytes).context("what the probe hears")?;
            if read == 0 {
                return Ok(());
            }
            pending.extend(bytes.iter().take(read));
            if let Some(end) = pending.iter().rposition(|byte| *byte == END) {
                let frames: Vec<u8> = pending.drain(..=end).collect();
                for line in log.decode(&frames)? {
                    print::text(&format!("{}{}\n", desk.prefix, told(&line)))?;
                }
            }
        }
    })
}

/// What went wrong, and a backtrace.
fn post_mortem(elf: &[u8], record: &Record, prefix: &str) -> Result<String> {
    let [what, registers] = last_words::told(record);
    let mut text = format!("{prefix}{what}\n{prefix}  {registers}\n");
    for frame in last_words::backtrace(elf, record)? {
        text += &format!("{prefix}  {frame}\n");
    }
    Ok(text)
}

fn told(line: &LogLine) -> String {
    match &line.place {
        Some((file, number)) => format!("{line}  ({file}:{number})"),
        None => line.to_string(),
    }
}
