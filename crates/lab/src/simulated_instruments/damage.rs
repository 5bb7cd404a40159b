//! Streams and files as simulated instruments give them, damaged by lot: what decoders have to survive.

use super::{Faults, Pace, Scene, Stretch, Waveform, transcript};

/// What the decoder of that name reads when all is well: streams and files, with a few faults of their own.
#[must_use]
pub fn originals(decoder: &str) -> Vec<Vec<u8>> {
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
        "ppk2-file" => vec![include_bytes!("../../tests/data/small.ppk2").to_vec()],
        _ => vec![include_bytes!("../../tests/data/small.jls").get(..15_000).unwrap_or_default().to_vec()],
    }
}

/// One of some streams, damaged in a way that depends on the run's number only; nothing of none.
#[must_use]
pub fn damaged(originals: &[Vec<u8>], run: u64) -> Vec<u8> {
    let mut state = (run ^ 0x9e37_79b9_7f4a_7c15).wrapping_mul(0xbf58_476d_1ce4_e5b9) | 1;
    let mut draw = |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 20) as usize % below.max(1)
    };
    let mut stream = originals.get(draw(originals.len())).cloned().unwrap_or_default();
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
