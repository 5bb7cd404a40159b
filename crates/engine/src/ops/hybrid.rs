//! Convolutions and products of real numbers with int8 weights.
//!
//! Operands of each, in order: output, the quantised input of one image or vector (scratch, `i8`), input, filter,
//! bias (may be absent), weight scales (`f32`, one per output channel).

use kernels::reference::{
    Conv2dHybrid, DepthwiseConv2dHybrid, FullyConnectedHybrid, HybridWeights, conv_2d_hybrid,
    depthwise_conv_2d_hybrid, fully_connected_hybrid,
};

use crate::memory::{elements, elements_mut};

macro_rules! hybrid {
    ($($(#[$doc:meta])* $name:ident($params:ident) = $kernel:path;)*) => {$(
        operator! {
            $(#[$doc])*
            $name($params), |this, io| {
                let ([output, quantized], [input, filter, bias, scales]) = io.split([0, 1], [2, 3, 4, 5])?;
                let weights = HybridWeights {
                    filter: elements(filter, 3)?,
                    bias: elements(bias, 4)?,
                    scales: elements(scales, 5)?,
                };
                $kernel(
                    &this.0,
                    elements(input, 2)?,
                    weights,
                    elements_mut(quantized, 1)?,
                    elements_mut(output, 0)?,
                )?;
            }
        }
    )*};
}

hybrid! {
    /// CONV_2D on float32 with int8 weights.
    Conv2dDynamic(Conv2dHybrid) = conv_2d_hybrid;
    /// DEPTHWISE_CONV_2D on float32 with int8 weights.
    DepthwiseConv2dDynamic(DepthwiseConv2dHybrid) = depthwise_conv_2d_hybrid;
    /// FULLY_CONNECTED on float32 with int8 weights.
    FullyConnectedDynamic(FullyConnectedHybrid) = fully_connected_hybrid;
}
