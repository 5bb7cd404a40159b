//! Every rule of the layers with weights, broken once.

use compiler::{
    CompileError, check,
    graph::{Graph, Node, Quant, Subgraph, Tensor, TensorId},
};
use tflite::{Activation, BuiltinOp, DType, Options, Padding, WeightsFormat};

/// A graph of one operator, in the making.
struct One {
    graph: Graph,
    node: Node,
}

fn quant(scale: f32, zero: i32) -> Option<Quant> {
    Some(Quant { scales: vec![scale], zero_points: vec![zero], axis: 0 })
}

impl One {
    fn new(op: BuiltinOp, options: Options) -> Self {
        let node = Node {
            op,
            custom_code: None,
            version: 1,
            inputs: Vec::new(),
            outputs: Vec::new(),
            intermediates: Vec::new(),
            options,
            custom_options: Vec::new(),
            pad: None,
            layer: 0,
            subgraph: 0,
        };
        Self { graph: Graph::default(), node }
    }

    fn tensor(&mut self, dtype: DType, shape: &[usize], quant: Option<Quant>, constant: bool) -> TensorId {
        let elements: usize = shape.iter().product();
        let bytes = (elements * dtype.bits().unwrap_or(8) as usize).div_ceil(8);
        self.graph.tensors.push(Tensor {
            name: format!("t{}", self.graph.tensors.len()),
            shape: shape.to_vec(),
            dtype,
            quant,
            data: constant.then(|| vec![0; bytes]),
            is_variable: false,
        });
        self.graph.tensors.len() - 1
    }

    fn read(mut self, dtype: DType, shape: &[usize], quant: Option<Quant>) -> Self {
        let id = self.tensor(dtype, shape, quant, false);
        self.node.inputs.push(Some(id));
        self
    }

    fn constant(mut self, dtype: DType, shape: &[usize], quant: Option<Quant>) -> Self {
        let id = self.tensor(dtype, shape, quant, true);
        self.node.inputs.push(Some(id));
        self
    }

    fn write(mut self, dtype: DType, shape: &[usize], quant: Option<Quant>) -> Self {
        let id = self.tensor(dtype, shape, quant, false);
        self.node.outputs.push(id);
        self
    }

    fn with(mut self, change: impl FnOnce(&mut Self)) -> Self {
        change(&mut self);
        self
    }

    /// Changes one of the node's input tensors.
    fn input(&mut self, index: usize) -> &mut Tensor {
        let id = self.node.inputs[index].expect("an input");
        &mut self.graph.tensors[id]
    }

    fn output(&mut self) -> &mut Tensor {
        let id = self.node.outputs[0];
        &mut self.graph.tensors[id]
    }

    /// Every reason for which it is refused.
    fn reasons(mut self) -> Vec<String> {
        self.graph.subgraphs = vec![Subgraph { nodes: vec![self.node], ..Subgraph::default() }];
        match check(&self.graph) {
            Ok(()) => Vec::new(),
            Err(CompileError::Refused(refusals)) => {
                assert!(refusals.iter().all(|refusal| !refusal.advice.is_empty()));
                refusals.into_iter().map(|refusal| refusal.reason).collect()
            }
            Err(error) => vec![error.to_string()],
        }
    }
}

/// Asserts that a change makes a sound model be refused with a reason that contains `words`.
#[track_caller]
fn refused(sound: fn() -> One, change: impl FnOnce(&mut One), words: &str) {
    assert_eq!(sound().reasons(), Vec::<String>::new());
    let reasons = sound().with(change).reasons();
    assert!(reasons.iter().any(|reason| reason.contains(words)), "{reasons:?} say nothing of '{words}'");
}

fn conv() -> One {
    let options = Options::Conv2D {
        padding: Padding::Same,
        stride_w: 1,
        stride_h: 1,
        activation: Activation::Relu6,
        dilation_w: 1,
        dilation_h: 1,
        quantized_bias_type: DType::Float32,
    };
    One::new(BuiltinOp::Conv2D, options)
        .read(DType::Int8, &[1, 4, 4, 4], quant(0.5, 3))
        .constant(DType::Int8, &[6, 3, 3, 2], quant(0.25, 0))
        .constant(DType::Int32, &[6], quant(0.125, 0))
        .write(DType::Int8, &[1, 4, 4, 6], quant(0.5, -7))
}

fn depthwise() -> One {
    let options = Options::DepthwiseConv2D {
        padding: Padding::Same,
        stride_w: 1,
        stride_h: 1,
        depth_multiplier: 2,
        activation: Activation::None,
        dilation_w: 1,
        dilation_h: 1,
    };
    One::new(BuiltinOp::DepthwiseConv2D, options)
        .read(DType::Int8, &[1, 4, 4, 3], quant(0.5, 3))
        .constant(DType::Int8, &[1, 3, 3, 6], quant(0.25, 0))
        .write(DType::Int8, &[1, 4, 4, 6], quant(0.5, -7))
}

fn dense() -> One {
    let options = Options::FullyConnected {
        activation: Activation::None,
        weights_format: WeightsFormat::Default,
        keep_num_dims: false,
        asymmetric_quantize_inputs: false,
        quantized_bias_type: DType::Float32,
    };
    One::new(BuiltinOp::FullyConnected, options)
        .read(DType::Int8, &[2, 8], quant(0.5, 3))
        .constant(DType::Int8, &[5, 8], quant(0.25, 1))
        .write(DType::Int8, &[2, 5], quant(0.5, -7))
}

fn transposed() -> One {
    let options = Options::TransposeConv {
        padding: Padding::Same,
        stride_w: 2,
        stride_h: 2,
        activation: Activation::None,
        quantized_bias_type: DType::Float32,
    };
    let mut one = One::new(BuiltinOp::TransposeConv, options)
        .constant(DType::Int32, &[4], None)
        .constant(DType::Int8, &[6, 3, 3, 2], quant(0.25, 0))
        .read(DType::Int8, &[1, 4, 4, 2], quant(0.5, 3))
        .write(DType::Int8, &[1, 8, 8, 6], quant(0.5, -7));
    one.input(0).data = Some([1i32, 8, 8, 6].iter().flat_map(|size| size.to_le_bytes()).collect());
    one
}

fn product() -> One {
    let options = Options::BatchMatMul { adj_x: false, adj_y: true, asymmetric_quantize_inputs: false };
    One::new(BuiltinOp::BatchMatMul, options)
        .read(DType::Int8, &[2, 1, 3, 4], quant(0.5, 3))
        .read(DType::Int8, &[5, 6, 4], quant(0.5, 3))
        .write(DType::Int8, &[2, 5, 3, 6], quant(0.5, 3))
}

fn svdf() -> One {
    let options = Options::Svdf { rank: 2, activation: Activation::None, asymmetric_quantize_inputs: false };
    One::new(BuiltinOp::Svdf, options)
        .read(DType::Int8, &[1, 3], quant(0.5, 3))
        .constant(DType::Int8, &[4, 3], quant(0.25, 0))
        .constant(DType::Int16, &[4, 5], quant(0.25, 0))
        .constant(DType::Int32, &[2], quant(0.125, 0))
        .read(DType::Int16, &[1, 20], quant(0.5, 0))
        .write(DType::Int8, &[1, 2], quant(0.5, -7))
        .with(|one| one.input(4).is_variable = true)
}

fn lstm() -> One {
    let options = Options::UnidirectionalSequenceLstm {
        activation: Activation::Tanh,
        cell_clip: 10.0,
        proj_clip: 0.0,
        time_major: false,
        asymmetric_quantize_inputs: false,
        diagonal_recurrent_tensors: false,
    };
    let mut one =
        One::new(BuiltinOp::UnidirectionalSequenceLstm, options).read(DType::Int8, &[1, 6, 3], quant(0.5, 3));
    for columns in [3, 4] {
        for _ in 0..4 {
            one = one.constant(DType::Int8, &[4, columns], quant(0.01, 0));
        }
    }
    one.node.inputs.extend([None; 3]);
    for _ in 0..4 {
        one = one.constant(DType::Int32, &[4], quant(0.005, 0));
    }
    one.node.inputs.extend([None; 2]);
    one = one
        .read(DType::Int8, &[1, 4], quant(1.0 / 128.0, 0))
        .read(DType::Int16, &[1, 4], quant(1.0 / 2048.0, 0))
        .write(DType::Int8, &[1, 6, 4], quant(1.0 / 128.0, 0));
    for state in [18, 19] {
        one.input(state).is_variable = true;
    }
    one.node.inputs.extend([None; 4]);
    one
}

fn lookup() -> One {
    One::new(BuiltinOp::EmbeddingLookup, Options::None)
        .constant(DType::Int32, &[2], None)
        .constant(DType::Int8, &[4, 3], quant(0.5, 0))
        .write(DType::Int8, &[2, 3], quant(0.5, 0))
}

#[test]
fn layers_with_weights() {
    refused(conv, |one| one.node.options = Options::None, "its options are there");
    refused(conv, |one| one.input(1).data = None, "weights and bias are constant");
    refused(conv, |one| one.input(0).quant = None, "are quantised");
    refused(conv, |one| one.input(0).dtype = DType::Uint8, "element types are not supported");
    refused(conv, |one| one.input(1).quant = quant(0.25, 1), "zero points of the weights are 0");
    refused(conv, |one| one.input(2).quant = quant(0.14, 0), "the bias's scale");
    refused(conv, |one| one.input(2).quant = quant(0.125, 5), "the bias's scale");
    refused(conv, |one| one.input(2).shape = vec![5], "one element per output channel");
    refused(conv, |one| one.node.version = 99, "version 99");
    let three = || Some(Quant { scales: vec![0.25; 3], zero_points: vec![0; 3], axis: 1 });
    refused(conv, |one| one.input(1).quant = three(), "one per output channel");
}

#[test]
fn fused_activations() {
    for activation in [Activation::Tanh, Activation::SignBit] {
        let change = |one: &mut One| match &mut one.node.options {
            Options::Conv2D { activation: fused, .. } => *fused = activation,
            _ => unreachable!(),
        };
        refused(conv, change, "the fused activation is");
    }
}

#[test]
fn convolutions() {
    refused(conv, |one| one.input(0).shape = vec![1, 4, 4, 5], "the filters' channels divide the input's");
    refused(conv, |one| one.input(0).shape = vec![1, 4, 16], "have four dimensions");
    refused(conv, |one| one.output().shape = vec![1, 5, 4, 6], "rows and columns that the window makes");
    for stride in [0, -1, 40_000] {
        let change = |one: &mut One| match &mut one.node.options {
            Options::Conv2D { stride_w, .. } => *stride_w = stride,
            _ => unreachable!(),
        };
        refused(conv, change, "strides and dilations are in 1 to 32767");
    }
    refused(depthwise, |one| one.input(1).shape = vec![1, 3, 3, 5], "as many for each input channel");
    let change = |one: &mut One| match &mut one.node.options {
        Options::DepthwiseConv2D { depth_multiplier, .. } => *depth_multiplier = 3,
        _ => unreachable!(),
    };
    refused(depthwise, change, "its depth multiplier");
    let sixteen = |one: &mut One| {
        one.input(0).dtype = DType::Int16;
        one.output().dtype = DType::Int16;
    };
    refused(depthwise, sixteen, "zero points of int16");
}

#[test]
fn products_with_a_matrix() {
    refused(dense, |one| one.input(0).shape = vec![2, 7], "divides the input's elements");
    refused(dense, |one| one.output().shape = vec![3, 5], "divides the input's elements");
    let shuffled = |one: &mut One| match &mut one.node.options {
        Options::FullyConnected { weights_format, .. } => *weights_format = WeightsFormat::Shuffled4x16Int8,
        _ => unreachable!(),
    };
    refused(dense, shuffled, "stored row by row");
    let kept = |one: &mut One| {
        one.input(0).shape = vec![1, 2, 8];
        match &mut one.node.options {
            Options::FullyConnected { keep_num_dims, .. } => *keep_num_dims = true,
            _ => unreachable!(),
        }
    };
    refused(dense, kept, "divides the input's elements");
}

#[test]
fn transposed_convolutions() {
    refused(transposed, |one| one.input(2).shape = vec![1, 4, 4, 3], "agree on batch and channels");
    refused(transposed, |one| one.output().shape = vec![1, 9, 8, 6], "the one that its first input gives");
    refused(transposed, |one| one.input(2).shape = vec![1, 3, 4, 2], "the one that its first input gives");
}

#[test]
fn products_of_matrices() {
    let words = "the output's shape follows from them";
    refused(product, |one| one.input(0).shape = vec![2, 3, 3, 4], words);
    refused(product, |one| one.input(1).shape = vec![5, 6, 3], words);
    refused(product, |one| one.output().shape = vec![2, 5, 6, 3], words);
    refused(product, |one| one.input(0).shape = vec![1, 1, 2, 1, 3, 4], words);
    refused(product, |one| one.input(1).quant = None, "are quantised with one scale each");
}

#[test]
fn recurrent_layers() {
    refused(svdf, |one| one.input(4).is_variable = false, "its state is a variable");
    refused(svdf, |one| one.input(1).data = None, "weights and bias are constant");
    refused(svdf, |one| one.input(2).shape = vec![4, 4], "follow from it");
    refused(svdf, |one| one.input(3).shape = vec![3], "follow from it");
    refused(svdf, |one| one.input(4).quant = None, "are quantised with one scale each");
    refused(svdf, |one| one.input(3).quant = quant(0.2, 0), "the bias's scale");
    for rank in [0, 3, -2] {
        let change = |one: &mut One| match &mut one.node.options {
            Options::Svdf { rank: stored, .. } => *stored = rank,
            _ => unreachable!(),
        };
        refused(svdf, change, "its rank divides");
    }
    refused(lstm, |one| one.node.inputs[9] = one.node.inputs[1], "no peepholes");
    refused(lstm, |one| one.input(18).is_variable = false, "are variable tensors");
    refused(lstm, |one| one.input(5).data = None, "weights and biases are constant");
    refused(lstm, |one| one.input(5).shape = vec![4, 3], "follow from input and number of units");
    refused(lstm, |one| one.output().quant = quant(0.1, 0), "the output as the hidden state");
    refused(lstm, |one| one.input(19).quant = quant(0.0003, 0), "a power of two");
    let change = |one: &mut One| match &mut one.node.options {
        Options::UnidirectionalSequenceLstm { activation, .. } => *activation = Activation::Relu,
        _ => unreachable!(),
    };
    refused(lstm, change, "its activation is TANH");
}

#[test]
fn tables() {
    refused(lookup, |one| one.output().shape = vec![3, 3], "a row for each index");
    refused(lookup, |one| one.input(0).data = Some(vec![9, 0, 0, 0, 0, 0, 0, 0]), "name rows of the table");
    let real = |one: &mut One| {
        one.output().dtype = DType::Float32;
        one.input(1).quant = quant(0.5, 1);
    };
    refused(lookup, real, "zero point 0");
}
