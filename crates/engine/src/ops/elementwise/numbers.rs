//! Operators of two numbers that stand for themselves, and of elements that are only moved.

use kernels::{
    Broadcast,
    reference::{self, Limits, Source},
};

use super::two;
use crate::memory::{elements, elements_mut};

of_two! {
    /// ADD on float32.
    AddF32(Limits<f32>) = reference::add
}
of_two! {
    /// ADD on int32.
    AddS32(Limits<i32>) = reference::add
}
of_two! {
    /// ADD on int64.
    AddS64(Limits<i64>) = reference::add
}
of_two! {
    /// SUB on float32.
    SubF32(Limits<f32>) = reference::sub
}
of_two! {
    /// SUB on int32.
    SubS32(Limits<i32>) = reference::sub
}
of_two! {
    /// SUB on int64.
    SubS64(Limits<i64>) = reference::sub
}
of_two! {
    /// MUL on float32.
    MulF32(Limits<f32>) = reference::mul
}
of_two! {
    /// MUL on int32.
    MulS32(Limits<i32>) = reference::mul
}
of_two! {
    /// MUL on int64.
    MulS64(Limits<i64>) = reference::mul
}
of_two! {
    /// DIV on float32.
    DivF32(Limits<f32>) = reference::div
}
of_two! {
    /// DIV on int32.
    DivS32(Limits<i32>) = reference::div
}
of_two! {
    /// SQUARED_DIFFERENCE on float32.
    SquaredDifferenceF32 = reference::squared_difference, f32
}
of_two! {
    /// SQUARED_DIFFERENCE on int32.
    SquaredDifferenceS32 = reference::squared_difference, i32
}
of_two! {
    /// MAXIMUM on float32.
    MaximumF32 = reference::maximum, f32
}
of_two! {
    /// MAXIMUM on int8.
    MaximumS8 = reference::maximum, i8
}
of_two! {
    /// MAXIMUM on uint8.
    MaximumU8 = reference::maximum, u8
}
of_two! {
    /// MAXIMUM on int16.
    MaximumS16 = reference::maximum, i16
}
of_two! {
    /// MAXIMUM on int32.
    MaximumS32 = reference::maximum, i32
}
of_two! {
    /// MAXIMUM on int64.
    MaximumS64 = reference::maximum, i64
}
of_two! {
    /// MINIMUM on float32.
    MinimumF32 = reference::minimum, f32
}
of_two! {
    /// MINIMUM on int8.
    MinimumS8 = reference::minimum, i8
}
of_two! {
    /// MINIMUM on uint8.
    MinimumU8 = reference::minimum, u8
}
of_two! {
    /// MINIMUM on int16.
    MinimumS16 = reference::minimum, i16
}
of_two! {
    /// MINIMUM on int32.
    MinimumS32 = reference::minimum, i32
}
of_two! {
    /// MINIMUM on int64.
    MinimumS64 = reference::minimum, i64
}
of_two! {
    /// FLOOR_DIV on float32.
    FloorDivF32 = reference::floor_div, f32
}
of_two! {
    /// FLOOR_DIV on int8.
    FloorDivS8 = reference::floor_div, i8
}
of_two! {
    /// FLOOR_DIV on int16.
    FloorDivS16 = reference::floor_div, i16
}
of_two! {
    /// FLOOR_DIV on int32.
    FloorDivS32 = reference::floor_div, i32
}
of_two! {
    /// FLOOR_DIV on int64.
    FloorDivS64 = reference::floor_div, i64
}
of_two! {
    /// FLOOR_MOD on float32.
    FloorModF32 = reference::floor_mod, f32
}
of_two! {
    /// FLOOR_MOD on int8.
    FloorModS8 = reference::floor_mod, i8
}
of_two! {
    /// FLOOR_MOD on int16.
    FloorModS16 = reference::floor_mod, i16
}
of_two! {
    /// FLOOR_MOD on int32.
    FloorModS32 = reference::floor_mod, i32
}
of_two! {
    /// FLOOR_MOD on int64.
    FloorModS64 = reference::floor_mod, i64
}
of_two! {
    /// POW on float32.
    PowF32 = reference::pow_f32, f32
}
of_two! {
    /// POW on int32.
    PowS32 = reference::pow_s32, i32
}
of_two! {
    /// LOGICAL_AND.
    LogicalAnd = reference::logical_and, u8
}
of_two! {
    /// LOGICAL_OR.
    LogicalOr = reference::logical_or, u8
}
of_two! {
    /// PRELU on float32.
    PreluF32 = reference::prelu_f32, f32
}

macro_rules! select {
    ($(#[$doc:meta])* $name:ident($element:ty)) => {
        operator! {
            $(#[$doc])*
            ///
            /// Operands: the output, the condition, what it gives where true, and where false. The output may be
            /// either of the last two.
            $name {
                /// How the operands lie over each other.
                pub walk: Broadcast,
            }, |this, io| {
                if io.is_same(0, 2) {
                    let ([output], [condition, b]) = io.split([0], [1, 3])?;
                    let (output, b) = (elements_mut::<$element>(output, 0)?, elements(b, 3)?);
                    reference::select(&this.walk, condition, Source::Output, Source::Given(b), output)?;
                } else if io.is_same(0, 3) {
                    let ([output], [condition, a]) = io.split([0], [1, 2])?;
                    let (output, a) = (elements_mut::<$element>(output, 0)?, elements(a, 2)?);
                    reference::select(&this.walk, condition, Source::Given(a), Source::Output, output)?;
                } else {
                    let ([output], [condition, a, b]) = io.split([0], [1, 2, 3])?;
                    let (a, b) = (Source::Given(elements(a, 2)?), Source::Given(elements(b, 3)?));
                    reference::select(&this.walk, condition, a, b, elements_mut::<$element>(output, 0)?)?;
                }
            }
        }
    };
}

select! {
    /// SELECT and SELECT_V2 of elements of 8 bits.
    Select8(u8)
}
select! {
    /// SELECT and SELECT_V2 of elements of 16 bits.
    Select16(u16)
}
select! {
    /// SELECT and SELECT_V2 of elements of 32 bits.
    Select32(u32)
}
select! {
    /// SELECT and SELECT_V2 of elements of 64 bits.
    Select64(u64)
}
