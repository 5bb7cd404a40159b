//! From one type or quantisation to another, along an axis, and to constants.

use kernels::reference::{self, Cast, Cumsum, Quantize};
use quant::{Requantize, Sum};

use crate::memory::{elements, elements_mut};

macro_rules! between_types {
    ($(#[$doc:meta])* $name:ident($params:ident) = $kernel:ident, $from:ty => $to:ty) => {
        operator! {
            $(#[$doc])*
            ///
            /// Operands: the output, the input.
            $name($params), |this, io| {
                let ([output], [input]) = io.split([0], [1])?;
                reference::$kernel(&this.0, elements::<$from>(input, 1)?, elements_mut::<$to>(output, 0)?)?;
            }
        }
    };
}

between_types! {
    /// QUANTIZE from float32 to int8.
    QuantizeS8(Quantize) = quantize_f32, f32 => i8
}
between_types! {
    /// QUANTIZE from float32 to uint8.
    QuantizeU8(Quantize) = quantize_f32, f32 => u8
}
between_types! {
    /// QUANTIZE from float32 to int16.
    QuantizeS16(Quantize) = quantize_f32, f32 => i16
}
between_types! {
    /// DEQUANTIZE of int8.
    DequantizeS8(Quantize) = dequantize_f32, i8 => f32
}
between_types! {
    /// DEQUANTIZE of uint8.
    DequantizeU8(Quantize) = dequantize_f32, u8 => f32
}
between_types! {
    /// DEQUANTIZE of int16.
    DequantizeS16(Quantize) = dequantize_f32, i16 => f32
}
between_types! {
    /// DEQUANTIZE of int32.
    DequantizeS32(Quantize) = dequantize_f32, i32 => f32
}
between_types! {
    /// QUANTIZE from int8 to int16.
    RequantizeS8ToS16(Requantize) = requantize, i8 => i16
}
between_types! {
    /// QUANTIZE from int8 to int32.
    RequantizeS8ToS32(Requantize) = requantize, i8 => i32
}
between_types! {
    /// QUANTIZE from uint8 to int16.
    RequantizeU8ToS16(Requantize) = requantize, u8 => i16
}
between_types! {
    /// QUANTIZE from int16 to int8.
    RequantizeS16ToS8(Requantize) = requantize, i16 => i8
}
between_types! {
    /// QUANTIZE from int16 to int32.
    RequantizeS16ToS32(Requantize) = requantize, i16 => i32
}
between_types! {
    /// QUANTIZE from int32 to int8.
    RequantizeS32ToS8(Requantize) = requantize, i32 => i8
}
between_types! {
    /// QUANTIZE from int32 to int16.
    RequantizeS32ToS16(Requantize) = requantize, i32 => i16
}

operator! {
    /// CAST between any types.
    ///
    /// Operands: the output, the input.
    CastAny(Cast), |this, io| {
        let ([output], [input]) = io.split([0], [1])?;
        reference::cast(&this.0, input, output)?;
    }
}

between_types! {
    /// CUMSUM on float32.
    CumsumF32(Cumsum) = cumsum, f32 => f32
}
between_types! {
    /// CUMSUM on int32.
    CumsumS32(Cumsum) = cumsum, i32 => i32
}
between_types! {
    /// CUMSUM on int64.
    CumsumS64(Cumsum) = cumsum, i64 => i64
}

operator! {
    /// CUMSUM on int8.
    ///
    /// Operands: the output, the input.
    CumsumS8 {
        /// The axis.
        pub axis: Cumsum,
        /// Constants.
        pub constants: Sum,
    }, |this, io| {
        let ([output], [input]) = io.split([0], [1])?;
        reference::cumsum_s8(&this.axis, &this.constants, elements(input, 1)?, elements_mut(output, 0)?)?;
    }
}

operator! {
    /// ZEROS_LIKE.
    ///
    /// Operands: the output.
    Zeros, |io| {
        io.in_place(0)?.fill(0);
    }
}

macro_rules! broadcast_args {
    ($(#[$doc:meta])* $name:ident($element:ty)) => {
        operator! {
            $(#[$doc])*
            ///
            /// Operands: the output, the first, the second.
            $name, |io| {
                let ([output], [a, b]) = io.split([0], [1, 2])?;
                let (a, b) = (elements::<$element>(a, 1)?, elements::<$element>(b, 2)?);
                reference::broadcast_args(a, b, elements_mut(output, 0)?)?;
            }
        }
    };
}

broadcast_args! {
    /// BROADCAST_ARGS on int32.
    BroadcastArgsS32(i32)
}
broadcast_args! {
    /// BROADCAST_ARGS on int64.
    BroadcastArgsS64(i64)
}
