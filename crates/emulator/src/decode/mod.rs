//! From bytes to classes. Only what a price depends on is decoded: no operands, no mnemonics.

mod mve;
mod riscv;
mod thumb;

use crate::{Class, Instruction};

/// What the bytes of an image are instructions of.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Encoding {
    /// Armv6-M to Armv8.1-M.
    Thumb,
    /// RV32IMC.
    Riscv32,
}

impl Encoding {
    /// The instruction at the beginning of `bytes`; nothing when they end too early.
    #[must_use]
    pub fn decode(self, bytes: &[u8]) -> Option<Instruction> {
        let (first, rest) = bytes.split_first_chunk()?;
        let first = u16::from_le_bytes(*first);
        let is_wide = match self {
            Self::Thumb => first >> 11 >= 0b11101,
            Self::Riscv32 => first & 3 == 3,
        };
        if !is_wide {
            return Some(match self {
                Self::Thumb => thumb::narrow(first),
                Self::Riscv32 => riscv::narrow(first),
            });
        }
        let second = u16::from_le_bytes(*rest.first_chunk()?);
        Some(match self {
            Self::Thumb => thumb::wide(first, second),
            Self::Riscv32 => riscv::wide(u32::from(second) << 16 | u32::from(first)),
        })
    }
}

const fn narrow(class: Class, transfers: u32) -> Instruction {
    Instruction { class, bytes: 2, transfers: transfers as u8 }
}

const fn wide(class: Class, transfers: u32) -> Instruction {
    Instruction { class, bytes: 4, transfers: transfers as u8 }
}

#[cfg(test)]
mod tests;
