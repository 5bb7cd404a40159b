//! `budget.toml`: limits per model and tier, each against machines or recorded measurements.

use std::{
    collections::BTreeMap,
    fmt,
    ops::Range,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Deserializer, de};
use toml::Spanned;

use crate::{
    error::{BudgetError, place, split_expected},
    metric::{Metric, Width},
    unit::Dimension,
};

/// What a budget file says.
#[derive(Clone, Debug, PartialEq)]
pub struct Budget {
    /// The file, for messages.
    pub file: String,
    /// Which error bar verdicts use.
    pub error_bar: Width,
    /// By how much a figure may grow over its baseline.
    pub regression: BTreeMap<Metric, f64>,
    /// The models.
    pub models: Vec<ModelBudget>,
}

/// By how much a figure may grow over its baseline where the file does not say.
pub const REGRESSION: f64 = 0.02;

/// The limits of one model.
#[derive(Clone, Debug, PartialEq)]
pub struct ModelBudget {
    /// What reports call it.
    pub name: String,
    /// A `.tflite` model or a layer list, relative to the budget's folder; or the name of a shipped network.
    pub file: String,
    /// Where `file` is said.
    pub at: At,
    /// Where the loss by quantisation is to be taken from.
    pub quantisation: Option<Quantisation>,
    /// The tiers.
    pub tiers: Vec<Tier>,
}

/// A class of product with limits of its own.
#[derive(Clone, Debug, PartialEq)]
pub struct Tier {
    /// Its name.
    pub name: String,
    /// What it is held on.
    pub targets: Vec<Target>,
    /// `auto`, `ne`, `gpu` or `cpu`.
    pub place: String,
    /// What automatic placement makes least: `latency` or `energy`.
    pub least: String,
    /// Inputs at once; nothing for what the model says.
    pub batch: Option<u64>,
    /// The limits, in the order of [`Metric::ALL`].
    pub limits: Vec<Limit>,
}

/// What a tier is held on.
#[derive(Clone, Debug, PartialEq)]
pub struct Target {
    /// Machine or record.
    pub kind: TargetKind,
    /// Where it is said.
    pub at: At,
}

/// A machine to be simulated, or what was recorded on a real or an emulated one.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum TargetKind {
    /// A name, or a machine file.
    Machine(String),
    /// A record file, relative to the budget's folder.
    Record(PathBuf),
}

/// A limit.
#[derive(Clone, Debug, PartialEq)]
pub struct Limit {
    /// On what.
    pub metric: Metric,
    /// How much, in the unit of [`Metric::dimension`].
    pub value: f64,
    /// As the file says it.
    pub text: String,
    /// Where.
    pub at: At,
}

/// Line and column, from 1.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct At {
    /// The line.
    pub line: usize,
    /// The column, in characters.
    pub column: usize,
}

/// Where the loss by quantisation is to be taken from. Paths are relative to the budget's folder.
#[derive(Clone, Debug, PartialEq)]
pub enum Quantisation {
    /// The `[accuracy]` table of a `model.toml`: `float` and `int8`, shares of right answers.
    Accuracy {
        /// The file.
        file: PathBuf,
        /// Where it is said.
        at: At,
    },
    /// Outputs, one row for each sample.
    Outputs {
        /// Of the float model.
        float: PathBuf,
        /// Of the int8 model.
        int8: Int8Outputs,
        /// The right answers: an index in each row.
        labels: Option<PathBuf>,
        /// How the loss is computed.
        measure: Measure,
        /// Where it is said.
        at: At,
    },
}

impl Quantisation {
    /// Where the file says so.
    pub const fn at(&self) -> At {
        match self {
            Self::Accuracy { at, .. } | Self::Outputs { at, .. } => *at,
        }
    }
}

/// Where int8 outputs come from.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Int8Outputs {
    /// They are given.
    Given(PathBuf),
    /// The model is run on these inputs: real numbers, a row for each sample.
    Run(PathBuf),
}

/// How a loss is computed.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "lowercase")]
pub enum Measure {
    /// With labels: right answers of float less those of int8. Without: how often the first answer is another.
    #[default]
    Top1,
    /// The root of the mean square of the difference, relative to that of the float outputs.
    Rms,
}

impl Budget {
    /// Reads a budget. `file` is for messages.
    ///
    /// # Errors
    /// [`BudgetError::Malformed`] with the line.
    pub fn from_toml(file: &str, text: &str) -> Result<Self, BudgetError> {
        let reader = Reader { file, text };
        let raw: RawBudget = toml::from_str(text).map_err(|error| {
            let otherwise = "a budget: [[model]] with name and file, [[model.tier]] with machines and limits";
            let (found, expected) = split_expected(error.message(), otherwise);
            reader.malformed(error.span().unwrap_or_default(), found, &expected)
        })?;
        reader.budget(raw)
    }

    /// Reads a budget from a file.
    ///
    /// # Errors
    /// [`BudgetError::Read`], and those of [`Budget::from_toml`].
    pub fn read(path: &Path) -> Result<Self, BudgetError> {
        let file = path.display().to_string();
        let text = std::fs::read_to_string(path)
            .map_err(|reason| BudgetError::Read { file: file.clone(), reason })?;
        Self::from_toml(&file, &text)
    }

    /// By how much a figure may grow over its baseline.
    pub fn threshold(&self, metric: Metric) -> f64 {
        self.regression.get(&metric).copied().unwrap_or(REGRESSION)
    }
}

/// A text that should be a quantity.
#[derive(Debug)]
struct Quantity(String);

impl<'de> Deserialize<'de> for Quantity {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl de::Visitor<'_> for Visitor {
            type Value = Quantity;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a quantity in quotes with its unit, such as \"18 ms\" or \"300 KiB\"")
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<Quantity, E> {
                Ok(Quantity(text.to_owned()))
            }
        }
        deserializer.deserialize_str(Visitor)
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawBudget {
    #[serde(default)]
    error_bar: Width,
    #[serde(default)]
    regression: BTreeMap<Metric, Spanned<Quantity>>,
    #[serde(default)]
    model: Vec<RawModel>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawModel {
    name: Spanned<String>,
    file: Spanned<String>,
    quantisation: Option<Spanned<RawQuantisation>>,
    #[serde(default)]
    tier: Vec<Spanned<RawTier>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawQuantisation {
    accuracy: Option<PathBuf>,
    float: Option<PathBuf>,
    int8: Option<PathBuf>,
    inputs: Option<PathBuf>,
    labels: Option<PathBuf>,
    measure: Option<Measure>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawTier {
    name: Spanned<String>,
    #[serde(default)]
    machines: Vec<Spanned<String>>,
    #[serde(default)]
    records: Vec<Spanned<String>>,
    place: Option<Spanned<String>>,
    least: Option<Spanned<String>>,
    batch: Option<Spanned<i64>>,
    latency: Option<Spanned<Quantity>>,
    average_power: Option<Spanned<Quantity>>,
    peak_power: Option<Spanned<Quantity>>,
    energy: Option<Spanned<Quantity>>,
    peak_memory: Option<Spanned<Quantity>>,
    file_size: Option<Spanned<Quantity>>,
    quantisation_loss: Option<Spanned<Quantity>>,
}

struct Reader<'a> {
    file: &'a str,
    text: &'a str,
}

impl Reader<'_> {
    fn at(&self, span: Range<usize>) -> At {
        let (line, column) = place(self.text, span.start);
        At { line, column }
    }

    fn malformed(&self, span: Range<usize>, found: String, expected: &str) -> BudgetError {
        let At { line, column } = self.at(span);
        let expected = expected.to_owned();
        BudgetError::Malformed { file: self.file.to_owned(), line, column, found, expected }
    }

    fn budget(&self, raw: RawBudget) -> Result<Budget, BudgetError> {
        if raw.model.is_empty() {
            return Err(self.malformed(0..0, "no model".into(), "at least one [[model]]"));
        }
        let mut regression = BTreeMap::new();
        for (metric, text) in raw.regression {
            let (_, share) = self.quantity(Dimension::Share, &text)?;
            regression.insert(metric, share);
        }
        let mut models: Vec<ModelBudget> = Vec::new();
        for model in raw.model {
            let span = model.name.span();
            let model = self.model(model)?;
            if models.iter().any(|known| known.name == model.name) {
                return Err(self.malformed(
                    span,
                    format!("a second model called `{}`", model.name),
                    "a name for each model; several tiers of one are [[model.tier]]s",
                ));
            }
            models.push(model);
        }
        Ok(Budget { file: self.file.to_owned(), error_bar: raw.error_bar, regression, models })
    }

    fn model(&self, raw: RawModel) -> Result<ModelBudget, BudgetError> {
        let name = self.word(&raw.name, "a name")?;
        let file =
            self.word(&raw.file, "a .tflite model, a layer list (.json), or a shipped network's name")?;
        if raw.tier.is_empty() {
            return Err(self.malformed(
                raw.name.span(),
                format!("model `{name}` has no tier"),
                "at least one [[model.tier]] with limits",
            ));
        }
        let quantisation = raw.quantisation.map(|raw| self.quantisation(raw)).transpose()?;
        let mut tiers: Vec<Tier> = Vec::new();
        for tier in raw.tier {
            let span = tier.get_ref().name.span();
            let tier = self.tier(tier)?;
            let wanted = tier.limits.iter().find(|limit| limit.metric == Metric::QuantisationLoss);
            if let (Some(limit), None) = (wanted, &quantisation) {
                let At { line, column } = limit.at;
                return Err(BudgetError::Malformed {
                    file: self.file.to_owned(),
                    line,
                    column,
                    found: "a limit on the loss by quantisation, and nothing to take it from".into(),
                    expected: "[model.quantisation] with `accuracy`, or with `float` and `int8` or `inputs`"
                        .into(),
                });
            }
            if tiers.iter().any(|known| known.name == tier.name) {
                let found = format!("a second tier called `{}`", tier.name);
                return Err(self.malformed(span, found, "a name for each tier of a model"));
            }
            tiers.push(tier);
        }
        Ok(ModelBudget { name, file, at: self.at(raw.file.span()), quantisation, tiers })
    }

    fn quantisation(&self, raw: Spanned<RawQuantisation>) -> Result<Quantisation, BudgetError> {
        let at = self.at(raw.span());
        let span = raw.span();
        let raw = raw.into_inner();
        match raw {
            RawQuantisation {
                accuracy: Some(file),
                float: None,
                int8: None,
                inputs: None,
                labels: None,
                measure: None,
            } => Ok(Quantisation::Accuracy { file, at }),
            RawQuantisation { accuracy: None, float: Some(float), int8, inputs, labels, measure } => {
                let int8 = match (int8, inputs) {
                    (Some(given), None) => Int8Outputs::Given(given),
                    (None, Some(inputs)) => Int8Outputs::Run(inputs),
                    _ => {
                        let found = "int8 outputs from nowhere or from two places".to_owned();
                        return Err(self.malformed(
                            span,
                            found,
                            "either `int8` (outputs) or `inputs` (to be run)",
                        ));
                    }
                };
                let measure = measure.unwrap_or_default();
                Ok(Quantisation::Outputs { float, int8, labels, measure, at })
            }
            _ => Err(self.malformed(
                span,
                "no single way to tell the loss by quantisation".into(),
                "either `accuracy` (a model.toml), or `float` with `int8` or `inputs`",
            )),
        }
    }

    fn tier(&self, raw: Spanned<RawTier>) -> Result<Tier, BudgetError> {
        let raw = raw.into_inner();
        let name = self.word(&raw.name, "a name")?;
        let limits = self.limits(&raw)?;
        if limits.is_empty() {
            let all: Vec<_> = Metric::ALL.iter().map(|metric| metric.key()).collect();
            let expected = format!("at least one of {}", all.join(", "));
            return Err(self.malformed(raw.name.span(), format!("tier `{name}` limits nothing"), &expected));
        }
        let mut targets: Vec<Target> = Vec::new();
        for (text, recorded) in
            raw.machines.iter().map(|text| (text, false)).chain(raw.records.iter().map(|text| (text, true)))
        {
            let word = self.word(text, "a machine's name or file, or a record's file")?;
            let kind = if recorded { TargetKind::Record(word.into()) } else { TargetKind::Machine(word) };
            if targets.iter().any(|known| known.kind == kind) {
                let found = format!("`{}` twice", text.get_ref());
                return Err(self.malformed(text.span(), found, "each machine once"));
            }
            targets.push(Target { kind, at: self.at(text.span()) });
        }
        let on_machines = limits.iter().find(|limit| !limit.metric.of_the_model());
        if let (Some(limit), true) = (on_machines, targets.is_empty()) {
            return Err(self.malformed(
                raw.name.span(),
                format!("tier `{name}` limits {} on no machine", limit.metric.name()),
                "machines = [\"…\"] (cargo xtask sim --list names them) or records = [\"….json\"]",
            ));
        }
        let place = self.one_of(raw.place.as_ref(), &["ne", "auto", "gpu", "cpu"])?;
        let least = self.one_of(raw.least.as_ref(), &["latency", "energy"])?;
        let batch = match raw.batch {
            None => None,
            Some(batch) => {
                let value = u64::try_from(*batch.get_ref()).ok().filter(|batch| (1..=65_536).contains(batch));
                let found = || format!("batch = {}", batch.get_ref());
                Some(
                    value
                        .ok_or_else(|| self.malformed(batch.span(), found(), "1 to 65536 inputs at once"))?,
                )
            }
        };
        Ok(Tier { name, targets, place, least, batch, limits })
    }

    fn limits(&self, raw: &RawTier) -> Result<Vec<Limit>, BudgetError> {
        let texts = [
            (Metric::Latency, &raw.latency),
            (Metric::AveragePower, &raw.average_power),
            (Metric::PeakPower, &raw.peak_power),
            (Metric::Energy, &raw.energy),
            (Metric::PeakMemory, &raw.peak_memory),
            (Metric::FileSize, &raw.file_size),
            (Metric::QuantisationLoss, &raw.quantisation_loss),
        ];
        let mut limits = Vec::new();
        for (metric, text) in texts {
            if let Some(spanned) = text {
                let (text, value) = self.quantity(metric.dimension(), spanned)?;
                limits.push(Limit { metric, value, text, at: self.at(spanned.span()) });
            }
        }
        Ok(limits)
    }

    fn quantity(&self, dimension: Dimension, text: &Spanned<Quantity>) -> Result<(String, f64), BudgetError> {
        let Quantity(said) = text.get_ref();
        match dimension.parse(said) {
            Some(value) => Ok((said.trim().to_owned(), value)),
            None => Err(self.malformed(text.span(), format!("\"{said}\""), dimension.expected())),
        }
    }

    fn word(&self, text: &Spanned<String>, expected: &str) -> Result<String, BudgetError> {
        let word = text.get_ref().trim();
        if word.is_empty() {
            return Err(self.malformed(text.span(), "an empty text".into(), expected));
        }
        Ok(word.to_owned())
    }

    /// One of a few words; the first where nothing is said.
    fn one_of(&self, text: Option<&Spanned<String>>, words: &[&str]) -> Result<String, BudgetError> {
        let Some(text) = text else {
            return Ok(words.first().copied().unwrap_or_default().to_owned());
        };
        let word = text.get_ref();
        if words.contains(&word.as_str()) {
            return Ok(word.clone());
        }
        let expected = format!("one of {}", words.join(", "));
        Err(self.malformed(text.span(), format!("\"{word}\""), &expected))
    }
}
