//! One self-contained page.

use budget::page::{Page, ZOOM, escape, list, totals};
use serde_json::json;

use super::{record, units};
use crate::simulate::{Prediction, Track};

const CSS: &str = include_str!("page.css");
const JS: &str = include_str!("page.js");

/// The page: time-line, roofline, energy, memory over time, sortable layers. It needs no network.
pub fn html(prediction: &Prediction) -> String {
    let record = record(prediction);
    let machine = &prediction.machine;
    let mut tracks: Vec<&Track> = prediction.events.iter().map(|event| &event.track).collect();
    tracks.sort();
    tracks.dedup();
    let events: Vec<_> = prediction
        .events
        .iter()
        .map(|event| {
            let track = tracks.iter().position(|track| **track == event.track);
            json!([
                track.unwrap_or(0),
                short(event.start_us),
                short(event.length_us),
                event.step.map_or(-1, |step| step as i64),
                event.name
            ])
        })
        .collect();
    let steps: Vec<_> = record
        .steps
        .iter()
        .map(|step| {
            json!({
                "index": step.index, "operator": step.operator, "shape": step.shape, "engine": step.engine,
                "us": short(step.microseconds), "compute": short(step.compute_microseconds),
                "weights": short(step.weights_microseconds), "traffic": short(step.activations_microseconds),
                "serial": short(step.serial_microseconds), "util": short(step.utilisation),
                "uj": short(step.microjoules), "macs": step.macs, "bound": step.bound, "reason": step.reason,
                "start": short(step.start_microseconds), "arena": step.arena_bytes,
                "bytes": step.bytes.values().sum::<u64>()
            })
        })
        .collect();
    let engine = machine.engines.first();
    let peak = engine.map_or(1.0, |engine| {
        let best = engine.tera_macs.values().copied().fold(0.0, f64::max) * 1e3;
        let blocks = engine.ethos.as_ref().map_or(0.0, |ethos| {
            8.0 * ethos.micro_block.iter().product::<u64>() as f64 * engine.clock_hz / 1e9
        });
        let mac = crate::cost::core::least_mac(engine);
        let core = if mac > 0.0 { engine.clock_hz / mac / 1e9 } else { 0.0 };
        best.max(blocks).max(core).max(1e-6)
    });
    let band = engine.map_or(1.0, |engine| match engine.core.is_empty() {
        true => engine.activations.resident_gb_s.max(1e-6),
        // A word a cycle is the most that a core moves.
        false => 4.0 * engine.clock_hz / 1e9,
    });
    let data = json!({
        "tracks": tracks.iter().map(|track| track.name()).collect::<Vec<_>>(),
        "events": events, "steps": steps, "total": short(prediction.total_us),
        "energy": record.energy_parts.iter().map(|(name, uj)| json!([name.replace('_', " "), uj])).collect::<Vec<_>>(),
        "peak": peak, "band": band,
        "knee": engine.map_or(0.0, |engine| engine.activations.knee_bytes),
    });
    let error = &machine.calibration;
    let figures = [
        ("latency", format!("{:.3} ms ±{:.0} %", prediction.total_us / 1e3, error.latency_median * 100.0)),
        ("energy", format!("{:.3} mJ", prediction.total_uj / 1e3)),
        ("average power", units::power(prediction.average_w())),
        ("peak power", units::power(prediction.peak_w)),
        ("arithmetic", format!("{:.1} MMAC", prediction.macs / 1e6)),
        ("weights", units::size(prediction.weight_bytes)),
        ("activations at most", units::size(prediction.arena_bytes)),
        ("segments", prediction.overhead.segments.to_string()),
    ];
    let title = escape(&format!("{} on {}", prediction.network, machine.name));
    let body = format!(
        r#"<p>Simulated, not measured. {description}; batch {batch}; place {place}. Calibrated on {on}: half of the rows held out were within {median:.0} %, nine of ten within {p90:.0} %.</p>
{totals}<p id="said" role="status" aria-live="polite">Choose a bar, a point or a row to read it here.</p>
<h2 id="h-line">What happens when</h2>
<div class="controls">{ZOOM}</div>
<svg id="timeline" tabindex="0" role="application" aria-label="Time-line; plus and minus zoom, arrows move, 0 shows all"></svg>
<h2>Roofline</h2><svg id="roof" role="img" aria-label="Rate of every step over the arithmetic it does for a byte; the table below has the same numbers"></svg>
<h2>Energy</h2><svg id="energy" role="img" aria-label="Share of each part of the energy, listed below"></svg><div class="key" id="ekey"></div>
<h2>Activations over time</h2><svg id="memory" role="img" aria-label="Bytes of activations alive over time"></svg>
<h2>Layers</h2><div class="scroll" tabindex="0" role="region" aria-label="Layers"><table><thead><tr></tr></thead><tbody></tbody></table></div>
{wrong}"#,
        description = escape(machine.description.trim_end_matches('.')),
        batch = prediction.batch,
        place = prediction.settings.place.name(),
        on = escape(&error.on),
        median = error.latency_median * 100.0,
        p90 = error.latency_p90 * 100.0,
        totals = totals(figures),
        wrong = list("Known to be wrong", &machine.known_wrong),
    );
    Page { title: &title, style: CSS, body: &body, data: &data, script: JS }.html()
}

fn short(value: impl Into<Option<f64>>) -> Option<f64> {
    value.into().map(|value| (value * 1e4).round() / 1e4)
}
