//! The wake word's front end against the benchmark's formula in real numbers.

use features::wake_word::{BANDS, HOP, WakeWord};

/// The scale of the benchmark's own model.
const SCALE: f32 = 0.003_701;
const FRAME: usize = 1024;
const PI: f64 = std::f64::consts::PI;

fn mel(hz: f64) -> f64 {
    (1.0 + hz / 700.0).ln()
}

/// A row, as `mlcommons/tiny` computes it, in steps of the model's input.
fn row(frame: &[f64; FRAME]) -> Vec<f64> {
    let windowed: Vec<f64> = frame
        .iter()
        .enumerate()
        .map(|(n, x)| x * (0.54 - 0.46 * (2.0 * PI * n as f64 / (FRAME - 1) as f64).cos()))
        .collect();
    let power: Vec<f64> = (0..FRAME / 2)
        .map(|k| {
            let (mut re, mut im) = (0.0, 0.0);
            for (n, x) in windowed.iter().enumerate() {
                let turn = 2.0 * PI * (k * n % FRAME) as f64 / FRAME as f64;
                re += x * turn.cos();
                im -= x * turn.sin();
            }
            (re * re + im * im) / FRAME as f64
        })
        .collect();
    let width = mel(8000.0) / (BANDS + 1) as f64;
    (0..BANDS)
        .map(|band| {
            let energy: f64 = (0..)
                .zip(&power)
                .map(|(k, power)| {
                    let place = mel(f64::from(k) * 16_000.0 / FRAME as f64) / width - band as f64;
                    power * place.min(2.0 - place).max(0.0)
                })
                .sum();
            let share = ((10.0 * energy.max(1e-30).log10() + 52.0) / 64.0).clamp(0.0, 1.0);
            (share / f64::from(SCALE) - 128.0).min(127.0)
        })
        .collect()
}

/// Noise that grows from silence, with a tone that rises.
fn sound(hops: usize) -> Vec<i16> {
    let mut state = 12_345_u32;
    (0..hops * HOP)
        .map(|n| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let noise = f64::from(state >> 16) / 32768.0 - 1.0;
            let loud = (n as f64 / (hops * HOP) as f64).powi(3);
            let tone = (2.0 * PI * (100.0 + n as f64 / 20.0) * n as f64 / 16_000.0).sin();
            (loud * (9000.0 * noise + 6000.0 * tone)) as i16
        })
        .collect()
}

#[test]
fn rows_are_the_benchmarks_within_a_step() {
    let front = WakeWord::new(SCALE, -128);
    let mut rows = front.stream().unwrap();
    let sound = sound(8);
    // Silence first, and emphasis across the borders of frames.
    let before = std::iter::repeat_n(0.0, FRAME - HOP);
    let real = sound.iter().map(|sample| f64::from(*sample) / 32768.0);
    let emphasised = real.clone().zip(std::iter::once(0.0).chain(real)).map(|(x, last)| x - 0.968_75 * last);
    let emphasised: Vec<f64> = before.chain(emphasised).collect();
    let (mut different, mut seen) = (0, std::collections::BTreeSet::new());
    for (hop, samples) in sound.as_chunks::<HOP>().0.iter().enumerate() {
        let ours = *rows.next(samples).expect("a row for every hop");
        let theirs = row(emphasised[hop * HOP..][..FRAME].try_into().unwrap());
        for (ours, theirs) in ours.into_iter().zip(theirs) {
            let apart = (f64::from(ours) - theirs).abs();
            assert!(apart <= 1.0, "hop {hop}: {ours} for {theirs}");
            different += usize::from(apart > 0.6);
            seen.insert(ours);
        }
    }
    assert!(different <= 8, "{different} of {} values are more than rounding apart", 8 * BANDS);
    assert!(seen.len() > 40, "{seen:?}");
}

#[test]
fn silence_is_the_lowest_value_and_a_reset_forgets() {
    let front = WakeWord::new(SCALE, -128);
    let mut rows = front.stream().unwrap();
    assert_eq!(rows.next(&[0; HOP]), Some(&[-128; BANDS]));
    let loud: [i16; HOP] = std::array::from_fn(|n| if n % 7 < 3 { i16::MAX } else { i16::MIN });
    let first = *rows.next(&loud).unwrap();
    assert!(first.iter().filter(|value| **value > 0).count() > 10, "{first:?}");
    rows.reset();
    assert_eq!(rows.next(&[0; HOP]), Some(&[-128; BANDS]));
    assert_eq!(rows.next(&loud), Some(&first));
}
