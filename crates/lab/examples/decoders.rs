//! Feeds damaged streams and files to every decoder, or times the PPK2's.
//!
//! `cargo run --release -p microjoule-lab --no-default-features --example decoders -- 1000000` damages that many streams for
//! each decoder; a second number is that of the first run, a third argument a decoder's name. With `speed`, 200 million
//! samples of a PPK2 are decoded.

use std::{env, panic, process::ExitCode, time::Instant};

use lab::{
    instruments::{
        Tally,
        ppk2::{Calibration, Decoder, Word},
        survive::{DECODERS, Seen},
    },
    simulated_instruments::damage::{damaged, originals},
    stream::Block,
};

fn main() -> ExitCode {
    let mut args = env::args().skip(1);
    let runs = args.next().unwrap_or_else(|| "10000".into());
    if runs == "speed" {
        speed();
        return ExitCode::SUCCESS;
    }
    let runs: u64 = runs.parse().unwrap_or(10_000);
    let first: u64 = args.next().and_then(|it| it.parse().ok()).unwrap_or(0);
    let only = args.next();
    let mut good = true;
    for decoder in DECODERS.iter().filter(|it| only.as_deref().is_none_or(|only| only == it.name)) {
        let originals = originals(decoder.name);
        let (started, mut seen, mut failed) = (Instant::now(), Seen::default(), 0_u64);
        for run in first..first + runs {
            let stream = damaged(&originals, run);
            match panic::catch_unwind(|| (decoder.run)(&stream)) {
                Ok(Ok(one)) => {
                    seen.samples += one.samples;
                    seen.gaps += one.gaps;
                }
                Ok(Err(why)) => {
                    failed += 1;
                    println!("{} run {run}: {why}", decoder.name);
                }
                Err(_) => {
                    failed += 1;
                    println!("{} run {run} panicked", decoder.name);
                }
            }
        }
        good &= failed == 0;
        let (name, seconds) = (decoder.name, started.elapsed().as_secs_f64());
        println!(
            "{name}: {runs} streams in {seconds:.1} s, {} samples, {} gaps, {failed} failed",
            seen.samples, seen.gaps
        );
    }
    if good { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Times the decoder of the PPK2, which has the most to do.
fn speed() {
    let calibration = Calibration::default();
    let steps = (calibration.ranges[2].steps(3e-3, 3.3) / 4.0) as u32;
    let words = (0..64_u64 << 8)
        .map(|count| Word::new(steps + count as u32 % 5, 1 + u32::from(count % 4096 > 2000), count, 1));
    let bytes: Vec<u8> = words.flat_map(|word| word.0.to_le_bytes()).collect();
    let (mut decoder, mut tally, mut block) =
        (Decoder::new(calibration, 3.3), Tally::default(), Block::default());
    let (started, mut charge) = (Instant::now(), 0.0);
    while tally.next() < 200_000_000 {
        tally.open(&mut block);
        decoder.feed(&bytes, &mut tally, &mut block);
        charge += block.samples.iter().map(|sample| f64::from(sample.current)).sum::<f64>();
    }
    let rate = tally.next() as f64 / started.elapsed().as_secs_f64();
    println!("{} samples, {:.1} million a second, {:.6} C", tally.next(), rate * 1e-6, charge * 1e-5);
}
