//! `run`: the main job, with nothing to know beforehand.

use std::{
    fs,
    path::{Path, PathBuf},
    time::Instant,
};

use anyhow::{Context, Result};
use compiler::{CompileOptions, Compiled};
use emulator::Job;
use engine::{DType, TensorInfo};
use firmware::{Board, Contents, Profile};
use samples::Card;
use serde::{Deserialize, Serialize};

use crate::{
    Usage,
    firmware::{Ready, fitting, infer},
    infer::refused,
    input::{self, Source},
    model::{Identity, Model, shipped},
    print,
};

/// Runs a shipped model on a real sample: here, and as firmware on an emulated microcontroller.
///
/// Prints the answer, whether board and host gave the same bytes, the time, and what it takes of a microcontroller.
/// Without arguments, every shipped model on one of its samples.
///
/// Example: cargo xtask run --model kws --input models/kws/samples/stop_test83.wav
#[derive(clap::Args)]
pub struct Args {
    /// Only this model: the name of a shipped one, or a file.
    #[arg(long)]
    model: Option<String>,
    /// What it runs on: PNG, WAV, NPY or raw bytes; without, one of the samples beside the model.
    #[arg(long, requires = "model")]
    input: Option<PathBuf>,
    /// The board.
    #[arg(long, default_value = "qemu-an386")]
    board: String,
    /// Print as JSON.
    #[arg(long)]
    json: bool,
}

/// What came of one model.
#[derive(Debug, Serialize)]
struct Report<'m> {
    model: Identity<'m>,
    input: PathBuf,
    answer: Answer,
    host: Host,
    board: OnBoard,
}

/// The highest score.
#[derive(Debug, Serialize)]
struct Answer {
    index: usize,
    label: Option<String>,
    score: f32,
}

#[derive(Debug, Serialize)]
struct Host {
    microseconds: f64,
    arena_bytes: usize,
    weight_bytes: usize,
}

#[derive(Debug, Serialize)]
struct OnBoard {
    name: String,
    core: String,
    /// Why nothing was tried.
    skipped: Option<String>,
    /// What the model asks of the board that it has not.
    refused: Option<String>,
    run: Option<BoardRun>,
}

/// A run as firmware.
#[derive(Debug, Serialize)]
struct BoardRun {
    /// Whether all output bytes are those of the host.
    same_bytes: bool,
    arena_bytes: u32,
    stack_bytes: u32,
    flash_bytes: u64,
    ram_bytes: u64,
    /// The emulator's own time, which says nothing about the microcontroller's.
    emulation_seconds: f64,
}

/// Runs the verb; whether board and host agree wherever both ran, and a model that was named fits its board.
pub fn run(args: &Args, workspace: &Path) -> Result<bool> {
    let board = Board::find(workspace, &args.board)?;
    let models = match &args.model {
        Some(name) => vec![Model::find(workspace, name)?],
        None => shipped(workspace)?,
    };
    let mut reports = Vec::new();
    for model in &models {
        let input = args.input.clone().map_or_else(|| sample(model), Ok)?;
        let compiled = match model.compile(CompileOptions::DEVICE.for_target(&board.target, &board.core)) {
            Ok(compiled) => compiled,
            Err(error) => return refused(model, &error),
        };
        let report = one(model, &compiled, input, &board)?;
        if !args.json {
            print::text(&text(&report))?;
        }
        reports.push(report);
    }
    if args.json {
        print::json(&reports)?;
    }
    // Of the shipped models it is known which board is too small; a model that somebody names is meant to fit.
    let fits = |board: &OnBoard| args.model.is_none() || board.refused.is_none();
    let same = |board: &OnBoard| board.run.as_ref().is_none_or(|run| run.same_bytes);
    Ok(reports.iter().all(|report| fits(&report.board) && same(&report.board)))
}

/// The sample that `samples/expected.json` beside a model names first.
fn sample(model: &Model) -> Result<PathBuf> {
    #[derive(Deserialize)]
    struct Row {
        file: PathBuf,
    }
    let folder = model.path.with_file_name("samples");
    let list = folder.join("expected.json");
    let none = || format!("{} has no samples beside it: give one with `--input FILE`", model.name);
    let text = fs::read_to_string(&list).with_context(none).map_err(Usage::of)?;
    let rows: Vec<Row> = serde_json::from_str(&text).with_context(|| list.display().to_string())?;
    let first = rows.first().with_context(none).map_err(Usage::of)?;
    Ok(folder.join(&first.file))
}

fn one<'m>(model: &'m Model, compiled: &Compiled, input: PathBuf, board: &Board) -> Result<Report<'m>> {
    let inputs = input::bytes(model, compiled, &[Source::File(input.clone())])?;
    let started = Instant::now();
    let outputs = golden::run(compiled, std::slice::from_ref(&inputs), &mut ())?.pop().unwrap_or_default();
    let microseconds = started.elapsed().as_secs_f64() * 1e6;
    let card = Card::beside(&model.path).map_err(Usage::of)?;
    Ok(Report {
        model: model.identity(),
        input,
        answer: answer(compiled, &outputs, card.as_ref()),
        host: Host {
            microseconds,
            arena_bytes: compiled.layout.arena_bytes,
            weight_bytes: compiled.layout.weights.len(),
        },
        board: on_board(board, model, &inputs, &outputs)?,
    })
}

/// The highest score of the first output, and what it stands for.
fn answer(compiled: &Compiled, outputs: &[Vec<u8>], card: Option<&Card>) -> Answer {
    let scores = match (compiled.outputs.first(), outputs.first()) {
        (Some(output), Some(bytes)) => reals(output, bytes),
        _ => Vec::new(),
    };
    let best = scores.iter().enumerate().fold((0, f32::NEG_INFINITY), |best, (index, &score)| {
        if score > best.1 { (index, score) } else { best }
    });
    let label = card.and_then(|card| card.labels.get(best.0)).cloned();
    Answer { index: best.0, label, score: best.1 }
}

/// The real numbers that an output stands for.
fn reals(output: &compiler::TensorDesc, bytes: &[u8]) -> Vec<f32> {
    let info = TensorInfo {
        name: &output.name,
        dtype: output.dtype,
        shape: &output.shape,
        scale: output.scale,
        zero_point: output.zero_point,
        operand: output.operand,
    };
    match output.dtype {
        DType::Int8 => bytes.iter().map(|&q| info.dequantize(i32::from(q as i8))).collect(),
        DType::Uint8 => bytes.iter().map(|&q| info.dequantize(i32::from(q))).collect(),
        DType::Int16 => {
            let (words, _) = bytes.as_chunks();
            words.iter().map(|&q| info.dequantize(i32::from(i16::from_le_bytes(q)))).collect()
        }
        DType::Float32 => {
            let (words, _) = bytes.as_chunks();
            words.iter().map(|&real| f32::from_le_bytes(real)).collect()
        }
        _ => Vec::new(),
    }
}

fn on_board(board: &Board, model: &Model, inputs: &[Vec<u8>], expected: &[Vec<u8>]) -> Result<OnBoard> {
    let (run, skipped, refused) = match fitting(board_run(board, model, inputs, expected))? {
        Ok(Ok(run)) => (Some(run), None, None),
        Ok(Err(absent)) => (None, Some(absent), None),
        Err(why) => (None, None, Some(why)),
    };
    Ok(OnBoard { name: board.name.clone(), core: board.core.clone(), skipped, refused, run })
}

fn board_run(
    board: &Board,
    model: &Model,
    inputs: &[Vec<u8>],
    expected: &[Vec<u8>],
) -> Result<Result<BoardRun, String>> {
    // The emulator first: it is looked for, while a target may be downloaded.
    let emulator = match emulator::Emulator::find(board) {
        Ok(emulator) => emulator,
        Err(absent) => return Ok(Err(absent.to_string())),
    };
    let ready = match Ready::new(board.clone()) {
        Ok(ready) => ready,
        Err(error @ firmware::Error::NoToolchain { .. }) => return Ok(Err(error.to_string())),
        Err(error) => return Err(error.into()),
    };
    let image = ready.image(&model.path, Profile::Release, false)?;
    let sizes = Contents::read(&image.path)?.sizes;
    let started = Instant::now();
    let cases = [inputs.concat()];
    let reply = infer(&emulator, &image, &Job { cases: &cases, steps: false, reset: true })?;
    let emulation_seconds = started.elapsed().as_secs_f64();
    let case = reply.cases.first().context("the firmware answered no case")?;
    Ok(Ok(BoardRun {
        same_bytes: case.outputs == expected,
        arena_bytes: reply.hello.arena_bytes,
        stack_bytes: reply.stack.deepest_bytes,
        flash_bytes: sizes.flash_bytes(),
        ram_bytes: sizes.ram_bytes(),
        emulation_seconds,
    }))
}

fn text(report: &Report<'_>) -> String {
    let Report { answer, host, board, .. } = report;
    let label = answer.label.clone().unwrap_or_else(|| format!("number {}", answer.index));
    let mut text = format!("{} on {}\n", report.model.name(), report.input.display());
    text += &format!("  answer  {label} ({:.1} %)\n", answer.score * 100.0);
    text += &format!(
        "  host    {:.1} ms, arena {} B, weights {} B\n",
        host.microseconds / 1000.0,
        host.arena_bytes,
        host.weight_bytes
    );
    match (&board.run, &board.refused) {
        (Some(run), _) => {
            let agreement =
                if run.same_bytes { "the same bytes as the host" } else { "OTHER BYTES than the host" };
            text += &format!("  board   {} ({}): {agreement}\n", board.name, board.core);
            text += &format!(
                "          flash {} B, RAM {} B (arena {} B), stack {} B; emulated in {:.1} s\n",
                run.flash_bytes, run.ram_bytes, run.arena_bytes, run.stack_bytes, run.emulation_seconds
            );
        }
        (None, Some(why)) => text += &format!("  board   {} ({}): {why}\n", board.name, board.core),
        (None, None) => {
            let why = board.skipped.as_deref().unwrap_or_default();
            text += &format!("  board   {}: skipped: {why}\n", board.name);
        }
    }
    text
}
