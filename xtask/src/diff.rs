//! `diff`: the first layer that is not as recorded.

use std::path::{Path, PathBuf};

use anyhow::Result;
use compiler::CompileOptions;
use golden::{LayerDifference, diff, layers, references};
use serde::Serialize;

use crate::{
    Usage,
    infer::refused,
    input::{self, Source},
    model::{Identity, Model},
    print,
};

/// Compares every layer of a model with a record, or with what another run wrote, and finds the first that differs.
///
/// A record holds checksums for the input of seed 12345. A dump of `cargo xtask infer --layers --bytes --json` holds
/// bytes, too: then it is said by how much a layer differs.
///
/// Example: cargo xtask diff kws --golden models/kws/golden.json
#[derive(clap::Args)]
pub struct Args {
    /// The model's file, or the name of one that is shipped.
    model: String,
    /// The record (`layers_case0`) or the dump (`steps`).
    #[arg(long, value_name = "FILE")]
    golden: PathBuf,
    /// What the other run ran on.
    #[arg(long, default_value = "lcg:12345", value_name = "FILE|lcg:SEED")]
    input: Vec<Source>,
    /// Print as JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Serialize)]
struct Report<'m> {
    model: Identity<'m>,
    /// The first layer that differs.
    first: Option<LayerDifference>,
    /// Layers that were compared.
    compared: usize,
    layers: Vec<LayerDifference>,
}

/// Runs the verb; whether every layer that both runs have is the same.
pub fn run(args: &Args, workspace: &Path) -> Result<bool> {
    let model = Model::find(workspace, &args.model)?;
    let references = references(&args.golden).map_err(Usage::of)?;
    let compiled = match model.compile(CompileOptions::EVERY_LAYER) {
        Ok(compiled) => compiled,
        Err(error) => return refused(&model, &error),
    };
    let inputs = input::bytes(&model, &compiled, &args.input)?;
    let found = diff(&layers(&compiled, &inputs)?, &references);
    let compared = found.iter().filter(|layer| layer.same.is_some()).count();
    if compared == 0 {
        return Err(Usage::error(format!("{} has no layer of this model", args.golden.display())));
    }
    let first = found.iter().find(|layer| layer.same == Some(false)).cloned();
    let same = first.is_none();
    let report = Report { model: model.identity(), first, compared, layers: found };
    if args.json {
        print::json(&report)?;
    } else {
        print::text(&text(&report))?;
    }
    Ok(same)
}

fn text(report: &Report<'_>) -> String {
    let mut text = String::new();
    for layer in &report.layers {
        let verdict = match (layer.same, layer.by) {
            (Some(true), _) => "same".to_owned(),
            (None, _) => "not there: merged into another layer".to_owned(),
            (Some(false), None) => "DIFFERS".to_owned(),
            (Some(false), Some(by)) => format!(
                "DIFFERS in {} of {} bytes, first at {}, by {} at most",
                by.differing, by.of, by.first, by.largest
            ),
        };
        text += &format!("{:4} {:24} {verdict}\n", layer.index, layer.operator);
    }
    text += &match &report.first {
        None => format!("all {} layers compared are the same\n", report.compared),
        Some(first) => format!("the first that differs is layer {}, {}\n", first.index, first.operator),
    };
    text
}
