//! What `cargo xtask` calls when a verb needs a debug probe. A program of its own, so that nobody else waits for the debug
//! stack to compile.
//!
//! Data goes to standard output, everything else to standard error. Exit codes: 0 fine, 1 the answer is no, 2 wrong usage.
#![forbid(unsafe_code)]

mod desk;
mod find;
mod flash;

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use lab::probes::Error;

/// Debug probes.
#[derive(Parser)]
#[command(name = "lab", version, max_term_width = 110)]
struct Cli {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    Find(find::Args),
    Flash(flash::Args),
}

fn main() -> ExitCode {
    let outcome = match Cli::parse().verb {
        Verb::Find(args) => find::run(&args),
        Verb::Flash(args) => flash::run(&args),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let head = if matches!(error, Error::NoProbe) { "" } else { "error: " };
            eprintln!("{head}{error}");
            let usage =
                matches!(error, Error::NoSuchChip { .. } | Error::NoSuchProbe { .. } | Error::Image { .. });
            ExitCode::from(if usage { 2 } else { 1 })
        }
    }
}
