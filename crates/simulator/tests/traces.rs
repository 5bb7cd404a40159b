//! Traces keep the rules of the Chrome JSON format as Perfetto reads it: metadata for every process and track, spans that
//! start at or after 0 and last, and that lie one after the other or inside each other on a track; counters that end.

use serde_json::Value;
use simulator::machine::machines;
use simulator::network::{Precision, shipped_network};
use simulator::report::trace;
use simulator::{Place, Settings, simulate};
use std::collections::{BTreeMap, BTreeSet};

/// Perfetto keeps whole nanoseconds.
fn nanoseconds(event: &Value, key: &str) -> i64 {
    let us = event[key].as_f64().unwrap_or_else(|| panic!("no {key} in {event}"));
    assert!(us.is_finite() && us >= 0.0, "{event}");
    let ns = us * 1e3;
    assert!((ns - ns.round()).abs() < 1e-3 * ns.max(1.0).sqrt(), "{key} of {event} is no whole nanosecond");
    ns.round() as i64
}

fn check(text: &str) {
    let value: Value = serde_json::from_str(text).expect("JSON");
    let keys: Vec<&str> = value.as_object().expect("an object").keys().map(String::as_str).collect();
    assert_eq!(keys, ["displayTimeUnit", "traceEvents"]);
    assert!(["ms", "ns"].contains(&value["displayTimeUnit"].as_str().expect("a unit")));
    let events = value["traceEvents"].as_array().expect("a list");
    let mut named_processes = BTreeSet::new();
    let mut named = BTreeMap::new();
    let mut spans: BTreeMap<(u64, u64), Vec<(i64, i64)>> = BTreeMap::new();
    let mut counters: BTreeMap<String, Vec<(i64, f64)>> = BTreeMap::new();
    for event in events {
        let phase = event["ph"].as_str().expect("a phase");
        let pid = event["pid"].as_u64().expect("a process");
        assert!(!event["name"].as_str().expect("a name").is_empty());
        match phase {
            "M" => {
                let args = event["args"].as_object().expect("arguments");
                match event["name"].as_str().expect("a name") {
                    "process_name" => assert!(named_processes.insert(pid), "named twice"),
                    "thread_name" => {
                        let name = args["name"].as_str().expect("text").to_owned();
                        let before = named.insert((pid, event["tid"].as_u64().expect("a track")), name);
                        assert_eq!(before, None);
                    }
                    "thread_sort_index" => assert!(args["sort_index"].is_u64()),
                    other => panic!("metadata {other}"),
                }
            }
            "X" => {
                let track = (pid, event["tid"].as_u64().expect("a track"));
                assert!(named.contains_key(&track), "a span before its track has a name: {event}");
                let (start, length) = (nanoseconds(event, "ts"), nanoseconds(event, "dur"));
                spans.entry(track).or_default().push((start, start + length));
            }
            "C" => {
                for (series, value) in event["args"].as_object().expect("series") {
                    let name = format!("{} {series}", event["name"]);
                    let value = value.as_f64().expect("a number");
                    counters.entry(name).or_default().push((nanoseconds(event, "ts"), value));
                }
            }
            other => panic!("phase {other}"),
        }
    }
    assert_eq!(named_processes.len(), 1);
    let names: BTreeSet<&String> = named.values().collect();
    assert_eq!(names.len(), named.len(), "two tracks of one name");
    assert_eq!(spans.keys().collect::<Vec<_>>(), named.keys().collect::<Vec<_>>(), "an empty track");
    let end = spans.values().flatten().map(|(_, end)| *end).max().expect("spans");
    for (track, spans) in spans {
        let mut open: Vec<i64> = Vec::new();
        let mut before = 0;
        for (start, stop) in spans {
            assert!(start >= before, "track {track:?} goes back in time");
            before = start;
            while open.last().is_some_and(|end| *end <= start) {
                open.pop();
            }
            assert!(
                open.last().is_none_or(|end| stop <= *end),
                "track {track:?}: {start} to {stop} crosses an end"
            );
            open.push(stop);
        }
    }
    for (name, points) in counters {
        assert!(points.is_sorted_by_key(|(time, _)| *time), "{name}");
        assert_eq!(
            points.last().expect("points"),
            &(end.max(points.last().expect("points").0), 0.0),
            "{name} stays"
        );
    }
}

#[test]
fn traces_keep_the_rules_on_every_machine_and_placement() {
    for machine in machines().expect("shipped") {
        let network = shipped_network("efficientnet_b0_224").expect("shipped");
        for precision in [Precision::Fp16, Precision::Int8] {
            let network = network.clone().with_precision(precision);
            for (place, cold) in [(Place::Ne, true), (Place::Auto, false), (Place::Cpu, false)] {
                let settings = Settings { place, cold, ..Settings::default() };
                if let Ok(one) = simulate(&network, machine, settings) {
                    check(&trace(&one));
                }
            }
        }
    }
}

#[test]
#[should_panic(expected = "crosses an end")]
fn the_rules_are_checked() {
    let text = r#"{"displayTimeUnit":"ms","traceEvents":[
        {"ph":"M","pid":1,"name":"process_name","args":{"name":"p"}},
        {"ph":"M","pid":1,"tid":1,"name":"thread_name","args":{"name":"t"}},
        {"ph":"X","pid":1,"tid":1,"name":"a","ts":0,"dur":2},
        {"ph":"X","pid":1,"tid":1,"name":"b","ts":1,"dur":2}]}"#;
    check(text);
}
