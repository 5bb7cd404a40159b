//! Non-negative least squares on relative errors, by operator class.
//!
//! The constants of a class make `Σ (predicted / emulated − 1)²` over its steps least; none is negative, since nothing that
//! a kernel does gives cycles back. Classes that share an inner product are drawn to each other, weakly, so that a class
//! of few or only small steps does not take constants that only these happen to have: each constant of a convolution or of
//! a product costs `(w · (x / x₀ − 1))²`, where `x₀` is what the steps of all classes of its kind make of it,
//! and `w` is [`DRAWN`], for multiply-accumulates [`MAC_DRAWN`].

use super::{parts_of, rounded};
use crate::machine::Cycles;
use std::collections::BTreeMap;

/// By how much a constant is drawn to that of its kin: a hundredth of a step's weight.
const DRAWN: f64 = 0.1;
/// The same for multiply-accumulates, which run the same loops: a quarter of a step's weight.
const MAC_DRAWN: f64 = 0.5;

/// Constants by operator class.
pub(super) type Constants = BTreeMap<String, Cycles>;

/// A layer of a record.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Row {
    pub(super) model: String,
    pub(super) class: &'static str,
    /// How often the layer does what has a constant, in the order of [`Cycles::parts`].
    pub(super) counts: [f64; 7],
    pub(super) cycles: f64,
}

impl Row {
    pub(super) fn predicted(&self, cycles: &Cycles) -> f64 {
        cycles.parts().iter().zip(self.counts).map(|((_, cycles), times)| cycles * times).sum()
    }

    pub(super) fn family(&self) -> &str {
        family(&self.model)
    }
}

/// Models of one family are left out together: `kws` and `kws (shipped)` have the same shapes.
pub(super) fn family(model: &str) -> &str {
    model.split(' ').next().unwrap_or(model)
}

/// Classes whose inner loops are of a kind.
fn kind(class: &str) -> Option<&'static str> {
    match class {
        "dense" | "pointwise" | "matmul" => Some("product"),
        _ => None,
    }
}

/// Fits all classes of the rows.
pub(super) fn fit(rows: &[&Row]) -> Constants {
    let mut classes: BTreeMap<&str, Vec<&Row>> = BTreeMap::new();
    let mut kinds: BTreeMap<&str, Vec<&Row>> = BTreeMap::new();
    for row in rows {
        classes.entry(row.class).or_default().push(row);
        if let Some(kind) = kind(row.class) {
            kinds.entry(kind).or_default().push(row);
        }
    }
    let pooled = |(kind, rows): (&&'static str, &Vec<&Row>)| (*kind, solve(rows, parts_of("dense"), None));
    let mut pools: BTreeMap<&str, Cycles> = kinds.iter().map(pooled).collect();
    // Convolutions have the many multiply-accumulates that tell what one takes.
    let convolutions: Vec<&Row> =
        rows.iter().copied().filter(|row| matches!(row.class, "dense" | "pointwise")).collect();
    if let Some(pool) = pools.get_mut("product")
        && !convolutions.is_empty()
    {
        pool.mac = solve(&convolutions, parts_of("dense"), None).mac;
    }
    let fitted = |(class, rows): (&&str, &Vec<&Row>)| {
        let pool = kind(class).and_then(|kind| pools.get(kind));
        ((*class).to_owned(), rounded(&solve(rows, parts_of(class), pool)))
    };
    classes.iter().map(fitted).collect()
}

/// The least squares of a class, drawn to a pool.
fn solve(rows: &[&Row], parts: &[&str], pool: Option<&Cycles>) -> Cycles {
    let names = Cycles::default().parts().map(|(name, _)| name);
    let places: Vec<usize> = names
        .iter()
        .enumerate()
        .filter(|(index, name)| parts.contains(name) && rows.iter().any(|row| row.counts[*index] > 0.0))
        .map(|(index, _)| index)
        .collect();
    let mut normal = Normal::new(places.len());
    for row in rows {
        let line: Vec<f64> = places.iter().map(|place| row.counts[*place] / row.cycles).collect();
        normal.add(&line, 1.0);
    }
    if let Some(pool) = pool {
        for (index, place) in places.iter().enumerate() {
            let (name, value) = pool.parts()[*place];
            if value > 0.0 {
                let weight = if name == "mac" { MAC_DRAWN } else { DRAWN };
                let mut line = vec![0.0; places.len()];
                line[index] = weight / value;
                normal.add(&line, weight);
            }
        }
    }
    let found = normal.least();
    let of = |name: &str| {
        let index = places.iter().position(|place| names[*place] == name);
        index.map_or(0.0, |index| found[index])
    };
    Cycles {
        step: of("step"),
        channel: of("channel"),
        pixel: of("pixel"),
        input: of("input"),
        output: of("output"),
        window: of("window"),
        mac: of("mac"),
    }
}

/// The normal equations of a handful of unknowns.
struct Normal {
    matrix: Vec<Vec<f64>>,
    right: Vec<f64>,
}

impl Normal {
    fn new(unknowns: usize) -> Self {
        Self { matrix: vec![vec![0.0; unknowns]; unknowns], right: vec![0.0; unknowns] }
    }

    fn add(&mut self, line: &[f64], value: f64) {
        for (i, a) in line.iter().enumerate() {
            for (j, b) in line.iter().enumerate() {
                self.matrix[i][j] += a * b;
            }
            self.right[i] += a * value;
        }
    }

    /// The least squares with no unknown below 0. With so few unknowns every choice of those that are above 0 can be
    /// tried: the best whose solution has no other sign is the answer.
    fn least(&self) -> Vec<f64> {
        let unknowns = self.right.len();
        let mut best = (0.0, vec![0.0; unknowns]);
        for choice in 1_u32..1 << unknowns {
            let chosen: Vec<usize> = (0..unknowns).filter(|index| choice >> index & 1 == 1).collect();
            let Some(found) = self.solve(&chosen) else { continue };
            if found.iter().any(|value| *value < 0.0) {
                continue;
            }
            // The sum of squares falls by this much against all unknowns at 0.
            let gain: f64 = chosen.iter().zip(&found).map(|(index, value)| self.right[*index] * value).sum();
            if gain > best.0 {
                let mut all = vec![0.0; unknowns];
                for (index, value) in chosen.iter().zip(&found) {
                    all[*index] = *value;
                }
                best = (gain, all);
            }
        }
        best.1
    }

    /// Gauss's elimination with the columns scaled to one another; `None` where they are multiples of each other.
    fn solve(&self, chosen: &[usize]) -> Option<Vec<f64>> {
        let scale: Vec<f64> = chosen.iter().map(|index| self.matrix[*index][*index].sqrt()).collect();
        let mut lines: Vec<Vec<f64>> = Vec::with_capacity(chosen.len());
        for (i, row) in chosen.iter().enumerate() {
            let mut line: Vec<f64> = chosen
                .iter()
                .enumerate()
                .map(|(j, at)| self.matrix[*row][*at] / (scale[i] * scale[j]))
                .collect();
            line.push(self.right[*row] / scale[i]);
            lines.push(line);
        }
        for column in 0..chosen.len() {
            let pivot = (column..lines.len())
                .max_by(|a, b| lines[*a][column].abs().total_cmp(&lines[*b][column].abs()))?;
            if lines[pivot][column].abs() < 1e-9 {
                return None;
            }
            lines.swap(column, pivot);
            let (upper, lower) = lines.split_at_mut(column + 1);
            let Some(upper) = upper.last() else { continue };
            for line in lower {
                let factor = line[column] / upper[column];
                for (slot, value) in line.iter_mut().zip(upper).skip(column) {
                    *slot -= factor * value;
                }
            }
        }
        let mut found = vec![0.0; chosen.len()];
        for row in (0..chosen.len()).rev() {
            let known: f64 = (row + 1..chosen.len()).map(|at| lines[row][at] * found[at]).sum();
            found[row] = (lines[row][chosen.len()] - known) / lines[row][row];
        }
        Some(found.iter().zip(scale).map(|(value, scale)| value / scale).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(model: &str, class: &'static str, counts: [f64; 7], of: &Cycles) -> Row {
        let mut row = Row { model: model.to_owned(), class, counts, cycles: 1.0 };
        row.cycles = row.predicted(of);
        row
    }

    #[test]
    fn finds_the_constants_that_rows_were_made_with() {
        let of = Cycles { step: 500.0, output: 12.0, mac: 1.25, ..Cycles::default() };
        let rows: Vec<Row> = [(10.0, 640.0), (128.0, 81920.0), (640.0, 5120.0), (8.0, 64.0)]
            .map(|(outputs, macs)| row("m", "matmul", [1.0, 0.0, 0.0, 0.0, outputs, 0.0, macs], &of))
            .into();
        let found = fit(&rows.iter().collect::<Vec<_>>());
        let found = found.get("matmul").unwrap();
        for ((name, wanted), (_, found)) in of.parts().into_iter().zip(found.parts()) {
            assert!((found - wanted).abs() <= 1e-3 * wanted, "{name}: {found}, {wanted}");
        }
    }

    #[test]
    fn nothing_gives_cycles_back() {
        // More outputs with fewer cycles: the best line has a slope below 0.
        let rows = [(1.0, 90.0), (2.0, 60.0), (3.0, 30.0)].map(|(outputs, cycles)| Row {
            model: "m".to_owned(),
            class: "add",
            counts: [1.0, 0.0, 0.0, 0.0, outputs, 0.0, 0.0],
            cycles,
        });
        let found = fit(&rows.iter().collect::<Vec<_>>());
        let found = found.get("add").unwrap();
        assert_eq!(found.output, 0.0);
        assert!(found.step > 30.0 && found.step < 60.0, "{found:?}");
    }

    #[test]
    fn a_class_of_small_steps_takes_the_multiply_accumulate_of_its_kin() {
        let wide = Cycles { step: 1000.0, pixel: 50.0, output: 10.0, mac: 1.0, ..Cycles::default() };
        let mut rows: Vec<Row> =
            [(100.0, 800.0, 60_000.0), (25.0, 1600.0, 200_000.0), (400.0, 3200.0, 30_000.0)]
                .map(|(pixels, outputs, macs)| {
                    row("a", "pointwise", [1.0, 0.0, pixels, 0.0, outputs, 0.0, macs], &wide)
                })
                .into();
        // Noise of a step's size, which a multiply-accumulate of three cycles would explain.
        for (macs, cycles) in [(100.0, 1000.0), (200.0, 1300.0)] {
            rows.push(Row {
                model: "b".to_owned(),
                class: "matmul",
                counts: [1.0, 0.0, 0.0, 0.0, 2.0, 0.0, macs],
                cycles,
            });
        }
        let found = fit(&rows.iter().collect::<Vec<_>>());
        let mac = found.get("matmul").unwrap().mac;
        assert!((0.5..2.0).contains(&mac), "{mac}");
    }
}
