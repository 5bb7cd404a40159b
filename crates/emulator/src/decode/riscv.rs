//! RV32IMC. "The RISC-V Instruction Set Manual, Volume I", chapters RV32I, M, C and the listing of opcodes.

use super::{narrow as two, wide as four};
use crate::{Class, Instruction};

/// The return address.
const RA: u32 = 1;

/// A 16-bit instruction.
pub(super) fn narrow(word: u16) -> Instruction {
    let kind = word >> 13;
    let class = match (word & 3, kind) {
        (0, 0) => Class::Alu,
        (0, 2) | (2, 2) => Class::Load,
        (0, 6) | (2, 6) => Class::Store,
        (0, 1 | 3) | (2, 1 | 3) => Class::FloatLoad,
        (0, 5 | 7) | (2, 5 | 7) => Class::FloatStore,
        (1, 1) => Class::Call,
        (1, 5..=7) => Class::BranchTaken,
        (1, _) | (2, 0) => Class::Alu,
        (2, 4) => {
            let (first, second) = (u32::from(word >> 7 & 0x1f), word >> 2 & 0x1f);
            match (word & 0x1000 != 0, first, second) {
                (false, RA, 0) => Class::Return,
                (false, _, 0) => Class::BranchTaken,
                (true, 0, 0) => Class::Other,
                (true, _, 0) => Class::Call,
                _ => Class::Alu,
            }
        }
        _ => Class::Other,
    };
    two(class, 0)
}

/// A 32-bit instruction.
pub(super) fn wide(word: u32) -> Instruction {
    let (result, kind) = (word >> 7 & 0x1f, word >> 12 & 7);
    let class = match word & 0x7f {
        0x03 => Class::Load,
        0x23 => Class::Store,
        0x33 if word >> 25 == 1 => match kind {
            0 => Class::Multiply,
            1..=3 => Class::HighMultiply,
            _ => Class::Divide,
        },
        0x13 | 0x17 | 0x33 | 0x37 => Class::Alu,
        0x63 => Class::BranchTaken,
        0x6f if result == 0 => Class::BranchTaken,
        0x67 if result == 0 && word >> 15 & 0x1f == RA => Class::Return,
        0x67 if result == 0 => Class::BranchTaken,
        0x6f | 0x67 => Class::Call,
        0x07 => Class::FloatLoad,
        0x27 => Class::FloatStore,
        0x43 | 0x47 | 0x4b | 0x4f => Class::FloatMac,
        0x53 => Class::Float,
        _ => Class::Other,
    };
    four(class, 0)
}
