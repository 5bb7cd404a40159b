//! Pooling. Operands of each, in order: output, input.

use kernels::reference::{self, Pool2d};

use super::{Flow, Operator};
use crate::{
    Io, RunError,
    memory::{elements, elements_mut},
};

macro_rules! pooling {
    ($(#[$doc:meta])* $name:ident = $kernel:path) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq)]
        #[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
        pub struct $name(pub Pool2d);

        impl Operator for $name {
            fn run(&self, io: &mut Io<'_, '_>) -> Result<Flow, RunError> {
                let ([output], [input]) = io.split([0], [1])?;
                $kernel(&self.0, elements(input, 1)?, elements_mut(output, 0)?)?;
                Ok(Flow::Next)
            }
        }
    };
}

pooling! {
    /// AVERAGE_POOL_2D on int8.
    AveragePool2dS8 = reference::average_pool_2d_s8
}
pooling! {
    /// MAX_POOL_2D on int8.
    MaxPool2dS8 = reference::max_pool_2d_s8
}
