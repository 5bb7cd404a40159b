//! Qoitech's Otii Arc and Ace, through the server of the Otii application.
//!
//! Lines of JSON on a socket. The server records, and hands out what it has recorded piece by piece, so that nothing is
//! lost where this side is slow. The two inputs of the expansion port come as lists of edges.

mod recording;
mod talk;

use std::{
    thread,
    time::{Duration, Instant},
};

use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    Line, Tally,
    line::{lost, tcp},
    progress, refused,
};
use crate::stream::{
    Applied, Block, Capabilities, Error, Event, EventKind, Instrument, Mode, Progress, RangeUncertainty,
    Rates, Setup,
};

pub use recording::{Analogue, Digital, Edge, Recording};
pub use talk::{Messages, Reply, Talk};

/// Where the server is, unless it is said otherwise.
pub const PLACE: &str = "127.0.0.1:1905";
const WHAT: &str = "Otii server";
const ABSENT: &str = "start the Otii application, and its server in the settings; it listens on port 1905";
/// Most values that the server hands out at a time.
const PIECE: u64 = 40_000;
/// How often the server is asked whether there is more.
const PAUSE: Duration = Duration::from_millis(20);
/// What an Otii supplies.
const VOLTS: std::ops::RangeInclusive<f32> = 0.5..=5.0;
/// The current at which the output is cut off, in amperes.
const LIMIT: f32 = 0.5;

/// An Otii behind its server.
pub struct Otii {
    talk: Talk,
    device: Device,
    capabilities: Capabilities,
    project: i64,
    applied: Option<Applied>,
    is_on: bool,
    recording: Option<Recording>,
    is_stopped: bool,
    tally: Tally,
}

#[derive(Clone, Debug, Deserialize)]
struct Device {
    device_id: String,
    #[serde(default)]
    name: String,
    #[serde(default, rename = "type")]
    kind: String,
}

#[derive(Deserialize)]
struct Devices {
    #[serde(default)]
    devices: Vec<Device>,
}

#[derive(Deserialize)]
struct Project {
    project_id: i64,
}

#[derive(Deserialize)]
struct Recorded {
    recording_id: i64,
}

#[derive(Deserialize)]
struct Count {
    count: u64,
}

#[derive(Deserialize)]
struct Figure {
    value: f64,
}

#[derive(Deserialize)]
struct Switch {
    value: bool,
}

impl Otii {
    /// Connects to a server, and takes the first device that it has.
    ///
    /// # Errors
    /// [`Error::NotFound`] without a server or a device; [`Error::Answer`] for what the server refuses.
    pub fn open(place: Option<&str>) -> Result<Self, Error> {
        Self::over(tcp(WHAT, place.unwrap_or(PLACE), ABSENT)?)
    }

    /// Takes over a line at whose other end a server is.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn over(line: Box<dyn Line>) -> Result<Self, Error> {
        let mut talk = Talk::greet(line)?;
        let found: Devices = talk.ask("otii_get_devices", json!({ "timeout": 2 }))?;
        let device = found.devices.into_iter().next().ok_or_else(|| Error::NotFound {
            what: "Otii",
            place: "the server".into(),
            advice: "plug an Arc or an Ace in, and wait until the application shows it",
        })?;
        let Project { mut project_id } = talk.ask("otii_get_active_project", Value::Null)?;
        if project_id < 0 {
            Project { project_id } = talk.ask("otii_create_project", Value::Null)?;
        }
        talk.ask::<Value>("arc_add_to_project", json!({ "device_id": device.device_id }))?;
        let capabilities = capabilities(&device);
        Ok(Self {
            talk,
            device,
            capabilities,
            project: project_id,
            applied: None,
            is_on: false,
            recording: None,
            is_stopped: false,
            tally: Tally::default(),
        })
    }

    /// Asks something of the device.
    fn device<T: for<'a> Deserialize<'a>>(&mut self, asked: &str, mut data: Value) -> Result<T, Error> {
        if let Value::Object(data) = &mut data {
            data.insert("device_id".into(), self.device.device_id.clone().into());
        }
        self.talk.ask(asked, data)
    }

    /// Asks something of one channel of the recording.
    fn channel<T: for<'a> Deserialize<'a>>(
        &mut self,
        asked: &str,
        recording: i64,
        channel: &str,
        part: (u64, u64),
    ) -> Result<T, Error> {
        let data = json!({ "recording_id": recording, "channel": channel, "index": part.0, "count": part.1 });
        self.device(asked, data)
    }

    /// The recording that runs; the server may take its time to have one.
    fn recording_id(&mut self) -> Result<i64, Error> {
        let asked = Instant::now();
        loop {
            let last: Recorded =
                self.talk.ask("project_get_last_recording", json!({ "project_id": self.project }))?;
            if last.recording_id >= 0 {
                return Ok(last.recording_id);
            }
            if asked.elapsed() > Duration::from_secs(2) {
                return Err(Error::Silent {
                    asked: "project_start_recording".into(),
                    waited: asked.elapsed(),
                });
            }
            thread::sleep(PAUSE);
        }
    }

    /// What is new of every channel; whether there was anything.
    fn fetch(&mut self, recording: &mut Recording, into: &mut Block) -> Result<bool, Error> {
        const COUNT: &str = "recording_get_channel_data_count";
        const DATA: &str = "recording_get_channel_data";
        let id = recording.id();
        let has = recording.taken();
        let Count { count } = self.channel(COUNT, id, "mc", (0, 0))?;
        if count <= has {
            return Ok(false);
        }
        let current: Analogue = self.channel(DATA, id, "mc", (has, (count - has).min(PIECE)))?;
        // The other channels are asked afterwards, so that they reach as far as the current does.
        let has = recording.voltages();
        let Count { count } = self.channel(COUNT, id, "mv", (0, 0))?;
        if count > has {
            recording.voltage(&self.channel::<Analogue>(DATA, id, "mv", (has, (count - has).min(PIECE)))?);
        }
        for (input, channel) in ["i1", "i2"].into_iter().enumerate() {
            let has = recording.edges(input);
            let Count { count } = self.channel(COUNT, id, channel, (0, 0))?;
            if count > has {
                recording.digital(input, &self.channel::<Digital>(DATA, id, channel, (has, count - has))?);
            }
        }
        recording.current(&current, &mut self.tally, into);
        Ok(true)
    }

    /// At the end: the output is off by itself when the current was above its limit.
    fn check_output(&mut self, into: &mut Block) -> Result<(), Error> {
        let Switch { value: is_still_on } = self.device("arc_get_main", json!({}))?;
        if self.is_on && !is_still_on {
            self.is_on = false;
            let at = self.tally.next();
            let said = format!("the output was cut off: the current was above {LIMIT} A");
            into.events
                .extend([EventKind::Overload, EventKind::Message(said)].map(|kind| Event { at, kind }));
        }
        Ok(())
    }

    /// The connection's end where it was that, with what came before.
    fn name_loss(&self, error: Error) -> Error {
        match error {
            Error::Disconnected { .. } => lost(self.tally.next()),
            other => other,
        }
    }
}

impl Instrument for Otii {
    fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    fn configure(&mut self, setup: &Setup) -> Result<Applied, Error> {
        if setup.mode == Mode::Ampere {
            return Err(refused(&self.capabilities, "be an ampere meter here", "let it feed the device"));
        }
        if !VOLTS.contains(&setup.volts) {
            let wish = format!("supply {} V", setup.volts);
            return Err(refused(&self.capabilities, wish, "from 0.5 to 5 V it can"));
        }
        self.device::<Value>("arc_set_main_voltage", json!({ "value": setup.volts }))?;
        self.device::<Value>("arc_set_max_current", json!({ "value": LIMIT }))?;
        for channel in ["mc", "mv", "i1", "i2"] {
            self.device::<Value>("arc_enable_channel", json!({ "channel": channel, "enable": true }))?;
        }
        let mut rate_hz = self.capabilities.rates.nearest(setup.rate_hz);
        if matches!(self.capabilities.rates, Rates::Steps(_)) {
            self.device::<Value>(
                "arc_set_channel_samplerate",
                json!({ "channel": "mc", "value": rate_hz as u64 }),
            )?;
            let Figure { value } = self.device("arc_get_channel_samplerate", json!({ "channel": "mc" }))?;
            rate_hz = value;
        }
        let Figure { value: volts } = self.device("arc_get_main_voltage", json!({}))?;
        let applied = Applied { volts: volts as f32, rate_hz };
        self.applied = Some(applied);
        Ok(applied)
    }

    fn power(&mut self, on: bool) -> Result<(), Error> {
        self.device::<Value>("arc_set_main", json!({ "enable": on }))?;
        self.is_on = on;
        Ok(())
    }

    fn start(&mut self) -> Result<(), Error> {
        let Some(Applied { rate_hz, .. }) = self.applied else {
            return Err(refused(&self.capabilities, "start", "configure it first"));
        };
        self.talk.ask::<Value>("project_start_recording", json!({ "project_id": self.project }))?;
        self.recording = Some(Recording::new(self.recording_id()?, rate_hz));
        self.tally = Tally::default();
        self.is_stopped = false;
        Ok(())
    }

    fn read(&mut self, timeout: Duration, into: &mut Block) -> Result<Progress, Error> {
        self.tally.open(into);
        let Some(mut recording) = self.recording.take() else { return Ok(Progress::Ended) };
        let asked = Instant::now();
        loop {
            let has_more = self.fetch(&mut recording, into).map_err(|error| self.name_loss(error))?;
            if self.is_stopped && !has_more {
                self.check_output(into)?;
                return Ok(progress(into, true));
            }
            if has_more || asked.elapsed() >= timeout {
                self.recording = Some(recording);
                return Ok(progress(into, false));
            }
            thread::sleep(PAUSE);
        }
    }

    fn stop(&mut self) -> Result<(), Error> {
        self.is_stopped = true;
        self.talk.ask::<Value>("project_stop_recording", json!({ "project_id": self.project })).map(drop)
    }
}

fn capabilities(device: &Device) -> Capabilities {
    let is_arc = device.kind == "Arc";
    let (gain, offset, source) = if is_arc {
        (0.001, 50e-9, "Qoitech: Otii Arc, ±(0.1 % + 50 nA) for low currents")
    } else {
        (0.0005, 25e-9, "Qoitech: Otii Ace, ±(0.05 % + 25 nA) for low currents")
    };
    let range = |up_to, offset, source| RangeUncertainty { up_to, gain, offset, source };
    Capabilities {
        name: format!("Qoitech Otii {} {} {}", device.kind, device.name, device.device_id),
        rates: if is_arc { Rates::Fixed(4000.0) } else { Rates::Steps(vec![1e3, 10e3, 50e3]) },
        supply: Some(VOLTS),
        measures_voltage: true,
        digital_inputs: 2,
        energy_per_sample: false,
        uncertainty: vec![
            range(19e-3, offset, source),
            range(5.0, 150e-6, "assumed: two steps of 82 µA in the high range"),
        ],
    }
}
