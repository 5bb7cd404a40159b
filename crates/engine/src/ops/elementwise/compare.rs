//! Comparisons.

use kernels::{
    Broadcast,
    reference::{self, Relation},
};
use quant::CommonScale;

use crate::memory::elements;

macro_rules! comparison {
    ($(#[$doc:meta])* $name:ident($element:ty)) => {
        operator! {
            $(#[$doc])*
            ///
            /// Operands: the output, the first, the second.
            $name {
                /// How the operands lie over each other.
                pub walk: Broadcast,
                /// Which comparison.
                pub relation: Relation,
            }, |this, io| {
                let ([output], [a, b]) = io.split([0], [1, 2])?;
                let (a, b) = (elements::<$element>(a, 1)?, elements::<$element>(b, 2)?);
                reference::compare(&this.walk, this.relation, a, b, output)?;
            }
        }
    };
    ($(#[$doc:meta])* $name:ident($element:ty) scaled) => {
        operator! {
            $(#[$doc])*
            ///
            /// Operands: the output, the first, the second.
            $name {
                /// How the operands lie over each other.
                pub walk: Broadcast,
                /// Which comparison.
                pub relation: Relation,
                /// What the elements stand for.
                pub scales: CommonScale,
            }, |this, io| {
                let ([output], [a, b]) = io.split([0], [1, 2])?;
                let operands = [elements::<$element>(a, 1)?, elements::<$element>(b, 2)?];
                reference::compare_quantized(&this.walk, this.relation, &this.scales, operands, output)?;
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
