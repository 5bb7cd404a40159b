//! What is wrong with a measurement, and what to look at.

use super::{Found, Measurement, Options};
use crate::{recording::Metadata, statistics::Integral};

/// A drift over all windows that is worth a word.
const DRIFT: f64 = 0.01;
/// A voltage that falls so far below its mean sags.
const SAG: f64 = 0.05;
/// Less difference than this between windows and the rest says that the instrument does not see the device.
const SAME: f64 = 0.05;
/// More idle power than this share of the active says that the device does not sleep.
const AWAKE: f64 = 0.5;
/// Samples a second below which a pulse of 100 µs, which firmware sends, may fall between two looks at an input.
const PULSE_HZ: f64 = 20_000.0;
/// Windows of one model whose lengths differ by more than this had other inputs, or the clock was none.
const UNEVEN: f64 = 0.02;
/// Half of an interval that is longer than this share of the figure is wide.
const WIDE: f64 = 0.1;

/// Fills in problems and warnings.
pub fn judge(
    of: &mut Measurement,
    metadata: &Metadata,
    options: Options,
    inside: &Integral,
    outside: &Integral,
) {
    problems(of, metadata, inside);
    warnings(of, metadata, options, outside);
}

fn problems(of: &mut Measurement, metadata: &Metadata, inside: &Integral) {
    let mut problems: Vec<String> = of.faults.iter().map(ToString::to_string).collect();
    let lost = &of.lost;
    if lost.gaps > 0 {
        let reasons = lost.reasons.iter().map(|(why, count)| format!("{why} {count}"));
        let unknown = match lost.unknown {
            0 => String::new(),
            unknown => format!(", {unknown} of unknown length"),
        };
        problems.push(format!(
            "{} samples were lost in {} gaps ({}{unknown}): nothing was put in their place",
            lost.samples,
            lost.gaps,
            reasons.collect::<Vec<_>>().join(", ")
        ));
    }
    if lost.overloads > 0 {
        problems.push(format!(
            "the current was beyond the instrument's range {} times: what it shows is too low",
            lost.overloads
        ));
    }
    if let Some(why) = &lost.broken {
        problems.push(format!("the stream ended before its time: {why}"));
    }
    if lost.events_dropped > 0 {
        problems.push(format!("{} events had no room in the recording", lost.events_dropped));
    }
    let halves = of.windows.iter().enumerate().filter(|(_, window)| !window.whole);
    problems.extend(halves.map(|(index, window)| match window.missing {
        0 => format!("window {index} does not count: an edge lies in a gap, or it was overloaded"),
        missing => format!("window {index} does not count: {missing} of its samples are missing"),
    }));
    let top = metadata.acquisition.uncertainty.iter().map(|range| range.up_to).fold(0.0, f64::max);
    if top > 0.0 && inside.peak_current() > top {
        problems.push(format!(
            "a peak of {:.4} A is beyond the instrument's last range, {top:.4} A",
            inside.peak_current()
        ));
    }
    if of.energy.is_none() && problems.is_empty() {
        problems.push("no window was found".to_owned());
    }
    of.problems = problems;
}

fn warnings(of: &mut Measurement, metadata: &Metadata, options: Options, outside: &Integral) {
    let mut warnings = Vec::new();
    let mut warn = |text: String| warnings.push(text);
    if of.found == Found::Shape {
        warn(format!("windows were found {}", of.found.name()));
    }
    let rate_hz = metadata.acquisition.rate_hz;
    if of.found == Found::Pulses && !of.faults.is_empty() && rate_hz < PULSE_HZ {
        warn(format!(
            "at {rate_hz} samples a second an input may miss pulses of 100 µs: sample faster, take an instrument that latches edges, or \
             mark windows by a level (--marking level)"
        ));
    }
    if of.windows.len() == 1 {
        warn("one window: how much windows differ is not known, and not in the interval".to_owned());
    }
    let lengths = of.windows.iter().map(|window| window.seconds);
    let (short, long) =
        lengths.fold((f64::INFINITY, 0.0), |(low, high): (f64, f64), it| (low.min(it), high.max(it)));
    if long > short * (1.0 + UNEVEN) {
        warn(format!(
            "windows are {short:.3} to {long:.3} s long: other inputs, a clock that changes, an emulator on a busy machine?"
        ));
    }
    metadata.acquisition.unverified.iter().for_each(|what| warn(what.clone()));
    if metadata.windows.expected == 0 && metadata.windows.inferences <= 1 {
        warn("nobody said how many inferences a window has: figures are of a window".to_owned());
    }
    if let Some(drift) = of.drift.filter(|drift| drift.abs() > DRIFT) {
        let way = if drift > 0.0 { "rises" } else { "falls" };
        let by = drift.abs() * 100.0;
        warn(format!(
            "the energy {way} by {by:.1} % from the first window to the last: is the board warming up?"
        ));
    }
    if let Some(voltage) = of.voltage.filter(|voltage| voltage.low < voltage.mean * (1.0 - SAG)) {
        warn(format!("the voltage sags to {:.3} V, {:.3} V in the mean", voltage.low, voltage.mean));
    }
    if !of.voltage_measured && metadata.acquisition.volts_uncertainty == 0.0 {
        warn(format!(
            "the instrument does not measure the voltage: {} V are taken as exact; --volts-uncertainty says how far they may be off",
            metadata.acquisition.volts
        ));
    }
    if let Some((idle, active)) = of.idle_w.zip(of.average_w).filter(|(_, active)| *active > 0.0) {
        let ratio = idle / active;
        if (ratio - 1.0).abs() < SAME {
            warn("the power does not change with the windows: is the instrument in the device's supply, and in no other?".to_owned());
        } else if ratio > AWAKE {
            let share = ratio * 100.0;
            warn(format!(
                "{share:.0} % of the power flows outside windows too: does the device sleep, is a debug probe attached?"
            ));
        }
    }
    if options.subtract_idle && of.idle_w.is_none() {
        warn("too little outside windows to tell idle power: nothing was subtracted".to_owned());
    }
    if of.ranges.iter().any(|range| range.uncertainty.is_none()) {
        warn("the instrument's makers state no uncertainty for a range that was used: it is not in the interval".to_owned());
    }
    if let Some(energy) = of.energy.filter(|energy| energy.microjoules.relative() > WIDE) {
        warn(format!("the interval is wide: ±{:.0} %", energy.microjoules.relative() * 100.0));
    }
    if outside.samples() == 0 && !of.windows.is_empty() {
        warn("there is nothing outside the windows".to_owned());
    }
    of.warnings = warnings;
}
