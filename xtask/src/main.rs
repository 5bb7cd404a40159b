//! The one door: every task of the workspace is a verb of this program.

mod conform;
mod firmware;
mod setup;
mod size;

use std::{path::Path, process::ExitCode};

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
    Conform(conform::Args),
    Setup(setup::Args),
    Size(size::Args),
}

fn main() -> ExitCode {
    let outcome = match Cli::parse().verb {
        Verb::Conform(args) => conform::run(&args),
        Verb::Setup(args) => setup::run(&args, workspace()),
        Verb::Size(args) => size::run(&args, workspace()),
    };
    match outcome {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::from(1)
        }
    }
}

/// The workspace that this program was built from, which is the one it works on.
fn workspace() -> &'static Path {
    let own = Path::new(env!("CARGO_MANIFEST_DIR"));
    own.parent().unwrap_or(own)
}
