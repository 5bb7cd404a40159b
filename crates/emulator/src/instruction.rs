//! What an instruction is, as far as its price goes.

use serde::{Deserialize, Serialize};

/// Declares the classes once: their names in records and tables, and what they are.
macro_rules! classes {
    ($($(#[$meta:meta])* $class:ident = $name:literal,)*) => {
        /// A class of instructions with a price of its own.
        #[derive(Clone, Copy, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
        pub enum Class { $($(#[$meta])* #[serde(rename = $name)] $class,)* }

        impl Class {
            /// All of them, in the order in which tables show them.
            pub const ALL: &'static [Self] = &[$(Self::$class,)*];

            /// The name in records and timing tables.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$class => $name,)* }
            }
        }
    };
}

classes! {
    /// One register from memory.
    Load = "load",
    /// Several registers from memory, two among them.
    LoadMultiple = "load_multiple",
    /// One register to memory.
    Store = "store",
    /// Several registers to memory.
    StoreMultiple = "store_multiple",
    /// Arithmetic, logic, shifts, extension, saturation, moves.
    Alu = "alu",
    /// 32 × 32 → 32 bits.
    Multiply = "multiply",
    /// 32 × 32 + 32 → 32 bits, or minus.
    MultiplyAccumulate = "multiply_accumulate",
    /// One 16 × 16 or 32 × 16 product, added or not.
    HalfMultiply = "half_multiply",
    /// Two 16 × 16 products in one: the SMLAD family.
    DualMac = "dual_mac",
    /// 32 × 32 → 64 bits, added or not.
    LongMultiply = "long_multiply",
    /// The upper half of 32 × 32 bits: the SMMUL family, MULH.
    HighMultiply = "high_multiply",
    /// Division and remainder.
    Divide = "divide",
    /// A branch that was taken; one without a condition always is.
    BranchTaken = "branch_taken",
    /// A branch that was not.
    BranchNotTaken = "branch_not_taken",
    /// A branch that leaves its return address.
    Call = "call",
    /// A branch to a return address; what it restores with it are its transfers.
    Return = "return",
    /// What makes the next instructions conditional.
    It = "it",
    /// The begin or the end of a low-overhead loop.
    Loop = "loop",
    /// A vector from memory.
    VectorLoad = "vector_load",
    /// A vector to memory.
    VectorStore = "vector_store",
    /// Vector multiply-accumulate.
    VectorMac = "vector_mac",
    /// Other vector arithmetic, moves and predication.
    Vector = "vector",
    /// Real registers from memory.
    FloatLoad = "float_load",
    /// Real registers to memory.
    FloatStore = "float_store",
    /// Real arithmetic and moves.
    Float = "float",
    /// Real multiply-accumulate.
    FloatMac = "float_mac",
    /// Real division and square roots.
    FloatDivide = "float_divide",
    /// Hints, barriers, system registers.
    Other = "other",
}

impl Class {
    /// Whether it works on memory, so that a neighbour's address phase can overlap with it.
    #[must_use]
    pub const fn is_memory(self) -> bool {
        matches!(self, Self::Load | Self::LoadMultiple | Self::Store | Self::StoreMultiple)
    }
}

/// One decoded instruction.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Instruction {
    /// What it is. A branch is [`Class::BranchTaken`] here; whether it was is for the counts to say.
    pub class: Class,
    /// Its length: 2 or 4.
    pub bytes: u8,
    /// Registers that it moves to or from memory, where that is more than one.
    pub transfers: u8,
}

impl Instruction {
    /// Whether it may go elsewhere than to the next instruction.
    #[must_use]
    pub const fn branches(self) -> bool {
        matches!(self.class, Class::BranchTaken | Class::Call | Class::Return | Class::Loop)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_records_and_differ() {
        let mut names: Vec<_> = Class::ALL.iter().map(|class| class.name()).collect();
        for class in Class::ALL {
            assert_eq!(serde_json::to_string(class).unwrap(), format!("\"{}\"", class.name()));
        }
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), Class::ALL.len());
    }
}
