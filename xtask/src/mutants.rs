//! `mutants`: whether a crate's tests notice when its code is changed.

use std::path::Path;

use anyhow::{Context, Result, bail};
use firmware::find_program;

use crate::stage::cargo;

/// Changes a crate's code, one small piece at a time, and looks for changes that none of its tests notices.
///
/// Needs the program cargo-mutants. Builds and tests the crate once for every change, which takes long: a run of its own,
/// no part of `ci`. Exits with 1 when a change survives; what became of each is under `target/mutants.out`. Changes that
/// change nothing are named in `.cargo/mutants.toml`.
///
/// Example: cargo xtask mutants quant
#[derive(clap::Args)]
pub struct Args {
    /// The crate, by the name of its folder.
    #[arg(default_value = "quant", value_name = "CRATE")]
    name: String,
    /// Only this file of it.
    #[arg(long)]
    file: Option<String>,
    /// How many changes are tried at a time.
    #[arg(long, default_value_t = 1)]
    jobs: u32,
}

/// What cargo-mutants exits with: all changes were noticed, one was not, or one made the tests run on for too long, which
/// is noticed too.
const CAUGHT: i32 = 0;
const MISSED: i32 = 2;
const ENDLESS: i32 = 3;

/// Runs the verb; whether no change survived.
pub fn run(args: &Args, workspace: &Path) -> Result<bool> {
    if find_program("cargo-mutants").is_none() {
        eprintln!("skipped: no cargo-mutants; install with `cargo install --locked cargo-mutants`");
        return Ok(true);
    }
    let mut command = cargo(workspace, &["mutants", "--no-shuffle", "--colors=never", "--output=target"]);
    command.arg(format!("--package=microjoule-{}", args.name)).arg(format!("--jobs={}", args.jobs));
    command.args(args.file.iter().map(|file| format!("--file={file}")));
    match command.status().context("cargo mutants")?.code() {
        Some(CAUGHT | ENDLESS) => Ok(true),
        Some(MISSED) => Ok(false),
        _ => bail!("cargo mutants could not try the changes"),
    }
}
