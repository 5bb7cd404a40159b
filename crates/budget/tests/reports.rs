//! The reports, as they are printed.
#![allow(missing_docs, reason = "tests")]

mod common;

use budget::{Gate, Strictness, compare, judge, report};
use common::{Shelf, budget, record};

const LINES: &str = "latency = \"11 ms\"\naverage_power = \"400 mW\"\npeak_power = \"1.1 W\"\nenergy = \"12 mJ\"\n\
                     peak_memory = \"20 KiB\"\nfile_size = \"46 kB\"\nquantisation_loss = \"1 %\"";

fn mixed() -> Gate {
    let budget = budget(LINES);
    let gate = judge(&budget, &mut Shelf::default(), Strictness::Lenient).unwrap();
    let mut other = record("gpu", 1.0, 1.0);
    other.model.name = "<other|model>".into();
    let comparison = compare(&budget, gate.records(), &[record("npu", 17_000.0, 10_000.0), other]);
    gate.with_baseline(comparison)
}

fn kept() -> Gate {
    judge(&budget("latency = \"20 ms\""), &mut Shelf::default(), Strictness::Lenient).unwrap()
}

fn close(strictness: Strictness) -> Gate {
    judge(&budget("latency = \"18.5 ms\""), &mut Shelf::default(), strictness).unwrap()
}

fn unjudged() -> Gate {
    let mut shelf = Shelf { loss: Err("skipped: no ../data/test.csv".into()), ..Shelf::default() };
    judge(&budget("quantisation_loss = \"1 %\""), &mut shelf, Strictness::Lenient).unwrap()
}

#[test]
fn tables() {
    insta::assert_snapshot!("table_mixed", report::table(&mixed()));
    insta::assert_snapshot!("table_kept", report::table(&kept()));
    insta::assert_snapshot!("table_close", report::table(&close(Strictness::Lenient)));
    insta::assert_snapshot!("table_strict", report::table(&close(Strictness::Strict)));
    insta::assert_snapshot!("table_unjudged", report::table(&unjudged()));
}

#[test]
fn junit() {
    insta::assert_snapshot!("junit_mixed", report::junit(&mixed()).unwrap());
    insta::assert_snapshot!("junit_close", report::junit(&close(Strictness::Lenient)).unwrap());
    insta::assert_snapshot!("junit_strict", report::junit(&close(Strictness::Strict)).unwrap());
    insta::assert_snapshot!("junit_unjudged", report::junit(&unjudged()).unwrap());
}

#[test]
fn markdown() {
    insta::assert_snapshot!("markdown_mixed", report::markdown(&mixed()));
    insta::assert_snapshot!("markdown_kept", report::markdown(&kept()));
    insta::assert_snapshot!("markdown_unjudged", report::markdown(&unjudged()));
}

#[test]
fn json_is_read_back_and_serves_as_a_baseline() {
    let gate = mixed();
    let text = report::json(&gate).unwrap();
    let back: Gate = serde_json::from_str(&text).unwrap();
    assert_eq!(back, gate);
    let records = budget::baseline_from_json("gate.json", &text).unwrap();
    let again = compare(&budget(LINES), gate.records(), &records);
    assert!(again.compared > 0 && again.changes.is_empty() && again.notes.is_empty());
    insta::assert_snapshot!("json_close", report::json(&close(Strictness::Lenient)).unwrap());
}
