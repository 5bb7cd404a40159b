//! The official runner in the place of ours.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result, ensure};
use mlperf::Dataset;
use telemetry::mlperf::Task;

use super::Goal;
use crate::Usage;

/// Tells the runner where the device is.
const SCRIPT: &str = include_str!("official.py");

/// The official runner and what it needs.
#[derive(Clone, Debug)]
pub struct Official<'a> {
    /// `benchmark/runner` of a copy of `mlcommons/tiny`.
    pub runner: &'a Path,
    /// A Python that has what the runner imports.
    pub python: &'a Path,
    /// Where its own folder of sessions goes.
    pub folder: &'a Path,
    /// Inputs; nothing for the made-up ones.
    pub data: Option<&'a Path>,
}

/// Looks for the runner, before anything is built for it.
///
/// # Errors
/// Wrong usage, when it is not there.
pub fn check(runner: &Path) -> Result<()> {
    if runner.join("main.py").is_file() {
        return Ok(());
    }
    let folder = runner.display();
    Err(Usage::error(format!("no main.py in {folder}: give benchmark/runner of mlcommons/tiny")))
}

impl Official<'_> {
    /// Has it drive the device at `line`; whether it was content.
    ///
    /// # Errors
    /// Wrong usage, when the inputs are not where they should be; when the runner was not content.
    pub fn run(&self, line: &str, goal: Goal, task: Task, set: &Dataset) -> Result<bool> {
        let runner = std::path::absolute(self.runner)?;
        if !runner.join("main.py").is_file() {
            let folder = runner.display();
            return Err(Usage::error(format!(
                "no main.py in {folder}: give benchmark/runner of mlcommons/tiny"
            )));
        }
        // It looks for the inputs in a folder of the benchmark's name.
        let made = tempfile::tempdir()?;
        let data = match self.data {
            Some(data) => self.parent(&std::path::absolute(data)?, task)?,
            None => {
                set.write(&made.path().join(task.name()))?;
                made.path().to_path_buf()
            }
        };
        std::fs::create_dir_all(self.folder)?;
        let (letter, tests) = match goal {
            Goal::Performance => ("p", "tests_performance.yaml"),
            Goal::Accuracy => ("a", "tests_accuracy.yaml"),
            Goal::Energy => {
                return Err(Usage::error("the official runner's energy mode needs its power monitor"));
            }
        };
        let mut command = Command::new(self.python);
        command.current_dir(self.folder).args(["-c", SCRIPT]).arg(&runner);
        command.args([line, &goal.build().baud().to_string(), "--mode", letter, "--test_script"]);
        command.arg(runner.join(tests)).arg("--dataset_path").arg(data);
        let status = command.status().with_context(|| self.python.display().to_string())?;
        ensure!(status.success(), "the official runner ended with {status}");
        Ok(true)
    }

    fn parent(&self, data: &Path, task: Task) -> Result<PathBuf> {
        match data.parent().filter(|_| data.ends_with(task.name())) {
            Some(parent) => Ok(parent.to_path_buf()),
            None => Err(Usage::error(format!(
                "the official runner looks for its inputs in a folder `{}`, and {} is called otherwise",
                task.name(),
                data.display()
            ))),
        }
    }
}
