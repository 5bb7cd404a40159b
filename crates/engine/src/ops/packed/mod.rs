//! Operators whose weights the compiler packs for one instruction set; a file each.
//!
//! Operands, in order: output, input, packed weights and factors (one or more, as the operator says), scratch.

mod armv7em;
mod armv8_1m_mve;
mod compact;
mod narrow;
mod wide;

pub use armv7em::{
    AddArmv7em, Conv2dArmv7em, DepthwiseConv2dArmv7em, DepthwiseWindowsArmv7em, FullyConnectedArmv7em,
};
pub use armv8_1m_mve::{AddMve, AveragePool2dMve, Conv2dMve, DepthwiseConv2dMve, FullyConnectedMve};
pub use compact::{
    AddCompact, AveragePool2dCompact, Conv2dCompact, DepthwiseConv2dCompact, FullyConnectedCompact,
    SoftmaxCompact,
};
pub use narrow::{
    Conv2dArmv6m, Conv2dArmv7m, Conv2dRiscv32, DepthwiseConv2dArmv6m, DepthwiseConv2dArmv7m,
    DepthwiseConv2dRiscv32, FullyConnectedArmv6m, FullyConnectedArmv7m, FullyConnectedRiscv32,
};
pub use wide::{
    AddAarch64, AddX86_64, Conv2dAarch64, Conv2dX86_64, DepthwiseConv2dAarch64, DepthwiseConv2dX86_64,
    FullyConnectedAarch64, FullyConnectedX86_64,
};
