//! `infer`: any model on any input.

use std::path::Path;

use anyhow::{Context, Result};
use compiler::{CompileError, CompileOptions, Compiled};
use emulator::Job;
use firmware::{Board, Profile};
use golden::{LayerOutput, hex, layers, layers_of, sha256};
use serde::Serialize;

use crate::{
    firmware::{Ready, infer},
    input::{self, Source},
    model::{Identity, Model},
    planning::Planning,
    print,
};

/// Runs a model on an input and prints its outputs, here or on a board.
///
/// Example: cargo xtask infer kws --input models/kws/samples/yes_test3.wav --board qemu-an386 --layers
#[derive(clap::Args)]
pub struct Args {
    /// The model's file, or the name of one that is shipped.
    model: String,
    /// PNG, WAV, NPY or raw bytes, once for each input of the model; or `lcg:SEED`, once for all.
    #[arg(long, required = true, value_name = "FILE|lcg:SEED")]
    input: Vec<Source>,
    /// Where it runs: `host`, or a board of `boards/`.
    #[arg(long, default_value = HOST, value_name = "host|BOARD")]
    board: String,
    /// What every layer wrote, too.
    #[arg(long)]
    layers: bool,
    /// With `--layers --json`: the bytes of every layer beside their checksum, as `diff` can use them.
    #[arg(long, requires_all = ["layers", "json"])]
    bytes: bool,
    #[command(flatten)]
    planning: Planning,
    /// Print as JSON.
    #[arg(long)]
    json: bool,
}

/// Not a board: this machine.
const HOST: &str = "host";

/// What `--json` prints.
#[derive(Debug, Serialize)]
struct Report<'m> {
    model: Identity<'m>,
    board: String,
    outputs: Vec<Output>,
    steps: Vec<Step>,
    /// Why the board did not run.
    #[serde(skip_serializing_if = "Option::is_none")]
    skipped: Option<String>,
}

#[derive(Debug, Serialize)]
struct Output {
    name: String,
    shape: Vec<u32>,
    dtype: String,
    hex: String,
    sha256: String,
}

/// What a layer wrote.
#[derive(Debug, Serialize)]
struct Step {
    /// Index of the model's operator.
    index: usize,
    operator: String,
    /// The tensor that it wrote.
    tensor: String,
    sha256: String,
    /// The bytes, where they were asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    hex: Option<String>,
}

/// What a run left: the bytes of the outputs, and those of the layers if they were asked for.
#[derive(Debug, Default, Eq, PartialEq)]
pub struct Answer {
    /// The outputs, in model order.
    pub outputs: Vec<Vec<u8>>,
    /// What each layer wrote.
    pub layers: Vec<LayerOutput>,
}

/// Runs the verb; whether the model could run.
pub fn run(args: &Args, workspace: &Path) -> Result<bool> {
    let model = Model::find(workspace, &args.model)?;
    let board = if args.board == HOST { None } else { Some(Board::find(workspace, &args.board)?) };
    let options = match &board {
        Some(board) => args.planning.options(Some(board)),
        None => args.planning.options_here(),
    };
    let compiled = match model.compile(options) {
        Ok(compiled) => compiled,
        Err(error) => return refused(&model, &error),
    };
    let inputs = input::bytes(&model, &compiled, &args.input)?;
    let (answer, skipped) = match board {
        None => (on_host(&model, &compiled, &inputs, args.layers)?, None),
        Some(board) => match on_board((board, args.planning), &model, &compiled, &inputs, args.layers)? {
            Ok(answer) => (answer, None),
            Err(why) => (Answer::default(), Some(why)),
        },
    };
    if let Some(why) = &skipped {
        eprintln!("skipped: {why}");
    }
    let report = Report {
        model: model.identity(),
        board: args.board.clone(),
        outputs: outputs(&compiled, &answer.outputs),
        steps: answer.layers.iter().map(|layer| step(layer, args.bytes)).collect(),
        skipped,
    };
    if args.json {
        print::json(&report)?;
    } else {
        print::text(&text(&report))?;
    }
    Ok(true)
}

/// Prints why a model cannot run; the verb's answer is no.
pub fn refused(model: &Model, error: &CompileError) -> Result<bool> {
    eprintln!("{} cannot run:\n{error}", model.name);
    Ok(false)
}

/// Runs a model here. Every layer is seen, also those that a device does not run by themselves.
///
/// # Errors
/// When the engine stops.
pub fn on_host(model: &Model, compiled: &Compiled, inputs: &[Vec<u8>], want_layers: bool) -> Result<Answer> {
    let outputs = golden::run(compiled, &[inputs.to_vec()], &mut ())?.pop().unwrap_or_default();
    let layers = match want_layers {
        true => layers(&model.compile(CompileOptions::EVERY_LAYER.for_isa(compiled.options.isa))?, inputs)?,
        false => Vec::new(),
    };
    Ok(Answer { outputs, layers })
}

/// Runs a model as firmware, or tells why that cannot be done here. The layers are those of the plan that the device
/// runs: what was merged into another layer is not among them.
///
/// # Errors
/// When the firmware does not build, or fails.
pub fn on_board(
    (board, planning): (Board, Planning),
    model: &Model,
    compiled: &Compiled,
    inputs: &[Vec<u8>],
    want_layers: bool,
) -> Result<Result<Answer, String>> {
    let ready = match Ready::new(board) {
        Ok(ready) => ready.planned(planning.firmware()),
        Err(error @ firmware::Error::NoToolchain { .. }) => return Ok(Err(error.to_string())),
        Err(error) => return Err(error.into()),
    };
    let emulator = match ready.emulator() {
        Ok(emulator) => emulator,
        Err(absent) => return Ok(Err(absent.to_string())),
    };
    let image = ready.image(&model.path, Profile::Release, want_layers)?;
    let case = [inputs.concat()];
    let reply = infer(&emulator, &image, &Job { cases: &case, steps: want_layers, reset: true })?;
    let case = reply.cases.into_iter().next().context("the firmware answered no case")?;
    let layers = match want_layers {
        true => {
            let reports = case.steps.iter().map(|step| (step.step as usize, step.bytes.as_slice()));
            layers_of(compiled, inputs, reports)?
        }
        false => Vec::new(),
    };
    Ok(Ok(Answer { outputs: case.outputs, layers }))
}

fn outputs(compiled: &Compiled, bytes: &[Vec<u8>]) -> Vec<Output> {
    let described = compiled.outputs.iter().zip(bytes);
    let described = described.map(|(tensor, bytes)| Output {
        name: tensor.name.clone(),
        shape: tensor.shape.clone(),
        dtype: input::dtype(tensor.dtype),
        hex: hex(bytes),
        sha256: sha256(bytes),
    });
    described.collect()
}

fn step(layer: &LayerOutput, want_bytes: bool) -> Step {
    Step {
        index: layer.layer,
        operator: layer.operator.clone(),
        tensor: layer.tensor.clone(),
        sha256: layer.sha256(),
        hex: want_bytes.then(|| hex(&layer.bytes)),
    }
}

/// Bytes that a person is shown of an output; the checksum is of all.
const SHOWN_DIGITS: usize = 128;

fn text(report: &Report<'_>) -> String {
    let mut text = String::new();
    for output in &report.outputs {
        let shown = output.hex.get(..SHOWN_DIGITS).map_or(output.hex.clone(), |start| format!("{start}…"));
        text += &format!(
            "{} {} {:?}\n  sha256 {}\n  bytes  {shown}\n",
            output.name, output.dtype, output.shape, output.sha256
        );
    }
    for step in &report.steps {
        text += &format!("{:4} {:24} {}  {}\n", step.index, step.operator, step.sha256, step.tensor);
    }
    text
}
