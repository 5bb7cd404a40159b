//! `measure`: energy of an inference, by a power instrument.

mod described;
mod desk;
mod emulated;
mod finish;
mod kernels;
mod line;
mod live;
mod prepare;
mod probed;

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::Result;
use clap::ValueEnum;
use firmware::Board;
use lab::{
    measurement::Options,
    recording::{Marking, Polarity},
    stream::{Capabilities, Mode},
};
use mlperf::Plan;

use crate::{Usage, planning::Planning};

/// Microjoules per inference, with a 95 % interval, by a power instrument.
///
/// The board runs its energy image: no log, no debug transport, a pin that marks both ends of each window. The instrument
/// feeds it, records every sample, and the figures are computed from the recording: docs/lab.md has the wiring, the formulae and
/// what falsifies a measurement. A board behind a debug probe is timed first, which tells how many inferences fill a window and
/// whether its bytes are the host's; then it gets its energy image, the probe lets go of it, and the instrument switches it off and on.
/// An emulated board draws no current, so a simulated instrument plays one for it, with its
/// windows where its pin moved; every line of that says `simulated`.
///
/// Exits with 1 when anything was lost, a window or an edge is missing, an answer is not the host's, or the instrument is not there.
///
/// Examples:
///   cargo xtask measure --board qemu-an386 --model kws --instrument simulated:ppk2 --seconds 2
///   cargo xtask measure --board nucleo-l4r5zi --model kws --instrument ppk2 --volts 3.0
///   cargo xtask measure --board nucleo-l4r5zi --probe simulated --instrument simulated:ppk2 --seconds 1
///   cargo xtask measure --serial /dev/ttyACM1 --model kws --instrument ppk2:/dev/ttyACM0 --volts 3.0
///   cargo xtask measure --instrument lpm01a --marking level --inferences 100 --volts 1.8
///   cargo xtask measure --replay target/measure/20261123_101500/samples.parquet --html page.html
#[derive(clap::Args)]
#[command(verbatim_doc_comment)]
pub struct Args {
    /// The board.
    #[arg(long, default_value = "qemu-an386")]
    board: String,
    /// The model's file, or the name of one that is shipped.
    #[arg(long, default_value = "kws")]
    model: String,
    /// The instrument: its kind and, after a colon, where it is; or simulated:KIND.
    #[arg(long, value_name = "KIND[:PLACE]", required_unless_present = "replay")]
    instrument: Option<String>,
    /// How many windows.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=1000))]
    windows: u32,
    /// How long each should be, at least.
    #[arg(long, default_value_t = 10.0, value_parser = positive)]
    seconds: f64,
    /// Inferences in a window; without, as many as its seconds take.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    inferences: Option<u32>,
    /// The debug probe's serial number, where several are plugged in; or `simulated`, for a board that is not there.
    #[arg(long, value_name = "SERIAL|simulated", conflicts_with_all = ["serial", "replay"])]
    probe: Option<String>,
    /// The board has its energy image already: say with --inferences how many a window of it has.
    #[arg(long, requires = "inferences", conflicts_with_all = ["serial", "replay"])]
    no_flash: bool,
    /// The line of a board on the desk that runs the program `mlperf`, its energy build; without, its firmware runs by itself.
    #[arg(long, value_name = "PATH")]
    serial: Option<String>,
    /// What the instrument feeds the board, or what its own supply does.
    #[arg(long, default_value_t = 3.0, value_parser = positive)]
    volts: f64,
    /// How far the voltage may be from that, relative, at 95 %, where the instrument does not measure it.
    #[arg(long, default_value_t = 0.0, value_name = "SHARE", value_parser = share)]
    volts_uncertainty: f64,
    /// Who feeds the board.
    #[arg(long, value_enum, default_value_t = Feed::Source)]
    mode: Feed,
    /// Samples a second; without, as many as the instrument has.
    #[arg(long, value_name = "HZ", value_parser = positive)]
    rate: Option<f64>,
    /// How the firmware marks its windows; without, as the energy image of the board does.
    #[arg(long, value_enum)]
    marking: Option<Marks>,
    /// The instrument's digital input that the pin is wired to.
    #[arg(long, default_value_t = 0, value_parser = clap::value_parser!(u8).range(..8))]
    input: u8,
    /// Take the power between windows off.
    #[arg(long)]
    subtract_idle: bool,
    /// Compute an earlier recording again instead.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["instrument", "serial"])]
    replay: Option<PathBuf>,
    /// A record of the same model, by `profile` or `sim`, whose steps are laid over an inference in the page.
    #[arg(long, value_name = "FILE")]
    steps: Option<PathBuf>,
    /// Where the folder of the measurement goes; without, target/measure.
    #[arg(long, value_name = "FOLDER")]
    out: Option<PathBuf>,
    /// Write the page here, too.
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    /// Print the common record as JSON.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    planning: Planning,
}

/// Who feeds the board.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
enum Feed {
    /// The instrument.
    Source,
    /// A supply of its own, with the instrument in between.
    Ampere,
}

impl From<Feed> for Mode {
    fn from(feed: Feed) -> Self {
        match feed {
            Feed::Source => Self::Source,
            Feed::Ampere => Self::Ampere,
        }
    }
}

/// How firmware marks its windows.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
enum Marks {
    /// Pulses to low at both ends, as MLPerf Tiny has it.
    Pulses,
    /// High from end to end.
    Level,
    /// Not at all; they are found by the current.
    Shape,
}

impl Args {
    /// How windows are found, where the image has them marked so; an instrument without an input for a pin leaves the current's
    /// shape.
    fn marking(&self, capabilities: &Capabilities, image: Marks) -> Marking {
        let input = self.input;
        match self.marking.unwrap_or(image) {
            _ if capabilities.digital_inputs == 0 => Marking::Shape,
            Marks::Pulses => Marking::Pulses { input, edge: Polarity::Falling },
            Marks::Level => Marking::Level { input, edge: Polarity::Rising },
            Marks::Shape => Marking::Shape,
        }
    }

    fn options(&self) -> Options {
        Options { subtract_idle: self.subtract_idle }
    }

    /// What the board is asked for.
    fn plan(&self) -> Plan {
        let official = Plan::new(mlperf::Mode::Energy);
        let seconds = Duration::try_from_secs_f64(self.seconds).unwrap_or(official.seconds);
        Plan { iterations: self.inferences, windows: self.windows as usize, seconds, ..official }
    }
}

/// Runs the verb; whether the measurement counts.
pub fn run(args: &Args, workspace: &Path) -> Result<bool> {
    if let Some(file) = &args.replay {
        return finish::replay(args, file);
    }
    let name = args.instrument.as_deref().unwrap_or_default();
    let board = Board::find(workspace, &args.board);
    // A capture is of firmware that ran before.
    let is_live = args.serial.is_none() && !name.starts_with("file:");
    match (board, name.strip_prefix("simulated:")) {
        (Ok(board), _) if board.runner.is_some() && is_live => probed::run(args, workspace, board, name),
        (Ok(board), Some(kind)) if board.qemu.is_some() && is_live => {
            emulated::run(args, workspace, board, kind)
        }
        (board, Some(_)) => Err(Usage::error(format!(
            "a simulated instrument sees nothing of {}: name an emulated board, such as --board qemu-an386, or an \
             instrument",
            board?.name
        ))),
        (_, None) => desk::run(args, workspace, name),
    }
}

fn positive(text: &str) -> Result<f64, String> {
    let value = text.parse::<f64>().map_err(|error| error.to_string())?;
    if value > 0.0 && value.is_finite() { Ok(value) } else { Err("a number above 0".to_owned()) }
}

fn share(text: &str) -> Result<f64, String> {
    let value = text.parse::<f64>().map_err(|error| error.to_string())?;
    if (0.0..1.0).contains(&value) { Ok(value) } else { Err("a share, such as 0.01 for 1 %".to_owned()) }
}
