use serde_json::{Value, json};

use super::{Fate, Flow, Part, Scene, Source, heard::Heard};

/// Samples by turn, when they come as fast as they can.
const TURN: u64 = 20_000;
/// Samples a second of an Arc.
const RATE_HZ: f64 = 4000.0;
/// Of its currents, one voltage.
const BY_VOLTAGE: u64 = 4;
const DEVICE: &str = "Arc12345678912345678912345678900001";

/// The Otii application with an Arc.
pub struct Otii {
    scene: Scene,
    volts: f64,
    is_on: bool,
    heard: Heard,
    greeted: bool,
    source: Option<Source>,
    recorded: Recorded,
}

/// What was recorded, as the server hands it out.
#[derive(Default)]
struct Recorded {
    /// Sample and current; `None` for one that is damaged. Where samples were lost, the numbers jump.
    currents: Vec<(u64, Option<f64>)>,
    volts: Vec<f64>,
    edges: [Vec<(u64, bool)>; 2],
    lines: u8,
}

impl Otii {
    pub fn new(scene: Scene) -> Self {
        Self {
            scene,
            volts: 3.7,
            is_on: false,
            heard: Heard::default(),
            greeted: false,
            source: None,
            recorded: Recorded::default(),
        }
    }

    /// Carries out a request: its data, or an error's code.
    fn obey(&mut self, asked: &str, data: &Value) -> Result<Value, &'static str> {
        let figure = || data.get("value").and_then(Value::as_f64).ok_or("Missing key in request");
        match asked {
            "otii_get_devices" => {
                return Ok(json!({ "devices": [{ "device_id": DEVICE, "name": "Arc I", "type": "Arc" }] }));
            }
            "otii_get_active_project" => return Ok(json!({ "project_id": -1 })),
            "otii_create_project" => return Ok(json!({ "project_id": 1 })),
            "arc_add_to_project" | "arc_set_max_current" | "arc_enable_channel" => {}
            "arc_set_main_voltage" => self.volts = figure()?,
            "arc_get_main_voltage" => return Ok(json!({ "value": self.volts })),
            "arc_set_main" => {
                self.is_on = data.get("enable").and_then(Value::as_bool).ok_or("Missing key in request")?
            }
            "arc_get_main" => return Ok(json!({ "value": self.is_on })),
            "project_start_recording" => {
                self.source = Some(Source::new(&self.scene, RATE_HZ));
                self.recorded = Recorded::default();
            }
            "project_stop_recording" => self.source = None,
            "project_get_last_recording" => return Ok(json!({ "recording_id": 7, "name": "Recording 1" })),
            "recording_get_channel_data_count" => return self.recorded.count(channel(data)?),
            "recording_get_channel_data" => return self.recorded.data(channel(data)?, data),
            _ => return Err("Invalid command"),
        }
        Ok(Value::Null)
    }

    fn answer(&mut self, line: &str) -> Value {
        let Ok(request) = serde_json::from_str::<Value>(line) else {
            return json!({ "type": "error", "errorcode": "Not able to parse request" });
        };
        let text = |key| request.get(key).and_then(Value::as_str).unwrap_or_default();
        let (asked, id) = (text("cmd"), text("trans_id"));
        match self.obey(asked, request.get("data").unwrap_or(&Value::Null)) {
            Ok(Value::Null) => json!({ "type": "response", "cmd": asked, "trans_id": id }),
            Ok(data) => json!({ "type": "response", "cmd": asked, "trans_id": id, "data": data }),
            Err(code) => json!({ "type": "error", "errorcode": code, "cmd": asked, "trans_id": id }),
        }
    }
}

fn channel(data: &Value) -> Result<&str, &'static str> {
    data.get("channel").and_then(Value::as_str).ok_or("Missing key in request")
}

impl Recorded {
    fn take(&mut self, index: u64, fate: Fate, volts: f64) {
        let (current, lines) = match fate {
            Fate::Sent { amperes, digital } => (Some(amperes), digital),
            Fate::Overload { digital, .. } => (Some(0.0), digital),
            Fate::Garbled => (None, self.lines),
            Fate::Lost | Fate::Unplugged => return,
        };
        self.currents.push((index, current));
        if index.is_multiple_of(BY_VOLTAGE) {
            self.volts.push(volts);
        }
        for (input, edges) in self.edges.iter_mut().enumerate() {
            let (before, now) = (self.lines >> input & 1, lines >> input & 1);
            if before != now {
                edges.push((index, now == 1));
            }
        }
        self.lines = lines;
    }

    fn count(&self, channel: &str) -> Result<Value, &'static str> {
        let count = match channel {
            "mc" => self.currents.len(),
            "mv" => self.volts.len(),
            "i1" => self.edges[0].len(),
            "i2" => self.edges[1].len(),
            _ => return Err("Invalid key value"),
        };
        Ok(json!({ "count": count }))
    }

    /// Values of a channel, up to where samples were lost.
    fn data(&self, channel: &str, request: &Value) -> Result<Value, &'static str> {
        let number = |key| request.get(key).and_then(Value::as_u64).ok_or("Missing key in request");
        let (from, count) = (number("index")? as usize, number("count")?.min(40_000) as usize);
        let part = |length: usize| from.min(length)..(from + count).min(length);
        let edges = |input: usize| {
            let edges = self.edges[input].get(part(self.edges[input].len())).unwrap_or_default();
            let edge =
                |(at, value): &(u64, bool)| json!({ "timestamp": *at as f64 / RATE_HZ, "value": value });
            json!({ "data_type": "digital", "values": edges.iter().map(edge).collect::<Vec<_>>() })
        };
        let analogue = |start: u64, period: f64, values: Vec<Option<f64>>| {
            let timestamp = start as f64 / RATE_HZ;
            json!({ "data_type": "analog", "timestamp": timestamp, "interval": period, "values": values })
        };
        match channel {
            "mc" => {
                let currents = self.currents.get(part(self.currents.len())).unwrap_or_default();
                let start = currents.first().map_or(0, |first| first.0);
                let run = currents.iter().zip(start..).take_while(|(value, index)| value.0 == *index);
                Ok(analogue(start, 1.0 / RATE_HZ, run.map(|(value, _)| value.1).collect()))
            }
            "mv" => {
                let volts = self.volts.get(part(self.volts.len())).unwrap_or_default();
                let volts = volts.iter().copied().map(Some).collect();
                Ok(analogue(from as u64 * BY_VOLTAGE, BY_VOLTAGE as f64 / RATE_HZ, volts))
            }
            "i1" => Ok(edges(0)),
            "i2" => Ok(edges(1)),
            _ => Err("Invalid key value"),
        }
    }
}

impl Part for Otii {
    fn hear(&mut self, bytes: &[u8], out: &mut Vec<u8>) {
        if self.scene.faults.mute {
            return;
        }
        self.heard.add(bytes);
        while let Some(line) = self.heard.next_line() {
            out.extend(format!("{}\r\n", self.answer(&line)).into_bytes());
        }
    }

    fn play(&mut self, out: &mut Vec<u8>) -> Flow {
        if !self.greeted && !self.scene.faults.mute {
            self.greeted = true;
            let data = json!({ "otii_version": "3.5.5", "protocol_version": "0.1" });
            let greeting = json!({ "type": "information", "info": "connected", "data": data });
            out.splice(0..0, format!("{greeting}\r\n").into_bytes());
        }
        let Some(source) = &mut self.source else { return Flow::On };
        for _ in 0..source.due(TURN) {
            let index = source.index();
            let Some(fate) = source.next_sample() else { break };
            if fate == Fate::Unplugged {
                return Flow::Unplugged;
            }
            // An Arc cuts its output off, and goes on recording nothing.
            self.is_on &= !matches!(fate, Fate::Overload { .. });
            let fate = match fate {
                Fate::Sent { digital, .. } if !self.is_on => Fate::Sent { amperes: 0.0, digital },
                other => other,
            };
            self.recorded.take(index, fate, self.volts);
        }
        Flow::On
    }
}
