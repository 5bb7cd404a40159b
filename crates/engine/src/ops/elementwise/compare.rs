//! Comparisons.

use kernels::{
    Broadcast,
    reference::{self, Relation},
};
use quant::CommonScale;

use crate::{Flow, Io, Operator, RunError, memory::elements};

macro_rules! comparison {
    ($(#[$doc:meta])* $name:ident($element:ty)) => {
        $(#[$doc])*
        ///
        /// Operands: the output, the first, the second.
        #[derive(Clone, Copy, Debug, PartialEq)]
        #[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
        pub struct $name {
            /// How the operands lie over each other.
            pub walk: Broadcast,
            /// Which comparison.
            pub relation: Relation,
        }

        impl Operator for $name {
            fn run(&self, io: &mut Io<'_, '_>) -> Result<Flow, RunError> {
                let ([output], [a, b]) = io.split([0], [1, 2])?;
                let (a, b) = (elements::<$element>(a, 1)?, elements::<$element>(b, 2)?);
                reference::compare(&self.walk, self.relation, a, b, output)?;
                Ok(Flow::Next)
            }
        }
    };
    ($(#[$doc:meta])* $name:ident($element:ty) scaled) => {
        $(#[$doc])*
        ///
        /// Operands: the output, the first, the second.
        #[derive(Clone, Copy, Debug, PartialEq)]
        #[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
        pub struct $name {
            /// How the operands lie over each other.
            pub walk: Broadcast,
            /// Which comparison.
            pub relation: Relation,
            /// What the elements stand for.
            pub scales: CommonScale,
        }

        impl Operator for $name {
            fn run(&self, io: &mut Io<'_, '_>) -> Result<Flow, RunError> {
                let ([output], [a, b]) = io.split([0], [1, 2])?;
                let operands = [elements::<$element>(a, 1)?, elements::<$element>(b, 2)?];
                reference::compare_quantized(&self.walk, self.relation, &self.scales, operands, output)?;
                Ok(Flow::Next)
            }
        }
    };
}

comparison! {
    /// Comparisons of bools, and of uint8 as it is.
    CompareU8(u8)
}
comparison! {
    /// Comparisons of int16 as it is.
    CompareS16(i16)
}
comparison! {
    /// Comparisons of int32.
    CompareS32(i32)
}
comparison! {
    /// Comparisons of int64.
    CompareS64(i64)
}
comparison! {
    /// Comparisons of float32.
    CompareF32(f32)
}
comparison! {
    /// Comparisons of quantised int8.
    CompareScaledS8(i8) scaled
}
comparison! {
    /// Comparisons of quantised uint8.
    CompareScaledU8(u8) scaled
}
