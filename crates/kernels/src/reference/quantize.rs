//! QUANTIZE and DEQUANTIZE.

use quant::{Affine, Clamp, Requantize, ZeroPoint};

use super::pairwise::{Source, convert, each};
use crate::KernelError;

/// Real numbers to integers, or back.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Quantize {
    /// Real value of one unit.
    pub scale: f32,
    /// The integer of real 0.
    pub zero: ZeroPoint,
    /// Limits of the integers.
    pub clamp: Clamp,
}

/// An integer that a tensor holds.
pub trait Integer: Copy {
    /// Its value.
    fn widen(self) -> i32;
    /// The value's low bits.
    fn narrow(value: i32) -> Self;
}

macro_rules! integers {
    ($($name:ident)*) => {
        $(impl Integer for $name {
            #[inline]
            fn widen(self) -> i32 {
                self as i32
            }
            #[inline]
            fn narrow(value: i32) -> Self {
                value as Self
            }
        })*
    };
}

integers! { i8 u8 i16 i32 }

/// Quantises real numbers.
///
/// ```text
/// output = clamp(zero + round(input / scale))
/// ```
///
/// | buffer   | order      | elements            | values  |
/// |----------|------------|---------------------|---------|
/// | `input`  | any        | as many as `output` | any     |
/// | `output` | as `input` |                     | `clamp` |
///
/// # Exactness
/// The bytes of TFLM's `AffineQuantize`: the division in single precision, ties away from zero.
///
/// # Cost
/// One division per element. No scratch.
///
/// # Errors
/// [`KernelError::Length`]; `output` is then untouched.
pub fn quantize_f32<T: Integer>(
    params: &Quantize,
    input: &[f32],
    output: &mut [T],
) -> Result<(), KernelError> {
    convert(input, output, |x| T::narrow(quant::quantize(x, params.scale, params.zero, params.clamp)))
}

/// Gives integers back as real numbers.
///
/// ```text
/// output = scale · (input − zero)
/// ```
///
/// | buffer   | order      | elements            | values |
/// |----------|------------|---------------------|--------|
/// | `input`  | any        | as many as `output` | any    |
/// | `output` | as `input` |                     |        |
///
/// # Exactness
/// The bytes of TFLM's `Dequantize`: the product in double precision, rounded once.
///
/// # Cost
/// One product per element. No scratch.
///
/// # Errors
/// [`KernelError::Length`]; `output` is then untouched.
pub fn dequantize_f32<T: Integer>(
    params: &Quantize,
    input: &[T],
    output: &mut [f32],
) -> Result<(), KernelError> {
    convert(input, output, |q| quant::dequantize(q.widen(), params.scale, params.zero))
}

/// Brings integers from one quantisation to another: QUANTIZE between integer types.
///
/// ```text
/// output = clamp(zero_out + m · (input − zero_in))
/// ```
///
/// | buffer   | order      | elements            | values  |
/// |----------|------------|---------------------|---------|
/// | `input`  | any        | as many as `output` | any     |
/// | `output` | as `input` |                     | `clamp` |
///
/// # Exactness
/// The bytes of TFLM's `Requantize` and `ReluQuantized`.
///
/// # Cost
/// One scaling per element. No scratch.
///
/// # Errors
/// [`KernelError::Length`]; `output` is then untouched.
pub fn requantize<A: Integer, B: Integer>(
    params: &Requantize,
    input: &[A],
    output: &mut [B],
) -> Result<(), KernelError> {
    convert(input, output, |q| B::narrow(params.apply(q.widen())))
}

/// Brings int16 from one scale to another, in place if need be: [`requantize`] of int16.
///
/// # Errors
/// [`KernelError::Length`]; `output` is then untouched.
pub fn requantize_s16(
    params: &Requantize,
    input: Source<'_, i16>,
    output: &mut [i16],
) -> Result<(), KernelError> {
    each(input, output, |q| params.apply(q.into()) as i16)
}

impl Quantize {
    /// For a tensor quantised so, with elements limited to `clamp`.
    pub const fn new(affine: Affine, clamp: Clamp) -> Self {
        Self { scale: affine.scale, zero: affine.zero, clamp }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_go_there_and_back() {
        let params = Quantize { scale: 0.5, zero: ZeroPoint(-3), clamp: Clamp::I8 };
        let mut q = [99i8; 5];
        quantize_f32(&params, &[0.0, 0.25, -0.25, 100.0, -1e9], &mut q).unwrap();
        assert_eq!(q, [-3, -2, -4, 127, -128]);
        let mut x = [0.0; 5];
        dequantize_f32(&params, &q, &mut x).unwrap();
        assert_eq!(x, [0.0, 0.5, -0.5, 65.0, -62.5]);
    }

    #[test]
    fn integers_change_their_scale() {
        let params = Requantize {
            zero_in: ZeroPoint(-128),
            multiplier: quant::Multiplier::from_real(257.0).unwrap(),
            zero_out: ZeroPoint(0),
            clamp: Clamp::I16,
        };
        let mut wide = [0i16; 3];
        requantize(&params, &[-128i8, 0, 127], &mut wide).unwrap();
        assert_eq!(wide, [0, 32767, 32767]);
        assert!(requantize(&params, &[0i8], &mut wide).is_err());
    }
}
