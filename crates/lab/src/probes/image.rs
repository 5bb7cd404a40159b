use std::{
    fs,
    path::{Path, PathBuf},
};

use object::{
    Object, ObjectSymbol,
    elf::PT_LOAD,
    read::elf::{ElfFile32, ProgramHeader},
};

use telemetry::fault;

use super::Error;

/// A firmware image, as far as flashing it goes.
#[derive(Clone, Debug)]
pub struct Image {
    /// Its file.
    pub path: PathBuf,
    /// The ELF file's bytes.
    pub elf: Vec<u8>,
    /// What is written where.
    pub segments: Vec<Segment>,
    /// Where RTT's control block stands, if it has one.
    pub control_block: Option<u32>,
    /// Where firmware keeps the record of what went wrong, if it does.
    pub fault_record: Option<u32>,
}

/// Bytes for one place.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Segment {
    /// Where they go.
    pub address: u32,
    /// The bytes.
    pub bytes: Vec<u8>,
}

/// The name that every implementation of RTT gives its control block.
const CONTROL_BLOCK: &str = "_SEGGER_RTT";

impl Image {
    /// Reads an ELF file.
    ///
    /// # Errors
    /// [`Error::Image`], when it cannot be read, or is no image of firmware.
    pub fn read(path: &Path) -> Result<Self, Error> {
        let refused = |reason: String| Error::Image { file: path.to_path_buf(), reason };
        let elf = fs::read(path).map_err(|error| refused(error.to_string()))?;
        let (segments, [control_block, fault_record]) = parse(&elf).map_err(refused)?;
        Ok(Self { path: path.to_path_buf(), elf, segments, control_block, fault_record })
    }

    /// Where RTT's control block stands.
    ///
    /// # Errors
    /// [`Error::Image`], when it has none.
    pub fn channels(&self) -> Result<u32, Error> {
        self.control_block.ok_or_else(|| Error::Image {
            file: self.path.clone(),
            reason: "it has no control block of RTT, so its firmware says nothing and hears nobody"
                .to_owned(),
        })
    }

    /// How much is written.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.segments.iter().map(|segment| segment.bytes.len() as u64).sum()
    }
}

fn parse(elf: &[u8]) -> Result<(Vec<Segment>, [Option<u32>; 2]), String> {
    let told = |error: object::Error| error.to_string();
    let file = ElfFile32::<object::Endianness>::parse(elf).map_err(told)?;
    let endian = file.endian();
    let mut segments = Vec::new();
    for header in file.elf_program_headers() {
        let bytes = <_ as ProgramHeader>::data(header, endian, elf)
            .map_err(|()| "a segment reaches beyond the file".to_owned())?;
        if header.p_type(endian) == PT_LOAD && !bytes.is_empty() {
            segments.push(Segment { address: header.p_paddr(endian), bytes: bytes.to_vec() });
        }
    }
    if segments.is_empty() {
        return Err("nothing in it is to be loaded".to_owned());
    }
    let at = |name: &str| {
        let symbol = file.symbols().find(|symbol| symbol.name() == Ok(name))?;
        u32::try_from(symbol.address()).ok()
    };
    Ok((segments, [at(CONTROL_BLOCK), at(fault::SYMBOL)]))
}
