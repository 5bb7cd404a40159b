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
    simulated_instruments::{Faults, Pace, Scene, Stretch, Waveform, transcript},
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

/// Streams and files as they should be, with a few faults of their own.
fn originals(decoder: &str) -> Vec<Vec<u8>> {
    let waveform = Waveform::windows(2, (0.004, 4e-6), (0.008, 3e-3)).repeated();
    let faults = Faults { lose: vec![Stretch { at: 90, samples: 3 }], ..Faults::default() };
    let scene = Scene { waveform, faults, pace: Pace::Fast, ..Scene::default() };
    let said = |kind: &str, words: &[&[u8]]| vec![transcript(kind, &scene, words, 800)];
    let block = |from: &str, request: &str| {
        format!("{{\"type\":\"request\",\"cmd\":\"{from}\",\"trans_id\":\"1\",\"data\":{request}}}\r\n")
    };
    match decoder {
        "ppk2" => said("ppk2", &[b"\x0c\x01\x06"]),
        "ppk2-metadata" => said("ppk2", &[b"\x19"]),
        "lpm01a-text" => said("lpm01a", &[b"freq 100\nformat ascii_dec\noutput energy\npwr on\nstart\n"]),
        "lpm01a-binary" => said("lpm01a", &[b"freq 100\nformat bin_hexa\npwr on\nstart\n"]),
        "ina" => said("ina", &[b"?", b"S"]),
        "otii" => {
            let data = |channel: &str| {
                let part = format!("{{\"channel\":\"{channel}\",\"index\":0,\"count\":60}}");
                block("recording_get_channel_data", &part)
            };
            let (on, start) =
                (block("arc_set_main", "{\"enable\":true}"), block("project_start_recording", "{}"));
            let asked = [on, start].concat();
            said(
                "otii",
                &[asked.as_bytes(), b"", data("mc").as_bytes(), data("i1").as_bytes(), data("mv").as_bytes()],
            )
        }
        "scpi" => said(
            "scpi",
            &[b"OUTP ON,(@1)\nTRIG:ELOG (@1)\n", b"", b"FETC:ELOG? 100,(@1)\n", b"FETC:ELOG? 50,(@1)\n"],
        ),
        "csv" => {
            let profiler =
                (0..60).map(|row| format!("{},{}.5,1000000{}\n", f64::from(row) / 100.0, row, row % 2));
            let other = (0..40).map(|row| format!("{},25;2,{row};3,3;{}\n", row, row % 2));
            let table = |head: &str, rows: &mut dyn Iterator<Item = String>| {
                [head.to_owned(), rows.collect()].concat().into_bytes()
            };
            vec![
                table("Timestamp(ms),Current(uA),D0-D7\n", &mut profiler.into_iter()),
                table("Time [s];Main Current [mA];Main Voltage [V];GPI1\n", &mut other.into_iter()),
            ]
        }
        "ppk2-file" => vec![include_bytes!("../tests/data/small.ppk2").to_vec()],
        _ => vec![include_bytes!("../tests/data/small.jls").get(..15_000).unwrap_or_default().to_vec()],
    }
}

/// One of some streams, damaged in a way that depends on the run's number only.
fn damaged(originals: &[Vec<u8>], run: u64) -> Vec<u8> {
    let mut state = (run ^ 0x9e37_79b9_7f4a_7c15).wrapping_mul(0xbf58_476d_1ce4_e5b9) | 1;
    let mut draw = |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 20) as usize % below.max(1)
    };
    let mut stream = originals[draw(originals.len())].clone();
    for _ in 0..draw(8) {
        let at = draw(stream.len());
        let end = (at + 1 + draw(24)).min(stream.len());
        match draw(6) {
            0 if at < stream.len() => stream[at] ^= 1 << draw(8),
            1 if at < stream.len() => stream[at] = draw(256) as u8,
            2 => drop(stream.drain(at.min(end)..end)),
            3 => {
                let copy = stream[at.min(end)..end].to_vec();
                stream.splice(at..at, copy);
            }
            4 => {
                let noise: Vec<u8> = (0..draw(12)).map(|_| draw(256) as u8).collect();
                stream.splice(at..at, noise);
            }
            _ if draw(6) == 0 => stream.truncate(at),
            _ => {}
        }
    }
    stream
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
