use super::{Fate, Flow, Part, Scene, Source, heard::Heard};
use crate::instruments::scpi::SHORTEST;

/// Samples by turn, when they come as fast as they can.
const TURN: u64 = 16_384;
/// What stands for a current beyond the range, and for none.
const OVERLOAD: f32 = 9.9e37;
const NO_NUMBER: f32 = 9.91e37;

/// A Keysight N6705C with one output.
pub struct Scpi {
    scene: Scene,
    period: f64,
    is_on: bool,
    is_overloaded: bool,
    error: Option<&'static str>,
    heard: Heard,
    log: Option<Source>,
    records: Vec<u8>,
}

impl Scpi {
    pub fn new(scene: Scene) -> Self {
        Self {
            scene,
            period: SHORTEST,
            is_on: false,
            is_overloaded: false,
            error: None,
            heard: Heard::default(),
            log: None,
            records: Vec::new(),
        }
    }

    /// Carries out a command for output 1; the bytes of its answer.
    fn obey(&mut self, command: &str) -> Option<Vec<u8>> {
        let command = command.replace(",(@1)", "").replace(" (@1)", "");
        let (name, value) = command.split_once(' ').unwrap_or((&command, ""));
        let text = |answer: &str| Some(format!("{answer}\n").into_bytes());
        match name {
            "*IDN?" => return text("Keysight Technologies,N6705C,MY00000000,E.02.08.3214"),
            "SYST:CHAN:MOD?" => return text("\"N6781A\""),
            "SYST:ERR?" => return text(self.error.take().unwrap_or("+0,\"No error\"")),
            "SENS:ELOG:PER?" => return text(&format!("{:+.8E}", self.period)),
            "STAT:QUES:COND?" => return text(if self.is_overloaded { "+2" } else { "+0" }),
            "FETC:ELOG?" => return Some(self.fetch(value)),
            "SENS:ELOG:PER" => match value.parse() {
                Ok(period) if period >= SHORTEST - 1e-9 => self.period = period,
                _ => self.error = Some("-222,\"Data out of range\""),
            },
            "OUTP" => self.is_on = value == "ON",
            "TRIG:ELOG" => {
                self.records.clear();
                self.log = Some(Source::new(&self.scene, 1.0 / self.period));
            }
            "ABOR:ELOG" => self.log = None,
            "*CLS" | "VOLT" | "EMUL" | "FORM" | "FORM:BORD" | "INIT:ELOG" => {}
            _ if name.starts_with("SENS:") || name.starts_with("TRIG:") => {}
            _ => self.error = Some("-113,\"Undefined header\""),
        }
        None
    }

    /// A block of the records that have come, and at most as many as asked for.
    fn fetch(&mut self, most: &str) -> Vec<u8> {
        let most = most.parse().unwrap_or(0) * 4;
        let records: Vec<u8> = self.records.drain(..most.min(self.records.len())).collect();
        let length = records.len().to_string();
        [format!("#{}{length}", length.len()).into_bytes(), records, b"\n".to_vec()].concat()
    }
}

impl Part for Scpi {
    fn hear(&mut self, bytes: &[u8], out: &mut Vec<u8>) {
        if self.scene.faults.mute {
            return;
        }
        self.heard.add(bytes);
        while let Some(command) = self.heard.next_line() {
            out.extend(self.obey(&command).unwrap_or_default());
        }
    }

    fn play(&mut self, _: &mut Vec<u8>) -> Flow {
        let Some(log) = &mut self.log else { return Flow::On };
        for _ in 0..log.due(TURN) {
            let current = match log.next_sample() {
                Some(Fate::Sent { amperes, .. }) if self.is_on => amperes as f32,
                Some(Fate::Sent { .. }) => 0.0,
                Some(Fate::Overload { .. }) => {
                    self.is_overloaded = true;
                    OVERLOAD
                }
                // A unit that cannot keep up says so of each record.
                Some(Fate::Garbled | Fate::Lost) => NO_NUMBER,
                Some(Fate::Unplugged) => return Flow::Unplugged,
                None => break,
            };
            self.records.extend(current.to_be_bytes());
        }
        Flow::On
    }
}
