//! Convolutions and matrix products.
//!
//! Operands of each, in order: output, input, filter, bias (may be absent), scale mantissas (`i32`), scale
//! shifts (`i8`).

use kernels::{
    PerChannel,
    arch::active,
    reference::{Conv2d, DepthwiseConv2d, FullyConnected},
};

use super::{Flow, Operator};
use crate::{
    Io, RunError,
    memory::{elements, elements_mut},
};

macro_rules! convolution {
    ($(#[$doc:meta])* $name:ident($params:ident) = $kernel:path) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq)]
        #[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
        pub struct $name(pub $params);

        impl Operator for $name {
            fn run(&self, io: &mut Io<'_, '_>) -> Result<Flow, RunError> {
                let ([output], [input, filter, bias, mantissas, shifts]) = io.split([0], [1, 2, 3, 4, 5])?;
                let scales = PerChannel { mantissas: elements(mantissas, 4)?, shifts: elements(shifts, 5)? };
                $kernel(
                    &self.0,
                    elements(input, 1)?,
                    elements(filter, 2)?,
                    elements(bias, 3)?,
                    scales,
                    elements_mut(output, 0)?,
                )?;
                Ok(Flow::Next)
            }
        }
    };
}

convolution! {
    /// CONV_2D on int8.
    Conv2dS8(Conv2d) = active::conv_2d_s8
}
convolution! {
    /// DEPTHWISE_CONV_2D on int8.
    DepthwiseConv2dS8(DepthwiseConv2d) = active::depthwise_conv_2d_s8
}
convolution! {
    /// FULLY_CONNECTED on int8.
    FullyConnectedS8(FullyConnected) = active::fully_connected_s8
}
