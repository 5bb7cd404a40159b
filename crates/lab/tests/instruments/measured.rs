use std::time::{Duration, Instant};

use lab::{
    simulated_instruments::{Faults, Pace, Scene, Waveform, open},
    stream::{Applied, Block, Error, Event, Gap, Instrument, Mode, Progress, Sample, Setup},
};

/// What came of a measurement.
#[derive(Debug, Default)]
pub struct Measured {
    pub samples: Vec<(u64, Sample)>,
    pub gaps: Vec<Gap>,
    pub events: Vec<Event>,
    pub error: Option<Error>,
    pub rate_hz: f64,
}

impl Measured {
    /// Coulombs.
    pub fn charge(&self) -> f64 {
        self.samples.iter().map(|(_, sample)| f64::from(sample.current)).sum::<f64>() / self.rate_hz
    }

    /// Coulombs while line 0 is high.
    pub fn charge_in_windows(&self) -> f64 {
        let high = self.samples.iter().filter(|(_, sample)| sample.digital & 1 == 1);
        high.map(|(_, sample)| f64::from(sample.current)).sum::<f64>() / self.rate_hz
    }

    /// How many samples the gaps say are missing.
    pub fn missing(&self) -> u64 {
        self.gaps.iter().map(|gap| gap.missing).sum()
    }
}

/// A device that sleeps at 4 µA and works at 3 mA, as fast as it can be read.
pub fn scene() -> Scene {
    Scene { waveform: Waveform::windows(3, (0.1, 4e-6), (0.2, 3e-3)), pace: Pace::Fast, ..Scene::default() }
}

/// That scene, with faults.
pub fn faulty(faults: Faults) -> Scene {
    Scene { faults, ..scene() }
}

pub fn setup(volts: f32, rate_hz: Option<f64>) -> Setup {
    Setup { mode: Mode::Source, volts, rate_hz, duration: None }
}

/// Measures a scene to its end, which is a second of silence, an error, or the instrument's own word.
pub fn measure(kind: &str, scene: Scene, rate_hz: Option<f64>) -> Measured {
    let mut instrument = open(kind, scene).expect("a simulated instrument");
    assert!(instrument.capabilities().is_simulated());
    let Applied { rate_hz, .. } = instrument.configure(&setup(3.0, rate_hz)).expect("a setup it can do");
    let mut measured = Measured { rate_hz, ..Measured::default() };
    measured.error = run(instrument.as_mut(), &mut measured).err();
    measured
}

fn run(instrument: &mut dyn Instrument, measured: &mut Measured) -> Result<(), Error> {
    instrument.power(true)?;
    instrument.start()?;
    take(instrument, measured, Duration::from_millis(300))?;
    instrument.stop()?;
    take(instrument, measured, Duration::from_secs(3))?;
    instrument.power(false)
}

/// Reads until the end, or until nothing came for a while.
fn take(instrument: &mut dyn Instrument, measured: &mut Measured, silence: Duration) -> Result<(), Error> {
    let (mut block, mut heard) = (Block::default(), Instant::now());
    while heard.elapsed() < silence {
        let progress = instrument.read(Duration::from_millis(50), &mut block);
        measured.samples.extend(block.indexed().map(|(index, sample)| (index, *sample)));
        measured.gaps.append(&mut block.gaps);
        measured.events.append(&mut block.events);
        match progress? {
            Progress::Data => heard = Instant::now(),
            Progress::Idle => {}
            Progress::Ended => break,
        }
    }
    Ok(())
}
