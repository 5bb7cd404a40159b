//! Functions tabulated over a quantised input: 256 entries for 8 bits, 513 with interpolation for 16.

use crate::multiplier::{Affine, Clamp, ZeroPoint};

/// Entries of a table for int16 inputs: 512 steps of 128 and the far end of the last.
pub const LUT16_ENTRIES: usize = 513;

/// Tabulates `function` for an int8 input: entry `q as u8` holds the output for `q`.
///
/// All in single precision: `x = scale_in · (q − zero_in)`, then `round(function(x) · (1 / scale_out))`, ties
/// away from zero, plus `zero_out`, limited to int8. Where the source's conversion to `int32_t` is undefined
/// this saturates, and NaN becomes −128.
///
/// Source: TFLM `LUTPopulate<int8_t>`, and `PopulateLookupTable` of ELU.
pub fn lut_i8(input: Affine, output: Affine, function: impl Fn(f32) -> f32) -> [i8; 256] {
    let inverse_scale = 1.0 / output.scale;
    core::array::from_fn(|index| {
        let q = i32::from(index as u8 as i8);
        let x = input.scale * q.saturating_sub(input.zero.0) as f32;
        let steps = libm::roundf(function(x) * inverse_scale);
        // `max` takes the number where the other is NaN.
        Clamp::I8.apply((steps + output.zero.0 as f32).max(i32::MIN as f32) as i32) as i8
    })
}

/// Tabulates `function` for an int16 input, to be read by [`lut_lookup_i16`].
///
/// Entry `i` is the output at step `i`, less half of the interpolation's error at the middle of the step;
/// every value is rounded with ties away from zero as it arises, all in single precision.
///
/// Source: TFLM `LUTPopulate<int16_t>` in single precision.
pub fn lut_i16(input: Affine, output: Affine, function: impl Fn(f32) -> f32) -> [i16; LUT16_ENTRIES] {
    const STEPS: f32 = 512.0;
    let ends = |scale: f32, ZeroPoint(zero): ZeroPoint| {
        let end = |q: i16| scale * i32::from(q).saturating_sub(zero) as f32;
        (end(i16::MIN), end(i16::MAX))
    };
    let (input_min, input_max) = ends(input.scale, input.zero);
    let (output_min, output_max) = ends(output.scale, output.zero);
    let step = (input_max - input_min) / STEPS;
    let half_step = step / 2.0;
    let inverse_scale = 65536.0 / (output_max - output_min);
    let limited = |value: f32| value.clamp(f32::from(i16::MIN), f32::from(i16::MAX)) as i16;

    core::array::from_fn(|index| {
        let at = index as f32;
        if at == STEPS {
            return limited(libm::roundf(function(input_max) * inverse_scale));
        }
        let value = function(input_min + at * step);
        let middle = function(input_min + at * step + half_step);
        let next = function(input_min + (at + 1.0) * step);
        let sample = libm::roundf(value * inverse_scale);
        let interpolated = libm::roundf((next * inverse_scale + sample) / 2.0);
        let error = interpolated - libm::roundf(middle * inverse_scale);
        limited(sample - libm::roundf(error / 2.0))
    })
}

/// Reads a table of [`lut_i16`]: linear between entries, ties towards +∞.
///
/// The upper nine bits of `q` choose the entry, the lower seven the place between it and the next. The
/// slope wraps to 16 bits, as does the result.
///
/// Source: TFLM `LUTLookup(int16_t, …)`.
#[inline]
pub fn lut_lookup_i16(q: i16, lut: &[i16; LUT16_ENTRIES]) -> i16 {
    let index = ((q >> 7) as u16).wrapping_add(256) as usize;
    let part = i32::from(q & 0x7f);
    let Some(&[base, next]) = lut.get(index..index + 2) else {
        return 0;
    };
    let slope = i32::from(next.wrapping_sub(base));
    base.wrapping_add(((slope * part + 64) >> 7) as i16)
}
