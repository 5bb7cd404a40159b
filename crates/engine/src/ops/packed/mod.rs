//! Operators whose weights the compiler packs for one instruction set; a file each.
//!
//! Operands, in order: output, input, packed weights and factors (one or more, as the operator says), scratch.

mod armv8_1m_mve;
mod narrow;

pub use armv8_1m_mve::{Conv2dMve, DepthwiseConv2dMve, FullyConnectedMve};
pub use narrow::{
    Conv2dArmv6m, Conv2dArmv7m, DepthwiseConv2dArmv6m, DepthwiseConv2dArmv7m, FullyConnectedArmv6m,
    FullyConnectedArmv7m,
};
