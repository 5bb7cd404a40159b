//! The operators whose parameters are what their bytes say, and so can be read from a tape.

use super::*;
use crate::tape::Plain;

macro_rules! plain {
    ($($name:ident)*) => {
        $(impl Plain for $name {})*

        impl AnyOperator {
            /// The bytes of the parameters as they lie in memory, of an operator that is [`Plain`].
            pub fn plain_bytes(&self) -> Option<&[u8]> {
                match self {
                    $(Self::$name(operator) => Some(bytemuck::bytes_of(operator)),)*
                    _ => None,
                }
            }
        }
    };
}

plain! {
    Conv2dArmv7em DepthwiseConv2dArmv7em DepthwiseWindowsArmv7em FullyConnectedArmv7em
    Conv2dMve DepthwiseConv2dMve FullyConnectedMve AveragePool2dMve
    Conv2dArmv6m DepthwiseConv2dArmv6m FullyConnectedArmv6m
    Conv2dArmv7m DepthwiseConv2dArmv7m FullyConnectedArmv7m
    Conv2dRiscv32 DepthwiseConv2dRiscv32 FullyConnectedRiscv32
    Conv2dCompact DepthwiseConv2dCompact FullyConnectedCompact
}
