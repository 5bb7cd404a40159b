//! `setup`: what the boards need of this machine.

use std::{
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use anyhow::{Context, Result};
use emulator::{Absent, Emulator};
use firmware::{Board, Machine, Resolved, Toolchain, find_program, resolve, run_bounded};
use serde::Serialize;

/// A package manager that has not ended by then waits for something that nobody will give it.
const INSTALL_LIMIT: Duration = Duration::from_secs(600);

/// Gets what the boards need: a target for each core, and the emulators.
///
/// Targets are installed by `rustup`, for you alone. Emulators come from the system's package manager, which wants the
/// administrator: without `--system` this says what to type.
///
/// Example: cargo xtask setup
#[derive(clap::Args)]
pub struct Args {
    /// Install the emulators too, by `apt-get`; you have to be root.
    #[arg(long)]
    system: bool,
    /// Print what is there and what is missing as JSON.
    #[arg(long)]
    json: bool,
}

/// What was found about one need.
#[derive(Debug, Serialize)]
struct Need {
    /// The target or the program.
    name: String,
    /// Which boards need it.
    boards: Vec<String>,
    state: State,
    /// How it is there, or why it is not.
    detail: String,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
enum State {
    Ready,
    Installed,
    Missing,
}

#[derive(Debug, Serialize)]
struct Report {
    targets: Vec<Need>,
    emulators: Vec<Need>,
}

impl Report {
    fn complete(&self) -> bool {
        self.targets.iter().chain(&self.emulators).all(|need| need.state != State::Missing)
    }
}

/// Runs the verb; whether nothing is missing.
pub fn run(args: &Args, workspace: &Path) -> Result<bool> {
    let boards = Board::all(workspace)?;
    let report =
        Report { targets: targets(&boards, &Machine::this()), emulators: emulators(&boards, args.system)? };
    if args.json {
        println!("{}", serde_json::to_string_pretty(&report)?);
    } else {
        for need in report.targets.iter().chain(&report.emulators) {
            println!("{}", line(need));
        }
    }
    Ok(report.complete())
}

fn line(need: &Need) -> String {
    let state = match need.state {
        State::Ready => "ready",
        State::Installed => "installed",
        State::Missing => "missing",
    };
    format!(
        "{state:9}  {}  ({})\n           {}",
        need.name,
        need.boards.join(", "),
        need.detail.replace('\n', "\n           ")
    )
}

/// Groups boards by what they need, in the order in which it is first needed.
fn by_need<'a>(
    boards: &'a [Board],
    need: impl Fn(&'a Board) -> Option<&'a str>,
) -> Vec<(&'a str, Vec<&'a Board>)> {
    let mut groups: Vec<(&str, Vec<&Board>)> = Vec::new();
    for board in boards {
        let Some(name) = need(board) else { continue };
        match groups.iter_mut().find(|(known, _)| *known == name) {
            Some((_, members)) => members.push(board),
            None => groups.push((name, vec![board])),
        }
    }
    groups
}

fn names(boards: &[&Board]) -> Vec<String> {
    boards.iter().map(|board| board.name.clone()).collect()
}

fn targets(boards: &[Board], machine: &Machine) -> Vec<Need> {
    let groups = by_need(boards, |board| Some(&board.target));
    let needs = groups.into_iter().map(|(target, boards)| {
        let (state, detail) = match resolve(machine, target, &mut |line| eprintln!("{line}")) {
            Ok(resolved) => {
                (if resolved.installed { State::Installed } else { State::Ready }, how(&resolved))
            }
            Err(error) => (State::Missing, error.to_string()),
        };
        Need { name: target.to_owned(), boards: names(&boards), state, detail }
    });
    needs.collect()
}

fn how(resolved: &Resolved) -> String {
    match &resolved.toolchain {
        Toolchain::Sysroot if resolved.installed => "rustup target add: done".to_owned(),
        Toolchain::Sysroot => "in the compiler's sysroot".to_owned(),
        Toolchain::BuildStd { rustc, .. } => format!("compiled from the sources of {}", rustc.display()),
    }
}

fn emulators(boards: &[Board], install: bool) -> Result<Vec<Need>> {
    let groups = by_need(boards, |board| board.qemu.as_ref().map(|qemu| qemu.program.as_str()));
    groups.into_iter().map(|(program, boards)| emulator(program, &boards, install)).collect()
}

fn emulator(program: &str, boards: &[&Board], install: bool) -> Result<Need> {
    let first = boards.first().context("a program that no board needs")?;
    let mut found = Emulator::find(first);
    let mut state = State::Ready;
    if let (Err(Absent::NoProgram { package, .. }), true) = (&found, install) {
        apt_get(package)?;
        found = Emulator::find(first);
        state = State::Installed;
    }
    let (state, detail) = match found {
        Ok(emulator) => (state, format!("version {}", emulator.version())),
        Err(absent) => (State::Missing, absent.to_string()),
    };
    Ok(Need { name: program.to_owned(), boards: names(boards), state, detail })
}

fn apt_get(package: &str) -> Result<()> {
    let apt: PathBuf =
        find_program("apt-get").context("no apt-get here: install the emulators by your system's means")?;
    for arguments in [&["update"][..], &["install", "--yes", "--no-install-recommends", package]] {
        eprintln!("apt-get {}", arguments.join(" "));
        let mut command = Command::new(&apt);
        command.args(arguments).env("DEBIAN_FRONTEND", "noninteractive");
        let finished = run_bounded(&mut command, INSTALL_LIMIT).context("apt-get")?;
        let said = String::from_utf8_lossy(&finished.stderr);
        anyhow::ensure!(finished.success(), "apt-get {} failed: {}", arguments.join(" "), said.trim());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn boards() -> Vec<Board> {
        Board::all(&Path::new(env!("CARGO_MANIFEST_DIR")).join("..")).unwrap()
    }

    #[test]
    fn a_target_that_two_boards_share_is_asked_for_once() {
        let boards = [boards(), boards()].concat();
        let groups = by_need(&boards, |board| Some(&board.target));
        let mut targets: Vec<_> = boards.iter().map(|board| &board.target).collect();
        targets.sort();
        targets.dedup();
        assert_eq!(groups.len(), targets.len());
        assert!(groups.iter().all(|(_, members)| members.len() >= 2));
    }

    #[test]
    fn a_bare_machine_misses_every_target_and_is_told_what_to_type() {
        let folder = tempfile::tempdir().unwrap();
        let nothing = folder.path();
        let machine = Machine { path: nothing.into(), system: nothing.into(), ..Machine::this() };
        let needs = targets(&boards(), &machine);
        assert!(
            needs
                .iter()
                .all(|need| need.state == State::Missing && need.detail.contains("rustup target add"))
        );
        let report = Report { targets: needs, emulators: Vec::new() };
        assert!(!report.complete());
    }

    #[test]
    fn a_line_says_what_for_whom_and_how() {
        let need = Need {
            name: "thumbv7m-none-eabi".to_owned(),
            boards: vec!["one".to_owned(), "two".to_owned()],
            state: State::Ready,
            detail: "in the compiler's sysroot".to_owned(),
        };
        assert_eq!(
            line(&need),
            "ready      thumbv7m-none-eabi  (one, two)\n           in the compiler's sysroot"
        );
    }
}
