//! LOGISTIC and TANH on int16, interpolated in a table of the logistic function.

use crate::float;
use crate::rounding::saturate_i16;
use crate::sigmoid_table::SIGMOID_TABLE;

/// An int16 input on its way into LOGISTIC or TANH: brought to steps of `1 / (3 · 4096)`, so that ±2^17
/// stand for ±10.67, where the table ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Curve16Input {
    /// At most 32,767 where [`Curve16Input::for_logistic`] or its kin made it.
    pub multiplier: i32,
    /// In `[0, 31]`: how far the product is shifted right.
    pub right_shift: u32,
}

impl Curve16Input {
    /// The input of the gates of an LSTM cell: Q3.12.
    pub const Q3_12: Self = Self { multiplier: 3, right_shift: 0 };

    /// The constants of LOGISTIC for an input of this `scale`; zero point 0.
    ///
    /// Source: TFLM `CalculateArithmeticOpDataLogistic`.
    pub fn for_logistic(scale: f32) -> Option<Self> {
        Self::prepare(scale, 0)
    }

    /// The constants of TANH for an input of this `scale`; zero point 0.
    ///
    /// Source: TFLM `CalculateArithmeticOpData` of TANH.
    pub fn for_tanh(scale: f32) -> Option<Self> {
        Self::prepare(scale, 1)
    }

    /// The constants of TANH for an LSTM cell state of scale `2^power`.
    ///
    /// Source: TFLM `lstm_internal::Tanh`.
    pub const fn for_cell_state(power: i32) -> Self {
        match power.saturating_add(12) {
            shift @ 0..=29 => Self { multiplier: 3 << shift, right_shift: 0 },
            // The curve is flat long before.
            30.. => Self { multiplier: 3 << 29, right_shift: 0 },
            shift @ -31..0 => Self { multiplier: 3, right_shift: shift.unsigned_abs() },
            _ => Self { multiplier: 0, right_shift: 0 },
        }
    }

    /// Powers of two from 2^−12 up to `2^(greatest_shift − 12)` take the exact factor 3 · 2^shift; other
    /// scales the largest of 15 bits, rounded down.
    fn prepare(scale: f32, greatest_shift: i32) -> Option<Self> {
        if !(scale > 0.0 && scale.is_finite()) {
            return None;
        }
        let power = checked_log2(scale);
        if let Some(shift @ 0..) = power.map(|power| power + 12).filter(|shift| *shift <= greatest_shift) {
            return Some(Self { multiplier: 3 << shift, right_shift: 0 });
        }
        let mut multiplier = f64::from(scale) * 4096.0 * 3.0;
        let mut right_shift = 0;
        while multiplier <= 32767.0 / 2.0 && right_shift <= 30 {
            right_shift += 1;
            multiplier *= 2.0;
        }
        let multiplier = i16::try_from(multiplier as i32).ok()?.into();
        Some(Self { multiplier, right_shift })
    }

    /// LOGISTIC; the output has scale 2^−15.
    ///
    /// Linear between the entries of [`SIGMOID_TABLE`] at the input's magnitude, mirrored for negative ones. A
    /// product with the factor that overflows in the source saturates.
    ///
    /// Source: TFLM `reference_integer_ops::Logistic` on int16.
    pub fn logistic(&self, q: i16) -> i16 {
        let x = self.scale(q);
        let (step, part) = (x.unsigned_abs() >> 9, x.unsigned_abs() & 0x1ff);
        let magnitude = match table_step(step) {
            Some((a, b)) => (a << 9) + part * (b - a),
            None => 0x7fff << 10,
        };
        let rounded = match x {
            0.. => magnitude + (1 << 9),
            _ => (1 << 25) - magnitude + (1 << 9) - 1,
        };
        (rounded >> 10) as i16
    }

    /// TANH; the output has scale 2^−15. `tanh x = 2 · logistic 2x − 1`.
    ///
    /// Source: TFLM `reference_integer_ops::Tanh` on int16.
    pub fn tanh(&self, q: i16) -> i16 {
        let x = self.scale(q);
        let (step, part) = (x.unsigned_abs() >> 8, x.unsigned_abs() & 0xff);
        let magnitude = match table_step(step) {
            Some((a, b)) => (a << 8) + part * (b - a),
            None => 0xffff << 8,
        } as i32;
        let rounded = match x {
            0.. => magnitude - (1 << 23) + (1 << 7),
            _ => (1 << 23) - magnitude + (1 << 7) - 1,
        };
        saturate_i16(rounded >> 8)
    }

    /// `q · multiplier / 2^right_shift`, ties towards +∞.
    fn scale(&self, q: i16) -> i32 {
        let half = match self.right_shift {
            0 => 0,
            shift => 1i32.checked_shl(shift - 1).unwrap_or(0),
        };
        let product = i32::from(q).saturating_mul(self.multiplier).saturating_add(half);
        product.checked_shr(self.right_shift).unwrap_or(0)
    }
}

/// The table's entries at `step` and the next one; `None` where it has ended.
fn table_step(step: u32) -> Option<(u32, u32)> {
    let entry = |at: usize| SIGMOID_TABLE.get(at).map(|entry| u32::from(*entry));
    let at = step as usize;
    Some((entry(at)?, entry(at.checked_add(1)?)?))
}

/// The whole number nearest to `log2(scale)`, if they differ by less than 0.001.
///
/// Source: TFLM `CheckedLog2`: the logarithm, its factor and the difference in single precision.
pub fn checked_log2(scale: f32) -> Option<i32> {
    let log2 = log2(scale);
    let rounded = libm::roundf(log2);
    if libm::fabsf(log2 - rounded) < 1e-3 { Some(rounded as i32) } else { None }
}

/// The whole number nearest to `log2(scale)`, which is how the cell state of an LSTM takes its scale.
///
/// Source: TFLM `CreateLstmCellStateInfo`, which ignores the answer of `CheckedLog2`.
pub fn nearest_log2(scale: f32) -> i32 {
    libm::roundf(log2(scale)) as i32
}

fn log2(x: f32) -> f32 {
    float::ln(x) * (1.0 / float::ln(2.0))
}
