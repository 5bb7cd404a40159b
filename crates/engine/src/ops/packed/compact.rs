//! Layers for images in which every byte counts, on any core.
//!
//! Operands of those with weights: output, input, constants, scratch where the kernel asks for some.

use kernels::arch::compact::{
    CompactConv2d, CompactDepthwise, CompactPointwise, CompactPool, add_s8, average_pool_2d_s8, conv_2d_s8,
    depthwise_conv_2d_s8, pointwise_s8,
};
use quant::Sum;

use super::super::{Flow, Operator, elementwise::two};
use crate::{
    Io, RunError,
    memory::{elements, elements_mut},
};

/// CONV_2D on int8.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Conv2dCompact(pub CompactConv2d);

impl Operator for Conv2dCompact {
    fn run(&self, io: &mut Io<'_, '_>) -> Result<Flow, RunError> {
        let ([output, scratch], [input, constants]) = io.split([0, 3], [1, 2])?;
        let (scratch, output) = (elements_mut(scratch, 3)?, elements_mut(output, 0)?);
        conv_2d_s8(&self.0, elements(input, 1)?, constants, scratch, output)?;
        Ok(Flow::Next)
    }
}

/// DEPTHWISE_CONV_2D on int8, one filter per channel.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct DepthwiseConv2dCompact(pub CompactDepthwise);

impl Operator for DepthwiseConv2dCompact {
    fn run(&self, io: &mut Io<'_, '_>) -> Result<Flow, RunError> {
        let ([output], [input, constants]) = io.split([0], [1, 2])?;
        depthwise_conv_2d_s8(&self.0, elements(input, 1)?, constants, elements_mut(output, 0)?)?;
        Ok(Flow::Next)
    }
}

/// FULLY_CONNECTED on int8, and CONV_2D of single pixels.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct PointwiseCompact(pub CompactPointwise);

impl Operator for PointwiseCompact {
    fn run(&self, io: &mut Io<'_, '_>) -> Result<Flow, RunError> {
        let ([output], [input, constants]) = io.split([0], [1, 2])?;
        pointwise_s8(&self.0, elements(input, 1)?, constants, elements_mut(output, 0)?)?;
        Ok(Flow::Next)
    }
}

/// AVERAGE_POOL_2D on int8. Operands: the output, the input.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct AveragePool2dCompact(pub CompactPool);

impl Operator for AveragePool2dCompact {
    fn run(&self, io: &mut Io<'_, '_>) -> Result<Flow, RunError> {
        let ([output], [input]) = io.split([0], [1])?;
        average_pool_2d_s8(&self.0, elements(input, 1)?, elements_mut(output, 0)?)?;
        Ok(Flow::Next)
    }
}

/// ADD on int8 tensors of one shape.
///
/// Operands: the output, the first, the second. The output may be one of the others.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct AddCompact(pub Sum);

impl Operator for AddCompact {
    fn run(&self, io: &mut Io<'_, '_>) -> Result<Flow, RunError> {
        let (output, [a, b]) = two(io)?;
        add_s8(&self.0, a, b, output)?;
        Ok(Flow::Next)
    }
}
