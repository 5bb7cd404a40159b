//! What was counted, as a record.

use std::collections::{BTreeMap, BTreeSet};

use budget::{
    Obtained, Record,
    record::{self, SCHEMA, Step, Total},
};
use emulator::{Mix, Profile, Reply, StepProfile, Timing, Version};
use engine::Space;
use firmware::Contents;
use serde_json::{Value, json};

use super::{
    layers::{Layer, by_step},
    measure::Request,
};

/// What a record is made of.
#[derive(Clone, Copy, Debug)]
pub struct Counted<'a> {
    /// The table of prices.
    pub timing: &'a Timing,
    /// Of the emulator.
    pub qemu: Version,
    /// The image that is flashed.
    pub contents: &'a Contents,
    /// What it answered, with the depth of its stack.
    pub reply: &'a Reply,
    /// What ran.
    pub profile: &'a Profile,
    /// The model's layers.
    pub layers: &'a BTreeMap<usize, Layer>,
    /// Whether the bytes are the host's.
    pub same_bytes: bool,
}

/// The record. A figure of a step that is of the model and not of the plan, such as its multiply-adds, stands at the
/// first step of the layer.
pub fn record(request: &Request<'_>, counted: &Counted<'_>) -> Record {
    let Counted { timing, contents, profile, layers, .. } = *counted;
    let Request { board, model, compiled, .. } = *request;
    let microseconds = |cycles: u64| board.core_hz.map(|hz| cycles as f64 * 1e6 / f64::from(hz));
    let whole = profile.whole.total();
    let sizes = &contents.sizes;
    let mut seen = BTreeSet::new();
    let merged = by_step(layers, profile.steps.iter().map(|step| step.layer as usize));
    let steps = profile.steps.iter().map(|step| {
        let first = seen.insert(step.layer);
        self::step(request, step, merged.get(&(step.layer as usize)).filter(|_| first), microseconds)
    });
    let steps: Vec<_> = steps.collect();
    let in_steps: u64 = steps.iter().filter_map(|step| step.cycles).sum();
    let extra = [
        ("board", json!({"name": board.name, "core": board.core, "target": board.target})),
        ("isa", json!(compiled.options.isa.name())),
        ("profile", json!(request.profile.name())),
        ("dead_work_removed", json!(compiled.options.dead_work)),
        ("timing", json!({"table": timing.name, "basis": timing.basis, "source": timing.source})),
        ("same_bytes", json!(counted.same_bytes)),
        ("macs_left", json!(layers.values().map(|layer| layer.macs_left).sum::<u64>())),
        ("outside_steps_cycles", json!(whole.cycles() as i64 - in_steps as i64)),
        ("stack_bytes", json!(counted.reply.stack.deepest_bytes)),
        ("model_stack_bytes", json!(counted.reply.stack.model_bytes)),
        ("sizes", json!(sizes)),
        ("flash_bytes", json!(sizes.flash_bytes())),
        ("ram_bytes", json!(sizes.ram_bytes())),
        ("mix", mix(&profile.whole)),
    ];
    Record {
        schema: SCHEMA,
        model: record::Model { name: model.name.clone(), sha256: golden::sha256(&model.bytes) },
        target: board.name.clone(),
        obtained: Obtained::Emulated,
        tools: BTreeMap::from([
            ("microjoule".to_owned(), env!("CARGO_PKG_VERSION").to_owned()),
            ("qemu".to_owned(), counted.qemu.to_string()),
            ("rustc".to_owned(), contents.compiler.clone().unwrap_or_else(|| "unknown".to_owned())),
        ]),
        clock_hz: board.core_hz.map(u64::from),
        batch: None,
        place: None,
        total: Total {
            macs: layers.values().map(|layer| layer.macs).sum(),
            instructions: Some(whole.instructions),
            cycles: Some(whole.cycles()),
            microseconds: microseconds(whole.cycles()),
            milliseconds: None,
            microjoules: None,
            arena_bytes: Some(compiled.layout.arena_bytes as u64),
            code_bytes: Some(sizes.code_bytes()),
            weight_bytes: Some(compiled.layout.weights.len() as u64),
        },
        error: None,
        energy_parts: BTreeMap::new(),
        overhead: BTreeMap::new(),
        power: None,
        known_wrong: Vec::new(),
        steps,
        extra: extra.map(|(key, value)| (key.to_owned(), value)).into(),
    }
}

fn step(
    request: &Request<'_>,
    counted: &StepProfile,
    layer: Option<&Layer>,
    microseconds: impl Fn(u64) -> Option<f64>,
) -> Step {
    let layout = &request.compiled.layout;
    let planned = layout.steps.get(layout.setup + counted.step as usize);
    let total = counted.mix.total();
    let in_arena = |planned: &compiler::plan::PlannedStep| {
        let operands = planned.operands.iter().filter(|operand| operand.space() == Space::Arena);
        operands.map(|operand| operand.bytes() as u64).sum()
    };
    let graph = request.compiled.graph.main();
    let named =
        || graph.nodes.iter().find(|node| node.layer == counted.layer as usize).map(|node| node.name());
    let mut extra = BTreeMap::from([("mix".to_owned(), mix(&counted.mix))]);
    if counted.times > 1 {
        extra.insert("times".to_owned(), json!(counted.times));
    }
    if let Some(layer) = layer.filter(|layer| layer.macs_left != layer.macs) {
        extra.insert("macs_left".to_owned(), json!(layer.macs_left));
    }
    Step {
        index: counted.step as usize,
        layer: Some(counted.layer as usize),
        operator: layer.map(|layer| layer.operator.clone()).or_else(named).unwrap_or_default(),
        kernel: planned.map(|planned| planned.operator.name().to_owned()).unwrap_or_default(),
        shape: layer.map(|layer| layer.shape.clone()),
        macs: layer.map_or(0, |layer| layer.macs),
        instructions: Some(total.instructions),
        cycles: Some(total.cycles()),
        microseconds: microseconds(total.cycles()),
        arena_bytes: planned.map(in_arena),
        extra,
        ..Step::default()
    }
}

/// Instructions and cycles by class.
fn mix(mix: &Mix) -> Value {
    let classes = mix.classes().map(|(class, share)| {
        let figures = json!({"instructions": share.instructions, "cycles": share.cycles()});
        (class.name().to_owned(), figures)
    });
    Value::Object(classes.collect())
}
