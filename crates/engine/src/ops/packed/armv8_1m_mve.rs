//! Kernels for Helium.
//!
//! Operands of those with weights: output, input, packed weights, constants (`i32`), exponents (`i8`), scratch (`u32`).

use kernels::arch::armv8_1m_mve::{
    HeliumAdd, HeliumAveragePool2d, HeliumConv2d, HeliumDepthwiseConv2d, HeliumFullyConnected, HeliumWeights,
};

use crate::ops::{Flow, Operator, elementwise::two};
use crate::{
    Io, RunError,
    memory::{elements, elements_mut},
};

/// What an operator here works on. All view their operands in one way, so that a program has that code once.
struct Operands<'v> {
    output: &'v mut [i8],
    input: &'v [i8],
    packed: HeliumWeights<'v>,
    scratch: &'v mut [u32],
}

impl<'v> Operands<'v> {
    fn of(io: &'v mut Io<'_, '_>) -> Result<Self, RunError> {
        let ([output, scratch], [input, weights, constants, exponents]) = io.split([0, 5], [1, 2, 3, 4])?;
        Ok(Self {
            output: elements_mut(output, 0)?,
            input: elements(input, 1)?,
            packed: HeliumWeights {
                weights: elements(weights, 2)?,
                constants: elements(constants, 3)?,
                exponents: elements(exponents, 4)?,
            },
            scratch: elements_mut(scratch, 5)?,
        })
    }
}

/// CONV_2D on int8, packed for Helium.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Conv2dMve(pub HeliumConv2d);

impl Operator for Conv2dMve {
    fn run(&self, io: &mut Io<'_, '_>) -> Result<Flow, RunError> {
        let Operands { output, input, packed, scratch } = Operands::of(io)?;
        self.0.run(input, packed, output, scratch)?;
        Ok(Flow::Next)
    }
}

/// FULLY_CONNECTED on int8, packed for Helium. It has no scratch.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct FullyConnectedMve(pub HeliumFullyConnected);

impl Operator for FullyConnectedMve {
    fn run(&self, io: &mut Io<'_, '_>) -> Result<Flow, RunError> {
        let Operands { output, input, packed, .. } = Operands::of(io)?;
        self.0.run(input, packed, output)?;
        Ok(Flow::Next)
    }
}

/// DEPTHWISE_CONV_2D on int8, packed for Helium.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct DepthwiseConv2dMve(pub HeliumDepthwiseConv2d);

impl Operator for DepthwiseConv2dMve {
    fn run(&self, io: &mut Io<'_, '_>) -> Result<Flow, RunError> {
        let Operands { output, input, packed, scratch } = Operands::of(io)?;
        self.0.run(input, packed, output, scratch)?;
        Ok(Flow::Next)
    }
}

/// ADD on int8 of tensors of one shape, for Helium.
///
/// Operands: the output, the first, the second. The output may be one of the others.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct AddMve(pub HeliumAdd);

impl Operator for AddMve {
    fn run(&self, io: &mut Io<'_, '_>) -> Result<Flow, RunError> {
        let (output, [a, b]) = two(io)?;
        self.0.run(a, b, output)?;
        Ok(Flow::Next)
    }
}

/// AVERAGE_POOL_2D on int8, for Helium.
///
/// Operands: output, input.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct AveragePool2dMve(pub HeliumAveragePool2d);

impl Operator for AveragePool2dMve {
    fn run(&self, io: &mut Io<'_, '_>) -> Result<Flow, RunError> {
        let ([output], [input]) = io.split([0], [1])?;
        self.0.run(elements(input, 1)?, elements_mut(output, 0)?)?;
        Ok(Flow::Next)
    }
}
