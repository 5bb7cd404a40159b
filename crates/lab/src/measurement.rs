//! From a recording to its result. There is no other way: a live measurement is recorded first and then computed from its
//! file, so that a replay of the file gives the same figures to the last digit.

mod collect;
mod judge;
mod record;
mod result;

pub use record::record;
pub use result::{Energy, Found, Lost, Measurement, Spread, WindowFigures};

use crate::{
    recording::{Error, Marking, Recording, WindowPlan},
    statistics::{Contributions, Integral, Interval, deviation, drift, median},
    stream::EventKind,
    trace::Trace,
    window::{Finder, Levels, Window, Windows},
};
use collect::Collected;

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
    let Marks { windows, found, lost } = marks;
    let plan = &recording.metadata().windows;
    let metadata = recording.metadata();
    let acquisition = &metadata.acquisition;
    let rate_hz = acquisition.rate_hz;
    let inferences = f64::from(plan.inferences.max(1));
    let idle_power = collected.idle.power();
    let subtracted = if options.subtract_idle { idle_power.unwrap_or(0.0) } else { 0.0 };

    let integrals = std::iter::zip(&collected.windows, &collected.holes);
    let figures: Vec<WindowFigures> = std::iter::zip(&windows.found, integrals)
        .map(|(window, (integral, hole))| {
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
                whole: !hole && is_whole(window, integral, found, recording),
            }
        })
        .collect();
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
        microcoulombs: crate::statistics::mean(
            &whole.iter().map(|(of, _)| of.microcoulombs).collect::<Vec<_>>(),
        ),
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

/// Whether all of a window is known.
fn is_whole(window: &Window, integral: &Integral, found: Found, recording: &Recording) -> bool {
    let edges = found == Found::Shape || (window.begin_within <= 1 && window.end_within <= 1);
    let overload =
        recording.events().iter().any(|event| event.kind == EventKind::Overload && window.contains(event.at));
    edges && !overload && integral.samples() == window.samples()
}

/// What goes into the uncertainty of all figures.
#[derive(Clone, Copy, Debug)]
struct Known {
    inferences: f64,
    count: f64,
    /// Standard uncertainty of a window's length.
    edge_seconds: f64,
    /// Watts.
    subtracted: f64,
}

impl Known {
    /// Of the energy of an inference, in microjoules; windows' scatter apart.
    fn energy(&self, sum: &Integral, collected: &Collected, recording: &Recording) -> Contributions {
        const REACH: f64 = 1.96;
        let acquisition = &recording.metadata().acquisition;
        let rate_hz = acquisition.rate_hz;
        let each = 1e6 / self.inferences / self.count;
        let seconds = sum.samples() as f64 / rate_hz;
        // Idle power is off by what the instrument is off outside windows.
        let outside = collected.idle.all();
        let idle = if self.subtracted > 0.0 && outside.samples() > 0 {
            outside.instrument(acquisition) / (outside.samples() as f64 / rate_hz) * seconds
        } else {
            0.0
        };
        let energy = sum.energy(rate_hz) - self.subtracted * seconds;
        let power = sum.mean_power().unwrap_or(0.0);
        Contributions {
            windows: 0.0,
            instrument: (sum.instrument(acquisition) + idle) * each / REACH,
            edges: power * self.edge_seconds * 1e6 / self.inferences / self.count.sqrt(),
            clock: energy * each * acquisition.rate_uncertainty / 3.0_f64.sqrt(),
            voltage: energy * each * acquisition.volts_uncertainty / REACH,
        }
    }

    /// Of the length of an inference, in microseconds.
    fn time(&self, times: &[f64], clock: f64) -> Contributions {
        let mean = crate::statistics::mean(times).unwrap_or(0.0);
        Contributions {
            edges: self.edge_seconds * 1e6 / self.inferences / self.count.sqrt(),
            clock: mean * clock / 3.0_f64.sqrt(),
            ..Contributions::default()
        }
    }
}

/// The standard uncertainty of a window's length, in seconds: each edge lies anywhere within its samples.
fn edges(windows: &[(&WindowFigures, &Integral)], rate_hz: f64) -> f64 {
    let square = |of: &Window| (of.begin_within as f64).powi(2) + (of.end_within as f64).powi(2);
    let mean = windows.iter().map(|(of, _)| square(&of.window)).sum::<f64>() / windows.len().max(1) as f64;
    (mean / 12.0).sqrt() / rate_hz
}

fn temperature(recording: &Recording) -> Option<Spread> {
    let told = recording.events().iter().filter_map(|event| match event.kind {
        EventKind::Temperature(celsius) => Some(f64::from(celsius)),
        _ => None,
    });
    let told: Vec<f64> = told.collect();
    let low = told.iter().copied().reduce(f64::min)?;
    let high = told.iter().copied().reduce(f64::max)?;
    crate::statistics::mean(&told).map(|mean| Spread { mean, low, high })
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
