//! What `cargo xtask` calls when a verb needs a debug probe. A program of its own, so that nobody else waits for the debug
//! stack to compile.
//!
//! Data goes to standard output, everything else to standard error. Exit codes: 0 fine, 1 the answer is no, 2 wrong usage.
#![forbid(unsafe_code)]

mod attach;
mod desk;
mod find;
mod flash;
mod peek;
mod place;
mod talk;

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use lab::probes::Error;

use desk::Which;

/// Debug probes.
#[derive(Parser)]
#[command(name = "lab", version, max_term_width = 110)]
struct Cli {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    Attach(attach::Args),
    Find(find::Args),
    Flash(flash::Args),
    Peek(peek::Args),
    Talk(talk::Args),
}

impl Verb {
    fn probe(&self) -> Option<&Which> {
        match self {
            Self::Attach(args) => args.place.probe.as_ref(),
            Self::Find(args) => args.probe.as_ref(),
            Self::Flash(args) => args.place.probe.as_ref(),
            Self::Peek(args) => args.place.probe.as_ref(),
            Self::Talk(args) => args.place.probe.as_ref(),
        }
    }
}

fn main() -> ExitCode {
    let verb = Cli::parse().verb;
    let simulated = if matches!(verb.probe(), Some(Which::Simulated(_))) { "simulated: " } else { "" };
    let outcome = match verb {
        Verb::Attach(args) => attach::run(&args),
        Verb::Find(args) => find::run(&args),
        Verb::Flash(args) => flash::run(&args),
        Verb::Peek(args) => peek::run(&args),
        Verb::Talk(args) => talk::run(&args),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let head = if matches!(error, Error::NoProbe) { "" } else { "error: " };
            eprintln!("{simulated}{head}{error}");
            let usage =
                matches!(error, Error::NoSuchChip { .. } | Error::NoSuchProbe { .. } | Error::Image { .. });
            ExitCode::from(if usage { 2 } else { 1 })
        }
    }
}
