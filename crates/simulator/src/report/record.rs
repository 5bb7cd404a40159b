//! The common record, `obtained: "simulated"`.

use crate::simulate::{Prediction, Step};
use budget::record::{ErrorBar, Model, Obtained, Power, Record, SCHEMA, Step as RecordStep, Total};
use std::collections::BTreeMap;

/// A file must not carry noise of the last bits of a platform's `pow`: nine digits.
fn nine(value: f64) -> f64 {
    if value == 0.0 || !value.is_finite() {
        return 0.0;
    }
    format!("{value:.8e}").parse().unwrap_or(value)
}

fn step(prediction: &Prediction, index: usize, step: &Step) -> RecordStep {
    let clock = prediction.machine.engines.first().map_or(0.0, |e| e.clock_hz);
    let cost = &step.cost;
    RecordStep {
        index,
        layer: Some(step.stage.first),
        layers: Some(step.stage.layers),
        operator: step.stage.operator.clone(),
        kernel: format!("{}/{}", step.engine, step.stage.class.name()),
        engine: Some(step.engine.clone()),
        shape: Some(step.stage.shape.clone()),
        macs: step.stage.macs as u64,
        instructions: None,
        cycles: Some((cost.total_us * clock * 1e-6) as u64),
        start_microseconds: Some(nine(step.start_us)),
        microseconds: Some(nine(cost.total_us)),
        microjoules: Some(nine(step.energy.total_uj())).filter(|_| known(prediction)),
        bound: Some(cost.bound().to_owned()),
        compute_microseconds: Some(nine(cost.compute_us)),
        weights_microseconds: Some(nine(cost.weights_us)),
        activations_microseconds: Some(nine(cost.activations_us)),
        serial_microseconds: Some(nine(cost.serial_us)),
        utilisation: Some(nine(cost.utilisation)),
        bytes: [
            ("weights", cost.weight_bytes),
            ("resident", cost.resident_bytes),
            ("spilled", cost.spilled_bytes),
        ]
        .map(|(name, bytes)| (name.to_owned(), bytes as u64))
        .into_iter()
        .collect(),
        arena_bytes: Some((step.stage.in_bytes + step.stage.out_bytes) as u64),
        reason: step.reason.clone(),
        extra: BTreeMap::new(),
    }
}

/// Whether the machine says what energy it takes: a sum of nothing is not 0 J.
fn known(prediction: &Prediction) -> bool {
    prediction.total_uj > 0.0
}

/// The record of a prediction.
pub fn record(prediction: &Prediction) -> Record {
    let machine = &prediction.machine;
    let calibration = &machine.calibration;
    let clock = machine.engines.first().map_or(0.0, |engine| engine.clock_hz);
    let over = &prediction.overhead;
    let sum = |part: fn(&Step) -> f64| prediction.steps.iter().map(part).sum::<f64>();
    let known = known(prediction);
    let part = |name: &str, value: f64| (name.to_owned(), nine(value));
    Record {
        schema: SCHEMA,
        model: Model { name: prediction.network.clone(), sha256: prediction.sha256.clone() },
        target: machine.name.clone(),
        obtained: Obtained::Simulated,
        tools: [("simulator".to_owned(), env!("CARGO_PKG_VERSION").to_owned())].into(),
        clock_hz: Some(clock as u64),
        batch: Some(prediction.batch),
        place: Some(prediction.settings.place.name().to_owned()),
        total: Total {
            macs: prediction.macs as u64,
            instructions: None,
            cycles: Some((prediction.total_us * clock * 1e-6) as u64),
            microseconds: Some(nine(prediction.total_us)),
            milliseconds: Some(nine(prediction.total_us / 1e3)),
            microjoules: known.then(|| nine(prediction.total_uj)),
            arena_bytes: Some(prediction.arena_bytes as u64),
            code_bytes: None,
            weight_bytes: Some(prediction.weight_bytes as u64),
        },
        error: Some(ErrorBar {
            latency_median: calibration.latency_median,
            latency_p90: calibration.latency_p90,
            energy_median: calibration.energy_median,
            microseconds_low: nine(prediction.total_us / (1.0 + calibration.latency_p90)),
            microseconds_high: nine(prediction.total_us * (1.0 + calibration.latency_p90)),
            calibrated_on: calibration.on.clone(),
        }),
        energy_parts: [
            part("base", sum(|s| s.energy.base_uj)),
            part("compute", sum(|s| s.energy.compute_uj)),
            part("weights", sum(|s| s.energy.weights_uj)),
            part("activations", sum(|s| s.energy.activations_uj)),
            part("dispatch_and_copies", over.energy_uj),
        ]
        .into(),
        overhead: [
            part("dispatch", over.dispatch_us),
            part("wake", over.wake_us),
            part("boundary", over.boundary_us),
            part("crossing", over.crossing_us),
            part("segments", over.segments as f64),
        ]
        .into(),
        power: known
            .then(|| Power { average_w: nine(prediction.average_w()), peak_w: nine(prediction.peak_w) }),
        known_wrong: machine.known_wrong.clone(),
        steps: prediction.steps.iter().enumerate().map(|(index, one)| step(prediction, index, one)).collect(),
        extra: BTreeMap::new(),
    }
}
