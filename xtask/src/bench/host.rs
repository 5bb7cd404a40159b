//! How long models take on this machine, beside TensorFlow Lite where it is installed.

use std::{
    hint::black_box,
    io::{BufRead, BufReader, Write},
    path::Path,
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    time::Instant,
};

use anyhow::{Context, Result, bail};
use compiler::{CompileOptions, HostModel};
use serde::Serialize;

use crate::model::{Identity, Model};

/// Rounds in which every competitor runs once, so that what disturbs the machine meets all alike.
const ROUNDS: usize = 101;

/// What runs a model.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Who {
    /// This machine's kernels, every multiply-add of the model.
    Ours,
    /// The same, without what no input can change.
    OursLessDeadWork,
    /// TensorFlow Lite's own optimised kernels.
    LitertBuiltin,
    /// TensorFlow Lite as it comes, with XNNPACK.
    LitertXnnpack,
}

impl Who {
    const fn title(self) -> &'static str {
        match self {
            Self::Ours => "ours",
            Self::OursLessDeadWork => "less dead work",
            Self::LitertBuiltin => "TFLite",
            Self::LitertXnnpack => "XNNPACK",
        }
    }
}

/// What the verb found.
#[derive(Debug, Serialize)]
pub struct Report<'m> {
    build: &'static str,
    isa: &'static str,
    rounds: usize,
    models: Vec<Row<'m>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    skipped: Option<String>,
}

#[derive(Debug, Serialize)]
struct Row<'m> {
    model: Identity<'m>,
    times: Vec<Times>,
}

/// Of one competitor, in microseconds, and how many times as long as ours it took, by the medians.
#[derive(Debug, Serialize)]
struct Times {
    who: Who,
    least_us: f64,
    median_us: f64,
    times_ours_by_least: f64,
    times_ours: f64,
}

/// Times models; `python` is an interpreter that has `ai_edge_litert`, if any is to be compared with.
///
/// # Errors
/// A model that does not run.
pub fn report<'m>(models: &'m [Model], python: Option<&Path>) -> Result<Report<'m>> {
    let mut skipped = None;
    let mut rows = Vec::new();
    for model in models {
        let litert = match python {
            Some(python) => Litert::start(python, &model.path).map_err(|error| format!("{error:#}")),
            None => Err("no TensorFlow Lite to compare with, give --against-litert PYTHON".into()),
        };
        if let Err(why) = &litert {
            skipped = Some(why.clone());
        }
        rows.push(row(model, litert.ok())?);
    }
    let build = if cfg!(debug_assertions) { "not optimised" } else { "optimised" };
    Ok(Report { build, isa: compiler::NATIVE.name(), rounds: ROUNDS, models: rows, skipped })
}

fn row(model: &Model, mut litert: Option<Litert>) -> Result<Row<'_>> {
    let ours =
        [(Who::Ours, CompileOptions::HOST.dead_work(false)), (Who::OursLessDeadWork, CompileOptions::HOST)];
    let mut plans = Vec::new();
    for (_, options) in ours {
        plans.push(model.compile(options).map_err(|error| anyhow::anyhow!("{}: {error}", model.name))?);
    }
    let mut memories: Vec<_> = plans.iter().map(HostModel::new).collect();
    let mut executors = Vec::new();
    for (memory, plan) in memories.iter_mut().zip(&plans) {
        let mut executor = memory.executor()?;
        for index in 0..plan.inputs.len() {
            for (byte, value) in executor.input_mut(index).iter_mut().zip((0..=255u8).cycle()) {
                *byte = value.wrapping_mul(37);
            }
        }
        executors.push(executor);
    }
    let mut times = ours.map(|(who, _)| (who, Vec::new()));
    let mut others = [(Who::LitertBuiltin, Vec::new()), (Who::LitertXnnpack, Vec::new())];
    for _ in 0..ROUNDS {
        for (executor, (_, times)) in executors.iter_mut().zip(&mut times) {
            // What the competitors left in the caches is the first run's business; the second counts, for all alike.
            executor.run()?;
            let began = Instant::now();
            executor.run()?;
            times.push(began.elapsed().as_secs_f64() * 1e6);
            black_box(executor.output(0));
        }
        if let Some(litert) = &mut litert {
            for (who, times) in &mut others {
                times.push(litert.run(*who)?);
            }
        }
    }
    let all = times.into_iter().chain(others);
    Ok(Row { model: model.identity(), times: compare(all.filter(|(_, times)| !times.is_empty()).collect()) })
}

fn compare(all: Vec<(Who, Vec<f64>)>) -> Vec<Times> {
    let sorted = all.into_iter().map(|(who, mut times)| {
        times.sort_by(f64::total_cmp);
        (who, times)
    });
    let sorted: Vec<_> = sorted.collect();
    let figures = |times: &[f64]| (times[0], times[times.len() / 2]);
    let ours = sorted.first().map_or((1.0, 1.0), |(_, times)| figures(times));
    let row = |(who, times): &(Who, Vec<f64>)| {
        let (least, median) = figures(times);
        Times {
            who: *who,
            least_us: least,
            median_us: median,
            times_ours_by_least: least / ours.0,
            times_ours: median / ours.1,
        }
    };
    sorted.iter().map(row).collect()
}

/// TensorFlow Lite in a process of its own, which runs a model when it is told to.
struct Litert {
    child: Child,
    orders: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Litert {
    const SCRIPT: &str = include_str!("litert.py");

    fn start(python: &Path, model: &Path) -> Result<Self> {
        let mut child = Command::new(python)
            .args(["-u", "-c", Self::SCRIPT])
            .arg(model)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .with_context(|| format!("no {}, install Python", python.display()))?;
        let (Some(orders), Some(answers)) = (child.stdin.take(), child.stdout.take()) else {
            bail!("{} has no standard input and output", python.display());
        };
        let mut litert = Self { child, orders, answers: BufReader::new(answers) };
        let said = litert.line()?;
        if said != "ready" {
            let what = if litert.child.wait()?.code() == Some(3) {
                "no ai-edge-litert"
            } else {
                "TensorFlow Lite cannot run the model"
            };
            bail!("{what} in {}, install with: pip install ai-edge-litert numpy", python.display());
        }
        Ok(litert)
    }

    fn line(&mut self) -> Result<String> {
        let mut line = String::new();
        self.answers.read_line(&mut line)?;
        Ok(line.trim().to_string())
    }

    /// Microseconds of one run.
    fn run(&mut self, who: Who) -> Result<f64> {
        let order = if who == Who::LitertBuiltin { "builtin" } else { "xnnpack" };
        writeln!(self.orders, "{order}")?;
        let answer = self.line()?;
        let nanoseconds: f64 =
            answer.parse().with_context(|| format!("TensorFlow Lite answered {answer:?}"))?;
        Ok(nanoseconds / 1e3)
    }
}

impl Drop for Litert {
    fn drop(&mut self) {
        // It ends by itself when its input does; nothing is lost if it is gone already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The report for people.
pub fn table(report: &Report<'_>) -> String {
    let mut text = format!(
        "least and median of {} interleaved runs on one thread, kernels for {}; this build is {}\n",
        report.rounds, report.isa, report.build
    );
    text += &format!(
        "{:32} {:16} {:>12} {:>12} {:>8} {:>8}\n",
        "model", "kernels", "least", "median", "times", "ours"
    );
    for row in &report.models {
        for times in &row.times {
            text += &format!(
                "{:32} {:16} {:>9.1} us {:>9.1} us {:>8.2} {:>8.2}\n",
                row.model.name(),
                times.who.title(),
                times.least_us,
                times.median_us,
                times.times_ours_by_least,
                times.times_ours
            );
        }
    }
    if let Some(why) = &report.skipped {
        text += &format!("skipped: {why}\n");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::shipped;

    #[test]
    fn without_python_our_own_figures_are_left_and_the_rest_is_skipped() {
        let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let models: Vec<_> = shipped(&workspace).unwrap().into_iter().take(1).collect();
        let report = report(&models, Some(Path::new("no-such-python"))).unwrap();
        assert_eq!(report.models[0].times.len(), 2);
        assert!(report.models[0].times.iter().all(|times| times.least_us > 0.0));
        let table = table(&report);
        assert!(table.contains("skipped: no no-such-python, install Python"), "{table}");
    }

    #[test]
    fn ratios_are_to_the_first() {
        let times =
            compare(vec![(Who::Ours, vec![3.0, 1.0, 2.0]), (Who::LitertXnnpack, vec![6.0, 5.0, 4.0])]);
        assert_eq!((times[0].least_us, times[0].median_us, times[0].times_ours), (1.0, 2.0, 1.0));
        assert_eq!((times[1].times_ours_by_least, times[1].times_ours), (4.0, 2.5));
    }
}
