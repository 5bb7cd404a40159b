//! Layers of records, as a core's price list counts them.

use super::fit::{Row, family};
use crate::{
    cost::core::counts,
    error::{Place, SimError},
    fuse::fuse,
    network::{Layer, Network, Op, Precision, Weights},
};
use budget::Record;
use serde_json::Value;
use std::{collections::BTreeMap, path::Path};

/// A board's records of whole models: none whose dead work the compiler left out, since its steps do not say how much.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Board {
    pub(super) name: String,
    pub(super) rows: Vec<Row>,
    /// The emulator's price list, and what that rests on.
    pub(super) timing: String,
    pub(super) basis: String,
    /// The instruction set of the kernels.
    pub(super) isa: String,
}

impl Board {
    /// Reads a board's file in `folder`, for a core with vectors of so many bytes; `None` where there is none.
    pub(super) fn read(folder: &Path, board: &str, vector_bytes: u64) -> Result<Option<Self>, SimError> {
        let Some(records) = records(folder, board)? else { return Ok(None) };
        let whole: Vec<&Record> = records.iter().filter(|record| is_whole(record)).collect();
        let rows: Vec<Row> = whole.iter().flat_map(|record| rows(record, vector_bytes)).collect();
        let told = |key: &str| {
            let first = whole.first().and_then(|record| record.extra.get(key));
            first.cloned().unwrap_or_default()
        };
        let (timing, isa) = (told("timing"), told("isa"));
        let word = |value: &Value| value.as_str().unwrap_or("unknown").to_owned();
        if rows.is_empty() {
            return Err(SimError::Malformed {
                place: Place { file: format!("{board}.json"), line: 1 },
                found: "no step with a shape".to_owned(),
                expected: "records of whole models".to_owned(),
            });
        }
        Ok(Some(Self {
            name: board.to_owned(),
            rows,
            timing: word(&timing["table"]),
            basis: word(&timing["basis"]),
            isa: word(&isa),
        }))
    }

    /// The models, in the order of the file.
    pub(super) fn models(&self) -> impl Iterator<Item = &str> {
        self.rows
            .chunk_by(|a, b| a.model == b.model)
            .filter_map(|rows| rows.first())
            .map(|row| row.model.as_str())
    }

    /// How many families have an operator class.
    pub(super) fn families_with(&self, class: &str) -> usize {
        let mut of: Vec<&str> = self.rows.iter().filter(|row| row.class == class).map(Row::family).collect();
        of.sort_unstable();
        of.dedup();
        of.len()
    }

    /// Their families, each once.
    pub(super) fn families(&self) -> Vec<&str> {
        let mut all = Vec::new();
        for model in self.models() {
            if !all.contains(&family(model)) {
                all.push(family(model));
            }
        }
        all
    }
}

/// Every record of a board: those of its file, and those of networks that are measured for the fits alone.
fn records(folder: &Path, board: &str) -> Result<Option<Vec<Record>>, SimError> {
    let mut all: Option<Vec<Record>> = None;
    for name in [format!("{board}.json"), format!("{board}.fits.json")] {
        let path = folder.join(name);
        if path.exists() {
            let file = path.display().to_string();
            let text = crate::text::read(&path, "records in JSON")?;
            let records = budget::baseline_from_json(&file, &text).map_err(|error| SimError::Malformed {
                place: Place { file: file.clone(), line: 1 },
                found: error.to_string(),
                expected: "records, as `bench kernels --write` writes them".to_owned(),
            })?;
            all.get_or_insert_default().extend(records);
        }
    }
    Ok(all)
}

fn is_whole(record: &Record) -> bool {
    let left = record.extra.get("macs_left").and_then(Value::as_u64);
    left.is_none_or(|left| left == record.total.macs)
}

/// One row for each layer. A layer that was cut into several steps is their sum: the first has its shape.
fn rows(record: &Record, vector_bytes: u64) -> Vec<Row> {
    let mut layers: BTreeMap<usize, Row> = BTreeMap::new();
    for step in &record.steps {
        let cycles = step.cycles.unwrap_or_default() as f64;
        let layer = step.layer.unwrap_or(step.index);
        if let Some(row) = layers.get_mut(&layer) {
            row.cycles += cycles;
            continue;
        }
        let counted = step.shape.as_deref().and_then(|shape| count(&step.operator, shape, vector_bytes));
        if let Some((class, counts)) = counted.filter(|_| cycles > 0.0) {
            let model = record.model.name.clone();
            layers.insert(layer, Row { model, class, counts, cycles });
        }
    }
    layers.into_values().collect()
}

/// Elements of a depthwise window up to which a core may have a kernel of its own.
const MOST_TAPS: u64 = 16;
/// Elements from which an addition is one of two images.
const LEAST_SUMS: u64 = 256;

/// `16x16x1 * 12x3x3x1 > 8x8x12`: input, weights where there are any, output.
fn count(operator: &str, shape: &str, vector_bytes: u64) -> Option<(&'static str, [f64; 7])> {
    let (inputs, output) = shape.split_once('>')?;
    let (input, weights) = match inputs.split_once('*') {
        Some((input, weights)) => (input, sides(weights)?),
        None => (inputs, Vec::new()),
    };
    let ([in_height, in_width, in_channels], [out_height, out_width, out_channels]) =
        (image(&sides(input)?)?, image(&sides(output)?)?);
    let weight = |index: usize| weights.get(index).copied().unwrap_or(1);
    let mut layer = Layer {
        name: String::new(),
        op: Op::Copy,
        in_channels,
        out_channels,
        out_height,
        out_width,
        kernel: (1, 1),
        stride: 1,
        groups: 1,
        weights: None,
        weight_bytes: None,
    };
    match operator {
        "CONV_2D" => {
            layer.op = Op::Conv2d;
            layer.kernel = (weight(1), weight(2));
            layer.groups = (in_channels / weight(3).max(1)).max(1);
        }
        // Wide windows are the portable kernel's on every core.
        "DEPTHWISE_CONV_2D" if weight(1) * weight(2) > MOST_TAPS => return None,
        "DEPTHWISE_CONV_2D" => {
            layer.op = Op::DepthwiseConv2d;
            layer.kernel = (weight(1), weight(2));
            layer.groups = in_channels;
        }
        // Many rows are another kernel's.
        "FULLY_CONNECTED" if out_height * out_width > 1 => return None,
        "FULLY_CONNECTED" => {
            layer.op = Op::FullyConnected;
            layer.in_channels = weight(1);
        }
        "AVERAGE_POOL_2D" | "MAX_POOL_2D" => {
            layer.op = Op::Pool2d;
            layer.kernel = (in_height / out_height, in_width / out_width);
        }
        // So few elements are those of a constant, which another kernel adds.
        "ADD" if out_height * out_width * out_channels < LEAST_SUMS => return None,
        "ADD" => layer.op = Op::Elementwise { operands: 2, function: None },
        "SOFTMAX" => layer.op = Op::Function("softmax".to_owned()),
        _ => return None,
    }
    let network = Network {
        name: String::new(),
        input: [1, in_height, in_width, in_channels],
        precision: Precision::Int8,
        weights: Weights { format: Precision::Int8, zeros: 0.0 },
        layers: vec![layer],
        state_bytes: 0,
    };
    let mut stage = fuse(&network).into_iter().next()?;
    if matches!(network.layers.first()?.op, Op::DepthwiseConv2d) {
        stage.in_bytes = (in_height * in_width * in_channels) as f64;
    }
    let (class, counts) = counts(&stage, vector_bytes);
    Some((class, counts.parts))
}

fn sides(text: &str) -> Option<Vec<u64>> {
    text.trim().split('x').map(|side| side.parse().ok().filter(|side| *side > 0)).collect()
}

/// Rows, columns and channels, filled up with ones from the left.
fn image(sides: &[u64]) -> Option<[u64; 3]> {
    let mut all = [1; 3];
    let from = sides.len().saturating_sub(3);
    for (slot, side) in all.iter_mut().rev().zip(sides.get(from..)?.iter().rev()) {
        *slot = *side;
    }
    Some(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shapes_are_counted_as_kernels_walk_them() {
        let (class, parts) = count("CONV_2D", "16x16x3 * 12x3x3x3 > 8x8x12", 1).unwrap();
        assert_eq!((class, parts), ("dense", [1.0, 0.0, 64.0, 0.0, 768.0, 64.0 * 27.0, 768.0 * 27.0]));
        let (class, parts) = count("DEPTHWISE_CONV_2D", "24x1x8 * 1x10x1x8 > 15x1x8", 1).unwrap();
        assert_eq!((class, parts), ("depthwise_other", [1.0, 8.0, 0.0, 192.0, 120.0, 0.0, 1200.0]));
        let (class, parts) = count("FULLY_CONNECTED", "1x1x64 * 12x64 > 12", 1).unwrap();
        assert_eq!((class, parts), ("matmul", [1.0, 0.0, 0.0, 0.0, 12.0, 0.0, 768.0]));
        let (class, parts) = count("AVERAGE_POOL_2D", "25x5x64 > 1x1x64", 1).unwrap();
        assert_eq!((class, parts), ("pool", [1.0, 0.0, 0.0, 0.0, 64.0, 8000.0, 0.0]));
        let (class, parts) = count("ADD", "8x8x64 > 8x8x64", 1).unwrap();
        assert_eq!((class, parts), ("add", [1.0, 0.0, 0.0, 0.0, 4096.0, 0.0, 0.0]));
        // Windows of 27 elements in two vectors of 16, seven channels in one.
        let (_, parts) = count("CONV_2D", "16x16x3 * 12x3x3x3 > 8x8x12", 16).unwrap();
        assert_eq!(parts, [1.0, 0.0, 64.0, 0.0, 768.0, 64.0 * 27.0, 768.0 * 32.0]);
        let (_, parts) = count("DEPTHWISE_CONV_2D", "9x9x7 * 1x3x3x7 > 7x7x7", 16).unwrap();
        assert_eq!(parts[6], 49.0 * 16.0 * 9.0);
        for (operator, shape) in
            [("CONV_2D", ""), ("CONV_2D", "8x0x1 > 1"), ("LSTM", "8 > 8"), ("ADD", "a > b")]
        {
            assert_eq!(count(operator, shape, 1), None, "{operator} {shape}");
        }
    }
}
