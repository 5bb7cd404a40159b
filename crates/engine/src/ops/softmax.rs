//! SOFTMAX. Operands of each, in order: output, input.

use kernels::reference::{self, Softmax};

use super::{Flow, Operator};
use crate::{
    Io, RunError,
    memory::{elements, elements_mut},
};

macro_rules! softmax {
    ($(#[$doc:meta])* $name:ident = $kernel:path) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq)]
        #[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
        pub struct $name(pub Softmax);

        impl Operator for $name {
            fn run(&self, io: &mut Io<'_, '_>) -> Result<Flow, RunError> {
                let ([output], [input]) = io.split([0], [1])?;
                $kernel(&self.0, elements(input, 1)?, elements_mut(output, 0)?)?;
                Ok(Flow::Next)
            }
        }
    };
}

softmax! {
    /// SOFTMAX from int8 to int8.
    SoftmaxS8 = reference::softmax_s8
}
softmax! {
    /// SOFTMAX from int8 to int16.
    SoftmaxS8S16 = reference::softmax_s8_s16
}
