//! Real numbers quantised at run time by their own range, for layers whose weights alone are int8.

use crate::rounding::saturate_i8;

/// Scale and zero point that some real numbers take by themselves.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DynamicRange {
    /// The real value of one step.
    pub scale: f32,
    /// The quantised value of real 0; 0 when symmetric.
    pub zero: i32,
    /// The steps in 1, as the source rounds them.
    steps_in_one: f32,
    /// −127 or −128.
    min: i32,
}

impl DynamicRange {
    /// Zero 0, and a scale by which the largest magnitude becomes 127.
    ///
    /// Source: TFLM `PortableSymmetricQuantizeFloats`.
    pub fn symmetric(values: &[f32]) -> Self {
        let (low, high) = limits(values);
        let range = libm::fabsf(low).max(libm::fabsf(high));
        if range == 0.0 {
            return Self { scale: 1.0, zero: 0, steps_in_one: 1.0, min: -127 };
        }
        Self { scale: range / 127.0, zero: 0, steps_in_one: 127.0 / range, min: -127 }
    }

    /// A scale by which the range, widened to hold 0, spans all of int8, in double precision; and the zero
    /// nearest to where real 0 then lies, counted from the end that is the nearer one in magnitude.
    ///
    /// Source: TFLM `PortableAsymmetricQuantizeFloats`.
    pub fn asymmetric(values: &[f32]) -> Self {
        let (low, high) = limits(values);
        let (low, high) = (f64::from(low.min(0.0)), f64::from(high.max(0.0)));
        if low == high {
            return Self { scale: 1.0, zero: 0, steps_in_one: 1.0, min: -128 };
        }
        let scale = (high - low) / 255.0;
        let from_low = -128.0 - low / scale;
        let from_high = 127.0 - high / scale;
        let low_is_nearer = 128.0 + libm::fabs(low / scale) < 127.0 + libm::fabs(high / scale);
        let zero = libm::round(if low_is_nearer { from_low } else { from_high }.clamp(-128.0, 127.0));
        let scale = scale as f32;
        Self { scale, zero: zero as i32, steps_in_one: 1.0 / scale, min: -128 }
    }

    /// The quantised value nearest to `x`, ties away from zero.
    #[inline]
    pub fn quantize(&self, x: f32) -> i8 {
        let steps = libm::roundf(self.zero as f32 + x * self.steps_in_one) as i32;
        saturate_i8(steps.max(self.min))
    }
}

/// The least and greatest value; 0 and 0 when there is none.
fn limits(values: &[f32]) -> (f32, f32) {
    let first = values.first().copied().unwrap_or(0.0);
    values.iter().fold((first, first), |(low, high), &x| {
        (if x < low { x } else { low }, if x > high { x } else { high })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn symmetric_reaches_127_and_not_minus_128() {
        let range = DynamicRange::symmetric(&[-2.0, 0.5, 1.0]);
        assert_eq!((range.scale, range.zero), (2.0 / 127.0, 0));
        assert_eq!([-2.0, -3.0, 0.0, 1.0, 2.0].map(|x| range.quantize(x)), [-127, -127, 0, 64, 127]);
    }

    #[test]
    fn asymmetric_spans_int8_and_holds_zero() {
        let range = DynamicRange::asymmetric(&[1.0, 3.0]);
        assert_eq!((range.scale, range.zero), ((3.0f64 / 255.0) as f32, -128));
        assert_eq!([0.0, 3.0, 9.0, -1.0].map(|x| range.quantize(x)), [-128, 127, 127, -128]);
        let range = DynamicRange::asymmetric(&[-1.0, 3.0]);
        assert_eq!(range.zero, -64);
        assert_eq!(range.quantize(0.0), -64);
    }

    #[test]
    fn the_ends_are_found_wherever_they_lie() {
        for values in [[0.5, -2.0, 3.0, -1.0], [3.0, 0.5, -2.0, 1.0], [-2.0, 0.0, 1.0, 3.0]] {
            assert_eq!(DynamicRange::symmetric(&values).scale, 3.0 / 127.0);
            assert_eq!(DynamicRange::asymmetric(&values).scale, (5.0f64 / 255.0) as f32);
        }
    }

    /// Real 0 lies half-way between two steps, where either end gives another zero. Scale and zero by TFLM
    /// 90b983c2b's `PortableAsymmetricQuantizeFloats`, g++ 12.2 -O2 on x86-64.
    #[test]
    fn the_nearer_end_says_which_zero() {
        for (low, high, scale, zero) in [
            (0xc39c_fade, 0x4297_4032, 0x3fc3_8e79, 77),
            (0xc298_aea4, 0x4298_aea4, 0x3f19_47ec, -1),
            (0xc35d_0274, 0x435d_0274, 0x3fdd_e054, 0),
            (0xc287_a428, 0x4292_b6c8, 0x3f0d_bb33, -5),
        ] {
            let range = DynamicRange::asymmetric(&[low, high].map(f32::from_bits));
            assert_eq!((range.scale.to_bits(), range.zero), (scale, zero));
        }
    }

    #[test]
    fn nothing_but_zeros_has_scale_1() {
        for range in [DynamicRange::symmetric(&[0.0, 0.0]), DynamicRange::asymmetric(&[])] {
            assert_eq!((range.scale, range.zero, range.quantize(0.0)), (1.0, 0, 0));
        }
    }
}
