//! Random networks of convolutions, pools, sums and joins, planned within budgets: the same bytes as without, from
//! bytes that no other buffer wrote over.

use compiler::{
    CompileError, CompileOptions, Compiled, HostModel,
    graph::{Graph, Node, Pad, Quant, Subgraph, Tensor, TensorId},
    ops, plan, stream,
};
use engine::{Io, Memory, Operand, Operator};
use tflite::{Activation, BuiltinOp, DType, Options, Padding, mutate::Rng};

/// A network in the making.
struct Network {
    graph: Graph,
    random: Rng,
    images: Vec<TensorId>,
}

impl Network {
    fn new(seed: u64) -> Self {
        let mut random = Rng::new(seed);
        let mut graph = Graph { name: "random".into(), ..Graph::default() };
        graph.subgraphs.push(Subgraph::default());
        let shape =
            vec![1, 6 + random.next() as usize % 19, *random.pick(&[4, 5, 8]), *random.pick(&[3, 4, 8])];
        let mut network = Self { graph, random, images: Vec::new() };
        let input = network.image(shape);
        network.graph.subgraphs[0].inputs.push(input);
        for _ in 0..2 + network.random.next() % 6 {
            network.layer();
        }
        let last = *network.images.last().expect("an image");
        network.graph.subgraphs[0].outputs.push(last);
        network
    }

    fn tensor(
        &mut self,
        shape: Vec<usize>,
        dtype: DType,
        quant: Option<Quant>,
        data: Option<Vec<u8>>,
    ) -> TensorId {
        let name = format!("tensor {}", self.graph.tensors.len());
        self.graph.tensors.push(Tensor { name, shape, dtype, quant, data, is_variable: false });
        self.graph.tensors.len() - 1
    }

    fn image(&mut self, shape: Vec<usize>) -> TensorId {
        let zero = i32::from(self.random.next() as i8);
        let quant = Quant { scales: vec![0.05], zero_points: vec![zero], axis: 0 };
        let id = self.tensor(shape, DType::Int8, Some(quant), None);
        self.images.push(id);
        id
    }

    fn node(
        &mut self,
        op: BuiltinOp,
        inputs: Vec<TensorId>,
        output: TensorId,
        options: Options,
        pad: Option<Pad>,
    ) {
        let layer = self.graph.main().nodes.len();
        self.graph.subgraphs[0].nodes.push(Node {
            op,
            custom_code: None,
            version: 1,
            inputs: inputs.into_iter().map(Some).collect(),
            outputs: vec![output],
            intermediates: Vec::new(),
            options,
            custom_options: Vec::new(),
            pad,
            layer,
            subgraph: 0,
        });
    }

    fn layer(&mut self) {
        let from = *self.images.last().expect("an image");
        let shape = self.graph.tensors[from].shape.clone();
        match self.random.next() % 8 {
            0..4 => self.window(from, shape),
            4 => self.pool(from, shape),
            5 => {
                let to = self.image(shape);
                self.node(BuiltinOp::Relu, vec![from], to, Options::None, None);
            }
            // The oldest image of the same shape: a long way around what lies between.
            6 => {
                let other = self.images.iter().copied().find(|&id| self.graph.tensors[id].shape == shape);
                let to = self.image(shape);
                let options = Options::Add { activation: Activation::None, pot_scale_int16: false };
                self.node(BuiltinOp::Add, vec![from, other.unwrap_or(from)], to, options, None);
            }
            _ => {
                let rows = shape[1..3].to_vec();
                let like = self.graph.tensors[from].clone();
                let fits = |&id: &TensorId| {
                    let tensor = &self.graph.tensors[id];
                    tensor.shape[1..3] == rows[..] && tensor.quant == like.quant
                };
                let other = self.images.iter().copied().find(fits).unwrap_or(from);
                let channels = shape[3] + self.graph.tensors[other].shape[3];
                let to = self.image(vec![1, rows[0], rows[1], channels]);
                self.graph.tensors[to].quant = like.quant;
                let options = Options::Concatenation { axis: 3, activation: Activation::None };
                self.node(BuiltinOp::Concatenation, vec![from, other], to, options, None);
            }
        }
    }

    /// Taps, stride, padding and dilation along one axis, and the outputs that they make.
    fn axis(&mut self, image: usize) -> (usize, i32, i32, usize) {
        loop {
            let (taps, stride) = (*self.random.pick(&[1, 2, 3, 5]), *self.random.pick(&[1, 1, 2, 3]));
            let dilation = if stride == 1 { *self.random.pick(&[1, 1, 2]) } else { 1 };
            let span = (taps - 1) * dilation as usize + 1;
            if span <= image {
                return (taps, stride, dilation, span);
            }
        }
    }

    fn window(&mut self, from: TensorId, shape: Vec<usize>) {
        let (y, x) = (self.axis(shape[1]), self.axis(shape[2]));
        let padding = *self.random.pick(&[Padding::Same, Padding::Valid]);
        let pad = (padding == Padding::Valid && self.random.next().is_multiple_of(2)).then(|| Pad {
            top: y.3 - 1,
            bottom: y.3 / 2,
            left: x.3 / 2,
            right: x.3 - 1,
        });
        let around = pad.unwrap_or_default();
        let outputs = |image: usize, axis: (usize, i32, i32, usize)| match padding {
            Padding::Same => image.div_ceil(axis.1 as usize),
            Padding::Valid => (image - axis.3) / axis.1 as usize + 1,
        };
        let rows = outputs(shape[1] + around.top + around.bottom, y);
        let columns = outputs(shape[2] + around.left + around.right, x);
        let is_depthwise = self.random.next().is_multiple_of(2);
        let channels = if is_depthwise { shape[3] } else { *self.random.pick(&[3, 4, 8]) };
        let to = self.image(vec![1, rows, columns, channels]);
        let filter = match is_depthwise {
            true => vec![1, y.0, x.0, channels],
            false => vec![channels, y.0, x.0, shape[3]],
        };
        let weights = (0..filter.iter().product()).map(|_| self.random.next() as u8).collect();
        let axis = if is_depthwise { 3 } else { 0 };
        let quant = Quant { scales: vec![0.02; channels], zero_points: vec![0; channels], axis };
        let filter = self.tensor(filter, DType::Int8, Some(quant), Some(weights));
        let biases: Vec<u8> =
            (0..channels).flat_map(|_| (self.random.next() as i16 as i32).to_le_bytes()).collect();
        let bias = self.tensor(vec![channels], DType::Int32, None, Some(biases));
        let activation = *self.random.pick(&[Activation::None, Activation::Relu6]);
        let (stride_h, stride_w, dilation_h, dilation_w) = (y.1, x.1, y.2, x.2);
        let options = match is_depthwise {
            true => Options::DepthwiseConv2D {
                padding,
                stride_w,
                stride_h,
                depth_multiplier: 1,
                activation,
                dilation_w,
                dilation_h,
            },
            false => Options::Conv2D {
                padding,
                stride_w,
                stride_h,
                activation,
                dilation_w,
                dilation_h,
                quantized_bias_type: DType::Float32,
            },
        };
        let op = if is_depthwise { BuiltinOp::DepthwiseConv2D } else { BuiltinOp::Conv2D };
        self.node(op, vec![from, filter, bias], to, options, pad);
    }

    fn pool(&mut self, from: TensorId, shape: Vec<usize>) {
        let (y, x) = (self.axis(shape[1]), self.axis(shape[2]));
        let padding = *self.random.pick(&[Padding::Same, Padding::Valid]);
        let outputs = |image: usize, axis: (usize, i32, i32, usize)| match padding {
            Padding::Same => image.div_ceil(axis.1 as usize),
            Padding::Valid => (image - axis.0) / axis.1 as usize + 1,
        };
        let to = self.image(vec![1, outputs(shape[1], y), outputs(shape[2], x), shape[3]]);
        self.graph.tensors[to].quant = self.graph.tensors[from].quant.clone();
        let options = Options::Pool2D {
            padding,
            stride_w: x.1,
            stride_h: y.1,
            filter_w: x.0 as i32,
            filter_h: y.0 as i32,
            activation: Activation::None,
        };
        let op = *self.random.pick(&[BuiltinOp::MaxPool2D, BuiltinOp::AveragePool2D]);
        self.node(op, vec![from], to, options, None);
    }
}

/// Runs a plan. After each step, every byte that no buffer needs any more is overwritten, and no byte may be needed by
/// two buffers at once.
fn run(graph: &Graph, layout: &plan::Layout) -> Vec<u8> {
    let compiled = Compiled {
        options: CompileOptions::DEVICE,
        graph: graph.clone(),
        layout: layout.clone(),
        inputs: Vec::new(),
        outputs: Vec::new(),
    };
    let mut model = HostModel::new(&compiled);
    let mut memory = model.memory();
    let mut random = Rng::new(77);
    let (_, input) = layout.inputs[0];
    memory.bytes_mut(input).expect("a place").fill_with(|| random.next() as u8);
    overwrite_what_rests(layout, 0, &mut memory);
    for (index, step) in layout.steps.iter().enumerate() {
        step.operator.run(&mut Io::new(&mut memory, &step.operands)).expect("a step that runs");
        overwrite_what_rests(layout, index + 1, &mut memory);
    }
    memory.bytes(layout.outputs[0].1).expect("a place").to_vec()
}

fn overwrite_what_rests(layout: &plan::Layout, instant: usize, memory: &mut Memory<'_>) {
    let mut needed = vec![0u8; layout.arena_bytes];
    let mut used = vec![0u8; layout.arena_bytes];
    for buffer in &layout.buffers {
        for part in &buffer.parts {
            let place = buffer.offset + part.offset..buffer.offset + part.offset + part.bytes;
            for alive in &part.alive {
                if (alive.first..=alive.last).contains(&instant) {
                    used[place.clone()].iter_mut().for_each(|count| *count += 1);
                }
                if alive.first <= instant && instant < alive.last {
                    needed[place.clone()].iter_mut().for_each(|count| *count += 1);
                }
            }
        }
    }
    assert!(used.iter().all(|&count| count < 2), "two buffers in one place at instant {instant}");
    let arena = Operand::arena(0, layout.arena_bytes as u32);
    memory
        .bytes_mut(arena)
        .expect("the arena")
        .iter_mut()
        .zip(&needed)
        .filter(|(_, needed)| **needed == 0)
        .for_each(|(byte, _)| *byte = 0x5a);
}

#[test]
fn strips_give_the_bytes_of_whole_images() {
    let (mut cut, mut saved) = (0, 0);
    for seed in 1..=60 {
        let graph = Network::new(seed).graph;
        compiler::check(&graph).unwrap_or_else(|error| panic!("{seed}: {error}"));
        let options = CompileOptions::DEVICE;
        let whole = plan::plan(ops::lower(&graph, options).expect("steps"), options).expect("a plan");
        let (expected, macs) = (run(&graph, &whole), ops::total_macs(&graph));
        let curve = stream::curve(&graph, &whole, options).expect("a curve");
        let least = curve.last().expect("a point").arena_bytes;
        for point in curve.iter().step_by(2).chain(curve.last()) {
            let (graph, layout) = stream::fit(&graph, whole.clone(), options, point.arena_bytes)
                .unwrap_or_else(|error| panic!("{seed}: {error}"));
            assert!(layout.arena_bytes <= point.arena_bytes, "{seed}");
            assert!(run(&graph, &layout) == expected, "{seed}: {point:?}");
            assert!(ops::total_macs(&graph) <= macs, "{seed}: rows are made once");
        }
        cut += usize::from(curve.len() > 1);
        saved += whole.arena_bytes - least;
        if let Some(below) = least.checked_sub(1) {
            match stream::fit(&graph, whole.clone(), options, below) {
                Err(CompileError::OverBudget { least: said, .. }) => assert_eq!(said, least, "{seed}"),
                other => panic!("{seed}: {:?}", other.map(|(_, layout)| layout.arena_bytes)),
            }
        }
    }
    assert!(cut > 30 && saved > 8_000, "{cut} networks were cut, {saved} bytes saved");
}
