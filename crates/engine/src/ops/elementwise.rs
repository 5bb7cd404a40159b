//! Operators of one element, or of two that lie over each other.

use kernels::{
    Broadcast,
    reference::{self, Quantize, Relation, Source},
};
use quant::{CommonScale, Product, Requantize, Sum};

use super::{Flow, Operator};
use crate::{
    Io, RunError,
    memory::{elements, elements_mut},
};

/// The output, operand 0, and operand 1, which may be the same place.
fn one<'i, T: bytemuck::Pod>(io: &'i mut Io<'_, '_>) -> Result<(&'i mut [T], Source<'i, T>), RunError> {
    if io.is_same(0, 1) {
        return Ok((elements_mut(io.in_place(0)?, 0)?, Source::Output));
    }
    let ([output], [a]) = io.split([0], [1])?;
    Ok((elements_mut(output, 0)?, Source::Given(elements(a, 1)?)))
}

/// The output, operand 0, and operands 1 and 2, of which one may be the same place as the output.
fn two<'i, T: bytemuck::Pod>(io: &'i mut Io<'_, '_>) -> Result<(&'i mut [T], [Source<'i, T>; 2]), RunError> {
    if io.is_same(0, 1) {
        let ([output], [b]) = io.split([0], [2])?;
        return Ok((elements_mut(output, 0)?, [Source::Output, Source::Given(elements(b, 2)?)]));
    }
    if io.is_same(0, 2) {
        let ([output], [a]) = io.split([0], [1])?;
        return Ok((elements_mut(output, 0)?, [Source::Given(elements(a, 1)?), Source::Output]));
    }
    let ([output], [a, b]) = io.split([0], [1, 2])?;
    Ok((elements_mut(output, 0)?, [Source::Given(elements(a, 1)?), Source::Given(elements(b, 2)?)]))
}

macro_rules! of_two {
    ($(#[$doc:meta])* $name:ident($params:ty) = $kernel:path) => {
        $(#[$doc])*
        ///
        /// Operands: the output, the first, the second. The output may be one of the others.
        #[derive(Clone, Copy, Debug, PartialEq)]
        #[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
        pub struct $name {
            /// How the operands lie over each other.
            pub walk: Broadcast,
            /// Constants.
            pub constants: $params,
        }

        impl Operator for $name {
            fn run(&self, io: &mut Io<'_, '_>) -> Result<Flow, RunError> {
                let (output, [a, b]) = two(io)?;
                $kernel(&self.walk, &self.constants, a, b, output)?;
                Ok(Flow::Next)
            }
        }
    };
}

macro_rules! of_one {
    ($(#[$doc:meta])* $name:ident($params:ty) = $kernel:path) => {
        $(#[$doc])*
        ///
        /// Operands: the output, the input, which may be the same place.
        #[derive(Clone, Copy, Debug, PartialEq)]
        #[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
        pub struct $name(pub $params);

        impl Operator for $name {
            fn run(&self, io: &mut Io<'_, '_>) -> Result<Flow, RunError> {
                let (output, input) = one(io)?;
                $kernel(&self.0, input, output)?;
                Ok(Flow::Next)
            }
        }
    };
}

macro_rules! between_types {
    ($(#[$doc:meta])* $name:ident($params:ident) = $kernel:ident, $from:ty => $to:ty) => {
        $(#[$doc])*
        ///
        /// Operands: the output, the input.
        #[derive(Clone, Copy, Debug, PartialEq)]
        #[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
        pub struct $name(pub $params);

        impl Operator for $name {
            fn run(&self, io: &mut Io<'_, '_>) -> Result<Flow, RunError> {
                let ([output], [input]) = io.split([0], [1])?;
                reference::$kernel(&self.0, elements::<$from>(input, 1)?, elements_mut::<$to>(output, 0)?)?;
                Ok(Flow::Next)
            }
        }
    };
}

of_two! {
    /// ADD on int8.
    AddS8(Sum) = reference::add_s8
}
of_two! {
    /// ADD on int16.
    AddS16(Sum) = reference::add_s16
}
of_two! {
    /// SUB on int8.
    SubS8(Sum) = reference::sub_s8
}
of_two! {
    /// SUB on int16.
    SubS16(Sum) = reference::sub_s16
}
of_two! {
    /// MUL on int8.
    MulS8(Product) = reference::mul_s8
}
of_two! {
    /// MUL on int16.
    MulS16(Product) = reference::mul_s16
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
of_one! {
    /// QUANTIZE from int16 to int16, and RELU and its kin on int16.
    RequantizeS16(Requantize) = reference::requantize_s16
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

/// Any function from 8 bits to 8 bits.
///
/// Operands: the output, the input, which may be the same place, and the table of 256 bytes.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Lut8;

impl Operator for Lut8 {
    fn run(&self, io: &mut Io<'_, '_>) -> Result<Flow, RunError> {
        if io.is_same(0, 1) {
            let ([output], [table]) = io.split([0], [2])?;
            reference::lut_8(table, Source::Output, output)?;
        } else {
            let ([output], [input, table]) = io.split([0], [1, 2])?;
            reference::lut_8(table, Source::Given(input), output)?;
        }
        Ok(Flow::Next)
    }
}

/// ADD_N on int8.
///
/// Operands: the output, then the inputs, which may be the same place as the output.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct AddNS8(pub Sum);

impl Operator for AddNS8 {
    fn run(&self, io: &mut Io<'_, '_>) -> Result<Flow, RunError> {
        let mut sums = [0; 32];
        let mut at = 0usize;
        let total = io.read(0)?.len();
        while at < total {
            let count = total.wrapping_sub(at).min(sums.len());
            let sums = sums.get_mut(..count).unwrap_or_default();
            let part = at..at.wrapping_add(count);
            reference::add_n_s8_begin(&self.0, sums);
            for index in 1..io.len() {
                let input = io.read(index)?.get(part.clone());
                let input = input.ok_or(RunError::Operand { index: index as u8 })?;
                reference::add_n_s8(&self.0, elements(input, index)?, sums);
            }
            let output = io.in_place(0)?.get_mut(part).unwrap_or_default();
            reference::add_n_s8_end(&self.0, sums, elements_mut(output, 0)?);
            at = at.wrapping_add(count);
        }
        Ok(Flow::Next)
    }
}

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
