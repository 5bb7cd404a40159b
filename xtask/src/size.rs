//! `size`: what the shipped models take of the boards.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};
use compiler::{CompileOptions, compile};
use firmware::Board;

use crate::firmware::{Footprint, For, HEADER, Ready, fitting, footprint, row};

/// Flash, RAM and stack that models take of boards, held against the boards' budgets.
///
/// Builds a real image for each, looks into it, and runs it where its emulator is here. Exits with 1 when an image is
/// over its board's budget, can panic, or allocates.
///
/// Example: cargo xtask size --board qemu-an386 --profile small
#[derive(clap::Args)]
pub struct Args {
    /// The models; without, those that are shipped.
    models: Vec<PathBuf>,
    /// Only this board.
    #[arg(long)]
    board: Option<String>,
    /// Optimised for what.
    #[arg(long, value_enum, default_value_t = For::Release)]
    profile: For,
    /// Print the figures as JSON.
    #[arg(long)]
    json: bool,
}

/// Runs the verb; whether every image keeps its budget.
pub fn run(args: &Args, workspace: &Path) -> Result<bool> {
    let boards = match &args.board {
        Some(name) => vec![Board::find(workspace, name)?],
        None => Board::all(workspace)?,
    };
    let models = if args.models.is_empty() { shipped(workspace)? } else { args.models.clone() };
    let mut footprints = Vec::new();
    // Of the shipped models it is known which board is too small; a model that somebody names is meant to fit.
    let mut all_fit = true;
    for board in boards {
        let name = board.name.clone();
        let ready = match Ready::new(board) {
            Ok(ready) => ready,
            Err(error) => {
                eprintln!("skipped: {name}: {error}");
                continue;
            }
        };
        for model in &models {
            let input = input(model)?;
            match fitting(footprint(&ready, model, args.profile.into(), &input))? {
                Ok(footprint) => footprints.push(footprint),
                Err(why) => {
                    eprintln!("{why}");
                    all_fit &= args.models.is_empty();
                }
            }
        }
    }
    if args.json {
        println!("{}", serde_json::to_string_pretty(&footprints)?);
    } else {
        print(&footprints);
    }
    anyhow::ensure!(!footprints.is_empty() || !all_fit, "no board could be built for");
    Ok(all_fit && footprints.iter().all(Footprint::is_good))
}

fn print(footprints: &[Footprint]) {
    println!("{HEADER}");
    for footprint in footprints {
        println!("{}", row(footprint));
        for wrong in footprint.forbidden.iter().chain(&footprint.over_budget) {
            println!("    {wrong}");
        }
        if let Some(skipped) = &footprint.skipped {
            println!("    skipped: {skipped}");
        }
    }
}

fn shipped(workspace: &Path) -> Result<Vec<PathBuf>> {
    let folder = workspace.join("models");
    let entries = fs::read_dir(&folder).with_context(|| folder.display().to_string())?;
    let mut models: Vec<_> = entries
        .flatten()
        .map(|entry| entry.path().join("model.tflite"))
        .filter(|model| model.is_file())
        .collect();
    models.sort();
    Ok(models)
}

/// One case for the run that measures the stack: what a kernel does to it does not depend on values.
fn input(model: &Path) -> Result<Vec<u8>> {
    let bytes = fs::read(model).with_context(|| model.display().to_string())?;
    let compiled = compile(&model.display().to_string(), &bytes, CompileOptions::DEVICE)?;
    Ok(golden::lcg_inputs(&compiled.inputs, golden::Lcg::SEED).concat())
}
