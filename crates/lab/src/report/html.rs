//! One self-contained page.

use budget::page::{Page, ZOOM, escape, list, totals};
use serde_json::json;

use super::{
    text,
    units::{plus_minus, with_prefix},
};
use crate::{measurement::Measurement, recording::Metadata, trace::Trace};

const CSS: &str = include_str!("page.css");
const JS: &str = include_str!("page.js");

/// A step of the model in an inference, as something else than the instrument tells: an emulator or the simulator.
#[derive(Clone, Debug, PartialEq)]
pub struct StepSpan {
    /// Its name.
    pub name: String,
    /// When it begins, as a share of the inference.
    pub begin: f64,
    /// How long it is, as a share.
    pub length: f64,
}

/// The page: the current over time with windows, an inference with the steps that something else tells, all figures. It
/// needs no network.
#[must_use]
pub fn html(of: &Measurement, metadata: &Metadata, trace: &Trace, steps: &[StepSpan]) -> String {
    let obtained =
        if metadata.acquisition.simulated { "Simulated, not measured" } else { "Measured on hardware" };
    let model = metadata.model.as_ref().map_or("a model", |model| &model.name);
    let board = metadata.board.as_deref().unwrap_or("a board");
    let title = escape(&format!("{model} on {board}"));
    let steps_note = if steps.is_empty() {
        String::new()
    } else {
        "<p>Steps are not measured: their shares of an inference are those that an emulator or the simulator tells, laid \
         over the first inference of the first window.</p>"
            .to_owned()
    };
    let body = format!(
        r#"<p><strong>{obtained}.</strong> {instrument}, {volts} V, {rate} samples a second; windows found {found}.</p>
{totals}{problems}{warnings}<h2 id="h-trace">Current</h2>
<div class="controls">{ZOOM}<button type="button" data-act="window">a window</button><button type="button" data-act="inference">an inference</button></div>
<canvas id="trace" tabindex="0" role="application" aria-label="Current over time; plus and minus zoom, arrows move, 0 shows all. The tables below have the figures"></canvas>
<p id="said" role="status" aria-live="polite">Drag to move, wheel or + and - to zoom.</p>{steps_note}
<h2>Windows</h2><div class="scroll" tabindex="0" role="region" aria-label="Windows"><table>{windows}</table></div>
<h2>All figures</h2><pre tabindex="0" role="region" aria-label="All figures">{text}</pre>
"#,
        instrument = escape(&metadata.acquisition.instrument),
        volts = metadata.acquisition.volts,
        rate = metadata.acquisition.rate_hz,
        found = escape(of.found.name()),
        totals = totals(figures(of)),
        problems = list("Why this does not count", &of.problems),
        warnings = list("To look at", &of.warnings),
        windows = windows(of),
        text = escape(&text(of, metadata)),
    );
    Page { title: &title, style: CSS, body: &body, data: &data(of, trace, steps), script: JS }.html()
}

/// What stands at the top.
fn figures(of: &Measurement) -> Vec<(&'static str, String)> {
    let mut figures = Vec::new();
    if let Some(energy) = &of.energy {
        let interval = &energy.microjoules;
        let joules = with_prefix(interval.mean / 1e6, "J");
        // A narrow page breaks the line before the sign, and not behind the number.
        let reach = plus_minus(interval.relative()).replace(' ', "\u{a0}");
        figures.push(("energy of an inference", format!("{joules} {reach}")));
        figures.push(("median of windows", with_prefix(energy.median_microjoules / 1e6, "J")));
    }
    let latency = of.microseconds.map(|time| with_prefix(time.mean / 1e6, "s"));
    figures.extend(latency.map(|latency| ("latency", latency)));
    let powers = [("average power", of.average_w), ("peak power", of.peak_w), ("idle power", of.idle_w)];
    let known = powers.into_iter().filter_map(|(name, watts)| Some((name, with_prefix(watts?, "W"))));
    figures.extend(known);
    figures.push(("lost samples", of.lost.samples.to_string()));
    figures.push(("verdict", if of.is_good() { "counts" } else { "does not count" }.to_owned()));
    figures
}

fn windows(of: &Measurement) -> String {
    let head = "<thead><tr><th>window</th><th>begins, s</th><th>length, s</th><th>µJ an inference</th><th>average</th><th>peak</th><th>lost</th></tr></thead>";
    let row = |(index, window): (usize, &crate::measurement::WindowFigures)| {
        format!(
            "<tr{}><td>{index}</td><td>{:.4}</td><td>{:.4}</td><td>{:.3}</td><td>{}</td><td>{}</td><td>{}</td></tr>",
            if window.whole { "" } else { " class=\"bad\"" },
            window.begin_seconds,
            window.seconds,
            window.microjoules,
            with_prefix(window.average_w, "W"),
            with_prefix(window.peak_w, "W"),
            window.missing
        )
    };
    let rows: String = of.windows.iter().enumerate().map(row).collect();
    format!("{head}<tbody>{rows}</tbody>")
}

/// What the script draws.
fn data(of: &Measurement, trace: &Trace, steps: &[StepSpan]) -> serde_json::Value {
    let short = |value: f64| format!("{value:.3e}").parse::<f64>().ok();
    let stretches = trace.stretches();
    json!({
        "step": trace.stretch_seconds(),
        "low": stretches.iter().map(|of| of.mean().and_then(|_| short(of.low.into()))).collect::<Vec<_>>(),
        "mean": stretches.iter().map(|of| of.mean().and_then(short)).collect::<Vec<_>>(),
        "high": stretches.iter().map(|of| of.mean().and_then(|_| short(of.high.into()))).collect::<Vec<_>>(),
        "close": {
            "begin": trace.close_begin(),
            "step": trace.sample_seconds(),
            "current": trace.close().iter().map(|of| of.and_then(|of| short(of.into()))).collect::<Vec<_>>(),
        },
        "windows": of.windows.iter().map(|window| {
            json!([window.begin_seconds, window.begin_seconds + window.seconds, window.whole])
        }).collect::<Vec<_>>(),
        "inference": of.microseconds.map(|time| time.mean / 1e6),
        "steps": steps.iter().map(|step| json!([step.name, step.begin, step.length])).collect::<Vec<_>>(),
    })
}
