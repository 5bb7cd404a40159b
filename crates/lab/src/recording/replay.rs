use std::{
    fs::File,
    io::{self, BufReader, Read, Seek, SeekFrom},
    path::{Path, PathBuf},
};

use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};

use super::{Ending, Error, Metadata, columns, events::Stored, key, parquet::Reader, recorder::hex};
use crate::stream::{Block, Event, Gap, GapReason, Sample};

/// A recording that is read, as often as wanted, in little memory.
#[derive(Debug)]
pub struct Recording {
    path: PathBuf,
    reader: Reader<BufReader<File>>,
    metadata: Metadata,
    events: Vec<Event>,
    ending: Ending,
    sha256: String,
}

impl Recording {
    /// Opens a file and holds its samples against their hash.
    ///
    /// # Errors
    /// [`Error`], for each thing that can be wrong with it.
    pub fn open(path: &Path) -> Result<Self, Error> {
        let failed = |reason| Error::Io { path: path.to_path_buf(), reason };
        let file = File::open(path).map_err(failed)?;
        let malformed = |reason| Error::malformed(path, reason);
        let mut reader = Reader::open(BufReader::new(file)).map_err(malformed)?;
        let metadata: Metadata = note(path, &reader, key::METADATA)?;
        let expected = columns(metadata.acquisition.measures_voltage);
        if reader.columns() != expected {
            let names = expected.iter().map(|column| column.name.as_str()).collect::<Vec<_>>().join(", ");
            return Err(Error::Stranger { path: path.to_path_buf(), missing: format!("columns {names}") });
        }
        let stored: Vec<Stored> = note(path, &reader, key::EVENTS)?;
        let ending = note(path, &reader, key::END)?;
        let expected = reader.note(key::SHA256).unwrap_or_default().to_owned();
        let sha256 = hash(&mut reader).map_err(failed)?;
        if sha256 != expected {
            return Err(Error::Changed { path: path.to_path_buf(), found: sha256, expected });
        }
        let events = stored.into_iter().map(Event::from).collect();
        Ok(Self { path: path.to_path_buf(), reader, metadata, events, ending, sha256 })
    }

    /// What is known beside the samples.
    #[must_use]
    pub fn metadata(&self) -> &Metadata {
        &self.metadata
    }

    /// To correct or complete what is known, such as how windows are marked, for this reading.
    pub fn metadata_mut(&mut self) -> &mut Metadata {
        &mut self.metadata
    }

    /// In the order in which they came.
    #[must_use]
    pub fn events(&self) -> &[Event] {
        &self.events
    }

    /// How the stream ended.
    #[must_use]
    pub fn ending(&self) -> &Ending {
        &self.ending
    }

    /// The hash of the samples, in hex.
    #[must_use]
    pub fn sha256(&self) -> &str {
        &self.sha256
    }

    /// Samples that there are.
    #[must_use]
    pub fn samples(&self) -> u64 {
        self.reader.rows()
    }

    /// The file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Hands out all samples and gaps from the first on, in blocks; events are in [`events`](Self::events).
    ///
    /// # Errors
    /// [`Error::Io`], [`Error::File`].
    pub fn each_block(&mut self, mut take: impl FnMut(&Block)) -> Result<(), Error> {
        let mut block = Block::default();
        for group in 0..self.reader.groups() {
            let columns = self.reader.group(group).map_err(|reason| Error::malformed(&self.path, reason))?;
            block.clear(block.next());
            fill(&mut block, columns);
            take(&block);
        }
        Ok(())
    }
}

/// Rows as samples.
fn fill(block: &mut Block, columns: Vec<Vec<u32>>) {
    let mut columns = columns.into_iter();
    let current = columns.next().unwrap_or_default();
    let voltage = if columns.len() > 4 { columns.next() } else { None };
    let [digital, range, gap, missing] = [(); 4].map(|()| columns.next().unwrap_or_default());
    let mut voltage = voltage.unwrap_or_default().into_iter();
    let mut index = block.first;
    let rows = current.into_iter().zip(digital).zip(range).zip(gap.into_iter().zip(missing));
    for (((current, digital), range), (gap, missing)) in rows {
        if gap > 0 {
            index += u64::from(missing);
            let why = GapReason::ALL.get(gap as usize - 1).copied().unwrap_or(GapReason::File);
            block.gaps.push(Gap { at: index, missing: missing.into(), why });
            if block.samples.is_empty() {
                block.first = index;
            }
        }
        block.samples.push(Sample {
            current: f32::from_bits(current),
            voltage: voltage.next().map(f32::from_bits).filter(|volts| !volts.is_nan()),
            digital: digital as u8,
            range: range as u8,
        });
        index += 1;
    }
}

fn note<T: DeserializeOwned>(path: &Path, reader: &Reader<BufReader<File>>, key: &str) -> Result<T, Error> {
    let missing =
        || Error::Stranger { path: path.to_path_buf(), missing: format!("its footer has no `{key}`") };
    let text = reader.note(key).ok_or_else(missing)?;
    let broken = |reason| Error::File {
        path: path.to_path_buf(),
        reason: Box::new(Note { key: key.to_owned(), reason }),
    };
    serde_json::from_str(text).map_err(broken)
}

/// A note that does not say what it should.
#[derive(Debug, thiserror::Error)]
#[error("`{key}` in its footer: {reason}")]
struct Note {
    key: String,
    #[source]
    reason: serde_json::Error,
}

/// Of all bytes before the footer.
fn hash(reader: &mut Reader<BufReader<File>>) -> io::Result<String> {
    let mut left = reader.pages_end();
    let source = reader.source();
    source.seek(SeekFrom::Start(0))?;
    let mut hash = Sha256::new();
    let mut bytes = vec![0; 1 << 16];
    while left > 0 {
        let wanted = usize::try_from(left).unwrap_or(usize::MAX).min(bytes.len());
        let part = bytes.get_mut(..wanted).unwrap_or_default();
        source.read_exact(part)?;
        hash.update(&part);
        left -= wanted as u64;
    }
    Ok(hex(hash))
}
