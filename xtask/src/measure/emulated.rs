//! An emulated board runs its windows, and a simulated instrument plays a current for them.

use std::{
    path::Path,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use anyhow::Result;
use emulator::{PinMove, PinWrites, Remains};
use firmware::{Board, Contents, Profile};
use lab::{
    acquisition::{Next, acquire},
    recording::{Metadata, Recorder},
    simulated_instruments::{self, Pace, Scene, Segment, Waveform},
    stream::{Event, EventKind, Instrument, Setup},
};
use mlperf::{Dataset, Device, Outcome, Session, open};
use telemetry::mlperf::Mode as Build;

use super::{Args, Marks, described, finish, kernels, live::View};
use crate::{Usage, firmware::Ready, infer::refused, mlperf::host, model::Model};

/// What the board is said to take: while it runs inferences, while it waits for its line, and while it sleeps.
pub const ACTIVE_AMPERES: f64 = 5e-3;
const BUSY_AMPERES: f64 = 40e-6;
pub const ASLEEP_AMPERES: f64 = 20e-6;
/// Before the first window and after the last.
const AROUND: f64 = 0.5;

/// What an emulated board did, in seconds since the recording's beginning.
#[derive(Clone, Debug)]
struct Told {
    pin: Vec<(f64, bool)>,
    /// When each window was asked for and answered.
    asked: Vec<(f64, f64)>,
    inferences: u32,
    /// Why its answers are not to be trusted.
    wrong: Option<String>,
    session: Session,
}

/// Runs the verb on an emulated board; whether the measurement counts.
pub fn run(args: &Args, workspace: &Path, board: Board, kind: &str) -> Result<bool> {
    if !simulated_instruments::KINDS.contains(&kind) {
        let kinds = simulated_instruments::KINDS.join(", simulated:");
        return Err(Usage::error(format!("simulated:{kind}: there are simulated:{kinds}")));
    }
    let Some(pin) = board.serial.as_ref().and_then(|serial| serial.pin.as_ref()) else {
        let name = &board.name;
        return Err(Usage::error(format!(
            "{name} has no window pin: there is no `pin` in the [serial] of its board.toml"
        )));
    };
    let pin = PinWrites { high: pin.high, low: pin.low };
    let model = Model::find(workspace, &args.model)?;
    let compiled = match model.compile(args.planning.options(Some(&board))) {
        Ok(compiled) => compiled,
        Err(error) => return refused(&model, &error),
    };
    let task = host::task(&compiled)?;
    let ready = match Ready::new(board) {
        Ok(ready) => ready.planned(args.planning.firmware()),
        Err(error @ firmware::Error::NoToolchain { .. }) => return skipped(&error.to_string()),
        Err(error) => return Err(error.into()),
    };
    let emulator = match ready.emulator() {
        Ok(emulator) => emulator,
        Err(absent) => return skipped(&absent.to_string()),
    };
    eprintln!("{} on {}: the energy image", model.name, ready.board.name);
    let energy = ready.program(Some("mlperf"), &model.path, Profile::Release, &["energy"])?;
    let profile = ready.image(&model.path, Profile::Release, false)?;
    Contents::read(&energy.path)?.forbidden().iter().for_each(|what| eprintln!("warning: {what}"));
    let mut notes = vec![kernels::same(&profile.path, &energy.path)?];

    eprintln!("{} windows of {} s on the emulated board", args.windows, args.seconds);
    let serving = emulator.serve_watched(&energy.path, Some(pin))?;
    let set = Dataset::made(task, args.windows as usize);
    let began = SystemTime::now();
    let driven = drive(args, &serving.port().display().to_string(), &set, task);
    let remains = serving.end()?;
    let (outcome, asked, session) = driven
        .map_err(|error| if remains.said.is_empty() { error } else { error.context(remains.said.clone()) })?;
    let agreeing = host::agreeing(&compiled, task, &set, &outcome.windows)?;
    let told = told(began, asked, &outcome, &remains, session, agreeing);
    notes.extend(told.wrong.clone());

    let mut metadata = described::metadata(args, &model, &ready.board.name, began);
    metadata.image = Some(kernels::identity(&energy.path)?);
    metadata.windows.inferences = told.inferences;
    metadata.tools.insert("qemu".to_owned(), emulator.version().to_string());
    metadata.notes = notes;
    let good = play(args, kind, &told, metadata)?;
    Ok(good && told.wrong.is_none())
}

fn skipped(why: &str) -> Result<bool> {
    eprintln!("skipped: {why}");
    Ok(true)
}

/// Runs the windows over the board's line; when each was asked for and answered.
fn drive(
    args: &Args,
    line: &str,
    set: &Dataset,
    task: telemetry::mlperf::Task,
) -> Result<(Outcome, Vec<SystemTime>, Session)> {
    let mut device = Device::connect(open(line, Build::Energy.baud())?, Duration::from_secs(30))?;
    let session = Session::begin(&finish::sessions(args))?;
    let plan = args.plan();
    let mut turns = Vec::new();
    let outcome = mlperf::measure(&mut device, task, set, plan, &mut |done, of| {
        turns.push(SystemTime::now());
        if done < of {
            eprintln!("window {} of {of}", done + 1);
        }
    });
    session.log(&device)?;
    Ok((outcome?, turns, session))
}

/// What the board did, with times from the recording's beginning on.
fn told(
    began: SystemTime,
    turns: Vec<SystemTime>,
    outcome: &Outcome,
    remains: &Remains,
    session: Session,
    agreeing: usize,
) -> Told {
    let since = |at: SystemTime| at.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64();
    let zero = turns.first().map_or(since(began), |first| since(*first)) - AROUND;
    let times: Vec<f64> = turns.iter().map(|at| since(*at) - zero).collect();
    let asked = times.windows(2).filter_map(|pair| Some((*pair.first()?, *pair.last()?))).collect();
    let pin = remains.pin.iter().map(|PinMove { at, high }| (at.as_secs_f64() - zero, *high)).collect();
    let answers = outcome.windows.len();
    let wrong = (agreeing != answers || answers == 0)
        .then(|| format!("{} of {answers} answers are OTHER than the host's", answers - agreeing));
    if let Some(wrong) = &wrong {
        eprintln!("{wrong}");
    }
    let inferences = outcome.windows.first().map_or(1, |window| window.iterations);
    Told { pin, asked, inferences, wrong, session }
}

impl Told {
    /// The windows: from the last but one fall of the pin in a turn to the last.
    fn windows(&self) -> Vec<(f64, f64)> {
        let falls: Vec<f64> = self.pin.iter().filter(|(_, high)| !high).map(|(at, _)| *at).collect();
        let of = |&(from, to): &(f64, f64)| {
            let within: Vec<f64> = falls.iter().copied().filter(|at| (from..=to).contains(at)).collect();
            match within.as_slice() {
                [.., begin, end] => Some((*begin, *end)),
                _ => None,
            }
        };
        self.asked.iter().filter_map(of).collect()
    }

    /// The current that goes with it, and how many joules at so many volts an inference takes of it.
    fn current(&self, volts: f64) -> (Waveform, f64) {
        let windows = self.windows();
        let end = self.asked.last().map_or(AROUND, |(_, to)| *to) + AROUND;
        let mut times: Vec<f64> = self.pin.iter().map(|(at, _)| *at).collect();
        times.extend(windows.iter().chain(&self.asked).flat_map(|(from, to)| [*from, *to]));
        times.retain(|at| *at > 0.0 && *at < end);
        times.extend([0.0, end]);
        times.sort_by(f64::total_cmp);
        let within = |spans: &[(f64, f64)], at: f64| spans.iter().any(|(from, to)| *from <= at && at < *to);
        let segment = |pair: &[f64]| {
            let (from, to) = (*pair.first()?, *pair.last()?);
            let amperes = if within(&windows, from) {
                ACTIVE_AMPERES
            } else if within(&self.asked, from) {
                BUSY_AMPERES
            } else {
                ASLEEP_AMPERES
            };
            let high = self.pin.iter().rev().find(|(at, _)| *at <= from).is_none_or(|(_, high)| *high);
            Some(Segment { seconds: to - from, amperes, digital: u8::from(high) })
        };
        let waveform = Waveform::new(times.windows(2).filter_map(segment));
        let seconds: f64 = windows.iter().map(|(from, to)| to - from).sum();
        let joules = seconds * ACTIVE_AMPERES * volts;
        (waveform, joules / windows.len().max(1) as f64 / f64::from(self.inferences))
    }
}

/// Has a simulated instrument play it, and measures that.
fn play(args: &Args, kind: &str, told: &Told, mut metadata: Metadata) -> Result<bool> {
    let (waveform, joules) = told.current(args.volts);
    let seconds = waveform.seconds();
    let scene = Scene { waveform, pace: Pace::Fast, ..Scene::default() };
    let mut instrument = simulated_instruments::open(kind, scene)?;
    let setup = Setup {
        mode: args.mode.into(),
        volts: args.volts as f32,
        rate_hz: args.rate,
        duration: Some(Duration::from_secs_f64(seconds)),
    };
    let applied = instrument.configure(&setup).map_err(Usage::of)?;
    described::measured_by(&mut metadata, args, instrument.as_ref(), (&setup, applied), Marks::Pulses);
    metadata.extra.insert("played_microjoules".to_owned(), (joules * 1e6).into());
    let file = told.session.folder().join("samples.parquet");
    let mut recorder = Recorder::begin(&file, metadata)?;
    let rate_hz = applied.rate_hz;
    for (window, (from, to)) in (0..).zip(&told.asked) {
        let index = |seconds: f64| (seconds * rate_hz) as u64;
        recorder.event(Event { at: index(*from), kind: EventKind::Asked { window } });
        recorder.event(Event { at: index(*to), kind: EventKind::Answered { window } });
    }
    // The last samples tell nothing, and not every instrument says that it has come to its end.
    let enough = ((seconds - AROUND / 2.0) * rate_hz) as u64;
    let view = View::new(rate_hz, seconds, true);
    let mut watch = |live: &lab::acquisition::Live| {
        view.show(live);
        Next { stop: live.at >= enough, ..Next::default() }
    };
    let instrument: &mut dyn Instrument = instrument.as_mut();
    let acquired = acquire(instrument, recorder, &mut watch);
    view.end();
    acquired?;
    let good = finish::session(args, &told.session, &file)?;
    eprintln!("simulated: the current that was played has {:.3} µJ per inference", joules * 1e6);
    Ok(good)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_current_has_the_energy_that_is_told_of_it() {
        let folder = tempfile::tempdir().unwrap();
        let told = Told {
            pin: vec![(0.0, true), (1.0, false), (1.1, true), (3.0, false), (3.1, true)],
            asked: vec![(0.5, 3.5)],
            inferences: 10,
            wrong: None,
            session: Session::begin(folder.path()).unwrap(),
        };
        let (waveform, joules) = told.current(3.0);
        assert!((joules - 2.0 * ACTIVE_AMPERES * 3.0 / 10.0).abs() < 1e-12);
        assert!((waveform.seconds() - 4.0).abs() < 1e-9);
        let charge = 2.0 * ACTIVE_AMPERES + 1.0 * BUSY_AMPERES + 1.0 * ASLEEP_AMPERES;
        assert!((waveform.charge() - charge).abs() < 1e-9, "{}", waveform.charge());
        // The pin is low for two pulses of 0.1 s.
        let high: f64 = waveform.segments().iter().filter(|it| it.digital == 1).map(|it| it.seconds).sum();
        assert!((high - 3.8).abs() < 1e-9);
    }
}
