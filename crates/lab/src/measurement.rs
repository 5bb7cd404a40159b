//! From a recording to its result. There is no other way: a live measurement is recorded first and then computed from its
//! file, so that a replay of the file gives the same figures to the last digit.

mod collect;
mod judge;
mod record;
mod result;
mod uncertainty;

pub use record::record;
pub use result::{Energy, Found, Lost, Measurement, Spread, WindowFigures};

use crate::{
    recording::{Error, Marking, Recording, WindowPlan},
    statistics::{Integral, Interval, deviation, drift, mean, median},
    stream::EventKind,
    trace::Trace,
    window::{Finder, Levels, Window, Windows},
};
use collect::Collected;
use uncertainty::{Known, edges};

/// What is asked of a recording.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Options {
    /// Take idle power off.
    pub subtract_idle: bool,
}

/// Computes the result of a recording, and the trace that goes with it.
///
/// Reads the file twice, and holds of it only sums and short means, however long it is.
///
/// # Errors
/// Those of reading it. Whatever is wrong with the measurement is in the result.
pub fn measure(recording: &mut Recording, options: Options) -> Result<(Measurement, Trace), Error> {
    let plan = recording.metadata().windows.clone();
    let marks = find(recording, &plan)?;
    let collected = collect::collect(recording, &marks.windows.found)?;
    let result = compute(recording, options, marks, &collected);
    Ok((result, collected.trace))
}

/// What the first reading brings.
#[derive(Clone, Debug)]
struct Marks {
    windows: Windows,
    found: Found,
    lost: Lost,
}

/// The first reading: windows, and what was lost.
fn find(recording: &mut Recording, plan: &WindowPlan) -> Result<Marks, Error> {
    let rate_hz = recording.metadata().acquisition.rate_hz;
    let (input, found) = match plan.marking {
        Marking::Pulses { input, .. } => (input, Found::Pulses),
        Marking::Level { input, .. } => (input, Found::Level),
        Marking::Shape => (0, Found::Shape),
    };
    let mut finder = Finder::new(input);
    let mut levels = Levels::new(rate_hz);
    let mut lost = Lost::default();
    recording.each_block(|block| {
        match found {
            Found::Shape => levels.push(block),
            Found::Pulses | Found::Level => finder.push(block),
        }
        lost.count(block);
    })?;
    lost.end(recording.ending(), recording.events());
    let events = recording.events();
    let windows = match found {
        Found::Shape => Windows::by_shape(&levels, events, plan, rate_hz),
        Found::Pulses | Found::Level => Windows::by_pin(&finder.end(events), events, plan),
    };
    Ok(Marks { windows, found, lost })
}

/// The figures.
fn compute(recording: &Recording, options: Options, marks: Marks, collected: &Collected) -> Measurement {
    let plan = &recording.metadata().windows;
    let metadata = recording.metadata();
    let acquisition = &metadata.acquisition;
    let rate_hz = acquisition.rate_hz;
    let inferences = f64::from(plan.inferences.max(1));
    let idle_power = collected.idle.power();
    let subtracted = if options.subtract_idle { idle_power.unwrap_or(0.0) } else { 0.0 };

    let figures = figures(recording, &marks, collected, subtracted);
    let whole: Vec<(&WindowFigures, &Integral)> =
        std::iter::zip(&figures, &collected.windows).filter(|(of, _)| of.whole).collect();
    let mut sum = Integral::default();
    whole.iter().for_each(|(_, integral)| sum.merge(integral));

    let energies: Vec<f64> = whole.iter().map(|(of, _)| of.microjoules).collect();
    let times: Vec<f64> = whole.iter().map(|(of, _)| of.microseconds).collect();
    let points: Vec<(f64, f64)> = whole.iter().map(|(of, _)| (of.begin_seconds, of.microjoules)).collect();
    let count = whole.len().max(1) as f64;
    let edge_seconds = edges(&whole, rate_hz);
    let known = Known { inferences, count, edge_seconds, subtracted };
    let energy = Interval::of(&energies, known.energy(&sum, collected, recording)).map(|interval| Energy {
        microjoules: interval,
        median_microjoules: median(&energies).unwrap_or(interval.mean),
        deviation: deviation(&energies),
        idle_subtracted: options.subtract_idle && idle_power.is_some(),
    });
    let Marks { windows, found, lost } = marks;
    let mut measurement = Measurement {
        schema: 1,
        obtained: if acquisition.simulated { "simulated" } else { "measured" }.to_owned(),
        samples_sha256: recording.sha256().to_owned(),
        samples: recording.samples(),
        seconds: collected.end as f64 / rate_hz,
        found,
        inferences: plan.inferences.max(1),
        energy,
        microseconds: Interval::of(&times, known.time(&times, acquisition.rate_uncertainty)),
        microcoulombs: mean(&whole.iter().map(|(of, _)| of.microcoulombs).collect::<Vec<_>>()),
        average_w: sum.mean_power(),
        peak_w: (sum.samples() > 0).then(|| sum.peak_power()),
        idle_w: idle_power,
        voltage: sum.voltage().map(|[mean, low, high]| Spread { mean, low, high }),
        voltage_measured: acquisition.measures_voltage,
        temperature: temperature(recording),
        drift: drift(&points),
        clock_ppm: clock(recording, rate_hz),
        ranges: sum.shares(acquisition),
        windows: figures,
        lost,
        faults: windows.faults,
        problems: Vec::new(),
        warnings: Vec::new(),
    };
    judge::judge(&mut measurement, metadata, options, &sum, collected.idle.all());
    measurement
}

/// Each window's figures, with so many watts taken off.
fn figures(
    recording: &Recording,
    marks: &Marks,
    collected: &Collected,
    subtracted: f64,
) -> Vec<WindowFigures> {
    let metadata = recording.metadata();
    let rate_hz = metadata.acquisition.rate_hz;
    let inferences = f64::from(metadata.windows.inferences.max(1));
    let of = |(window, (integral, hole)): (&Window, (&Integral, &bool))| {
        let seconds = window.samples() as f64 / rate_hz;
        let energy = integral.energy(rate_hz) - subtracted * seconds;
        WindowFigures {
            window: *window,
            begin_seconds: window.begin as f64 / rate_hz,
            seconds,
            microjoules: energy * 1e6 / inferences,
            microseconds: seconds * 1e6 / inferences,
            microcoulombs: integral.charge(rate_hz) * 1e6 / inferences,
            average_w: integral.mean_power().unwrap_or(0.0),
            peak_w: integral.peak_power(),
            missing: window.samples().saturating_sub(integral.samples()),
            whole: !hole && is_whole(window, integral, marks.found, recording),
        }
    };
    let integrals = std::iter::zip(&collected.windows, &collected.holes);
    std::iter::zip(&marks.windows.found, integrals).map(of).collect()
}

/// Whether all of a window is known.
fn is_whole(window: &Window, integral: &Integral, found: Found, recording: &Recording) -> bool {
    let edges = found == Found::Shape || (window.begin_within <= 1 && window.end_within <= 1);
    let overload =
        recording.events().iter().any(|event| event.kind == EventKind::Overload && window.contains(event.at));
    edges && !overload && integral.samples() == window.samples()
}

fn temperature(recording: &Recording) -> Option<Spread> {
    let told = recording.events().iter().filter_map(|event| match event.kind {
        EventKind::Temperature(celsius) => Some(f64::from(celsius)),
        _ => None,
    });
    let told: Vec<f64> = told.collect();
    let low = told.iter().copied().reduce(f64::min)?;
    let high = told.iter().copied().reduce(f64::max)?;
    mean(&told).map(|mean| Spread { mean, low, high })
}

/// By how much the instrument's own clock goes slower than its samples come, in millionths; nothing of less than a second.
fn clock(recording: &Recording, rate_hz: f64) -> Option<f64> {
    let told = recording.events().iter().filter_map(|event| match event.kind {
        EventKind::DeviceTime(time) => Some((event.at as f64 / rate_hz, time.as_secs_f64())),
        _ => None,
    });
    let told: Vec<(f64, f64)> = told.collect();
    let ((first, begin), (last, end)) = told.first().copied().zip(told.last().copied())?;
    let by_samples = last - first;
    (by_samples >= 1.0 && end > begin).then(|| (by_samples / (end - begin) - 1.0) * 1e6)
}
