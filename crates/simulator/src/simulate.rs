//! A network on a machine: totals, steps, and what happens when.

use crate::cost::Cost;
use crate::error::SimError;
use crate::fuse::{Stage, boundary_bytes, fuse};
use crate::machine::Machine;
use crate::network::Network;
use crate::place::{Goal, Place, StageEnergy, crossing, place, stage_energy};

/// How a network is to be run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Settings {
    /// On which engines.
    pub place: Place,
    /// To the least of what.
    pub goal: Goal,
    /// Inputs at once, 0 for what the network says.
    pub batch: u64,
    /// Whether the engine was asleep.
    pub cold: bool,
}

/// A stretch of time on a track.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// `engine`, `dma`, `memory` or `host`.
    pub track: Track,
    /// What happens.
    pub name: String,
    /// Start, in microseconds.
    pub start_us: f64,
    /// Length.
    pub length_us: f64,
    /// Index of the step, where it belongs to one.
    pub step: Option<usize>,
    /// Bytes moved.
    pub bytes: f64,
}

/// A track of the time-line.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Track {
    /// The caller: dispatch, copies at the boundary, crossings.
    Host,
    /// An engine, by name.
    Engine(String),
    /// The weight stream.
    Dma,
    /// Activation traffic.
    Memory,
}

impl Track {
    /// Its name.
    pub fn name(&self) -> &str {
        match self {
            Track::Host => "host",
            Track::Engine(name) => name,
            Track::Dma => "dma: weights",
            Track::Memory => "memory: activations",
        }
    }
}

/// A fused stage, placed and priced.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// What it is.
    pub stage: Stage,
    /// The engine's name.
    pub engine: String,
    /// What it costs.
    pub cost: Cost,
    /// What energy it takes.
    pub energy: StageEnergy,
    /// When it starts.
    pub start_us: f64,
    /// Why it is not on the machine's first engine.
    pub reason: Option<String>,
}

/// What lies beside the stages.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Overhead {
    /// Dispatches, in microseconds.
    pub dispatch_us: f64,
    /// Waking up.
    pub wake_us: f64,
    /// Copies into and out of the engine.
    pub boundary_us: f64,
    /// From engine to engine.
    pub crossing_us: f64,
    /// Energy of all of it, in microjoules.
    pub energy_uj: f64,
    /// Number of segments.
    pub segments: usize,
}

/// A prediction.
#[derive(Clone, Debug, PartialEq)]
pub struct Prediction {
    /// The network's name.
    pub network: String,
    /// The hash of its layers.
    pub sha256: String,
    /// The machine.
    pub machine: Machine,
    /// How it was run.
    pub settings: Settings,
    /// Inputs at once.
    pub batch: u64,
    /// The steps in order.
    pub steps: Vec<Step>,
    /// What lies beside them.
    pub overhead: Overhead,
    /// Everything in order.
    pub events: Vec<Event>,
    /// Microseconds from call to answer.
    pub total_us: f64,
    /// Microjoules.
    pub total_uj: f64,
    /// Multiply-accumulates.
    pub macs: f64,
    /// Bytes of weights.
    pub weight_bytes: f64,
    /// Most bytes of activations alive at once, for layers that follow one another.
    pub arena_bytes: f64,
    /// Highest power of a step, in watts.
    pub peak_w: f64,
}

impl Prediction {
    /// Average power in watts.
    pub fn average_w(&self) -> f64 {
        if self.total_us > 0.0 { self.total_uj / self.total_us } else { 0.0 }
    }

    /// The error bar on latency: the median relative error on rows held out of the calibration.
    pub fn latency_error(&self) -> f64 {
        self.machine.calibration.latency_median
    }
}

/// Runs a network on a machine.
///
/// # Errors
/// [`SimError::NoEngine`] where a layer can run nowhere.
pub fn simulate(network: &Network, machine: &Machine, settings: Settings) -> Result<Prediction, SimError> {
    let batched;
    let network = if settings.batch > 0 && settings.batch != network.input[0] {
        let mut copy = network.clone();
        copy.input[0] = settings.batch;
        batched = copy;
        &batched
    } else {
        network
    };
    let stages = fuse(network);
    let placed = place(machine, &stages, settings.place, settings.goal)?;
    let (in_bytes, out_bytes) = boundary_bytes(network);

    let mut overhead = Overhead::default();
    let mut events = Vec::with_capacity(3 * stages.len() + 8);
    let mut steps = Vec::with_capacity(stages.len());
    let mut now = 0.0;
    let mut previous: Option<usize> = None;
    let mut arena_bytes = 0.0_f64;
    let mut peak_w = 0.0_f64;
    let host = |now: &mut f64, name: &str, us: f64, bytes: f64, events: &mut Vec<Event>| {
        if us > 0.0 {
            events.push(Event {
                track: Track::Host,
                name: name.to_owned(),
                start_us: *now,
                length_us: us,
                step: None,
                bytes,
            });
            *now += us;
        }
    };
    for (index, (stage, placed)) in stages.into_iter().zip(placed).enumerate() {
        let Some(engine) = machine.engines.get(placed.engine) else {
            continue;
        };
        match previous {
            None => {
                if settings.cold {
                    overhead.wake_us += engine.wake_us;
                    host(&mut now, "wake", engine.wake_us, 0.0, &mut events);
                }
                overhead.dispatch_us += engine.dispatch_us;
                overhead.energy_uj += engine.energy.dispatch_w * (engine.dispatch_us + overhead.wake_us);
                overhead.segments += 1;
                host(&mut now, "dispatch", engine.dispatch_us, 0.0, &mut events);
                // What is copied in; or, where the dispatch holds that, the state that is read in its place all the same.
                let state_bytes = network.state_bytes as f64;
                let copied = match engine.boundary {
                    Some(boundary) => Some(("copy in", in_bytes, boundary.in_gb_s)),
                    None if state_bytes > 0.0 => {
                        Some(("state", state_bytes, engine.activations.spilled_gb_s))
                    }
                    None => None,
                };
                if let Some((name, in_bytes, gb_s)) = copied {
                    let us = in_bytes / (gb_s * 1e3);
                    overhead.boundary_us += us;
                    overhead.energy_uj += engine.energy.boundary_w * us
                        + in_bytes * engine.energy.pj_per_activation_byte * 1e-6;
                    host(&mut now, name, us, in_bytes, &mut events);
                }
            }
            Some(before) if before != placed.engine => {
                let (us, uj) = crossing(machine, &stage, engine);
                overhead.crossing_us += us - engine.dispatch_us;
                overhead.dispatch_us += engine.dispatch_us;
                overhead.energy_uj += uj;
                overhead.segments += 1;
                host(&mut now, "cross", us, stage.in_bytes, &mut events);
            }
            Some(_) => {}
        }
        previous = Some(placed.engine);
        let energy = stage_energy(machine, engine, &stage, &placed.cost);
        let cost = placed.cost;
        if cost.total_us > 0.0 {
            peak_w = peak_w.max(energy.total_uj() / cost.total_us);
        }
        arena_bytes = arena_bytes.max(stage.in_bytes + stage.out_bytes);
        let mut push = |track: Track, length_us: f64, bytes: f64| {
            if length_us > 0.0 {
                events.push(Event {
                    track,
                    name: format!("{index} {} {}", stage.operator, stage.shape),
                    start_us: now,
                    length_us,
                    step: Some(index),
                    bytes,
                });
            }
        };
        push(Track::Engine(engine.name.clone()), cost.total_us, 0.0);
        push(Track::Dma, cost.weights_us.min(cost.total_us), cost.weight_bytes);
        push(Track::Memory, cost.activations_us.min(cost.total_us), cost.resident_bytes + cost.spilled_bytes);
        steps.push(Step {
            stage,
            engine: engine.name.clone(),
            cost,
            energy,
            start_us: now,
            reason: placed.reason,
        });
        now += cost.total_us;
    }
    let last = previous.and_then(|index| machine.engines.get(index));
    if let Some(engine) = last
        && let Some(boundary) = engine.boundary
    {
        let us = out_bytes / (boundary.out_gb_s * 1e3);
        overhead.boundary_us += us;
        overhead.energy_uj +=
            engine.energy.boundary_w * us + out_bytes * engine.energy.pj_per_activation_byte * 1e-6;
        host(&mut now, "copy out", us, out_bytes, &mut events);
    }
    let steps_uj: f64 = steps.iter().map(|step| step.energy.total_uj()).sum();
    Ok(Prediction {
        network: network.name.clone(),
        sha256: network.sha256(),
        machine: machine.clone(),
        settings,
        batch: network.input[0],
        macs: steps.iter().map(|step| step.stage.macs).sum(),
        weight_bytes: steps.iter().map(|step| step.stage.weight_bytes).sum(),
        steps,
        events,
        total_us: now,
        total_uj: steps_uj + overhead.energy_uj,
        overhead,
        arena_bytes,
        peak_w,
    })
}
