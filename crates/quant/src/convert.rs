//! Real numbers to quantised ones and back, and one quantisation to another.

use crate::float;
use crate::multiplier::{Affine, Clamp, Multiplier, ZeroPoint};

/// The quantised value nearest to `x`: `round(x / scale) + zero`, limited.
///
/// The division is in single precision, ties go away from zero. Where the source's conversion to `int32_t`
/// is undefined this saturates; NaN becomes the lower limit.
///
/// Source: TFLM `AffineQuantize` (and `FloatToQuantizedType`, which agrees with it).
#[inline]
pub fn quantize(x: f32, scale: f32, zero: ZeroPoint, clamp: Clamp) -> i32 {
    // `max` takes the number where the other is NaN.
    let steps = libm::roundf(x / scale).max(i32::MIN as f32) as i32;
    clamp.apply(steps.saturating_add(zero.0))
}

/// The real number that `q` stands for: `scale · (q − zero)`, rounded once to single precision.
///
/// The product is taken in double precision, where it is exact for `|q − zero| < 2^29`. The difference
/// saturates.
///
/// Source: TFLM `Dequantize`.
#[inline]
pub fn dequantize(q: i32, scale: f32, zero: ZeroPoint) -> f32 {
    (f64::from(scale) * f64::from(q.saturating_sub(zero.0))) as f32
}

/// SQRT on int8: `⌊√x / scale_out⌋ + zero_out` in single precision, limited. The root of a negative number
/// counts as 0.
///
/// Source: TensorFlow Lite's SQRT on int8, which drops the fraction; TFLM has none.
pub fn sqrt_i8(input: Affine, output: Affine, q: i8) -> i8 {
    let x = input.scale * i32::from(q).saturating_sub(input.zero.0) as f32;
    let steps = (float::sqrt(x) / output.scale) as i32;
    Clamp::I8.apply(steps.saturating_add(output.zero.0)) as i8
}

/// One quantisation to another: QUANTIZE between integer types, RELU and its kin.
///
/// `clamp(zero_out + multiplier · (q − zero_in))`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Requantize {
    /// Zero point of the input.
    pub zero_in: ZeroPoint,
    /// Input scale over output scale.
    pub multiplier: Multiplier,
    /// Zero point of the output.
    pub zero_out: ZeroPoint,
    /// Limits of the output: its type's, or an activation's.
    pub clamp: Clamp,
}

impl Requantize {
    /// The factor for QUANTIZE, RELU and ABS: `input_scale / output_scale` in double precision.
    ///
    /// Source: TFLM `PrepareQuantizeReference` and, as in the build that recorded outputs come from,
    /// `CalculateReluOpData` and `SetAbsOutputMultiplier`.
    pub fn ratio(input_scale: f32, output_scale: f32) -> Option<Multiplier> {
        Multiplier::from_real(f64::from(input_scale) / f64::from(output_scale))
    }

    /// The factor for RELU6, RELU_0_TO_1 and RELU_N1_TO_1: `input_scale / output_scale` in single precision.
    ///
    /// Source: TensorFlow Lite's `ReluPrepare`, whose kernels rescale where TFLM's only limit.
    pub fn single_precision_ratio(input_scale: f32, output_scale: f32) -> Option<Multiplier> {
        Multiplier::from_real(f64::from(input_scale / output_scale))
    }

    /// The output for the input `q`.
    ///
    /// Source: TFLM `Requantize`, whose shortcut between `int8` and `uint8` gives the same; `ReluQuantized`.
    #[inline]
    pub fn apply(&self, q: i32) -> i32 {
        self.multiplier.requantize(q.saturating_sub(self.zero_in.0), self.zero_out, self.clamp)
    }

    /// The output of ABS for the input `q`: the same on `|q − zero_in|`.
    ///
    /// Source: TFLM `AbsEvalQuantized`, whose case of equal scales is a factor of 1 here.
    #[inline]
    pub fn apply_abs(&self, q: i32) -> i32 {
        let magnitude = q.saturating_sub(self.zero_in.0).saturating_abs();
        self.multiplier.requantize(magnitude, self.zero_out, self.clamp)
    }
}
