//! Comparison with published figures.
//!
//! The figures are read where they lie (`published_latency.csv`, `measured_kernels.csv`,
//! `micro_npu_published.csv`, `vela_layers.csv.gz`).
//! A row that took part in the calibration is listed in `calibration/held_out.csv` with the ratio that was
//! predicted for it while its group was held out; any other row was never seen.

mod constants;
mod cores;
mod csv;
mod kernels;
mod markdown;
mod micro;
mod phones;
mod vela;

pub use constants::{Constant, constants, constants_markdown};
pub use kernels::kernel_network;
pub use markdown::markdown;

use constants::{Case, Measure};

use crate::error::SimError;
use crate::machine::find_machine;
use crate::network::Network;
use crate::simulate::{Settings, simulate};
use serde::Serialize;
use std::collections::BTreeMap;
use std::path::Path;

/// What a figure is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Table {
    /// Phones, milliseconds.
    Phone,
    /// Kernels on M-class engines, milliseconds.
    Kernel,
    /// Their energy, millijoules.
    KernelEnergy,
    /// Small accelerators, milliseconds.
    Micro,
    /// Their energy, microjoules.
    MicroEnergy,
    /// A second clock and voltage point from the first.
    SecondPoint,
    /// Vela's estimates by operator, cycles.
    Vela,
    /// Cores, cycles that the emulator counted.
    Core,
}

impl Table {
    /// A title for people.
    pub fn title(self) -> &'static str {
        match self {
            Table::Phone => "Published Core ML latencies on phones",
            Table::Kernel => "Direct kernel measurements, M1 to M5 class: latency",
            Table::KernelEnergy => "Direct kernel measurements: energy with predicted time",
            Table::Micro => "Micro NPUs: latency",
            Table::MicroEnergy => "Micro NPUs: energy",
            Table::SecondPoint => "Micro NPUs: second clock and voltage point from the first",
            Table::Vela => "Ethos-U against Vela's own estimates, by operator",
            Table::Core => "Cortex-M and other cores against the emulator's records: cycles",
        }
    }
}

/// A figure beside its prediction.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Compared {
    /// Of what.
    pub table: Table,
    /// The source, shortened.
    pub source: String,
    /// The machine it was predicted on.
    pub machine: String,
    /// The model or kernel.
    pub what: String,
    /// The published figure.
    pub published: f64,
    /// The prediction, with this row among those fitted.
    pub predicted: f64,
    /// Prediction over figure while the row's group was held out; `None` for a row never fitted.
    pub held_out_ratio: Option<f64>,
}

impl Compared {
    /// Relative error of the shipped machine on this row.
    pub fn error(&self) -> f64 {
        (self.predicted / self.published - 1.0).abs()
    }

    /// Relative error while held out, or of a row never fitted.
    pub fn honest_error(&self) -> f64 {
        self.held_out_ratio.map_or_else(|| self.error(), |ratio| (ratio - 1.0).abs())
    }
}

/// All comparisons, and what could not be compared.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Validation {
    /// Row by row.
    pub rows: Vec<Compared>,
    /// Rows left out, with the reason and how many.
    pub left_out: BTreeMap<String, usize>,
}

const HELD_OUT: &str = include_str!("../../calibration/held_out.csv");

/// Ratios predicted while held out, by key.
fn held_out() -> BTreeMap<String, f64> {
    HELD_OUT
        .lines()
        .skip(2)
        .filter_map(|line| {
            let (key, ratio) = line.rsplit_once(';')?;
            Some((key.to_owned(), ratio.parse().ok()?))
        })
        .collect()
}

struct Collector {
    held_out: BTreeMap<String, f64>,
    out: Validation,
    cases: Vec<Case>,
}

/// One figure to compare.
struct Figure<'a> {
    table: Table,
    source: &'a str,
    what: &'a str,
    key: String,
    published: f64,
    predicted: f64,
    machine: &'a str,
    /// How it was predicted; `None` for what is predicted from another figure.
    case: Option<(&'a Network, Measure)>,
}

impl Collector {
    fn add(&mut self, figure: Figure<'_>) {
        let ratio = self.held_out.get(&figure.key).copied();
        if let Some((network, measure)) = figure.case {
            self.cases.push(Case {
                table: figure.table,
                machine: figure.machine.to_owned(),
                network: network.clone(),
                measure,
                off: figure.predicted / figure.published,
            });
        }
        self.out.rows.push(Compared {
            table: figure.table,
            source: figure.source.chars().take(48).collect(),
            machine: figure.machine.to_owned(),
            what: figure.what.to_owned(),
            published: figure.published,
            predicted: figure.predicted,
            held_out_ratio: ratio,
        });
    }

    fn skip(&mut self, reason: &str) {
        *self.out.left_out.entry(reason.to_owned()).or_default() += 1;
    }
}

/// Milliseconds and millijoules.
fn predict(network: &Network, machine: &str) -> Result<(f64, f64), SimError> {
    let machine = find_machine(machine)?;
    let prediction = simulate(network, &machine, Settings::default())?;
    Ok((prediction.total_us / 1e3, prediction.total_uj / 1e3))
}

/// Compares with every figure in a folder laid out like the shared one, and with the records of the workspace.
/// `Ok(None)` where there is no folder.
///
/// # Errors
/// Where a file is there and cannot be read.
pub fn validate(folder: &Path, workspace: &Path) -> Result<Option<Validation>, SimError> {
    Ok(collect(folder, workspace)?.map(|collector| collector.out))
}

fn collect(folder: &Path, workspace: &Path) -> Result<Option<Collector>, SimError> {
    if !folder.join("published_latency.csv").exists() {
        return Ok(None);
    }
    let mut collector = Collector { held_out: held_out(), out: Validation::default(), cases: Vec::new() };
    phones::compare(folder, &mut collector)?;
    kernels::compare(folder, &mut collector)?;
    micro::compare(folder, &mut collector)?;
    vela::compare(folder, &mut collector)?;
    cores::compare(workspace, &mut collector)?;
    Ok(Some(collector))
}
