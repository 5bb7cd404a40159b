//! A board on the desk and an instrument in its supply.

use std::{
    path::Path,
    sync::mpsc::{Receiver, TryRecvError, channel},
    thread,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use anyhow::{Context, Result};
use lab::{
    acquisition::{Live, Next, acquire},
    instruments,
    recording::{Acquisition, Identity, Metadata, Recorder, WindowPlan},
    stream::{EventKind, Instrument, Setup},
};
use mlperf::{Dataset, Device, Plan, Session, open};
use telemetry::mlperf::{Mode as Build, Task};

use super::{Args, finish, live::View};
use crate::{Usage, mlperf::host, model::Model};

/// After an answer, until all samples up to it have come from any instrument.
const SETTLE: Duration = Duration::from_millis(500);
/// A board that was just switched on starts in this time.
const START: Duration = Duration::from_secs(3);
/// Firmware that runs by itself sleeps no longer than this share of a window between two.
const SLEEP_SHARE: f64 = 0.5;

/// What the thread that drives the board tells.
enum Turn {
    Asked(u32),
    Answered(u32),
    /// All windows, with so many inferences each.
    Done(u32),
    Failed(String),
}

/// Runs the verb with a real instrument; whether the measurement counts.
pub fn run(args: &Args, workspace: &Path, name: &str) -> Result<bool> {
    let mut instrument =
        instruments::open(name).map_err(|error| Usage::error(format!("{error}; there are {}", known())))?;
    let setup =
        Setup { mode: args.mode.into(), volts: args.volts as f32, rate_hz: args.rate, duration: None };
    let applied = instrument.configure(&setup).map_err(Usage::of)?;
    let session = Session::begin(&finish::sessions(args))?;
    let model = Model::find(workspace, &args.model)?;
    let compiled = model.compile(args.planning.options(None)).map_err(Usage::of)?;
    let task = host::task(&compiled)?;
    let mut acquisition = Acquisition::new(instrument.capabilities(), setup.mode, applied);
    acquisition.volts_uncertainty = args.volts_uncertainty;
    // A board on a line tells it later, when the length of an inference has been tried.
    let inferences = args.inferences.unwrap_or(1);
    let metadata = Metadata {
        schema: 1,
        begun: mlperf::stamp(SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()),
        acquisition,
        model: Some(Identity { name: model.name.clone(), sha256: golden::sha256(&model.bytes) }),
        board: Some(args.board.clone()),
        windows: WindowPlan {
            expected: args.windows,
            inferences,
            seconds: args.seconds,
            marking: args.marking(instrument.capabilities()),
        },
        tools: [("microjoule".to_owned(), env!("CARGO_PKG_VERSION").to_owned())].into(),
        ..Metadata::default()
    };
    let file = session.folder().join("samples.parquet");
    let recorder = Recorder::begin(&file, metadata)?;
    let turns = args.serial.as_deref().map(|line| driver(args, line, task));
    // Firmware that runs by itself is done in this time; a capture file has an end of its own.
    let seconds = START.as_secs_f64() + f64::from(args.windows) * args.seconds * (1.0 + SLEEP_SHARE);
    let patience = if name.starts_with("file:") { f64::INFINITY } else { seconds };
    let view = View::new(applied.rate_hz, seconds, false);
    let ran = record(instrument.as_mut(), recorder, &view, patience * applied.rate_hz, turns);
    view.end();
    ran?;
    finish::session(args, &session, &file)
}

fn known() -> String {
    let names = instruments::NAMES.iter().map(|(name, what)| format!("{name} ({what})"));
    names.chain(["simulated:KIND".to_owned()]).collect::<Vec<_>>().join(", ")
}

/// Records until the board has run all its windows, or so many samples of firmware that runs by itself have come.
fn record(
    instrument: &mut dyn Instrument,
    recorder: Recorder,
    view: &View,
    most: f64,
    turns: Option<Receiver<Turn>>,
) -> Result<()> {
    let mut ended: Option<Instant> = None;
    let mut failed = None;
    let mut watch = |live: &Live| {
        view.show(live);
        let mut next = Next::default();
        let Some(turns) = &turns else {
            return Next { stop: live.at as f64 >= most, ..next };
        };
        loop {
            match turns.try_recv() {
                Ok(Turn::Asked(window)) => next.notes.push(EventKind::Asked { window }),
                Ok(Turn::Answered(window)) => next.notes.push(EventKind::Answered { window }),
                Ok(Turn::Done(inferences)) => {
                    next.inferences = Some(inferences);
                    ended = Some(Instant::now());
                }
                Ok(Turn::Failed(why)) => {
                    failed = Some(why);
                    ended = Some(Instant::now());
                }
                Err(TryRecvError::Empty | TryRecvError::Disconnected) => break,
            }
        }
        next.stop = ended.is_some_and(|at| at.elapsed() > SETTLE);
        next
    };
    acquire(instrument, recorder, &mut watch)?;
    match failed {
        Some(why) => Err(anyhow::anyhow!(why)).context("the board"),
        None => Ok(()),
    }
}

/// Drives the board over its line, from a thread of its own.
fn driver(args: &Args, line: &str, task: Task) -> Receiver<Turn> {
    let (told, turns) = channel();
    let line = line.to_owned();
    let plan = args.plan();
    thread::spawn(move || {
        let mut tell = |turn| drop(told.send(turn));
        if let Err(error) = drive(&line, task, plan, &mut tell) {
            tell(Turn::Failed(error.to_string()));
        }
    });
    turns
}

fn drive(line: &str, task: Task, plan: Plan, tell: &mut impl FnMut(Turn)) -> Result<()> {
    thread::sleep(START);
    let mut device = Device::connect(open(line, Build::Energy.baud())?, Duration::from_secs(5))?;
    let set = Dataset::made(task, plan.windows);
    let mut open = None;
    let outcome = mlperf::measure(&mut device, task, &set, plan, &mut |done, of| {
        if let Some(window) = open.take() {
            // Its last samples may still be on their way.
            thread::sleep(SETTLE);
            tell(Turn::Answered(window));
        }
        if done < of {
            open = Some(done as u32);
            tell(Turn::Asked(done as u32));
        }
    })?;
    let inferences = outcome.windows.first().map_or(1, |window| window.iterations);
    tell(Turn::Done(inferences));
    Ok(())
}
