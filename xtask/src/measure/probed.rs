//! A board behind a debug probe: prepared, switched off and on by the instrument, and measured while it runs by itself.

use std::{
    path::Path,
    thread,
    time::{Duration, SystemTime},
};

use anyhow::{Context, Result};
use firmware::Board;
use lab::{
    instruments,
    simulated_instruments::{self, Pace, Scene, Segment, Waveform},
    stream::Mode,
};
use mlperf::Session;
use telemetry::energy::{BEFORE_MILLISECONDS, BETWEEN_MILLISECONDS, Windows};

use super::{
    Args, Marks, described,
    desk::{Desk, Plan, unknown},
    emulated::{ACTIVE_AMPERES, ASLEEP_AMPERES},
    finish,
    line::SETTLE,
    prepare::{self, Prepared},
};
use crate::{
    Usage,
    desk::{is_simulated, prefix},
    model::Model,
};

/// How long a board is without power: its capacitors are empty then, and nothing that a debugger switched on is left.
const OFF: Duration = Duration::from_secs(2);
/// From power to the first instruction, and what a clock and a forecast may be off by.
const SPARE: f64 = 2.0;
const SPARE_SHARE: f64 = 0.05;
/// How long somebody may take to switch a board off and on by hand.
const BY_HAND: f64 = 60.0;

/// Runs the verb; whether the measurement counts.
pub fn run(args: &Args, workspace: &Path, board: Board, name: &str) -> Result<bool> {
    let kind = name.strip_prefix("simulated:");
    match (kind, is_simulated(args.probe.as_deref())) {
        (Some(_), false) => {
            return Err(Usage::error(format!(
                "a simulated instrument sees nothing of {}: name an instrument that exists, or --probe simulated for a board \
                 that does not",
                board.name
            )));
        }
        (None, true) => {
            return Err(Usage::error(
                "a simulated board draws no current: name a simulated instrument, such as --instrument simulated:ppk2",
            ));
        }
        _ => {}
    }
    let model = Model::find(workspace, &args.model)?;
    // First, because a board in whose supply it stands has power from it alone.
    let mut desk = match kind {
        None => {
            let mut desk = Desk::open(args, instruments::open(name).map_err(|error| unknown(&error))?)?;
            desk.instrument().power(true)?;
            Some(desk)
        }
        Some(_) => None,
    };
    let prepared = if args.no_flash {
        Some(prepare::trusted(args)?)
    } else {
        prepare::prepare(args, workspace, &board, &model)?
    };
    let Some(prepared) = prepared else {
        // Where there is no compiler for a board that does not exist either, nothing was lost.
        return Ok(kind.is_some());
    };
    let Windows { inferences, .. } = schedule(&prepared);
    let again = format!(
        "step 4 of 4: {} has its energy image, and no debugger; with --no-flash --inferences {inferences} it is measured without being \
         flashed again",
        board.name
    );
    let begun = SystemTime::now();
    let by_hand = switch(args, &board, desk.as_mut()).with_context(|| again.clone())?;
    let plan = plan(&prepared, by_hand);
    let played = prepared.windows.inferences;
    let (desk, joules) = match (desk, kind) {
        (Some(desk), _) => (desk, None),
        (None, kind) => {
            let (waveform, joules) = current(&prepared, plan.seconds, args.volts);
            let scene = Scene { waveform, pace: Pace::Fast, ..Scene::default() };
            let instrument = simulated_instruments::open(kind.unwrap_or_default(), scene);
            (Desk::open(args, instrument.map_err(|error| unknown(&error))?)?, Some(joules))
        }
    };
    let session = Session::begin(&finish::sessions(args))?;
    let mut metadata = described::metadata(args, &model, &board.name, begun);
    metadata.windows.inferences = played;
    metadata.image = prepared.image;
    metadata.notes = prepared.notes;
    if let Some(joules) = joules {
        metadata.extra.insert("played_microjoules".to_owned(), (joules * 1e6).into());
    }
    let good = desk.record(args, &session, (metadata, Marks::Level), plan).with_context(|| again.clone())?;
    if let Some(joules) = joules {
        eprintln!("simulated: the current that was played has {:.3} µJ per inference", joules * 1e6);
    }
    if !good {
        eprintln!("{}{again}", prefix(args.probe.as_deref()));
    }
    Ok(good)
}

/// What the firmware does by itself.
fn schedule(prepared: &Prepared) -> Windows {
    Windows { count: prepared.windows.count, inferences: prepared.windows.inferences }
}

/// Takes the board's power away; it comes back with the recording. Whether somebody has to do that by hand.
fn switch(args: &Args, board: &Board, desk: Option<&mut Desk>) -> Result<bool> {
    let name = &board.name;
    let Some(desk) = desk else {
        eprintln!("simulated: step 4 of 4: {name} is switched off and on, and runs its windows");
        return Ok(false);
    };
    let instrument = desk.instrument();
    let who = instrument.capabilities().name.clone();
    let by_hand = Mode::from(args.mode) == Mode::Ampere || instrument.capabilities().supply.is_none();
    if by_hand {
        eprintln!(
            "step 4 of 4: {who} does not feed {name}: switch its supply off and on now, with the probe unplugged. Windows are waited \
             for, a minute long"
        );
    } else {
        eprintln!(
            "step 4 of 4: {who} switches {name} off and on, and records its windows; a probe that stays plugged in may feed it, too"
        );
        instrument.power(false)?;
        thread::sleep(OFF);
    }
    Ok(by_hand)
}

/// How long the recording takes, and by what its end is known.
fn plan(prepared: &Prepared, by_hand: bool) -> Plan {
    let windows = schedule(prepared);
    let seconds = windows.seconds(prepared.inference) * (1.0 + SPARE_SHARE) + SPARE;
    Plan {
        seconds: if by_hand { seconds + BY_HAND } else { seconds },
        edges: Some(2 * u64::from(windows.count)),
        turns: None,
    }
}

/// What a simulated instrument plays for a simulated board, for so many seconds; and how many joules at so many volts an inference
/// takes of it.
fn current(prepared: &Prepared, seconds: f64, volts: f64) -> (Waveform, f64) {
    let Windows { count, inferences } = schedule(prepared);
    let asleep = |seconds| Segment { seconds, amperes: ASLEEP_AMPERES, digital: 0 };
    let busy = |seconds, digital| Segment { seconds, amperes: ACTIVE_AMPERES, digital };
    let window = prepared.inference * f64::from(inferences);
    let mut segments = vec![busy(prepared.inference, 0), asleep(f64::from(BEFORE_MILLISECONDS) / 1e3)];
    for _ in 0..count {
        segments.extend([busy(window, 1), asleep(f64::from(BETWEEN_MILLISECONDS) / 1e3)]);
    }
    // Longer than anybody listens: an instrument does not end with its board.
    segments.push(asleep(seconds + SETTLE.as_secs_f64()));
    (Waveform::new(segments), prepared.inference * ACTIVE_AMPERES * volts)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn prepared() -> Prepared {
        let windows = firmware::Windows { count: 2, inferences: 50 };
        Prepared { image: None, windows, inference: 0.01, notes: Vec::new() }
    }

    #[test]
    fn what_is_played_is_what_the_firmware_does() {
        let plan = plan(&prepared(), false);
        let (waveform, joules) = current(&prepared(), plan.seconds, 3.0);
        assert!((joules - 0.01 * ACTIVE_AMPERES * 3.0).abs() < 1e-12);
        assert!((waveform.charge_while(1) * 3.0 - joules * 100.0).abs() < 1e-9);
        // The last window is over before the recording ends, and the current goes on until then.
        let windows = schedule(&prepared()).seconds(0.01);
        assert!(windows < plan.seconds && plan.seconds < waveform.seconds(), "{windows}");
    }

    #[test]
    fn somebody_who_switches_by_hand_has_a_minute() {
        let (by_itself, by_hand) = (plan(&prepared(), false), plan(&prepared(), true));
        assert!((by_hand.seconds - by_itself.seconds - BY_HAND).abs() < 1e-9);
        assert_eq!(by_hand.edges, Some(4));
    }
}
