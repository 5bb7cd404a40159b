//! The rounding of RESIZE_BILINEAR.

/// The mean of four neighbours, ties away from zero.
///
/// `corners` are upper left, upper right, lower left, lower right; `y` and `x` are the weights of the lower and
/// of the right ones, in 1/1024.
///
/// Source: TFLM `ResizeBilinearInteger`.
#[inline]
pub fn rounded_bilinear(corners: [i32; 4], y: i64, x: i64) -> i32 {
    const ONE: i64 = 1 << 10;
    const HALF: i64 = 1 << 19;
    let [upper_left, upper_right, lower_left, lower_right] = corners.map(i64::from);
    let term = |value: i64, y: i64, x: i64| value.wrapping_mul(y).wrapping_mul(x);
    let (above, left) = (ONE.wrapping_sub(y), ONE.wrapping_sub(x));
    let sum = term(upper_left, above, left)
        .wrapping_add(term(lower_left, y, left))
        .wrapping_add(term(upper_right, above, x))
        .wrapping_add(term(lower_right, y, x));
    let nudge = if sum > 0 { HALF } else { -HALF };
    (sum.wrapping_add(nudge) / (1 << 20)) as i32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ties_go_away_from_zero() {
        assert_eq!(rounded_bilinear([0, 1, 0, 1], 0, 512), 1);
        assert_eq!(rounded_bilinear([0, -1, 0, -1], 0, 512), -1);
        assert_eq!(rounded_bilinear([0, 1, 0, 1], 0, 511), 0);
        assert_eq!(rounded_bilinear([0, -1, 0, -1], 0, 511), 0);
        assert_eq!(rounded_bilinear([4, 8, 12, 16], 512, 512), 10);
        assert_eq!(rounded_bilinear([-128; 4], 1023, 1023), -128);
    }
}
