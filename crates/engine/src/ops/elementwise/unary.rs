//! Operators of one element.

use kernels::reference::{self, Limits, Source};
use quant::{Curve16Input, LeakyRelu, Requantize};

use super::one;
use crate::memory::{elements, elements_mut};

of_one! {
    /// QUANTIZE from int16 to int16, and RELU and its kin on int16.
    RequantizeS16(Requantize) = reference::requantize_s16
}
of_one! {
    /// ABS on int16.
    AbsS16(Requantize) = reference::abs_s16
}
of_one! {
    /// LEAKY_RELU on int16.
    LeakyReluS16(LeakyRelu) = reference::leaky_relu_s16
}
of_one! {
    /// LOGISTIC on int16.
    LogisticS16(Curve16Input) = reference::logistic_s16
}
of_one! {
    /// TANH on int16.
    TanhS16(Curve16Input) = reference::tanh_s16
}
of_one! {
    /// RELU and its kin on float32.
    LimitF32(Limits<f32>) = reference::limit_f32
}
of_one! {
    /// LEAKY_RELU on float32, with its slope.
    LeakyReluF32(f32) = reference::leaky_relu_f32
}
of_one! {
    /// ABS on int32.
    AbsS32 = reference::abs_s32
}
of_one! {
    /// NEG on int32.
    NegS32 = reference::neg_s32
}
of_one! {
    /// ABS on float32.
    AbsF32 = reference::abs_f32
}
of_one! {
    /// NEG on float32.
    NegF32 = reference::neg_f32
}
of_one! {
    /// EXP on float32.
    ExpF32 = reference::exp_f32
}
of_one! {
    /// LOG on float32.
    LogF32 = reference::log_f32
}
of_one! {
    /// SQRT on float32.
    SqrtF32 = reference::sqrt_f32
}
of_one! {
    /// RSQRT on float32.
    RsqrtF32 = reference::rsqrt_f32
}
of_one! {
    /// SQUARE on float32.
    SquareF32 = reference::square_f32
}
of_one! {
    /// SIN on float32.
    SinF32 = reference::sin_f32
}
of_one! {
    /// COS on float32.
    CosF32 = reference::cos_f32
}
of_one! {
    /// CEIL on float32.
    CeilF32 = reference::ceil_f32
}
of_one! {
    /// FLOOR on float32.
    FloorF32 = reference::floor_f32
}
of_one! {
    /// ROUND on float32.
    RoundF32 = reference::round_f32
}
of_one! {
    /// SIGN on float32.
    SignF32 = reference::sign_f32
}
of_one! {
    /// LOGISTIC on float32.
    LogisticF32 = reference::logistic_f32
}
of_one! {
    /// TANH on float32.
    TanhF32 = reference::tanh_f32
}
of_one! {
    /// HARD_SWISH on float32.
    HardSwishF32 = reference::hard_swish_f32
}
of_one! {
    /// ELU on float32.
    EluF32 = reference::elu_f32
}
of_one! {
    /// GELU on float32.
    GeluF32 = reference::gelu_f32
}
of_one! {
    /// GELU, approximated, on float32.
    GeluTanhF32 = reference::gelu_tanh_f32
}
operator! {
    /// Any function from 8 bits to 8 bits.
    ///
    /// Operands: the output, the input, which may be the same place, and the table of 256 bytes.
    Lut8, |io| {
        if io.is_same(0, 1) {
            let ([output], [table]) = io.split([0], [2])?;
            reference::lut_8(table, Source::Output, output)?;
        } else {
            let ([output], [input, table]) = io.split([0], [1, 2])?;
            reference::lut_8(table, Source::Given(input), output)?;
        }
    }
}

operator! {
    /// Any function on int16, interpolated.
    ///
    /// Operands: the output, the input, which may be the same place, and the table of 513 int16.
    Lut16, |io| {
        if io.is_same(0, 1) {
            let ([output], [table]) = io.split([0], [2])?;
            reference::lut_16(elements(table, 2)?, Source::Output, elements_mut(output, 0)?)?;
        } else {
            let ([output], [input, table]) = io.split([0], [1, 2])?;
            let input = Source::Given(elements(input, 1)?);
            reference::lut_16(elements(table, 2)?, input, elements_mut(output, 0)?)?;
        }
    }
}
