use std::{
    io,
    time::{Duration, Instant},
};

use telemetry::mlperf::READY;

use crate::{Error, Port};

/// What a device that has shown itself has for the next line of an answer. An emulated one may have to wait for its turn.
const LINE_LIMIT: Duration = Duration::from_secs(30);
/// The same while it runs inferences, which it does without a word.
const INFER_LIMIT: Duration = Duration::from_secs(60);
/// How often a device that has just been switched on is asked who it is.
const TRIES: usize = 3;
/// A line on which nothing came for so long is at rest.
const REST: Duration = Duration::from_millis(200);
/// Bytes that a command carries. The power monitor's path takes no more than 26.
const BYTES_PER_COMMAND: usize = 26;

/// A device that answers.
pub struct Device {
    port: Box<dyn Port>,
    /// What was read and is no whole line yet.
    pending: Vec<u8>,
    /// Every line of the session, with who said it.
    log: Vec<String>,
    name: String,
    model: String,
}

/// What a device says of its inferences.
#[derive(Clone, Debug, PartialEq)]
pub struct Inference {
    /// Microseconds at the first and the last moment; an energy build tells none.
    pub times: Option<(u64, u64)>,
    /// The scores of the last.
    pub results: Vec<f64>,
}

impl Device {
    /// Asks who is there, and waits for so long.
    ///
    /// # Errors
    /// [`Error::Silent`], [`Error::Noise`], [`Error::Stranger`] and what else a command can end with.
    pub fn connect(port: Box<dyn Port>, limit: Duration) -> Result<Self, Error> {
        let (name, model) = (String::new(), String::new());
        let mut device = Self { port, pending: Vec::new(), log: Vec::new(), name, model };
        device.name = device.identify("name", "m-name-dut-[", limit)?;
        device.model = device.identify("profile", "m-model-[", limit)?;
        Ok(device)
    }

    /// What stands between `before` and a bracket in an answer. A device that has just been switched on greets, which is
    /// no answer; so whatever has not been read yet is, before each try.
    fn identify(&mut self, command: &str, before: &str, limit: Duration) -> Result<String, Error> {
        let mut said = Vec::new();
        for _ in 0..TRIES {
            let noise = self.drain(command)?;
            said = match self.ask(command, limit) {
                Err(Error::Silent { command, .. }) if noise > 0 => {
                    return Err(Error::Noise { command, bytes: noise });
                }
                answer => answer?,
            };
            let found = said.iter().find_map(|line| line.strip_prefix(before)?.strip_suffix(']'));
            if let Some(found) = found {
                return Ok(found.to_owned());
            }
        }
        Err(Error::Stranger { command: command.to_owned(), said })
    }

    /// Reads until the line is at rest; how many bytes of what came are no text.
    fn drain(&mut self, command: &str) -> Result<usize, Error> {
        let lost = |source| Error::Lost { command: command.to_owned(), source };
        let mut noise = 0;
        while let Some(line) = self.line(REST).map_err(lost)? {
            match String::from_utf8(line) {
                Ok(line) => self.log.push(format!("< {line}")),
                Err(error) => noise += error.as_bytes().len(),
            }
        }
        let rest = std::mem::take(&mut self.pending);
        Ok(noise + if str::from_utf8(&rest).is_err() { rest.len() } else { 0 })
    }

    /// Who made it, in its own words.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The benchmark that it runs.
    #[must_use]
    pub fn model(&self) -> &str {
        &self.model
    }

    /// Every line of the session so far: what was asked begins with `>`, what was answered with `<`.
    #[must_use]
    pub fn log(&self) -> &[String] {
        &self.log
    }

    /// Sends an input.
    ///
    /// # Errors
    /// [`Error::Refused`] and the line's.
    pub fn load(&mut self, input: &[u8]) -> Result<(), Error> {
        self.obeyed(&format!("db load {}", input.len()), LINE_LIMIT)?;
        let mut done = false;
        for bytes in input.chunks(BYTES_PER_COMMAND) {
            let digits: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
            let command = format!("db {digits}");
            done |= self.obeyed(&command, LINE_LIMIT)?.iter().any(|line| line == "m-load-done");
        }
        let command = || format!("db load {}", input.len());
        done.then_some(()).ok_or_else(|| Error::Refused { command: command(), said: "no m-load-done".into() })
    }

    /// Has the last input run.
    ///
    /// # Errors
    /// [`Error::Refused`], [`Error::NoResults`] and the line's.
    pub fn infer(&mut self, iterations: u32, warmups: u32) -> Result<Inference, Error> {
        let command = format!("infer {iterations} {warmups}");
        let said = self.obeyed(&command, INFER_LIMIT)?;
        let mut laps = said.iter().filter_map(|line| line.strip_prefix("m-lap-us-")?.parse::<u64>().ok());
        let times = laps.next().zip(laps.next());
        let list = said.iter().find_map(|line| line.strip_prefix("m-results-[")?.strip_suffix(']'));
        let results = list.and_then(|list| list.split(',').map(|score| score.trim().parse().ok()).collect());
        let results = results.ok_or(Error::NoResults { command })?;
        Ok(Inference { times, results })
    }

    /// Has it listen for the wake word.
    ///
    /// # Errors
    /// [`Error::Refused`] by a device without an audio input, and the line's.
    pub fn start(&mut self) -> Result<(), Error> {
        // One that listens already would not begin anew.
        self.ask("stop", LINE_LIMIT)?;
        self.obeyed("start", LINE_LIMIT).map(|_| ())
    }

    /// Has it stop, and gives the first output of every inference since, as far as the device kept them; nothing, where it tells
    /// none.
    ///
    /// # Errors
    /// [`Error::Refused`] and the line's.
    pub fn stop(&mut self) -> Result<Option<Vec<i8>>, Error> {
        let said = self.obeyed("stop", LINE_LIMIT)?;
        let after = said.iter().skip_while(|line| !line.starts_with("target activations:"));
        let list: String = after.skip(1).map(String::as_str).collect();
        let list = list.trim().strip_prefix('[').and_then(|list| list.strip_suffix(']'));
        let numbers = list.map(|list| list.split(',').map(str::trim).filter(|number| !number.is_empty()));
        numbers
            .map(|numbers| numbers.map(str::parse).collect::<Result<_, _>>())
            .transpose()
            .map_err(|_| Error::NoResults { command: "stop".into() })
    }

    /// A command that must not be answered with an error.
    fn obeyed(&mut self, command: &str, limit: Duration) -> Result<Vec<String>, Error> {
        let said = self.ask(command, limit)?;
        match said.iter().find(|line| line.starts_with("e-") || line.starts_with("m-err")) {
            Some(line) => Err(Error::Refused { command: command.to_owned(), said: line.clone() }),
            None => Ok(said),
        }
    }

    /// Sends a command and gives the lines of its answer but for the last, which only ends it.
    fn ask(&mut self, command: &str, limit: Duration) -> Result<Vec<String>, Error> {
        let lost = |source| Error::Lost { command: command.to_owned(), source };
        self.log.push(format!("> {command}"));
        self.port.write_all(format!("{command}%").as_bytes()).map_err(lost)?;
        self.port.flush().map_err(lost)?;
        let mut said = Vec::new();
        let mut noise = 0;
        loop {
            let Some(bytes) = self.line(limit).map_err(lost)? else {
                let command = command.to_owned();
                return Err(match said.pop() {
                    None if noise + self.pending.len() > 0 => {
                        Error::Noise { command, bytes: noise + self.pending.len() }
                    }
                    None => Error::Silent { command, waited: limit },
                    Some(said) => Error::Stuck { command, waited: limit, said },
                });
            };
            let Ok(line) = String::from_utf8(bytes) else {
                noise += 1;
                continue;
            };
            self.log.push(format!("< {line}"));
            if line.contains(READY) {
                return Ok(said);
            }
            if !line.is_empty() {
                said.push(line);
            }
        }
    }

    /// The next line without its end; nothing when none has come within `limit`.
    fn line(&mut self, limit: Duration) -> io::Result<Option<Vec<u8>>> {
        let end = Instant::now() + limit;
        loop {
            if let Some(at) = self.pending.iter().position(|byte| *byte == b'\n') {
                let mut line: Vec<_> = self.pending.drain(..=at).collect();
                line.retain(|byte| !matches!(byte, b'\r' | b'\n' | 0));
                return Ok(Some(line));
            }
            let mut bytes = [0; 512];
            match self.port.read(&mut bytes) {
                Ok(read) => self.pending.extend(bytes.iter().take(read)),
                Err(error)
                    if matches!(error.kind(), io::ErrorKind::TimedOut | io::ErrorKind::Interrupted) => {}
                Err(error) => return Err(error),
            }
            if Instant::now() >= end {
                return Ok(None);
            }
        }
    }
}
