use std::io::{ErrorKind, Read};

use super::super::{unread, wrong};
use crate::stream::Error;

/// How every file of this format begins.
const MAGIC: [u8; 16] = *b"jlsfmt\r\n \n \x1a  \xb2\x1c";
/// Bytes of the head of a file, and of a chunk.
const HEAD: usize = 32;
/// A chunk's payload ends, with its checksum, at a multiple of this.
const ALIGN: u64 = 8;
const CHECKSUM: u64 = 4;
/// More bytes than any chunk has.
const LONGEST: u64 = 1 << 28;

const SIGNAL: u8 = 0x02;
const DATA: u8 = 0x22;
const END: u8 = 0xff;

/// Data types of a signal.
pub const F32: u32 = 0x2004;
/// See [`F32`].
pub const U1: u32 = 0x0103;
/// See [`F32`].
pub const U8: u32 = 0x0803;

/// A piece of a file.
pub enum Chunk {
    /// What a signal is.
    Signal(Signal),
    /// Samples of a signal.
    Data(Data),
    /// What this reader has no use for.
    Other,
}

/// What a signal is.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Signal {
    pub id: u8,
    pub kind: u32,
    pub rate_hz: u32,
    pub name: String,
}

/// Samples of a signal.
pub struct Data {
    pub signal: u8,
    /// The number of the first of them, in the signal's own samples.
    pub first: i64,
    pub count: u32,
    pub bytes: Vec<u8>,
}

/// Goes along the chunks of a file.
pub struct Chunks<R> {
    reader: R,
    at: u64,
    closed: bool,
}

impl<R: Read> Chunks<R> {
    /// Reads the head of a file.
    ///
    /// # Errors
    /// [`Error::File`] for one of another format or version.
    pub fn open(file: &str, mut reader: R) -> Result<Self, Error> {
        let mut head = [0; HEAD];
        let read = reader.read_exact(&mut head);
        if read.is_err() || !head.starts_with(&MAGIC) {
            return Err(wrong(
                file,
                "its first bytes",
                "this is no .jls file, or one of version 1: export it anew",
            ));
        }
        // The last byte of the version is the major one; the second generation of the format began anew with 1.
        match head[27] {
            1 => Ok(Self { reader, at: HEAD as u64, closed: false }),
            version => Err(wrong(file, "its version", format!("is {version}, and 1 is known here"))),
        }
    }

    /// The file has the end that a program writes when it closes it.
    pub fn was_closed(&self) -> bool {
        self.closed
    }

    /// The next chunk; none at the end.
    pub fn next_chunk(&mut self, file: &str) -> Result<Option<Chunk>, Error> {
        let mut head = [0; HEAD];
        match self.reader.read_exact(&mut head) {
            Ok(()) => {}
            Err(error) if error.kind() == ErrorKind::UnexpectedEof => return Ok(None),
            Err(reason) => return Err(unread(file, reason)),
        }
        self.at += HEAD as u64;
        let [.., tag, _, meta, _, a, b, c, d, _, _, _, _, _, _, _, _] = head;
        let length = u64::from(u32::from_le_bytes([a, b, c, d]));
        if length > LONGEST {
            return Err(wrong(
                file,
                format!("byte {}", self.at),
                "a chunk that cannot be so long: the file is damaged",
            ));
        }
        if tag == END {
            self.closed = true;
            return Ok(None);
        }
        let padded = if length == 0 { 0 } else { (length + CHECKSUM).next_multiple_of(ALIGN) };
        let mut payload = Vec::new();
        let read = self.reader.by_ref().take(padded).read_to_end(&mut payload);
        if read.map_err(|reason| unread(file, reason))? as u64 != padded {
            return Ok(None);
        }
        self.at += padded;
        payload.truncate(length as usize);
        Ok(Some(match tag {
            SIGNAL => Signal::parse(meta, &payload).map_or(Chunk::Other, Chunk::Signal),
            DATA => Data::parse(meta, payload).map_or(Chunk::Other, Chunk::Data),
            _ => Chunk::Other,
        }))
    }
}

impl Signal {
    fn parse(id: u8, payload: &[u8]) -> Option<Self> {
        let word = |at: usize| Some(u32::from_le_bytes(payload.get(at..at + 4)?.try_into().ok()?));
        // Source (2), type (1), one reserved, data type (4), rate (4), six more figures, 92 reserved, the name.
        let name = payload.get(12 + 6 * 4 + 92..)?.split(|byte| *byte == 0).next()?;
        Some(Self {
            id,
            kind: word(4)? & 0xffff,
            rate_hz: word(8)?,
            name: String::from_utf8_lossy(name).into_owned(),
        })
    }
}

impl Data {
    fn parse(signal: u8, payload: Vec<u8>) -> Option<Self> {
        let (first, rest) = payload.split_first_chunk()?;
        let (count, rest) = rest.split_first_chunk()?;
        let (first, count) = (i64::from_le_bytes(*first), u32::from_le_bytes(*count));
        // The size of an entry, and two reserved bytes.
        Some(Self { signal, first, count, bytes: rest.get(4..)?.to_vec() })
    }
}
