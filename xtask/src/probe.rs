//! The program that talks to debug probes, which is built when a verb first needs one.

use std::{
    io::Read,
    path::{Path, PathBuf},
    process::{Command, ExitStatus, Stdio},
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

    /// Whether there is such a probe; it says why not.
    ///
    /// # Errors
    /// Wrong usage, when it says so.
    pub fn finds(&self, probe: Option<&str>) -> Result<bool> {
        let mut arguments = vec!["find".to_owned()];
        arguments.extend(probe.map(|probe| format!("--probe={probe}")));
        self.aside(&arguments)
    }

    /// Calls it with its output where ours goes; whether the answer is yes.
    ///
    /// # Errors
    /// Wrong usage, when it says so.
    pub fn call(&self, arguments: &[String]) -> Result<bool> {
        let status = self.command(arguments).status();
        self.answer(arguments, status.with_context(|| self.program.display().to_string())?)
    }

    /// The same with its output where ours does not go: what it prints is not what was asked for.
    ///
    /// # Errors
    /// Wrong usage, when it says so.
    pub fn aside(&self, arguments: &[String]) -> Result<bool> {
        self.follow(arguments, &mut |out| {
            let mut text = String::new();
            out.read_to_string(&mut text).context("what the probe says")?;
            eprint!("{text}");
            Ok(())
        })
    }

    /// The bytes of its output; nothing where the answer is no.
    ///
    /// # Errors
    /// Wrong usage, when it says so.
    pub fn bytes(&self, arguments: &[String]) -> Result<Option<Vec<u8>>> {
        let mut bytes = Vec::new();
        let good = self.follow(arguments, &mut |out| {
            out.read_to_end(&mut bytes).context("what the probe hears")?;
            Ok(())
        })?;
        Ok(good.then_some(bytes))
    }

    /// Calls it, and hands over its output while it runs; whether the answer is yes.
    ///
    /// # Errors
    /// Wrong usage, when it says so; those of `listen`.
    pub fn follow(
        &self,
        arguments: &[String],
        listen: &mut dyn FnMut(&mut dyn Read) -> Result<()>,
    ) -> Result<bool> {
        let mut child = self
            .command(arguments)
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| self.program.display().to_string())?;
        let heard = match child.stdout.take() {
            Some(mut out) => listen(&mut out),
            None => Ok(()),
        };
        // Its output is closed: it ends by itself.
        let status = child.wait().with_context(|| self.program.display().to_string())?;
        heard?;
        self.answer(arguments, status)
    }

    fn command(&self, arguments: &[String]) -> Command {
        let mut command = Command::new(&self.program);
        command.args(arguments);
        command
    }

    fn answer(&self, arguments: &[String], status: ExitStatus) -> Result<bool> {
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
