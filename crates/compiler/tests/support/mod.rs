//! Models of one layer, drawn by lot, to be run on the kernels of two instruction sets.

use compiler::{CompileOptions, Compiled, HostModel, Isa, compile};
use tflite::build::{Layout, build};
use tflite::{
    Activation, BuiltinOp, DType, Model, Operator, Options, Padding, Quantization, QuantizationDetails,
    Subgraph, Tensor, WeightsFormat,
};

/// Whole numbers drawn by lot, the same in every run.
pub struct Lot(u64);

impl Lot {
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub fn byte(&mut self) -> u8 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 56) as u8
    }

    /// A number below `end`.
    pub fn below(&mut self, end: usize) -> usize {
        let wide = (0..4).fold(0usize, |wide, _| wide << 8 | usize::from(self.byte()));
        wide % end
    }

    pub fn between(&mut self, first: usize, last: usize) -> usize {
        first + self.below(last - first + 1)
    }

    pub fn pick<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.below(of.len())]
    }
}

/// Which operator a layer is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Op {
    Conv2d,
    DepthwiseConv2d,
    FullyConnected,
}

/// A layer; what does not concern its operator is not looked at.
#[derive(Clone, Debug)]
pub struct Layer {
    pub op: Op,
    pub batch: usize,
    pub image: (usize, usize),
    pub channels: usize,
    pub outputs: usize,
    pub taps: (usize, usize),
    pub stride: (usize, usize),
    pub dilation: (usize, usize),
    pub padding: Padding,
    pub activation: Activation,
    pub zeros: (i64, i64),
    /// Of input and output.
    pub scales: (f32, f32),
    /// The greatest of a channel's weight scale; the channels' are from a quarter of it on.
    pub weight_scale: f32,
    /// Whether weights and inputs are at their limits only.
    pub extreme: bool,
    pub seed: u64,
}

impl Layer {
    fn output_size(&self) -> Option<(usize, usize)> {
        let along = |image: usize, taps: usize, stride: usize, dilation: usize| match self.padding {
            Padding::Same => Some(image.div_ceil(stride)),
            Padding::Valid => Some(image.checked_sub((taps - 1) * dilation + 1)? / stride + 1),
        };
        Some((
            along(self.image.0, self.taps.0, self.stride.0, self.dilation.0)?,
            along(self.image.1, self.taps.1, self.stride.1, self.dilation.1)?,
        ))
    }

    /// A layer by lot: what one operator allows, with sizes that straddle any blocking.
    pub fn draw(op: Op, lot: &mut Lot) -> Self {
        let small = |lot: &mut Lot| lot.between(1, 12);
        let channels = match op {
            Op::FullyConnected => lot.pick(&[1, 7, 8, 15, 16, 17, 31, 32, 33, 47, 48, 64, 65, 100]),
            _ => lot.pick(&[1, 2, 3, 4, 5, 8, 12, 15, 16, 17, 24, 32, 33]),
        };
        let outputs = match op {
            Op::DepthwiseConv2d => channels * lot.pick(&[1, 1, 1, 2, 3]),
            _ => lot.pick(&[1, 2, 3, 4, 5, 6, 7, 8, 9, 11, 12, 16, 17]),
        };
        let input_scale = 0.02 + lot.below(100) as f32 / 500.0;
        let weight_scale = 0.002 + lot.below(100) as f32 / 5000.0;
        // From a factor above 1/2 down to one that hardly moves.
        let output_scale =
            input_scale * weight_scale * lot.pick(&[1.1, 1.9, 5.0, 30.0, 200.0, 900.0, 3000.0, 60000.0]);
        Self {
            op,
            batch: lot.pick(&[1, 1, 1, 2, 3]),
            image: (small(lot), small(lot)),
            channels,
            outputs,
            taps: lot.pick(&[
                (1, 1),
                (1, 1),
                (3, 3),
                (3, 3),
                (3, 3),
                (2, 2),
                (5, 5),
                (1, 4),
                (10, 4),
                (4, 1),
                (3, 5),
            ]),
            stride: lot.pick(&[(1, 1), (1, 1), (2, 2), (1, 2), (3, 1)]),
            dilation: lot.pick(&[(1, 1), (1, 1), (1, 1), (2, 2), (1, 3)]),
            padding: lot.pick(&[Padding::Same, Padding::Same, Padding::Valid]),
            activation: lot.pick(&[
                Activation::None,
                Activation::Relu,
                Activation::Relu6,
                Activation::ReluN1To1,
            ]),
            zeros: (lot.below(256) as i64 - 128, lot.pick(&[-128, -128, -128, -5, 0, 17, 127])),
            scales: (input_scale, output_scale),
            weight_scale,
            extreme: lot.below(6) == 0,
            seed: lot.below(1 << 30) as u64,
        }
    }

    /// The layer as a file; `None` where the window does not fit the image.
    pub fn model(&self) -> Option<Vec<u8>> {
        let mut lot = Lot::new(self.seed);
        let byte = |lot: &mut Lot| match (self.extreme, lot.byte()) {
            (true, byte) => [127u8, 128, 129, 0][usize::from(byte) % 4],
            (false, byte) => byte,
        };
        let (taps, channels, outputs) = (self.taps.0 * self.taps.1, self.channels, self.outputs);
        let (filter_shape, elements, dimension) = match self.op {
            Op::Conv2d => (vec![outputs, self.taps.0, self.taps.1, channels], outputs * taps * channels, 0),
            Op::DepthwiseConv2d => (vec![1, self.taps.0, self.taps.1, outputs], taps * outputs, 3),
            Op::FullyConnected => (vec![outputs, channels], outputs * channels, 0),
        };
        let filter: Vec<u8> = (0..elements).map(|_| byte(&mut lot)).collect();
        let bias: Vec<u8> =
            (0..outputs).flat_map(|_| (lot.below(20001) as i32 - 10000).to_le_bytes()).collect();
        let scales: Vec<f32> =
            (0..outputs).map(|_| self.weight_scale * (0.25 + 0.75 * f32::from(lot.byte()) / 255.0)).collect();
        let (input_shape, output_shape) = if self.op == Op::FullyConnected {
            (vec![self.batch, channels], vec![self.batch, outputs])
        } else {
            let (h, w) = self.output_size()?;
            (vec![self.batch, self.image.0, self.image.1, channels], vec![self.batch, h, w, outputs])
        };
        let bias_scales = scales.iter().map(|scale| scale * self.scales.0).collect();
        let tensors = vec![
            tensor("x", &input_shape, DType::Int8, None, vec![self.scales.0], self.zeros.0, 0),
            tensor("w", &filter_shape, DType::Int8, Some(&filter), scales, 0, dimension),
            tensor("b", &[outputs], DType::Int32, Some(&bias), bias_scales, 0, 0),
            tensor("y", &output_shape, DType::Int8, None, vec![self.scales.1], self.zeros.1, 0),
        ];
        let (op, options) = self.options();
        let operator = Operator {
            op,
            custom_code: None,
            version: 3,
            inputs: vec![Some(0), Some(1), Some(2)],
            outputs: vec![3],
            intermediates: Vec::new(),
            options,
            custom_options: &[],
        };
        let subgraph = Subgraph {
            name: "main".to_string(),
            tensors,
            inputs: vec![0],
            outputs: vec![3],
            operators: vec![operator],
        };
        let model = Model {
            version: 3,
            description: String::new(),
            subgraphs: vec![subgraph],
            metadata: Vec::new(),
            signatures: Vec::new(),
        };
        Some(build(&model, Layout::Aligned))
    }

    fn options(&self) -> (BuiltinOp, Options) {
        let (padding, activation) = (self.padding, self.activation);
        let (stride_h, stride_w) = (self.stride.0 as i32, self.stride.1 as i32);
        let (dilation_h, dilation_w) = (self.dilation.0 as i32, self.dilation.1 as i32);
        match self.op {
            Op::Conv2d => (
                BuiltinOp::Conv2D,
                Options::Conv2D {
                    padding,
                    stride_w,
                    stride_h,
                    activation,
                    dilation_w,
                    dilation_h,
                    quantized_bias_type: DType::Float32,
                },
            ),
            Op::DepthwiseConv2d => (
                BuiltinOp::DepthwiseConv2D,
                Options::DepthwiseConv2D {
                    padding,
                    stride_w,
                    stride_h,
                    depth_multiplier: (self.outputs / self.channels) as i32,
                    activation,
                    dilation_w,
                    dilation_h,
                },
            ),
            Op::FullyConnected => (
                BuiltinOp::FullyConnected,
                Options::FullyConnected {
                    activation,
                    weights_format: WeightsFormat::Default,
                    keep_num_dims: false,
                    asymmetric_quantize_inputs: false,
                    quantized_bias_type: DType::Float32,
                },
            ),
        }
    }

    fn input_byte(&self, lot: &mut Lot) -> u8 {
        if self.extreme { [127u8, 128][usize::from(lot.byte() & 1)] } else { lot.byte() }
    }
}

fn tensor<'a>(
    name: &str,
    shape: &[usize],
    dtype: DType,
    data: Option<&'a [u8]>,
    scales: Vec<f32>,
    zero: i64,
    dimension: i32,
) -> Tensor<'a> {
    let zero_points = vec![zero; scales.len()];
    Tensor {
        name: name.to_string(),
        shape: shape.iter().map(|&size| size as i32).collect(),
        shape_signature: Vec::new(),
        dtype,
        data,
        quantization: Some(Quantization {
            scales,
            zero_points,
            dimension,
            details: QuantizationDetails::None,
        }),
        is_variable: false,
        has_sparsity: false,
        has_rank: true,
    }
}

fn run(compiled: &Compiled, layer: &Layer) -> Vec<u8> {
    let mut model = HostModel::new(compiled);
    let mut executor = model.executor().expect("memory as the plan says");
    let mut lot = Lot::new(layer.seed + 1);
    executor.input_mut(0).fill_with(|| layer.input_byte(&mut lot));
    executor.run().unwrap_or_else(|error| panic!("{layer:?}: {error}"));
    executor.output(0).to_vec()
}

/// Runs layers by lot on the kernels of an instruction set and on the portable ones, whose bytes are the
/// reference's. Gives how many of the layers had a kernel of that instruction set.
pub fn agree(isa: Isa, op: Op, cases: usize) -> usize {
    let mut lot = Lot::new(20_261_123);
    let mut packed = 0;
    for _ in 0..cases {
        let layer = Layer::draw(op, &mut lot);
        let Some(bytes) = layer.model() else { continue };
        let options = CompileOptions::DEVICE.dead_work(false);
        let compiled = |isa: Isa| {
            compile("drawn", &bytes, options.for_isa(isa))
                .unwrap_or_else(|error| panic!("{layer:?}: {error}"))
        };
        let (reference, fast) = (compiled(Isa::Portable), compiled(isa));
        assert_eq!(run(&fast, &layer), run(&reference, &layer), "{layer:?}");
        packed += usize::from(fast.layout.steps.iter().any(|step| step.operator.id() >= 1000));
    }
    packed
}
