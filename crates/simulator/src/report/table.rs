//! Tables for a terminal.

use super::units;
use crate::machine::Machine;
use crate::simulate::Prediction;
use std::fmt::Write;

/// Totals and the per-layer table.
pub fn table(prediction: &Prediction) -> String {
    let mut out = String::new();
    let machine = &prediction.machine;
    let error = &machine.calibration;
    let _ = writeln!(
        out,
        "{} on {} (simulated): {:.3} ms ±{:.0} % (nine of ten within {:.0} %), {:.3} mJ, {} on average, {} at most",
        prediction.network,
        machine.name,
        prediction.total_us / 1e3,
        error.latency_median * 100.0,
        error.latency_p90 * 100.0,
        prediction.total_uj / 1e3,
        units::power(prediction.average_w()),
        units::power(prediction.peak_w),
    );
    let _ = writeln!(
        out,
        "{:.1} MMAC, {} of weights, {} of activations at most, batch {}, {} segment{}",
        prediction.macs / 1e6,
        units::size(prediction.weight_bytes),
        units::size(prediction.arena_bytes),
        prediction.batch,
        prediction.overhead.segments,
        if prediction.overhead.segments == 1 { "" } else { "s" },
    );
    let over = &prediction.overhead;
    let _ = writeln!(
        out,
        "beside the layers: dispatch {:.1} µs, copies {:.1} µs, crossings {:.1} µs, wake-up {:.1} µs",
        over.dispatch_us, over.boundary_us, over.crossing_us, over.wake_us
    );
    let _ = writeln!(
        out,
        "\n{:>4} {:<18} {:<26} {:<5} {:>9} {:>9} {:>9} {:>9} {:>9} {:>5} {:<11} {:>9}",
        "step",
        "operator",
        "shape",
        "on",
        "µs",
        "compute",
        "weights",
        "traffic",
        "serial",
        "util",
        "held up by",
        "µJ"
    );
    for (index, step) in prediction.steps.iter().enumerate() {
        let cost = &step.cost;
        let _ = writeln!(
            out,
            "{index:>4} {:<18} {:<26} {:<5} {:>9.2} {:>9.2} {:>9.2} {:>9.2} {:>9.2} {:>4.0}% {:<11} {:>9.2}{}",
            step.stage.operator,
            step.stage.shape,
            step.engine,
            cost.total_us,
            cost.compute_us,
            cost.weights_us,
            cost.activations_us,
            cost.serial_us,
            cost.utilisation * 100.0,
            cost.bound(),
            step.energy.total_uj(),
            step.reason.as_ref().map_or(String::new(), |r| format!("  ({r})")),
        );
    }
    if !machine.known_wrong.is_empty() {
        let _ = writeln!(out, "\nknown to be wrong:");
        for line in &machine.known_wrong {
            let _ = writeln!(out, "* {line}");
        }
    }
    out
}

/// The machines, one a line.
pub fn list_table(machines: &[Machine]) -> String {
    let mut out =
        format!("{:<26} {:<22} {:<6} {:>6} {:>6}  calibrated on\n", "machine", "chip", "OS", "median", "p90");
    for machine in machines {
        let _ = writeln!(
            out,
            "{:<26} {:<22} {:<6} {:>5.0}% {:>5.0}%  {} ({} rows)",
            machine.name,
            machine.chip,
            machine.os,
            machine.calibration.latency_median * 100.0,
            machine.calibration.latency_p90 * 100.0,
            machine.calibration.on,
            machine.calibration.rows
        );
    }
    out
}
