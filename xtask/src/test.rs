//! `test`: everything that this machine can test.

use std::{path::Path, process::Command};

use anyhow::Result;
use emulator::Emulator;
use firmware::{Board, Machine, resolve};

use crate::{
    print,
    stage::{Ending, Stage, cargo, listen, passed, stage, table},
};

/// Tests everything that this machine can test, and says what it skipped and why.
///
/// Unit and integration tests of all crates, the shipped models as firmware on emulated boards, and the recorded models
/// of ../shared/models when they are there. Ends with a line `N passed, N failed, N skipped`.
///
/// Example: cargo xtask test
#[derive(clap::Args)]
pub struct Args {
    /// Leave out the recorded models beside the workspace.
    #[arg(long)]
    no_conform: bool,
}

/// Where models with records lie, beside the workspace.
const RECORDED: &str = "../shared/models";

/// The shipped model that every board has room for.
const MODEL: &str = "digits";

/// Passed, failed and skipped tests.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Counts {
    passed: u64,
    failed: u64,
    skipped: u64,
}

impl Counts {
    /// Adds what a line of a test run says, if it is one that sums up.
    fn hear(&mut self, line: &str) {
        let Some((_, rest)) = line.split_once("test result: ") else { return };
        let count = |what: &str| -> u64 {
            let before = rest.split_once(what).map_or("", |(before, _)| before).trim_end();
            before.rsplit(|c: char| !c.is_ascii_digit()).next().and_then(|n| n.parse().ok()).unwrap_or(0)
        };
        self.passed += count(" passed");
        self.failed += count(" failed");
        self.skipped += count(" ignored");
    }

    fn add(&mut self, stage: &Stage) {
        match stage.ending {
            Ending::Passed => self.passed += 1,
            Ending::Failed => self.failed += 1,
            Ending::Skipped(_) => self.skipped += 1,
        }
    }
}

/// Runs the verb; whether nothing failed.
pub fn run(args: &Args, workspace: &Path) -> Result<bool> {
    // Asked for now: cargo test may put a fresh program in this one's place.
    let itself = std::env::current_exe()?;
    let mut counts = Counts::default();
    let mut stages = vec![stage("cargo test", || {
        let good = listen(&mut cargo(workspace, &["test", "--workspace", "--no-fail-fast"]), |line| {
            counts.hear(line)
        })?;
        // A crate that does not compile has no tests that could fail.
        counts.failed += u64::from(!good && counts.failed == 0);
        Ok(passed(good))
    })];
    for board in Board::all(workspace)? {
        let stage = stage(&format!("on {}", board.name), || on_board(&itself, &board));
        counts.add(&stage);
        stages.push(stage);
    }
    if !args.no_conform {
        for folder in ["networks", "operators"] {
            let stage = stage(&format!("conform {folder}"), || conform(&itself, workspace, folder));
            counts.add(&stage);
            stages.push(stage);
        }
    }
    print::text(&table(&stages))?;
    let Counts { passed, failed, skipped } = counts;
    print::text(&format!("{passed} passed, {failed} failed, {skipped} skipped\n"))?;
    Ok(failed == 0)
}

/// The suites of cargo test run every board that they can and pass over the others: this says which those are.
fn on_board(itself: &Path, board: &Board) -> Result<Ending> {
    if let Err(absent) = Emulator::find(board) {
        return Ok(Ending::Skipped(absent.to_string()));
    }
    if let Err(error) = resolve(&Machine::this(), &board.target, &mut |line| eprintln!("{line}")) {
        return Ok(Ending::Skipped(error.to_string()));
    }
    let mut same = 0;
    let good =
        listen(Command::new(itself).args(["run", "--model", MODEL, "--board", &board.name]), |line| {
            same += usize::from(line.contains("the same bytes as the host"));
        })?;
    Ok(passed(good && same > 0))
}

fn conform(itself: &Path, workspace: &Path, folder: &str) -> Result<Ending> {
    let folder = workspace.join(RECORDED).join(folder);
    if !folder.is_dir() {
        return Ok(Ending::Skipped(format!("no {}", folder.display())));
    }
    Ok(passed(listen(Command::new(itself).arg("conform").arg(&folder), |_| ())?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn summaries_are_added_up_and_other_lines_are_not() {
        let mut counts = Counts::default();
        for line in [
            "running 12 tests",
            "test result: ok. 11 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.17s",
            "test result: FAILED. 3 passed; 2 failed; 0 ignored; 0 measured; 7 filtered out; finished in 1s",
        ] {
            counts.hear(line);
        }
        assert_eq!(counts, Counts { passed: 14, failed: 2, skipped: 1 });
    }

    #[test]
    fn stages_count_as_one_each() {
        let mut counts = Counts::default();
        for ending in [Ending::Passed, Ending::Failed, Ending::Skipped("why".into())] {
            counts.add(&stage("s", || Ok(ending)));
        }
        assert_eq!(counts, Counts { passed: 1, failed: 1, skipped: 1 });
    }
}
