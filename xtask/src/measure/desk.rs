//! A board on the desk and an instrument in its supply: the instrument set up, and a recording made with it.

use std::{
    path::Path,
    sync::mpsc::{Receiver, TryRecvError},
    time::{Instant, SystemTime},
};

use anyhow::{Context, Result};
use lab::{
    acquisition::{Live, Next, acquire},
    instruments,
    recording::{Metadata, Recorder},
    simulated_instruments,
    stream::{Applied, EventKind, Instrument, Setup},
};
use mlperf::Session;

use super::{
    Args, Marks, described, finish,
    line::{SETTLE, START, Turn, driver},
    live::View,
};
use crate::{Usage, mlperf::host, model::Model};

/// Firmware that runs by itself sleeps no longer than this share of a window between two.
const SLEEP_SHARE: f64 = 0.5;

/// An instrument, set up.
pub struct Desk {
    instrument: Box<dyn Instrument + Send>,
    setup: Setup,
    applied: Applied,
}

/// What is to be recorded.
pub struct Plan {
    /// How long that takes, in seconds; without an end, as long as a capture file is.
    pub seconds: f64,
    /// Edges of the window pin after which nothing more comes, where the instrument sees them.
    pub edges: Option<u64>,
    /// What a board that is driven over a line tells meanwhile.
    pub turns: Option<Receiver<Turn>>,
}

/// Runs the verb with a real instrument, on a board that was flashed before; whether the measurement counts.
pub fn run(args: &Args, workspace: &Path, name: &str) -> Result<bool> {
    let desk = Desk::open(args, instruments::open(name).map_err(|error| unknown(&error))?)?;
    let session = Session::begin(&finish::sessions(args))?;
    let model = Model::find(workspace, &args.model)?;
    let compiled = model.compile(args.planning.options(None)).map_err(Usage::of)?;
    let task = host::task(&compiled)?;
    // A board on a line tells later how many inferences a window has, when the length of one has been tried.
    let metadata = described::metadata(args, &model, &args.board, SystemTime::now());
    // Firmware that runs by itself is done in this time; a capture file has an end of its own.
    let own = START.as_secs_f64() + f64::from(args.windows) * args.seconds * (1.0 + SLEEP_SHARE);
    let plan = Plan {
        seconds: if name.starts_with("file:") { f64::INFINITY } else { own },
        edges: None,
        turns: args.serial.as_deref().map(|line| driver(args, line, task)),
    };
    desk.record(args, &session, (metadata, Marks::Pulses), plan)
}

/// No such instrument, with those that there are.
pub fn unknown(error: &lab::stream::Error) -> anyhow::Error {
    let names = instruments::NAMES.iter().map(|(name, what)| format!("{name} ({what})"));
    let known =
        names.chain([format!("simulated:KIND, with one of {}", simulated_instruments::KINDS.join(", "))]);
    Usage::error(format!("{error}; there are {}", known.collect::<Vec<_>>().join(", ")))
}

impl Desk {
    /// Sets an instrument up.
    ///
    /// # Errors
    /// Wrong usage, for what it cannot do; those of its line.
    pub fn open(args: &Args, mut instrument: Box<dyn Instrument + Send>) -> Result<Self> {
        let setup =
            Setup { mode: args.mode.into(), volts: args.volts as f32, rate_hz: args.rate, duration: None };
        let applied = instrument.configure(&setup).map_err(Usage::of)?;
        Ok(Self { instrument, setup, applied })
    }

    /// The instrument.
    pub fn instrument(&mut self) -> &mut dyn Instrument {
        self.instrument.as_mut()
    }

    /// Records, computes, and writes everything that belongs to it; whether the measurement counts.
    ///
    /// # Errors
    /// When something cannot be written, or the board failed. A stream that broke is no error: what came is computed.
    pub fn record(
        mut self,
        args: &Args,
        session: &Session,
        (mut metadata, marks): (Metadata, Marks),
        plan: Plan,
    ) -> Result<bool> {
        let instrument = self.instrument.as_mut();
        described::measured_by(&mut metadata, args, instrument, (&self.setup, self.applied), marks);
        let file = session.folder().join("samples.parquet");
        let recorder = Recorder::begin(&file, metadata)?;
        let is_simulated = instrument.capabilities().is_simulated();
        let view = View::new(self.applied.rate_hz, plan.seconds, is_simulated);
        let ran = record(instrument, recorder, &view, (plan, self.applied.rate_hz));
        view.end();
        ran?;
        // Nobody waits for an instrument while figures are computed.
        drop(self);
        finish::session(args, session, &file)
    }
}

/// Records until the board has run all its windows, or so many samples of firmware that runs by itself have come.
fn record(
    instrument: &mut dyn Instrument,
    recorder: Recorder,
    view: &View,
    (plan, rate_hz): (Plan, f64),
) -> Result<()> {
    let mut ended: Option<Instant> = None;
    let mut enough = plan.seconds * rate_hz;
    let mut is_seen = false;
    let mut failed = None;
    let mut watch = |live: &Live| {
        view.show(live);
        let mut next = Next::default();
        let Some(turns) = &plan.turns else {
            if !is_seen && plan.edges.is_some_and(|edges| live.edges >= edges) {
                is_seen = true;
                // Some instruments tell of edges later than of samples, and idle power is wanted behind the last window, too.
                enough = enough.min(live.at as f64 + SETTLE.as_secs_f64() * rate_hz);
            }
            return Next { stop: live.at as f64 >= enough, ..next };
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
