//! `gate`: every limit of a budget, judged.

mod answers;
mod bench;

use std::path::{Path, PathBuf};

use anyhow::Result;
use budget::{Budget, BudgetError, Strictness, compare, judge, read_baseline, report, write_atomically};
use simulator::SimError;

use crate::Usage;
use bench::Desk;

/// Does every model keep its budget: latency, power, energy, memory, file size, loss by quantisation.
///
/// Limits stand in budget.toml, per model and tier, each against one or several machines (predicted) or records
/// (emulated or measured). Says by how much a limit is missed, which steps are to blame, and what would fit.
/// A figure whose error bar straddles its limit is too close to call: a warning. docs/gate.md has the format and a
/// recipe for continuous integration.
///
/// Exit codes: 0 within budget, 1 over budget, regressed, or without a figure for a limit, 2 wrong usage or a
/// malformed file.
///
/// Examples:
///   cargo xtask gate
///   cargo xtask gate --budget products/doorbell.toml --strict
///   cargo xtask gate --json > baseline.json
///   cargo xtask gate --baseline baseline.json --junit gate.xml --markdown gate.md
#[derive(clap::Args)]
#[command(verbatim_doc_comment)]
pub struct Args {
    /// The budget; without it, budget.toml of the workspace.
    #[arg(long, value_name = "FILE")]
    budget: Option<PathBuf>,
    /// Print all verdicts, blame, levers and records as JSON; it serves as a baseline too.
    #[arg(long)]
    json: bool,
    /// Write a report for test viewers.
    #[arg(long, value_name = "FILE")]
    junit: Option<PathBuf>,
    /// Write a summary for a pull request.
    #[arg(long, value_name = "FILE")]
    markdown: Option<PathBuf>,
    /// Compare with what an earlier `gate --json` printed, or with a record.
    #[arg(long, value_name = "FILE")]
    baseline: Option<PathBuf>,
    /// Count what is too close to call as failed.
    #[arg(long)]
    strict: bool,
}

/// Runs the verb; whether the gate opens.
pub fn run(args: &Args, workspace: &Path) -> Result<bool> {
    let (budget, folder) = match &args.budget {
        Some(path) => {
            let folder = path.parent().map(Path::to_owned).unwrap_or_default();
            (Budget::read(path).map_err(usage)?, folder)
        }
        None => {
            let mut budget = Budget::read(&workspace.join("budget.toml")).map_err(usage)?;
            // Reports are the same wherever the workspace lies.
            budget.file = "budget.toml".to_owned();
            (budget, workspace.to_owned())
        }
    };
    let baseline = args.baseline.as_deref().map(read_baseline).transpose().map_err(usage)?;
    let strictness = if args.strict { Strictness::Strict } else { Strictness::Lenient };
    let mut gate = judge(&budget, &mut Desk::new(folder), strictness).map_err(usage)?;
    if let Some(baseline) = baseline {
        let comparison = compare(&budget, gate.records(), &baseline);
        gate = gate.with_baseline(comparison);
    }
    if let Some(path) = &args.junit {
        write_atomically(path, &report::junit(&gate)?)?;
    }
    if let Some(path) = &args.markdown {
        write_atomically(path, &report::markdown(&gate))?;
    }
    if args.json {
        print!("{}", report::json(&gate)?);
        eprintln!("{}", report::summary(&gate));
    } else {
        print!("{}", report::table(&gate));
    }
    Ok(gate.passed)
}

/// What the caller wrote is wrong usage; that a model runs on no engine of a machine is an answer.
fn usage(error: BudgetError) -> anyhow::Error {
    match &error {
        BudgetError::Target { reason, .. }
            if matches!(
                reason.downcast_ref::<SimError>(),
                Some(SimError::NoEngine { .. } | SimError::Model { .. })
            ) =>
        {
            error.into()
        }
        BudgetError::Write { .. } | BudgetError::Format { .. } => error.into(),
        _ => Usage::of(error),
    }
}
