//! What was counted or timed, as a record.

use std::collections::{BTreeMap, BTreeSet};

use budget::{
    Obtained, Record,
    record::{self, SCHEMA, Step, Total},
};
use emulator::{Clock, Mix, Profile, Reply, StepTime, Timing, Version};
use engine::Space;
use firmware::Contents;
use serde_json::{Value, json};
use telemetry::wire::StackUse;

use super::{
    layers::{Layer, by_step},
    request::Request,
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

/// The record of what was counted on an emulated core.
pub fn record(request: &Request<'_>, counted: &Counted<'_>) -> Record {
    let Counted { timing, contents, profile, layers, .. } = *counted;
    let whole = profile.whole.total();
    let mut blank = Blank::new(request, layers, profile.steps.iter().map(|step| step.layer));
    let steps = profile.steps.iter().map(|step| {
        let total = step.mix.total();
        let mut of = blank.step(step.step, step.layer, step.times);
        of.instructions = Some(total.instructions);
        of.cycles = Some(total.cycles());
        of.microseconds = microseconds(request.board.core_hz, total.cycles());
        of.extra.insert("mix".to_owned(), mix(&step.mix));
        of
    });
    let steps = steps.collect();
    let mut record = blank.record(contents, &counted.reply.stack, counted.same_bytes);
    record.obtained = Obtained::Emulated;
    record.tools.insert("qemu".to_owned(), counted.qemu.to_string());
    record.total.instructions = Some(whole.instructions);
    let timing = json!({"table": timing.name, "basis": timing.basis, "source": timing.source});
    record.extra.insert("timing".to_owned(), timing);
    record.extra.insert("mix".to_owned(), mix(&profile.whole));
    took(record, request.board.core_hz, whole.cycles(), steps)
}

/// What a record of times is made of.
#[derive(Clone, Copy, Debug)]
pub struct Timed<'a> {
    /// The image that was flashed.
    pub contents: &'a Contents,
    /// What it answered, with the depth of its stack.
    pub reply: &'a Reply,
    /// By what times were measured.
    pub clock: Clock,
    /// Cycles of the whole, with no step timed.
    pub whole: u64,
    /// Cycles of the whole with every step timed.
    pub whole_timed: u64,
    /// How long each step took, with what timing added.
    pub steps: &'a [StepTime],
    /// The model's layers.
    pub layers: &'a BTreeMap<usize, Layer>,
    /// Whether the bytes are the host's.
    pub same_bytes: bool,
    /// Measured on a board, or made up by a simulated target.
    pub obtained: Obtained,
}

/// The record of what a board's own counter measured. What timing a step costs is taken away from each.
pub fn timed(request: &Request<'_>, timed: &Timed<'_>) -> Record {
    let cost = u64::from(timed.clock.cost_cycles);
    // A step in a loop is timed every time.
    let mut sums = BTreeMap::<(u32, u32), (u64, u32)>::new();
    for step in timed.steps {
        let (cycles, times) = sums.entry((step.step, step.layer)).or_default();
        *cycles += u64::from(step.cycles).saturating_sub(cost);
        *times += 1;
    }
    let mut blank = Blank::new(request, timed.layers, sums.keys().map(|(_, layer)| *layer));
    let steps = sums.iter().map(|(&(step, layer), &(cycles, times))| {
        let mut of = blank.step(step, layer, times);
        of.cycles = Some(cycles);
        of.microseconds = microseconds(Some(timed.clock.hz), cycles);
        of
    });
    let steps = steps.collect();
    let mut record = blank.record(timed.contents, &timed.reply.stack, timed.same_bytes);
    record.obtained = timed.obtained;
    let basis = match timed.obtained {
        Obtained::Measured => "measured",
        _ => "made up by a simulated target",
    };
    let timing = json!({
        "table": "the core's counter",
        "basis": basis,
        "flash_wait_states": request.board.flash_wait_states,
        "step_cost_cycles": timed.clock.cost_cycles,
        "whole_timed_cycles": timed.whole_timed,
    });
    record.extra.insert("timing".to_owned(), timing);
    took(record, Some(timed.clock.hz), timed.whole, steps)
}

fn microseconds(hz: Option<u32>, cycles: u64) -> Option<f64> {
    hz.map(|hz| cycles as f64 * 1e6 / f64::from(hz.max(1)))
}

/// Fills in cycles.
fn took(record: Record, hz: Option<u32>, cycles: u64, steps: Vec<Step>) -> Record {
    let in_steps: u64 = steps.iter().filter_map(|step| step.cycles).sum();
    let outside = cycles as i64 - in_steps as i64;
    let total = Total { cycles: Some(cycles), microseconds: microseconds(hz, cycles), ..record.total };
    let mut record = Record { total, steps, clock_hz: hz.map(u64::from), ..record };
    record.extra.insert("outside_steps_cycles".to_owned(), json!(outside));
    record
}

/// What a record says of model, plan and image, whoever counted what they take.
struct Blank<'a> {
    request: &'a Request<'a>,
    layers: &'a BTreeMap<usize, Layer>,
    merged: BTreeMap<usize, Layer>,
    seen: BTreeSet<u32>,
}

impl<'a> Blank<'a> {
    fn new(
        request: &'a Request<'a>,
        layers: &'a BTreeMap<usize, Layer>,
        with_steps: impl Iterator<Item = u32>,
    ) -> Self {
        let merged = by_step(layers, with_steps.map(|layer| layer as usize));
        Self { request, layers, merged, seen: BTreeSet::new() }
    }

    /// A step that ran so many times. A figure of the model and not of the plan, such as its multiply-adds, stands at the
    /// first step of the layer.
    fn step(&mut self, step: u32, layer: u32, times: u32) -> Step {
        let layout = &self.request.compiled.layout;
        let planned = layout.steps.get(layout.setup + step as usize);
        let in_arena = |planned: &compiler::plan::PlannedStep| {
            let operands = planned.operands.iter().filter(|operand| operand.space() == Space::Arena);
            operands.map(|operand| operand.bytes() as u64).sum()
        };
        let graph = self.request.compiled.graph.main();
        let named = || graph.nodes.iter().find(|node| node.layer == layer as usize).map(|node| node.name());
        let first = self.seen.insert(layer);
        let of = self.merged.get(&(layer as usize)).filter(|_| first);
        let mut extra = BTreeMap::new();
        if times > 1 {
            extra.insert("times".to_owned(), json!(times));
        }
        if let Some(of) = of.filter(|of| of.macs_left != of.macs) {
            extra.insert("macs_left".to_owned(), json!(of.macs_left));
        }
        Step {
            index: step as usize,
            layer: Some(layer as usize),
            operator: of.map(|of| of.operator.clone()).or_else(named).unwrap_or_default(),
            kernel: planned.map(|planned| planned.operator.name().to_owned()).unwrap_or_default(),
            shape: of.map(|of| of.shape.clone()),
            macs: of.map_or(0, |of| of.macs),
            arena_bytes: planned.map(in_arena),
            extra,
            ..Step::default()
        }
    }

    fn record(&self, contents: &Contents, stack: &StackUse, same_bytes: bool) -> Record {
        let Request { board, model, compiled, .. } = *self.request;
        let sizes = &contents.sizes;
        let extra = [
            ("board", json!({"name": board.name, "core": board.core, "target": board.target})),
            ("isa", json!(compiled.options.isa.name())),
            ("profile", json!(self.request.profile.name())),
            ("dead_work_removed", json!(compiled.options.dead_work)),
            ("same_bytes", json!(same_bytes)),
            ("macs_left", json!(self.layers.values().map(|layer| layer.macs_left).sum::<u64>())),
            ("stack_bytes", json!(stack.deepest_bytes)),
            ("model_stack_bytes", json!(stack.model_bytes)),
            ("sizes", json!(sizes)),
            ("flash_bytes", json!(sizes.flash_bytes())),
            ("ram_bytes", json!(sizes.ram_bytes())),
        ];
        Record {
            schema: SCHEMA,
            model: record::Model { name: model.name.clone(), sha256: golden::sha256(&model.bytes) },
            target: board.name.clone(),
            obtained: Obtained::Simulated,
            tools: BTreeMap::from([
                ("microjoule".to_owned(), env!("CARGO_PKG_VERSION").to_owned()),
                ("rustc".to_owned(), contents.compiler.clone().unwrap_or_else(|| "unknown".to_owned())),
            ]),
            clock_hz: None,
            batch: None,
            place: None,
            total: Total {
                macs: self.layers.values().map(|layer| layer.macs).sum(),
                instructions: None,
                cycles: None,
                microseconds: None,
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
            steps: Vec::new(),
            extra: extra.map(|(key, value)| (key.to_owned(), value)).into(),
        }
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
