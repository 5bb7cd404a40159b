//! The part of a machine file that is written from records: everything from [`MARK`] on.

use super::{Constants, ModelFit, parts_of, rows::Board};
use crate::{machine::Machine, spread::Spread};
use std::{collections::BTreeMap, fmt::Write};

/// Where the written part begins.
const MARK: &str = "# Written by `cargo xtask sim --calibrate`; don't edit below.\n";

/// The file with its written part made anew.
pub(super) fn text(
    shipped: &str,
    machine: &Machine,
    board: &Board,
    constants: &Constants,
    ranges: &BTreeMap<String, BTreeMap<&'static str, [f64; 2]>>,
    models: &[ModelFit],
) -> String {
    let head = shipped.split(MARK).next().unwrap_or(shipped).trim_end();
    let timing_error = machine.emulated.as_ref().map_or(0.0, |emulated| emulated.timing_error);
    let spread = Spread::of(models.iter().map(|model| model.left_out_error().abs()));
    let (median, p90) = spread.map_or((0.0, 0.0), |spread| (spread.median, spread.p90));
    // Errors of the constants and of the emulator's timing have nothing to do with each other.
    let both = |error: f64| (1000.0 * error.hypot(timing_error)).ceil() / 1000.0;
    let mut out = format!("{head}\n\n{MARK}");
    let _ = write!(
        out,
        "[calibration]\non = \"{} emulated networks on {} ({} kernels, {} timing: {})\"\nrows = {}\n\
         latency_median = {}\nlatency_p90 = {}\n",
        models.len(),
        board.name,
        board.isa,
        board.timing,
        board.basis,
        models.len(),
        both(median),
        both(p90),
    );
    for (class, cycles) in constants {
        let _ = write!(out, "\n[engine.core.{class}]\n");
        for (name, value) in cycles.parts().into_iter().filter(|(_, value)| *value > 0.0) {
            let _ = writeln!(out, "{name} = {value:?}");
        }
    }
    let engine = machine.engines.first().map_or("cpu", |engine| &engine.name);
    for (class, cycles) in constants {
        let steps = board.rows.iter().filter(|row| row.class == class);
        let mut of: Vec<&str> = steps.clone().map(|row| row.family()).collect();
        let steps = of.len();
        of.sort_unstable();
        of.dedup();
        let source =
            format!("fitted to bench/record/{}.json: {steps} layers of {}", board.name, of.join(", "));
        for (name, value) in cycles.parts() {
            if value <= 0.0 || !parts_of(class).contains(&name) {
                continue;
            }
            let _ = write!(
                out,
                "\n[[provenance]]\nfield = \"engine.{engine}.core.{class}.{name}\"\nsource = \"{source}\"\n"
            );
            if let Some([least, most]) = ranges.get(class).and_then(|range| range.get(name)) {
                let _ = writeln!(out, "interval = [{least:?}, {most:?}]");
            }
        }
    }
    out
}
