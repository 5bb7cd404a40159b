use std::ops::Range;

use probe_rs::config::{MemoryRegion, Registry, Target};

use super::{Error, Image, espressif};

/// A chip as `probe-rs` knows it.
#[derive(Clone, Debug)]
pub struct Chip {
    target: Target,
}

/// What may be written into a memory, and how.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Kind {
    /// By a flash algorithm.
    Flash,
    /// At once.
    Ram,
}

/// A memory.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Region {
    /// What it is.
    pub kind: Kind,
    /// Where it is.
    pub range: Range<u64>,
}

/// How many names an error suggests.
const SUGGESTED: usize = 6;

impl Chip {
    /// The chip of this name.
    ///
    /// # Errors
    /// [`Error::NoSuchChip`].
    pub fn named(name: &str) -> Result<Self, Error> {
        espressif::register();
        let registry = Registry::from_builtin_families();
        let target = registry.get_target_by_name(name).map_err(|_| {
            let like = (3..=name.len()).rev().filter_map(|end| name.get(..end)).find_map(|start| {
                let found = registry.search_chips(start);
                (!found.is_empty()).then_some(found)
            });
            let mut like = like.unwrap_or_default();
            like.truncate(SUGGESTED);
            Error::NoSuchChip { name: name.to_owned(), like }
        })?;
        Ok(Self { target })
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.target.name
    }

    /// The same, as `probe-rs` takes it.
    #[must_use]
    pub fn target(&self) -> &Target {
        &self.target
    }

    /// Its memories; what lies side by side is one.
    #[must_use]
    pub fn memories(&self) -> Vec<Region> {
        let regions = self.target.memory_map.iter().filter_map(|region| match region {
            MemoryRegion::Nvm(nvm) => Some(Region { kind: Kind::Flash, range: nvm.range.clone() }),
            MemoryRegion::Ram(ram) => Some(Region { kind: Kind::Ram, range: ram.range.clone() }),
            _ => None,
        });
        merged(regions.collect())
    }

    /// Whether the core is one of Arm's.
    #[must_use]
    pub fn is_arm(&self) -> bool {
        self.target.default_core().core_type.is_cortex_m()
    }

    /// Whether all of an image lies in flash: the chip's, and that of the board, which may have less. Where a bootloader loads the
    /// image, some of it may be for RAM.
    ///
    /// # Errors
    /// [`Error::TooLarge`], [`Error::Misplaced`].
    pub fn fits(&self, image: &Image, board: &[Region]) -> Result<(), Error> {
        let chip = self.memories();
        let board = merged(board.to_vec());
        for segment in image.segments.iter().filter(|segment| !self.is_loaded(segment.address)) {
            let start = u64::from(segment.address);
            let end = start + segment.bytes.len() as u64;
            let whose = [(&chip, self.name().to_owned()), (&board, "this board".to_owned())];
            for (memories, whose) in whose.into_iter().filter(|(memories, _)| !memories.is_empty()) {
                let flash = |region: &&Region| region.kind == Kind::Flash && region.range.contains(&start);
                match memories.iter().find(flash) {
                    None => return Err(Error::Misplaced { address: segment.address, whose }),
                    Some(region) if end > region.range.end => {
                        return Err(Error::TooLarge {
                            whose,
                            needed: end - region.range.start,
                            available: region.range.end - region.range.start,
                            start: region.range.start,
                        });
                    }
                    Some(_) => {}
                }
            }
        }
        Ok(())
    }

    /// Whether a bootloader puts there what an image has for this address.
    fn is_loaded(&self, address: u32) -> bool {
        let is_ram = |region: &Region| region.kind == Kind::Ram && region.range.contains(&u64::from(address));
        espressif::is_one(self.name()) && self.memories().iter().any(is_ram)
    }
}

/// What lies side by side is one.
fn merged(mut regions: Vec<Region>) -> Vec<Region> {
    regions.sort_by_key(|region| region.range.start);
    regions.dedup_by(|next, before| {
        let beside = before.kind == next.kind && before.range.end == next.range.start;
        if beside {
            before.range.end = next.range.end;
        }
        beside
    });
    regions
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::probes::Segment;

    fn image(address: u32, length: usize) -> Image {
        Image {
            path: "a.elf".into(),
            elf: Vec::new(),
            segments: vec![Segment { address, bytes: vec![0; length] }],
            control_block: None,
            fault_record: None,
        }
    }

    #[test]
    fn banks_side_by_side_are_one_memory() {
        let chip = Chip::named("STM32H743ZITx").unwrap();
        assert!(chip.memories().contains(&Region { kind: Kind::Flash, range: 0x0800_0000..0x0820_0000 }));
        chip.fits(&image(0x0800_0000, 0x18_0000), &[]).unwrap();
    }

    #[test]
    fn what_does_not_fit_is_told_with_both_figures() {
        let chip = Chip::named("nRF52833_xxAA").unwrap();
        let message = chip.fits(&image(0x1000, 0x8_0000), &[]).unwrap_err().to_string();
        assert_eq!(
            message,
            "the image is too large: it takes 528384 B of flash from 0x00000000 on, and nRF52833_xxAA has 524288 B there; \
             nothing was erased or written"
        );
        let half = |range| Region { kind: Kind::Flash, range };
        let board = [half(0..0x800), half(0x800..0x1000)];
        chip.fits(&image(0, 0x1000), &board).unwrap();
        let message = chip.fits(&image(0, 0x1001), &board).unwrap_err().to_string();
        assert!(message.contains("4097 B") && message.contains("this board has 4096 B"), "{message}");
    }

    #[test]
    fn what_lies_outside_flash_is_told() {
        let chip = Chip::named("nRF52833_xxAA").unwrap();
        let message = chip.fits(&image(0x0800_0000, 4), &[]).unwrap_err().to_string();
        assert!(message.contains("0x08000000") && message.contains("no flash of nRF52833_xxAA"), "{message}");
    }

    #[test]
    fn what_a_bootloader_loads_may_be_for_ram() {
        let chip = Chip::named("esp32c3").unwrap();
        for address in [0x3fc8_0000, 0x4038_0000, 0x3c00_0020, 0x4200_0020] {
            chip.fits(&image(address, 0x1000), &[]).unwrap();
        }
        let board = [Region { kind: Kind::Flash, range: 0x4200_0020..0x423e_fc20 }];
        chip.fits(&image(0x3fc8_0000, 0x1000), &board).unwrap();
        let message = chip.fits(&image(0x423e_f000, 0x1000), &board).unwrap_err().to_string();
        assert!(message.contains("this board has 4127744 B"), "{message}");
        let message = chip.fits(&image(0x2000_0000, 4), &[]).unwrap_err().to_string();
        assert!(message.contains("no flash of esp32c3"), "{message}");
    }

    #[test]
    fn a_misspelt_chip_is_told_with_those_like_it() {
        let message = Chip::named("STM32L4R5ZX").unwrap_err().to_string();
        assert!(message.contains("STM32L4R5Z"), "{message}");
    }
}
