//! The same model simulated, emulated and measured, side by side.

use crate::{
    error::BudgetError,
    record::{Obtained, Record, Step},
};

/// Records of one model next to each other, each held against the one that is nearest to hardware.
#[derive(Clone, Debug, PartialEq)]
pub struct SideBySide {
    /// In the order in which they were given.
    pub columns: Vec<Column>,
    /// Which of them the others are held against.
    pub reference: usize,
    /// Of the whole model, then step by step.
    pub rows: Vec<Row>,
}

/// Where a record's figures come from.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Column {
    /// The machine or board.
    pub target: String,
    /// How the figures were obtained.
    pub obtained: Obtained,
    /// Where a record has cycles and no time: the clock of another record, at which they are priced.
    pub priced_hz: Option<u64>,
}

/// Figures of one thing.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// The model's layer that the step begins with; nothing for the whole.
    pub layer: Option<usize>,
    /// The operator, or `total`.
    pub name: String,
    /// One for each column.
    pub figures: Vec<Figures>,
}

/// What one record has of a thing.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Figures {
    /// Latency.
    pub microseconds: Option<f64>,
    /// Energy.
    pub microjoules: Option<f64>,
}

impl SideBySide {
    /// Puts records next to each other.
    ///
    /// # Errors
    /// [`BudgetError::Compared`] where there are less than two, or they are of different models.
    pub fn of(records: &[Record]) -> Result<Self, BudgetError> {
        let [first, rest @ ..] = records else {
            return Err(BudgetError::Compared { reason: "there is nothing to compare".to_owned() });
        };
        if rest.is_empty() {
            return Err(BudgetError::Compared { reason: "one record has nothing beside it".to_owned() });
        }
        if let Some(other) = rest.iter().find(|record| !is_same_model(record, first)) {
            return Err(BudgetError::Compared {
                reason: format!(
                    "{} on {} is another model than {} on {}: their SHA-256 differ",
                    other.model.name, other.target, first.model.name, first.target
                ),
            });
        }
        let clock = records.iter().find_map(|record| record.clock_hz.filter(|hz| *hz > 0));
        let priced = |record: &Record| {
            clock.filter(|_| record.total.microseconds.is_none() && record.total.cycles.is_some())
        };
        let column = |record: &Record| Column {
            target: record.target.clone(),
            obtained: record.obtained,
            priced_hz: priced(record),
        };
        // The last of those that are nearest to hardware: what was given last is what the caller has at hand.
        let reference = records.iter().enumerate().max_by_key(|(_, record)| record.obtained);
        let mut rows = vec![Row {
            layer: None,
            name: "total".to_owned(),
            figures: records.iter().map(|record| total(record, clock)).collect(),
        }];
        rows.extend(steps(records, clock));
        let reference = reference.map_or(0, |(index, _)| index);
        Ok(Self { columns: records.iter().map(column).collect(), reference, rows })
    }

    /// Latency and energy of a column's cell over the reference's; nothing where either is not known.
    #[must_use]
    pub fn ratios(&self, row: &Row, column: usize) -> [Option<f64>; 2] {
        let (Some(of), Some(reference)) = (row.figures.get(column), row.figures.get(self.reference)) else {
            return [None; 2];
        };
        let ratio = |of: Option<f64>, reference: Option<f64>| {
            of.zip(reference).filter(|(_, reference)| *reference > 0.0).map(|(of, reference)| of / reference)
        };
        [ratio(of.microseconds, reference.microseconds), ratio(of.microjoules, reference.microjoules)]
    }

    /// A table for people. Every column says how it was obtained.
    #[must_use]
    pub fn table(&self) -> String {
        let name = self.rows.iter().map(|row| row.name.chars().count()).max().unwrap_or(0).max(8);
        let mut text = String::new();
        for (index, column) in self.columns.iter().enumerate() {
            let held = if index == self.reference { ", which the others are held against" } else { "" };
            let priced = column.priced_hz.map_or_else(String::new, |hz| format!(", cycles at {hz} Hz"));
            text += &format!("[{index}] {} on {}{priced}{held}\n", column.obtained.name(), column.target);
        }
        text += &format!("\n{:>5}  {:<name$}", "layer", "operator");
        for index in 0..self.columns.len() {
            text += &format!("  {:>12} {:>12}", format!("[{index}] µs"), "µJ");
            if index != self.reference {
                text += &format!(" {:>7} {:>7}", "ratio", "ratio");
            }
        }
        text.push('\n');
        for row in &self.rows {
            let layer = row.layer.map_or_else(String::new, |layer| layer.to_string());
            text += &format!("{layer:>5}  {:<name$}", row.name);
            for (index, figures) in row.figures.iter().enumerate() {
                text += &format!("  {:>12} {:>12}", shown(figures.microseconds), shown(figures.microjoules));
                if index != self.reference {
                    let [time, energy] = self.ratios(row, index);
                    text += &format!(" {:>7} {:>7}", shown(time), shown(energy));
                }
            }
            text.push('\n');
        }
        text
    }
}

/// Whether two records are of one model, by what either knows.
fn is_same_model(one: &Record, other: &Record) -> bool {
    one.is_of(&other.model.name, &other.model.sha256) || other.is_of(&one.model.name, &one.model.sha256)
}

fn shown(figure: Option<f64>) -> String {
    figure.map_or_else(|| "-".to_owned(), |figure| format!("{figure:.3}"))
}

fn total(record: &Record, clock: Option<u64>) -> Figures {
    let total = &record.total;
    Figures { microseconds: time(total.microseconds, total.cycles, clock), microjoules: total.microjoules }
}

/// A time, or that of so many cycles.
fn time(microseconds: Option<f64>, cycles: Option<u64>, clock: Option<u64>) -> Option<f64> {
    microseconds.or_else(|| cycles.zip(clock).map(|(cycles, hz)| cycles as f64 * 1e6 / hz as f64))
}

/// The layers of the record that has most of them. A record whose steps do not begin with a layer has no figure
/// there: what is fused differently is not taken apart.
fn steps(records: &[Record], clock: Option<u64>) -> Vec<Row> {
    let Some(finest) = records.iter().max_by_key(|record| record.steps.len()) else { return Vec::new() };
    let layer = |step: &Step| step.layer.unwrap_or(step.index);
    let mut layers: Vec<(usize, String)> = Vec::new();
    for step in &finest.steps {
        if !layers.iter().any(|(known, _)| *known == layer(step)) {
            layers.push((layer(step), step.operator.clone()));
        }
    }
    let figures = |record: &Record, wanted: usize| {
        let of = record.steps.iter().filter(|step| layer(step) == wanted);
        of.fold(Figures::default(), |sum, step| Figures {
            microseconds: add(sum.microseconds, time(step.microseconds, step.cycles, clock)),
            microjoules: add(sum.microjoules, step.microjoules),
        })
    };
    let row = |(layer, name): (usize, String)| Row {
        layer: Some(layer),
        name,
        figures: records.iter().map(|record| figures(record, layer)).collect(),
    };
    layers.into_iter().map(row).collect()
}

fn add(sum: Option<f64>, part: Option<f64>) -> Option<f64> {
    part.map(|part| sum.unwrap_or(0.0) + part).or(sum)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(obtained: &str, microseconds: f64, microjoules: Option<f64>, steps: &[(usize, f64)]) -> Record {
        let steps: Vec<_> = steps
            .iter()
            .enumerate()
            .map(|(index, (layer, time))| {
                serde_json::json!({
                    "index": index, "layer": layer, "operator": format!("OP_{layer}"), "kernel": "", "macs": 0,
                    "instructions": null, "cycles": null, "microseconds": time, "microjoules": null
                })
            })
            .collect();
        let record = serde_json::json!({
            "schema": 1, "model": {"name": "kws", "sha256": "ab"}, "target": "m4", "obtained": obtained, "tools": {},
            "clock_hz": null, "steps": steps,
            "total": {
                "macs": 0, "instructions": null, "cycles": null, "microseconds": microseconds,
                "microjoules": microjoules, "arena_bytes": null, "code_bytes": null, "weight_bytes": null
            }
        });
        Record::from_json("a test", &record.to_string()).unwrap()
    }

    #[test]
    fn layers_stand_beside_each_other_and_what_is_measured_is_the_reference() {
        let records = [
            record("measured", 110.0, Some(50.0), &[]),
            record("simulated", 100.0, Some(40.0), &[(0, 60.0), (2, 40.0)]),
            record("emulated", 90.0, None, &[(0, 30.0), (0, 20.0), (1, 5.0), (2, 35.0)]),
        ];
        let side = SideBySide::of(&records).unwrap();
        assert_eq!(side.reference, 0);
        assert_eq!(side.ratios(&side.rows[0], 1), [Some(100.0 / 110.0), Some(0.8)]);
        assert_eq!(side.ratios(&side.rows[0], 2), [Some(90.0 / 110.0), None]);
        let times: Vec<Vec<Option<f64>>> = side.rows[1..]
            .iter()
            .map(|row| row.figures.iter().map(|figures| figures.microseconds).collect())
            .collect();
        assert_eq!(
            times,
            [
                vec![None, Some(60.0), Some(50.0)],
                vec![None, None, Some(5.0)],
                vec![None, Some(40.0), Some(35.0)]
            ]
        );
        let table = side.table();
        assert!(table.contains("[0] measured on m4, which the others are held against"), "{table}");
    }

    #[test]
    fn cycles_without_a_clock_are_priced_at_that_of_the_others() {
        let mut counted = record("emulated", 0.0, None, &[]);
        (counted.total.microseconds, counted.total.cycles) = (None, Some(500));
        let mut predicted = record("simulated", 10.0, None, &[]);
        predicted.clock_hz = Some(100_000_000);
        let side = SideBySide::of(&[predicted, counted]).unwrap();
        assert_eq!(side.rows[0].figures[1].microseconds, Some(5.0));
        assert!(side.table().contains("[1] emulated on m4, cycles at 100000000 Hz"), "{}", side.table());
    }

    #[test]
    fn other_models_are_not_compared() {
        let mut other = record("emulated", 1.0, None, &[]);
        other.model.sha256 = "cd".to_owned();
        // A prediction's hash is that of its layers.
        assert!(SideBySide::of(&[record("simulated", 1.0, None, &[]), other.clone()]).is_ok());
        let error =
            SideBySide::of(&[record("measured", 1.0, None, &[]), other.clone()]).unwrap_err().to_string();
        assert!(error.contains("another model"), "{error}");
        other.model.name = "vww".to_owned();
        assert!(SideBySide::of(&[record("simulated", 1.0, None, &[]), other]).is_err());
        assert!(SideBySide::of(&[record("simulated", 1.0, None, &[])]).is_err());
    }
}
