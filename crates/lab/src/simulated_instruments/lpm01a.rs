use super::{Fate, Flow, Part, Scene, Source, heard::Heard};
use crate::instruments::lpm01a::BAUD;

/// Samples by turn, when they come as fast as they can.
const TURN: u64 = 2048;
const PROMPT: &str = "PowerShield > ";

/// An LPM01A that knows the commands a measurement needs.
pub struct Lpm01a {
    scene: Scene,
    volts: f64,
    rate_hz: f64,
    is_on: bool,
    is_energy: bool,
    is_binary: bool,
    sees: Edges,
    heard: Heard,
    stream: Option<Stream>,
}

/// Which edges of D7 make an event.
#[derive(Clone, Copy, Eq, PartialEq)]
enum Edges {
    Falling,
    Both,
}

struct Stream {
    source: Source,
    line: bool,
    events: u64,
    /// What rounding to four digits has left over; the next figure makes up for it.
    owed: f64,
}

impl Lpm01a {
    pub fn new(scene: Scene) -> Self {
        Self {
            scene,
            volts: 3.3,
            rate_hz: 100.0,
            is_on: false,
            is_energy: false,
            is_binary: false,
            sees: Edges::Falling,
            heard: Heard::default(),
            stream: None,
        }
    }

    /// Carries out a command; the lines of its answer, or why not.
    fn obey(&mut self, words: &str) -> Result<&'static str, &'static str> {
        let (name, value) = words.split_once(' ').unwrap_or((words, ""));
        match name {
            "htc" | "hrc" | "acqtime" | "acqmode" | "trigsrc" | "trigdelay" | "pwrend" => {}
            "powershield" => return Ok("PowerShield present: 2A0048001851373134373333\r\n"),
            "version" => return Ok("1.0.6\r\n"),
            "volt" => {
                let millivolts = value.strip_suffix('m').and_then(|it| it.parse::<f64>().ok());
                let millivolts = millivolts.filter(|it| (1800.0..=3300.0).contains(it));
                self.volts = millivolts.ok_or("out of range")? / 1000.0;
            }
            "freq" => self.rate_hz = value.parse().map_err(|_| "no such frequency")?,
            "output" => self.is_energy = value == "energy",
            "format" => self.is_binary = value == "bin_hexa",
            "eventsrc" => self.sees = if value == "d7 both" { Edges::Both } else { Edges::Falling },
            "pwr" => self.is_on = value.starts_with("on"),
            "start" => {
                let source = Source::new(&self.scene, self.rate_hz);
                self.stream = Some(Stream { source, line: false, events: 0, owed: 0.0 });
            }
            _ => return Err("unknown command"),
        }
        Ok("")
    }

    fn stop(&mut self, out: &mut Vec<u8>) {
        if self.stream.take().is_none() {
            return;
        }
        match self.is_binary {
            true => out.extend([0xf0, 0xf4]),
            false => out.extend(format!("{PROMPT}Acquisition completed\r\n{PROMPT}").into_bytes()),
        }
    }

    /// A figure, as the format has it.
    fn figure(&self, stream: &mut Stream, amperes: f64) -> Vec<u8> {
        let amperes = if self.is_on { amperes } else { 0.0 };
        let figure = if self.is_energy { amperes * self.volts / self.rate_hz } else { amperes };
        let wanted = (figure + stream.owed).max(0.0);
        let (bytes, said) = if self.is_binary { binary(wanted) } else { text(wanted) };
        stream.owed = wanted - said;
        bytes
    }

    fn edge(&self, stream: &mut Stream, digital: u8, out: &mut Vec<u8>) {
        let line = digital & 1 == 1;
        if line == stream.line {
            return;
        }
        stream.line = line;
        if self.sees == Edges::Falling && line {
            return;
        }
        let text = format!("event {} {}", stream.events, if line { "ris" } else { "fal" });
        stream.events += 1;
        self.say(0xf2, &text, out);
    }

    fn say(&self, kind: u8, text: &str, out: &mut Vec<u8>) {
        if self.is_binary {
            out.extend([0xf0, kind]);
            out.extend(text.bytes());
            out.extend([0xff, 0xff]);
        } else {
            out.extend(text.bytes());
            out.extend(b"\r\n");
        }
    }

    /// The time, once a second: between two samples, or stuck to one of them.
    fn stamp(&self, seconds: u64, out: &mut Vec<u8>) {
        if self.is_binary {
            out.extend([0xf0, 0xf3]);
            out.extend((u32::try_from(seconds * 1000).unwrap_or(u32::MAX)).to_be_bytes());
            out.extend([7, 0xff, 0xff]);
            return;
        }
        let text = format!("TimeStamp: {seconds:03}s 000ms, buff 07%");
        match seconds % 3 {
            0 => out.extend(format!("{text}\r\n").into_bytes()),
            1 => out.extend(text.into_bytes()),
            _ => {
                out.truncate(out.len() - 2);
                out.extend(format!("{text}\r\n").into_bytes());
            }
        }
    }

    fn sample(&self, stream: &mut Stream, fate: Fate, out: &mut Vec<u8>) -> Flow {
        match fate {
            Fate::Sent { amperes, digital } => {
                self.edge(stream, digital, out);
                out.extend(self.figure(stream, amperes));
            }
            Fate::Overload { digital, .. } => {
                self.edge(stream, digital, out);
                match self.is_binary {
                    true => out.extend([0xf0, 0xf5]),
                    false => self.say(0, "overcurrent", out),
                }
                out.extend(self.figure(stream, 0.05));
            }
            // Its first byte goes missing.
            Fate::Garbled => out.extend(self.figure(stream, 1e-3).get(1..).unwrap_or_default()),
            Fate::Lost => {}
            Fate::Unplugged => return Flow::Unplugged,
        }
        let second = self.rate_hz as u64;
        // The last sample ends with a line of its own.
        if stream.source.index().is_multiple_of(second) && out.ends_with(b"\r\n") | self.is_binary {
            self.stamp(stream.source.index() / second, out);
        }
        Flow::On
    }
}

impl Part for Lpm01a {
    fn hear(&mut self, bytes: &[u8], out: &mut Vec<u8>) {
        if self.scene.faults.mute {
            return;
        }
        self.heard.add(bytes);
        while let Some(words) = self.heard.next_line() {
            match words.as_str() {
                "" => {}
                "stop" => self.stop(out),
                _ => {
                    let answer = match self.obey(&words) {
                        Ok(_) if words == "start" => format!("ack {words}\r\n"),
                        Ok(lines) => format!("ack {words}\r\n{lines}{PROMPT}"),
                        Err(why) => format!("error {words}\r\nError detail: {why}\r\n{PROMPT}"),
                    };
                    out.extend(answer.into_bytes());
                }
            }
        }
    }

    fn play(&mut self, out: &mut Vec<u8>) -> Flow {
        let Some(mut stream) = self.stream.take() else { return Flow::On };
        for _ in 0..stream.source.due(TURN) {
            let Some(fate) = stream.source.next_sample() else { break };
            if self.sample(&mut stream, fate, out) == Flow::Unplugged {
                return Flow::Unplugged;
            }
        }
        self.stream = Some(stream);
        Flow::On
    }

    fn baud(&self) -> Option<u32> {
        Some(self.scene.faults.baud.unwrap_or(BAUD))
    }
}

/// `DDDD-EE`, and the figure that it is.
fn text(figure: f64) -> (Vec<u8>, f64) {
    let power = if figure > 0.0 { (3.0 - figure.log10().floor()).clamp(0.0, 99.0) } else { 0.0 };
    // Rounding up may need a fifth digit.
    let mantissa = (figure * 10_f64.powf(power)).floor().min(9999.0);
    (format!("{mantissa:04}-{power:02}\r\n").into_bytes(), mantissa / 10_f64.powf(power))
}

/// Two bytes, and the figure that they are.
fn binary(figure: f64) -> (Vec<u8>, f64) {
    // As many powers of sixteen as leave twelve bits.
    let power = (0..10).rev().find(|power| figure * 16_f64.powi(*power) < 4096.0).unwrap_or(0);
    let number = (figure * 16_f64.powi(power)).floor();
    let word = (power as u16) << 12 | number as u16;
    (word.to_be_bytes().to_vec(), number / 16_f64.powi(power))
}
