//! The quantised range that a fused activation leaves.

use crate::multiplier::{Clamp, ZeroPoint};

/// An activation fused into another operator, as limits on the real value.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum FusedActivation {
    /// No limits but the type's.
    #[default]
    None,
    /// `[0, ∞)`
    Relu,
    /// `[-1, 1]`
    ReluN1To1,
    /// `[0, 6]`
    Relu6,
    /// `[0, 1]`, which no fused field of the format holds: the operator RELU_0_TO_1.
    Relu0To1,
}

impl FusedActivation {
    /// Quantises the limits with the output's `scale` and `zero`, inside the limits of its type.
    ///
    /// Each limit is `zero + round(limit / scale)` in single precision, ties away from zero. `None` when
    /// one of them does not fit in `i32`, which includes a `scale` of 0 or NaN.
    ///
    /// Source: TFLM `CalculateActivationRangeQuantized`.
    pub fn clamp(self, scale: f32, zero: ZeroPoint, type_limits: Clamp) -> Option<Clamp> {
        let (low, high) = match self {
            Self::None => (None, None),
            Self::Relu => (Some(0.0), None),
            Self::ReluN1To1 => (Some(-1.0), Some(1.0)),
            Self::Relu6 => (Some(0.0), Some(6.0)),
            Self::Relu0To1 => (Some(0.0), Some(1.0)),
        };
        let mut clamp = type_limits;
        if let Some(limit) = low {
            clamp.min = clamp.min.max(quantized_limit(limit, scale, zero)?);
        }
        if let Some(limit) = high {
            clamp.max = clamp.max.min(quantized_limit(limit, scale, zero)?);
        }
        Some(clamp)
    }
}

fn quantized_limit(limit: f32, scale: f32, zero: ZeroPoint) -> Option<i32> {
    let steps = libm::roundf(limit / scale);
    // −2^31 is exact in single precision; 2^31 − 1 rounds to 2^31, which the source lets through.
    let fits = (-2_147_483_648.0..2_147_483_648.0).contains(&steps);
    if fits { Some(zero.0.saturating_add(steps as i32)) } else { None }
}
