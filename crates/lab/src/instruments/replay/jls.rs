mod chunk;
mod track;

use std::{
    fs::File,
    io::{BufReader, Cursor, Read},
    path::Path,
};

use super::{Capture, wrong};
use crate::{
    instruments::Tally,
    stream::{Block, Error, EventKind, GapReason, RANGE_UNKNOWN, Sample},
};

use chunk::{Chunk, Chunks, Signal};
use track::{Levels, Track};

/// Samples of one signal that wait for another signal's, after which they wait no longer.
const PATIENCE: usize = 1 << 22;
/// Chunks in which the definitions of the signals have to be.
const HEAD: usize = 4096;

/// What a Joulescope's program records: the signals `current`, `voltage` and `gpi[0]` to `gpi[7]` of one source.
///
/// The file is read from start to end, chunk by chunk; its indices and summaries are not needed. A current that is no
/// number is a gap. Chunks of an input that never changed are left out by the program that writes them; where an
/// edge falls together with such a chunk's border, that is said.
pub struct Jls {
    name: String,
    chunks: Chunks<Box<dyn Read + Send>>,
    current: Track,
    voltage: Option<Track>,
    inputs: Vec<(u8, Levels)>,
    ended: bool,
}

impl Jls {
    /// Opens a file.
    ///
    /// # Errors
    /// [`Error::File`] for one of another format, or without a current; [`Error::Io`].
    pub fn open(path: &Path) -> Result<Self, Error> {
        let name = path.display().to_string();
        let file = File::open(path).map_err(|reason| super::unread(&name, reason))?;
        Self::over(&name, Box::new(BufReader::with_capacity(1 << 17, file)))
    }

    /// Reads a file that is there in full.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn of(name: &str, file: Vec<u8>) -> Result<Self, Error> {
        Self::over(name, Box::new(Cursor::new(file)))
    }

    fn over(name: &str, reader: Box<dyn Read + Send>) -> Result<Self, Error> {
        let mut jls = Self {
            name: name.to_owned(),
            chunks: Chunks::open(name, reader)?,
            current: Track::default(),
            voltage: None,
            inputs: Vec::new(),
            ended: false,
        };
        let mut has_current = false;
        for _ in 0..HEAD {
            match jls.chunks.next_chunk(name)? {
                Some(Chunk::Signal(signal)) => has_current |= jls.define(&signal),
                Some(Chunk::Data(data)) if has_current => {
                    // The definitions are at the start of the file: this is the first chunk behind them.
                    jls.take(data.signal, data.first, data.count, &data.bytes);
                    return Ok(jls);
                }
                Some(_) => {}
                None => break,
            }
        }
        Err(wrong(name, "its signals", "none is named current, has 32-bit floats, and holds data"))
    }

    /// Takes note of a signal; whether it is the current.
    fn define(&mut self, signal: &Signal) -> bool {
        let name = signal.name.to_lowercase();
        let is_figure = signal.kind == chunk::F32 && signal.rate_hz > 0;
        match name.as_str() {
            "current" if is_figure && !self.current.is_defined() => {
                self.current = Track::new(signal);
                return true;
            }
            "voltage" if is_figure && self.voltage.is_none() => self.voltage = Some(Track::new(signal)),
            _ => {
                let input =
                    name.strip_prefix("gpi[").and_then(|rest| rest.strip_suffix(']')?.parse::<u8>().ok());
                if let Some((input, levels)) = input.filter(|it| *it < 8).zip(Levels::new(signal)) {
                    self.inputs.push((input, levels));
                }
            }
        }
        false
    }

    /// Takes the data of a chunk over to its signal.
    fn take(&mut self, signal: u8, first: i64, count: u32, bytes: &[u8]) {
        for track in std::iter::once(&mut self.current).chain(&mut self.voltage).filter(|it| it.is_of(signal))
        {
            track.take(first, count, bytes);
        }
        for (_, levels) in self.inputs.iter_mut().filter(|it| it.1.is_of(signal)) {
            levels.take(first, count, bytes);
        }
    }

    /// Samples of the current for which every other signal is known, too.
    fn ready(&self) -> usize {
        let known = |end: Option<f64>| end.map_or(0, |end| self.current.until(end));
        let has = self.current.waiting();
        if self.ended || has > PATIENCE {
            return has;
        }
        let voltage = self.voltage.as_ref().map_or(has, |voltage| known(voltage.end()));
        // An input's chunks may be left out: it is no reason to wait for long.
        let inputs = self.inputs.iter().filter(|_| has < PATIENCE / 4).map(|(_, levels)| known(levels.end()));
        inputs.fold(has.min(voltage), usize::min)
    }

    fn sample(&mut self, tally: &mut Tally, block: &mut Block) {
        let Some((lost, time, current)) = self.current.next_figure() else { return };
        if lost > 0 {
            tally.gap(block, lost, GapReason::File);
        }
        if !current.is_finite() {
            tally.gap(block, 1, GapReason::File);
            return;
        }
        let voltage =
            self.voltage.as_mut().and_then(|voltage| voltage.at(time)).filter(|volts| volts.is_finite());
        let mut digital = 0;
        for (input, levels) in &mut self.inputs {
            let (is_high, is_doubtful) = levels.at(time);
            digital |= u8::from(is_high) << *input;
            if is_doubtful {
                let said =
                    format!("an edge of input {input} is somewhere in a part that the file leaves out");
                tally.gap(block, 0, GapReason::File);
                tally.event(block, EventKind::Message(said));
            }
        }
        tally.sample(block, Sample { current, voltage, digital, range: RANGE_UNKNOWN });
    }
}

impl Capture for Jls {
    fn rate_hz(&self) -> f64 {
        self.current.rate_hz()
    }

    fn has_voltage(&self) -> bool {
        self.voltage.is_some()
    }

    fn digital_inputs(&self) -> u8 {
        self.inputs.iter().map(|(input, _)| input + 1).max().unwrap_or(0)
    }

    fn next_piece(&mut self, most: usize, tally: &mut Tally, block: &mut Block) -> Result<bool, Error> {
        loop {
            for _ in 0..self.ready().min(most) {
                self.sample(tally, block);
            }
            if !block.is_empty() {
                return Ok(true);
            }
            if self.ended {
                return Ok(false);
            }
            match self.chunks.next_chunk(&self.name)? {
                Some(Chunk::Data(data)) => self.take(data.signal, data.first, data.count, &data.bytes),
                Some(Chunk::Signal(_) | Chunk::Other) => {}
                None => {
                    self.ended = true;
                    if !self.chunks.was_closed() {
                        tally.gap(block, 0, GapReason::File);
                        let said = "the file was not closed by whoever wrote it: its end is missing";
                        tally.event(block, EventKind::Message(said.into()));
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;
