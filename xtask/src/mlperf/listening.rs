//! The streaming wake word: an emulated board hears a recording, and what its network says is what it says here.

use std::{path::Path, thread, time::Duration};

use anyhow::Result;
use compiler::Compiled;
use features::wake_word::{HOP, RATE_HZ};
use firmware::Board;
use mlperf::{Device, open};
use samples::Sample;
use serde::Serialize;
use telemetry::mlperf::{THRESHOLD, Task};

use super::{Args, Prepared, host, prepared};
use crate::{Usage, model::Model, print};

/// How long an emulated board may take until it says who it is.
const PATIENCE: Duration = Duration::from_secs(30);
/// How often a board that was slower than the sound gets twice the time.
const TRIES: u32 = 4;
/// Rows within a second, in which the word counts once.
const SECOND_ROWS: usize = RATE_HZ as usize / HOP;

/// What `--json` prints.
#[derive(Debug, Serialize)]
struct Report<'a> {
    device: &'a str,
    task: &'static str,
    model: &'a str,
    obtained: &'static str,
    /// Rows that the board told of: of longer recordings, the first.
    rows: usize,
    /// Of them, those at which the network says what it says here.
    rows_as_host: usize,
    /// When the wake word was heard.
    detections_s: Vec<f64>,
}

/// Has the board listen; whether all that its network said is what it says here.
pub fn run(
    args: &Args,
    board: Board,
    (task, model, compiled): (Task, &Model, &Compiled),
    sound: &Path,
) -> Result<bool> {
    if task != Task::Sww {
        return Err(Usage::error(format!(
            "{} is for {}: only the streaming wake word listens",
            model.name,
            task.name()
        )));
    }
    let samples = read(sound)?;
    let expected = host::activations(compiled, &samples)?;
    let Some(Prepared { emulator, image, .. }) = prepared(args, board, model)? else { return Ok(true) };
    let serving = emulator.serve_hearing(&image, &samples)?;
    let baud = args.mode.build().baud();
    let port = serving.port().display().to_string();
    let listened = listen(&port, baud, samples.len(), expected.len());
    // What the firmware said when it died explains what its line did.
    let remains = serving.end()?;
    remains.log.iter().for_each(|line| eprintln!("{line}"));
    let (name, heard) = listened
        .map_err(|error| if remains.said.is_empty() { error } else { error.context(remains.said) })?;
    let report = Report {
        device: &name,
        task: task.name(),
        model: &model.name,
        obtained: "emulated",
        rows: heard.len(),
        rows_as_host: heard.iter().zip(&expected).filter(|(there, here)| there == here).count(),
        detections_s: detections(&heard),
    };
    if args.json {
        print::json(&report)?;
    } else {
        for second in &report.detections_s {
            print::text(&format!("wake word at {second:.2} s\n"))?;
        }
        let Report { rows, rows_as_host, .. } = report;
        print::text(&format!("{rows} rows heard, at {rows_as_host} the network says what it says here\n"))?;
    }
    Ok(heard == expected && !heard.is_empty())
}

fn read(file: &Path) -> Result<Vec<i16>> {
    match Sample::read(file).map_err(Usage::of)? {
        Sample::Sound(sound) if sound.rate_hz == RATE_HZ => Ok(sound.samples),
        Sample::Sound(sound) => Err(Usage::error(format!(
            "{}: {} samples a second, where the benchmark has {RATE_HZ}",
            file.display(),
            sound.rate_hz
        ))),
        _ => Err(Usage::error(format!("{} is no WAV", file.display()))),
    }
}

/// The device's name, and what its network said, in as many rows as are expected, unless it is much slower than the sound.
fn listen(port: &str, baud: u32, samples: usize, expected: usize) -> Result<(String, Vec<i8>)> {
    let mut device = Device::connect(open(port, baud)?, PATIENCE)?;
    let length = Duration::from_secs_f64(samples as f64 / f64::from(RATE_HZ)).max(Duration::from_secs(1));
    let mut heard = Vec::new();
    for tried in 0..TRIES {
        device.start()?;
        thread::sleep(length * (1 << tried));
        heard = device.stop()?.unwrap_or_default();
        if heard.len() >= expected {
            break;
        }
        eprintln!("{} rows of {expected} heard: the emulator was slower than the sound", heard.len());
    }
    Ok((device.name().to_owned(), heard))
}

/// Seconds at which the word was heard, each once.
fn detections(activations: &[i8]) -> Vec<f64> {
    let mut last = None;
    let mut seconds = Vec::new();
    for (row, _) in activations.iter().enumerate().filter(|(_, activation)| **activation > THRESHOLD) {
        if last.is_none_or(|last| row - last > SECOND_ROWS) {
            seconds.push(((row + 1) * HOP) as f64 / f64::from(RATE_HZ));
        }
        last = Some(row);
    }
    seconds
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_counts_once_while_it_lasts() {
        let mut activations = [0_i8; 200];
        for row in [9, 10, 30, 100] {
            activations[row] = THRESHOLD + 1;
        }
        activations[150] = THRESHOLD;
        assert_eq!(detections(&activations), [0.32, 3.232]);
        assert_eq!(detections(&[]), [0.0; 0]);
    }
}
