//! The coprocessor space of Thumb: real arithmetic and Helium. "Armv8-M Architecture Reference Manual", DDI 0553,
//! section C2.3.

use super::wide;
use crate::{Class, Instruction};

/// An instruction whose first half is of the form `111x 11xx xxxx xxxx`.
pub(super) fn coprocessor(first: u16, second: u16) -> Instruction {
    let coprocessor = second >> 8 & 0xf;
    let is_float = matches!(coprocessor, 9..=11);
    match first >> 8 & 0xf {
        0xc | 0xd if is_float => float_memory(first, second),
        0xc | 0xd if coprocessor >= 14 => wide(vector_memory(first), 0),
        0xe if is_float => wide(float(first, second), 0),
        0xe if coprocessor >= 14 => wide(vector(first, second), 0),
        0xf => wide(Class::Vector, 0),
        _ => wide(Class::Other, 0),
    }
}

fn float_memory(first: u16, second: u16) -> Instruction {
    let is_load = first & 0x10 != 0;
    let class = if is_load { Class::FloatLoad } else { Class::FloatStore };
    let words = u32::from(second & 0xff);
    match first >> 4 & 0x1f {
        // Two core registers to or from real ones.
        0x04 | 0x05 => wide(Class::Float, 0),
        // Indexed without writing back: one register, which may be of two words.
        0x10 | 0x11 | 0x14 | 0x15 | 0x18 | 0x19 | 0x1c | 0x1d if second >> 8 & 0xf == 11 => wide(class, 2),
        0x10 | 0x11 | 0x14 | 0x15 | 0x18 | 0x19 | 0x1c | 0x1d => wide(class, 1),
        _ => wide(class, words),
    }
}

fn float(first: u16, second: u16) -> Class {
    // VDUP: a core register to all lanes.
    if second & 0x0f10 == 0x0b10 && first & 0x1090 == 0x80 {
        return Class::Vector;
    }
    // Moves to and from core registers.
    if second & 0x10 != 0 || first & 0x1000 != 0 {
        return Class::Float;
    }
    match first & 0xb0 {
        0x80 if second & 0x40 == 0 => Class::FloatDivide,
        0xb0 if first & 0xf == 1 && second & 0xc0 == 0xc0 => Class::FloatDivide,
        0x00 | 0x10 | 0x90 | 0xa0 => Class::FloatMac,
        _ => Class::Float,
    }
}

fn vector_memory(first: u16) -> Class {
    match first {
        // Two lanes to or from core registers.
        0xec00..=0xec1f => Class::Vector,
        _ if first & 0x10 != 0 => Class::VectorLoad,
        _ => Class::VectorStore,
    }
}

/// The forms that add products to what was there: to a vector, or across one to core registers.
fn vector(first: u16, second: u16) -> Class {
    let odd = first & 1 != 0;
    let upper = second >> 8 & 0xf == 15;
    let is_mac = match (first & 0x80 != 0, upper) {
        // VMLADAV and VMLALDAV, of sixteen and 32 bits.
        (true, false) => second & 0xd0 == 0,
        // The same of eight bits, and VRMLALDAVH. VADDV and VADDLV are odd, and VMAXV has r13 where a sum would go.
        (true, true) => second & 0xd1 == 0 && !odd && first >> 4 & 7 != 6,
        // VMLA and VMLAS by a core register; VMUL and VQDMULH by one have bit 5.
        (false, false) if odd => second & 0x60 == 0x40,
        // VQDMLAH by a core register, VQDMLADH.
        (false, false) => second & 0x10 == 0 && first & 0x30 != 0x30,
        (false, true) => false,
    };
    if is_mac { Class::VectorMac } else { Class::Vector }
}
