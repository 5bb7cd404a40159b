use crate::{
    Reading,
    frame::{FRAME, HEAD, Hello, Kind, MARK, SAMPLE, SAMPLES, TAIL, checksum, encode_sample},
};

/// Packs readings into frames.
#[derive(Clone, Debug)]
pub struct Stream {
    bytes: [u8; FRAME],
    /// Bytes of the payload that are there.
    filled: usize,
    /// Number of the next sample.
    next: u32,
}

impl Default for Stream {
    fn default() -> Self {
        Self::new()
    }
}

impl Stream {
    /// Before the first sample.
    #[must_use]
    pub const fn new() -> Self {
        Self { bytes: [0; FRAME], filled: 0, next: 0 }
    }

    /// The frame that says what the board is.
    pub fn hello(&mut self, hello: &Hello) -> &[u8] {
        self.filled = 0;
        self.add(&hello.encode());
        self.close(Kind::Hello)
    }

    /// Begins again at sample 0.
    pub fn start(&mut self) {
        (self.filled, self.next) = (0, 0);
    }

    /// Adds a sample, or that there is none; a frame to be sent, when one is full.
    pub fn push(&mut self, reading: Option<Reading>, inputs: u8) -> Option<&[u8]> {
        if self.filled == 0 {
            self.add(&self.next.to_le_bytes());
        }
        self.add(&encode_sample(reading, inputs));
        self.next = self.next.wrapping_add(1);
        if self.filled < 4 + SAMPLES * SAMPLE {
            return None;
        }
        Some(self.close(Kind::Samples))
    }

    /// The frame of the samples that are left, when there are any.
    pub fn flush(&mut self) -> Option<&[u8]> {
        if self.filled == 0 {
            return None;
        }
        Some(self.close(Kind::Samples))
    }

    /// The frame that ends the samples; [`flush`](Self::flush) comes before it.
    pub fn stop(&mut self) -> &[u8] {
        self.filled = 0;
        self.add(&self.next.to_le_bytes());
        self.close(Kind::Stopped)
    }

    /// Adds to the payload as much as there is room for.
    fn add(&mut self, more: &[u8]) {
        let room = self.bytes.iter_mut().skip(HEAD + self.filled);
        let added = room.zip(more).map(|(place, byte)| *place = *byte).count();
        self.filled += added;
    }

    /// Puts head and tail around the payload, and begins the next.
    fn close(&mut self, kind: Kind) -> &[u8] {
        let end = HEAD + self.filled;
        let [first, second] = MARK;
        // No payload is longer than a byte tells.
        let head = [first, second, kind as u8, self.filled as u8];
        self.bytes.iter_mut().zip(head).for_each(|(place, byte)| *place = byte);
        let sum = checksum(self.bytes.get(MARK.len()..end).unwrap_or_default()).to_le_bytes();
        self.bytes.iter_mut().skip(end).zip(sum).for_each(|(place, byte)| *place = byte);
        self.filled = 0;
        self.bytes.get(..end + TAIL).unwrap_or_default()
    }
}
