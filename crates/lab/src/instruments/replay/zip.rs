use std::io::{self, Read, Seek, SeekFrom};

use flate2::read::DeflateDecoder;

use super::{unread, wrong};
use crate::stream::Error;

/// The end record of an archive without a comment.
const END: usize = 22;
/// The longest comment behind which it may hide.
const COMMENT: u64 = 1 << 16;
const CENTRAL: usize = 46;
const LOCAL: u64 = 30;

/// A file within an archive.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Member {
    name: String,
    is_deflated: bool,
    start: u64,
    packed: u64,
}

/// Lists an archive.
///
/// # Errors
/// [`Error::File`] for what is no archive, or one of more than 4 GiB.
pub fn members<R: Read + Seek>(file: &str, archive: &mut R) -> Result<Vec<Member>, Error> {
    let bytes = central(archive).map_err(|reason| unread(file, reason))?;
    let bytes = bytes.ok_or_else(|| wrong(file, "its end", "this is no zip archive"))?;
    let (mut members, mut rest) = (Vec::new(), bytes.as_slice());
    while let Some((head, after)) =
        rest.split_first_chunk::<CENTRAL>().filter(|(head, _)| head.starts_with(b"PK\x01\x02"))
    {
        let word =
            |at: usize| head.get(at..at + 4).and_then(|it| it.try_into().ok()).map_or(0, u32::from_le_bytes);
        let half =
            |at: usize| head.get(at..at + 2).and_then(|it| it.try_into().ok()).map_or(0, u16::from_le_bytes);
        let name = after.get(..half(28).into()).map(|name| String::from_utf8_lossy(name).into_owned());
        let name = name.unwrap_or_default();
        let is_deflated = match half(10) {
            0 => false,
            8 => true,
            _ => return Err(wrong(file, name, "is packed in a way that is not known here")),
        };
        if word(20) == u32::MAX || word(42) == u32::MAX {
            return Err(wrong(file, name, "is of more than 4 GiB: export a shorter part"));
        }
        members.push(Member { name, is_deflated, start: word(42).into(), packed: word(20).into() });
        let skip = usize::from(half(28)) + usize::from(half(30)) + usize::from(half(32));
        rest = after.get(skip..).unwrap_or_default();
    }
    Ok(members)
}

/// The bytes of the central directory.
fn central<R: Read + Seek>(archive: &mut R) -> io::Result<Option<Vec<u8>>> {
    let length = archive.seek(SeekFrom::End(0))?;
    let tail = length.min(COMMENT + END as u64);
    archive.seek(SeekFrom::Start(length - tail))?;
    let mut bytes = Vec::new();
    archive.take(tail).read_to_end(&mut bytes)?;
    let Some(end) = bytes.windows(END).rposition(|it| it.starts_with(b"PK\x05\x06")) else { return Ok(None) };
    let word = |at: usize| {
        let word = bytes.get(end + at..end + at + 4).and_then(|it| it.try_into().ok());
        u64::from(word.map_or(0, u32::from_le_bytes))
    };
    let (size, start) = (word(12), word(16));
    archive.seek(SeekFrom::Start(start))?;
    let mut central = Vec::new();
    archive.take(size.min(length)).read_to_end(&mut central)?;
    Ok(Some(central))
}

/// Opens a member for reading.
///
/// # Errors
/// [`Error::File`] where there is none of that name.
pub fn open<R: Read + Seek + Send + 'static>(
    file: &str,
    mut archive: R,
    members: &[Member],
    name: &str,
) -> Result<Box<dyn Read + Send>, Error> {
    let member = members.iter().find(|member| member.name == name);
    let member =
        member.ok_or_else(|| wrong(file, name, "is not in it: this is no capture of the Power Profiler"))?;
    let start = data(&mut archive, member.start).map_err(|reason| unread(file, reason))?;
    archive.seek(SeekFrom::Start(start)).map_err(|reason| unread(file, reason))?;
    let packed = archive.take(member.packed);
    Ok(if member.is_deflated { Box::new(DeflateDecoder::new(packed)) } else { Box::new(packed) })
}

/// Where the bytes of a member begin: behind its own head, whose length is its own too.
fn data<R: Read + Seek>(archive: &mut R, start: u64) -> io::Result<u64> {
    archive.seek(SeekFrom::Start(start + 26))?;
    let mut lengths = [0; 4];
    archive.read_exact(&mut lengths)?;
    let [a, b, c, d] = lengths;
    Ok(start + LOCAL + u64::from(u16::from_le_bytes([a, b])) + u64::from(u16::from_le_bytes([c, d])))
}
