//! A record as a timeline, in the format that Chrome's tracing brought and ui.perfetto.dev reads.

use budget::Record;
use serde_json::{Value, json};

/// One bar for each step. Without a clock, a cycle is shown as a microsecond, and the timeline's name says so.
pub fn trace(record: &Record) -> Value {
    let per_cycle = record.clock_hz.map_or(1.0, |hz| 1e6 / hz as f64);
    let unit = if record.clock_hz.is_some() { "time" } else { "1 us is 1 cycle" };
    let name = format!("{} on {} ({unit})", record.model.name, record.target);
    let mut events = vec![
        json!({"ph": "M", "pid": 1, "name": "process_name", "args": {"name": name}}),
        json!({"ph": "M", "pid": 1, "tid": 1, "name": "thread_name", "args": {"name": "steps"}}),
    ];
    let mut begin = 0;
    for step in &record.steps {
        let cycles = step.cycles.unwrap_or(0);
        events.push(json!({
            "ph": "X", "pid": 1, "tid": 1, "cat": step.operator,
            "name": format!("{} {}", step.index, step.operator),
            "ts": begin as f64 * per_cycle,
            "dur": cycles as f64 * per_cycle,
            "args": {
                "kernel": step.kernel, "shape": step.shape, "macs": step.macs,
                "instructions": step.instructions, "cycles": cycles, "mix": step.extra.get("mix"),
            },
        }));
        begin += cycles;
    }
    json!({"displayTimeUnit": "ns", "traceEvents": events})
}
