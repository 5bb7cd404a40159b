//! Kernels for particular instruction sets.
//!
//! The [`portable`] ones offer operators under the names and with the contracts of [`reference`](mod@crate::reference).
//! Those of an instruction set take weights as the compiler packs them for it (`compiler::packing`), and come
//! in two forms that give the same bytes: on the instruction set itself their inner loops are its
//! instructions, everywhere else plain Rust with the same arithmetic. So a plan for any board runs on the host.

pub mod aarch64;
pub mod armv6m;
pub mod armv7em;
pub mod armv7m;
pub mod armv8_1m_mve;
pub mod compact;
mod isa;
pub mod narrow;
pub mod portable;
mod target;
pub mod wide;
pub mod x86_64;

pub use isa::{Isa, UnknownIsa};
pub use portable as active;

#[cfg(kernel_isa = "armv6m")]
pub(crate) use armv6m as narrow_inner;
#[cfg(kernel_isa = "armv7m")]
pub(crate) use armv7m as narrow_inner;
#[cfg(not(any(kernel_isa = "armv6m", kernel_isa = "armv7m")))]
pub(crate) use narrow::inner as narrow_inner;

/// The instruction set that this program is compiled for, by which inner loops were chosen.
pub const NATIVE: Isa = {
    if cfg!(kernel_isa = "armv6m") {
        Isa::Armv6m
    } else if cfg!(kernel_isa = "armv7m") {
        Isa::Armv7m
    } else if cfg!(kernel_isa = "armv7em") {
        Isa::Armv7em
    } else if cfg!(kernel_isa = "armv8_1m_mve") {
        Isa::Mve
    } else if cfg!(kernel_isa = "riscv32") {
        Isa::Riscv32
    } else if cfg!(kernel_isa = "x86_64") {
        Isa::X86_64
    } else if cfg!(kernel_isa = "aarch64") {
        Isa::Aarch64
    } else {
        Isa::Portable
    }
};
