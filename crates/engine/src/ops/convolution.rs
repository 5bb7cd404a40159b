//! Convolutions and products with a matrix of weights.
//!
//! Operands of each that multiplies integers, in order: output, input, filter, bias (may be absent), scale
//! mantissas (`i32`), scale shifts (`i8`). Those on real numbers end with the bias.

use kernels::{
    PerChannel,
    arch::active,
    reference::{
        self, Conv2d, Conv2dF32, DepthwiseConv2d, DepthwiseConv2dF32, FullyConnected, FullyConnectedF32,
        Nibbles, TransposeConv, TransposeConvF32,
    },
};

use crate::{
    RunError,
    memory::{elements, elements_mut},
};

macro_rules! integers {
    ($($(#[$doc:meta])* $name:ident($params:ident) = $kernel:path, $filter:path;)*) => {$(
        operator! {
            $(#[$doc])*
            $name($params), |this, io| {
                let ([output], [input, filter, bias, mantissas, shifts]) = io.split([0], [1, 2, 3, 4, 5])?;
                let scales = PerChannel { mantissas: elements(mantissas, 4)?, shifts: elements(shifts, 5)? };
                $kernel(
                    &this.0,
                    elements(input, 1)?,
                    $filter(filter)?,
                    elements(bias, 3)?,
                    scales,
                    elements_mut(output, 0)?,
                )?;
            }
        }
    )*};
}

macro_rules! real_numbers {
    ($($(#[$doc:meta])* $name:ident($params:ident) = $kernel:path;)*) => {$(
        operator! {
            $(#[$doc])*
            $name($params), |this, io| {
                let ([output], [input, filter, bias]) = io.split([0], [1, 2, 3])?;
                $kernel(
                    &this.0,
                    elements(input, 1)?,
                    elements(filter, 2)?,
                    elements(bias, 3)?,
                    elements_mut(output, 0)?,
                )?;
            }
        }
    )*};
}

fn bytes(filter: &[u8]) -> Result<&[i8], RunError> {
    elements(filter, 2)
}

fn nibbles(filter: &[u8]) -> Result<Nibbles<'_>, RunError> {
    Ok(Nibbles(filter))
}

integers! {
    /// CONV_2D on int8.
    Conv2dS8(Conv2d) = active::conv_2d_s8, bytes;
    /// DEPTHWISE_CONV_2D on int8.
    DepthwiseConv2dS8(DepthwiseConv2d) = active::depthwise_conv_2d_s8, bytes;
    /// FULLY_CONNECTED on int8.
    FullyConnectedS8(FullyConnected) = active::fully_connected_s8, bytes;
    /// CONV_2D on int8 with int4 weights.
    Conv2dS4(Conv2d) = reference::conv_2d_s4, nibbles;
    /// DEPTHWISE_CONV_2D on int8 with int4 weights.
    DepthwiseConv2dS4(DepthwiseConv2d) = reference::depthwise_conv_2d_s4, nibbles;
    /// FULLY_CONNECTED on int8 with int4 weights.
    FullyConnectedS4(FullyConnected) = reference::fully_connected_s4, nibbles;
    /// FULLY_CONNECTED on int8, rounded once.
    FullyConnectedOnceS8(FullyConnected) = reference::fully_connected_once, bytes;
    /// FULLY_CONNECTED on int8 with int4 weights, rounded once.
    FullyConnectedOnceS4(FullyConnected) = reference::fully_connected_once, nibbles;
    /// CONV_2D on int16 with int8 weights and a 64-bit bias.
    Conv2dS16(Conv2d) = reference::conv_2d_s16, bytes;
    /// DEPTHWISE_CONV_2D on int16 with int8 weights and a 64-bit bias.
    DepthwiseConv2dS16(DepthwiseConv2d) = reference::depthwise_conv_2d_s16, bytes;
    /// FULLY_CONNECTED on int16 with int8 weights and a 64-bit bias.
    FullyConnectedS16(FullyConnected) = reference::fully_connected_s16, bytes;
    /// CONV_2D on int16 with int8 weights and a 32-bit bias.
    Conv2dS16Bias32(Conv2d) = reference::conv_2d_s16_bias32, bytes;
    /// DEPTHWISE_CONV_2D on int16 with int8 weights and a 32-bit bias.
    DepthwiseConv2dS16Bias32(DepthwiseConv2d) = reference::depthwise_conv_2d_s16_bias32, bytes;
    /// FULLY_CONNECTED on int16 with int8 weights and a 32-bit bias.
    FullyConnectedS16Bias32(FullyConnected) = reference::fully_connected_s16_bias32, bytes;
    /// TRANSPOSE_CONV on int8.
    TransposeConvS8(TransposeConv) = reference::transpose_conv_s8, bytes;
    /// TRANSPOSE_CONV on int16 with int8 weights.
    TransposeConvS16(TransposeConv) = reference::transpose_conv_s16, bytes;
}

real_numbers! {
    /// CONV_2D on float32.
    Conv2dReal(Conv2dF32) = reference::conv_2d_f32;
    /// DEPTHWISE_CONV_2D on float32.
    DepthwiseConv2dReal(DepthwiseConv2dF32) = reference::depthwise_conv_2d_f32;
    /// FULLY_CONNECTED on float32.
    FullyConnectedReal(FullyConnectedF32) = reference::fully_connected_f32;
    /// TRANSPOSE_CONV on float32.
    TransposeConvReal(TransposeConvF32) = reference::transpose_conv_f32;
}
