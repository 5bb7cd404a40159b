use std::io::{self, Read, Seek, SeekFrom};

use super::{
    GROUP_ROWS, MAGIC,
    metadata::{Column, Footer},
    page, thrift,
};

/// A file that is none of ours, or was damaged.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Malformed {
    /// It cannot be read.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// It is something else.
    #[error("no Parquet file, or one that was not finished: {0}")]
    Footer(&'static str),
    /// Some of it is damaged.
    #[error("group {group}, column `{column}`: damaged")]
    Pages {
        /// Which group.
        group: usize,
        /// Which column.
        column: String,
    },
}

/// Reads a table group by group.
#[derive(Debug)]
pub struct Reader<R> {
    from: R,
    footer: Footer,
    /// Where the footer begins; all pages are before it.
    pages_end: u64,
    buffer: Vec<u8>,
}

/// The footer's length, and the last bytes.
const TAIL: u64 = 8;

impl<R: Read + Seek> Reader<R> {
    /// Reads the footer.
    pub fn open(mut from: R) -> Result<Self, Malformed> {
        let end = from.seek(SeekFrom::End(0))?;
        let tail = end.checked_sub(TAIL).filter(|tail| *tail >= MAGIC.len() as u64);
        let tail = tail.ok_or(Malformed::Footer("it is too short"))?;
        from.seek(SeekFrom::Start(tail))?;
        let mut last = [0; TAIL as usize];
        from.read_exact(&mut last)?;
        let [a, b, c, d, magic @ ..] = last;
        if magic != *MAGIC {
            return Err(Malformed::Footer("its last bytes are others"));
        }
        let length = u64::from(u32::from_le_bytes([a, b, c, d]));
        let begin =
            tail.checked_sub(length).ok_or(Malformed::Footer("the footer is longer than the file"))?;
        from.seek(SeekFrom::Start(begin))?;
        let mut bytes = vec![0; length as usize];
        from.read_exact(&mut bytes)?;
        let value = thrift::read(&mut &bytes[..]).ok_or(Malformed::Footer("the footer is damaged"))?;
        let footer = Footer::read(&value).map_err(Malformed::Footer)?;
        if footer.groups.iter().any(|group| group.rows > GROUP_ROWS as u64) {
            return Err(Malformed::Footer("its groups are larger than those of recordings"));
        }
        Ok(Self { from, footer, pages_end: begin, buffer: Vec::new() })
    }

    /// Its columns.
    pub fn columns(&self) -> &[Column] {
        &self.footer.columns
    }

    /// How many groups it has.
    pub fn groups(&self) -> usize {
        self.footer.groups.len()
    }

    /// How many rows.
    pub fn rows(&self) -> u64 {
        self.footer.rows()
    }

    /// A note.
    pub fn note(&self, key: &str) -> Option<&str> {
        self.footer.notes.iter().find(|(known, _)| known == key).map(|(_, value)| value.as_str())
    }

    /// Where the footer begins.
    pub fn pages_end(&self) -> u64 {
        self.pages_end
    }

    /// The file.
    pub fn source(&mut self) -> &mut R {
        &mut self.from
    }

    /// Reads a group, by column.
    pub fn group(&mut self, index: usize) -> Result<Vec<Vec<u32>>, Malformed> {
        let Some(group) = self.footer.groups.get(index) else { return Ok(Vec::new()) };
        let rows = group.rows as usize;
        let mut columns = Vec::with_capacity(group.chunks.len());
        for (column, chunk) in std::iter::zip(&self.footer.columns, &group.chunks) {
            let damaged = || Malformed::Pages { group: index, column: column.name.clone() };
            let end = chunk.begin.checked_add(chunk.length).filter(|end| *end <= self.pages_end);
            end.ok_or_else(damaged)?;
            self.from.seek(SeekFrom::Start(chunk.begin))?;
            self.buffer.resize(chunk.length as usize, 0);
            self.from.read_exact(&mut self.buffer)?;
            let mut values = Vec::with_capacity(rows);
            page::decode(&self.buffer, rows, &mut values).ok_or_else(damaged)?;
            columns.push(values);
        }
        Ok(columns)
    }
}
