//! `ci`: what a change must pass.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::Result;
use clap::ValueEnum;
use compiler::CompileOptions;
use firmware::{Board, Contents, Profile, Sizes, Talk, misplaced};
use golden::models_in;
use telemetry::mlperf::Task;

use crate::{
    Usage, codegen,
    firmware::{Ready, fitting, over_budget},
    fuzz,
    mlperf::host,
    model::{Model, shipped},
    print,
    stage::{Ending, Stage, cargo, passed, run as execute, stage, table},
    tidy,
};

/// Everything that a change must pass, stage by stage, with the time that each takes.
///
/// Example: cargo xtask ci --skip test
#[derive(clap::Args)]
pub struct Args {
    /// Leave a stage out.
    #[arg(long, value_enum, value_name = "STAGE")]
    skip: Vec<Name>,
    /// Only these stages.
    #[arg(long, value_enum, value_name = "STAGE", conflicts_with = "skip")]
    only: Vec<Name>,
    /// With the stage `boards`: both builds for MLPerf Tiny's runner of every board behind a probe around every network of the
    /// benchmark in this folder. Takes 10 s for each of eighty images.
    #[arg(long, value_name = "FOLDER")]
    tiny: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
enum Name {
    /// Formatting.
    Fmt,
    /// Lints, without a single warning.
    Clippy,
    /// Generated files.
    Codegen,
    /// What the documents say against what is there.
    Tidy,
    /// Firmware of every shipped model for every board, without a single warning.
    Boards,
    /// Everything that `cargo xtask test` does.
    Test,
    /// A short fuzz run of each kind.
    Fuzz,
}

/// Runs the verb; whether no stage failed.
pub fn run(args: &Args, workspace: &Path) -> Result<bool> {
    // Asked for now: building may put a fresh program in this one's place.
    let itself = std::env::current_exe()?;
    let wanted =
        |name: &Name| !args.skip.contains(name) && (args.only.is_empty() || args.only.contains(name));
    let stages: Vec<Stage> = Name::value_variants()
        .iter()
        .filter(|name| wanted(name))
        .map(|&name| {
            let label = name.to_possible_value().map(|value| value.get_name().to_owned());
            stage(&label.unwrap_or_default(), || work(name, &itself, (workspace, args.tiny.as_deref())))
        })
        .collect();
    print::text(&table(&stages))?;
    Ok(stages.iter().all(|stage| stage.ending != Ending::Failed))
}

fn work(name: Name, itself: &Path, (workspace, tiny): (&Path, Option<&Path>)) -> Result<Ending> {
    Ok(match name {
        Name::Fmt => passed(execute(&mut cargo(workspace, &["fmt", "--all", "--check"]))?),
        Name::Clippy => {
            let arguments = ["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"];
            passed(execute(&mut cargo(workspace, &arguments))?)
        }
        Name::Codegen => {
            let stale = codegen::stale(workspace);
            stale.iter().for_each(|file| eprintln!("{file} is stale: run `cargo xtask codegen`"));
            passed(stale.is_empty())
        }
        Name::Tidy => {
            let findings = tidy::findings(workspace)?;
            findings.iter().for_each(|finding| eprintln!("{finding}"));
            passed(findings.is_empty())
        }
        Name::Boards => boards(workspace, tiny)?,
        Name::Test => passed(execute(Command::new(itself).arg("test"))?),
        Name::Fuzz => passed(fuzz::short(workspace)?),
    })
}

/// The model of the images that the host does not talk to by RTT: the largest that is shipped.
const SERVED: &str = "kws";
/// Those images: both builds for MLPerf Tiny's runner, and the one whose current is measured.
const ASIDE: [&[&str]; 3] = [&["mlperf"], &["mlperf", "energy"], &["energy"]];

/// Builds an image; whether all of it is where the chip needs it, and within the board's budget. One that the board is too
/// small for is passed over aloud.
fn is_sound(ready: &Ready, model: &Model, features: &[&str], talk: Talk) -> Result<bool> {
    is_within(ready, model, (features, talk), |sizes| sizes)
}

/// The same, with `counted` of the image's sizes held against the budget.
fn is_within(
    ready: &Ready,
    model: &Model,
    (features, talk): (&[&str], Talk),
    counted: fn(Sizes) -> Sizes,
) -> Result<bool> {
    let board = &ready.board;
    let image = match fitting(ready.image_with(&model.path, Profile::Release, features))? {
        Ok(image) => image,
        Err(why) => {
            eprintln!("skipped: {why}");
            return Ok(true);
        }
    };
    let mut findings = misplaced(&image.path, board, talk)?;
    findings.extend(over_budget(board, &counted(Contents::read(&image.path)?.sizes), None));
    findings.iter().for_each(|finding| eprintln!("{}: {finding}", board.name));
    let what = if features.is_empty() { String::new() } else { format!(" ({})", features.join(", ")) };
    eprintln!("{} for {}{what}: built", model.name, board.name);
    Ok(findings.is_empty())
}

/// The budget is for what stands beside the weights, of which networks that are not shipped have more or less.
fn beside_weights(sizes: Sizes) -> Sizes {
    Sizes { rodata_bytes: sizes.rodata_bytes.saturating_sub(sizes.weights_bytes), ..sizes }
}

/// The networks in a folder that are for one of MLPerf Tiny's benchmarks.
fn networks(folder: &Path) -> Result<Vec<Model>> {
    let paths = models_in(folder).map_err(|error| Usage::error(format!("{}: {error}", folder.display())))?;
    let models = paths.iter().map(|path| Model::read(path)).collect::<Result<Vec<_>>>()?;
    let is_benchmark = |model: &Model| {
        let compiled = model.compile(CompileOptions::DEVICE).ok();
        compiled.and_then(|compiled| host::task(&compiled).ok()).is_some_and(|task| Task::ALL.contains(&task))
    };
    let found: Vec<_> = models.into_iter().filter(is_benchmark).collect();
    if found.is_empty() {
        return Err(Usage::error(format!("{}: no network of MLPerf Tiny", folder.display())));
    }
    Ok(found)
}

/// Lints what emulated boards share, once for each target, and every real board's own page; and builds every shipped
/// model for every board, with everything where its chip needs it and within the board's budget. A board whose target is not
/// here is passed over aloud.
///
/// With a folder, MLPerf Tiny's images of every board behind a probe are built around the benchmark's networks in it, too.
fn boards(workspace: &Path, tiny: Option<&Path>) -> Result<Ending> {
    let tiny = tiny.map(networks).transpose()?.unwrap_or_default();
    let mut built = 0;
    let mut lost = false;
    let mut absent = Vec::new();
    let mut linted = BTreeSet::new();
    for board in Board::all(workspace)? {
        let ready = match Ready::new(board) {
            Ok(ready) => ready,
            Err(error) => {
                eprintln!("skipped: {error}");
                absent.push(error.to_string());
                continue;
            }
        };
        // Emulated boards have no code of their own.
        let own = ready.board.runner.map(|_| ready.board.name.clone());
        if linted.insert((ready.board.target.clone(), own)) {
            ready.lint()?;
        }
        for model in shipped(workspace)? {
            lost |= !is_sound(&ready, &model, &[], Talk::Rtt)?;
            built += 1;
        }
        if ready.board.runner.is_some() {
            let model = Model::find(workspace, SERVED)?;
            for features in ASIDE {
                lost |= !is_sound(&ready, &model, features, Talk::Aside)?;
            }
            for model in &tiny {
                for features in ASIDE.into_iter().filter(|features| features.contains(&"mlperf")) {
                    lost |= !is_within(&ready, model, (features, Talk::Aside), beside_weights)?;
                }
            }
        }
    }
    if lost {
        return Ok(Ending::Failed);
    }
    Ok(if built > 0 { Ending::Passed } else { Ending::Skipped(absent.join("; ")) })
}
