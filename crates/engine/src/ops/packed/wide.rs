//! Operators for hosts, which differ in the instruction set alone.
//!
//! Operands of those with packed weights, in order: output, scratch, input, factors and weights.

use kernels::{
    arch::{
        aarch64,
        wide::{Conv2dWide, DepthwiseConv2dWide, Level, add_s8, conv_2d_s8, depthwise_conv_2d_s8},
        x86_64,
    },
    reference::{Conv2d, DepthwiseConv2d},
};
use quant::Sum;

use crate::{
    memory::{elements, elements_mut},
    ops::elementwise::two,
};

macro_rules! weighted {
    ($isa:ident: $(#[$doc:meta])* $name:ident($params:ident) = $wide:ident, $kernel:ident) => {
        operator! {
            $(#[$doc])*
            $name($params), |this, io| {
                let ([output, scratch], [input, packed]) = io.split([0, 1], [2, 3])?;
                let (input, output) = (elements(input, 2)?, elements_mut(output, 0)?);
                $kernel($isa::Level::detected(), &$wide(this.0), input, packed, scratch, output)?;
            }
        }
    };
}

macro_rules! host {
    ($isa:ident: $conv_2d:ident $depthwise_conv_2d:ident $fully_connected:ident $add:ident) => {
        weighted! { $isa:
            /// CONV_2D on int8.
            $conv_2d(Conv2d) = Conv2dWide, conv_2d_s8
        }
        weighted! { $isa:
            /// DEPTHWISE_CONV_2D on int8, one filter per channel.
            $depthwise_conv_2d(DepthwiseConv2d) = DepthwiseConv2dWide, depthwise_conv_2d_s8
        }
        weighted! { $isa:
            /// FULLY_CONNECTED on int8: a convolution of one column, its rows the vectors.
            $fully_connected(Conv2d) = Conv2dWide, conv_2d_s8
        }
        operator! {
            /// ADD on int8 tensors of the same shape.
            ///
            /// Operands: the output, the first, the second. The output may be one of the others.
            $add(Sum), |this, io| {
                let (output, [a, b]) = two(io)?;
                add_s8($isa::Level::detected(), &this.0, a, b, output)?;
            }
        }
    };
}

host! { x86_64: Conv2dX86_64 DepthwiseConv2dX86_64 FullyConnectedX86_64 AddX86_64 }
host! { aarch64: Conv2dAarch64 DepthwiseConv2dAarch64 FullyConnectedAarch64 AddAarch64 }
