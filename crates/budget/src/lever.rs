//! What would fit: variants of a model and of how it is run, each priced anew.

use serde::{Deserialize, Serialize};

use crate::{
    judgement::Judgement,
    metric::{Metric, Width},
    record::Record,
    verdict::{Figure, Verdict},
};

/// How many are offered.
const OFFERED: usize = 3;

/// A changed model, or another way to run it, and its record.
#[derive(Clone, Debug, PartialEq)]
pub struct Variant {
    /// What is changed: `input`, `channels`, `weights`, … Variants of a family come from mild to strong.
    pub family: String,
    /// The change in words.
    pub text: String,
    /// What it takes of the machine.
    pub record: Record,
}

/// A change, and what becomes of the limits that were not kept.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Lever {
    /// What is changed.
    pub family: String,
    /// The change in words.
    pub text: String,
    /// Whether every limit of the run would pass.
    pub fits: bool,
    /// The share by which the worst figure falls.
    pub saving: f64,
    /// The figures that were too large, after the change.
    pub after: Vec<After>,
}

/// A figure after a change.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct After {
    /// Which.
    pub metric: Metric,
    /// The figure.
    pub value: f64,
    /// What the limit says to it.
    pub verdict: Verdict,
}

/// The size of the file of a variant: what weights grow or shrink, the file does too.
fn file_size(before: f64, base: &Record, variant: &Record) -> Option<f64> {
    let (from, to) = (base.total.weight_bytes?, variant.total.weight_bytes?);
    Some((before - from as f64 + to as f64).max(to as f64))
}

/// The figure of a limit for a variant.
fn figure(judged: &Judgement, base: &Record, variant: &Record, width: Width) -> Option<Figure> {
    let metric = judged.metric;
    let value = match metric {
        Metric::FileSize => file_size(judged.value?, base, variant)?,
        _ => metric.of(variant)?,
    };
    Some(Figure { value, error: metric.error(variant, width) })
}

/// The levers that help most: of each family the mildest variant that makes all limits pass, or else the one that
/// saves most. Those that fit come first, then by what they save.
pub fn levers(judged: &[Judgement], base: &Record, variants: &[Variant], width: Width) -> Vec<Lever> {
    let broken: Vec<&Judgement> = judged
        .iter()
        .filter(|one| one.wants_a_lever() && one.metric != Metric::QuantisationLoss && one.value.is_some())
        .collect();
    let worst = broken.iter().max_by(|a, b| {
        let far = |one: &Judgement| one.value.map_or(0.0, |value| value / one.limit);
        far(a).total_cmp(&far(b))
    });
    let Some(worst) = worst else { return Vec::new() };
    let mut best: Vec<Lever> = Vec::new();
    for variant in variants {
        let Some(lever) = pull(judged, &broken, worst, base, variant, width) else { continue };
        match best.iter_mut().find(|known| known.family == lever.family) {
            None => best.push(lever),
            Some(known) if known.fits => {}
            Some(known) if lever.fits || lever.saving > known.saving => *known = lever,
            Some(_) => {}
        }
    }
    best.sort_by(|a, b| b.fits.cmp(&a.fits).then(b.saving.total_cmp(&a.saving)));
    best.truncate(OFFERED);
    best
}

fn pull(
    judged: &[Judgement],
    broken: &[&Judgement],
    worst: &Judgement,
    base: &Record,
    variant: &Variant,
    width: Width,
) -> Option<Lever> {
    let of = |one: &Judgement| figure(one, base, &variant.record, width);
    let saving = 1.0 - of(worst)?.value / worst.value?;
    if saving < 0.005 {
        return None;
    }
    let mut after = Vec::new();
    for one in broken {
        let figure = of(one)?;
        after.push(After { metric: one.metric, value: figure.value, verdict: figure.judge(one.limit) });
    }
    // A lever must not break what is kept: what passed has to pass still.
    let keeps = judged
        .iter()
        .filter(|one| one.verdict == Verdict::Pass && one.metric != Metric::QuantisationLoss)
        .all(|one| of(one).is_some_and(|figure| figure.judge(one.limit) == Verdict::Pass));
    let fits = keeps && after.iter().all(|one| one.verdict == Verdict::Pass);
    let Variant { family, text, .. } = variant;
    Some(Lever { family: family.clone(), text: text.clone(), fits, saving, after })
}
