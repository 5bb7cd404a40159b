//! Functions of single precision over their whole range, against sums of what the C library of the recorded outputs
//! gives: glibc 2.36 on x86-64, `expf` and its kin; the logistic function is TFLM's formula with its `expf`.

use quant::float;

/// A function, the bits of the first and last of its arguments, and the sum of its results.
type Recorded = (&'static str, fn(f32) -> f32, u32, u32, u64);

/// FNV-1a over the bits of all results.
fn sum(results: impl Iterator<Item = f32>) -> u64 {
    results.fold(0xcbf2_9ce4_8422_2325, |sum, y| (sum ^ u64::from(y.to_bits())).wrapping_mul(0x100_0000_01b3))
}

/// Every so many of the floating-point numbers with these bits, each with either sign.
fn either_sign(from: u32, to: u32) -> impl Iterator<Item = f32> {
    (from..to).step_by(9973).flat_map(|bits| [bits, bits | 0x8000_0000]).map(f32::from_bits)
}

#[test]
fn functions_of_one_number() {
    let all: [Recorded; 6] = [
        ("exp", float::exp, 0x3000_0000, 0x42d4_0000, 0x7290_b8b3_73db_3174),
        ("exp_m1", float::exp_m1, 0x3000_0000, 0x42b2_0000, 0x5757_6254_e0e6_0c68),
        ("tanh", float::tanh, 0x2200_0000, 0x4200_0000, 0xf8e6_f925_a616_b7af),
        ("sin", float::sin, 0x3000_0000, 0x42f0_0000, 0x23f0_18a8_a2f6_002b),
        ("cos", float::cos, 0x3000_0000, 0x42f0_0000, 0xeb04_06fc_bb72_f6d3),
        ("logistic", float::logistic, 0x3000_0000, 0x42b0_0000, 0xe8d2_e2a1_5ed3_b9f1),
    ];
    for (name, function, from, to, recorded) in all {
        assert_eq!(sum(either_sign(from, to).map(function)), recorded, "{name}");
    }
}

#[test]
fn logarithms() {
    let positive = (0x0000_0001..0x7f80_0000).step_by(4 * 9973).map(f32::from_bits);
    assert_eq!(sum(positive.map(float::ln)), 0xc6f0_1d99_80e5_3330);
    assert_eq!([float::ln(1.0), float::ln(f32::INFINITY)], [0.0, f32::INFINITY]);
}

#[test]
fn powers() {
    let bases = |from: u32, to: u32, step| (from..to).step_by(step).map(f32::from_bits);
    let exponents =
        |most: i32, by: fn(f32) -> f32| (-most..=most).filter(|j| *j != 0).map(move |j| by(j as f32));
    let powers = |from, to, step, most, by| {
        sum(bases(from, to, step).flat_map(move |x| exponents(most, by).map(move |y| float::pow(x, y))))
    };
    for (of, recorded) in [
        (powers(0x3b00_0000, 0x4400_0000, 650_011, 40, |j| j / 7.0), 0xf7df_2d6f_db9f_4e6b),
        (powers(0x3f30_0000, 0x3fb8_0000, 641, 3, |j| j * 5.3), 0xabc5_ad9d_1f5d_9a97),
        (powers(0xbb00_0000, 0xc400_0000, 650_011, 12, |j| j), 0x1c01_d580_f822_fe3b),
    ] {
        assert_eq!(of, recorded);
    }
}
