//! The common record, `obtained: "simulated"`.

use crate::simulate::{Prediction, Step};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The version of the record's shape.
pub const SCHEMA: u32 = 1;

/// The common record of measurements and predictions.
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq)]
pub struct Record {
    /// [`SCHEMA`].
    pub schema: u32,
    /// What ran.
    pub model: Model,
    /// On what.
    pub target: String,
    /// Always `simulated` here.
    pub obtained: String,
    /// What made the record, with versions.
    pub tools: BTreeMap<String, String>,
    /// Clock of the first engine.
    pub clock_hz: u64,
    /// Inputs at once.
    pub batch: u64,
    /// How it was placed.
    pub place: String,
    /// Sums.
    pub total: Total,
    /// How far to trust the totals.
    pub error: ErrorBar,
    /// Where the energy goes, in microjoules; the parts add up to the total.
    pub energy_parts: BTreeMap<String, f64>,
    /// Where the time beside the steps goes, in microseconds.
    pub overhead: BTreeMap<String, f64>,
    /// Watts.
    pub power: Power,
    /// What is known to be wrong with the machine's figures.
    pub known_wrong: Vec<String>,
    /// Step by step.
    pub steps: Vec<RecordStep>,
}

/// A model's name and hash.
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq)]
pub struct Model {
    /// Its name.
    pub name: String,
    /// The hash of the file, or of the layer list.
    pub sha256: String,
}

/// Sums over a run.
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq)]
pub struct Total {
    /// Multiply-accumulates.
    pub macs: u64,
    /// Instructions: unknown to a simulation of an accelerator.
    pub instructions: Option<u64>,
    /// Cycles of the first engine's clock.
    pub cycles: u64,
    /// From call to answer.
    pub microseconds: f64,
    /// The same in milliseconds.
    pub milliseconds: f64,
    /// Energy.
    pub microjoules: f64,
    /// Most activations alive at once.
    pub arena_bytes: u64,
    /// Code: unknown here.
    pub code_bytes: Option<u64>,
    /// Weights as stored.
    pub weight_bytes: u64,
}

/// Relative errors on rows held out of the calibration.
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq)]
pub struct ErrorBar {
    /// Median for latency.
    pub latency_median: f64,
    /// Nine of ten for latency.
    pub latency_p90: f64,
    /// Median for energy, 0 where nothing was compared.
    pub energy_median: f64,
    /// Latency at the lower end of the nine-of-ten interval, in microseconds.
    pub microseconds_low: f64,
    /// At the upper.
    pub microseconds_high: f64,
    /// What it was calibrated on.
    pub calibrated_on: String,
}

/// Watts.
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq)]
pub struct Power {
    /// Over the run.
    pub average_w: f64,
    /// In the hungriest step.
    pub peak_w: f64,
}

/// One step.
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq)]
pub struct RecordStep {
    /// Index of the step.
    pub index: usize,
    /// Index of its first layer.
    pub layer: usize,
    /// Layers fused into it.
    pub layers: usize,
    /// Operator.
    pub operator: String,
    /// What runs it: the engine and the class of its rate.
    pub kernel: String,
    /// The engine.
    pub engine: String,
    /// Shape as text.
    pub shape: String,
    /// Multiply-accumulates.
    pub macs: u64,
    /// Unknown here.
    pub instructions: Option<u64>,
    /// Cycles of the first engine's clock.
    pub cycles: u64,
    /// Start.
    pub start_microseconds: f64,
    /// Length.
    pub microseconds: f64,
    /// Energy.
    pub microjoules: f64,
    /// What holds it up: compute, weights, activations, serial.
    pub bound: String,
    /// The arithmetic alone.
    pub compute_microseconds: f64,
    /// The weight stream alone.
    pub weights_microseconds: f64,
    /// Activation traffic alone.
    pub activations_microseconds: f64,
    /// What overlaps with nothing.
    pub serial_microseconds: f64,
    /// Share of the multipliers in use.
    pub utilisation: f64,
    /// Bytes by memory.
    pub bytes: BTreeMap<String, u64>,
    /// Activations in and out.
    pub arena_bytes: u64,
    /// Why it is not on the first engine.
    pub reason: Option<String>,
}

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
        layer: step.stage.first,
        layers: step.stage.layers,
        operator: step.stage.operator.clone(),
        kernel: format!("{}/{}", step.engine, step.stage.class.name()),
        engine: step.engine.clone(),
        shape: step.stage.shape.clone(),
        macs: step.stage.macs as u64,
        instructions: None,
        cycles: (cost.total_us * clock * 1e-6) as u64,
        start_microseconds: nine(step.start_us),
        microseconds: nine(cost.total_us),
        microjoules: nine(step.energy.total_uj()),
        bound: cost.bound().to_owned(),
        compute_microseconds: nine(cost.compute_us),
        weights_microseconds: nine(cost.weights_us),
        activations_microseconds: nine(cost.activations_us),
        serial_microseconds: nine(cost.serial_us),
        utilisation: nine(cost.utilisation),
        bytes: [
            ("weights", cost.weight_bytes),
            ("resident", cost.resident_bytes),
            ("spilled", cost.spilled_bytes),
        ]
        .map(|(name, bytes)| (name.to_owned(), bytes as u64))
        .into_iter()
        .collect(),
        arena_bytes: (step.stage.in_bytes + step.stage.out_bytes) as u64,
        reason: step.reason.clone(),
    }
}

/// The record of a prediction.
pub fn record(prediction: &Prediction) -> Record {
    let machine = &prediction.machine;
    let calibration = &machine.calibration;
    let clock = machine.engines.first().map_or(0.0, |engine| engine.clock_hz);
    let over = &prediction.overhead;
    let sum = |part: fn(&Step) -> f64| prediction.steps.iter().map(part).sum::<f64>();
    let part = |name: &str, value: f64| (name.to_owned(), nine(value));
    Record {
        schema: SCHEMA,
        model: Model { name: prediction.network.clone(), sha256: prediction.sha256.clone() },
        target: machine.name.clone(),
        obtained: "simulated".to_owned(),
        tools: [("simulator".to_owned(), env!("CARGO_PKG_VERSION").to_owned())].into(),
        clock_hz: clock as u64,
        batch: prediction.batch,
        place: prediction.settings.place.name().to_owned(),
        total: Total {
            macs: prediction.macs as u64,
            instructions: None,
            cycles: (prediction.total_us * clock * 1e-6) as u64,
            microseconds: nine(prediction.total_us),
            milliseconds: nine(prediction.total_us / 1e3),
            microjoules: nine(prediction.total_uj),
            arena_bytes: prediction.arena_bytes as u64,
            code_bytes: None,
            weight_bytes: prediction.weight_bytes as u64,
        },
        error: ErrorBar {
            latency_median: calibration.latency_median,
            latency_p90: calibration.latency_p90,
            energy_median: calibration.energy_median,
            microseconds_low: nine(prediction.total_us / (1.0 + calibration.latency_p90)),
            microseconds_high: nine(prediction.total_us * (1.0 + calibration.latency_p90)),
            calibrated_on: calibration.on.clone(),
        },
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
        power: Power { average_w: nine(prediction.average_w()), peak_w: nine(prediction.peak_w) },
        known_wrong: machine.known_wrong.clone(),
        steps: prediction.steps.iter().enumerate().map(|(index, one)| step(prediction, index, one)).collect(),
    }
}
