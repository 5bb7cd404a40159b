//! LEAKY_RELU, PRELU and HARD_SWISH.

use crate::multiplier::{Affine, Clamp, Multiplier, ZeroPoint};
use crate::rounding::{
    doubling_high_mul_i16, doubling_high_mul_i16_truncated, round_shift_right_i16, saturating_shift_left_i16,
};

/// LEAKY_RELU: `x` where `x ≥ 0`, else `alpha · x`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct LeakyRelu {
    /// Zero point of the input.
    pub zero_in: ZeroPoint,
    /// Input scale over output scale.
    pub identity: Multiplier,
    /// `alpha` times input scale over output scale; may be negative.
    pub alpha: Multiplier,
    /// Zero point of the output.
    pub zero_out: ZeroPoint,
    /// Limits of the output.
    pub clamp: Clamp,
}

impl LeakyRelu {
    /// The constants: `in · alpha / out` and `in / out`, in double precision.
    ///
    /// Source: TFLM `CalculateOpDataLeakyRelu`, in the build that recorded outputs come from.
    pub fn prepare(input: Affine, alpha: f32, output: Affine, clamp: Clamp) -> Option<Self> {
        Some(Self {
            zero_in: input.zero,
            identity: Multiplier::from_real(f64::from(input.scale) / f64::from(output.scale))?,
            alpha: Multiplier::from_real(
                f64::from(input.scale) * f64::from(alpha) / f64::from(output.scale),
            )?,
            zero_out: output.zero,
            clamp,
        })
    }

    /// The output for the input `q`.
    ///
    /// A negative `alpha` scales by its magnitude and negates the result, which moves the ties.
    /// Source: TFLM `QuantizeLeakyRelu`.
    #[inline]
    pub fn apply(&self, q: i32) -> i32 {
        let x = q.saturating_sub(self.zero_in.0);
        let y = match x {
            0.. => self.identity.scale(x),
            _ => match self.alpha.mantissa() {
                0.. => self.alpha.scale(x),
                _ => self.alpha.magnitude().scale(x).saturating_neg(),
            },
        };
        self.clamp.apply(y.saturating_add(self.zero_out.0))
    }
}

/// PRELU: `x` where `x ≥ 0`, else `alpha · x` with a quantised `alpha`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Prelu {
    /// Zero point of the input.
    pub zero_in: ZeroPoint,
    /// Zero point of `alpha`.
    pub zero_alpha: ZeroPoint,
    /// Input scale over output scale.
    pub identity: Multiplier,
    /// Input scale times `alpha`'s over output scale.
    pub slope: Multiplier,
    /// Zero point of the output.
    pub zero_out: ZeroPoint,
    /// Limits of the output.
    pub clamp: Clamp,
}

impl Prelu {
    /// The constants, in double precision.
    ///
    /// Source: TFLM `CalculatePreluParams`.
    pub fn prepare(input: Affine, alpha: Affine, output: Affine, clamp: Clamp) -> Option<Self> {
        let (input_scale, output_scale) = (f64::from(input.scale), f64::from(output.scale));
        Some(Self {
            zero_in: input.zero,
            zero_alpha: alpha.zero,
            identity: Multiplier::from_real(input_scale / output_scale)?,
            slope: Multiplier::from_real(input_scale * f64::from(alpha.scale) / output_scale)?,
            zero_out: output.zero,
            clamp,
        })
    }

    /// The output for the input `q` and its `alpha`.
    ///
    /// Source: TFLM `Prelu`.
    #[inline]
    pub fn apply(&self, q: i32, alpha: i32) -> i32 {
        let x = q.saturating_sub(self.zero_in.0);
        let y = match x {
            0.. => self.identity.scale(x),
            _ => self.slope.scale(x.saturating_mul(alpha.saturating_sub(self.zero_alpha.0))),
        };
        self.clamp.apply(y.saturating_add(self.zero_out.0))
    }
}

/// HARD_SWISH on int8: `x · min(max(x + 3, 0), 6) / 6`, in 16-bit arithmetic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct HardSwish {
    /// Zero point of the input.
    pub zero_in: ZeroPoint,
    /// Mantissa, in Q0.15, of a 128th of the input scale over the output scale.
    pub output_mantissa: i16,
    /// How far that factor shifts right: the negated exponent.
    pub output_right_shift: u32,
    /// Mantissa, in Q0.15, of a 128th of the input scale over 3 / 2^15.
    pub gate_mantissa: i16,
    /// The exponent of that factor, of either sign.
    pub gate_shift: i32,
    /// Zero point of the output.
    pub zero_out: ZeroPoint,
}

impl HardSwish {
    /// The constants, in double precision; `None` when the input's steps are more than 128 of the output's,
    /// which the source refuses.
    ///
    /// Source: TFLM `HardSwishPrepare`.
    pub fn prepare(input: Affine, output: Affine) -> Option<Self> {
        let fine_scale = f64::from(input.scale) / 128.0;
        let to_output = Multiplier::from_real(fine_scale / f64::from(output.scale))?;
        let to_gate = Multiplier::from_real(fine_scale / (3.0 / 32768.0))?;
        Some(Self {
            zero_in: input.zero,
            output_mantissa: to_output.mantissa_16() as i16,
            output_right_shift: u32::try_from(-i32::from(to_output.shift())).ok()?,
            gate_mantissa: to_gate.mantissa_16() as i16,
            gate_shift: to_gate.shift().into(),
            zero_out: output.zero,
        })
    }

    /// The output for the input `q`.
    ///
    /// The gate `(x + 3) / 6`, in `[0, 1)`, comes from two saturating shifts around its multiplication; the
    /// last product truncates, which cancels the bias of the roundings. Adding the zero point wraps as
    /// 16-bit arithmetic does in the source; no output scale in use gets there.
    ///
    /// Source: TFLM `HardSwish`.
    pub fn apply(&self, q: i8) -> i8 {
        let fine = (i32::from(q).wrapping_sub(self.zero_in.0) as i16).wrapping_mul(128);
        let unshifted = doubling_high_mul_i16(fine, self.output_mantissa);

        let gate = match self.gate_shift {
            1.. => {
                // All but the last place of the shift cannot saturate a value that matters.
                let raised = saturating_shift_left_i16(fine, self.gate_shift.unsigned_abs() - 1);
                saturating_shift_left_i16(doubling_high_mul_i16(raised, self.gate_mantissa), 1)
            }
            _ => round_shift_right_i16(
                doubling_high_mul_i16(fine, self.gate_mantissa),
                self.gate_shift.unsigned_abs(),
            ),
        };
        // [-1, 1) to [0, 1).
        let gate = ((i32::from(gate) + (1 << 15)) >> 1) as i16;

        let product = doubling_high_mul_i16_truncated(gate, unshifted);
        let output =
            round_shift_right_i16(product, self.output_right_shift).wrapping_add(self.zero_out.0 as i16);
        output.clamp(i8::MIN.into(), i8::MAX.into()) as i8
    }
}
