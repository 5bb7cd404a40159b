//! `bench`: how long the host's own work takes, and what kernels take of the emulated cores.

mod host;
mod kernels;

use std::{
    hint::black_box,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use anyhow::Result;
use clap::ValueEnum;
use compiler::{CompileOptions, emit};
use serde::Serialize;

use crate::{
    Usage,
    firmware::For,
    infer::refused,
    model::{Identity, Model, shipped},
    print,
};

/// Times what the host does; counts what kernels take of every emulated core, and keeps the records.
///
/// `compile` is reading a model, compiling it, writing its plan: medians of eleven runs. `host` is running it on one thread,
/// beside TensorFlow Lite where that is installed. Both say whether this program was built with optimisation. For figures
/// that mean something: cargo run --release -p xtask -- bench host
///
/// `kernels` profiles the MLPerf Tiny models, where `../shared` has them, and those that are shipped, on every emulated
/// board; exits with 1 when bytes are not the host's or a figure is worse than its record under `bench/record`. With
/// `--write` it replaces the records, and writes docs/performance.md from them.
///
/// Example: cargo xtask bench compile kws
///
/// Example: cargo xtask bench kernels kws --board qemu-an386 --write
///
/// Example: cargo xtask bench kernels --board qemu-an386 --profile small
#[derive(clap::Args)]
pub struct Args {
    /// What is timed.
    #[arg(value_enum)]
    what: What,
    /// For `compile` and `host` the models' files, or names of shipped ones; for `kernels` one of kws, vww, ic, ad, sww or a
    /// shipped one as `"digits (shipped)"`; else all.
    models: Vec<String>,
    /// With `kernels`: only this board.
    #[arg(long)]
    board: Option<String>,
    /// With `kernels`: images optimised for this.
    #[arg(long, value_enum, default_value_t = For::Release)]
    profile: For,
    /// With `kernels`: keep the figures as the new records.
    #[arg(long)]
    write: bool,
    /// With `host`: a Python that has `ai-edge-litert`, to run the same models with TensorFlow Lite in between.
    #[arg(long, value_name = "PYTHON")]
    against_litert: Option<PathBuf>,
    /// Print as JSON.
    #[arg(long)]
    json: bool,
}

pub use kernels::{PAGE, page};

#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
enum What {
    /// From the file's bytes to the plan's.
    Compile,
    /// What models take of emulated cores.
    Kernels,
    /// One run of a model on one thread.
    Host,
}

const RUNS: usize = 11;

#[derive(Debug, Serialize)]
struct Report<'m> {
    build: &'static str,
    runs: usize,
    models: Vec<Row<'m>>,
}

#[derive(Debug, Serialize)]
struct Row<'m> {
    model: Identity<'m>,
    file_bytes: usize,
    steps: usize,
    /// Reading the file.
    parse_us: f64,
    /// Reading, importing, checking, passes, and planning the memory.
    compile_us: f64,
    /// Writing the plan as a blob and as source.
    emit_us: f64,
    /// Compiling and writing.
    total_us: f64,
}

/// Runs the verb; whether all models compile.
pub fn run(args: &Args, workspace: &Path) -> Result<bool> {
    if args.against_litert.is_some() && args.what != What::Host {
        return Err(Usage::error("`--against-litert` is for `bench host`"));
    }
    if args.what == What::Kernels {
        let model = match &args.models[..] {
            [] => None,
            [model] => Some(model.as_str()),
            _ => return Err(Usage::error("`bench kernels` takes one model, or all")),
        };
        let board = args.board.as_deref();
        return kernels::run(
            &kernels::Wanted {
                model,
                board,
                profile: args.profile.into(),
                write: args.write,
                json: args.json,
            },
            workspace,
        );
    }
    if args.board.is_some() || args.write {
        return Err(Usage::error("`--board` and `--write` are for `bench kernels`"));
    }
    let models = match &args.models[..] {
        [] => shipped(workspace)?,
        named => named.iter().map(|argument| Model::find(workspace, argument)).collect::<Result<_>>()?,
    };
    if args.what == What::Compile {
        return compile(args, &models);
    }
    let report = host::report(&models, args.against_litert.as_deref())?;
    if args.json {
        print::json(&report)?
    } else {
        print::text(&host::table(&report))?
    }
    Ok(true)
}

fn compile(args: &Args, models: &[Model]) -> Result<bool> {
    let mut rows = Vec::new();
    for model in models {
        match row(model) {
            Ok(row) => rows.push(row),
            Err(error) => return refused(model, &error),
        }
    }
    let build = if cfg!(debug_assertions) { "not optimised" } else { "optimised" };
    let report = Report { build, runs: RUNS, models: rows };
    if args.json {
        print::json(&report)?
    } else {
        print::text(&table(&report))?
    }
    Ok(true)
}

fn row(model: &Model) -> Result<Row<'_>, compiler::CompileError> {
    let compiled = model.compile(CompileOptions::DEVICE)?;
    Ok(Row {
        model: model.identity(),
        file_bytes: model.bytes.len(),
        steps: compiled.layout.steps.len(),
        parse_us: median(|| drop(black_box(tflite::Model::parse(black_box(&model.bytes))))),
        compile_us: median(|| drop(black_box(model.compile(CompileOptions::DEVICE)))),
        emit_us: median(|| {
            black_box((emit::blob(&compiled), emit::rust(&compiled, "weights.bin")));
        }),
        total_us: median(|| {
            if let Ok(compiled) = black_box(model).compile(CompileOptions::DEVICE) {
                black_box((emit::blob(&compiled), emit::rust(&compiled, "weights.bin")));
            }
        }),
    })
}

/// Microseconds that something takes: the median, which a busy machine moves least.
fn median(mut work: impl FnMut()) -> f64 {
    let mut times: [Duration; RUNS] = std::array::from_fn(|_| {
        let started = Instant::now();
        work();
        started.elapsed()
    });
    times.sort();
    times[RUNS / 2].as_secs_f64() * 1e6
}

fn table(report: &Report<'_>) -> String {
    let mut text = format!("median of {} runs; this build is {}\n", report.runs, report.build);
    text += &format!(
        "{:16} {:>9} {:>6}  {:>9} {:>9} {:>9} {:>9}\n",
        "model", "bytes", "steps", "parse", "compile", "emit", "total"
    );
    for row in &report.models {
        text += &format!(
            "{:16} {:>9} {:>6}  {:>6.2} ms {:>6.2} ms {:>6.2} ms {:>6.2} ms\n",
            row.model.name(),
            row.file_bytes,
            row.steps,
            row.parse_us / 1e3,
            row.compile_us / 1e3,
            row.emit_us / 1e3,
            row.total_us / 1e3
        );
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_of_what_was_timed() {
        let mut runs = 0;
        let time = median(|| {
            runs += 1;
            std::thread::sleep(Duration::from_millis(2));
        });
        assert!(runs == RUNS && time >= 2000.0, "{time}");
    }

    #[test]
    fn every_shipped_model_has_a_row() {
        let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let models = shipped(&workspace).unwrap();
        let rows: Vec<_> = models.iter().map(|model| row(model).unwrap()).collect();
        assert!(rows.iter().all(|row| row.steps > 0 && row.total_us > row.parse_us));
        let table = table(&Report { build: "optimised", runs: RUNS, models: rows });
        assert!(table.contains("\ndigits ") && table.contains("\nkws "), "{table}");
    }
}
