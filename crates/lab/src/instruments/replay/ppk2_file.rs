use std::{
    fs::File,
    io::{Cursor, Read, Seek},
    path::Path,
};

use serde::Deserialize;

use super::{Capture, unread, wrong, zip};
use crate::{
    instruments::Tally,
    stream::{Block, Error, EventKind, GapReason, RANGE_UNKNOWN, Sample},
};

/// Bytes of a sample: microamperes in 32 bits of floating point, and two bits for each input.
const FRAME: usize = 6;
/// What the Power Profiler writes in the place of a sample that it did not get, in microamperes.
const LOST: f32 = 0.2;

/// What Nordic's Power Profiler saves: an archive with samples and their rate.
///
/// The program writes 0.2 µA for a sample that was lost. A sample of exactly that is a gap here: the digits of a real one
/// would have to be those of 0.2 to the last.
pub struct Ppk2File {
    name: String,
    samples: Box<dyn Read + Send>,
    rate_hz: f64,
    bytes: Vec<u8>,
    begun: bool,
}

#[derive(Deserialize)]
struct Outer {
    metadata: Metadata,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Metadata {
    samples_per_second: f64,
}

impl Ppk2File {
    /// Opens a file.
    ///
    /// # Errors
    /// [`Error::File`] for one that the Power Profiler has not written; [`Error::Io`].
    pub fn open(path: &Path) -> Result<Self, Error> {
        let name = path.display().to_string();
        let open = || File::open(path).map_err(|reason| unread(&name, reason));
        Self::over(&name, open()?, open()?)
    }

    /// Reads an archive that is there in full.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn of(name: &str, archive: Vec<u8>) -> Result<Self, Error> {
        Self::over(name, Cursor::new(archive.clone()), Cursor::new(archive))
    }

    fn over<R: Read + Seek + Send + 'static>(name: &str, mut first: R, second: R) -> Result<Self, Error> {
        let members = zip::members(name, &mut first)?;
        let mut text = Vec::new();
        let metadata =
            zip::open(name, first, &members, "metadata.json")?.take(1 << 20).read_to_end(&mut text);
        metadata.map_err(|reason| unread(name, reason))?;
        let outer: Outer = serde_json::from_slice(&text)
            .map_err(|error| wrong(name, "metadata.json", format!("has no rate: {error}")))?;
        let rate_hz = outer.metadata.samples_per_second;
        if !(rate_hz > 0.0 && rate_hz <= 1e6) {
            return Err(wrong(name, "metadata.json", format!("has a rate of {rate_hz} samples a second")));
        }
        let samples = zip::open(name, second, &members, "session.raw")?;
        Ok(Self { name: name.to_owned(), samples, rate_hz, bytes: Vec::new(), begun: false })
    }
}

impl Capture for Ppk2File {
    fn rate_hz(&self) -> f64 {
        self.rate_hz
    }

    fn has_voltage(&self) -> bool {
        false
    }

    fn digital_inputs(&self) -> u8 {
        8
    }

    fn next_piece(&mut self, most: usize, tally: &mut Tally, block: &mut Block) -> Result<bool, Error> {
        if !self.begun {
            self.begun = true;
            let said = "the Power Profiler cuts currents below 0.2 µA to 0: idle may be too low";
            tally.event(block, EventKind::Message(said.into()));
        }
        self.bytes.clear();
        let wanted = (most.min(1 << 20) * FRAME) as u64;
        let read = self.samples.by_ref().take(wanted).read_to_end(&mut self.bytes);
        let read = read.map_err(|reason| unread(&self.name, reason))?;
        let (frames, rest) = self.bytes.as_chunks::<FRAME>();
        let mut lost = 0;
        for [a, b, c, d, low, high] in frames {
            let microamperes = f32::from_le_bytes([*a, *b, *c, *d]);
            if microamperes == LOST || !microamperes.is_finite() {
                lost += 1;
                continue;
            }
            if lost > 0 {
                tally.gap(block, lost, GapReason::File);
                lost = 0;
            }
            let digital = inputs(u16::from_le_bytes([*low, *high]));
            let current = microamperes * 1e-6;
            tally.sample(block, Sample { current, voltage: None, digital, range: RANGE_UNKNOWN });
        }
        if lost > 0 {
            tally.gap(block, lost, GapReason::File);
        }
        if !rest.is_empty() {
            tally.gap(block, 1, GapReason::File);
        }
        Ok(read as u64 == wanted)
    }
}

/// An input whose two bits are 2 was high; one with 3 was both, and counts as high.
fn inputs(pairs: u16) -> u8 {
    (0..8).fold(0, |all, input| all | u8::from(pairs >> (2 * input) & 2 == 2) << input)
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::{Compression, write::DeflateEncoder};

    use super::*;
    use crate::stream::Gap;

    /// An archive as any program writes it; the first of its files packed, the others not.
    fn archive(files: &[(&str, &[u8])]) -> Vec<u8> {
        let (mut all, mut central) = (Vec::new(), Vec::new());
        for (index, (name, bytes)) in files.iter().enumerate() {
            let (method, packed) = if index == 0 {
                let mut encoder = DeflateEncoder::new(Vec::new(), Compression::fast());
                encoder.write_all(bytes).unwrap();
                (8_u16, encoder.finish().unwrap())
            } else {
                (0, bytes.to_vec())
            };
            let start = all.len() as u32;
            let [size, length] = [packed.len() as u32, bytes.len() as u32].map(u32::to_le_bytes);
            let common = [&[20, 0, 0, 0], &method.to_le_bytes()[..], &[0; 8], &size, &length].concat();
            let named = (name.len() as u16).to_le_bytes();
            all.extend([b"PK\x03\x04", &common[..], &named, &[0; 2], name.as_bytes(), &packed].concat());
            central.extend([b"PK\x01\x02", &[20, 0][..], &common, &named, &[0; 12]].concat());
            central.extend([&start.to_le_bytes(), name.as_bytes()].concat());
        }
        let [size, start] = [central.len() as u32, all.len() as u32].map(u32::to_le_bytes);
        [all, central, b"PK\x05\x06".to_vec(), vec![0; 8], size.to_vec(), start.to_vec(), vec![0; 2]].concat()
    }

    #[test]
    fn a_saved_session_is_read() {
        let frame = |current: f32, pairs: u16| [&current.to_le_bytes()[..], &pairs.to_le_bytes()].concat();
        let session =
            [frame(1500.0, 0x5556), frame(0.2, 0x5555), frame(f32::NAN, 0), frame(3.0, 0xd555), vec![1, 2]]
                .concat();
        let metadata = br#"{"metadata":{"samplesPerSecond":100000,"startSystemTime":1},"formatVersion":2}"#;
        let file = archive(&[("session.raw", &session), ("metadata.json", metadata)]);
        let mut file = Ppk2File::of("x.ppk2", file).unwrap();
        assert_eq!(file.rate_hz(), 1e5);
        let (mut tally, mut block) = (Tally::default(), Block::default());
        assert!(!file.next_piece(100, &mut tally, &mut block).unwrap());
        let rows: Vec<_> = block.indexed().map(|(index, it)| (index, it.current, it.digital)).collect();
        assert_eq!(rows, [(0, 1500.0 * 1e-6, 1), (3, 3.0 * 1e-6, 0x80)]);
        let gap = |at, missing| Gap { at, missing, why: GapReason::File };
        assert_eq!(block.gaps, [gap(3, 2), gap(5, 1)]);
    }

    #[test]
    fn an_archive_of_something_else_is_refused() {
        let error = |file: Vec<u8>| Ppk2File::of("x.ppk2", file).map(|_| ()).unwrap_err().to_string();
        assert!(error(b"no archive".to_vec()).contains("this is no zip archive"));
        assert!(error(archive(&[("a.txt", b"a")])).contains("metadata.json: is not in it"));
        let metadata = br#"{"metadata":{"samplesPerSecond":0}}"#;
        assert!(error(archive(&[("session.raw", b""), ("metadata.json", metadata)])).contains("a rate of 0"));
    }
}
