//! Whether a model can run and what it needs, for people and for those who automate.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::{
    CompileError, CompileOptions, Compiled, Refusal, compile,
    graph::Graph,
    import::import,
    ops::{NodeView, macs, total_macs},
};

/// What a model needs, or why it cannot run.
#[derive(Clone, Debug)]
pub struct Report {
    /// The operators of the file, by name; none when the file cannot be read.
    pub operators: Vec<OperatorUse>,
    /// Every reason why it cannot run; none when it can.
    pub refusals: Vec<Refusal>,
    /// The plan that a device would run, when it can.
    pub compiled: Option<Compiled>,
    /// What work that no input can change costs, when it can run.
    pub dead_work: Option<DeadWork>,
}

/// A model with all its work, and without what no input can change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct DeadWork {
    /// Whether the plan does without.
    pub removed: bool,
    /// With all work; none when such a plan is over the budget.
    pub with: Option<Figures>,
    /// Without; none when such a plan is over the budget.
    pub without: Option<Figures>,
}

/// What a plan takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Figures {
    /// Multiply-adds of one run.
    pub macs: u64,
    /// Constants in flash.
    pub weight_bytes: usize,
    /// Memory of the tensors.
    pub arena_bytes: usize,
}

impl Figures {
    fn of(compiled: &Compiled) -> Self {
        Self {
            macs: total_macs(&compiled.graph),
            weight_bytes: compiled.layout.weights.len(),
            arena_bytes: compiled.layout.arena_bytes,
        }
    }
}

/// How often a model uses an operator.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct OperatorUse {
    /// The operator as a converter spells it.
    pub operator: String,
    /// How many of them the model has, in all its subgraphs.
    pub count: usize,
    /// The multiply-adds of all of them in one run; those of subgraphs are not counted, since they run as often as the
    /// data say.
    pub macs: u64,
}

impl Report {
    /// Whether the model can run.
    pub fn supported(&self) -> bool {
        self.compiled.is_some()
    }

    /// The multiply-adds of one run.
    pub fn macs(&self) -> u64 {
        self.operators.iter().map(|operator| operator.macs).fold(0, u64::saturating_add)
    }
}

/// Looks into a model, whatever is wrong with it.
pub fn report(name: &str, bytes: &[u8], options: CompileOptions) -> Report {
    let graph = tflite::Model::parse(bytes).ok().and_then(|model| import(name, &model).ok());
    let operators = graph.as_ref().map(operators).unwrap_or_default();
    match compile(name, bytes, options) {
        Ok(compiled) => {
            let removed = options.dead_work;
            let this = Some(Figures::of(&compiled));
            let other = compile(name, bytes, options.dead_work(!removed)).ok();
            let other = other.as_ref().map(Figures::of);
            let (with, without) = if removed { (other, this) } else { (this, other) };
            let dead_work = Some(DeadWork { removed, with, without });
            Report { operators, refusals: Vec::new(), compiled: Some(compiled), dead_work }
        }
        Err(error) => Report { operators, refusals: refusals(error), compiled: None, dead_work: None },
    }
}

fn operators(graph: &Graph) -> Vec<OperatorUse> {
    let mut uses: BTreeMap<String, OperatorUse> = BTreeMap::new();
    for (index, subgraph) in graph.subgraphs.iter().enumerate() {
        for node in &subgraph.nodes {
            let of = uses.entry(node.name()).or_default();
            of.count += 1;
            if index == 0 {
                of.macs = of.macs.saturating_add(macs(&NodeView { graph, node }));
            }
        }
    }
    uses.into_iter().map(|(operator, of)| OperatorUse { operator, ..of }).collect()
}

/// What is wrong with a model as a whole is a refusal like any other.
fn refusals(error: CompileError) -> Vec<Refusal> {
    let advice = match error {
        CompileError::Refused(refusals) => return refusals,
        CompileError::Read(_) => "the file is damaged or is no .tflite: fetch or convert it again",
        CompileError::OverBudget { .. } => {
            "allow the arena what it takes, or make the model's images smaller"
        }
        CompileError::TooLarge { .. } => "cut the model into several, or make it smaller",
    };
    vec![Refusal {
        step: None,
        subgraph: 0,
        operator: "model".into(),
        layer: String::new(),
        version: 0,
        types: String::new(),
        reason: error.to_string(),
        advice: advice.into(),
    }]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_cannot_be_read_is_one_refusal() {
        let report = report("damaged", b"not a model", CompileOptions::DEVICE);
        assert!(!report.supported() && report.operators.is_empty() && report.macs() == 0);
        let [refusal] = &report.refusals[..] else { panic!("{:?}", report.refusals) };
        assert_eq!((refusal.step, refusal.operator.as_str()), (None, "model"));
        assert!(!refusal.reason.is_empty() && refusal.advice.contains("convert it again"));
    }

    #[test]
    fn a_model_that_runs_has_operators_and_a_plan() {
        let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../../models/digits/model.tflite");
        let report = report("digits", &std::fs::read(file).unwrap(), CompileOptions::DEVICE);
        assert!(report.supported() && report.refusals.is_empty());
        let convolutions = report.operators.iter().find(|of| of.operator == "CONV_2D").unwrap();
        assert!(convolutions.count > 0 && convolutions.macs > 0);
        assert!(report.macs() >= convolutions.macs);
        let dead_work = report.dead_work.unwrap();
        assert!(dead_work.removed && dead_work.without == report.compiled.as_ref().map(Figures::of));
        assert_eq!(dead_work.with.unwrap().macs, report.macs());
    }
}
