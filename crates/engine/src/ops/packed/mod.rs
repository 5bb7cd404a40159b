//! Operators whose weights the compiler packs for one instruction set; a file each.
//!
//! Operands, in order: output, input, packed weights and factors (one or more, as the operator says), scratch.
