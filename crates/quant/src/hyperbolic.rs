//! `e^x − 1` and the hyperbolic tangent in single precision throughout.
//!
//! The C library that the recorded outputs come from (glibc up to 2.40) does not evaluate these two in double
//! precision: it follows Sun's fdlibm, whose results are off by an ulp in a fifth of all arguments. The same
//! operations in the same order give the same bits.

const LN_2_HIGH: f32 = f32::from_bits(0x3f31_7180);
const LN_2_LOW: f32 = f32::from_bits(0x3717_f7d1);
const LOG2_E: f32 = f32::from_bits(0x3fb8_aa3b);
/// Of the even part of `x / (e^x − 1)`, from the second term on, in powers of `x² / 2`. A fifth, which fdlibm has, changes no
/// result.
const SERIES: [f32; 4] = [
    f32::from_bits(0xbd08_8889),
    f32::from_bits(0x3ad0_0d01),
    f32::from_bits(0xb8a6_70cd),
    f32::from_bits(0x3686_7e54),
];

/// `e^x − 1`
///
/// `x = k · ln 2 + r`, a rational function of `r`, and `2^k` by the exponent's bits.
pub fn exp_m1(x: f32) -> f32 {
    if x.is_nan() || x == 0.0 {
        return x;
    }
    // From 27 ln 2 on nothing but −1 is left below, and from 128 ln 2 on nothing but infinity above.
    match x.abs().to_bits() {
        0x4195_b844.. if x.is_sign_negative() => return -1.0,
        0x42b1_7218.. => return f32::INFINITY,
        _ => {}
    }
    let (k, x, lost) = reduce(x);
    let half = 0.5 * x;
    let square = x * half;
    let [a, b, c, d] = SERIES;
    let series = 1.0 + square * (a + square * (b + square * (c + square * d)));
    let t = 3.0 - series * half;
    let quotient = square * ((series - t) / (6.0 - x * t));
    if k == 0 {
        return x - (x * quotient - square);
    }
    let e = (x * (quotient - lost) - lost) - square;
    match k {
        -1 => 0.5 * (x - e) - 0.5,
        1 if x < -0.25 => -2.0 * (e - (x + 0.5)),
        1 => 1.0 + 2.0 * (x - e),
        ..=-2 | 57.. => times_power(1.0 - (e - x), k) - 1.0,
        2..=22 => times_power((1.0 - power(-k)) - (e - x), k),
        _ => times_power((x - (e + power(-k))) + 1.0, k),
    }
}

/// `x` without the nearest multiple `k` of ln 2, and what rounding took from it.
fn reduce(x: f32) -> (i32, f32, f32) {
    if x.abs().to_bits() <= 0x3eb1_7218 {
        return (0, x, 0.0);
    }
    let k = (LOG2_E * x + 0.5f32.copysign(x)) as i32;
    let steps = k as f32;
    let (high, low) = (x - steps * LN_2_HIGH, steps * LN_2_LOW);
    let reduced = high - low;
    (k, reduced, (high - reduced) - low)
}

/// `2^k`, of a `k` from −126 to 127.
fn power(k: i32) -> f32 {
    f32::from_bits(((127 + k) as u32) << 23)
}

/// `y · 2^k`, by adding to the exponent's bits.
fn times_power(y: f32, k: i32) -> f32 {
    f32::from_bits(y.to_bits().wrapping_add((k as u32) << 23))
}

/// The hyperbolic tangent.
pub fn tanh(x: f32) -> f32 {
    let magnitude = x.abs();
    if x.is_nan() {
        return x;
    }
    // Up to its sign, which is the argument's.
    let tangent = if magnitude >= 22.0 {
        1.0
    } else if magnitude >= 1.0 {
        1.0 - 2.0 / (exp_m1(2.0 * magnitude) + 2.0)
    } else {
        let t = exp_m1(-2.0 * magnitude);
        t / (t + 2.0)
    };
    tangent.copysign(x)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Bits of an argument, and of glibc 2.36's `expm1f` and `tanhf` of it.
    const RECORDED: [(u32, u32, u32); 42] = [
        (0x3e89_971d, 0x3e9d_d9ea, 0x3e86_5f04),
        (0xbe91_b450, 0xbe7d_9cec, 0xbe8d_e4f9),
        (0x3dcc_cccd, 0x3dd7_63da, 0x3dcc_1ebc),
        (0xbdcc_cccd, 0xbdc2_e49a, 0xbdcc_1ebc),
        (0x3eb1_6873, 0x3ed4_0629, 0x3eaa_a218),
        (0x3eb3_3333, 0x3ed6_9006, 0x3eac_396a),
        (0xbeb3_3333, 0xbe97_331f, 0xbeac_396a),
        (0x3f33_3333, 0x3f81_c2a6, 0x3f1a_b7d8),
        (0xbf33_3333, 0xbf00_dfc9, 0xbf1a_b7d8),
        (0x3f80_0000, 0x3fdb_f0a8, 0x3f42_f7d6),
        (0x3f86_6666, 0x3fed_c782, 0x3f48_2476),
        (0xbf99_999a, 0xbf32_e4f0, 0xbf55_6a64),
        (0x4020_0000, 0x4132_eb7f, 0x3f7c_92c1),
        (0xc020_0000, 0xbf6a_fc7a, 0xbf7c_92c1),
        (0x40a0_0000, 0x4313_69c5, 0x3f7f_fa0d),
        (0xc0a0_0000, 0xbf7e_466c, 0xbf7f_fa0d),
        (0x4110_0000, 0x45fd_30ac, 0x3f7f_ffff),
        (0xc110_0000, 0xbf7f_f7ea, 0xbf7f_ffff),
        (0x4188_0000, 0x4bb8_49a4, 0x3f80_0000),
        (0x4194_0000, 0x4cce_7ae1, 0x3f80_0000),
        (0x41a0_0000, 0x4de7_5844, 0x3f80_0000),
        (0x4220_0000, 0x5c51_106a, 0x3f80_0000),
        (0x4270_0000, 0x6abc_ede5, 0x3f80_0000),
        (0x42b0_0000, 0x7ef8_82b7, 0x3f80_0000),
        (0xc188_0000, 0xbf7f_ffff, 0xbf80_0000),
        (0x38d1_b717, 0x38d1_b9c6, 0x38d1_b718),
        (0xb089_705f, 0xb089_705f, 0xb089_705f),
        (0xc006_2980, 0xbf60_88cf, 0xbf78_614e),
        (0x3eb5_29b4, 0x3ed9_5a7a, 0x3ead_f67c),
        (0xbf85_2a79, 0xbf25_8c4d, 0xbf47_2cf4),
        (0x3f54_d407, 0x3fa5_f1c2, 0x3f2e_6380),
        (0x3f80_bcd3, 0x3fdd_f36b, 0x3f43_95be),
        (0xc05e_7300, 0xbf78_1472, 0xbf7f_82aa),
        (0xc079_420c, 0xbf7a_ca51, 0xbf7f_c9be),
        (0x402c_c8bf, 0x415e_044e, 0x3f7d_b260),
        (0xbff6_6be7, 0xbf5a_a97e, 0xbf75_55d6),
        (0xc008_05c6, 0xbf61_6f99, 0xbf78_cdef),
        (0x407d_c529, 0x424e_ea20, 0x3f7f_d0e0),
        (0xbe73_99f2, 0xbe58_cb11, 0xbe6f_1b93),
        (0x402c_44ad, 0x415c_1b1b, 0x3f7d_a8d6),
        (0xbe41_b6ea, 0xbe30_7e8f, 0xbe3f_6fb1),
        (0x3f8e_67e1, 0x4002_b19f, 0x3f4e_11e0),
    ];

    #[test]
    fn the_c_library_s_bits() {
        for (x, minus_one, tangent) in RECORDED {
            let x = f32::from_bits(x);
            assert_eq!(exp_m1(x).to_bits(), minus_one, "exp_m1({x})");
            assert_eq!(tanh(x).to_bits(), tangent, "tanh({x})");
        }
    }

    /// As [`RECORDED`], of arguments at which the way to the result changes.
    #[test]
    fn either_side_of_each_change() {
        for (x, minus_one, of_negative) in [
            (0x4195_b843, 0x4cff_ffd9, 0xbf80_0000),
            (0x4195_b844, 0x4cff_fff9, 0xbf80_0000),
            (0x3eb1_7218, 0x3ed4_13cd, 0xbe95_f61a),
            (0x3eb1_7219, 0x3ed4_13ce, 0xbe95_f61a),
            (0x42b1_7181, 0x7f7f_b48f, 0xbf80_0000),
            (0x42b1_7217, 0x7f7f_ff84, 0xbf80_0000),
            (0x42b1_7218, 0x7f80_0000, 0xbf80_0000),
        ] {
            let x = f32::from_bits(x);
            assert_eq!((exp_m1(x).to_bits(), exp_m1(-x).to_bits()), (minus_one, of_negative), "{x}");
        }
    }

    #[test]
    fn limits() {
        assert_eq!([tanh(30.0), tanh(-30.0), tanh(f32::INFINITY)], [1.0, -1.0, 1.0]);
        assert_eq!([exp_m1(-40.0), exp_m1(f32::NEG_INFINITY)], [-1.0, -1.0]);
        assert_eq!([exp_m1(100.0), exp_m1(f32::INFINITY)], [f32::INFINITY; 2]);
        for same in [0x8000_0000, 0x7fc0_0123, 0xffc0_0123] {
            let x = f32::from_bits(same);
            assert_eq!((tanh(x).to_bits(), exp_m1(x).to_bits()), (same, same));
        }
    }

    #[test]
    fn neighbours_of_the_exact_value() {
        for step in -4000..4000i16 {
            let x = f32::from(step) / 200.0;
            let near =
                |found: f32, exact: f64| libm::fabs(f64::from(found) - exact) <= libm::fabs(exact) * 3e-7;
            assert!(near(tanh(x), libm::tanh(x.into())), "{x}");
            assert!(near(exp_m1(x), libm::expm1(x.into())), "{x}");
        }
    }
}
