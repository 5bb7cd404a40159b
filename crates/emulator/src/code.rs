use std::{collections::BTreeMap, fs, path::Path};

use object::{Architecture, Object, ObjectSegment};

use crate::{Error, Instruction, decode::Encoding};

/// The bytes of an image that may be instructions, by address.
///
/// The emulator's own idea of an instruction's length is wrong for a few of them (QEMU 7.2), so only addresses are taken
/// from it.
#[derive(Clone, Debug)]
pub struct Code {
    encoding: Encoding,
    segments: BTreeMap<u64, Vec<u8>>,
}

impl Code {
    /// Reads an ELF file.
    ///
    /// # Errors
    /// [`Error::Io`], [`Error::Code`].
    pub fn read(image: &Path) -> Result<Self, Error> {
        let bytes = fs::read(image).map_err(|source| Error::Io { path: image.to_path_buf(), source })?;
        Self::parse(&bytes).map_err(|reason| Error::Code { image: image.to_path_buf(), reason })
    }

    fn parse(bytes: &[u8]) -> Result<Self, String> {
        let file = object::File::parse(bytes).map_err(|error| error.to_string())?;
        let encoding = match file.architecture() {
            Architecture::Arm => Encoding::Thumb,
            Architecture::Riscv32 => Encoding::Riscv32,
            other => return Err(format!("no instructions of {other:?} are known")),
        };
        let mut segments = BTreeMap::new();
        for segment in file.segments() {
            let data = segment.data().map_err(|error| error.to_string())?;
            if !data.is_empty() {
                segments.insert(segment.address(), data.to_vec());
            }
        }
        Ok(Self { encoding, segments })
    }

    /// The instruction at an address.
    ///
    /// # Errors
    /// [`Error::NoCode`] for an address that is not in the image.
    pub fn at(&self, address: u64) -> Result<Instruction, Error> {
        let segment = self.segments.range(..=address).next_back();
        let bytes = segment.and_then(|(first, bytes)| bytes.get(usize::try_from(address - first).ok()?..));
        bytes.and_then(|bytes| self.encoding.decode(bytes)).ok_or(Error::NoCode { address })
    }

    #[cfg(test)]
    pub(crate) fn new(encoding: Encoding, address: u64, bytes: Vec<u8>) -> Self {
        Self { encoding, segments: BTreeMap::from([(address, bytes)]) }
    }
}
