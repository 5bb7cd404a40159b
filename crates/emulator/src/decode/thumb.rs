//! Thumb, from Armv6-M to Armv8.1-M. "Armv8-M Architecture Reference Manual", DDI 0553, chapters C2.2 and C2.3.

use super::{mve, narrow as two, wide as four};
use crate::{Class, Instruction};

const LR: u16 = 14;
const PC: u16 = 15;
const SP: u16 = 13;

/// A branch; to the link register, a return.
const fn branch_to(register: u16) -> Class {
    if register == LR { Class::Return } else { Class::BranchTaken }
}

/// A 16-bit instruction.
pub(super) fn narrow(word: u16) -> Instruction {
    let class = match word >> 12 {
        0b0100 => match word >> 10 & 3 {
            0 if word >> 6 & 0xf == 0b1101 => Class::Multiply,
            0 => Class::Alu,
            1 => {
                let to_pc = word & 0x87 == 0x87;
                let register = word >> 3 & 0xf;
                match word >> 8 & 3 {
                    3 if word & 0x80 != 0 => Class::Call,
                    3 => branch_to(register),
                    2 if to_pc => branch_to(register),
                    0 if to_pc => Class::BranchTaken,
                    _ => Class::Alu,
                }
            }
            _ => Class::Load,
        },
        0b0101 if word >> 9 & 7 < 3 => Class::Store,
        0b0101 => Class::Load,
        0b0110..=0b1001 if word & 0x800 == 0 => Class::Store,
        0b0110..=0b1001 => Class::Load,
        0b1011 => return miscellaneous(word),
        0b1100 => {
            let class = if word & 0x800 == 0 { Class::StoreMultiple } else { Class::LoadMultiple };
            return two(class, (word & 0xff).count_ones());
        }
        0b1101 if word >> 9 & 7 == 7 => Class::Other,
        0b1101 | 0b1110 => Class::BranchTaken,
        _ => Class::Alu,
    };
    two(class, 0)
}

fn miscellaneous(word: u16) -> Instruction {
    let class = match word >> 8 & 0xf {
        0b0000 | 0b0010 => Class::Alu,
        0b0001 | 0b0011 | 0b1001 | 0b1011 => Class::BranchTaken,
        0b0100 | 0b0101 => return two(Class::StoreMultiple, (word & 0x1ff).count_ones()),
        0b1010 if word >> 6 & 3 != 2 => Class::Alu,
        0b1100 => return two(Class::LoadMultiple, (word & 0xff).count_ones()),
        0b1101 => return two(Class::Return, (word & 0x1ff).count_ones()),
        0b1111 if word & 0xf != 0 => Class::It,
        _ => Class::Other,
    };
    two(class, 0)
}

/// A 32-bit instruction.
pub(super) fn wide(first: u16, second: u16) -> Instruction {
    let group = first >> 4 & 0x7f;
    match first >> 11 & 3 {
        _ if group & 0x40 != 0 && first >> 11 & 3 != 2 => mve::coprocessor(first, second),
        1 if group & 0x64 == 0 => multiple(first, second),
        1 if group & 0x60 == 0 => dual_or_exclusive(first, second),
        1 => four(Class::Alu, 0),
        2 if second & 0x8000 == 0 => four(Class::Alu, 0),
        2 => four(control(first, second), 0),
        _ => four(single_or_register(first, second), 0),
    }
}

fn multiple(first: u16, second: u16) -> Instruction {
    let transfers = second.count_ones();
    let is_load = first & 0x10 != 0;
    match first >> 7 & 3 {
        // CLRM has the form of a load to which the program counter would be the base.
        1 if first == 0xe89f => four(Class::Alu, 0),
        1 | 2 if !is_load => four(Class::StoreMultiple, transfers),
        1 | 2 if second & 0x8000 == 0 => four(Class::LoadMultiple, transfers),
        1 | 2 => four(if first & 0xf == SP { Class::Return } else { Class::BranchTaken }, transfers),
        _ => four(Class::Other, 0),
    }
}

fn dual_or_exclusive(first: u16, second: u16) -> Instruction {
    let is_load = first & 0x10 != 0;
    let one = |class| four(class, 0);
    // Neither indexed nor written back: exclusive, acquire and release, table branches, tests of a target.
    if first & 0x120 == 0 {
        let is_byte_form = first & 0x80 != 0;
        return one(match second >> 4 & 0xf {
            0 | 1 if is_byte_form && is_load => Class::BranchTaken,
            _ if !is_byte_form && !is_load && second & 0xf000 == 0xf000 => Class::Alu,
            _ if is_load => Class::Load,
            _ => Class::Store,
        });
    }
    // SG, a secure gateway, is the load of a pair to which the program counter would be the base.
    if (first, second) == (0xe97f, 0xe97f) {
        return one(Class::Other);
    }
    four(if is_load { Class::LoadMultiple } else { Class::StoreMultiple }, 2)
}

/// Branches and what controls the core.
fn control(first: u16, second: u16) -> Class {
    match second >> 12 & 5 {
        0 if first >> 7 & 7 != 7 => Class::BranchTaken,
        0 => Class::Other,
        1 => Class::BranchTaken,
        5 => Class::Call,
        // Armv8.1-M put low-overhead loops where Thumb has no BLX; VCTP lies among them.
        _ if second & 0xf801 == 0xe801 => Class::Vector,
        _ => Class::Loop,
    }
}

/// Single loads and stores, arithmetic on registers, multiplication.
fn single_or_register(first: u16, second: u16) -> Class {
    let group = first >> 4 & 0x7f;
    let target = second >> 12;
    if group & 0x71 == 0 {
        return Class::Store;
    }
    if group & 0x61 == 1 {
        // A word to the program counter is a branch; a smaller one to there only hints that it will be used.
        return match (target == PC, group & 6) {
            (false, _) => Class::Load,
            (true, 4) if first & 0xf == SP => Class::Return,
            (true, 4) => Class::BranchTaken,
            (true, _) => Class::Other,
        };
    }
    let kind = second >> 4 & 0xf;
    match group & 0x78 {
        0x30 => match (group & 7, kind & 3) {
            (0, 0) if target == 15 => Class::Multiply,
            (0, _) => Class::MultiplyAccumulate,
            (1 | 3, _) => Class::HalfMultiply,
            (2 | 4, _) => Class::DualMac,
            (5 | 6, _) => Class::HighMultiply,
            _ => Class::Alu,
        },
        0x38 => match (group & 7, kind) {
            (1 | 3, _) => Class::Divide,
            (4, 0x8..=0xb) => Class::HalfMultiply,
            (4 | 5, 0xc | 0xd) => Class::DualMac,
            _ => Class::LongMultiply,
        },
        _ => Class::Alu,
    }
}
