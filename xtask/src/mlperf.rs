//! `mlperf`: MLPerf Tiny on a board.

pub mod host;
mod listening;
mod official;
mod probed;

use std::{
    env,
    path::{Path, PathBuf},
    thread,
    time::Duration,
};

use anyhow::{Context, Result};
use clap::ValueEnum;
use compiler::Compiled;
use emulator::{Emulator, PinWrites, Serving};
use firmware::{Board, Contents, Profile};
use indicatif::{ProgressBar, ProgressStyle};
use mlperf::{Dataset, Device, Mode, Outcome, Plan, Session, measure, open};
use serde::Serialize;
use telemetry::mlperf::{Mode as Build, Task};

use crate::{Usage, firmware::Ready, infer::refused, model::Model, planning::Planning, print};

/// Runs MLPerf Tiny on a board, over its serial line, and writes the official result files.
///
/// Builds the board's program around a model, starts it, and drives it as the consortium's runner does: five windows of
/// ten seconds each for performance, every input once for accuracy. What the device answers is compared with the host's
/// own answers. A board behind a debug probe is flashed first. Without `--data` inputs are made up. A model's shapes tell which benchmark it is for: kws01, vww01, ic01,
/// ad01 or sww01; other models run as `own`. Times of an emulated board are the emulator's. Exits with 1 when the device
/// does not answer, refuses, or answers otherwise than the host.
///
/// Example: cargo xtask mlperf --board qemu-an386 --mode accuracy --limit 20
///
/// Example: cargo xtask mlperf --board nucleo-l4r5zi --serial /dev/ttyACM0
///
/// Example: cargo xtask mlperf --serial /dev/ttyACM0 --model kws.tflite --data datasets/kws01
///
/// Example: cargo xtask mlperf --model str_ww_ref_model.tflite --sound marvin.wav
///
/// Example: cargo xtask mlperf --official ../tiny/benchmark/runner --python venv/bin/python
#[derive(clap::Args)]
pub struct Args {
    /// The board.
    #[arg(long, default_value = "qemu-an386")]
    board: String,
    /// The model's file, or the name of one that is shipped.
    #[arg(long, default_value = "kws")]
    model: String,
    /// What is to be found out.
    #[arg(long, value_enum, default_value_t = Goal::Performance)]
    mode: Goal,
    /// Folder with y_labels.csv and the files that it names.
    #[arg(long, value_name = "FOLDER")]
    data: Option<PathBuf>,
    /// Only so many inputs, in accuracy mode; of made-up ones, 20.
    #[arg(long, value_name = "N")]
    limit: Option<usize>,
    /// Inferences in a window; without, as many as ten seconds take.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    iterations: Option<u32>,
    /// Inferences before a window.
    #[arg(long, value_name = "N")]
    warmups: Option<u32>,
    /// The serial line of a board on the desk. A `--board` behind a debug probe gets the program first; any other device has to have
    /// one that speaks the protocol.
    #[arg(long, value_name = "PATH")]
    serial: Option<String>,
    /// The debug probe's serial number, where several are plugged in; or `simulated`, for a board that is not there.
    #[arg(long, value_name = "SERIAL|simulated", conflicts_with_all = ["serve", "sound"])]
    probe: Option<String>,
    /// The board has its program already.
    #[arg(long, requires = "serial", conflicts_with = "probe")]
    no_flash: bool,
    /// The line's speed, where the board's is not 115200 (energy: 9600).
    #[arg(long, requires = "serial")]
    baud: Option<u32>,
    /// Have the emulated board listen to this recording for the wake word, as `sww01` does: WAV, 16 kHz, one channel, 16 bits.
    #[arg(long, value_name = "WAV", conflicts_with_all = ["serial", "data", "official", "serve"])]
    sound: Option<PathBuf>,
    /// Where the folder of the session goes; without, target/mlperf.
    #[arg(long, value_name = "FOLDER")]
    out: Option<PathBuf>,
    /// Only start the emulated board, print its line, and leave it to another program until Ctrl-C.
    #[arg(long, conflicts_with_all = ["serial", "official"])]
    serve: bool,
    /// Have the official runner do it: benchmark/runner of a copy of mlcommons/tiny.
    #[arg(long, value_name = "FOLDER")]
    official: Option<PathBuf>,
    /// A Python with what the official runner imports: pyserial, pyusb, pyyaml, numpy, scikit-learn, matplotlib.
    #[arg(long, value_name = "PROGRAM", default_value = "python3", requires = "official")]
    python: PathBuf,
    /// Print the results as JSON.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    planning: Planning,
}

/// What is to be found out.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub enum Goal {
    /// How fast.
    Performance,
    /// How good.
    Accuracy,
    /// The windows of an energy measurement, on the energy build; a power monitor has to be there to measure.
    Energy,
}

impl Goal {
    fn mode(self) -> Mode {
        match self {
            Self::Performance => Mode::Performance,
            Self::Accuracy => Mode::Accuracy,
            Self::Energy => Mode::Energy,
        }
    }

    /// Which of the two images.
    fn build(self) -> Build {
        match self {
            Self::Performance | Self::Accuracy => Build::Performance,
            Self::Energy => Build::Energy,
        }
    }

    fn features(self) -> &'static [&'static str] {
        match self.build() {
            Build::Performance => &["mlperf"],
            Build::Energy => &["mlperf", "energy"],
        }
    }
}

/// What `--json` prints.
#[derive(Debug, Serialize)]
struct Report<'a> {
    device: String,
    task: &'static str,
    model: &'a str,
    obtained: &'static str,
    inferences_per_second: Option<f64>,
    top_1: Option<f64>,
    auc: Option<f64>,
    answers: usize,
    /// Of the answers, those that are the host's.
    answers_as_host: usize,
    /// Why it is no submission.
    invalid: Option<&'static str>,
    session: PathBuf,
}

/// Inputs that are made up where nobody says how many.
const MADE: usize = 20;
/// Windows of a performance run.
const WINDOWS: usize = 5;

/// Runs the verb; whether the device did all that it was asked, as the host does it.
pub fn run(args: &Args, workspace: &Path) -> Result<bool> {
    let board = Board::find(workspace, &args.board)?;
    let is_probed = args.sound.is_none() && (board.runner.is_some() || args.probe.is_some());
    if is_probed {
        probed::check(args, &board)?;
    }
    if let Some(runner) = &args.official {
        official::check(runner)?;
    }
    let model = Model::find(workspace, &args.model)?;
    let compiled = match model.compile(args.planning.options(Some(&board))) {
        Ok(compiled) => compiled,
        Err(error) => return refused(&model, &error),
    };
    let task = host::task(&compiled)?;
    if let Some(sound) = &args.sound {
        return listening::run(args, board, (task, &model, &compiled), sound);
    }
    let set = inputs(args, task, &compiled)?;
    if is_probed && !args.no_flash && !probed::flash(args, workspace, board.clone(), &model)? {
        return Ok(false);
    }
    match &args.serial {
        Some(path) => {
            let line = Line { path, obtained: "measured", patience: Duration::from_secs(5) };
            drive(args, line, task, &model, &compiled, &set)
        }
        None if is_probed => {
            eprintln!("skipped: a simulated chip has no serial line; --board qemu-an386 has one");
            Ok(true)
        }
        None => emulated(args, board, task, &model, &compiled, &set),
    }
}

/// A line to a device, and what figures from it are.
#[derive(Clone, Copy)]
struct Line<'a> {
    path: &'a str,
    obtained: &'static str,
    /// How long it may take until it says who it is.
    patience: Duration,
}

/// The folder's inputs, or made-up ones with the classes that the host gives them.
fn inputs(args: &Args, task: Task, compiled: &Compiled) -> Result<Dataset> {
    let accuracy = args.mode == Goal::Accuracy;
    let set = match &args.data {
        Some(folder) => Dataset::open(folder, task).map_err(Usage::of)?,
        None => {
            let count = if accuracy { args.limit.unwrap_or(MADE) } else { WINDOWS };
            let mut failed = None;
            let class = |input: &[u8]| {
                host::class(compiled, task, input).unwrap_or_else(|error| {
                    failed = Some(error);
                    None
                })
            };
            let set = Dataset::made(task, count).labelled(class)?;
            if let Some(error) = failed {
                return Err(error);
            }
            set
        }
    };
    let wanted = if accuracy { args.limit } else { Some(WINDOWS) };
    wanted.map_or(Ok(set.clone()), |count| set.first(count)).map_err(Usage::of)
}

/// An emulated board's image, and what runs it.
struct Prepared {
    board: Board,
    emulator: Emulator,
    image: PathBuf,
}

/// Builds the program for an emulated board; nothing, which was said, where it cannot be built or emulated here.
fn prepared(args: &Args, board: Board, model: &Model) -> Result<Option<Prepared>> {
    let name = &board.name;
    if board.qemu.is_none() {
        return Err(Usage::error(format!(
            "{name} is not emulated: a board on the desk takes --serial /dev/ttyACM0, and hears no recording"
        )));
    }
    if board.serial.is_none() {
        return Err(Usage::error(format!(
            "{name} has no UART: there is no [serial] in boards/{name}/board.toml"
        )));
    }
    let ready = match Ready::new(board) {
        Ok(ready) => ready.planned(args.planning.firmware()),
        Err(error @ firmware::Error::NoToolchain { .. }) => return Ok(skipped(&error.to_string())),
        Err(error) => return Err(error.into()),
    };
    let emulator = match ready.emulator() {
        Ok(emulator) => emulator,
        Err(absent) => return Ok(skipped(&absent.to_string())),
    };
    let image = ready.program(Some("mlperf"), &model.path, Profile::Release, args.mode.features())?;
    Contents::read(&image.path)?.forbidden().iter().for_each(|what| eprintln!("warning: {what}"));
    Ok(Some(Prepared { board: ready.board, emulator, image: image.path }))
}

fn skipped(why: &str) -> Option<Prepared> {
    eprintln!("skipped: {why}");
    None
}

/// Builds, starts and drives an emulated board.
fn emulated(
    args: &Args,
    board: Board,
    task: Task,
    model: &Model,
    compiled: &Compiled,
    set: &Dataset,
) -> Result<bool> {
    let Some(Prepared { board, emulator, image }) = prepared(args, board, model)? else { return Ok(true) };
    let pin = board.serial.as_ref().and_then(|serial| serial.pin.as_ref());
    let pin = pin.filter(|_| args.mode == Goal::Energy).map(|pin| PinWrites { high: pin.high, low: pin.low });
    let serving = emulator.serve_watched(&image, pin)?;
    let path = serving.port().display().to_string();
    if args.serve {
        return serve(serving, &path, args.mode);
    }
    let line = Line { path: &path, obtained: "emulated", patience: Duration::from_secs(30) };
    let driven = drive(args, line, task, model, compiled, set);
    // What the firmware said when it died explains what its line did.
    let remains = serving.end()?;
    remains.log.iter().for_each(|line| eprintln!("{line}"));
    if pin.is_some() {
        let pulses = remains.pin.iter().filter(|to| !to.high).count();
        eprintln!("window pin: {pulses} pulses");
    }
    driven.map_err(|error| if remains.said.is_empty() { error } else { error.context(remains.said) })
}

/// Leaves the board to somebody else.
fn serve(mut serving: Serving, path: &str, goal: Goal) -> Result<bool> {
    print::text(&format!("{path}\n"))?;
    eprintln!("at {} baud, until Ctrl-C", goal.build().baud());
    while serving.is_running() {
        thread::sleep(Duration::from_millis(200));
    }
    anyhow::bail!("the firmware ended: {}", serving.end()?.said)
}

/// Drives a device with our runner or the official one.
fn drive(
    args: &Args,
    line: Line<'_>,
    task: Task,
    model: &Model,
    compiled: &Compiled,
    set: &Dataset,
) -> Result<bool> {
    let sessions = args.out.clone().unwrap_or_else(sessions);
    if let Some(runner) = &args.official {
        let data = args.data.as_deref();
        let official = official::Official { runner, python: &args.python, folder: &sessions, data };
        return official.run(line.path, args.mode, task, set);
    }
    let baud = args.baud.unwrap_or(args.mode.build().baud());
    let mut device = Device::connect(open(line.path, baud)?, line.patience)?;
    if device.model() != task.name() {
        let (found, expected) = (device.model().to_owned(), task.name().to_owned());
        return Err(mlperf::Error::OtherModel { found, expected }.into());
    }
    eprintln!("{} at {}: {}, {} inputs", device.name(), line.path, task.name(), set.rows().len());
    let session = Session::begin(&sessions)?;
    let plan = Plan { iterations: args.iterations, warmups: args.warmups, ..Plan::new(args.mode.mode()) };
    let bar = ProgressBar::new(0).with_style(ProgressStyle::with_template("{bar:40} {pos}/{len} {eta}")?);
    let measured = measure(&mut device, task, set, plan, &mut |done, of| {
        bar.set_length(of as u64);
        bar.set_position(done as u64);
    });
    bar.finish_and_clear();
    // A session that broke is the one whose log is wanted.
    session.log(&device)?;
    let outcome = measured.with_context(|| format!("see {}", session.folder().join("log.txt").display()))?;
    let text = session.results(args.mode.mode(), line.obtained, &outcome)?;
    let agreeing = host::agreeing(compiled, task, set, &outcome.windows)?;
    let report = report(device.name(), task, model, line, &outcome, agreeing, &session);
    if args.json {
        print::json(&report)?;
    } else {
        print::text(&text)?;
        eprintln!(
            "{agreeing} of {} answers are the host's; see {}",
            report.answers,
            report.session.display()
        );
    }
    Ok(agreeing == report.answers && report.answers > 0)
}

fn report<'a>(
    device: &str,
    task: Task,
    model: &'a Model,
    line: Line<'_>,
    outcome: &Outcome,
    agreeing: usize,
    session: &Session,
) -> Report<'a> {
    Report {
        device: device.to_owned(),
        task: task.name(),
        model: &model.name,
        obtained: line.obtained,
        inferences_per_second: outcome.throughput,
        top_1: outcome.score.map(|score| score.top_1),
        auc: outcome.score.and_then(|score| score.auc),
        answers: outcome.windows.len(),
        answers_as_host: agreeing,
        invalid: outcome.invalid,
        session: session.folder().to_path_buf(),
    }
}

/// Beside cargo's own output.
fn sessions() -> PathBuf {
    env::var_os("CARGO_TARGET_DIR").map_or_else(|| PathBuf::from("target"), PathBuf::from).join("mlperf")
}
