//! The program that talks to debug probes, which is built when a verb first needs one.

use std::{
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use anyhow::{Context, Result};
use firmware::{Board, build_host_program};

use crate::Usage;

const PACKAGE: &str = "microjoule-lab";
const PROGRAM: &str = "lab";

/// The program, ready to be called.
#[derive(Debug)]
pub struct Lab {
    program: PathBuf,
}

impl Lab {
    /// Builds it, unless that was done.
    ///
    /// # Errors
    /// When it does not compile.
    pub fn ready(workspace: &Path) -> Result<Self> {
        let progress = indicatif::ProgressBar::new_spinner();
        progress.enable_steady_tick(Duration::from_millis(120));
        let mut told = false;
        let program = build_host_program(workspace, (PACKAGE, PROGRAM), &mut |line| {
            if !told && line.trim_start().starts_with("Compiling") {
                told = true;
                progress.suspend(|| eprintln!("building the debug stack, once: two or three minutes"));
            }
            progress.set_message(line.trim().to_owned());
        });
        progress.finish_and_clear();
        Ok(Self { program: program? })
    }

    /// Calls it with its output where ours goes; whether the answer is yes.
    ///
    /// # Errors
    /// Wrong usage, when it says so.
    pub fn call(&self, arguments: &[String]) -> Result<bool> {
        let status = Command::new(&self.program)
            .args(arguments)
            .status()
            .with_context(|| self.program.display().to_string())?;
        match status.code() {
            Some(0) => Ok(true),
            Some(2) => Err(Usage::error(format!("`lab {}` did not take that", arguments.join(" ")))),
            _ => Ok(false),
        }
    }
}

/// The chip of a board that a probe can reach.
///
/// # Errors
/// Wrong usage, where there is none.
pub fn chip(board: &Board) -> Result<&str> {
    board.chip.as_deref().ok_or_else(|| {
        Usage::error(format!(
            "{} has no `chip` in its board.toml: there is nothing that a probe could reach{}",
            board.name,
            if board.qemu.is_some() { "; `cargo xtask run` emulates it" } else { "" }
        ))
    })
}
