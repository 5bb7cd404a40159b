use super::{Fate, Flow, Part, Scene, Source};
use crate::instruments::ppk2::{Calibration, RATE_HZ, Word, command};

/// Samples by turn, when they come as fast as they can.
const TURN: u64 = 4096;
/// Where a PPK2 goes to the next range, in amperes.
const SWITCH: [f64; 4] = [50e-6, 500e-6, 5e-3, 60e-3];

/// A PPK2 with a calibration of its own.
pub struct Ppk2 {
    scene: Scene,
    calibration: Calibration,
    volts: f64,
    is_on: bool,
    stream: Option<Source>,
    counter: u64,
    /// The last range, and what rounding to its steps has left over, in amperes: the next sample makes up for it.
    owed: (usize, f64),
    heard: Vec<u8>,
}

impl Ppk2 {
    pub fn new(scene: Scene) -> Self {
        Self {
            scene,
            calibration: calibration(),
            volts: 3.3,
            is_on: false,
            stream: None,
            counter: 0,
            owed: (0, 0.0),
            heard: Vec::new(),
        }
    }

    /// Carries out the first command heard, when it is there in full; how long it is.
    fn obey(&mut self, out: &mut Vec<u8>) -> Option<usize> {
        match *self.heard.as_slice() {
            [command::START, ..] => self.stream = Some(Source::new(&self.scene, RATE_HZ)),
            [command::STOP, ..] => self.stream = None,
            [command::METADATA, ..] => {
                out.extend(self.calibration.metadata((self.volts * 1000.0) as u16).into_bytes());
            }
            [command::RUNNING, on, ..] => {
                self.is_on = on == 1;
                return Some(2);
            }
            [command::MODE, _, ..] => return Some(2),
            [command::REGULATOR, high, low, ..] => {
                self.volts = f64::from(u16::from_be_bytes([high, low])) / 1000.0;
                return Some(3);
            }
            [] | [command::RUNNING | command::MODE | command::REGULATOR, ..] => return None,
            _ => {}
        }
        Some(1)
    }

    /// A sample's word.
    fn word(&mut self, amperes: f64, digital: u8) -> Word {
        let amperes = if self.is_on { amperes } else { 0.0 };
        let range = SWITCH.iter().position(|end| amperes < *end).unwrap_or(SWITCH.len());
        let Some(calibration) = self.calibration.ranges.get(range) else { return Word(0) };
        let amperes = if self.owed.0 == range { amperes + self.owed.1 } else { amperes };
        let converter = (calibration.steps(amperes, self.volts) / 4.0).round().clamp(0.0, 16_383.0);
        self.owed = (range, amperes - calibration.amperes(converter * 4.0, self.volts));
        Word::new(converter as u32, range as u32, self.counter, digital)
    }
}

impl Part for Ppk2 {
    fn hear(&mut self, bytes: &[u8], out: &mut Vec<u8>) {
        if self.scene.faults.mute {
            return;
        }
        self.heard.extend_from_slice(bytes);
        while let Some(length) = self.obey(out) {
            self.heard.drain(..length);
        }
    }

    fn play(&mut self, out: &mut Vec<u8>) -> Flow {
        let Some(mut stream) = self.stream.take() else { return Flow::On };
        for _ in 0..stream.due(TURN) {
            let Some(fate) = stream.next_sample() else { break };
            match fate {
                Fate::Sent { amperes, digital } => out.extend(self.word(amperes, digital).0.to_le_bytes()),
                Fate::Overload { digital, .. } => out.extend(self.word(1.5, digital).0.to_le_bytes()),
                // A byte of it goes missing.
                Fate::Garbled => out.extend(&self.word(0.0, 0).0.to_le_bytes()[..3]),
                Fate::Lost => {}
                Fate::Unplugged => return Flow::Unplugged,
            }
            self.counter += 1;
        }
        self.stream = Some(stream);
        Flow::On
    }
}

/// Figures like those of real ones: none is what a driver would assume.
fn calibration() -> Calibration {
    let mut calibration = Calibration { calibrated: true, hardware: "9173".into(), ..Calibration::default() };
    let ohms = [1003.3506, 101.5865, 10.3027, 0.9636, 0.0564];
    let gain = [1.0000, 0.9695, 0.9609, 0.9519, 0.9582];
    let zero = [112.7890, 79.5629, 64.4166, 67.6206, 87.7123];
    let by_volt = [0.000_000_048, 0.000_000_596, 0.000_005_281, 0.000_062_577, 0.002_981_738];
    let leak = [-0.000_000_104, -0.000_001_443, 0.000_036_439, -0.000_374_119, -0.009_388_455];
    let figures = ohms.into_iter().zip(gain).zip(zero).zip(by_volt).zip(leak);
    for (range, ((((ohms, gain), zero), by_volt), leak)) in calibration.ranges.iter_mut().zip(figures) {
        *range = crate::instruments::ppk2::RangeCalibration {
            ohms,
            zero,
            slope: 0.0,
            gain,
            by_volt,
            leak,
            user: 1.0,
        };
    }
    // A slope of zero would read as the default.
    calibration
        .ranges
        .iter_mut()
        .zip([7e-6, 0.02, 0.4, 5.8, 0.97])
        .for_each(|(range, slope)| range.slope = slope);
    calibration
}
