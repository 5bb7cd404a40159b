//! Streams whose energy is known, with the faults of real ones.

use std::{
    ops::Range,
    path::{Path, PathBuf},
};

use lab::{
    measurement::{Measurement, Options, measure},
    recording::{Acquisition, Marking, Metadata, Polarity, Recorder, Recording, Uncertainty, WindowPlan},
    stream::{Block, Event, Gap, GapReason, Sample},
};

/// What a device takes: power in windows and outside, with pulses at both ends of each window.
#[derive(Clone, Debug)]
pub struct Device {
    pub rate_hz: f64,
    pub volts: f64,
    pub active: f64,
    pub idle: f64,
    /// Seconds.
    pub window: f64,
    /// Seconds between.
    pub pause: f64,
    pub windows: u32,
    pub inferences: u32,
    /// Phase of the first edge within a sample, 0 to 1.
    pub phase: f64,
    /// Each window's power, relative to `active`.
    pub each: Vec<f64>,
}

impl Default for Device {
    fn default() -> Self {
        Self {
            rate_hz: 10_000.0,
            volts: 3.0,
            active: 5e-3,
            idle: 20e-6,
            window: 0.5,
            pause: 0.2,
            windows: 5,
            inferences: 10,
            phase: 0.0,
            each: Vec::new(),
        }
    }
}

impl Device {
    /// Joules of an inference, on a perfect clock.
    pub fn energy(&self) -> f64 {
        let mean =
            if self.each.is_empty() { 1.0 } else { self.each.iter().sum::<f64>() / self.each.len() as f64 };
        self.active * mean * self.volts * self.window / f64::from(self.inferences)
    }

    /// Begin and end of each window, in seconds.
    fn spans(&self) -> Vec<Range<f64>> {
        let first = self.pause + self.phase / self.rate_hz;
        let begin = |index: u32| first + f64::from(index) * (self.window + self.pause);
        (0..self.windows).map(|index| begin(index)..begin(index) + self.window).collect()
    }

    /// Mean current over a sample, and the pin at its end. `clock` is how much too slow the samples are, relative.
    fn samples(&self, clock: f64) -> Vec<Sample> {
        let spans = self.spans();
        let period = (1.0 + clock) / self.rate_hz;
        let end = spans.last().map_or(0.0, |span| span.end) + self.pause;
        let sample = |at: u64| {
            let (from, to) = (at as f64 * period, (at + 1) as f64 * period);
            let mut current = self.idle;
            for (index, span) in spans.iter().enumerate() {
                let share = ((to.min(span.end) - from.max(span.start)) / period).max(0.0);
                let each = self.each.get(index).copied().unwrap_or(1.0);
                current += (self.active * each - self.idle) * share;
            }
            // The pin is sampled as the sample begins.
            let low = spans
                .iter()
                .flat_map(|span| [span.start, span.end])
                .any(|edge| (edge..edge + 1e-3).contains(&from));
            Sample { current: current as f32, voltage: None, digital: u8::from(!low), range: 0 }
        };
        (0..(end / period) as u64).map(sample).collect()
    }
}

/// What an instrument does to it.
#[derive(Clone, Debug, Default)]
pub struct Faults {
    pub gain: f64,
    pub offset: f64,
    pub clock: f64,
    /// Standard deviation of a sample, amperes.
    pub noise: f64,
    /// Samples that are lost, and whether the number is known.
    pub lost: Vec<(Range<u64>, bool)>,
    pub events: Vec<Event>,
    /// Where the pin is high whatever the device does.
    pub stuck: Option<Range<u64>>,
    pub broken: Option<String>,
    /// How far off its makers say it is.
    pub stated: (f64, f64),
}

/// Numbers that look like chance.
pub struct Chance(pub u64);

impl Chance {
    /// Between 0 and 1.
    pub fn uniform(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// Of deviation 1.
    pub fn normal(&mut self) -> f64 {
        let (a, b) = (self.uniform().max(1e-300), self.uniform());
        (-2.0 * a.ln()).sqrt() * (b * std::f64::consts::TAU).cos()
    }
}

/// Records a device's windows.
pub fn record(folder: &Path, device: &Device, faults: &Faults, chance: &mut Chance) -> PathBuf {
    let marking = Marking::Pulses { input: 0, edge: Polarity::Falling };
    record_marked(folder, device, faults, chance, marking)
}

/// The same, and the firmware marks its windows in this way.
pub fn record_marked(
    folder: &Path,
    device: &Device,
    faults: &Faults,
    chance: &mut Chance,
    marking: Marking,
) -> PathBuf {
    let (gain, offset) = faults.stated;
    let metadata = Metadata {
        schema: 1,
        acquisition: Acquisition {
            instrument: "simulated for a test".to_owned(),
            simulated: true,
            volts: device.volts,
            rate_hz: device.rate_hz,
            rate_uncertainty: 100e-6,
            digital_inputs: 1,
            uncertainty: vec![Uncertainty { up_to: 1.0, gain, offset, source: "the test".to_owned() }],
            ..Acquisition::default()
        },
        windows: WindowPlan {
            expected: device.windows,
            inferences: device.inferences,
            seconds: device.window,
            marking,
        },
        ..Metadata::default()
    };
    let path = folder.join("samples.parquet");
    let mut recorder = Recorder::begin(&path, metadata).unwrap();
    let mut block = Block { events: faults.events.clone(), ..Block::default() };
    let mut index = 0_u64;
    let mut lost = faults.lost.iter().cloned().peekable();
    for sample in device.samples(faults.clock) {
        if let Some((range, known)) = lost.peek().cloned() {
            if range.contains(&index) {
                index += 1;
                continue;
            }
            if index == range.end {
                let missing = if known { range.end - range.start } else { 0 };
                // Nobody knows how many, so the rest moves up.
                let at = if known { index } else { block.next() };
                block.gaps.push(Gap { at, missing, why: GapReason::Counter });
                lost.next();
            }
        }
        let current = f64::from(sample.current) * (1.0 + faults.gain) + faults.offset;
        let noise = if faults.noise > 0.0 { chance.normal() * faults.noise } else { 0.0 };
        let stuck = faults.stuck.as_ref().is_some_and(|range| range.contains(&index));
        let digital = if stuck { 1 } else { sample.digital };
        block.samples.push(Sample { current: (current + noise) as f32, digital, ..sample });
        index += 1;
        if block.samples.len() == 777 {
            recorder.push(&block).unwrap();
            block.clear(block.next());
        }
    }
    recorder.push(&block).unwrap();
    recorder.finish(faults.broken.clone()).unwrap()
}

/// Its result.
pub fn replay(path: &Path, options: Options) -> Measurement {
    measure(&mut Recording::open(path).unwrap(), options).unwrap().0
}
