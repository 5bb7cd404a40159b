//! SUM, MEAN, REDUCE_MAX, REDUCE_MIN, REDUCE_PROD, REDUCE_ALL and REDUCE_ANY.

use quant::{Clamp, Multiplier, Reduction, ZeroPoint};

use crate::KernelError;

/// Up to four dimensions, outermost first. Neighbouring dimensions of a dense array that are all kept, or all
/// reduced, are one; so four of each kind do for eight dimensions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Axes {
    /// Sizes; those not needed are 1.
    pub counts: [u32; 4],
    /// One step along each, in elements of the input.
    pub strides: [u32; 4],
}

impl Axes {
    /// How many elements they span.
    pub fn elements(&self) -> Option<usize> {
        self.counts.iter().try_fold(1usize, |product, &count| product.checked_mul(count as usize))
    }

    /// Distance from the first element to the last.
    fn reach(&self) -> u64 {
        let steps = self.counts.iter().zip(&self.strides);
        steps.fold(0u64, |sum, (&count, &stride)| {
            sum.saturating_add(u64::from(count.saturating_sub(1)) * u64::from(stride))
        })
    }

    /// Folds the position of every element, counted from `start`.
    #[inline(always)]
    fn fold<A>(&self, start: usize, mut acc: A, mut each: impl FnMut(A, usize) -> A) -> A {
        let [a, b, c, d] = self.counts;
        let [step_a, step_b, step_c, step_d] = self.strides;
        let mut at_a = start;
        for _ in 0..a {
            let mut at_b = at_a;
            for _ in 0..b {
                let mut at_c = at_b;
                for _ in 0..c {
                    let mut at_d = at_c;
                    for _ in 0..d {
                        acc = each(acc, at_d);
                        at_d = at_d.wrapping_add(step_d as usize);
                    }
                    at_c = at_c.wrapping_add(step_c as usize);
                }
                at_b = at_b.wrapping_add(step_b as usize);
            }
            at_a = at_a.wrapping_add(step_a as usize);
        }
        acc
    }
}

/// Which axes of an array are kept and which vanish.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Reduce {
    /// The axes of the output.
    pub kept: Axes,
    /// The axes that each output element is made from.
    pub reduced: Axes,
}

impl Reduce {
    /// Checks both buffers against the axes.
    ///
    /// # Errors
    /// [`KernelError::Length`].
    pub fn check(&self, input: usize, output: usize) -> Result<(), KernelError> {
        KernelError::check(self.kept.elements(), output)?;
        let elements = match (self.kept.elements(), self.reduced.elements()) {
            (Some(0), _) | (_, Some(0)) => 0,
            _ => self.kept.reach().saturating_add(self.reduced.reach()).saturating_add(1),
        };
        if elements <= input as u64 { Ok(()) } else { Err(KernelError::Length) }
    }

    /// Each output is `finish` of the fold of its elements, in the order they lie in.
    fn each<T: Copy, A: Copy, U>(
        &self,
        input: &[T],
        output: &mut [U],
        start: A,
        fold: impl Fn(A, T) -> A,
        finish: impl Fn(A) -> U,
    ) -> Result<(), KernelError> {
        self.check(input.len(), output.len())?;
        let mut outputs = output.iter_mut();
        self.kept.fold(0, (), |(), at| {
            let acc = self.reduced.fold(at, start, |acc, at| match input.get(at) {
                Some(&value) => fold(acc, value),
                None => acc,
            });
            if let Some(out) = outputs.next() {
                *out = finish(acc);
            }
        });
        Ok(())
    }
}

/// SUM or MEAN of quantised elements.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct QuantizedSum {
    /// The axes.
    pub axes: Reduce,
    /// From a sum to an output.
    pub scale: Reduction,
}

/// `scale` of the sum over the reduced axes.
///
/// | buffer   | order         | elements       | values       |
/// |----------|---------------|----------------|--------------|
/// | `input`  | as the strides say | all axes  | −128 ..= 127 |
/// | `output` | kept axes     | kept axes      | `scale.clamp` |
///
/// # Exactness
/// The bytes of TFLM's `QuantizedMeanOrSumExtraArgs` with sums of 32 bits; a sum that overflows wraps.
///
/// # Cost
/// One addition per element, one requantisation per output. No scratch.
///
/// # Errors
/// As [`Reduce::check`]; `output` is then untouched.
pub fn sum_s8(sum: &QuantizedSum, input: &[i8], output: &mut [i8]) -> Result<(), KernelError> {
    let scale = sum.scale;
    sum.axes.each(input, output, 0i32, |sum, q| sum.wrapping_add(q.into()), |sum| scale.apply(sum) as i8)
}

/// As [`sum_s8`], on int16.
///
/// # Errors
/// As [`sum_s8`].
pub fn sum_s16(sum: &QuantizedSum, input: &[i16], output: &mut [i16]) -> Result<(), KernelError> {
    let scale = sum.scale;
    sum.axes.each(input, output, 0i32, |sum, q| sum.wrapping_add(q.into()), |sum| scale.apply(sum) as i16)
}

/// Sums of floats in the order they lie in.
///
/// # Errors
/// As [`Reduce::check`]; `output` is then untouched.
pub fn sum_f32(axes: &Reduce, input: &[f32], output: &mut [f32]) -> Result<(), KernelError> {
    axes.each(input, output, 0f32, |sum, x| x + sum, |sum| sum)
}

/// Means of floats: the sum in the order they lie in, divided by the count.
///
/// # Errors
/// As [`Reduce::check`]; `output` is then untouched.
pub fn mean_f32(axes: &Reduce, input: &[f32], output: &mut [f32]) -> Result<(), KernelError> {
    let count = axes.reduced.elements().unwrap_or(1) as f32;
    axes.each(input, output, 0f32, |sum, x| sum + x, |sum| sum / count)
}

/// Which of two elements a reduction keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Extreme {
    /// REDUCE_MIN, ARG_MIN.
    Least,
    /// REDUCE_MAX, ARG_MAX.
    Greatest,
}

impl Extreme {
    /// Whether `candidate` takes the place of `current`; a tie, or not-a-number, does not.
    #[inline(always)]
    pub fn prefers<T: PartialOrd>(self, candidate: T, current: T) -> bool {
        match self {
            Self::Least => candidate < current,
            Self::Greatest => candidate > current,
        }
    }
}

/// REDUCE_MAX or REDUCE_MIN.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct ReduceExtreme {
    /// The axes.
    pub axes: Reduce,
    /// Which element is kept.
    pub which: Extreme,
}

/// An element type that has a least and a greatest value.
pub trait Bounded: Copy + PartialOrd {
    /// What anything takes the place of.
    const LEAST: Self;
    /// What anything is less than.
    const GREATEST: Self;
}

macro_rules! bounded {
    ($($type:ty)*) => {
        $(impl Bounded for $type {
            const LEAST: Self = <$type>::MIN;
            const GREATEST: Self = <$type>::MAX;
        })*
    };
}

bounded! { i8 u8 i16 i32 i64 f32 }

/// The least or greatest element over the reduced axes.
///
/// # Exactness
/// Compares the stored values: input and output have the same scale and zero point.
///
/// # Cost
/// One comparison per element. No scratch.
///
/// # Errors
/// As [`Reduce::check`]; `output` is then untouched.
pub fn reduce_extreme<T: Bounded>(
    reduce: &ReduceExtreme,
    input: &[T],
    output: &mut [T],
) -> Result<(), KernelError> {
    let which = reduce.which;
    let start = match which {
        Extreme::Least => T::GREATEST,
        Extreme::Greatest => T::LEAST,
    };
    let keep = |kept: T, value: T| if which.prefers(value, kept) { value } else { kept };
    reduce.axes.each(input, output, start, keep, |kept| kept)
}

/// Which rule joins truth values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Quantifier {
    /// REDUCE_ALL.
    All,
    /// REDUCE_ANY.
    Any,
}

/// REDUCE_ALL or REDUCE_ANY.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct ReduceBool {
    /// The axes.
    pub axes: Reduce,
    /// How truth values are joined.
    pub which: Quantifier,
}

/// Whether all, or any, of the elements over the reduced axes are not 0.
///
/// # Errors
/// As [`Reduce::check`]; `output` is then untouched.
pub fn reduce_bool(reduce: &ReduceBool, input: &[u8], output: &mut [u8]) -> Result<(), KernelError> {
    match reduce.which {
        Quantifier::All => reduce.axes.each(input, output, true, |all, x| all && x != 0, u8::from),
        Quantifier::Any => reduce.axes.each(input, output, false, |any, x| any || x != 0, u8::from),
    }
}

/// Products of floats in the order they lie in.
///
/// # Errors
/// As [`Reduce::check`]; `output` is then untouched.
pub fn prod_f32(axes: &Reduce, input: &[f32], output: &mut [f32]) -> Result<(), KernelError> {
    axes.each(input, output, 1f32, |product, x| x * product, |product| product)
}

/// REDUCE_PROD of quantised elements.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct QuantizedProduct {
    /// The axes.
    pub axes: Reduce,
    /// Zero point of the input.
    pub input_zero: ZeroPoint,
    /// What each factor is scaled by, so that the product ends in the output's scale.
    pub multiplier: Multiplier,
    /// Zero point of the output.
    pub output_zero: ZeroPoint,
    /// Limits of the output.
    pub clamp: Clamp,
}

impl QuantizedProduct {
    fn each<T: Copy + Into<i32>>(
        &self,
        input: &[T],
        output: &mut [T],
        narrow: impl Fn(i32) -> T,
    ) -> Result<(), KernelError> {
        let fold = |product: Option<i32>, q: T| {
            let factor = q.into().wrapping_sub(self.input_zero.0);
            Some(match product {
                Some(product) => quant::product_step(i64::from(product) * i64::from(factor), self.multiplier),
                None => factor,
            })
        };
        let finish = |product: Option<i32>| {
            let product = i64::from(product.unwrap_or(0));
            let scaled = quant::product_step(product, self.multiplier);
            narrow(self.clamp.apply(scaled.wrapping_add(self.output_zero.0)))
        };
        self.axes.each(input, output, None, fold, finish)
    }
}

/// The product over the reduced axes, rescaled after each factor.
///
/// # Exactness
/// The bytes of TFLite's `QuantizedReduceProd`.
///
/// # Errors
/// As [`Reduce::check`]; `output` is then untouched.
pub fn prod_s8(product: &QuantizedProduct, input: &[i8], output: &mut [i8]) -> Result<(), KernelError> {
    product.each(input, output, |q| q as i8)
}

/// As [`prod_s8`], on int16.
///
/// # Errors
/// As [`prod_s8`].
pub fn prod_s16(product: &QuantizedProduct, input: &[i16], output: &mut [i16]) -> Result<(), KernelError> {
    product.each(input, output, |q| q as i16)
}

/// Products of integers; one that overflows wraps.
///
/// # Errors
/// As [`Reduce::check`]; `output` is then untouched.
pub fn prod_s32(axes: &Reduce, input: &[i32], output: &mut [i32]) -> Result<(), KernelError> {
    axes.each(input, output, 1i32, |product, x| x.wrapping_mul(product), |product| product)
}

/// Products of integers; one that overflows wraps.
///
/// # Errors
/// As [`Reduce::check`]; `output` is then untouched.
pub fn prod_s64(axes: &Reduce, input: &[i64], output: &mut [i64]) -> Result<(), KernelError> {
    axes.each(input, output, 1i64, |product, x| x.wrapping_mul(product), |product| product)
}

/// Sums of integers; one that overflows wraps.
///
/// # Errors
/// As [`Reduce::check`]; `output` is then untouched.
pub fn sum_s32(axes: &Reduce, input: &[i32], output: &mut [i32]) -> Result<(), KernelError> {
    axes.each(input, output, 0i32, |sum, x| x.wrapping_add(sum), |sum| sum)
}

/// Sums of integers; one that overflows wraps.
///
/// # Errors
/// As [`Reduce::check`]; `output` is then untouched.
pub fn sum_s64(axes: &Reduce, input: &[i64], output: &mut [i64]) -> Result<(), KernelError> {
    axes.each(input, output, 0i64, |sum, x| x.wrapping_add(sum), |sum| sum)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The middle axis of 2 × 3 × 2.
    const MIDDLE: Reduce = Reduce {
        kept: Axes { counts: [1, 1, 2, 2], strides: [0, 0, 6, 1] },
        reduced: Axes { counts: [1, 1, 1, 3], strides: [0, 0, 0, 2] },
    };
    const INPUT: [i8; 12] = [1, 2, 3, 4, 5, 6, -1, -2, -3, -4, -5, -6];

    #[test]
    fn sums_over_the_middle_axis() {
        let one = quant::Affine { scale: 1.0, zero: quant::ZeroPoint(0) };
        let count = core::num::NonZeroU32::new(3).unwrap();
        let mut output = [0; 4];
        let sum = quant::Reduction::for_sum(one, one, count, quant::Clamp::I8).unwrap();
        sum_s8(&QuantizedSum { axes: MIDDLE, scale: sum }, &INPUT, &mut output).unwrap();
        assert_eq!(output, [9, 12, -9, -12]);
        let mean = quant::Reduction::for_mean(one, one, count, quant::Clamp::I8).unwrap();
        sum_s8(&QuantizedSum { axes: MIDDLE, scale: mean }, &INPUT, &mut output).unwrap();
        assert_eq!(output, [3, 4, -3, -4]);
    }

    #[test]
    fn keeps_the_extremes() {
        let mut output = [0; 4];
        let most = ReduceExtreme { axes: MIDDLE, which: Extreme::Greatest };
        reduce_extreme(&most, &INPUT, &mut output).unwrap();
        assert_eq!(output, [5, 6, -1, -2]);
        reduce_extreme(&ReduceExtreme { which: Extreme::Least, ..most }, &INPUT, &mut output).unwrap();
        assert_eq!(output, [1, 2, -5, -6]);
    }

    #[test]
    fn joins_truth_values() {
        let input = [1, 0, 1, 0, 1, 1, 0, 0, 0, 1, 0, 1];
        let mut output = [9; 4];
        let all = ReduceBool { axes: MIDDLE, which: Quantifier::All };
        reduce_bool(&all, &input, &mut output).unwrap();
        assert_eq!(output, [1, 0, 0, 0]);
        reduce_bool(&ReduceBool { which: Quantifier::Any, ..all }, &input, &mut output).unwrap();
        assert_eq!(output, [1, 1, 0, 1]);
    }

    #[test]
    fn floats_add_and_multiply_in_their_order() {
        let input = [1e8f32, 2.0, 1.0, 3.0, -1e8, 4.0, 1.0, 1.0, 1.0, 1.0, 1.0, 2.0];
        let mut output = [0f32; 4];
        sum_f32(&MIDDLE, &input, &mut output).unwrap();
        // 1e8 + 1 is 1e8 in single precision.
        assert_eq!(output, [0.0, 9.0, 3.0, 4.0]);
        mean_f32(&MIDDLE, &input, &mut output).unwrap();
        assert_eq!(output, [0.0, 3.0, 1.0, 4.0 / 3.0]);
        prod_f32(&MIDDLE, &input, &mut output).unwrap();
        assert_eq!(output, [-1e16, 24.0, 1.0, 2.0]);
    }

    #[test]
    fn quantised_factors_are_scaled_one_by_one() {
        let product = QuantizedProduct {
            axes: MIDDLE,
            input_zero: ZeroPoint(1),
            multiplier: Multiplier::from_real(0.5).unwrap(),
            output_zero: ZeroPoint(-1),
            clamp: Clamp::I8,
        };
        let mut output = [0i8; 4];
        // (3 · 5 / 2) · 7 / 2 / 2, rounded up where it ties, less 1.
        prod_s8(&product, &[4, 1, 6, 1, 8, 1, 4, 1, 6, 1, 8, 1], &mut output).unwrap();
        assert_eq!(output, [13, -1, 13, -1]);
        let mut output = [0i16; 4];
        prod_s16(&product, &[4, 1, 6, 1, 8, 1, 4, 1, 6, 1, 8, 1], &mut output).unwrap();
        assert_eq!(output, [13, -1, 13, -1]);
    }

    #[test]
    fn integers_wrap() {
        let all = Reduce {
            kept: Axes { counts: [1; 4], strides: [0; 4] },
            reduced: Axes { counts: [1, 1, 1, 2], strides: [0, 0, 0, 1] },
        };
        let (mut narrow, mut wide) = ([0], [0]);
        sum_s32(&all, &[i32::MAX, 1], &mut narrow).unwrap();
        assert_eq!(narrow, [i32::MIN]);
        prod_s32(&all, &[1 << 30, 6], &mut narrow).unwrap();
        assert_eq!(narrow, [i32::MIN]);
        sum_s64(&all, &[i64::MAX, 1], &mut wide).unwrap();
        assert_eq!(wide, [i64::MIN]);
        prod_s64(&all, &[7, -6], &mut wide).unwrap();
        assert_eq!(wide, [-42]);
    }

    #[test]
    fn buffers_that_do_not_fit_are_refused() {
        let most = ReduceExtreme { axes: MIDDLE, which: Extreme::Greatest };
        let short = reduce_extreme(&most, &INPUT[..11], &mut [0; 4]);
        assert_eq!(short, Err(KernelError::Length));
        let narrow = reduce_extreme(&most, &INPUT, &mut [0; 3]);
        assert_eq!(narrow, Err(KernelError::Length));
        let huge = Axes { counts: [u32::MAX; 4], strides: [u32::MAX; 4] };
        let hostile = ReduceExtreme { axes: Reduce { kept: huge, reduced: huge }, ..most };
        assert!(reduce_extreme(&hostile, &INPUT, &mut [0; 4]).is_err());
    }
}
