//! Every task of the workspace is a verb of this program, which stands behind `cargo xtask`.

mod attach;
mod bench;
mod boards;
mod check;
mod ci;
mod codegen;
mod compare;
mod conform;
mod desk;
mod diff;
mod firmware;
mod flash;
mod fuzz;
mod gate;
mod help;
mod infer;
mod input;
mod measure;
mod mlperf;
mod model;
mod mutants;
mod planning;
mod print;
mod probe;
mod profile;
mod run;
mod setup;
mod sim;
mod size;
mod stage;
mod test;
mod tidy;

use std::{fmt, path::Path, process::ExitCode};

use clap::{Parser, Subcommand};

/// microjoule: int8 neural networks on microcontrollers.
///
/// Data goes to standard output, everything else to standard error. Exit codes: 0 fine, 1 the answer is no
/// (refused, over budget, bytes differ, regressed), 2 wrong usage.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", version, max_term_width = 110)]
struct Cli {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    Run(run::Args),
    Check(check::Args),
    Infer(infer::Args),
    Diff(diff::Args),
    Conform(conform::Args),
    Size(size::Args),
    Codegen(codegen::Args),
    Test(test::Args),
    Ci(ci::Args),
    Gate(gate::Args),
    Setup(setup::Args),
    Boards(boards::Args),
    NewBoard(boards::NewArgs),
    Sim(Box<sim::Args>),
    Tidy(tidy::Args),
    Fuzz(fuzz::Args),
    Mutants(mutants::Args),
    Bench(bench::Args),
    Profile(profile::Args),
    Mlperf(Box<mlperf::Args>),
    Attach(attach::Args),
    Measure(Box<measure::Args>),
    Compare(compare::Args),
    Flash(flash::Args),
}

fn main() -> ExitCode {
    let outcome = match Cli::parse().verb {
        Verb::Run(args) => run::run(&args, workspace()),
        Verb::Check(args) => check::run(&args, workspace()),
        Verb::Infer(args) => infer::run(&args, workspace()),
        Verb::Diff(args) => diff::run(&args, workspace()),
        Verb::Conform(args) => conform::run(&args),
        Verb::Size(args) => size::run(&args, workspace()),
        Verb::Codegen(args) => codegen::run(&args, workspace()),
        Verb::Test(args) => test::run(&args, workspace()),
        Verb::Ci(args) => ci::run(&args, workspace()),
        Verb::Gate(args) => gate::run(&args, workspace()),
        Verb::Boards(args) => boards::list(&args, workspace()),
        Verb::NewBoard(args) => boards::new(&args, workspace()),
        Verb::Setup(args) => setup::run(&args, workspace()),
        Verb::Sim(args) => sim::run(&args, workspace()),
        Verb::Tidy(args) => tidy::run(&args, workspace()),
        Verb::Fuzz(args) => fuzz::run(&args, workspace()),
        Verb::Mutants(args) => mutants::run(&args, workspace()),
        Verb::Bench(args) => bench::run(&args, workspace()),
        Verb::Profile(args) => profile::run(&args, workspace()),
        Verb::Mlperf(args) => mlperf::run(&args, workspace()),
        Verb::Attach(args) => attach::run(&args, workspace()),
        Verb::Measure(args) => measure::run(&args, workspace()),
        Verb::Compare(args) => compare::run(&args),
        Verb::Flash(args) => flash::run(&args, workspace()),
    };
    match outcome {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(error) => {
            eprintln!("error: {}", told(&error));
            if let Some(help) = help(&error) {
                eprintln!("help: {help}");
            }
            ExitCode::from(if is_usage(&error) { 2 } else { 1 })
        }
    }
}

/// The workspace that this program was built from, which is the one it works on.
fn workspace() -> &'static Path {
    let own = Path::new(env!("CARGO_MANIFEST_DIR"));
    own.parent().unwrap_or(own)
}

/// Something is wrong with what the caller asked for, not with the answer: exit code 2.
#[derive(Debug)]
struct Usage(String);

impl Usage {
    fn error(what: impl Into<String>) -> anyhow::Error {
        Self(what.into()).into()
    }

    /// Makes wrong usage of an error, with all that it says.
    fn of(error: impl Into<anyhow::Error>) -> anyhow::Error {
        Self(told(&error.into())).into()
    }
}

impl fmt::Display for Usage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Usage {}

/// All that an error says: causes after what they caused, unless that repeats them already.
fn told(error: &anyhow::Error) -> String {
    let mut told = String::new();
    for cause in error.chain().map(ToString::to_string) {
        if told.is_empty() {
            told = cause;
        } else if !told.ends_with(&cause) {
            told = format!("{told}: {cause}");
        }
    }
    told
}

/// What to do about an error, where that does not depend on the verb.
fn help(error: &anyhow::Error) -> Option<&'static str> {
    let ::firmware::Error::TooLarge { shortages, .. } = error.downcast_ref()? else { return None };
    shortages.iter().any(|shortage| shortage.kind == ::firmware::MemoryKind::Ram).then_some(
        "give the plan less with --ram-budget 10KiB; `cargo xtask check MODEL` lists what others take, and cost",
    )
}

fn is_usage(error: &anyhow::Error) -> bool {
    use ::firmware::Error::{NewBoard, NoSuchBoard};
    error.is::<Usage>() || matches!(error.downcast_ref(), Some(NoSuchBoard { .. } | NewBoard { .. }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cause_that_was_told_is_not_told_again() {
        let cause = || std::io::Error::other("no room");
        let repeated = anyhow::Error::new(cause()).context("a.json: no room");
        assert_eq!(told(&repeated), "a.json: no room");
        let apart = anyhow::Error::new(cause()).context("cannot write a.json");
        assert_eq!(told(&apart), "cannot write a.json: no room");
        assert!(is_usage(&Usage::of(apart)));
    }
}
