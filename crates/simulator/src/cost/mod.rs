//! What a stage costs on an engine.

mod array;
pub(crate) mod core;
mod ethos;

use crate::fuse::Stage;
use crate::machine::{Engine, EngineModel, Machine};

/// The time of one stage, and what it is made of. Times are microseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Cost {
    /// The arithmetic alone.
    pub compute_us: f64,
    /// The weight stream alone.
    pub weights_us: f64,
    /// Activation traffic alone.
    pub activations_us: f64,
    /// What overlaps with nothing: fused functions, synchronisation, the layer's fixed time.
    pub serial_us: f64,
    /// All together.
    pub total_us: f64,
    /// Share of the engine's multipliers that the shape keeps busy.
    pub utilisation: f64,
    /// Bytes of weights streamed.
    pub weight_bytes: f64,
    /// Bytes of activations that stay on chip.
    pub resident_bytes: f64,
    /// Bytes of activations that don't.
    pub spilled_bytes: f64,
}

impl Cost {
    /// What holds the stage up.
    pub fn bound(&self) -> &'static str {
        let streams = self.compute_us.max(self.weights_us).max(self.activations_us);
        if self.serial_us > streams {
            "serial"
        } else if self.compute_us >= streams {
            "compute"
        } else if self.weights_us >= streams {
            "weights"
        } else {
            "activations"
        }
    }
}

/// What limits weights beyond the engine's own stream: the first memory that holds them all.
///
/// Weights that exceed every memory page through the last one.
pub fn weight_memory(machine: &Machine, bytes: f64) -> Option<&crate::machine::Memory> {
    let holds = |memory: &&crate::machine::Memory| memory.holds != "activations";
    let mut memories = machine.memories.iter().filter(holds);
    memories
        .clone()
        .find(|memory| memory.capacity_bytes == 0.0 || bytes <= memory.capacity_bytes)
        .or_else(|| memories.next_back())
}

/// The cost of a stage on an engine. `weight_limit_gb_s` is what the memory the weights lie in can give.
pub fn stage_cost(engine: &Engine, stage: &Stage, weight_limit_gb_s: f64) -> Cost {
    match engine.model {
        EngineModel::Array => array::cost(engine, stage, weight_limit_gb_s),
        EngineModel::EthosU => ethos::cost(engine, stage, weight_limit_gb_s),
        EngineModel::Core => core::cost(engine, stage),
    }
}

/// A smooth maximum: the `p`-norm of times that overlap.
fn join(times: [f64; 3], p: f64) -> f64 {
    let most = times.into_iter().fold(0.0, f64::max);
    if most <= 0.0 {
        return 0.0;
    }
    let sum: f64 = times.into_iter().map(|t| (t / most).powf(p)).sum();
    most * sum.powf(1.0 / p)
}

/// Why an engine won't take a stage; `None` if it will.
pub fn refusal(engine: &Engine, stage: &Stage) -> Option<String> {
    for key in [stage.operator.as_str(), stage.function.as_str(), stage.class.name()] {
        if let Some(reason) = engine.refuses.get(key) {
            return Some(reason.clone());
        }
    }
    let precision = stage.precision.name();
    if !engine.precisions.is_empty() && !engine.precisions.iter().any(|have| have == precision) {
        return Some(format!("computes in {}, not in {precision}", engine.precisions.join(", ")));
    }
    let takes = |name: &str| engine.operators.iter().any(|have| have == name);
    if !engine.operators.is_empty() && !takes(&stage.operator) && !takes(stage.class.name()) {
        return Some(format!("has no `{}`", stage.operator));
    }
    None
}
