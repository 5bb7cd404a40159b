//! Packing for the kernels of hosts.

use kernels::{
    Hwc, Window, Yx,
    arch::wide::{Conv2dWide, DepthwiseConv2dWide, Factors, LANES, WORD_BYTES},
    reference::{Conv2d, ConvShape, DepthwiseConv2d, FullyConnected},
};
use quant::{BoundedScale, Multiplier, ZeroPoint};

use super::{
    Weighted,
    scaled::{Outputs, Reach},
};

/// Bytes of one step's weights: a word for each channel of a group.
const STEP_BYTES: usize = LANES * WORD_BYTES;

/// What a layer became.
pub(super) struct Packed<L> {
    pub layer: L,
    /// Factors of every group, then weights.
    pub bytes: Vec<u8>,
    pub scratch_bytes: usize,
}

/// Weights by output channel, each with the place among its group's that it goes to.
struct Placed<'w> {
    layer: &'w Weighted,
    channels: usize,
    steps: usize,
    /// What the instruction set adds to every input byte.
    input_bias: i32,
    input_zero: ZeroPoint,
    outputs: Outputs,
}

impl Placed<'_> {
    /// Packs; `weights` gives those of a channel with their places. `None` where a sum or a factor is not what the
    /// kernel can scale.
    fn pack<W: Iterator<Item = ((usize, usize), i8)>>(
        &self,
        weights: impl Fn(usize) -> W,
    ) -> Option<Vec<u8>> {
        let groups = self.channels.div_ceil(LANES);
        let mut factors = vec![Factors::NONE; groups];
        let group_bytes = self.steps.checked_mul(STEP_BYTES)?;
        let mut packed = vec![0u8; group_bytes.checked_mul(groups)?];
        for channel in 0..self.channels {
            let (group, lane) = (channel / LANES, channel % LANES);
            let group_weights = packed.get_mut(group * group_bytes..(group + 1) * group_bytes)?;
            let of_channel: Vec<i8> = weights(channel).map(|(_, weight)| weight).collect();
            let reach = Reach::of(self.layer, &of_channel, channel, self.input_zero.0)?;
            let factors = factors.get_mut(group)?;
            if let Some(output) = reach.only_output(self.outputs)? {
                // Four times that, quartered, and weights of 0: converters give such channels factors and biases that
                // no kernel should have to deal with.
                factors.set(lane, 4 * (output - self.outputs.zero.0), scale(Multiplier::new(1 << 30, -1)?)?);
                continue;
            }
            if reach.most() >= i64::from(BoundedScale::LIMIT) {
                return None;
            }
            for ((step, byte), weight) in weights(channel) {
                *group_weights.get_mut(step * STEP_BYTES + lane * WORD_BYTES + byte)? = weight as u8;
            }
            let sum: i64 = of_channel.iter().copied().map(i64::from).sum();
            let bias = reach.bias - i64::from(self.input_bias + self.input_zero.0) * sum;
            factors.set(lane, bias as i32, scale(reach.multiplier)?);
        }
        let mut bytes = bytemuck::cast_slice(&factors).to_vec();
        bytes.extend(packed);
        Some(bytes)
    }
}

/// A factor below 1, as the kernel wants it; 0 is also one.
fn scale(multiplier: Multiplier) -> Option<BoundedScale> {
    let multiplier = if multiplier.mantissa() == 0 { Multiplier::new(0, -1)? } else { multiplier };
    BoundedScale::of(multiplier)
}

fn is_int8(zero: ZeroPoint) -> bool {
    i8::try_from(zero.0).is_ok()
}

/// `input_bias` is what the instruction set adds to every input byte; filters span all channels.
pub(super) fn conv_2d(conv: &Conv2d, layer: &Weighted, input_bias: i32) -> Option<Packed<Conv2d>> {
    let window = &conv.shape.window;
    let (taps, in_c) = (window.taps(), conv.shape.filter_c as usize);
    if !is_int8(conv.input_zero) || !is_int8(conv.output_zero) {
        return None;
    }
    let wide = Conv2dWide(*conv);
    let placed = Placed {
        layer,
        channels: window.output.c as usize,
        steps: wide.steps(),
        input_bias,
        input_zero: conv.input_zero,
        outputs: Outputs { zero: conv.output_zero, clamp: conv.clamp },
    };
    let bytes = placed.pack(|channel| {
        let filter = layer.filter.get(channel * taps * in_c..).unwrap_or_default();
        filter
            .iter()
            .take(taps * in_c)
            .enumerate()
            .map(move |(index, &weight)| (wide.place(index / in_c, index % in_c), weight))
    })?;
    Some(Packed { layer: *conv, bytes, scratch_bytes: wide.scratch_bytes() })
}

/// As [`conv_2d`].
pub(super) fn depthwise_conv_2d(
    conv: &DepthwiseConv2d,
    layer: &Weighted,
    input_bias: i32,
) -> Option<Packed<DepthwiseConv2d>> {
    let window = &conv.window;
    if window.input.c != window.output.c || !is_int8(conv.input_zero) || !is_int8(conv.output_zero) {
        return None;
    }
    let wide = DepthwiseConv2dWide(*conv);
    let (channels, columns) = (window.output.c as usize, usize::from(window.size.x));
    let placed = Placed {
        layer,
        channels,
        steps: wide.steps(),
        input_bias,
        input_zero: conv.input_zero,
        outputs: Outputs { zero: conv.output_zero, clamp: conv.clamp },
    };
    let bytes = placed.pack(|channel| {
        let of_channel = layer.filter.iter().skip(channel).step_by(channels.max(1));
        of_channel.enumerate().map(move |(tap, &weight)| (wide.place(tap / columns, tap % columns), weight))
    })?;
    Some(Packed { layer: *conv, bytes, scratch_bytes: wide.scratch_bytes() })
}

/// A product with a matrix as the convolution of a column whose rows are the vectors.
pub(super) fn matrix_as_convolution(matrix: &FullyConnected) -> Option<Conv2d> {
    if matrix.filter_zero.0 != 0 {
        return None;
    }
    let one = Yx { y: 1, x: 1 };
    let rows = |channels| Hwc { h: matrix.shape.batch, w: 1, c: channels };
    let window = Window {
        batch: 1,
        input: rows(matrix.shape.inputs),
        output: rows(matrix.shape.outputs),
        size: one,
        stride: one,
        dilation: one,
        pad: Yx { y: 0, x: 0 },
    };
    Some(Conv2d {
        shape: ConvShape { window, filter_c: matrix.shape.inputs },
        input_zero: matrix.input_zero,
        output_zero: matrix.output_zero,
        clamp: matrix.clamp,
    })
}

#[cfg(test)]
mod tests {
    use kernels::{
        KernelError, PerChannel,
        arch::{
            aarch64,
            wide::{Level, add_s8, conv_2d_s8, depthwise_conv_2d_s8},
            x86_64,
        },
        reference::{self, MatrixShape, Source},
    };
    use proptest::{prelude::*, sample::select};
    use quant::{Affine, Clamp, CommonScale, Sum};

    use super::*;
    use crate::ops::Slot;

    /// What outputs begin as, so that a byte that is not written shows.
    const UNWRITTEN: i8 = 0x5a;

    /// Bytes that a seed decides; the extremes are common.
    fn bytes(seed: u64, count: usize) -> Vec<i8> {
        let mut state = seed | 1;
        let mut next = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            match (state >> 60, (state >> 48) as i8) {
                (0, _) => i8::MIN,
                (1, _) => i8::MAX,
                (_, byte) => byte,
            }
        };
        (0..count).map(|_| next()).collect()
    }

    /// Of every five channels the fifth has a bias and a factor with which no input changes its output.
    fn layer(seed: u64, weights: usize, channels: usize, real: f64) -> Weighted {
        let is_dead = |channel: usize| channel % 5 == 4;
        let bias = |(channel, byte): (usize, i8)| match (is_dead(channel), byte < 0) {
            (false, _) => i32::from(byte) * 977,
            (true, false) => 1 << 30,
            (true, true) => -1 << 30,
        };
        let multiplier = |channel: usize| {
            let real = if is_dead(channel) { 1.5 } else { (real * (1.0 + channel as f64 / 7.0)).min(0.999) };
            Multiplier::from_real(real).expect("a factor")
        };
        Weighted {
            filter: bytes(seed, weights),
            bias: bytes(seed ^ 0xb1a5, channels).into_iter().enumerate().map(bias).collect(),
            multipliers: (0..channels).map(multiplier).collect(),
            input: Slot::Absent,
            output: Slot::Absent,
        }
    }

    fn scales(layer: &Weighted) -> (Vec<i32>, Vec<i8>) {
        layer.multipliers.iter().map(|factor| (factor.mantissa(), factor.shift())).unzip()
    }

    /// A layer that the kernels of hosts run.
    trait Layer {
        type Params;
        /// Packs for an instruction set that adds so much to every input byte.
        fn pack(&self, input_bias: i32) -> Option<Packed<Self::Params>>;
        fn run(
            &self,
            level: impl Level,
            packed: &Packed<Self::Params>,
            scratch: &mut [u8],
            output: &mut [i8],
        ) -> Result<(), KernelError>;
    }

    /// A layer's parameters, its weights and what it reads.
    struct Case<'c, P> {
        params: &'c P,
        layer: Weighted,
        input: Vec<i8>,
    }

    impl<'c, P> Case<'c, P> {
        fn new(params: &'c P, window: &Window, filters: u32, seed: u64, real: f64) -> Self {
            let weights = window.taps() * filters as usize * window.output.c as usize;
            let input = window.batch as usize * window.input.elements().expect("small");
            Self {
                params,
                layer: layer(seed, weights, window.output.c as usize, real),
                input: bytes(seed ^ 0x1a9e, input),
            }
        }
    }

    impl Layer for Case<'_, Conv2d> {
        type Params = Conv2d;

        fn pack(&self, input_bias: i32) -> Option<Packed<Conv2d>> {
            conv_2d(self.params, &self.layer, input_bias)
        }

        fn run(
            &self,
            level: impl Level,
            packed: &Packed<Conv2d>,
            scratch: &mut [u8],
            output: &mut [i8],
        ) -> Result<(), KernelError> {
            conv_2d_s8(level, &Conv2dWide(packed.layer), &self.input, &packed.bytes, scratch, output)
        }
    }

    impl Layer for Case<'_, DepthwiseConv2d> {
        type Params = DepthwiseConv2d;

        fn pack(&self, input_bias: i32) -> Option<Packed<DepthwiseConv2d>> {
            depthwise_conv_2d(self.params, &self.layer, input_bias)
        }

        fn run(
            &self,
            level: impl Level,
            packed: &Packed<DepthwiseConv2d>,
            scratch: &mut [u8],
            output: &mut [i8],
        ) -> Result<(), KernelError> {
            let wide = DepthwiseConv2dWide(packed.layer);
            depthwise_conv_2d_s8(level, &wide, &self.input, &packed.bytes, scratch, output)
        }
    }

    /// Runs all levels of an instruction set, on scratch that is not zero.
    fn every_level_is_exact<V: Level>(case: &impl Layer, expected: &[i8]) -> Result<(), TestCaseError> {
        let packed = case.pack(V::INPUT_BIAS).ok_or_else(|| TestCaseError::fail("not packed"))?;
        for &level in V::ALL {
            let mut output = vec![UNWRITTEN; expected.len()];
            case.run(level, &packed, &mut vec![0xa5; packed.scratch_bytes], &mut output).unwrap();
            prop_assert_eq!(&output, expected, "{:?}", level);
            // Any part less is refused.
            let mut short = vec![0; packed.scratch_bytes - 1];
            prop_assert!(case.run(level, &packed, &mut short, &mut output).is_err());
        }
        Ok(())
    }

    /// Of both instruction sets, each on weights packed for it.
    fn is_exact(case: &impl Layer, expected: &[i8]) -> Result<(), TestCaseError> {
        every_level_is_exact::<x86_64::Level>(case, expected)?;
        every_level_is_exact::<aarch64::Level>(case, expected)
    }

    fn outputs(window: &Window) -> Vec<i8> {
        vec![UNWRITTEN; window.batch as usize * window.output.elements().expect("small")]
    }

    fn conv_is_exact(conv: &Conv2d, seed: u64, real: f64) -> Result<(), TestCaseError> {
        let window = &conv.shape.window;
        let case = Case::new(conv, window, window.input.c, seed, real);
        let Case { layer, input, .. } = &case;
        let mut expected = outputs(window);
        let (mantissas, shifts) = scales(layer);
        let scales = PerChannel { mantissas: &mantissas, shifts: &shifts };
        reference::conv_2d_s8(conv, input, &layer.filter, &layer.bias, scales, &mut expected).unwrap();
        is_exact(&case, &expected)
    }

    fn depthwise_is_exact(conv: &DepthwiseConv2d, seed: u64, real: f64) -> Result<(), TestCaseError> {
        let window = &conv.window;
        let case = Case::new(conv, window, 1, seed, real);
        let Case { layer, input, .. } = &case;
        let mut expected = outputs(window);
        let (mantissas, shifts) = scales(layer);
        let scales = PerChannel { mantissas: &mantissas, shifts: &shifts };
        reference::depthwise_conv_2d_s8(conv, input, &layer.filter, &layer.bias, scales, &mut expected)
            .unwrap();
        is_exact(&case, &expected)
    }

    /// Numbers of channels around the ones that inner loops take at once.
    const CHANNELS: [u32; 15] = [1, 2, 3, 4, 5, 15, 16, 17, 31, 33, 48, 63, 64, 65, 97];

    prop_compose! {
        /// A window on small images of one channel, with strides, dilations and padding.
        fn windows()(
            batch in 1u32..3, (h, w) in (1u32..9, 1u32..12), size in (1u16..7, 1u16..7),
            stride in (1u16..4, 1u16..4), dilation in (1u16..3, 1u16..4), pad in (0u16..3, 0u16..3),
            output in (1u32..6, 1u32..15),
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

    /// What makes a layer's sums outputs, from the usual to those that need no shift.
    fn factors() -> impl Strategy<Value = f64> {
        prop_oneof![1e-5f64..3e-2, 0.4..0.6, 0.9..0.999]
    }

    prop_compose! {
        fn zeros_and_clamps()(input in -128i32..128, output in -128i32..128, min in -128i32..0, max in 0i32..128)
            -> (ZeroPoint, ZeroPoint, Clamp)
        {
            (ZeroPoint(input), ZeroPoint(output), Clamp { min, max })
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn convolutions_are_exact(
            window in windows(), in_c in select(&CHANNELS[..]), out_c in select(&CHANNELS[..]),
            (input_zero, output_zero, clamp) in zeros_and_clamps(), seed: u64, real in factors(),
        ) {
            let window = Window {
                input: Hwc { c: in_c, ..window.input }, output: Hwc { c: out_c, ..window.output }, ..window
            };
            let shape = ConvShape { window, filter_c: in_c };
            conv_is_exact(&Conv2d { shape, input_zero, output_zero, clamp }, seed, real)?;
        }

        #[test]
        fn convolutions_of_single_pixels_are_exact(
            batch in 1u32..3, h in 1u32..15, w in 1u32..30, in_c in select(&CHANNELS[..]),
            out_c in select(&CHANNELS[..]), stride in 1u16..3,
            (input_zero, output_zero, clamp) in zeros_and_clamps(), seed: u64, real in factors(),
        ) {
            let (one, stride_in) = (Yx { y: 1, x: 1 }, u32::from(stride));
            let window = Window {
                batch,
                input: Hwc { h: h * stride_in, w: w * stride_in, c: in_c },
                output: Hwc { h, w, c: out_c },
                size: one, stride: Yx { y: stride, x: stride }, dilation: one, pad: Yx { y: 0, x: 0 },
            };
            let shape = ConvShape { window, filter_c: in_c };
            conv_is_exact(&Conv2d { shape, input_zero, output_zero, clamp }, seed, real)?;
        }

        #[test]
        fn depthwise_convolutions_are_exact(
            window in windows(), channels in select(&CHANNELS[..]),
            (input_zero, output_zero, clamp) in zeros_and_clamps(), seed: u64, real in factors(),
        ) {
            let window = Window {
                input: Hwc { c: channels, ..window.input }, output: Hwc { c: channels, ..window.output }, ..window
            };
            depthwise_is_exact(&DepthwiseConv2d { window, input_zero, output_zero, clamp }, seed, real)?;
        }

        #[test]
        fn additions_are_exact(
            count in 0usize..3000, scales in (1e-3f32..1.0, 1e-3f32..1.0, 1e-3f32..1.0), zeros: (i8, i8, i8),
            same: bool, seed: u64,
        ) {
            let affine = |scale, zero: i8| Affine { scale, zero: ZeroPoint(zero.into()) };
            let b_scale = if same { scales.0 } else { scales.1 };
            let (a, b, out) = (affine(scales.0, zeros.0), affine(b_scale, zeros.1), affine(scales.2, zeros.2));
            let sum = Sum::for_add(a, b, out, CommonScale::SUM_SHIFT_I8, Clamp { min: -120, max: 127 });
            let sum = sum.ok_or_else(|| TestCaseError::reject("scales apart"))?;
            prop_assert!(kernels::arch::wide::can_add(&sum));
            let (a, b) = (bytes(seed, count), bytes(seed ^ 1 << 40, count));
            let expected: Vec<i8> =
                a.iter().zip(&b).map(|(&a, &b)| sum.add(a.into(), b.into()) as i8).collect();
            adds_exactly::<x86_64::Level>(&sum, [&a, &b], &expected)?;
            adds_exactly::<aarch64::Level>(&sum, [&a, &b], &expected)?;
        }
    }

    fn adds_exactly<V: Level>(sum: &Sum, [a, b]: [&[i8]; 2], expected: &[i8]) -> Result<(), TestCaseError> {
        for &level in V::ALL {
            let mut output = vec![UNWRITTEN; expected.len()];
            add_s8(level, sum, Source::Given(a), Source::Given(b), &mut output).unwrap();
            prop_assert_eq!(&output, expected);
            let mut in_place = a.to_vec();
            add_s8(level, sum, Source::Output, Source::Given(b), &mut in_place).unwrap();
            prop_assert_eq!(&in_place, expected);
        }
        Ok(())
    }

    #[test]
    fn what_cannot_be_scaled_is_not_packed() {
        // So many inputs that sums beyond the limit are more than one output.
        let inputs = 4096;
        let matrix = FullyConnected {
            shape: MatrixShape { batch: 1, inputs, outputs: 1 },
            input_zero: ZeroPoint(0),
            filter_zero: ZeroPoint(0),
            output_zero: ZeroPoint(0),
            clamp: Clamp::I8,
        };
        let conv = matrix_as_convolution(&matrix).unwrap();
        let with = |real, bias| Weighted { bias: vec![bias], ..layer(1, inputs as usize, 1, real) };
        assert!(conv_2d(&conv, &with(0.499, 0), 128).is_some());
        assert!(conv_2d(&conv, &with(0.0, 0), 128).is_some());
        assert!(conv_2d(&conv, &with(0.999, 0), 128).is_some());
        let multipliers = vec![Multiplier::from_real(1.001).unwrap()];
        assert!(conv_2d(&conv, &Weighted { multipliers, ..with(0.1, 0) }, 128).is_none());
        assert!(conv_2d(&conv, &with(1e-7, BoundedScale::LIMIT / 2), 128).is_some());
        assert!(conv_2d(&conv, &with(1e-7, BoundedScale::LIMIT), 128).is_none());
        assert!(conv_2d(&conv, &with(1e-7, -BoundedScale::LIMIT), 128).is_none());
        assert!(matrix_as_convolution(&FullyConnected { filter_zero: ZeroPoint(1), ..matrix }).is_none());
    }
}
