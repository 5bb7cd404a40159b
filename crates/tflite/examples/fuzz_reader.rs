//! The reader's fuzz run, with memory counted.
//!
//! `cargo run --release -p microjoule-tflite --example fuzz_reader -- [RUNS [FIRST [MODEL.tflite…]]]`

use std::alloc::System;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;
use std::{env, fs};

use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};
use tflite::fuzz::{Plan, run};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

fn main() -> ExitCode {
    let mut arguments = env::args().skip(1);
    let mut number = |default| match arguments.next().map(|text| text.parse()) {
        None => Some(default),
        Some(parsed) => parsed.ok(),
    };
    let (Some(runs), Some(first)) = (number(5_000_000), number(0)) else {
        eprintln!("usage: fuzz_reader [RUNS [FIRST [MODEL.tflite…]]]");
        return ExitCode::from(2);
    };
    let mut models = Vec::new();
    for path in arguments.map(PathBuf::from) {
        match fs::read(&path) {
            Ok(bytes) => models.push(bytes),
            Err(error) => {
                eprintln!("{}: {error}", path.display());
                return ExitCode::from(2);
            }
        }
    }

    let start = Instant::now();
    let allocated = || ALLOCATOR.stats().bytes_allocated;
    let outcome = run(&Plan { runs, first, models: &models, allocated }, |done| {
        if done % (1 << 19) == 0 {
            eprintln!("{done} of {runs}");
        }
    });
    println!(
        "{} read, {} refused, {} failed; at most {:.0} % of the memory allowed; {:.1} s",
        outcome.read,
        outcome.refused,
        outcome.failures.len(),
        outcome.fullest * 100.0,
        start.elapsed().as_secs_f64()
    );
    for failure in &outcome.failures {
        let path = env::temp_dir().join(format!("fuzz_reader_{}.tflite", failure.run));
        let kept = fs::write(&path, &failure.file)
            .map_or_else(|error| error.to_string(), |()| path.display().to_string());
        println!("run {}: {} ({kept})", failure.run, failure.why);
    }
    ExitCode::from(u8::from(!outcome.failures.is_empty()))
}
