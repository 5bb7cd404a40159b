//! Operators for cores with the DSP extension.

use kernels::{
    arch::armv7em,
    reference::{Conv2d, DepthwiseConv2d, FullyConnected},
};

use quant::Sum;

use crate::{
    memory::{elements, elements_mut},
    ops::elementwise::two,
};

macro_rules! packed {
    ($($(#[$doc:meta])* $name:ident($params:ident) = $kernel:path;)*) => {$(
        operator! {
            plain
            $(#[$doc])*
            ///
            /// Operands: output, input, packed weights and factors, scratch.
            $name($params), |this, io| {
                let ([output, scratch], [input, stream]) = io.split([0, 3], [1, 2])?;
                $kernel(
                    &this.0,
                    elements(input, 1)?,
                    elements(stream, 2)?,
                    elements_mut(scratch, 3)?,
                    elements_mut(output, 0)?,
                )?;
            }
        }
    )*};
}

packed! {
    /// CONV_2D on int8, and products with a matrix that are taken as one.
    Conv2dArmv7em(Conv2d) = armv7em::conv_2d_s8;
    /// DEPTHWISE_CONV_2D on int8, three by three.
    DepthwiseConv2dArmv7em(DepthwiseConv2d) = armv7em::depthwise_conv_2d_s8;
    /// DEPTHWISE_CONV_2D on int8, windows of any size.
    DepthwiseWindowsArmv7em(DepthwiseConv2d) = armv7em::depthwise_windows_s8;
    /// FULLY_CONNECTED on int8, outputs by the eight.
    FullyConnectedArmv7em(FullyConnected) = armv7em::fully_connected_s8;
}

operator! {
    /// ADD on int8 tensors of one shape.
    ///
    /// Operands: the output, the first, the second. The output may be one of the others.
    AddArmv7em(Sum), |this, io| {
        let (output, [a, b]) = two(io)?;
        armv7em::add_s8(&this.0, a, b, output)?;
    }
}
