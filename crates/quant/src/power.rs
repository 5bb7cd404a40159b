//! Powers, the exponential and the logarithm of single-precision numbers, as the C library of the recorded outputs computes them.

use core::num::FpCategory;

use crate::float::settled;

/// `(1 / c, log2 c, ln c)` for a `c` near the middle of each sixteenth of an octave. Each `c` was chosen so that all
/// are almost exact.
const OCTAVE: [(f64, f64, f64); 16] = [
    (1.398907162146528, -0.48430022186289673, -0.33569133332882284),
    (1.3403141896637998, -0.42257122959194704, -0.2929040563774074),
    (1.286432210124115, -0.3633754347673556, -0.2518726580937369),
    (1.2367150214269895, -0.30651309567405577, -0.21245868807117255),
    (1.1906977166711752, -0.25180720160537634, -0.17453945183745634),
    (1.1479821020556429, -0.19910014943794563, -0.1380057072319758),
    (1.1082251448272158, -0.14825100623281615, -0.10275976698545139),
    (1.0711297413057381, -0.09913323807318392, -0.06871392447020525),
    (1.036437278977283, -0.051632812977629436, -0.0357891387398228),
    (1.0, 0.0, 0.0),
    (0.9492859795739057, 0.07508531937943004, 0.05204517742929496),
    (0.8951049428609004, 0.15987125980713107, 0.11081431298787942),
    (0.8476821620351103, 0.2384046664317681, 0.1652495223695143),
    (0.8050314851692001, 0.31288288605863257, 0.21687389031699977),
    (0.7664671008843108, 0.38370422656453185, 0.2659635028121397),
    (0.731428603316328, 0.451211048935815, 0.3127556664073557),
];
/// Coefficients of `log2(1 + r)`, from `r^5` down to `r`, fitted for `|r| ≤ 1/30`.
const LOG2: [f64; 5] =
    [0.288457581109214, -0.36092606229713164, 0.480898481472577, -0.7213474675006291, 1.4426950408774342];
/// Coefficients of `ln(1 + r) - r`, from `r^4` down to `r²`, fitted for `|r| ≤ 1/30`.
const LN: [f64; 3] = [-0.25089342214237154, 0.333456765744066, -0.4999997485802103];
/// Coefficients of `2^r`, from `r³` down to `r`, fitted for `|r| ≤ 1/64`.
const EXP2: [f64; 3] = [0.05550361559341535, 0.2402284522445722, 0.6931471806916203];
/// Where the octave begins that the table covers: the bits of about 0.7.
const BEGIN: u32 = 0x3f33_0000;

/// `x^y`.
///
/// `2^(y · log2 x)` in double precision, both from tables and short polynomials, rounded once: in one case of
/// fifty not the nearest number. Whatever is not in the ordinary range of both, the double-precision power
/// answers.
pub fn pow(x: f32, y: f32) -> f32 {
    let nearest = || libm::pow(f64::from(x), f64::from(y)) as f32;
    if !x.is_normal() || !y.is_normal() {
        return nearest();
    }
    let exponent = f64::from(y) * log2(libm::fabsf(x));
    if libm::fabs(exponent) >= 126.0 || (x.is_sign_negative() && libm::truncf(y) != y) {
        return nearest();
    }
    let is_negative = x.is_sign_negative() && libm::fmodf(y, 2.0) != 0.0;
    let magnitude = exp2(exponent) as f32;
    if is_negative { -magnitude } else { magnitude }
}

/// `e^x`, as [`pow`] has its powers of two: in one case of three thousand not the nearest number.
pub fn exp(x: f32) -> f32 {
    if x.is_nan() {
        return x;
    }
    // Less gives 0, and more infinity.
    exp2(f64::from(x.clamp(-104.0, 89.0)) * core::f64::consts::LOG2_E) as f32
}

/// The natural logarithm, from the same table as [`pow`]: in one case of a thousand not the nearest number.
pub fn ln(x: f32) -> f32 {
    let (x, below) = match x.classify() {
        FpCategory::Normal if x.is_sign_positive() => (x, 0.0),
        FpCategory::Subnormal if x.is_sign_positive() => (x * 8_388_608.0, 23.0),
        // What has no logarithm, or no finite one.
        _ => return settled(x, libm::log(f64::from(x)) as f32),
    };
    let Place { octaves, log: (_, ln_c), r } = place(x);
    let [fourth, third, second] = LN;
    let square = r * r;
    let high = fourth * square + (third * r + second);
    (high * square + ((ln_c + (octaves - below) * core::f64::consts::LN_2) + r)) as f32
}

/// The binary logarithm of a positive normal number.
fn log2(x: f32) -> f64 {
    let Place { octaves, log: (log2_c, _), r } = place(x);
    let [fifth, fourth, third, second, first] = LOG2;
    let square = r * r;
    let low = (third * r + second) * square + (first * r + (log2_c + octaves));
    (fifth * r + fourth) * (square * square) + low
}

/// A number as `2^octaves · c · (1 + r)`.
struct Place {
    octaves: f64,
    /// The binary and the natural logarithm of `c`.
    log: (f64, f64),
    r: f64,
}

/// Where a positive normal number lies.
fn place(x: f32) -> Place {
    let bits = x.to_bits();
    let above = bits.wrapping_sub(BEGIN);
    let (inverse, log2_c, ln_c) = OCTAVE[(above >> 19 & 15) as usize];
    let scaled = f32::from_bits(bits.wrapping_sub(above & 0xff80_0000));
    let r = f64::from(scaled) * inverse - 1.0;
    Place { octaves: f64::from((above as i32) >> 23), log: (log2_c, ln_c), r }
}

/// `2^x` for `|x|` below 1000.
fn exp2(x: f64) -> f64 {
    let steps = libm::rint(x * 32.0);
    let r = x - steps / 32.0;
    let [third, second, first] = EXP2;
    let low = first * r + 1.0;
    let fraction = (third * r + second) * (r * r) + low;
    let step = steps as i32;
    // The tabulated root and the octave, which only moves its exponent.
    fraction * libm::ldexp(ROOTS[(step & 31) as usize], step >> 5)
}

/// `2^(i / 32)`.
const ROOTS: [f64; 32] = [
    1.0,
    1.0218971486541166,
    1.0442737824274138,
    1.0671404006768237,
    1.0905077326652577,
    1.1143867425958924,
    1.1387886347566916,
    1.1637248587775775,
    1.189207115002721,
    1.215247359980469,
    1.241857812073484,
    1.2690509571917332,
    1.2968395546510096,
    1.3252366431597413,
    1.3542555469368927,
    1.383909881963832,
    core::f64::consts::SQRT_2,
    1.4451808069770467,
    1.4768261459394993,
    1.5091644275934228,
    1.5422108254079407,
    1.5759808451078865,
    1.6104903319492543,
    1.645755478153965,
    1.681792830507429,
    1.718619298122478,
    1.7562521603732995,
    1.7947090750031072,
    1.8340080864093424,
    1.8741676341103,
    1.9152065613971474,
    1.9571441241754002,
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn powers_are_within_a_step_of_the_nearest() {
        for i in 1..400 {
            for j in -40..40 {
                let (x, y) = (i as f32 / 37.0, j as f32 / 7.0);
                let nearest = libm::pow(f64::from(x), f64::from(y)) as f32;
                assert!(pow(x, y).to_bits().abs_diff(nearest.to_bits()) <= 1, "{x} {y}");
            }
        }
    }

    #[test]
    fn special_cases_are_those_of_the_standard() {
        assert_eq!(pow(-2.0, 3.0), -8.0);
        assert_eq!(pow(-2.0, 2.0), 4.0);
        assert!(pow(-2.0, 0.5).is_nan());
        assert_eq!([pow(0.0, 0.0), pow(f32::NAN, 0.0), pow(0.0, -1.0)], [1.0, 1.0, f32::INFINITY]);
        assert_eq!([pow(10.0, 39.0), pow(10.0, -60.0)], [f32::INFINITY, 0.0]);
        assert_eq!([pow(0.0, 0.5), pow(f32::from_bits(0x1_16c2), 0.5)], [0.0, f32::from_bits(0x1e3c_e4e7)]);
        assert_eq!([exp(f32::NEG_INFINITY), exp(-104.0), exp(f32::INFINITY)], [0.0, 0.0, f32::INFINITY]);
        assert_eq!(exp(f32::from_bits(0xffc0_0123)).to_bits(), 0xffc0_0123);
    }
}
