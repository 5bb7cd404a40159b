//! Memories and registers of a chip.

use std::{collections::BTreeMap, ops::Range};

use probe_rs::config::{MemoryRegion, Target};

/// All that stands at an address.
#[derive(Clone, Debug)]
pub struct Memory {
    regions: Vec<Region>,
    /// Registers of peripherals: what was written, or what a chip tells of itself.
    words: BTreeMap<u32, u32>,
}

/// A memory is as long as the address space allows, and little of it is ever written: it is kept by the page.
#[derive(Clone, Debug)]
struct Region {
    range: Range<u64>,
    pages: BTreeMap<u32, [u8; PAGE_BYTES]>,
    flash: bool,
}

const PAGE_BYTES: usize = 4096;

impl Region {
    fn holds(&self, address: u32) -> bool {
        self.range.contains(&u64::from(address))
    }

    fn blank(&self) -> u8 {
        if self.flash { 0xff } else { 0 }
    }

    fn byte(&self, address: u32) -> u8 {
        let (page, at) = (address / PAGE_BYTES as u32, address as usize % PAGE_BYTES);
        self.pages.get(&page).and_then(|page| page.get(at)).copied().unwrap_or_else(|| self.blank())
    }

    fn place(&mut self, address: u32) -> Option<&mut u8> {
        let blank = self.blank();
        let page = self.pages.entry(address / PAGE_BYTES as u32).or_insert([blank; PAGE_BYTES]);
        page.get_mut(address as usize % PAGE_BYTES)
    }
}

impl Memory {
    /// The chip's, flash erased.
    pub fn of(target: &Target) -> Self {
        let regions = target.memory_map.iter().filter_map(|region| {
            let (range, flash) = match region {
                MemoryRegion::Ram(ram) => (ram.range.clone(), false),
                MemoryRegion::Nvm(nvm) => (nvm.range.clone(), true),
                _ => return None,
            };
            Some(Region { range, pages: BTreeMap::new(), flash })
        });
        Self { regions: regions.collect(), words: BTreeMap::new() }
    }

    /// Sets a register.
    pub fn set(&mut self, address: u32, word: u32) {
        self.words.insert(address, word);
    }

    /// A byte of a memory; nothing where there is none.
    pub fn byte(&self, address: u32) -> Option<u8> {
        self.regions.iter().find(|region| region.holds(address)).map(|region| region.byte(address))
    }

    /// A word, of a memory or a register.
    pub fn word(&self, address: u32) -> u32 {
        let aligned = address & !3;
        if let Some(word) = self.words.get(&aligned) {
            return *word;
        }
        let bytes = [0, 1, 2, 3].map(|at| self.byte(aligned.wrapping_add(at)).unwrap_or_default());
        u32::from_le_bytes(bytes)
    }

    /// Writes as the bus does: flash stays as it is.
    pub fn write(&mut self, address: u32, bytes: &[u8]) {
        for (address, byte) in (address..).zip(bytes) {
            if let Some(place) = self.place(address, false) {
                *place = *byte;
            }
        }
        if let (false, Ok(word)) = (self.is_memory(address), <[u8; 4]>::try_from(bytes)) {
            self.words.insert(address, u32::from_le_bytes(word));
        }
    }

    /// Erases flash; whether all of it is flash.
    pub fn erase(&mut self, start: u64, length: u64) -> bool {
        (start..start + length).all(|address| match self.place(address as u32, true) {
            Some(byte) => {
                *byte = 0xff;
                true
            }
            None => false,
        })
    }

    /// Erases all flash.
    pub fn erase_all(&mut self) {
        self.regions.iter_mut().filter(|region| region.flash).for_each(|region| region.pages.clear());
    }

    /// Programs a byte of flash, which can only clear bits; whether it is flash.
    pub fn program(&mut self, address: u32, byte: u8) -> bool {
        self.place(address, true).map(|place| *place &= byte).is_some()
    }

    /// Whether it is flash.
    pub fn is_flash(&self, address: u32) -> bool {
        self.regions.iter().any(|region| region.flash && region.holds(address))
    }

    /// Whether it is flash or RAM.
    pub fn is_memory(&self, address: u32) -> bool {
        self.regions.iter().any(|region| region.holds(address))
    }

    /// The end of the RAM that holds this address.
    pub fn ram_end(&self, address: u32) -> Option<u32> {
        let region = self.regions.iter().find(|region| !region.flash && region.holds(address))?;
        u32::try_from(region.range.end).ok()
    }

    fn place(&mut self, address: u32, flash: bool) -> Option<&mut u8> {
        let mut of_kind = self.regions.iter_mut().filter(|region| region.flash == flash);
        of_kind.find(|region| region.holds(address))?.place(address)
    }
}
