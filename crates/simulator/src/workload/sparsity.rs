//! What sparsity really leaves of its promise.

use super::transformer::encoder;
use crate::error::SimError;
use crate::machine::Machine;
use crate::network::{Precision, Weights};
use crate::simulate::{Settings, simulate};
use serde::Serialize;

/// One share of zeros.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SparsityRow {
    /// Share of weights that are zero.
    pub zeros: f64,
    /// What skipping every zero would gain.
    pub ideal: f64,
    /// What storing only what is not zero gains, at the batch given.
    pub stored: f64,
    /// Milliseconds.
    pub ms: f64,
    /// Bytes of weights.
    pub weight_bytes: u64,
    /// Why the ideal is not reached.
    pub because: String,
}

/// A BERT-like encoder (12 layers of 768, `rows` tokens) with structured zeros in its weights.
///
/// No engine in the library skips arithmetic; zeros save weight bytes, so only what streams weights gains.
///
/// # Errors
/// Those of [`simulate`].
pub fn sparsity(machine: &Machine, rows: u64, settings: Settings) -> Result<Vec<SparsityRow>, SimError> {
    let dense = simulate(&encoder(12, rows, 768, 12, Precision::Fp16), machine, settings)?;
    [0.0, 0.5, 0.63, 0.75, 0.9]
        .into_iter()
        .map(|zeros| {
            let mut network = encoder(12, rows, 768, 12, Precision::Fp16);
            if zeros > 0.0 {
                network.weights = Weights { format: Precision::Sparse, zeros };
            }
            let run = simulate(&network, machine, settings)?;
            let time = |bound: &str| -> f64 {
                let held = run.steps.iter().filter(|step| step.cost.bound() == bound);
                held.map(|step| step.cost.total_us).sum()
            };
            let all = run.total_us.max(1e-9);
            let share = |bound: &str| 100.0 * time(bound) / all;
            // A sum of nothing is -0.
            let (compute, weights) = (share("compute") + 0.0, share("weights") + 0.0);
            Ok(SparsityRow {
                zeros,
                ideal: 1.0 / (1.0 - zeros),
                stored: dense.total_us / all,
                ms: run.total_us / 1e3,
                weight_bytes: run.weight_bytes as u64,
                because: format!(
                    "{compute:.0} % of the time is arithmetic, {weights:.0} % weights, {:.0} % the rest",
                    (100.0 - compute - weights).max(0.0)
                ),
            })
        })
        .collect()
}
