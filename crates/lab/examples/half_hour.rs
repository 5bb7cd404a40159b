//! Half an hour at 100,000 samples a second, recorded and computed: how long that takes, and how much memory.
//!
//! `cargo run --release --package microjoule-lab --example half_hour`

use std::{error::Error, fs, time::Instant};

use lab::{
    measurement::{Options, measure},
    recording::{Acquisition, Marking, Metadata, Polarity, Recorder, Recording, WindowPlan},
    stream::{Block, Sample},
};

const RATE: u64 = 100_000;
const SECONDS: u64 = 1800;

fn main() -> Result<(), Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("half_hour.parquet");
    let marking = Marking::Level { input: 0, edge: Polarity::Rising };
    let metadata = Metadata {
        acquisition: Acquisition {
            simulated: true,
            volts: 3.0,
            rate_hz: RATE as f64,
            ..Acquisition::default()
        },
        windows: WindowPlan { expected: SECONDS as u32 / 20, inferences: 100, seconds: 10.0, marking },
        ..Metadata::default()
    };
    let begun = Instant::now();
    let mut recorder = Recorder::begin(&path, metadata)?;
    let mut block = Block::default();
    let mut state = 1_u32;
    for index in 0..RATE * SECONDS {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        // Ten seconds of rest, ten of work, and noise on both.
        let active = index / RATE % 20 >= 10 && index / RATE < SECONDS - 1;
        let noise = (state >> 8) as f32 / (1 << 24) as f32 * 1e-4;
        let current = if active { 5e-3 } else { 2e-5 } + noise;
        block.samples.push(Sample {
            current,
            voltage: None,
            digital: active.into(),
            range: u8::from(active),
        });
        if block.samples.len() == 4096 {
            recorder.push(&block)?;
            block.clear(block.next());
        }
    }
    recorder.push(&block)?;
    recorder.finish(None)?;
    let recorded = begun.elapsed();
    let (result, _) = measure(&mut Recording::open(&path)?, Options::default())?;
    let all = begun.elapsed();
    let megabytes = fs::metadata(&path)?.len() / 1_000_000;
    println!("simulated: {} windows, {megabytes} MB on disk", result.windows.len());
    println!(
        "recorded in {:.1} s, computed in {:.1} s: {:.0} times faster than real time",
        recorded.as_secs_f64(),
        (all - recorded).as_secs_f64(),
        SECONDS as f64 / all.as_secs_f64()
    );
    // Of a machine that does other work too, the time that counts is that of this program.
    if let Some(seconds) = processor_seconds() {
        println!("{seconds:.1} s of one processor: {:.0} times", SECONDS as f64 / seconds);
    }
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    if let Some(peak) = status.lines().find(|line| line.starts_with("VmHWM")) {
        println!("most memory: {}", peak.trim_start_matches("VmHWM:").trim());
    }
    Ok(())
}

/// What Linux counts for this program, in its hundredths of a second.
fn processor_seconds() -> Option<f64> {
    let text = fs::read_to_string("/proc/self/stat").ok()?;
    let (_, fields) = text.rsplit_once(')')?;
    let hundredths = fields.split_whitespace().skip(11).take(2).map(str::parse::<u64>);
    Some(hundredths.sum::<Result<u64, _>>().ok()? as f64 / 100.0)
}
