//! The inner loops of [`narrow`](super::narrow) in ARMv7-M assembler: for Cortex-M3, and for Cortex-M33 without the DSP
//! extension.
//!
//! What [`armv6m`](super::armv6m) has, where registers are short or multiplications rare; else loops of its own: all
//! registers are open to all instructions, bytes of a word are extended in one, and shifted operands cost nothing.

#[cfg(kernel_isa = "armv7m")]
mod convolve;
#[cfg(kernel_isa = "armv7m")]
mod multiply;

#[cfg(kernel_isa = "armv7m")]
pub(crate) use super::armv6m::{depthwise_columns, pair_column};
#[cfg(kernel_isa = "armv7m")]
pub(crate) use {convolve::convolve_block, multiply::multiply};
