//! Networks put together layer by layer, as a converter would write them.

use compiler::{CompileOptions, Compiled, HostModel, Isa, compile};
use tflite::{
    Activation, BuiltinOp, DType, Model, Operator, Options, Padding, Quantization, QuantizationDetails,
    Subgraph, Tensor,
    build::{Layout, build},
    mutate::Rng,
};

/// Real value of one unit of every activation, so that any two may be joined.
const SCALE: f32 = 0.0625;

/// A tensor's number.
pub type Id = usize;

struct Entry {
    shape: Vec<usize>,
    dtype: DType,
    scales: Vec<f32>,
    zero: i64,
    axis: usize,
    data: Option<Vec<u8>>,
}

struct Step {
    op: BuiltinOp,
    inputs: Vec<Id>,
    output: Id,
    options: Options,
}

/// A network in the making.
#[derive(Default)]
pub struct Net {
    tensors: Vec<Entry>,
    operators: Vec<Step>,
    inputs: Vec<Id>,
    /// What the caller reads.
    pub outputs: Vec<Id>,
}

/// How a window slides.
#[derive(Clone, Copy)]
#[allow(missing_docs)]
pub struct Slide {
    pub padding: Padding,
    pub stride: usize,
    pub dilation: usize,
    pub activation: Activation,
}

impl Slide {
    /// One pixel at a time, without limits.
    pub const fn of(padding: Padding) -> Self {
        Self { padding, stride: 1, dilation: 1, activation: Activation::None }
    }

    fn outputs(self, image: usize, taps: usize) -> usize {
        match self.padding {
            Padding::Same => image.div_ceil(self.stride),
            Padding::Valid => (image - (taps - 1) * self.dilation - 1) / self.stride + 1,
        }
    }
}

impl Net {
    /// A computed tensor.
    pub fn tensor(&mut self, shape: &[usize], dtype: DType, zero: i64) -> Id {
        self.add(shape, dtype, vec![SCALE], zero, 0, None)
    }

    /// What SOFTMAX writes.
    pub fn probabilities(&mut self, shape: &[usize], dtype: DType) -> Id {
        let (scale, zero) = if dtype == DType::Int16 { (1.0 / 32768.0, 0) } else { (1.0 / 256.0, -128) };
        self.add(shape, dtype, vec![scale], zero, 0, None)
    }

    /// A tensor that the caller writes.
    pub fn input(&mut self, shape: &[usize], dtype: DType, zero: i64) -> Id {
        let id = self.tensor(shape, dtype, zero);
        self.inputs.push(id);
        id
    }

    /// A constant; int4 is packed here.
    pub fn constant(
        &mut self,
        shape: &[usize],
        dtype: DType,
        scales: Vec<f32>,
        of: (i64, usize),
        elements: &[i64],
    ) -> Id {
        let bytes = match dtype {
            DType::Int4 => elements
                .chunks(2)
                .map(|pair| (pair[0] as u8 & 15) | (pair.get(1).copied().unwrap_or(0) as u8 & 15) << 4)
                .collect(),
            DType::Int8 => elements.iter().map(|&element| element as u8).collect(),
            DType::Int16 => elements.iter().flat_map(|&element| (element as i16).to_le_bytes()).collect(),
            DType::Int64 => elements.iter().flat_map(|element| element.to_le_bytes()).collect(),
            _ => elements.iter().flat_map(|&element| (element as i32).to_le_bytes()).collect(),
        };
        self.add(shape, dtype, scales, of.0, of.1, Some(bytes))
    }

    fn add(
        &mut self,
        shape: &[usize],
        dtype: DType,
        scales: Vec<f32>,
        zero: i64,
        axis: usize,
        data: Option<Vec<u8>>,
    ) -> Id {
        self.tensors.push(Entry { shape: shape.to_vec(), dtype, scales, zero, axis, data });
        self.tensors.len() - 1
    }

    /// A tensor's sizes.
    pub fn shape(&self, id: Id) -> &[usize] {
        &self.tensors[id].shape
    }

    /// A tensor's element type and zero point.
    pub fn kind(&self, id: Id) -> (DType, i64) {
        (self.tensors[id].dtype, self.tensors[id].zero)
    }

    /// Any operator.
    pub fn push(&mut self, op: BuiltinOp, inputs: &[Id], output: Id, options: Options) -> Id {
        self.operators.push(Step { op, inputs: inputs.to_vec(), output, options });
        output
    }

    /// An int8 or int16 convolution; `filter` is `[outputs, rows, columns, depth]`.
    pub fn conv(&mut self, input: Id, filter: Id, bias: Id, slide: Slide, zero: i64) -> Id {
        let (f, i) = (self.shape(filter).to_vec(), self.shape(input).to_vec());
        let shape = [i[0], slide.outputs(i[1], f[1]), slide.outputs(i[2], f[2]), f[0]];
        let output = self.tensor(&shape, self.kind(input).0, zero);
        let (stride, dilation) = (slide.stride as i32, slide.dilation as i32);
        let options = Options::Conv2D {
            padding: slide.padding,
            stride_w: stride,
            stride_h: stride,
            activation: slide.activation,
            dilation_w: dilation,
            dilation_h: dilation,
            quantized_bias_type: DType::Float32,
        };
        self.push(BuiltinOp::Conv2D, &[input, filter, bias], output, options)
    }

    /// The same, a filter per channel: `[1, rows, columns, outputs]`.
    pub fn depthwise(&mut self, input: Id, filter: Id, bias: Id, slide: Slide, zero: i64) -> Id {
        let (f, i) = (self.shape(filter).to_vec(), self.shape(input).to_vec());
        let shape = [i[0], slide.outputs(i[1], f[1]), slide.outputs(i[2], f[2]), f[3]];
        let output = self.tensor(&shape, self.kind(input).0, zero);
        let (stride, dilation) = (slide.stride as i32, slide.dilation as i32);
        let options = Options::DepthwiseConv2D {
            padding: slide.padding,
            stride_w: stride,
            stride_h: stride,
            depth_multiplier: (f[3] / i[3]) as i32,
            activation: slide.activation,
            dilation_w: dilation,
            dilation_h: dilation,
        };
        self.push(BuiltinOp::DepthwiseConv2D, &[input, filter, bias], output, options)
    }

    /// A product with `[outputs, inputs]`.
    pub fn fully_connected(
        &mut self,
        input: Id,
        weights: Id,
        bias: Id,
        activation: Activation,
        zero: i64,
    ) -> Id {
        let (w, i) = (self.shape(weights).to_vec(), self.shape(input).to_vec());
        let batch = i.iter().product::<usize>() / w[1];
        let output = self.tensor(&[batch, w[0]], self.kind(input).0, zero);
        let options = Options::FullyConnected {
            activation,
            weights_format: tflite::WeightsFormat::Default,
            keep_num_dims: false,
            asymmetric_quantize_inputs: false,
            quantized_bias_type: DType::Float32,
        };
        self.push(BuiltinOp::FullyConnected, &[input, weights, bias], output, options)
    }

    /// The file.
    pub fn file(&self) -> Vec<u8> {
        let operator = |step: &Step| Operator {
            op: step.op,
            custom_code: None,
            version: 1,
            inputs: step.inputs.iter().map(|&id| Some(id)).collect(),
            outputs: vec![step.output],
            intermediates: Vec::new(),
            options: step.options.clone(),
            custom_options: &[],
        };
        let subgraph = Subgraph {
            name: "main".into(),
            tensors: self.tensors.iter().enumerate().map(stored).collect(),
            inputs: self.inputs.clone(),
            outputs: self.outputs.clone(),
            operators: self.operators.iter().map(operator).collect(),
        };
        let model = Model {
            version: 3,
            description: String::new(),
            subgraphs: vec![subgraph],
            metadata: Vec::new(),
            signatures: Vec::new(),
        };
        build(&model, Layout::Aligned)
    }
}

fn stored((index, entry): (usize, &Entry)) -> Tensor<'_> {
    Tensor {
        name: format!("t{index}"),
        shape: entry.shape.iter().map(|&size| size as i32).collect(),
        shape_signature: Vec::new(),
        dtype: entry.dtype,
        data: entry.data.as_deref(),
        quantization: (!entry.scales.is_empty()).then(|| Quantization {
            scales: entry.scales.clone(),
            zero_points: vec![entry.zero; entry.scales.len()],
            dimension: entry.axis as i32,
            details: QuantizationDetails::None,
        }),
        is_variable: false,
        has_sparsity: false,
        has_rank: true,
    }
}

/// A model compiled as it is, and without dead work.
pub struct Both {
    /// As it is.
    pub whole: Compiled,
    /// Without dead work.
    pub cut: Compiled,
}

impl Both {
    /// Compiles a file both ways.
    pub fn of(file: &[u8]) -> Self {
        let with = |options: CompileOptions| {
            compile("net", file, options).unwrap_or_else(|error| panic!("refused: {error}"))
        };
        Self { whole: with(CompileOptions::DEVICE.dead_work(false)), cut: with(CompileOptions::DEVICE) }
    }

    /// The same, with weights packed for an instruction set where dead work is out.
    pub fn packed(file: &[u8], isa: Isa) -> Self {
        let cut = compile("net", file, CompileOptions::DEVICE.for_isa(isa));
        Self { cut: cut.unwrap_or_else(|error| panic!("refused: {error}")), ..Self::of(file) }
    }

    /// Multiply-adds of the one and of the other.
    pub fn macs(&self) -> (u64, u64) {
        (compiler::ops::total_macs(&self.whole.graph), compiler::ops::total_macs(&self.cut.graph))
    }

    /// Runs both on the same bytes and says whether they give the same.
    pub fn agree(&self, rng: &mut Rng) -> bool {
        let kind = rng.below(4);
        let mut byte = |_: usize| match kind {
            0 => 0x7f,
            1 => 0x80,
            _ => rng.next() as u8,
        };
        let inputs: Vec<Vec<u8>> = self
            .whole
            .inputs
            .iter()
            .map(|input| {
                let elements: u32 = input.shape.iter().product();
                (0..elements as usize * input.dtype.bytes()).map(&mut byte).collect()
            })
            .collect();
        run(&self.whole, &inputs) == run(&self.cut, &inputs)
    }
}

/// A model's outputs.
pub fn run(compiled: &Compiled, inputs: &[Vec<u8>]) -> Vec<Vec<u8>> {
    let mut model = HostModel::new(compiled);
    let mut executor = model.executor().expect("a plan that loads");
    for (index, input) in inputs.iter().enumerate() {
        executor.input_mut(index).copy_from_slice(input);
    }
    executor.run().expect("a plan that runs");
    (0..compiled.outputs.len()).map(|index| executor.output(index).to_vec()).collect()
}
