//! Functions of one real number, and of one int16.

use quant::{Curve16Input, LUT16_ENTRIES, LeakyRelu, Prelu, Requantize, float, lut_lookup_i16};

use super::{
    Limits,
    pairwise::{Source, each, pairwise},
};
use crate::{Broadcast, KernelError};

macro_rules! real_functions {
    ($($(#[$doc:meta])* $name:ident = $function:expr;)*) => {
        $(
            $(#[$doc])*
            ///
            /// # Exactness
            /// TFLM's order of evaluation in single precision; what its C library computes comes from
            /// [`quant::float`].
            ///
            /// # Cost
            /// One evaluation per element. No scratch.
            ///
            /// # Errors
            /// [`KernelError::Length`]; `output` is then untouched.
            pub fn $name(input: Source<'_, f32>, output: &mut [f32]) -> Result<(), KernelError> {
                each(input, output, $function)
            }
        )*
    };
}

real_functions! {
    /// ABS: the magnitude.
    abs_f32 = libm::fabsf;
    /// NEG: the number with the other sign.
    neg_f32 = |x| -x;
    /// EXP: `e^x`.
    exp_f32 = float::exp;
    /// LOG: the natural logarithm.
    log_f32 = float::ln;
    /// SQRT: the square root.
    sqrt_f32 = sqrt;
    /// RSQRT: `1 / √x`.
    rsqrt_f32 = |x| 1.0 / sqrt(x);
    /// SQUARE: `x²`.
    square_f32 = |x| x * x;
    /// SIN: the sine of radians.
    sin_f32 = float::sin;
    /// COS: the cosine of radians.
    cos_f32 = float::cos;
    /// CEIL: the least whole number not below.
    ceil_f32 = libm::ceilf;
    /// FLOOR: the greatest whole number not above.
    floor_f32 = libm::floorf;
    /// ROUND: the nearest whole number, the even one of two.
    round_f32 = round;
    /// SIGN: −1, 0 or 1.
    sign_f32 = |x| if x > 0.0 { 1.0 } else if x < 0.0 { -1.0 } else { 0.0 };
    /// LOGISTIC: `1 / (1 + e^−x)`, which is `e^x` to all digits far below 0 and 1 far above.
    logistic_f32 = float::logistic;
    /// TANH: the hyperbolic tangent.
    tanh_f32 = float::tanh;
    /// HARD_SWISH: `x · min(max(x + 3, 0), 6) / 6`.
    hard_swish_f32 = hard_swish;
    /// ELU: `x` above 0, else `e^x − 1`.
    elu_f32 = |x| if x < 0.0 { float::exp_m1(x) } else { x };
    /// GELU: `x` times the normal distribution's share below `x`.
    gelu_f32 = gelu;
    /// GELU by its approximation with TANH.
    gelu_tanh_f32 = gelu_tanh;
}

/// The nearest whole number, the even one of two. What rounds up to 0 is +0, as in TFLM.
fn round(x: f32) -> f32 {
    let below = libm::floorf(x);
    let above_it = x - below;
    let stays = above_it < 0.5 || (above_it == 0.5 && libm::fmodf(below, 2.0) == 0.0);
    if stays { below } else { below + 1.0 }
}

/// The square root. That of a negative number is the NaN that x86 gives, whose sign is set.
fn sqrt(x: f32) -> f32 {
    if x < 0.0 { f32::from_bits(0xffc0_0000) } else { float::sqrt(x) }
}

fn hard_swish(x: f32) -> f32 {
    let raised = x + 3.0;
    let floored = if 0.0 < raised { raised } else { 0.0 };
    let gate = if floored < 6.0 { floored } else { 6.0 };
    x * gate / 6.0
}

/// GELU of one number.
///
/// Source: TensorFlow Lite `GeluTransform`.
pub fn gelu(x: f32) -> f32 {
    0.5 * x * float::erfc(x * -core::f32::consts::FRAC_1_SQRT_2)
}

/// GELU of one number, approximated.
///
/// Source: TensorFlow Lite `GeluTransformApproximate`.
pub fn gelu_tanh(x: f32) -> f32 {
    const ROOT_OF_TWO_OVER_PI: f32 =
        (core::f64::consts::FRAC_2_SQRT_PI * core::f64::consts::FRAC_1_SQRT_2) as f32;
    0.5 * x * (1.0 + float::tanh(ROOT_OF_TWO_OVER_PI * (x + 0.044_715 * x * x * x)))
}

/// RELU and its kin on real numbers.
///
/// # Errors
/// [`KernelError::Length`]; `output` is then untouched.
pub fn limit_f32(
    limits: &Limits<f32>,
    input: Source<'_, f32>,
    output: &mut [f32],
) -> Result<(), KernelError> {
    each(input, output, |x| limits.apply(x))
}

/// LEAKY_RELU on real numbers: `x` above 0, else `alpha · x`.
///
/// # Errors
/// [`KernelError::Length`]; `output` is then untouched.
pub fn leaky_relu_f32(alpha: &f32, input: Source<'_, f32>, output: &mut [f32]) -> Result<(), KernelError> {
    each(input, output, |x| if x > 0.0 { x } else { x * alpha })
}

/// PRELU on real numbers: `x` from 0 up, else `alpha · x`, broadcasting either.
///
/// # Errors
/// As [`Broadcast::check`]; `output` is then untouched.
pub fn prelu_f32(
    walk: &Broadcast,
    input: Source<'_, f32>,
    alpha: Source<'_, f32>,
    output: &mut [f32],
) -> Result<(), KernelError> {
    pairwise(walk, input, alpha, output, |x, alpha| if x >= 0.0 { x } else { x * alpha })
}

/// PRELU on int8, broadcasting either.
///
/// ```text
/// output = clamp(zero_out + m · (x − zero_in))                            where x ≥ zero_in
///          clamp(zero_out + m_a · (x − zero_in) · (alpha − zero_alpha))   elsewhere
/// ```
///
/// # Exactness
/// The bytes of TFLM's `Prelu`.
///
/// # Cost
/// One scaling per element. No scratch.
///
/// # Errors
/// As [`Broadcast::check`]; `output` is then untouched.
pub fn prelu_s8(
    walk: &Broadcast,
    prelu: &Prelu,
    input: Source<'_, i8>,
    alpha: Source<'_, i8>,
    output: &mut [i8],
) -> Result<(), KernelError> {
    pairwise(walk, input, alpha, output, |x, alpha| prelu.apply(x.into(), alpha.into()) as i8)
}

/// [`prelu_s8`] on int16.
///
/// # Errors
/// As [`Broadcast::check`]; `output` is then untouched.
pub fn prelu_s16(
    walk: &Broadcast,
    prelu: &Prelu,
    input: Source<'_, i16>,
    alpha: Source<'_, i16>,
    output: &mut [i16],
) -> Result<(), KernelError> {
    pairwise(walk, input, alpha, output, |x, alpha| prelu.apply(x.into(), alpha.into()) as i16)
}

/// LOGISTIC on int16: [`Curve16Input::logistic`] of every element.
///
/// # Errors
/// [`KernelError::Length`]; `output` is then untouched.
pub fn logistic_s16(
    curve: &Curve16Input,
    input: Source<'_, i16>,
    output: &mut [i16],
) -> Result<(), KernelError> {
    each(input, output, |q| curve.logistic(q))
}

/// TANH on int16: [`Curve16Input::tanh`] of every element.
///
/// # Errors
/// [`KernelError::Length`]; `output` is then untouched.
pub fn tanh_s16(curve: &Curve16Input, input: Source<'_, i16>, output: &mut [i16]) -> Result<(), KernelError> {
    each(input, output, |q| curve.tanh(q))
}

/// LEAKY_RELU on int16: [`LeakyRelu::apply`] of every element.
///
/// # Errors
/// [`KernelError::Length`]; `output` is then untouched.
pub fn leaky_relu_s16(
    relu: &LeakyRelu,
    input: Source<'_, i16>,
    output: &mut [i16],
) -> Result<(), KernelError> {
    each(input, output, |q| relu.apply(q.into()) as i16)
}

/// ABS on int16: [`Requantize::apply_abs`] of every element.
///
/// # Errors
/// [`KernelError::Length`]; `output` is then untouched.
pub fn abs_s16(params: &Requantize, input: Source<'_, i16>, output: &mut [i16]) -> Result<(), KernelError> {
    each(input, output, |q| params.apply_abs(q.into()) as i16)
}

/// ABS on int32 that stands for itself. The least number, whose magnitude does not fit, stays.
///
/// # Errors
/// [`KernelError::Length`]; `output` is then untouched.
pub fn abs_s32(input: Source<'_, i32>, output: &mut [i32]) -> Result<(), KernelError> {
    each(input, output, i32::wrapping_abs)
}

/// NEG on int32 that stands for itself. The least number, whose negative does not fit, stays.
///
/// # Errors
/// [`KernelError::Length`]; `output` is then untouched.
pub fn neg_s32(input: Source<'_, i32>, output: &mut [i32]) -> Result<(), KernelError> {
    each(input, output, i32::wrapping_neg)
}

/// Any function on int16, interpolated in a table of [`LUT16_ENTRIES`].
///
/// # Exactness
/// TFLM's `LUTLookup` on int16.
///
/// # Cost
/// Two loads and a multiplication per element; the table is 1,026 bytes of flash. No scratch.
///
/// # Errors
/// [`KernelError::Length`]; `output` is then untouched.
pub fn lut_16(table: &[i16], input: Source<'_, i16>, output: &mut [i16]) -> Result<(), KernelError> {
    let table: &[i16; LUT16_ENTRIES] = table.try_into().map_err(|_| KernelError::Length)?;
    each(input, output, |q| lut_lookup_i16(q, table))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ties_of_round_go_to_the_even_number() {
        let mut output = [-3.5, -2.5, -0.5, 0.5, 1.5, 2.5, 2.4, -2.6];
        round_f32(Source::Output, &mut output).unwrap();
        assert_eq!(output, [-4.0, -2.0, 0.0, 0.0, 2.0, 2.0, 2.0, -3.0]);
    }

    #[test]
    fn curves_meet_their_known_points() {
        let at = |function: fn(Source<'_, f32>, &mut [f32]) -> Result<(), KernelError>, x: f32| {
            let mut output = [9.0];
            function(Source::Given(&[x]), &mut output).unwrap();
            output[0]
        };
        assert_eq!([-20.0, 0.0, 20.0].map(|x| at(logistic_f32, x)), [float::exp(-20.0), 0.5, 1.0]);
        assert_eq!([-4.0, -3.0, 0.0, 3.0, 4.0].map(|x| at(hard_swish_f32, x)), [0.0, 0.0, 0.0, 3.0, 4.0]);
        assert_eq!([-0.0, 2.0].map(|x| at(elu_f32, x)), [0.0, 2.0]);
        assert_eq!([-7.0, 0.0, 0.5].map(|x| at(sign_f32, x)), [-1.0, 0.0, 1.0]);
        assert_eq!(at(rsqrt_f32, 4.0), 0.5);
        assert!((at(gelu_f32, 1.0) - 0.841_344_7).abs() < 1e-6);
        assert!((at(gelu_tanh_f32, 1.0) - 0.841_192).abs() < 1e-6);
    }

    #[test]
    fn slopes_apply_below_zero_only() {
        let mut output = [-2.0, 0.0, 3.0];
        leaky_relu_f32(&0.5, Source::Output, &mut output).unwrap();
        assert_eq!(output, [-1.0, 0.0, 3.0]);
        let walk = Broadcast::of(&[3], &[&[3], &[1]]).unwrap();
        prelu_f32(&walk, Source::Output, Source::Given(&[-4.0]), &mut output).unwrap();
        assert_eq!(output, [4.0, 0.0, 3.0]);
        limit_f32(&Limits { min: 0.0, max: 1.0 }, Source::Output, &mut output).unwrap();
        assert_eq!(output, [1.0, 0.0, 1.0]);
    }
}
