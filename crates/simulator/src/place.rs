//! Which engine runs which stage.

use crate::cost::{Cost, refusal, stage_cost, weight_memory};
use crate::error::SimError;
use crate::fuse::Stage;
use crate::machine::{Engine, EngineKind, Machine};

/// Which engines may be used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Place {
    /// All, to the least of what is asked for.
    Auto,
    /// The accelerator wherever it takes the operator; what it refuses falls to the others.
    #[default]
    Ne,
    /// The graphics processor, with the general one for what it refuses.
    Gpu,
    /// The general processor.
    Cpu,
}

impl Place {
    /// The name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Place::Auto => "auto",
            Place::Ne => "ne",
            Place::Gpu => "gpu",
            Place::Cpu => "cpu",
        }
    }

    /// The place of that name.
    ///
    /// # Errors
    /// [`SimError::Usage`].
    pub fn from_name(name: &str) -> Result<Self, SimError> {
        Ok(match name {
            "auto" => Place::Auto,
            "ne" | "engine" | "npu" => Place::Ne,
            "gpu" => Place::Gpu,
            "cpu" => Place::Cpu,
            _ => {
                return Err(SimError::Usage {
                    text: name.to_owned(),
                    found: "no such placement".to_owned(),
                    expected: "auto, ne, gpu or cpu".to_owned(),
                });
            }
        })
    }
}

/// What a placement is to make least.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Goal {
    /// Microseconds.
    #[default]
    Latency,
    /// Microjoules.
    Energy,
}

/// Where a stage runs, at what cost, and why not on the first engine.
#[derive(Clone, Debug, PartialEq)]
pub struct Placed {
    /// Index of the engine.
    pub engine: usize,
    /// Its cost there.
    pub cost: Cost,
    /// Why it is not on the machine's first engine.
    pub reason: Option<String>,
}

/// Microjoules of a stage, by what spends them.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct StageEnergy {
    /// Power that is drawn whatever runs.
    pub base_uj: f64,
    /// Arithmetic.
    pub compute_uj: f64,
    /// Weights.
    pub weights_uj: f64,
    /// Activations.
    pub activations_uj: f64,
}

impl StageEnergy {
    /// The sum of its parts.
    pub fn total_uj(&self) -> f64 {
        self.base_uj + self.compute_uj + self.weights_uj + self.activations_uj
    }
}

/// The energy of a stage on an engine.
pub fn stage_energy(machine: &Machine, engine: &Engine, stage: &Stage, cost: &Cost) -> StageEnergy {
    let energy = &engine.energy;
    let share = match stage.precision.name() {
        "int8" | "int4" => energy.int8_share,
        _ => 1.0,
    };
    let weights_pj =
        energy.pj_per_weight_byte + weight_memory(machine, 0.0).map_or(0.0, |memory| memory.pj_per_byte);
    StageEnergy {
        base_uj: energy.base_w * cost.total_us,
        compute_uj: stage.macs * energy.pj_per_mac * share * 1e-6,
        weights_uj: cost.weight_bytes * weights_pj * 1e-6,
        activations_uj: (cost.resident_bytes + cost.spilled_bytes) * energy.pj_per_activation_byte * 1e-6,
    }
}

struct Choice {
    cost: Cost,
    price: f64,
}

/// Places every stage.
///
/// # Errors
/// [`SimError::NoEngine`] where no engine takes one.
pub fn place(machine: &Machine, stages: &[Stage], how: Place, goal: Goal) -> Result<Vec<Placed>, SimError> {
    let weights: f64 = stages.iter().map(|stage| stage.weight_bytes).sum();
    let limit = weight_memory(machine, weights)
        .map(|memory| memory.gb_s)
        .filter(|gb_s| *gb_s > 0.0)
        .unwrap_or(f64::INFINITY);
    let wanted = |kind: EngineKind| match how {
        Place::Auto | Place::Ne => true,
        Place::Gpu => kind != EngineKind::Ne,
        Place::Cpu => kind == EngineKind::Cpu,
    };
    let mut options: Vec<Vec<Option<Choice>>> = Vec::with_capacity(stages.len());
    for stage in stages {
        let mut row: Vec<Option<Choice>> = machine
            .engines
            .iter()
            .map(|engine| {
                if !wanted(engine.kind) || refusal(engine, stage).is_some() {
                    return None;
                }
                let cost = stage_cost(engine, stage, limit);
                let price = match goal {
                    Goal::Latency => cost.total_us,
                    Goal::Energy => stage_energy(machine, engine, stage, &cost).total_uj(),
                };
                Some(Choice { cost, price })
            })
            .collect();
        // A preferred kind keeps what it takes.
        let preferred = match how {
            Place::Ne => row.iter().position(Option::is_some).filter(|first| *first == 0),
            Place::Gpu => machine
                .engines
                .iter()
                .zip(&row)
                .position(|(engine, option)| engine.kind == EngineKind::Gpu && option.is_some()),
            Place::Auto | Place::Cpu => None,
        };
        if let Some(keep) = preferred {
            for (index, option) in row.iter_mut().enumerate() {
                if index != keep {
                    *option = None;
                }
            }
        }
        if row.iter().all(Option::is_none) {
            return Err(no_engine(machine, stage, how));
        }
        options.push(row);
    }
    let chosen = cheapest(machine, stages, &options, goal);
    Ok(chosen
        .into_iter()
        .zip(stages)
        .zip(options)
        .map(|((engine, stage), row)| {
            let reason = (engine != 0).then(|| why(machine, stage, how, goal, engine, &row));
            let cost = row.into_iter().nth(engine).flatten().map(|option| option.cost).unwrap_or_default();
            Placed { engine, cost, reason }
        })
        .collect())
}

fn no_engine(machine: &Machine, stage: &Stage, how: Place) -> SimError {
    let reasons = machine.engines.iter().map(|engine| {
        let reason =
            refusal(engine, stage).unwrap_or_else(|| format!("not asked for by --place {}", how.name()));
        format!("{} {reason}", engine.name)
    });
    SimError::NoEngine {
        layer: stage.first,
        operator: stage.operator.clone(),
        machine: machine.name.clone(),
        reasons: reasons.collect::<Vec<_>>().join("; "),
    }
}

fn why(
    machine: &Machine,
    stage: &Stage,
    how: Place,
    goal: Goal,
    engine: usize,
    row: &[Option<Choice>],
) -> String {
    let Some(first) = machine.engines.first() else {
        return String::new();
    };
    if let Some(reason) = refusal(first, stage) {
        return format!("{} {reason}", first.name);
    }
    if matches!(how, Place::Gpu | Place::Cpu) {
        return format!("--place {}", how.name());
    }
    let price = |index: usize| row.get(index).and_then(Option::as_ref).map(|o| o.price);
    let unit = match goal {
        Goal::Latency => "µs",
        Goal::Energy => "µJ",
    };
    match (price(engine), price(0)) {
        (Some(here), Some(there)) if here <= there => {
            format!("{here:.1} {unit} here, {there:.1} {unit} on {}", first.name)
        }
        _ => format!("{} would cost another crossing", first.name),
    }
}

/// What changing engines costs before a stage.
pub fn crossing(machine: &Machine, stage: &Stage, to: &Engine) -> (f64, f64) {
    let bytes = stage.in_bytes;
    let us = machine.crossing.us + bytes / (machine.crossing.gb_s * 1e3) + to.dispatch_us;
    let uj = bytes * machine.crossing.pj_per_byte * 1e-6 + to.energy.dispatch_w * us;
    (us, uj)
}

/// The cheapest path: one state for each engine, stage by stage.
fn cheapest(machine: &Machine, stages: &[Stage], options: &[Vec<Option<Choice>>], goal: Goal) -> Vec<usize> {
    let start = |engine: &Engine| match goal {
        Goal::Latency => engine.dispatch_us,
        Goal::Energy => engine.dispatch_us * engine.energy.dispatch_w,
    };
    let mut best: Vec<f64> = machine.engines.iter().map(start).collect();
    let mut back: Vec<Vec<usize>> = Vec::with_capacity(stages.len());
    for (index, (stage, row)) in stages.iter().zip(options).enumerate() {
        let mut next = Vec::with_capacity(row.len());
        let mut from = Vec::with_capacity(row.len());
        for (here, option) in row.iter().enumerate() {
            let Some(option) = option else {
                next.push(f64::INFINITY);
                from.push(here);
                continue;
            };
            let step = machine.engines.get(here).map_or((0.0, 0.0), |to| crossing(machine, stage, to));
            let step = match goal {
                Goal::Latency => step.0,
                Goal::Energy => step.1,
            };
            let mut least = (f64::INFINITY, here);
            for (there, price) in best.iter().enumerate() {
                // Nothing ran before the first stage, so nothing crosses.
                if index == 0 && there != here {
                    continue;
                }
                let price = price + if there == here { 0.0 } else { step };
                if price < least.0 {
                    least = (price, there);
                }
            }
            next.push(least.0 + option.price);
            from.push(least.1);
        }
        best = next;
        back.push(from);
    }
    let mut at = 0;
    let mut least = f64::INFINITY;
    for (engine, price) in best.iter().enumerate() {
        if *price < least {
            least = *price;
            at = engine;
        }
    }
    let mut path: Vec<usize> = back
        .iter()
        .rev()
        .map(|from| {
            let here = at;
            at = from.get(at).copied().unwrap_or(at);
            here
        })
        .collect();
    path.reverse();
    path
}
