//! A trace in the format that Chrome and ui.perfetto.dev open.

use crate::simulate::{Prediction, Track};
use serde_json::{Value, json};

/// The trace as JSON text. Engines, weight stream, activation traffic and host are tracks of their own; a
/// counter shows activations alive.
pub fn trace(prediction: &Prediction) -> String {
    let mut tracks: Vec<&Track> = prediction.events.iter().map(|event| &event.track).collect();
    tracks.sort();
    tracks.dedup();
    let mut out: Vec<Value> = vec![json!({
        "ph": "M", "pid": 1, "name": "process_name",
        "args": {"name": format!("{} on {} (simulated)", prediction.network, prediction.machine.name)}
    })];
    for (index, track) in tracks.iter().enumerate() {
        out.push(json!({
            "ph": "M", "pid": 1, "tid": index + 1, "name": "thread_name", "args": {"name": track.name()}
        }));
        out.push(json!({
            "ph": "M", "pid": 1, "tid": index + 1, "name": "thread_sort_index", "args": {"sort_index": index}
        }));
    }
    for event in &prediction.events {
        let tid = tracks.iter().position(|track| **track == event.track).unwrap_or(0) + 1;
        let mut args = json!({"bytes": event.bytes as u64});
        if let Some(step) = event.step.and_then(|step| prediction.steps.get(step))
            && let Some(map) = args.as_object_mut()
        {
            map.insert("macs".to_owned(), json!(step.stage.macs as u64));
            map.insert("held_up_by".to_owned(), json!(step.cost.bound()));
            map.insert("microjoules".to_owned(), json!(round(step.energy.total_uj())));
        }
        let (start, length) = span(event.start_us, event.length_us);
        out.push(json!({
            "ph": "X", "pid": 1, "tid": tid, "name": event.name, "cat": event.track.name(),
            "ts": start, "dur": length, "args": args
        }));
    }
    for step in &prediction.steps {
        out.push(json!({
            "ph": "C", "pid": 1, "name": "activations, bytes", "ts": nanoseconds(step.start_us) / 1e3,
            "args": {"alive": (step.stage.in_bytes + step.stage.out_bytes) as u64}
        }));
    }
    out.push(json!({
        "ph": "C", "pid": 1, "name": "activations, bytes", "ts": nanoseconds(prediction.total_us) / 1e3,
        "args": {"alive": 0}
    }));
    json!({"displayTimeUnit": "ms", "traceEvents": out}).to_string()
}

/// Viewers keep whole nanoseconds.
fn nanoseconds(us: f64) -> f64 {
    (us * 1e3).round()
}

/// Start and length in microseconds, from rounded ends: what follows a span starts where that ends.
fn span(start_us: f64, length_us: f64) -> (f64, f64) {
    let start = nanoseconds(start_us);
    (start / 1e3, (nanoseconds(start_us + length_us) - start) / 1e3)
}

fn round(us: f64) -> f64 {
    (us * 1e4).round() / 1e4
}
