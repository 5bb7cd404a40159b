//! The gate: every limit of a budget, judged.

use serde::{Deserialize, Serialize};

use crate::{
    baseline::Comparison,
    error::BudgetError,
    file::{At, Budget, ModelBudget, Target, Tier},
    judgement::Judgement,
    lever::{Lever, Variant, levers},
    metric::Metric,
    quantisation::Loss,
    record::{Obtained, Record},
    verdict::Verdict,
};

/// The version of the gate's JSON.
pub const SCHEMA: u32 = 1;

/// Why a bench has no figure.
pub type Cause = Box<dyn std::error::Error + Send + Sync>;

/// Where figures come from: a simulator, files of records.
pub trait Bench {
    /// What a model takes of a target.
    ///
    /// # Errors
    /// Any; it ends the gate, at the target's line.
    fn record(&mut self, model: &ModelBudget, tier: &Tier, target: &Target) -> Result<Record, Cause>;

    /// Variants of the model and of how it is run, priced on a target; none where nothing can be varied.
    fn variants(&mut self, model: &ModelBudget, tier: &Tier, target: &Target) -> Vec<Variant>;

    /// The size of the model's file; nothing where it has none.
    ///
    /// # Errors
    /// Any; it ends the gate, at the model's line.
    fn file_bytes(&mut self, model: &ModelBudget) -> Result<Option<u64>, Cause>;

    /// What quantisation loses; nothing where the data are absent, with what is absent.
    ///
    /// # Errors
    /// Any; it ends the gate, at the line that names the data.
    fn loss(&mut self, model: &ModelBudget) -> Result<Result<Loss, String>, Cause>;
}

/// Whether a figure too close to its limit keeps the gate shut.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Strictness {
    /// It passes with a warning.
    #[default]
    Lenient,
    /// It keeps the gate shut.
    Strict,
}

/// All verdicts.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Gate {
    /// [`SCHEMA`].
    pub schema: u32,
    /// The budget's file.
    pub budget: String,
    /// Whether the gate opens.
    pub passed: bool,
    /// What became of figures too close to their limit.
    pub strictness: Strictness,
    /// How often each verdict was given.
    pub counts: Counts,
    /// Every tier on every target.
    pub runs: Vec<Run>,
    /// Against an earlier run, where there is one.
    pub baseline: Option<Comparison>,
}

/// How often each verdict was given.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct Counts {
    /// Limits kept.
    pub pass: usize,
    /// Error bars across the limit.
    pub too_close: usize,
    /// Limits not kept.
    pub fail: usize,
    /// Limits without a figure.
    pub not_judged: usize,
}

/// A tier on a target; without a target, what is the same on all.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Run {
    /// The model.
    pub model: String,
    /// The tier.
    pub tier: String,
    /// The target.
    pub target: Option<String>,
    /// How its figures were obtained.
    pub obtained: Option<Obtained>,
    /// The verdicts.
    pub judged: Vec<Judgement>,
    /// What would fit, where something does not.
    pub levers: Vec<Lever>,
    /// What is known to be wrong with the target's figures.
    pub known_wrong: Vec<String>,
    /// All figures.
    pub record: Option<Record>,
}

/// Judges a budget.
///
/// # Errors
/// [`BudgetError::Target`] where the bench has no answer.
pub fn judge(budget: &Budget, bench: &mut dyn Bench, strictness: Strictness) -> Result<Gate, BudgetError> {
    let mut runs = Vec::new();
    for model in &budget.models {
        // Asked first, so that a model that cannot be had is told at its own line.
        let at = model.at;
        let file_bytes = bench.file_bytes(model).map_err(|reason| told_at(budget, at, reason))?;
        for tier in &model.tiers {
            let judging = Judging { budget, model, tier, file_bytes };
            let first = runs.len();
            for target in &tier.targets {
                runs.push(judging.on(bench, target)?);
            }
            // What is the same everywhere stands before, with the first target's steps to blame.
            let record = runs.get(first).and_then(|run: &Run| run.record.as_ref());
            if let Some(run) = judging.everywhere(bench, record)? {
                runs.insert(first, run);
            }
        }
    }
    let mut gate = Gate {
        schema: SCHEMA,
        budget: budget.file.clone(),
        passed: false,
        strictness,
        counts: Counts::default(),
        runs,
        baseline: None,
    };
    gate.count();
    Ok(gate)
}

impl Gate {
    /// What was taken of each target.
    pub fn records(&self) -> impl Iterator<Item = &Record> {
        self.runs.iter().filter_map(|run| run.record.as_ref())
    }

    /// Adds a comparison; regressions keep the gate shut.
    pub fn with_baseline(mut self, comparison: Comparison) -> Self {
        self.baseline = Some(comparison);
        self.count();
        self
    }

    fn count(&mut self) {
        let mut counts = Counts::default();
        for judged in self.runs.iter().flat_map(|run| &run.judged) {
            let count = match judged.verdict {
                Verdict::Pass => &mut counts.pass,
                Verdict::TooClose => &mut counts.too_close,
                Verdict::Fail => &mut counts.fail,
                Verdict::NotJudged => &mut counts.not_judged,
            };
            *count += 1;
        }
        let regressed = self.baseline.as_ref().is_some_and(|comparison| comparison.regressions().count() > 0);
        let close = counts.too_close > 0 && self.strictness == Strictness::Strict;
        self.passed = counts.fail == 0 && counts.not_judged == 0 && !close && !regressed;
        self.counts = counts;
    }
}

/// What is being judged.
struct Judging<'a> {
    budget: &'a Budget,
    model: &'a ModelBudget,
    tier: &'a Tier,
    file_bytes: Option<u64>,
}

fn told_at(budget: &Budget, at: At, reason: Cause) -> BudgetError {
    BudgetError::Target { file: budget.file.clone(), line: at.line, column: at.column, reason }
}

impl Judging<'_> {
    fn on(&self, bench: &mut dyn Bench, target: &Target) -> Result<Run, BudgetError> {
        let (model, tier, width) = (self.model, self.tier, self.budget.error_bar);
        let record =
            bench.record(model, tier, target).map_err(|reason| told_at(self.budget, target.at, reason))?;
        let limits = tier.limits.iter().filter(|limit| !limit.metric.of_the_model());
        let judged: Vec<_> = limits.map(|limit| Judgement::of_record(limit, &record, width)).collect();
        let levers = if judged.iter().any(Judgement::wants_a_lever) {
            levers(&judged, &record, &bench.variants(model, tier, target), width)
        } else {
            Vec::new()
        };
        Ok(Run {
            model: model.name.clone(),
            tier: tier.name.clone(),
            target: Some(record.target.clone()),
            obtained: Some(record.obtained),
            judged,
            levers,
            known_wrong: record.known_wrong.clone(),
            record: Some(record),
        })
    }

    fn everywhere(&self, bench: &mut dyn Bench, record: Option<&Record>) -> Result<Option<Run>, BudgetError> {
        let (model, tier, width) = (self.model, self.tier, self.budget.error_bar);
        let mut judged = Vec::new();
        for limit in tier.limits.iter().filter(|limit| limit.metric.of_the_model()) {
            judged.push(match limit.metric {
                Metric::FileSize => Judgement::file_size(limit, self.file_bytes, record),
                _ => {
                    let at = model.quantisation.as_ref().map_or(limit.at, |from| from.at());
                    let loss = bench.loss(model).map_err(|reason| told_at(self.budget, at, reason))?;
                    Judgement::quantisation(limit, loss)
                }
            });
        }
        if judged.is_empty() {
            return Ok(None);
        }
        let levers = match (record, tier.targets.first()) {
            (Some(record), Some(target)) if judged.iter().any(Judgement::wants_a_lever) => {
                levers(&judged, record, &bench.variants(model, tier, target), width)
            }
            _ => Vec::new(),
        };
        Ok(Some(Run {
            model: model.name.clone(),
            tier: tier.name.clone(),
            target: None,
            obtained: None,
            judged,
            levers,
            known_wrong: Vec::new(),
            record: None,
        }))
    }
}
