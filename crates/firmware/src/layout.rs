//! Where things stand in an image, against where the chip and those who look from outside need them.

use std::{fs, path::Path};

use object::{
    Endianness, Object, ObjectSection, ObjectSymbol, SectionFlags, elf,
    read::elf::{ElfFile32, ProgramHeader},
};

use crate::{Board, Error, Memory, MemoryKind};

/// How the host talks to an image of a board behind a probe.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Talk {
    /// By RTT.
    Rtt,
    /// By a serial line, or not at all: images that MLPerf Tiny's runner drives, and those whose current is measured.
    Aside,
}

/// What is not where it has to be, in words; nothing where all is.
///
/// All of the image lies in memories of the board, and what is loaded in flash. A Cortex-M finds its vector table where flash
/// begins: first the stack's top, then the entry. An RP2350 asks for an image definition, an ESP32-C3's bootloader for a descriptor; it
/// loads RAM as well, with a table of jumps for exceptions among the rest. A board behind a probe has the record of
/// faults in RAM, where no start clears it, and RTT's control block where the host talks by it.
///
/// # Errors
/// [`Error::Io`], [`Error::NotAnImage`].
pub fn misplaced(image: &Path, board: &Board, talk: Talk) -> Result<Vec<String>, Error> {
    let bytes = fs::read(image).map_err(Error::io(image))?;
    let image = Image::parse(image, &bytes, board)?;
    let mut found = image.loaded();
    found.extend(image.placed());
    found.extend(if board.target.starts_with("thumb") {
        image.vectors()
    } else if image.is_espressif() {
        image.described()
    } else {
        image.first_instruction()
    });
    if board.chip.as_ref().is_some_and(|chip| chip.starts_with("RP235")) {
        found.extend(image.undefined());
    }
    if board.runner.is_some() {
        found.extend(image.looked_at(talk));
    }
    Ok(found)
}

/// Whether an image for a Cortex-M has a handler of its own for an exception, which is `exception` words into the vector table; an
/// interrupt is 16 after its number. Others end in the runtime's default.
///
/// # Errors
/// [`Error::Io`], [`Error::NotAnImage`].
pub fn has_handler(image: &Path, board: &Board, exception: u32) -> Result<bool, Error> {
    let bytes = fs::read(image).map_err(Error::io(image))?;
    let image = Image::parse(image, &bytes, board)?;
    let handler = image.start().and_then(|start| image.word(start + 4 * u64::from(exception)));
    let symbol = image.file.symbols().find(|symbol| symbol.name() == Ok(DEFAULT_HANDLER));
    Ok(handler.is_some_and(|at| symbol.is_some_and(|default| (default.address() | 1) != u64::from(at | 1))))
}

/// Where cortex-m-rt sends what nobody handles.
const DEFAULT_HANDLER: &str = "DefaultHandler";

/// The section that no start clears, as the runtimes of Cortex-M and RISC-V call it, and as esp-hal does.
const UNTOUCHED: [&str; 2] = [".uninit", ".noinit"];
/// Symbols that somebody outside looks for: RTT's control block, and the record of faults.
const CONTROL_BLOCK: &str = "_SEGGER_RTT";
const FAULT_RECORD: &str = "MICROJOULE_FAULT";

/// What RP2350's boot code takes for an Arm program that starts at its vector table: a block with one item, which loops to
/// itself. "RP2350 Datasheet", section 5.9.5.1 "Minimum Arm IMAGE_DEF".
const IMAGE_DEFINITION: [u32; 5] = [0xffff_ded3, 0x1021_0142, 0x0000_01ff, 0, 0xab12_3579];
/// It looks for that from the start of flash.
const SEARCHED_BYTES: u64 = 4096;

/// What Espressif's bootloader looks for where an image's constants begin, and the word it begins with. "ESP-IDF Programming
/// Guide", "App Image Format".
const DESCRIPTOR: &str = "esp_app_desc";
const DESCRIPTOR_MAGIC: u32 = 0xabcd_5432;
/// The jumps of exceptions and interrupts, and how the core wants them aligned. "ESP32-C3 Technical Reference Manual", `mtvec`.
const JUMPS: &str = "_vector_table";
const JUMPS_ALIGNMENT: u64 = 256;

struct Image<'a> {
    file: ElfFile32<'a, Endianness>,
    bytes: &'a [u8],
    board: &'a Board,
}

impl<'a> Image<'a> {
    fn parse(path: &Path, bytes: &'a [u8], board: &'a Board) -> Result<Self, Error> {
        let file = ElfFile32::parse(bytes)
            .map_err(|error| Error::NotAnImage { path: path.to_path_buf(), reason: error.to_string() })?;
        Ok(Self { file, bytes, board })
    }

    fn memory(&self, kind: MemoryKind, address: u64) -> Option<&Memory> {
        let holds = |memory: &&Memory| {
            let start = u64::from(memory.origin);
            memory.kind == kind && (start..start + memory.length.0).contains(&address)
        };
        self.board.memory.iter().find(holds)
    }

    /// Whether a bootloader of Espressif's loads it.
    fn is_espressif(&self) -> bool {
        self.board.chip.as_ref().is_some_and(|chip| chip.starts_with("esp32"))
    }

    /// What is loaded has to be in flash, all of it; a bootloader loads RAM too.
    fn loaded(&self) -> Vec<String> {
        let endian = self.file.endian();
        let headers =
            self.file.elf_program_headers().iter().filter(|header| header.p_type(endian) == elf::PT_LOAD);
        let mut found = Vec::new();
        for header in headers {
            let length = u64::from(header.p_filesz(endian));
            let start = u64::from(header.p_paddr(endian));
            if length == 0 {
                continue;
            }
            let ram = self.is_espressif().then_some(MemoryKind::Ram);
            let mut kinds = [MemoryKind::Flash].into_iter().chain(ram);
            let flash = kinds.find_map(|kind| self.memory(kind, start));
            if flash.is_none_or(|flash| start + length > u64::from(flash.origin) + flash.length.0) {
                found.push(format!("{length} bytes are to be loaded at {start:#x}, beyond flash"));
            }
        }
        found
    }

    /// Every section that takes memory has some.
    fn placed(&self) -> Vec<String> {
        let taking = self.file.sections().filter(|section| {
            let takes = matches!(section.flags(), SectionFlags::Elf { sh_flags, .. } if (sh_flags & elf::SHF_ALLOC).0 != 0);
            // riscv-rt's linker script gives what is left for heap and stack sections of their own.
            takes && section.size() > 0 && !matches!(section.name(), Ok(".heap" | ".stack"))
        });
        let lost = taking.filter_map(|section| {
            let (start, last) = (section.address(), section.address() + section.size() - 1);
            let kinds = [MemoryKind::Flash, MemoryKind::Ram];
            let is_there = kinds.into_iter().any(|kind| {
                let memory = self.memory(kind, start);
                memory.is_some_and(|memory| last - u64::from(memory.origin) < memory.length.0)
            });
            let name = section.name().unwrap_or_default();
            (!is_there).then(|| {
                format!("{name} is at {start:#x}, and {} bytes of it have no memory", section.size())
            })
        });
        lost.collect()
    }

    fn word(&self, address: u64) -> Option<u32> {
        let endian = self.file.endian();
        let mut headers = self.file.elf_program_headers().iter();
        headers.find_map(|header| {
            let data = header.data(endian, self.bytes).ok()?;
            let at = usize::try_from(address.checked_sub(u64::from(header.p_paddr(endian)))?).ok()?;
            data.get(at..at.checked_add(4)?)?.try_into().ok().map(u32::from_le_bytes)
        })
    }

    /// Where the program begins in flash: behind a second stage of the boot code, where there is one.
    fn start(&self) -> Option<u64> {
        let flash = self.board.memory.iter().filter(|memory| memory.kind == MemoryKind::Flash);
        flash.map(|memory| u64::from(memory.origin)).max()
    }

    fn vectors(&self) -> Vec<String> {
        let Some(start) = self.start() else { return vec!["no flash".to_owned()] };
        let (Some(stack), Some(entry)) = (self.word(start), self.word(start + 4)) else {
            return vec![format!("no vector table at {start:#x}, where flash begins")];
        };
        let mut found = Vec::new();
        if stack % 8 != 0 || self.memory(MemoryKind::Ram, u64::from(stack).saturating_sub(1)).is_none() {
            found.push(format!(
                "the stack begins at {stack:#x}, which is not the end of RAM, or no multiple of 8"
            ));
        }
        if entry & 1 == 0 || self.memory(MemoryKind::Flash, entry.into()).is_none() {
            found.push(format!("the reset vector is {entry:#x}, which is no Thumb code in flash"));
        }
        if u64::from(entry) != self.file.entry() {
            found.push(format!("the reset vector is {entry:#x}, the entry {:#x}", self.file.entry()));
        }
        found
    }

    fn first_instruction(&self) -> Vec<String> {
        match (self.start(), self.file.entry()) {
            (Some(start), entry) if entry == start => Vec::new(),
            (start, entry) => {
                vec![format!("the entry is {entry:#x}, and the core starts at {:#x}", start.unwrap_or(0))]
            }
        }
    }

    fn symbol(&self, name: &str) -> Option<u64> {
        self.file.symbols().find(|symbol| symbol.name() == Ok(name)).map(|symbol| symbol.address())
    }

    /// What Espressif's bootloader and core would stumble over.
    fn described(&self) -> Vec<String> {
        let mut found = Vec::new();
        let descriptor = self.symbol(DESCRIPTOR);
        let begins = |at: u64| self.board.memory.iter().any(|memory| u64::from(memory.origin) == at);
        if !descriptor.is_some_and(|at| begins(at) && self.word(at) == Some(DESCRIPTOR_MAGIC)) {
            found
                .push(format!("no {DESCRIPTOR} where the constants begin, so no bootloader takes the image"));
        }
        let entry = self.file.entry();
        if entry % 2 != 0 || self.memory(MemoryKind::Flash, entry).is_none() {
            found.push(format!("the entry is {entry:#x}, which is no code in flash"));
        }
        let jumps = self.symbol(JUMPS);
        if !jumps.is_some_and(|at| at % JUMPS_ALIGNMENT == 0 && self.memory(MemoryKind::Ram, at).is_some()) {
            found.push(format!("no {JUMPS} in RAM at a multiple of {JUMPS_ALIGNMENT}"));
        }
        found
    }

    /// What RP2350's boot code would pass over.
    fn undefined(&self) -> Option<String> {
        let start = self.start()?;
        let stands_at = |at: u64| {
            let mut words = (at..).step_by(4).zip(IMAGE_DEFINITION);
            words.all(|(address, word)| self.word(address) == Some(word))
        };
        let is_defined = (start..start + SEARCHED_BYTES).step_by(4).any(stands_at);
        (!is_defined).then(|| format!("no image definition in the {SEARCHED_BYTES} bytes from {start:#x} on"))
    }

    fn looked_at(&self, talk: Talk) -> Vec<String> {
        let mut found = Vec::new();
        let control_block = (talk == Talk::Rtt).then_some(CONTROL_BLOCK);
        for name in control_block.into_iter().chain([FAULT_RECORD]) {
            let symbol = self.file.symbols().find(|symbol| symbol.name() == Ok(name));
            let Some(symbol) = symbol else {
                found.push(format!("no {name}"));
                continue;
            };
            let address = symbol.address();
            if address % 4 != 0 || self.memory(MemoryKind::Ram, address).is_none() {
                found.push(format!("{name} is at {address:#x}, which is not in RAM, or no multiple of 4"));
            }
            let section = symbol.section_index().and_then(|index| self.file.section_by_index(index).ok());
            let is_untouched =
                section.is_some_and(|section| section.name().is_ok_and(|name| UNTOUCHED.contains(&name)));
            if name == FAULT_RECORD && !is_untouched {
                found.push(format!("{name} is in neither of {UNTOUCHED:?}: a start would clear it"));
            }
        }
        found
    }
}
