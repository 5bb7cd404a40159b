//! The inner loops of [`narrow`](super::narrow) in ARMv6-M assembler, which every Cortex-M runs.
//!
//! Eight registers are open to all instructions; accumulators live in the others, which can be added to. Each function
//! does a whole block, so that nothing is spilled but what changes per channel.

#[cfg(any(kernel_isa = "armv6m", kernel_isa = "armv7m"))]
mod inner;

#[cfg(any(kernel_isa = "armv6m", kernel_isa = "armv7m"))]
pub(crate) use inner::{convolve_block, depthwise_columns, multiply, pair_column};
