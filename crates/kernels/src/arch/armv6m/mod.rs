//! The inner loops of [`narrow`](super::narrow) in ARMv6-M assembler, which every Cortex-M runs. ARMv7-M has some of its
//! own, see [`armv7m`](super::armv7m), and takes the others from here.
//!
//! Eight registers are open to all instructions; accumulators live in the others, which can be added to. Each function
//! does a whole block, so that nothing is spilled but what changes per channel.

#[cfg(any(kernel_isa = "armv6m", kernel_isa = "armv7m"))]
pub(in crate::arch) mod inner;

#[cfg(kernel_isa = "armv6m")]
pub(crate) use inner::{convolve_block, multiply};
#[cfg(any(kernel_isa = "armv6m", kernel_isa = "armv7m"))]
pub(crate) use inner::{depthwise_columns, pair_column};
