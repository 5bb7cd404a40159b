//! Networks put together layer by layer, as a converter would write them.

use super::{Layout, build};
use crate::{
    Activation, BuiltinOp, DType, Model, Operator, Options, Padding, Quantization, QuantizationDetails,
    Subgraph, Tensor, WeightsFormat,
};

/// Real value of one unit of every activation that nothing else is said of, so that any two may be joined.
const SCALE: f32 = 0.0625;

/// What the units of an activation stand for. A zero point alone is one, whose scale is that of all others.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Units {
    /// Real value of one unit.
    pub scale: f32,
    /// What stands for 0.
    pub zero: i64,
}

impl From<i64> for Units {
    fn from(zero: i64) -> Self {
        Self { scale: SCALE, zero }
    }
}

/// A tensor's number.
pub type Id = usize;

#[derive(Debug, Clone)]
struct Entry {
    shape: Vec<usize>,
    dtype: DType,
    scales: Vec<f32>,
    zero: i64,
    axis: usize,
    data: Option<Vec<u8>>,
}

#[derive(Debug, Clone)]
struct Step {
    op: BuiltinOp,
    inputs: Vec<Id>,
    output: Id,
    options: Options,
}

/// A network in the making.
#[derive(Debug, Clone, Default)]
pub struct Net {
    tensors: Vec<Entry>,
    operators: Vec<Step>,
    inputs: Vec<Id>,
    /// What the caller reads.
    pub outputs: Vec<Id>,
}

/// How a window slides; numbers are for rows, then for columns.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Slide {
    /// What it reads beyond the image.
    pub padding: Padding,
    /// Pixels from output to output.
    pub stride: [usize; 2],
    /// Pixels from tap to tap.
    pub dilation: [usize; 2],
    /// What follows.
    pub activation: Activation,
}

impl Slide {
    /// One pixel at a time, without limits.
    pub const fn of(padding: Padding) -> Self {
        Self { padding, stride: [1; 2], dilation: [1; 2], activation: Activation::None }
    }

    /// Rows and columns of the outputs; `None` when the window does not fit into the image.
    pub fn outputs(self, image: [usize; 2], taps: [usize; 2]) -> Option<[usize; 2]> {
        let mut outputs = [0; 2];
        for (axis, outputs) in outputs.iter_mut().enumerate() {
            let stride = self.stride[axis];
            *outputs = match self.padding {
                Padding::Same => image[axis].div_ceil(stride),
                Padding::Valid => {
                    image[axis].checked_sub((taps[axis] - 1) * self.dilation[axis] + 1)? / stride + 1
                }
            };
        }
        Some(outputs)
    }

    /// Strides and dilations as files have them.
    fn numbers(self) -> ([i32; 2], [i32; 2]) {
        (self.stride.map(|stride| stride as i32), self.dilation.map(|dilation| dilation as i32))
    }

    /// Images, rows and columns of what it writes.
    fn shape(self, image: &[usize], filter: &[usize]) -> [usize; 3] {
        let outputs = self.outputs([image[1], image[2]], [filter[1], filter[2]]);
        let [rows, columns] = outputs.expect("a window that fits into its image");
        [image[0], rows, columns]
    }
}

impl Net {
    /// A computed tensor.
    pub fn tensor(&mut self, shape: &[usize], dtype: DType, units: impl Into<Units>) -> Id {
        let Units { scale, zero } = units.into();
        self.add(shape, dtype, vec![scale], zero, 0, None)
    }

    /// What SOFTMAX writes.
    pub fn probabilities(&mut self, shape: &[usize], dtype: DType) -> Id {
        let (scale, zero) = if dtype == DType::Int16 { (1.0 / 32768.0, 0) } else { (1.0 / 256.0, -128) };
        self.add(shape, dtype, vec![scale], zero, 0, None)
    }

    /// A tensor that the caller writes.
    pub fn input(&mut self, shape: &[usize], dtype: DType, units: impl Into<Units>) -> Id {
        let id = self.tensor(shape, dtype, units);
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
    ///
    /// # Panics
    /// When the window does not fit into the image.
    pub fn conv(&mut self, input: Id, filter: Id, bias: Id, slide: Slide, units: impl Into<Units>) -> Id {
        let [n, h, w] = slide.shape(self.shape(input), self.shape(filter));
        let output = self.tensor(&[n, h, w, self.shape(filter)[0]], self.kind(input).0, units);
        let ([stride_h, stride_w], [dilation_h, dilation_w]) = slide.numbers();
        let options = Options::Conv2D {
            padding: slide.padding,
            stride_w,
            stride_h,
            activation: slide.activation,
            dilation_w,
            dilation_h,
            quantized_bias_type: DType::Float32,
        };
        self.push(BuiltinOp::Conv2D, &[input, filter, bias], output, options)
    }

    /// The same, a filter per channel: `[1, rows, columns, outputs]`.
    ///
    /// # Panics
    /// When the window does not fit into the image.
    pub fn depthwise(
        &mut self,
        input: Id,
        filter: Id,
        bias: Id,
        slide: Slide,
        units: impl Into<Units>,
    ) -> Id {
        let ([n, h, w], outputs) =
            (slide.shape(self.shape(input), self.shape(filter)), self.shape(filter)[3]);
        let output = self.tensor(&[n, h, w, outputs], self.kind(input).0, units);
        let ([stride_h, stride_w], [dilation_h, dilation_w]) = slide.numbers();
        let options = Options::DepthwiseConv2D {
            padding: slide.padding,
            stride_w,
            stride_h,
            depth_multiplier: (outputs / self.shape(input)[3]) as i32,
            activation: slide.activation,
            dilation_w,
            dilation_h,
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
        units: impl Into<Units>,
    ) -> Id {
        let (w, i) = (self.shape(weights).to_vec(), self.shape(input).to_vec());
        let batch = i.iter().product::<usize>() / w[1];
        let output = self.tensor(&[batch, w[0]], self.kind(input).0, units);
        let options = Options::FullyConnected {
            activation,
            weights_format: WeightsFormat::Default,
            keep_num_dims: false,
            asymmetric_quantize_inputs: false,
            quantized_bias_type: DType::Float32,
        };
        self.push(BuiltinOp::FullyConnected, &[input, weights, bias], output, options)
    }

    /// The mean of each window; an activation keeps its units.
    ///
    /// # Panics
    /// When the window does not fit into the image.
    pub fn average_pool(&mut self, input: Id, taps: [usize; 2], slide: Slide) -> Id {
        let [n, h, w] = slide.shape(self.shape(input), &[0, taps[0], taps[1]]);
        let Entry { scales, zero, dtype, shape, .. } = &self.tensors[input];
        let (channels, dtype, units) = (shape[3], *dtype, Units { scale: scales[0], zero: *zero });
        let output = self.tensor(&[n, h, w, channels], dtype, units);
        let ([stride_h, stride_w], _) = slide.numbers();
        let options = Options::Pool2D {
            padding: slide.padding,
            stride_w,
            stride_h,
            filter_w: taps[1] as i32,
            filter_h: taps[0] as i32,
            activation: slide.activation,
        };
        self.push(BuiltinOp::AveragePool2D, &[input], output, options)
    }

    /// The sum of two tensors of one shape.
    pub fn sum(&mut self, [a, b]: [Id; 2], activation: Activation, units: impl Into<Units>) -> Id {
        let shape = self.shape(a).to_vec();
        let output = self.tensor(&shape, self.kind(a).0, units);
        let options = Options::Add { activation, pot_scale_int16: false };
        self.push(BuiltinOp::Add, &[a, b], output, options)
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
