//! CONV_2D, DEPTHWISE_CONV_2D and FULLY_CONNECTED: worked numbers, and every implementation against the definition
//! on sizes around its block lengths.

use kernels::{
    Hwc, PerChannel, Window, Yx, arch,
    reference::{self, Conv2d, ConvShape, DepthwiseConv2d, FullyConnected, MatrixShape, Nibbles},
};
use proptest::prelude::*;
use quant::{Clamp, Multiplier, ZeroPoint};

/// What outputs begin as, so that a byte that is not written shows.
const UNWRITTEN: i8 = 0x5a;

/// Bytes that a seed decides.
fn bytes(seed: u64, count: usize) -> Vec<i8> {
    let mut state = seed | 1;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 56) as i8
    };
    (0..count).map(|_| next()).collect()
}

struct Scales {
    mantissas: Vec<i32>,
    shifts: Vec<i8>,
}

impl Scales {
    fn of(real: f64, channels: usize) -> Self {
        let factor =
            |channel: usize| Multiplier::from_real(real * (1.0 + channel as f64 / 7.0)).expect("a factor");
        Self {
            mantissas: (0..channels).map(|channel| factor(channel).mantissa()).collect(),
            shifts: (0..channels).map(|channel| factor(channel).shift()).collect(),
        }
    }

    fn view(&self) -> PerChannel<'_> {
        PerChannel { mantissas: &self.mantissas, shifts: &self.shifts }
    }
}

fn bias(seed: u64, channels: usize) -> Vec<i32> {
    bytes(seed ^ 0xb1a5, channels).iter().map(|&byte| i32::from(byte) * 37).collect()
}

prop_compose! {
    /// A window on small images, with strides, dilations and padding.
    fn windows()(
        batch in 1u32..3, (h, w) in (1u32..9, 1u32..9), size in (1u16..5, 1u16..5), stride in (1u16..4, 1u16..4),
        dilation in (1u16..3, 1u16..4), pad in (0u16..3, 0u16..3), output in (1u32..6, 1u32..6),
    ) -> Window {
        Window {
            batch,
            input: Hwc { h, w, c: 1 },
            output: Hwc { h: output.0, w: output.1, c: 1 },
            size: Yx { y: size.0, x: size.1 },
            stride: Yx { y: stride.0, x: stride.1 },
            dilation: Yx { y: dilation.0, x: dilation.1 },
            pad: Yx { y: pad.0, x: pad.1 },
        }
    }
}

fn elements(window: &Window) -> (usize, usize) {
    let of = |image: Hwc| window.batch as usize * image.elements().expect("small");
    (of(window.input), of(window.output))
}

macro_rules! evidence {
    ($($isa:ident)*) => {$(
        mod $isa {
            use super::*;

            #[test]
            fn a_convolution_worked_by_hand() {
                // One pixel of two channels, two filters: 2·(3 − 1) + 1·(5 − 1) = 8 and −1·2 + 3·4 = 10, halved; +1, −1.
                let window = Window {
                    batch: 1,
                    input: Hwc { h: 1, w: 1, c: 2 },
                    output: Hwc { h: 1, w: 1, c: 2 },
                    size: Yx { y: 1, x: 1 },
                    stride: Yx { y: 1, x: 1 },
                    dilation: Yx { y: 1, x: 1 },
                    pad: Yx { y: 0, x: 0 },
                };
                let conv = Conv2d {
                    shape: ConvShape { window, filter_c: 2 },
                    input_zero: ZeroPoint(1),
                    output_zero: ZeroPoint(-3),
                    clamp: Clamp { min: -3, max: 2 },
                };
                let half = Multiplier::from_real(0.5).expect("a factor");
                let scales = PerChannel { mantissas: &[half.mantissa(); 2], shifts: &[half.shift(); 2] };
                let mut output = [UNWRITTEN; 2];
                arch::$isa::conv_2d_s8(&conv, &[3, 5], &[2, 1, -1, 3], &[0, 4], scales, &mut output).expect("it fits");
                // 8 / 2 − 3 = 1; 14 / 2 − 3 = 4, which the activation limits to 2.
                assert_eq!(output, [1, 2]);
                let short = arch::$isa::conv_2d_s8(&conv, &[3], &[2, 1, -1, 3], &[], scales, &mut output);
                assert!(short.is_err());
            }

            #[test]
            fn a_window_beside_the_image_sums_nothing() {
                // Two taps, 24 apart, around an image of 8 columns.
                let window = Window {
                    batch: 1,
                    input: Hwc { h: 1, w: 8, c: 1 },
                    output: Hwc { h: 1, w: 8, c: 1 },
                    size: Yx { y: 1, x: 2 },
                    stride: Yx { y: 1, x: 1 },
                    dilation: Yx { y: 1, x: 24 },
                    pad: Yx { y: 0, x: 12 },
                };
                let conv = Conv2d {
                    shape: ConvShape { window, filter_c: 1 },
                    input_zero: ZeroPoint(0),
                    output_zero: ZeroPoint(0),
                    clamp: Clamp::I8,
                };
                let one = Multiplier::ONE;
                let scales = PerChannel { mantissas: &[one.mantissa()], shifts: &[one.shift()] };
                let mut output = [UNWRITTEN; 8];
                arch::$isa::conv_2d_s8(&conv, &[1; 8], &[1, 1], &[9], scales, &mut output).expect("it fits");
                assert_eq!(output, [9; 8]);
            }

            proptest! {
                #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

                #[test]
                fn convolutions_are_the_definition(
                    window in windows(), groups in 1u32..4, (filter_c, group_outputs) in (1u32..19, 1u32..6),
                    zero in -128i32..128, biased: bool, seed: u64,
                ) {
                    let mut window = window;
                    window.input.c = groups * filter_c;
                    window.output.c = groups * group_outputs;
                    let conv = Conv2d {
                        shape: ConvShape { window, filter_c },
                        input_zero: ZeroPoint(zero),
                        output_zero: ZeroPoint(-zero - 1),
                        clamp: Clamp { min: -100, max: 120 },
                    };
                    let channels = window.output.c as usize;
                    let (inputs, outputs) = elements(&window);
                    let (input, filter) = (bytes(seed, inputs), bytes(!seed, conv.shape.filter_elements() * channels));
                    let bias = if biased { bias(seed, channels) } else { Vec::new() };
                    let scales = Scales::of(0.003, channels);
                    let mut expected = vec![UNWRITTEN; outputs];
                    let mut found = expected.clone();
                    reference::conv_2d_s8(&conv, &input, &filter, &bias, scales.view(), &mut expected).expect("it fits");
                    arch::$isa::conv_2d_s8(&conv, &input, &filter, &bias, scales.view(), &mut found).expect("it fits");
                    prop_assert_eq!(expected, found);
                }

                #[test]
                fn depthwise_convolutions_are_the_definition(
                    window in windows(), (channels, multiplier) in (1u32..36, 1u32..4), zero in -128i32..128, biased: bool,
                    seed: u64,
                ) {
                    let mut window = window;
                    window.input.c = channels;
                    window.output.c = channels * multiplier;
                    let conv = DepthwiseConv2d {
                        window,
                        input_zero: ZeroPoint(zero),
                        output_zero: ZeroPoint(-zero - 1),
                        clamp: Clamp { min: -100, max: 120 },
                    };
                    let channels = window.output.c as usize;
                    let (inputs, outputs) = elements(&window);
                    let (input, filter) = (bytes(seed, inputs), bytes(!seed, window.taps() * channels));
                    let bias = if biased { bias(seed, channels) } else { Vec::new() };
                    let scales = Scales::of(0.02, channels);
                    let mut expected = vec![UNWRITTEN; outputs];
                    let mut found = expected.clone();
                    reference::depthwise_conv_2d_s8(&conv, &input, &filter, &bias, scales.view(), &mut expected)
                        .expect("it fits");
                    arch::$isa::depthwise_conv_2d_s8(&conv, &input, &filter, &bias, scales.view(), &mut found)
                        .expect("it fits");
                    prop_assert_eq!(expected, found);
                }

                #[test]
                fn products_with_a_matrix_are_the_definition(
                    (batch, inputs, outputs) in (1u32..4, 1u32..40, 1u32..20), zeros in (-128i32..128, -3i32..4),
                    biased: bool, seed: u64,
                ) {
                    let layer = FullyConnected {
                        shape: MatrixShape { batch, inputs, outputs },
                        input_zero: ZeroPoint(zeros.0),
                        filter_zero: ZeroPoint(zeros.1),
                        output_zero: ZeroPoint(7),
                        clamp: Clamp::I8,
                    };
                    let (batch, inputs, outputs) = (batch as usize, inputs as usize, outputs as usize);
                    let (input, filter) = (bytes(seed, batch * inputs), bytes(!seed, inputs * outputs));
                    let bias = if biased { bias(seed, outputs) } else { Vec::new() };
                    let scales = Scales::of(0.003, outputs);
                    let mut expected = vec![UNWRITTEN; batch * outputs];
                    let mut found = expected.clone();
                    reference::fully_connected_s8(&layer, &input, &filter, &bias, scales.view(), &mut expected)
                        .expect("it fits");
                    arch::$isa::fully_connected_s8(&layer, &input, &filter, &bias, scales.view(), &mut found)
                        .expect("it fits");
                    prop_assert_eq!(expected, found);
                }
            }
        }
    )*};
}

evidence! { portable }

/// Packs elements of −8 to 7, two to the byte, the first in the low half.
fn packed(weights: &[i8]) -> Vec<u8> {
    let half = |weight: Option<&i8>| weight.map_or(0, |&weight| weight as u8 & 15);
    weights.chunks(2).map(|pair| half(pair.first()) | half(pair.get(1)) << 4).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn packed_weights_are_the_weights(
        window in windows(), (in_c, out_c) in (1u32..6, 1u32..6), zero in -128i32..128, seed: u64,
    ) {
        let mut window = window;
        (window.input.c, window.output.c) = (in_c, out_c);
        let conv = Conv2d {
            shape: ConvShape { window, filter_c: in_c },
            input_zero: ZeroPoint(zero),
            output_zero: ZeroPoint(1),
            clamp: Clamp::I8,
        };
        let channels = out_c as usize;
        let (inputs, outputs) = elements(&window);
        let input = bytes(seed, inputs);
        let filter: Vec<i8> =
            bytes(!seed, conv.shape.filter_elements() * channels).iter().map(|weight| weight >> 4).collect();
        let scales = Scales::of(0.05, channels);
        let mut expected = vec![UNWRITTEN; outputs];
        let mut found = expected.clone();
        reference::conv_2d_s8(&conv, &input, &filter, &[], scales.view(), &mut expected).expect("it fits");
        let nibbles = packed(&filter);
        reference::conv_2d_s4(&conv, &input, Nibbles(&nibbles), &[], scales.view(), &mut found).expect("it fits");
        prop_assert_eq!(expected, found);
    }

    /// Where 16 bits of the factor suffice and nothing overflows, the two accumulators of int16 differ by at most a step.
    #[test]
    fn wide_and_narrow_sums_of_int16_are_a_step_apart(
        (batch, inputs, outputs) in (1u32..3, 1u32..20, 1u32..6), seed: u64,
    ) {
        let layer = FullyConnected {
            shape: MatrixShape { batch, inputs, outputs },
            input_zero: ZeroPoint(0),
            filter_zero: ZeroPoint(0),
            output_zero: ZeroPoint(0),
            clamp: Clamp::I16,
        };
        let (batch, inputs, outputs) = (batch as usize, inputs as usize, outputs as usize);
        let input: Vec<i16> = bytes(seed, batch * inputs).iter().map(|&byte| i16::from(byte) * 31).collect();
        let filter = bytes(!seed, inputs * outputs);
        let narrow = bias(seed, outputs);
        let wide: Vec<i64> = narrow.iter().map(|&bias| bias.into()).collect();
        // A power of two: its factor has one bit.
        let factor = Multiplier::from_real(1.0 / 1024.0).expect("a factor");
        let (mantissas, shifts) = (vec![factor.mantissa(); outputs], vec![factor.shift(); outputs]);
        let scales = PerChannel { mantissas: &mantissas, shifts: &shifts };
        let mut of_64 = vec![0x5a5a; batch * outputs];
        let mut of_32 = of_64.clone();
        reference::fully_connected_s16(&layer, &input, &filter, &wide, scales, &mut of_64).expect("it fits");
        reference::fully_connected_s16_bias32(&layer, &input, &filter, &narrow, scales, &mut of_32).expect("it fits");
        for (a, b) in of_64.iter().zip(&of_32) {
            prop_assert!(a.abs_diff(*b) <= 1, "{} and {}", a, b);
        }
    }
}
