//! Every constant of the machines: its value, how far the rows determine it, and where it comes from.
//!
//! A fitted constant's interval is a profile: the constant moves, the others stay, and the interval ends where the
//! rows of its machine become as unlikely as a likelihood ratio of 95 % allows. Relative errors are taken as Laplace
//! distributed around the prediction, in logarithms, with a scale of their own per table:
//! `Σ n · ln(b(x) / b(x₀)) ≤ 1.92`, `b` the mean of `|ln(predicted / published)|` over a table's `n` rows. Constants
//! that were fitted together make each other's true intervals wider.
//!
//! Source: Pawitan, "In All Likelihood" (2001), section 3.4, for the profile and its threshold (χ² of one degree
//! of freedom, 3.84 / 2).

use super::{Collector, Table};
use crate::{
    error::SimError,
    machine::{Machine, Provenance, shipped_texts},
    network::Network,
    simulate::{Settings, simulate},
};
use serde::Serialize;
use std::{collections::BTreeMap, fmt::Write, path::Path};

/// Half of χ² with one degree of freedom at 95 %.
const THRESHOLD: f64 = 1.92;
/// How far a constant is moved, as a factor, before the rows are said not to determine it.
const REACH: f64 = 4.0;
/// Errors below this are rounding of the published figure.
const LEAST_ERROR: f64 = 0.005;

/// What of a prediction a figure is compared with.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Measure {
    /// The whole latency.
    Time,
    /// The whole energy.
    Energy,
    /// The time of one step.
    StepTime(usize),
}

/// A figure that can be predicted again on a machine that was changed.
#[derive(Clone, Debug)]
pub(super) struct Case {
    pub table: Table,
    /// A shipped machine's name, and one of its points.
    pub machine: String,
    pub network: Network,
    pub measure: Measure,
    /// Predicted over published, on the machine as it is shipped.
    pub off: f64,
}

/// One number of a machine file.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Constant {
    /// The machine.
    pub machine: String,
    /// Where in its file.
    pub field: String,
    /// As it is shipped.
    pub value: f64,
    /// Whether it was fitted.
    pub fitted: bool,
    /// Where a fitted one may lie; `None` where no row moves enough with it, or where it was not fitted.
    pub interval: Option<[f64; 2]>,
    /// Rows of the machine that the interval rests on.
    pub rows: usize,
    /// What its file says of where it comes from; empty where it says nothing.
    pub source: String,
}

/// Every constant of every shipped machine, with intervals from the figures in a folder and the records of a workspace. `Ok(None)` where there is
/// no folder.
///
/// # Errors
/// Where a file is there and cannot be read.
pub fn constants(folder: &Path, workspace: &Path) -> Result<Option<Vec<Constant>>, SimError> {
    let Some(Collector { cases, .. }) = super::collect(folder, workspace)? else { return Ok(None) };
    let mut all = Vec::new();
    for (_, text) in shipped_texts() {
        all.extend(constants_of(text, &cases));
    }
    Ok(Some(all))
}

fn constants_of(text: &str, cases: &[Case]) -> Vec<Constant> {
    let Ok(value) = text.parse::<toml::Table>() else { return Vec::new() };
    let Some(machine) = read(&value) else { return Vec::new() };
    let of_this = |case: &&Case| {
        let name = case.machine.split('@').next().unwrap_or_default();
        crate::machine::find_machine(name).is_ok_and(|found| found.name == machine.name)
    };
    let cases: Vec<&Case> = cases.iter().filter(of_this).collect();
    let mut leaves = Vec::new();
    for part in ["engine", "memory", "crossing", "point"] {
        if let Some(value) = value.get(part) {
            walk(part, &mut vec![Key::Name(part.to_owned())], value, &mut leaves);
        }
    }
    let constant = |(field, path, number): (String, Vec<Key>, f64)| {
        let provenance = provenance(&machine.provenance, &field);
        let source = provenance.map(|it| it.source.clone()).unwrap_or_default();
        let fitted = source.starts_with("fitted");
        let kept = provenance.filter(|it| it.field == field).and_then(|it| it.interval);
        let interval = match kept {
            Some(kept) => Some(kept),
            None if fitted && number != 0.0 => interval(&value, &path, number, &cases),
            None => None,
        };
        Constant {
            machine: machine.name.clone(),
            field,
            value: number,
            fitted,
            interval,
            rows: cases.len(),
            source,
        }
    };
    leaves.into_iter().map(constant).collect()
}

/// One step into a machine file.
#[derive(Clone, Debug, PartialEq)]
enum Key {
    Name(String),
    Index(usize),
}

/// Every number below a value, by what people call it and by where it is.
fn walk(name: &str, path: &mut Vec<Key>, value: &toml::Value, leaves: &mut Vec<(String, Vec<Key>, f64)>) {
    let mut below = |name: String, key: Key, value: &toml::Value| {
        path.push(key);
        walk(&name, path, value, leaves);
        path.pop();
    };
    match value {
        toml::Value::Table(table) => {
            for (key, value) in table {
                below(format!("{name}.{key}"), Key::Name(key.clone()), value);
            }
        }
        toml::Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                let called = item.get("name").and_then(toml::Value::as_str);
                let called = called.map_or_else(|| index.to_string(), str::to_owned);
                below(format!("{name}.{called}"), Key::Index(index), item);
            }
        }
        toml::Value::Float(number) => leaves.push((name.to_owned(), path.clone(), *number)),
        toml::Value::Integer(number) => leaves.push((name.to_owned(), path.clone(), *number as f64)),
        _ => {}
    }
}

fn read(value: &toml::Table) -> Option<Machine> {
    value.clone().try_into().ok()
}

/// The machine with one number changed.
fn changed(value: &toml::Table, path: &[Key], number: f64) -> Option<Machine> {
    let mut value = toml::Value::Table(value.clone());
    let mut at = &mut value;
    for key in path {
        at = match key {
            Key::Name(name) => at.get_mut(name.as_str())?,
            Key::Index(index) => at.get_mut(*index)?,
        };
    }
    *at = if at.is_integer() {
        toml::Value::Integer(number.round() as i64)
    } else {
        toml::Value::Float(number)
    };
    value.as_table().and_then(read)
}

/// The entry that says most precisely where a field comes from: the longest of those one of whose words is the
/// field, or a part of the file that the field is in.
fn provenance<'p>(entries: &'p [Provenance], field: &str) -> Option<&'p Provenance> {
    let reach = |entry: &Provenance| {
        let words = entry.field.split([' ', ',']).filter(|word| !word.is_empty());
        words.filter(|word| is_part(field, word)).map(str::len).max()
    };
    entries
        .iter()
        .filter_map(|entry| Some((reach(entry)?, entry)))
        .max_by_key(|(reach, _)| *reach)
        .map(|(_, it)| it)
}

/// Whether `part` is a run of whole names of `field`.
fn is_part(field: &str, part: &str) -> bool {
    let (names, part): (Vec<_>, Vec<_>) = (field.split('.').collect(), part.split('.').collect());
    names.windows(part.len()).any(|window| window == part)
}

/// How far a number may move, the others staying.
fn interval(value: &toml::Table, path: &[Key], number: f64, cases: &[&Case]) -> Option<[f64; 2]> {
    let shipped = read(value)?;
    let at_shipped: Vec<f64> = cases.iter().map(|case| predicted(case, &shipped)).collect::<Option<_>>()?;
    let best = errors(&shipped, cases, &at_shipped)?;
    let is_within = |factor: f64| {
        let machine = changed(value, path, number * factor);
        let found = machine.and_then(|machine| errors(&machine, cases, &at_shipped));
        found.is_some_and(|found| unlikeliness(&found, &best) <= THRESHOLD)
    };
    // A fit that also drew constants to a pool need not sit where these rows are likeliest; the interval begins at
    // the shipped value all the same.
    let end = |far: f64| -> Option<f64> {
        if is_within(far) {
            return None;
        }
        let (mut inside, mut outside) = (0.0, far.ln());
        for _ in 0..10 {
            let middle = 0.5 * (inside + outside);
            *(if is_within(f64::exp(middle)) { &mut inside } else { &mut outside }) = middle;
        }
        Some(number * f64::exp(inside))
    };
    Some([end(1.0 / REACH)?, end(REACH)?])
}

/// Rows and mean absolute logarithmic error, by table.
fn errors(machine: &Machine, cases: &[&Case], at_shipped: &[f64]) -> Option<BTreeMap<Table, (f64, f64)>> {
    let mut sums: BTreeMap<Table, (f64, f64)> = BTreeMap::new();
    for (case, shipped) in cases.iter().zip(at_shipped) {
        let moved = predicted(case, machine)? / shipped;
        let sum = sums.entry(case.table).or_default();
        *sum = (sum.0 + 1.0, sum.1 + (moved * case.off).ln().abs());
    }
    (!sums.is_empty()).then(|| sums.into_iter().map(|(table, (n, sum))| (table, (n, sum / n))).collect())
}

/// What a case measures, on its point of a machine, in whatever unit.
fn predicted(case: &Case, machine: &Machine) -> Option<f64> {
    let point = case.machine.split_once('@').and_then(|(_, point)| machine.at_point(point));
    let machine = point.as_ref().unwrap_or(machine);
    let prediction = simulate(&case.network, machine, Settings::default()).ok()?;
    let found = match case.measure {
        Measure::Time => prediction.total_us,
        Measure::Energy => prediction.total_uj,
        Measure::StepTime(index) => prediction.steps.get(index)?.cost.total_us,
    };
    (found.is_finite() && found > 0.0).then_some(found)
}

fn unlikeliness(found: &BTreeMap<Table, (f64, f64)>, best: &BTreeMap<Table, (f64, f64)>) -> f64 {
    let of = |(table, (rows, error)): (&Table, &(f64, f64))| {
        let best = best.get(table).map_or(0.0, |(_, error)| *error);
        rows * (error.max(LEAST_ERROR) / best.max(LEAST_ERROR)).ln()
    };
    found.iter().map(of).sum()
}

const INTRO: &str = "# The constants of the machines

Written by `cargo xtask sim --validate --constants`; don't edit. Every number of `crates/simulator/machines/*.toml`: fitted ones with
an interval, then those with a source, then those that are assumed because nothing is published.

The intervals of phones and M-class chips are the 10 % and 90 % of a bootstrap over models, made when they were fitted; those
of cores the least and the most that fits without one of the models make of them. The others are profiles: this number moves, the rest stay, and the interval ends where the machine's published rows become as
unlikely as a likelihood ratio of 95 % allows. **open** means that its rows do not bound it within a factor of four
either way: believe nothing that rests on it alone.
";

/// `docs/constants.md`.
pub fn constants_markdown(constants: &[Constant]) -> String {
    let mut out = INTRO.to_owned();
    for machine in constants.chunk_by(|a, b| a.machine == b.machine) {
        let Some(first) = machine.first() else { continue };
        let _ = writeln!(out, "\n## {}\n\n{} rows of figures.\n", first.machine, first.rows);
        let is_fitted = |constant: &&Constant| constant.fitted && constant.value != 0.0;
        let has_fitted = machine.iter().any(|constant| is_fitted(&constant));
        if has_fitted {
            out.push_str("| fitted | value | interval |\n|---|---:|---:|\n");
        }
        for Constant { field, value, interval, .. } in machine.iter().filter(is_fitted) {
            let interval =
                interval.map_or("open".to_owned(), |[low, high]| format!("{} – {}", short(low), short(high)));
            let _ = writeln!(out, "| {field} | {} | {interval} |", short(*value));
        }
        let mut sources: BTreeMap<&str, Vec<String>> = BTreeMap::new();
        for constant in machine.iter().filter(|constant| !is_fitted(constant)) {
            let number = format!("{} {}", constant.field, short(constant.value));
            sources.entry(&constant.source).or_default().push(number);
        }
        let assumed = sources.remove("");
        if has_fitted {
            out.push('\n');
        }
        for (source, numbers) in &sources {
            let _ = writeln!(out, "* {source}: {}", numbers.join(", "));
        }
        if let Some(numbers) = assumed {
            let _ = writeln!(out, "* assumed, nothing published: {}", numbers.join(", "));
        }
    }
    out
}

/// Four digits.
fn short(number: f64) -> String {
    let magnitude = number.abs();
    if number == 0.0 {
        "0".to_owned()
    } else if (0.001..100_000.0).contains(&magnitude) {
        let decimals = (3 - magnitude.log10().floor() as i32).max(0) as usize;
        let text = format!("{number:.decimals$}");
        if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
    } else {
        format!("{number:.3e}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{machine::find_machine, network::shipped_network};

    fn text_of(name: &str) -> &'static str {
        shipped_texts().iter().find(|(file, _)| file.ends_with(&format!("/{name}.toml"))).unwrap().1
    }

    /// Rows that are the shipped prediction, up to errors of either sign.
    fn cases(machine: &str) -> Vec<Case> {
        let names = ["mlperf_kws", "mlperf_vww", "mlperf_ic", "mobilenet_v2_1.0_224", "mobilenet_v1_1_224"];
        let case = |(index, name): (usize, &str)| Case {
            table: Table::Micro,
            machine: machine.to_owned(),
            network: shipped_network(name).unwrap().with_precision(crate::network::Precision::Int8),
            measure: Measure::Time,
            off: if index % 2 == 0 { 1.03 } else { 0.97 },
        };
        names.into_iter().enumerate().map(case).collect()
    }

    #[test]
    fn an_interval_holds_the_shipped_value_and_more_rows_make_it_narrower() {
        let (name, field) = ("gap9", "engine.npu.tera_macs.dense");
        assert!(find_machine(name).unwrap().engines.iter().any(|engine| engine.name == "npu"));
        let few = cases(name);
        let many: Vec<Case> = few.iter().cycle().take(20 * few.len()).cloned().collect();
        let width = |cases: &[Case]| {
            let all = constants_of(text_of(name), cases);
            let constant = all.iter().find(|constant| constant.field == field).unwrap();
            assert!(constant.fitted, "{}", constant.source);
            let [low, high] = constant.interval.unwrap_or([0.0, f64::INFINITY]);
            assert!(low <= constant.value && constant.value <= high);
            (high / low).ln()
        };
        let narrow = width(&many);
        assert!(narrow.is_finite() && narrow < width(&few), "{narrow}");
    }

    #[test]
    fn what_no_row_moves_is_open() {
        let all = constants_of(text_of("gap9"), &cases("gap9"));
        let cpu = all.iter().find(|constant| constant.field.starts_with("engine.cpu.")).unwrap();
        assert_eq!(cpu.interval, None);
        assert!(constants_markdown(&all).contains("## gap9"));
    }

    #[test]
    fn a_field_takes_the_source_that_names_it_most_precisely() {
        let entry = |field: &str| Provenance { field: field.into(), source: field.into(), interval: None };
        let entries =
            [entry("engine.npu rates"), entry("engine.npu.energy, memory"), entry("gpu and cpu engines")];
        let of = |field| provenance(&entries, field).map(|it| it.source.as_str());
        assert_eq!(of("engine.npu.energy.base_w"), Some("engine.npu.energy, memory"));
        assert_eq!(of("engine.npu.layer_us"), Some("engine.npu rates"));
        assert_eq!(of("engine.cpu.layer_us"), Some("gpu and cpu engines"));
        assert_eq!(of("crossing.us"), None);
    }

    #[test]
    fn numbers_have_four_digits() {
        for (number, text) in
            [(0.0, "0"), (1234.5, "1234"), (0.5, "0.5"), (8.5640, "8.564"), (5e8, "5.000e8")]
        {
            assert_eq!(short(number), text);
        }
    }
}
