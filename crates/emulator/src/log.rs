use std::fmt;

use defmt_decoder::{DecodeError, Locations, Table};

use crate::Error;

/// One line of a firmware's log.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct LogLine {
    /// `trace` to `error`; nothing for a line that is always printed.
    pub level: Option<String>,
    /// What was logged.
    pub message: String,
    /// Source file and line, where the image has its debug information.
    pub place: Option<(String, u64)>,
}

impl fmt::Display for LogLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.level {
            Some(level) => write!(f, "{level:5} {}", self.message),
            None => f.write_str(&self.message),
        }
    }
}

/// What an image can log: its messages, and where they stand in the source.
pub struct Log {
    table: Table,
    places: Option<Locations>,
}

impl fmt::Debug for Log {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Log").field("has_places", &self.places.is_some()).finish()
    }
}

impl Log {
    /// The log of an image.
    ///
    /// # Errors
    /// [`Error::Log`] when the image has no table of its messages.
    pub fn of(elf: &[u8]) -> Result<Self, Error> {
        let table = Table::parse(elf).map_err(|error| Error::Log(error.to_string()))?;
        let table = table.ok_or_else(|| Error::Log("the image has no table of messages".to_owned()))?;
        // Places are a comfort: an image without debug information still has a log.
        let places: Option<Locations> = table
            .get_locations(elf)
            .ok()
            .filter(|places| table.indices().all(|index| places.contains_key(&(index as u64))));
        Ok(Self { table, places })
    }

    /// Decodes whole frames.
    ///
    /// # Errors
    /// [`Error::Log`] when the bytes do not fit the table.
    pub fn decode(&self, bytes: &[u8]) -> Result<Vec<LogLine>, Error> {
        let mut decoder = self.table.new_stream_decoder();
        decoder.received(bytes);
        let mut lines = Vec::new();
        loop {
            match decoder.decode() {
                Ok(frame) => {
                    let place = self.places.as_ref().and_then(|places| places.get(&frame.index()));
                    lines.push(LogLine {
                        level: frame.level().map(|level| level.as_str().to_owned()),
                        message: frame.display_message().to_string(),
                        place: place.map(|place| (place.file.display().to_string(), place.line)),
                    });
                }
                Err(DecodeError::UnexpectedEof) => return Ok(lines),
                Err(DecodeError::Malformed) if self.table.encoding().can_recover() => {}
                Err(DecodeError::Malformed) => return Err(Error::Log("malformed".to_owned())),
            }
        }
    }
}

/// Decodes what an image logged with defmt; `elf` is that image.
///
/// # Errors
/// [`Error::Log`] when the image has no table of its messages, or the bytes do not fit it.
pub fn decode_log(elf: &[u8], bytes: &[u8]) -> Result<Vec<LogLine>, Error> {
    if bytes.is_empty() {
        return Ok(Vec::new());
    }
    Log::of(elf)?.decode(bytes)
}
