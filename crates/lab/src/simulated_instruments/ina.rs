use sensors::{
    Reading, Scale, Stream,
    frame::{HELLO, Hello, START, STOP},
};

use super::{Fate, Flow, Part, Scene, Source};
use crate::instruments::ina::BAUD;

/// Samples by turn, when they come as fast as they can.
const TURN: u64 = 1024;
/// An INA228 with a shunt of an ohm: 78.125 nA a step, 40.96 mA at most.
const BOARD: Hello = Hello {
    scale: Scale { shunt_picovolts: 78_125, bus_nanovolts: 195_313 },
    shunt_microohms: 1_000_000,
    period_nanoseconds: 1_000_000,
    sensor: 228,
};
const STEP: f64 = 78.125e-9;
const HIGHEST: i32 = (1 << 19) - 1;
/// 3 V.
const SUPPLY: u32 = 15_360;

/// A probe board.
pub struct Ina {
    scene: Scene,
    stream: Stream,
    source: Option<Source>,
    /// What rounding to steps has left over, in steps; the next sample makes up for it.
    owed: f64,
}

impl Ina {
    pub fn new(scene: Scene) -> Self {
        Self { scene, stream: Stream::new(), source: None, owed: 0.0 }
    }

    fn reading(&mut self, amperes: f64) -> Reading {
        let wanted = amperes / STEP + self.owed;
        let shunt = wanted.round().clamp(-f64::from(HIGHEST), f64::from(HIGHEST)) as i32;
        self.owed = (wanted - f64::from(shunt)).clamp(-1.0, 1.0);
        Reading { shunt, bus: SUPPLY, is_overloaded: shunt == HIGHEST }
    }
}

impl Part for Ina {
    fn hear(&mut self, bytes: &[u8], out: &mut Vec<u8>) {
        if self.scene.faults.mute {
            return;
        }
        for byte in bytes {
            match *byte {
                HELLO => out.extend_from_slice(self.stream.hello(&BOARD)),
                START => {
                    self.stream.start();
                    self.source = Some(Source::new(&self.scene, 1e9 / f64::from(BOARD.period_nanoseconds)));
                }
                STOP if self.source.take().is_some() => {
                    out.extend_from_slice(self.stream.flush().unwrap_or_default());
                    out.extend_from_slice(self.stream.stop());
                }
                _ => {}
            }
        }
    }

    fn play(&mut self, out: &mut Vec<u8>) -> Flow {
        let Some(mut source) = self.source.take() else { return Flow::On };
        for _ in 0..source.due(TURN) {
            let Some(fate) = source.next_sample() else { break };
            let (reading, digital, is_garbled) = match fate {
                Fate::Sent { amperes, digital } => (Some(self.reading(amperes)), digital, false),
                Fate::Overload { digital, .. } => (Some(self.reading(1.0)), digital, false),
                // A sensor that does not answer its board.
                Fate::Lost => (None, 0, false),
                Fate::Garbled => (Some(self.reading(0.0)), 0, true),
                Fate::Unplugged => {
                    out.extend_from_slice(self.stream.flush().unwrap_or_default());
                    return Flow::Unplugged;
                }
            };
            let before = out.len();
            out.extend_from_slice(self.stream.push(reading, digital).unwrap_or_default());
            if is_garbled {
                // With the sample, the frame that it ends is damaged.
                out.truncate(before);
                out.extend_from_slice(self.stream.flush().unwrap_or_default());
                out.pop();
            }
        }
        self.source = Some(source);
        Flow::On
    }

    fn baud(&self) -> Option<u32> {
        Some(self.scene.faults.baud.unwrap_or(BAUD))
    }
}
