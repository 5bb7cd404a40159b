//! Kernels for Helium.
//!
//! Operands of those with weights: output, input, packed weights, constants (`i32`), exponents (`i8`), scratch (`u32`).

use kernels::arch::armv8_1m_mve::{
    HeliumAdd, HeliumAveragePool2d, HeliumConv2d, HeliumDepthwiseConv2d, HeliumFullyConnected, HeliumWeights,
};

use crate::{
    Io, RunError,
    memory::{elements, elements_mut},
    ops::elementwise::two,
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

operator! {
    plain
    /// CONV_2D on int8, packed for Helium.
    Conv2dMve(HeliumConv2d), |this, io| {
        let Operands { output, input, packed, scratch } = Operands::of(io)?;
        this.0.run(input, packed, output, scratch)?;
    }
}

operator! {
    plain
    /// FULLY_CONNECTED on int8, packed for Helium. It has no scratch.
    FullyConnectedMve(HeliumFullyConnected), |this, io| {
        let Operands { output, input, packed, .. } = Operands::of(io)?;
        this.0.run(input, packed, output)?;
    }
}

operator! {
    plain
    /// DEPTHWISE_CONV_2D on int8, packed for Helium.
    DepthwiseConv2dMve(HeliumDepthwiseConv2d), |this, io| {
        let Operands { output, input, packed, scratch } = Operands::of(io)?;
        this.0.run(input, packed, output, scratch)?;
    }
}

operator! {
    /// ADD on int8 of tensors of one shape, for Helium.
    ///
    /// Operands: the output, the first, the second. The output may be one of the others.
    AddMve(HeliumAdd), |this, io| {
        let (output, [a, b]) = two(io)?;
        this.0.run(a, b, output)?;
    }
}

operator! {
    plain
    /// AVERAGE_POOL_2D on int8, for Helium.
    ///
    /// Operands: output, input.
    AveragePool2dMve(HeliumAveragePool2d), |this, io| {
        let ([output], [input]) = io.split([0], [1])?;
        this.0.run(elements(input, 1)?, elements_mut(output, 0)?)?;
    }
}
