//! What convolutions and matrix products share: the arithmetic of one output, apart from the walk that
//! picks its inputs and weights.

use quant::{Clamp, ZeroPoint};

use crate::{KernelError, PerChannel};

/// The limits of a fused activation on real numbers, both ends included.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Range {
    /// Least value allowed.
    pub min: f32,
    /// Greatest value allowed.
    pub max: f32,
}

impl Range {
    /// All numbers.
    pub const ALL: Self = Self { min: f32::MIN, max: f32::MAX };

    /// The value of the range nearest to `x`.
    ///
    /// Source: TFLM `ActivationFunctionWithMinMax`, with its order of comparisons.
    #[inline]
    pub fn apply(self, x: f32) -> f32 {
        let floored = if x < self.min { self.min } else { x };
        if self.max < floored { self.max } else { floored }
    }
}

/// A matrix or filter of int4, two elements to the byte, the first in the low half.
#[derive(Clone, Copy, Debug)]
pub struct Nibbles<'a>(pub &'a [u8]);

/// Weights of any element type.
pub trait Weights: Copy {
    /// Checks that there are as many as `elements` says.
    ///
    /// # Errors
    /// [`KernelError::Length`].
    fn check(self, elements: Option<usize>) -> Result<(), KernelError>;
}

/// Element weights by position.
pub trait IntegerWeights: Weights {
    /// One of them; `None` past the end.
    fn at(self, index: usize) -> Option<i32>;
}

impl<T: Copy> Weights for &[T] {
    fn check(self, elements: Option<usize>) -> Result<(), KernelError> {
        KernelError::check(elements, self.len())
    }
}

impl IntegerWeights for &[i8] {
    #[inline]
    fn at(self, index: usize) -> Option<i32> {
        self.get(index).map(|&weight| i32::from(weight))
    }
}

impl Weights for Nibbles<'_> {
    fn check(self, elements: Option<usize>) -> Result<(), KernelError> {
        KernelError::check(elements.map(|elements| elements.div_ceil(2)), self.0.len())
    }
}

impl IntegerWeights for Nibbles<'_> {
    #[inline]
    fn at(self, index: usize) -> Option<i32> {
        let byte = *self.0.get(index / 2)?;
        let low_half_up = if index.is_multiple_of(2) { byte << 4 } else { byte };
        Some(i32::from(low_half_up as i8 >> 4))
    }
}

/// int8 or int16.
pub trait Element: Copy {
    /// Its value.
    fn wide(self) -> i32;
    /// The value cut to its bits.
    fn narrow(value: i32) -> Self;
}

impl Element for i8 {
    #[inline]
    fn wide(self) -> i32 {
        self.into()
    }
    #[inline]
    fn narrow(value: i32) -> Self {
        value as Self
    }
}

impl Element for i16 {
    #[inline]
    fn wide(self) -> i32 {
        self.into()
    }
    #[inline]
    fn narrow(value: i32) -> Self {
        value as Self
    }
}

/// The arithmetic of one output: a sum of products, then what becomes of it.
pub(crate) trait Layer {
    /// An element read.
    type Input: Copy;
    /// An element written.
    type Output;
    /// The accumulator.
    type Sum: Copy + Default;
    /// Adds the product of an input and the weight at `tap`; `None` when there is no such weight.
    fn add(&self, sum: Self::Sum, input: Self::Input, tap: usize) -> Option<Self::Sum>;
    /// The output of `channel`.
    fn finish(&self, channel: usize, sum: Self::Sum) -> Self::Output;
}

/// Integers with a 32-bit accumulator that wraps.
pub(crate) struct Sum32<'a, T, W> {
    pub weights: W,
    pub bias: &'a [i32],
    pub scales: PerChannel<'a>,
    pub input_zero: ZeroPoint,
    pub filter_zero: ZeroPoint,
    pub output_zero: ZeroPoint,
    pub clamp: Clamp,
    pub element: core::marker::PhantomData<T>,
}

impl<T: Element, W: IntegerWeights> Layer for Sum32<'_, T, W> {
    type Input = T;
    type Output = T;
    type Sum = i32;
    #[inline]
    fn add(&self, sum: i32, input: T, tap: usize) -> Option<i32> {
        let weight = self.weights.at(tap)?.wrapping_sub(self.filter_zero.0);
        Some(sum.wrapping_add(input.wide().wrapping_sub(self.input_zero.0).wrapping_mul(weight)))
    }
    #[inline]
    fn finish(&self, channel: usize, sum: i32) -> T {
        let sum = sum.wrapping_add(self.bias.get(channel).copied().unwrap_or(0));
        T::narrow(self.scales.get(channel).requantize(sum, self.output_zero, self.clamp))
    }
}

/// int16 activations with a 64-bit accumulator, rounded once by a 16-bit factor. Zeros are 0.
pub(crate) struct Sum64<'a, W> {
    pub weights: W,
    pub bias: &'a [i64],
    pub scales: PerChannel<'a>,
    pub filter_zero: ZeroPoint,
    pub clamp: Clamp,
}

impl<W: IntegerWeights> Layer for Sum64<'_, W> {
    type Input = i16;
    type Output = i16;
    type Sum = i64;
    #[inline]
    fn add(&self, sum: i64, input: i16, tap: usize) -> Option<i64> {
        let weight = self.weights.at(tap)?.wrapping_sub(self.filter_zero.0);
        Some(sum.wrapping_add(i64::from(i32::from(input).wrapping_mul(weight))))
    }
    #[inline]
    fn finish(&self, channel: usize, sum: i64) -> i16 {
        let sum = sum.wrapping_add(self.bias.get(channel).copied().unwrap_or(0));
        self.scales.get(channel).requantize_wide(sum, ZeroPoint(0), self.clamp) as i16
    }
}

/// Real numbers; the bias is added last.
pub(crate) struct Real<'a> {
    pub weights: &'a [f32],
    pub bias: &'a [f32],
    pub range: Range,
}

impl Layer for Real<'_> {
    type Input = f32;
    type Output = f32;
    type Sum = f32;
    #[inline]
    fn add(&self, sum: f32, input: f32, tap: usize) -> Option<f32> {
        Some(sum + input * self.weights.get(tap)?)
    }
    #[inline]
    fn finish(&self, channel: usize, sum: f32) -> f32 {
        let biased = match self.bias.get(channel) {
            Some(bias) => sum + bias,
            None => sum,
        };
        self.range.apply(biased)
    }
}

/// The most products of an int8 input and an int8 weight that a 32-bit accumulator holds whatever they are,
/// without a bias: the input's distance to its zero is at most 255, a weight's magnitude at most 128.
///
/// Longer sums wrap, as TFLM's do.
pub const MAX_PRODUCTS_I8: usize = (i32::MAX / (255 * 128)) as usize;

/// Checks a bias that may be absent.
pub(crate) fn check_bias(channels: usize, bias: usize) -> Result<(), KernelError> {
    if bias != 0 { KernelError::check(Some(channels), bias) } else { Ok(()) }
}

/// As [`Sum32`], with outputs that are rounded once.
pub(crate) struct SumOnce<'a, T, W>(pub Sum32<'a, T, W>);

impl<T: Element, W: IntegerWeights> Layer for SumOnce<'_, T, W> {
    type Input = T;
    type Output = T;
    type Sum = i32;
    #[inline]
    fn add(&self, sum: i32, input: T, tap: usize) -> Option<i32> {
        self.0.add(sum, input, tap)
    }
    #[inline]
    fn finish(&self, channel: usize, sum: i32) -> T {
        let sum = sum.wrapping_add(self.0.bias.get(channel).copied().unwrap_or(0));
        T::narrow(self.0.scales.get(channel).requantize_once(sum, self.0.output_zero, self.0.clamp))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nibbles_are_signed_and_the_first_is_the_low_half() {
        let packed = Nibbles(&[0x8f, 0x07]);
        let read: [Option<i32>; 5] = core::array::from_fn(|index| packed.at(index));
        assert_eq!(read, [Some(-1), Some(-8), Some(7), Some(0), None]);
        assert!(packed.check(Some(3)).is_ok() && packed.check(Some(4)).is_ok());
        assert!(packed.check(Some(5)).is_err() && packed.check(None).is_err());
    }

    #[test]
    fn the_longest_safe_sum_is_derived_from_the_extremes() {
        let worst = |input: i8, zero: i32, weight: i8| {
            (i64::from(input) - i64::from(zero)).abs() * i64::from(weight).abs()
        };
        let mut largest = 0;
        for input in [i8::MIN, i8::MAX] {
            for zero in [i32::from(i8::MIN), i32::from(i8::MAX)] {
                for weight in [i8::MIN, i8::MAX] {
                    largest = largest.max(worst(input, zero, weight));
                }
            }
        }
        assert!(largest * MAX_PRODUCTS_I8 as i64 <= i64::from(i32::MAX));
        assert!(largest * (MAX_PRODUCTS_I8 as i64 + 1) > i64::from(i32::MAX));
    }

    #[test]
    fn a_range_limits_and_lets_not_a_number_through() {
        let range = Range { min: -1.0, max: 1.0 };
        assert_eq!([-2.0, -1.0, 0.5, 1.0, 7.0].map(|x| range.apply(x)), [-1.0, -1.0, 0.5, 1.0, 1.0]);
        assert!(range.apply(f32::NAN).is_nan());
    }
}
