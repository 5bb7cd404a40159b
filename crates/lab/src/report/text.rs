//! Lines for a terminal.

use super::units::{plus_minus, with_prefix};
use crate::{
    measurement::{Energy, Measurement},
    recording::Metadata,
    statistics::Contributions,
};

/// The result in lines. Those that could be taken for a measurement say so when it is none.
#[must_use]
pub fn text(of: &Measurement, metadata: &Metadata) -> String {
    let simulated = if metadata.acquisition.simulated { "simulated: " } else { "" };
    let mut text = head(of, metadata, simulated);
    let mut line = |name: &str, value: String| text += &format!("{simulated}{name:<16} {value}\n");
    if let Some(energy) = &of.energy {
        energy_lines(energy, &mut line);
    }
    if let Some(time) = &of.microseconds {
        let relative = plus_minus(time.relative());
        line("latency", format!("{} {relative}", with_prefix(time.mean / 1e6, "s")));
    }
    for (name, value, unit) in [
        ("average power", of.average_w, "W"),
        ("peak power", of.peak_w, "W"),
        ("idle power", of.idle_w, "W"),
        ("charge", of.microcoulombs.map(|charge| charge / 1e6), "C"),
    ] {
        if let Some(value) = value {
            line(name, with_prefix(value, unit));
        }
    }
    if let Some(voltage) = of.voltage {
        let how = if of.voltage_measured { "measured" } else { "as set" };
        line("voltage", format!("{:.3} V ({:.3} to {:.3}), {how}", voltage.mean, voltage.low, voltage.high));
    }
    match of.temperature {
        Some(spread) => line("temperature", format!("{:.1} °C", spread.mean)),
        None => line("temperature", "not known".to_owned()),
    }
    if let Some(drift) = of.drift {
        line("drift", format!("{:+.2} % from the first window to the last", drift * 100.0));
    }
    if let Some(ppm) = of.clock_ppm {
        line("clock", format!("samples come {ppm:+.0} ppm slower than the instrument's clock goes"));
    }
    line("lost samples", format!("{} in {} gaps", of.lost.samples, of.lost.gaps));
    text + &windows(of, simulated) + &ranges(of, simulated) + &verdict(of, simulated)
}

fn head(of: &Measurement, metadata: &Metadata, simulated: &str) -> String {
    let acquisition = &metadata.acquisition;
    let model = metadata.model.as_ref().map_or("an unknown model", |model| &model.name);
    let board = metadata.board.as_deref().unwrap_or("an unknown board");
    format!(
        "{simulated}{model} on {board}, {} at {} V, {} samples/s\n{simulated}{} windows of {} inferences, {}\n",
        acquisition.instrument,
        acquisition.volts,
        acquisition.rate_hz,
        of.windows.len(),
        of.inferences,
        of.found.name(),
    )
}

fn energy_lines(energy: &Energy, line: &mut impl FnMut(&str, String)) {
    let of = &energy.microjoules;
    let idle = if energy.idle_subtracted { ", idle taken off" } else { "" };
    line("energy", format!("{:.3} µJ per inference {}{idle}", of.mean, plus_minus(of.relative())));
    line("  95 % interval", format!("{:.3} to {:.3} µJ", of.low, of.high));
    line("  median", format!("{:.3} µJ, which is MLPerf Tiny's figure", energy.median_microjoules));
    let Contributions { windows, instrument, edges, clock, voltage } = of.contributions;
    let share = |part: f64| if of.mean == 0.0 { 0.0 } else { part / of.mean.abs() * 100.0 };
    line(
        "  of that",
        format!(
            "windows {:.3} %, instrument {:.3} %, edges {:.3} %, clock {:.3} %, voltage {:.3} %; times {:.2}",
            share(windows),
            share(instrument),
            share(edges),
            share(clock),
            share(voltage),
            of.coverage
        ),
    );
}

fn windows(of: &Measurement, simulated: &str) -> String {
    let mut text = format!("\n{simulated}window    begins s   length s   µJ/inference   average      peak\n");
    for (index, window) in of.windows.iter().enumerate() {
        text += &format!(
            "{simulated}{index:>6} {:>11.4} {:>10.4} {:>14.3}   {:<12} {}{}\n",
            window.begin_seconds,
            window.seconds,
            window.microjoules,
            with_prefix(window.average_w, "W"),
            with_prefix(window.peak_w, "W"),
            if window.whole { "" } else { "   does not count" }
        );
    }
    text
}

fn ranges(of: &Measurement, simulated: &str) -> String {
    let mut text = format!("\n{simulated}range   of the time   of the energy   uncertainty at 95 %\n");
    for range in &of.ranges {
        let name = range.range.map_or_else(|| "any".to_owned(), |range| range.to_string());
        let stated = range.uncertainty.map_or_else(|| "not stated".to_owned(), plus_minus);
        text += &format!(
            "{simulated}{name:>5} {:>11.1} % {:>13.1} %   {stated}\n",
            range.time_share * 100.0,
            range.energy_share * 100.0
        );
    }
    text
}

fn verdict(of: &Measurement, simulated: &str) -> String {
    let mut text = String::from("\n");
    of.warnings.iter().for_each(|warning| text += &format!("{simulated}look at: {warning}\n"));
    of.problems.iter().for_each(|problem| text += &format!("{simulated}NOT GOOD: {problem}\n"));
    let word = if of.is_good() { "nothing was lost, every window counts" } else { "this does not count" };
    text + &format!("{simulated}{word}\n")
}
