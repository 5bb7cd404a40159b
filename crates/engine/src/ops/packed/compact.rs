//! Layers for images in which every byte counts, on any core.
//!
//! Operands of those with weights: output, input, constants, scratch where the kernel asks for some.

use kernels::arch::compact::{
    CompactConv2d, CompactDepthwise, CompactPointwise, CompactPool, add_s8, average_pool_2d_s8, conv_2d_s8,
    depthwise_conv_2d_s8, pointwise_s8,
};
use quant::Sum;

use super::super::elementwise::two;
use crate::memory::{elements, elements_mut};

operator! {
    /// CONV_2D on int8.
    Conv2dCompact(CompactConv2d), |this, io| {
        let ([output, scratch], [input, constants]) = io.split([0, 3], [1, 2])?;
        let (scratch, output) = (elements_mut(scratch, 3)?, elements_mut(output, 0)?);
        conv_2d_s8(&this.0, elements(input, 1)?, constants, scratch, output)?;
    }
}

operator! {
    /// DEPTHWISE_CONV_2D on int8, one filter per channel.
    DepthwiseConv2dCompact(CompactDepthwise), |this, io| {
        let ([output], [input, constants]) = io.split([0], [1, 2])?;
        depthwise_conv_2d_s8(&this.0, elements(input, 1)?, constants, elements_mut(output, 0)?)?;
    }
}

operator! {
    /// FULLY_CONNECTED on int8, and CONV_2D of single pixels.
    PointwiseCompact(CompactPointwise), |this, io| {
        let ([output], [input, constants]) = io.split([0], [1, 2])?;
        pointwise_s8(&this.0, elements(input, 1)?, constants, elements_mut(output, 0)?)?;
    }
}

from_input! {
    /// AVERAGE_POOL_2D on int8.
    AveragePool2dCompact(CompactPool) = average_pool_2d_s8;
}

operator! {
    /// ADD on int8 tensors of one shape.
    ///
    /// Operands: the output, the first, the second. The output may be one of the others.
    AddCompact(Sum), |this, io| {
        let (output, [a, b]) = two(io)?;
        add_s8(&this.0, a, b, output)?;
    }
}
