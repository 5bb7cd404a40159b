//! CAST.

use crate::{KernelError, blocks::Blocks as _};

/// What the elements of a tensor are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[allow(missing_docs)]
pub enum ElementType {
    I8,
    U8,
    I16,
    I32,
    U32,
    I64,
    F32,
    Bool,
}

/// From which elements to which.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Cast {
    /// Elements read.
    pub from: ElementType,
    /// Elements written.
    pub to: ElementType,
}

/// The value of an element of any type.
#[derive(Clone, Copy)]
enum Value {
    Integer(i64),
    Real(f32),
}

impl ElementType {
    /// Bytes of one.
    pub const fn bytes(self) -> usize {
        match self {
            Self::I8 | Self::U8 | Self::Bool => 1,
            Self::I16 => 2,
            Self::I32 | Self::U32 | Self::F32 => 4,
            Self::I64 => 8,
        }
    }

    /// Reads one from its bytes, of which there are as many as [`ElementType::bytes`].
    fn read(self, bytes: &[u8]) -> Value {
        let mut bits = 0u64;
        for &byte in bytes.iter().rev() {
            bits = bits << 8 | u64::from(byte);
        }
        match self {
            Self::I8 => Value::Integer((bits as i8).into()),
            Self::U8 => Value::Integer((bits as u8).into()),
            Self::I16 => Value::Integer((bits as i16).into()),
            Self::I32 => Value::Integer((bits as i32).into()),
            Self::U32 => Value::Integer((bits as u32).into()),
            Self::I64 => Value::Integer(bits as i64),
            Self::F32 => Value::Real(f32::from_bits(bits as u32)),
            Self::Bool => Value::Integer((bits & 0xff != 0).into()),
        }
    }

    /// The bytes, from the lowest, of the element that a value becomes.
    fn bits(self, value: Value) -> u64 {
        match (self, value) {
            (Self::F32, Value::Integer(value)) => (value as f32).to_bits().into(),
            (Self::F32, Value::Real(value)) => value.to_bits().into(),
            (Self::Bool, Value::Integer(value)) => (value != 0).into(),
            (Self::Bool, Value::Real(value)) => (value != 0.0).into(),
            (_, Value::Integer(value)) => value as u64,
            (Self::U8, Value::Real(value)) => (value as u8).into(),
            (Self::U32, Value::Real(value)) => (value as u32).into(),
            (_, Value::Real(value)) => value as i64 as u64,
        }
    }
}

/// Converts elements from any type to any other.
///
/// | buffer   | order      | bytes                          | values |
/// |----------|------------|--------------------------------|--------|
/// | `input`  | any        | elements · `from.bytes()`      | any    |
/// | `output` | as `input` | elements · `to.bytes()`        | any    |
///
/// # Exactness
/// C's conversions, as TFLM uses them: real numbers lose their fraction; integers keep their low bits; bools
/// are 0 or 1. Real numbers outside the type, undefined in C, are limited to it where it is unsigned, else to
/// int64, of which the low bits stay.
///
/// # Cost
/// One conversion by way of a 64-bit integer per element: small rather than fast. No scratch.
///
/// # Errors
/// [`KernelError::Length`]; `output` is then untouched.
pub fn cast(params: &Cast, input: &[u8], output: &mut [u8]) -> Result<(), KernelError> {
    let (from, to) = (params.from.bytes().max(1), params.to.bytes().max(1));
    KernelError::check((input.len() / from).checked_mul(to), output.len())?;
    for (input, output) in input.blocks(from).zip(output.blocks_mut(to)) {
        let bits = params.to.bits(params.from.read(input)).to_le_bytes();
        for (out, byte) in output.iter_mut().zip(bits) {
            *out = byte;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one<const N: usize>(from: ElementType, to: ElementType, input: &[u8]) -> [u8; N] {
        let mut output = [0xa5; N];
        cast(&Cast { from, to }, input, &mut output).unwrap();
        output
    }

    #[test]
    fn elements_convert_as_in_c() {
        assert_eq!(one(ElementType::F32, ElementType::I8, &(-3.9f32).to_le_bytes()), [0xfd]);
        assert_eq!(one(ElementType::F32, ElementType::I32, &3.9f32.to_le_bytes()), 3i32.to_le_bytes());
        assert_eq!(one(ElementType::I32, ElementType::I16, &0x0001_8001i32.to_le_bytes()), [0x01, 0x80]);
        assert_eq!(one(ElementType::I8, ElementType::I64, &[0xff]), (-1i64).to_le_bytes());
        assert_eq!(
            one(ElementType::U32, ElementType::F32, &u32::MAX.to_le_bytes()),
            (u32::MAX as f32).to_le_bytes()
        );
        assert_eq!(one(ElementType::F32, ElementType::Bool, &0.25f32.to_le_bytes()), [1]);
        assert_eq!(one(ElementType::Bool, ElementType::I16, &[7]), [1, 0]);
        assert_eq!(one(ElementType::F32, ElementType::U8, &(-3.9f32).to_le_bytes()), [0]);
        assert_eq!(one(ElementType::F32, ElementType::U32, &(-3.9f32).to_le_bytes()), [0; 4]);
    }

    #[test]
    fn lengths_are_checked() {
        let params = Cast { from: ElementType::I16, to: ElementType::I32 };
        assert!(cast(&params, &[0; 4], &mut [0; 4]).is_err());
        assert!(cast(&params, &[0; 4], &mut [0; 8]).is_ok());
    }
}
