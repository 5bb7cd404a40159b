use std::{
    fmt::Write as _,
    fs::File,
    io::{self, BufWriter, Write},
    mem,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use tempfile::NamedTempFile;

use super::{
    Error, Metadata, columns,
    events::Stored,
    key,
    parquet::{GROUP_ROWS, Writer},
};
use crate::stream::{Block, Event, Gap, GapReason};

/// Events that a recording holds; a stream that tells more of itself than of the current is not one.
const MOST_EVENTS: usize = 200_000;

/// How a stream ended.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct Ending {
    /// Why it ended before its time: the instrument went away, the device failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub broken: Option<String>,
    /// Samples that were lost after the last one.
    #[serde(default)]
    pub missing: u64,
    /// Events for which there was no room.
    #[serde(default)]
    pub events_dropped: u64,
}

/// Writes a recording while the stream runs, in little memory. The file takes its name when it is whole: a program that
/// is killed leaves none.
pub struct Recorder {
    path: PathBuf,
    writer: Writer<Hashing<BufWriter<NamedTempFile>>>,
    metadata: Metadata,
    rows: Vec<Vec<u32>>,
    events: Vec<Event>,
    ending: Ending,
    /// Whether there is a column of voltages.
    voltage: bool,
    /// Samples that were lost before the next row.
    pending: Option<Gap>,
}

impl Recorder {
    /// Begins a file. Nothing is at `path` before [`finish`](Self::finish).
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn begin(path: &Path, metadata: Metadata) -> Result<Self, Error> {
        let failed = |reason| Error::Io { path: path.to_path_buf(), reason };
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        let mut builder = tempfile::Builder::new();
        builder.prefix(".microjoule-").suffix(".part");
        #[cfg(unix)]
        {
            // Temporary files are for their owner alone; recordings are for whoever the umask allows.
            use std::os::unix::fs::PermissionsExt;
            builder.permissions(std::fs::Permissions::from_mode(0o666));
        }
        let file = builder.tempfile_in(folder.unwrap_or(Path::new("."))).map_err(failed)?;
        let voltage = metadata.acquisition.measures_voltage;
        let columns = columns(voltage);
        let rows = columns.iter().map(|_| Vec::with_capacity(GROUP_ROWS)).collect();
        let writer = Writer::begin(Hashing::new(BufWriter::new(file)), columns).map_err(failed)?;
        let (events, ending) = (Vec::new(), Ending::default());
        Ok(Self { path: path.to_path_buf(), writer, metadata, rows, events, ending, voltage, pending: None })
    }

    /// What is recorded about it.
    #[must_use]
    pub fn metadata(&self) -> &Metadata {
        &self.metadata
    }

    /// To complete it while the stream runs; the columns are settled.
    pub fn metadata_mut(&mut self) -> &mut Metadata {
        &mut self.metadata
    }

    /// Adds what came. Blocks have to be handed over in order, and none be left out.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn push(&mut self, block: &Block) -> Result<(), Error> {
        for event in &block.events {
            self.event(event.clone());
        }
        let mut gaps = block.gaps.iter().copied().peekable();
        for (index, sample) in block.indexed() {
            while let Some(gap) = gaps.next_if(|gap| gap.at <= index) {
                self.lose(gap);
            }
            let gap = self.pending.take();
            let values = [
                Some(sample.current.to_bits()),
                self.voltage.then(|| sample.voltage.unwrap_or(f32::NAN).to_bits()),
                Some(sample.digital.into()),
                Some(sample.range.into()),
                Some(gap.map_or(0, |gap| code(gap.why))),
                Some(gap.map_or(0, |gap| u32::try_from(gap.missing).unwrap_or(u32::MAX))),
            ];
            for (column, value) in std::iter::zip(&mut self.rows, values.into_iter().flatten()) {
                column.push(value);
            }
            if self.rows.first().is_some_and(|rows| rows.len() == GROUP_ROWS) {
                self.flush()?;
            }
        }
        gaps.for_each(|gap| self.lose(gap));
        Ok(())
    }

    /// Adds something that the instrument did not tell.
    pub fn event(&mut self, event: Event) {
        if self.events.len() < MOST_EVENTS {
            self.events.push(event);
        } else {
            self.ending.events_dropped += 1;
        }
    }

    /// Samples that are lost before the next row; several losses at one place are one.
    fn lose(&mut self, gap: Gap) {
        let missing = self.pending.map_or(0, |known| known.missing) + gap.missing;
        self.pending = Some(Gap { missing, ..self.pending.unwrap_or(gap) });
    }

    fn flush(&mut self) -> Result<(), Error> {
        let written = self.writer.group(&self.rows);
        self.rows.iter_mut().for_each(Vec::clear);
        written.map_err(|reason| Error::Io { path: self.path.clone(), reason })
    }

    /// Writes what is left and gives the file its name. `broken` says why the stream ended before its time.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn finish(mut self, broken: Option<String>) -> Result<PathBuf, Error> {
        self.flush()?;
        let path = mem::take(&mut self.path);
        let failed = |reason| Error::Io { path: path.clone(), reason };
        let json = |reason| failed(io::Error::other::<serde_json::Error>(reason));
        let pending = self.pending.map(|gap| gap.missing.max(1));
        let ending = Ending { broken, missing: pending.unwrap_or(0), ..self.ending };
        let events: Vec<Stored> = self.events.iter().map(Stored::from).collect();
        let notes = [
            (key::METADATA, serde_json::to_string(&self.metadata).map_err(json)?),
            (key::EVENTS, serde_json::to_string(&events).map_err(json)?),
            (key::END, serde_json::to_string(&ending).map_err(json)?),
            (key::SHA256, self.writer.target().digest()),
        ];
        let notes = notes.map(|(key, value)| (key.to_owned(), value)).into();
        let file = self.writer.end(notes).map_err(failed)?;
        let file = file.to.into_inner().map_err(|error| failed(error.into_error()))?;
        let written: &File = file.as_file();
        written.sync_all().map_err(failed)?;
        file.persist(&path).map_err(|error| failed(error.error))?;
        Ok(path)
    }
}

/// As in column `gap`.
fn code(why: GapReason) -> u32 {
    let index = GapReason::ALL.iter().position(|reason| *reason == why);
    index.map_or(1, |index| index as u32 + 1)
}

/// Hashes what is written.
#[derive(Debug)]
struct Hashing<W> {
    to: W,
    hash: Sha256,
}

impl<W> Hashing<W> {
    fn new(to: W) -> Self {
        Self { to, hash: Sha256::new() }
    }

    fn digest(&self) -> String {
        hex(self.hash.clone())
    }
}

impl<W: Write> Write for Hashing<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.to.write(bytes)?;
        self.hash.update(bytes.get(..written).unwrap_or_default());
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.to.flush()
    }
}

/// A hash in hexadecimal digits.
pub(super) fn hex(hash: Sha256) -> String {
    hash.finalize().iter().fold(String::new(), |mut digits, byte| {
        let _ = write!(digits, "{byte:02x}");
        digits
    })
}
