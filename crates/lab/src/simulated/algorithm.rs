//! What flash algorithms do, without executing them.

use probe_rs::{config::Target, flashing::FlashAlgorithm};

use super::memory::Memory;

/// A flash algorithm as `probe-rs` puts it into RAM.
#[derive(Clone, Debug)]
pub struct Algorithm(FlashAlgorithm);

/// What a core that stands at an algorithm's entry is asked for, with the arguments that it was given.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Call {
    /// Set-up, or the end of it.
    Nothing,
    EraseAll,
    EraseSector {
        start: u64,
        length: u64,
    },
    Program {
        address: u32,
        length: u32,
        buffer: u32,
    },
    Verify {
        address: u32,
        length: u32,
        buffer: u32,
    },
    BlankCheck {
        address: u32,
        length: u32,
    },
}

impl Algorithm {
    /// The chip's, for each of its cores.
    pub fn all(target: &Target) -> Vec<Self> {
        let cores = target.cores.iter().map(|core| core.name.as_str());
        let pairs = cores.flat_map(|core| target.flash_algorithms.iter().map(move |raw| (core, raw)));
        pairs
            .filter_map(|(core, raw)| FlashAlgorithm::assemble_from_raw_with_core(raw, core, target).ok())
            .map(Self)
            .collect()
    }

    /// The algorithm's name.
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// What a core is asked for that stands at `pc`; nothing where the algorithm is not in RAM, or has no entry there.
    pub fn call(&self, memory: &Memory, pc: u32, arguments: [u32; 3]) -> Option<Call> {
        let code = &self.0.instructions;
        let start = u32::try_from(self.0.load_address).ok()?;
        if !(start..).step_by(4).zip(code).all(|(address, word)| memory.word(address) == *word) {
            return None;
        }
        let is = |entry: u64| entry & !1 == u64::from(pc & !1);
        let [address, length, buffer] = arguments;
        if is(self.0.pc_program_page) {
            return Some(Call::Program { address, length, buffer });
        }
        if is(self.0.pc_erase_sector) {
            let sector = self.0.sector_info(address.into())?;
            return Some(Call::EraseSector { start: sector.base_address, length: sector.size });
        }
        if self.0.pc_erase_all.is_some_and(is) {
            return Some(Call::EraseAll);
        }
        if self.0.pc_verify.is_some_and(is) {
            return Some(Call::Verify { address, length, buffer });
        }
        if self.0.pc_blank_check.is_some_and(is) {
            return Some(Call::BlankCheck { address, length });
        }
        [self.0.pc_init, self.0.pc_uninit].into_iter().flatten().any(is).then_some(Call::Nothing)
    }
}
