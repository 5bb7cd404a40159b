//! Layers packed for cores that multiply 32 by 32 bits into 32: ARMv6-M, ARMv7-M, RV32IMC.
//!
//! Operands, in order: output, input, weights, biases (`i32`), scale mantissas (`i32`), marks (three bytes per
//! channel), scratch.

use kernels::arch::narrow::{
    ColumnDepthwise, Factors, PackedMatrix, PairedConv2d, conv_2d, depthwise_conv_2d, fully_connected,
};

use crate::memory::{elements, elements_mut};

macro_rules! operators {
    ($($(#[$doc:meta])* $name:ident($params:ident) = $kernel:path;)*) => {$(
        operator! {
            plain
            $(#[$doc])*
            $name($params), |this, io| {
                let ([output, scratch], [input, weights, bias, mantissas, marks]) =
                    io.split([0, 6], [1, 2, 3, 4, 5])?;
                let factors =
                    Factors { bias: elements(bias, 3)?, mantissas: elements(mantissas, 4)?, marks };
                $kernel(
                    &this.0,
                    elements(input, 1)?,
                    elements(weights, 2)?,
                    &factors,
                    elements_mut(output, 0)?,
                    scratch,
                )?;
            }
        }
    )*};
}

operators! {
    /// CONV_2D on int8, two pixels to a word.
    Conv2dArmv6m(PairedConv2d) = conv_2d;
    /// DEPTHWISE_CONV_2D on int8, two outputs to a word.
    DepthwiseConv2dArmv6m(ColumnDepthwise) = depthwise_conv_2d;
    /// FULLY_CONNECTED on int8.
    FullyConnectedArmv6m(PackedMatrix) = fully_connected;
    /// CONV_2D on int8, two pixels to a word.
    Conv2dArmv7m(PairedConv2d) = conv_2d;
    /// DEPTHWISE_CONV_2D on int8, two outputs to a word.
    DepthwiseConv2dArmv7m(ColumnDepthwise) = depthwise_conv_2d;
    /// FULLY_CONNECTED on int8.
    FullyConnectedArmv7m(PackedMatrix) = fully_connected;
    /// CONV_2D on int8, two pixels to a word.
    Conv2dRiscv32(PairedConv2d) = conv_2d;
    /// DEPTHWISE_CONV_2D on int8, two outputs to a word.
    DepthwiseConv2dRiscv32(ColumnDepthwise) = depthwise_conv_2d;
    /// FULLY_CONNECTED on int8.
    FullyConnectedRiscv32(PackedMatrix) = fully_connected;
}
