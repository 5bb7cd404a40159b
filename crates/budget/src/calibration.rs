//! What a prediction has to be multiplied by to be what hardware says.

use std::{collections::BTreeMap, path::Path};

use serde::{Deserialize, Serialize};

use crate::{
    error::BudgetError,
    record::{Obtained, Record},
    side_by_side::SideBySide,
};

/// Factors for predictions of one machine, with what they rest on.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Calibration {
    /// 1.
    pub schema: u32,
    /// The machine whose predictions are corrected.
    pub target: String,
    /// What the factors rest on: `measured on nucleo-l4r5zi`.
    pub reference: String,
    /// The model whose figures they are of.
    pub model: String,
    /// Its hash.
    pub sha256: String,
    /// For latency.
    pub latency: Option<f64>,
    /// For energy.
    pub energy: Option<f64>,
    /// For latency by operator, where the reference has steps; takes the place of `latency` there.
    #[serde(default)]
    pub operators: BTreeMap<String, f64>,
}

impl Calibration {
    /// Of the simulated record among some, by the reference; nothing where either is missing.
    #[must_use]
    pub fn of(side: &SideBySide, records: &[Record]) -> Option<Self> {
        let simulated = records.iter().position(|record| record.obtained == Obtained::Simulated)?;
        let (prediction, reference) = (records.get(simulated)?, records.get(side.reference)?);
        if simulated == side.reference {
            return None;
        }
        let inverse = |ratio: Option<f64>| ratio.filter(|ratio| *ratio > 0.0).map(f64::recip);
        let [latency, energy] = side.ratios(side.rows.first()?, simulated).map(inverse);
        let mut sums: BTreeMap<String, (f64, f64)> = BTreeMap::new();
        for row in side.rows.iter().filter(|row| row.layer.is_some()) {
            let time = |column: usize| row.figures.get(column).and_then(|figures| figures.microseconds);
            // By the prediction's own word for the operator, which is what is corrected.
            let step =
                prediction.steps.iter().find(|step| Some(step.layer.unwrap_or(step.index)) == row.layer);
            if let Some(((predicted, known), step)) = time(simulated).zip(time(side.reference)).zip(step) {
                let sum = sums.entry(step.operator.clone()).or_default();
                *sum = (sum.0 + predicted, sum.1 + known);
            }
        }
        let operators = sums.into_iter().filter(|(_, (predicted, _))| *predicted > 0.0);
        Some(Self {
            schema: 1,
            target: prediction.target.clone(),
            reference: format!("{} on {}", reference.obtained.name(), reference.target),
            model: prediction.model.name.clone(),
            sha256: prediction.model.sha256.clone(),
            latency,
            energy,
            operators: operators.map(|(name, (predicted, known))| (name, known / predicted)).collect(),
        })
    }

    /// Reads a file.
    ///
    /// # Errors
    /// [`BudgetError::Read`]; [`BudgetError::Compared`] with what is wrong in it.
    pub fn read(path: &Path) -> Result<Self, BudgetError> {
        let file = path.display().to_string();
        let text = std::fs::read_to_string(path)
            .map_err(|reason| BudgetError::Read { file: file.clone(), reason })?;
        let compared = |reason: String| BudgetError::Compared { reason: format!("{file}: {reason}") };
        let read: Self = toml::from_str(&text).map_err(|error| compared(error.to_string()))?;
        let factors = read.latency.iter().chain(&read.energy).chain(read.operators.values());
        match factors.copied().find(|factor| !factor.is_finite() || *factor <= 0.0) {
            Some(factor) => Err(compared(format!("a factor of {factor}, expected one above 0"))),
            None if read.schema != 1 => Err(compared(format!("schema {}, expected 1", read.schema))),
            None => Ok(read),
        }
    }

    /// As a file.
    ///
    /// # Errors
    /// [`BudgetError::Compared`], where a factor is no number that a file can hold.
    pub fn text(&self) -> Result<String, BudgetError> {
        let text = toml::to_string(self)
            .map_err(|error| BudgetError::Compared { reason: format!("the calibration: {error}") })?;
        Ok(format!("# Factors for predictions, by `cargo xtask compare`.\n{text}"))
    }

    /// Corrects a prediction, and notes that in it.
    ///
    /// # Errors
    /// [`BudgetError::Compared`] for a prediction of another machine, or what is none.
    pub fn apply(&self, record: &mut Record) -> Result<(), BudgetError> {
        if record.obtained != Obtained::Simulated || record.target != self.target {
            let found = format!("{} on {}", record.obtained.name(), record.target);
            let reason =
                format!("the calibration is for predictions of {}, not for what is {found}", self.target);
            return Err(BudgetError::Compared { reason });
        }
        let scale = |figure: &mut Option<f64>, factor: Option<f64>| {
            *figure = figure.map(|figure| figure * factor.unwrap_or(1.0));
        };
        let total = &mut record.total;
        scale(&mut total.microseconds, self.latency);
        scale(&mut total.milliseconds, self.latency);
        scale(&mut total.microjoules, self.energy);
        total.cycles =
            total.cycles.map(|cycles| (cycles as f64 * self.latency.unwrap_or(1.0)).round() as u64);
        for step in &mut record.steps {
            let latency = self.operators.get(&step.operator).copied().or(self.latency);
            scale(&mut step.microseconds, latency);
            scale(&mut step.microjoules, self.energy);
            step.cycles = step.cycles.map(|cycles| (cycles as f64 * latency.unwrap_or(1.0)).round() as u64);
        }
        for part in record.energy_parts.values_mut() {
            *part *= self.energy.unwrap_or(1.0);
        }
        if let Some(power) = &mut record.power {
            let factor = self.energy.unwrap_or(1.0) / self.latency.unwrap_or(1.0);
            power.average_w *= factor;
            power.peak_w *= factor;
        }
        record.tools.insert("calibration".to_owned(), format!("{}, {}", self.reference, self.model));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(obtained: &str, microseconds: f64, microjoules: f64) -> Record {
        let record = serde_json::json!({
            "schema": 1, "model": {"name": "kws", "sha256": "ab"}, "target": "m4", "obtained": obtained, "tools": {},
            "clock_hz": null,
            "total": {
                "macs": 0, "instructions": null, "cycles": 1000, "microseconds": microseconds,
                "microjoules": microjoules, "arena_bytes": null, "code_bytes": null, "weight_bytes": null
            },
            "steps": [{
                "index": 0, "layer": 0, "operator": "CONV_2D", "kernel": "", "macs": 0, "instructions": null,
                "cycles": null, "microseconds": microseconds / 2.0, "microjoules": null
            }]
        });
        Record::from_json("a test", &record.to_string()).unwrap()
    }

    #[test]
    fn a_corrected_prediction_is_what_was_measured() {
        let records = [record("simulated", 100.0, 30.0), record("measured", 120.0, 60.0)];
        let calibration = Calibration::of(&SideBySide::of(&records).unwrap(), &records).unwrap();
        assert_eq!((calibration.latency, calibration.energy), (Some(1.2), Some(2.0)));
        assert_eq!(calibration.operators.get("CONV_2D"), Some(&1.2));
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("m4.toml");
        std::fs::write(&path, calibration.text().unwrap()).unwrap();
        let read = Calibration::read(&path).unwrap();
        assert_eq!(read, calibration);
        let mut corrected = records[0].clone();
        read.apply(&mut corrected).unwrap();
        assert_eq!((corrected.total.microseconds, corrected.total.microjoules), (Some(120.0), Some(60.0)));
        assert_eq!((corrected.total.cycles, corrected.steps[0].microseconds), (Some(1200), Some(60.0)));
        assert_eq!(corrected.tools["calibration"], "measured on m4, kws");
    }

    #[test]
    fn what_is_measured_is_not_corrected() {
        let records = [record("simulated", 100.0, 30.0), record("measured", 120.0, 60.0)];
        let calibration = Calibration::of(&SideBySide::of(&records).unwrap(), &records).unwrap();
        let error = calibration.apply(&mut records[1].clone()).unwrap_err().to_string();
        assert!(error.contains("not for what is measured on m4"), "{error}");
    }

    #[test]
    fn factors_that_are_none_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("m4.toml");
        let file = "schema = 1\ntarget = 'm4'\nreference = 'measured'\nmodel = 'kws'\nsha256 = 'ab'\nlatency = 0.0\n";
        std::fs::write(&path, file).unwrap();
        let error = Calibration::read(&path).unwrap_err().to_string();
        assert!(error.contains("a factor of 0, expected one above 0"), "{error}");
    }
}
