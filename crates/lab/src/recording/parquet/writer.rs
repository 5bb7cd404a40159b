use std::io::{self, Write};

use super::{
    MAGIC,
    metadata::{Chunk, Column, Footer, Group},
    page::Dictionary,
};

/// Writes a table group by group. Without [`end`](Self::end) the file has no footer, and nobody reads it.
#[derive(Debug)]
pub struct Writer<W> {
    to: W,
    written: u64,
    footer: Footer,
    dictionary: Dictionary,
    buffer: Vec<u8>,
}

impl<W: Write> Writer<W> {
    /// Begins a file.
    pub fn begin(mut to: W, columns: Vec<Column>) -> io::Result<Self> {
        to.write_all(MAGIC)?;
        let footer = Footer { columns, ..Footer::default() };
        let (dictionary, buffer) = (Dictionary::default(), Vec::new());
        Ok(Self { to, written: MAGIC.len() as u64, footer, dictionary, buffer })
    }

    /// Writes a group of rows, given by column; all columns are of one length.
    pub fn group(&mut self, columns: &[Vec<u32>]) -> io::Result<()> {
        let rows = columns.first().map_or(0, Vec::len);
        if rows == 0 {
            return Ok(());
        }
        let mut chunks = Vec::with_capacity(columns.len());
        for column in columns {
            self.buffer.clear();
            let dictionary = self.dictionary.write(column, &mut self.buffer);
            self.to.write_all(&self.buffer)?;
            let (begin, length) = (self.written, self.buffer.len() as u64);
            let data = dictionary.map(|bytes| begin + bytes as u64);
            chunks.push(Chunk { begin, length, data });
            self.written += length;
        }
        self.footer.groups.push(Group { rows: rows as u64, chunks });
        Ok(())
    }

    /// Writes the footer with notes by key, and gives back what was written to.
    pub fn end(mut self, notes: Vec<(String, String)>) -> io::Result<W> {
        self.footer.notes = notes;
        let footer = self.footer.bytes();
        let length = u32::try_from(footer.len()).map_err(io::Error::other)?;
        self.to.write_all(&footer)?;
        self.to.write_all(&length.to_le_bytes())?;
        self.to.write_all(MAGIC)?;
        self.to.flush()?;
        Ok(self.to)
    }

    /// What is written to.
    pub fn target(&self) -> &W {
        &self.to
    }
}
