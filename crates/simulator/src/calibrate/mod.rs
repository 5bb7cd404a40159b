//! Cycles of cores from what the emulator counted.
//!
//! A machine that names an emulated board (`[emulated]`) takes its constants from that board's file in `bench/record`:
//! for every operator class a sum of what its kernel does once, for each channel, position, element and
//! multiply-accumulate ([`crate::machine::Cycles`]), fitted over the steps of all records. Nothing is fitted to a single
//! model. What holds for a model that the fit has not seen is told by fits that leave one model out: their errors are the
//! machine's error bar, and the least and the most that they make of a constant are its interval.

mod file;
mod fit;
mod rows;

use crate::{
    error::SimError,
    machine::{Cycles, Machine, shipped_texts},
};
use std::{collections::BTreeMap, fmt::Write, path::Path};

use fit::{Constants, Row};

/// A machine whose constants come from records.
#[derive(Clone, Debug, PartialEq)]
pub struct Calibrated {
    /// The machine's name.
    pub machine: String,
    /// Its file in the workspace.
    pub file: String,
    /// What the file should hold.
    pub text: String,
    /// Whether that is what is shipped.
    pub is_current: bool,
    /// Model by model.
    pub models: Vec<ModelFit>,
}

/// A record beside what the constants make of it.
#[derive(Clone, Debug, PartialEq)]
pub struct ModelFit {
    /// The model.
    pub model: String,
    /// Emulated cycles of its steps.
    pub cycles: f64,
    /// What the machine says of them.
    pub fitted: f64,
    /// What a fit without this model says.
    pub left_out: f64,
    /// Share of the cycles in operator classes that no other model has, and that were therefore left in.
    pub alone: f64,
}

impl ModelFit {
    /// Relative error of the machine.
    pub fn error(&self) -> f64 {
        self.fitted / self.cycles - 1.0
    }

    /// Relative error of the fit without this model.
    pub fn left_out_error(&self) -> f64 {
        self.left_out / self.cycles - 1.0
    }
}

/// Fits every shipped machine that names an emulated board to the records in `folder` (`bench/record`). A machine whose
/// board has no record keeps its file.
///
/// # Errors
/// Where a record or a machine cannot be read, or has no step that a machine has a class for.
pub fn calibrate(folder: &Path) -> Result<Vec<Calibrated>, SimError> {
    let mut all = Vec::new();
    for (file, text) in shipped_texts() {
        let machine = crate::machine::read_machine(file, text)?;
        let Some(emulated) = &machine.emulated else { continue };
        let vector_bytes = machine.engines.first().map_or(1, |engine| engine.vector_bytes);
        let Some(board) = rows::Board::read(folder, &emulated.board, vector_bytes)? else { continue };
        all.push(one(file, text, &machine, &board));
    }
    all.sort_by(|a, b| a.machine.cmp(&b.machine));
    Ok(all)
}

/// Every record beside what its machine makes of it.
pub fn table(machines: &[Calibrated]) -> String {
    let mut out = format!(
        "{:<26} {:<20} {:>12} {:>12} {:>8} {:>9} {:>7}\n",
        "machine", "model", "emulated", "fitted", "error", "left out", "alone"
    );
    for machine in machines {
        for model in &machine.models {
            let _ = writeln!(
                out,
                "{:<26} {:<20} {:>12.0} {:>12.0} {:>+7.1}% {:>+8.1}% {:>6.0}%",
                machine.machine,
                model.model,
                model.cycles,
                model.fitted,
                100.0 * model.error(),
                100.0 * model.left_out_error(),
                100.0 * model.alone
            );
        }
    }
    out
}

fn one(file: &str, text: &str, machine: &Machine, board: &rows::Board) -> Calibrated {
    let refs: Vec<&Row> = board.rows.iter().collect();
    let constants = fit::fit(&refs);
    let mut least_most: BTreeMap<String, BTreeMap<&'static str, [f64; 2]>> = BTreeMap::new();
    let mut models = Vec::new();
    for family in board.families() {
        let others: Vec<&Row> = board.rows.iter().filter(|row| row.family() != family).collect();
        let without = fit::fit(&others);
        for (class, cycles) in &constants {
            // A class that only one network has: no fit without it.
            let Some(other) = without.get(class).filter(|_| board.families_with(class) > 1) else { continue };
            let range = least_most.entry(class.clone()).or_default();
            for ((name, shipped), (_, found)) in cycles.parts().into_iter().zip(other.parts()) {
                let [least, most] = range.entry(name).or_insert([shipped, shipped]);
                *least = least.min(found);
                *most = most.max(found);
            }
        }
        for model in board.models().filter(|model| fit::family(model) == family) {
            models.push(model_fit(model, board, &constants, &without));
        }
    }
    let text = file::text(text, machine, board, &constants, &least_most, &models);
    Calibrated {
        machine: machine.name.clone(),
        file: format!("crates/simulator/{file}"),
        is_current: shipped_texts().iter().any(|(name, shipped)| *name == file && *shipped == text),
        text,
        models,
    }
}

fn model_fit(model: &str, board: &rows::Board, all: &Constants, without: &Constants) -> ModelFit {
    let mut fit = ModelFit { model: model.to_owned(), cycles: 0.0, fitted: 0.0, left_out: 0.0, alone: 0.0 };
    for row in board.rows.iter().filter(|row| row.model == model) {
        let fitted = all.get(row.class).map_or(0.0, |cycles| row.predicted(cycles));
        fit.cycles += row.cycles;
        fit.fitted += fitted;
        match without.get(row.class) {
            Some(cycles) => fit.left_out += row.predicted(cycles),
            None => {
                fit.left_out += fitted;
                fit.alone += row.cycles;
            }
        }
    }
    fit.alone /= fit.cycles.max(1.0);
    fit
}

/// The names of the parts that are fitted for a class: those that its kernels do and that are not multiples of each other.
fn parts_of(class: &str) -> &'static [&'static str] {
    match class {
        "dense" | "pointwise" => &["step", "pixel", "output", "window", "mac"],
        // Nine multiply-accumulates an output, always: one constant for both.
        "depthwise" => &["step", "channel", "input", "mac"],
        "depthwise_other" => &["step", "channel", "output", "mac"],
        "matmul" => &["step", "output", "mac"],
        "pool" => &["step", "output", "window"],
        _ => &["step", "output"],
    }
}

/// Four digits, which is more than any of the constants is known to.
fn four_digits(value: f64) -> f64 {
    format!("{value:.3e}").parse().unwrap_or(value)
}

fn rounded(cycles: &Cycles) -> Cycles {
    Cycles {
        step: four_digits(cycles.step),
        channel: four_digits(cycles.channel),
        pixel: four_digits(cycles.pixel),
        input: four_digits(cycles.input),
        output: four_digits(cycles.output),
        window: four_digits(cycles.window),
        mac: four_digits(cycles.mac),
    }
}
