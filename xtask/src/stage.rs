//! Commands that verbs are made of: started, timed, and told apart when they fail.

use std::{
    env,
    io::{BufRead, BufReader},
    path::Path,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context, Result};

/// How a stage ended.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Ending {
    /// As it should.
    Passed,
    /// It should not have.
    Failed,
    /// It could not be tried, and why.
    Skipped(String),
}

/// One stage, over.
#[derive(Clone, Debug)]
pub struct Stage {
    /// What it is called.
    pub name: String,
    /// How it ended.
    pub ending: Ending,
    /// How long it took.
    pub elapsed: Duration,
}

/// Does something, and says how it ended and how long it took.
pub fn stage(name: &str, work: impl FnOnce() -> Result<Ending>) -> Stage {
    eprintln!("── {name}");
    let started = Instant::now();
    let ending = work().unwrap_or_else(|error| {
        eprintln!("{error:#}");
        Ending::Failed
    });
    if let Ending::Skipped(why) = &ending {
        eprintln!("skipped: {why}");
    }
    Stage { name: name.to_owned(), ending, elapsed: started.elapsed() }
}

/// Passed or failed.
pub fn passed(good: bool) -> Ending {
    if good { Ending::Passed } else { Ending::Failed }
}

/// One line for each stage.
pub fn table(stages: &[Stage]) -> String {
    let line = |stage: &Stage| {
        let ending = match &stage.ending {
            Ending::Passed => "passed".to_owned(),
            Ending::Failed => "FAILED".to_owned(),
            Ending::Skipped(why) => format!("skipped: {}", why.lines().next().unwrap_or_default()),
        };
        format!("{:20} {:7.1} s  {ending}\n", stage.name, stage.elapsed.as_secs_f64())
    };
    stages.iter().map(line).collect()
}

/// Cargo, in the workspace.
pub fn cargo(workspace: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(workspace).args(arguments);
    command
}

/// Runs a command whose output belongs to the user; whether it succeeded.
///
/// # Errors
/// When it cannot be started.
pub fn run(command: &mut Command) -> Result<bool> {
    let name = command.get_program().to_string_lossy().into_owned();
    let status = command.stdin(Stdio::null()).status().with_context(|| name)?;
    Ok(status.success())
}

/// Runs a command whose output goes to standard error, line by line, and to `heard`; whether it succeeded.
///
/// # Errors
/// When it cannot be started.
pub fn listen(command: &mut Command, mut heard: impl FnMut(&str)) -> Result<bool> {
    let name = command.get_program().to_string_lossy().into_owned();
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().with_context(|| name)?;
    if let Some(stdout) = child.stdout.take() {
        for line in BufReader::new(stdout).split(b'\n').map_while(Result::ok) {
            let line = String::from_utf8_lossy(&line);
            eprintln!("{line}");
            heard(&line);
        }
    }
    Ok(child.wait()?.success())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stage_that_goes_wrong_failed_and_one_that_cannot_be_tried_did_not() {
        let failed = stage("a", || anyhow::bail!("it broke"));
        let skipped = stage("b", || Ok(Ending::Skipped("no emulator\nmore".into())));
        assert_eq!(failed.ending, Ending::Failed);
        let table = table(&[failed, skipped, stage("c", || Ok(passed(true)))]);
        let lines: Vec<_> = table.lines().collect();
        assert!(lines[0].starts_with("a ") && lines[0].ends_with("FAILED"));
        assert!(lines[1].ends_with("skipped: no emulator") && lines[2].ends_with("passed"));
    }

    #[test]
    fn what_a_command_prints_is_heard() {
        let mut lines = Vec::new();
        let good = listen(Command::new("sh").args(["-c", "echo one; echo two; exit 3"]), |line| {
            lines.push(line.to_owned());
        });
        assert!(!good.unwrap());
        assert_eq!(lines, ["one", "two"]);
        assert!(run(&mut Command::new("no-such-program")).is_err());
    }
}
