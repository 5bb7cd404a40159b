//! Layers drawn by lot, of the operators that instruction sets have kernels of their own for.

use super::{Id, Net, Slide, Units};
use crate::{Activation, DType, Padding, mutate::Rng};

/// Which operator a layer is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Op {
    Conv2d,
    DepthwiseConv2d,
    FullyConnected,
    Add,
    AveragePool2d,
}

impl Op {
    /// All of them.
    pub const ALL: [Self; 5] =
        [Self::Conv2d, Self::DepthwiseConv2d, Self::FullyConnected, Self::Add, Self::AveragePool2d];
}

/// How large weights are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Weights {
    /// Most of them small, as training leaves them.
    Trained,
    /// Any, one as likely as another.
    Any,
    /// At their limits, or 0.
    Extreme,
}

/// A layer on int8; what does not concern its operator is not looked at.
///
/// Sizes straddle any blocking. Half of the layers are such as converters write, the others anything that the operator
/// allows.
#[derive(Debug, Clone, PartialEq)]
pub struct Layer {
    op: Op,
    batch: usize,
    image: [usize; 2],
    channels: usize,
    outputs: usize,
    taps: [usize; 2],
    slide: Slide,
    /// Of the inputs and of the output.
    units: [Units; 3],
    /// The greatest of a channel's weight scale; the channels' are from a quarter of it on.
    weight_scale: f32,
    weights: Weights,
    seed: u64,
}

impl Layer {
    /// Draws a layer whose window fits into its image.
    pub fn draw(op: Op, rng: &mut Rng) -> Self {
        loop {
            let layer = if rng.chance(2) { Self::usual(op, rng) } else { Self::any(op, rng) };
            if layer.slide.outputs(layer.image, layer.taps).is_some_and(|[h, w]| h > 0 && w > 0) {
                return layer;
            }
        }
    }

    /// Anything that the operator allows.
    fn any(op: Op, rng: &mut Rng) -> Self {
        let channels = match op {
            Op::FullyConnected => *rng.pick(&[1, 7, 8, 15, 16, 17, 31, 32, 33, 47, 48, 64, 65, 100]),
            _ => *rng.pick(&[1, 2, 3, 4, 5, 8, 12, 15, 16, 17, 24, 32, 33]),
        };
        let outputs = match op {
            Op::DepthwiseConv2d => channels * *rng.pick(&[1, 1, 1, 2, 3]),
            _ => *rng.pick(&[1, 2, 3, 4, 5, 6, 7, 8, 9, 11, 12, 16, 17]),
        };
        let taps: &[[usize; 2]] =
            &[[1, 1], [1, 1], [3, 3], [3, 3], [3, 3], [2, 2], [5, 5], [1, 4], [10, 4], [4, 1], [3, 5]];
        let zero = rng.from_to(0, 255) as i64 - 128;
        let shift = *rng.pick(&[1.1, 1.9, 5.0, 30.0, 200.0, 900.0, 3000.0, 60000.0]);
        Self {
            op,
            batch: *rng.pick(&[1, 1, 1, 2, 3]),
            image: [rng.from_to(1, 12), rng.from_to(1, 12)],
            channels,
            outputs,
            taps: *rng.pick(taps),
            slide: Slide {
                padding: *rng.pick(&[Padding::Same, Padding::Same, Padding::Valid]),
                stride: *rng.pick(&[[1, 1], [1, 1], [2, 2], [1, 2], [3, 1]]),
                dilation: *rng.pick(&[[1, 1], [1, 1], [1, 1], [2, 2], [1, 3]]),
                activation: activation(rng),
            },
            ..Self::scaled(op, rng, zero, shift)
        }
        .seeded(*rng.pick(&[Weights::Any, Weights::Any, Weights::Extreme]), rng)
    }

    /// A layer of a network that was trained and converted.
    fn usual(op: Op, rng: &mut Rng) -> Self {
        let channels = match op {
            Op::FullyConnected => *rng.pick(&[8, 16, 33, 64, 100, 128, 256, 640]),
            Op::DepthwiseConv2d => *rng.pick(&[1, 4, 7, 8, 16, 18, 24, 33, 40]),
            _ => *rng.pick(&[1, 3, 4, 8, 16, 20, 24, 32, 40]),
        };
        let outputs = match op {
            Op::DepthwiseConv2d if channels == 1 => *rng.pick(&[4, 8]),
            Op::DepthwiseConv2d => channels,
            _ => *rng.pick(&[2, 4, 8, 10, 12, 16, 24]),
        };
        let taps: &[[usize; 2]] = match op {
            Op::DepthwiseConv2d => &[[3, 3], [3, 3], [3, 3], [3, 3], [5, 5], [10, 4]],
            _ => &[[1, 1], [1, 1], [3, 3], [3, 3], [3, 3], [5, 5], [10, 4], [3, 1]],
        };
        let stride = rng.from_to(1, 2);
        let zero = *rng.pick(&[-128, -128, -128, -1, 12]);
        let shift = *rng.pick(&[30.0, 200.0, 900.0]);
        Self {
            op,
            batch: if op == Op::FullyConnected && rng.chance(4) { 3 } else { 1 },
            image: [rng.from_to(1, 10), rng.from_to(1, 10)],
            channels,
            outputs,
            taps: *rng.pick(taps),
            slide: Slide {
                padding: *rng.pick(&[Padding::Same, Padding::Same, Padding::Valid]),
                stride: [stride; 2],
                dilation: [1; 2],
                activation: activation(rng),
            },
            ..Self::scaled(op, rng, zero, shift)
        }
        .seeded(Weights::Trained, rng)
    }

    /// Units of inputs and output, `shift` apart beside what the weights make; the rest is for the caller to say.
    fn scaled(op: Op, rng: &mut Rng, zero: i64, shift: f32) -> Self {
        let input_scale = 0.02 + rng.below(100) as f32 / 500.0;
        let weight_scale = 0.002 + rng.below(100) as f32 / 5000.0;
        let zero_out = *rng.pick(&[-128, -128, -128, -5, 0, 17, 127]);
        let second = Units { scale: input_scale * *rng.pick(&[1.0, 0.4, 1.7]), zero: zero_out };
        let output_scale = match op {
            Op::Add => input_scale * *rng.pick(&[0.9, 1.3, 2.0]),
            _ => input_scale * weight_scale * shift,
        };
        Self {
            op,
            batch: 1,
            image: [1; 2],
            channels: 1,
            outputs: 1,
            taps: [1; 2],
            slide: Slide::of(Padding::Same),
            units: [
                Units { scale: input_scale, zero },
                second,
                Units { scale: output_scale, zero: zero_out },
            ],
            weight_scale,
            weights: Weights::Any,
            seed: 0,
        }
    }

    /// The same with weights of its own, and without what its operator has not.
    fn seeded(mut self, weights: Weights, rng: &mut Rng) -> Self {
        match self.op {
            Op::FullyConnected | Op::Add => (self.taps, self.slide.dilation) = ([1; 2], [1; 2]),
            Op::AveragePool2d => self.slide.dilation = [1; 2],
            Op::Conv2d | Op::DepthwiseConv2d => {}
        }
        Self { weights, seed: rng.next(), ..self }
    }

    /// Puts the layer into a network, with inputs and constants of its own, and gives its output.
    pub fn add_to(&self, net: &mut Net) -> Id {
        let mut rng = Rng::new(self.seed);
        let [first, second, output] = self.units;
        let (slide, channels, outputs) = (self.slide, self.channels, self.outputs);
        let image = [self.batch, self.image[0], self.image[1], channels];
        let shape = if self.op == Op::FullyConnected { &[self.batch, channels][..] } else { &image };
        let input = net.input(shape, DType::Int8, first);
        let [rows, columns] = self.taps;
        match self.op {
            Op::Conv2d => {
                let shape = [outputs, rows, columns, channels];
                let (filter, bias) = self.constants(net, &mut rng, &shape, 0);
                net.conv(input, filter, bias, slide, output)
            }
            Op::DepthwiseConv2d => {
                let (filter, bias) = self.constants(net, &mut rng, &[1, rows, columns, outputs], 3);
                net.depthwise(input, filter, bias, slide, output)
            }
            Op::FullyConnected => {
                let (weights, bias) = self.constants(net, &mut rng, &[outputs, channels], 0);
                net.fully_connected(input, weights, bias, slide.activation, output)
            }
            Op::Add => {
                let second = net.input(shape, DType::Int8, second);
                net.sum([input, second], slide.activation, output)
            }
            Op::AveragePool2d => net.average_pool(input, self.taps, slide),
        }
    }

    /// Weights and biases.
    fn constants(&self, net: &mut Net, rng: &mut Rng, shape: &[usize], axis: usize) -> (Id, Id) {
        let elements: Vec<i64> = (0..shape.iter().product()).map(|_| self.weight(rng)).collect();
        let scale = |rng: &mut Rng| self.weight_scale * (0.25 + rng.below(256) as f32 / 340.0);
        let scales: Vec<f32> = (0..self.outputs).map(|_| scale(rng)).collect();
        let bias_scales = scales.iter().map(|scale| scale * self.units[0].scale).collect();
        let biases: Vec<i64> = (0..self.outputs).map(|_| rng.from_to(0, 20_000) as i64 - 10_000).collect();
        let filter = net.constant(shape, DType::Int8, scales, (0, axis), &elements);
        (filter, net.constant(&[self.outputs], DType::Int32, bias_scales, (0, 0), &biases))
    }

    fn weight(&self, rng: &mut Rng) -> i64 {
        match self.weights {
            Weights::Extreme => *rng.pick(&[127, -128, -127, 0]),
            Weights::Any => rng.from_to(0, 255) as i64 - 128,
            // The mean of four, so that few are large.
            Weights::Trained => (0..4).map(|_| rng.from_to(0, 254) as i64 - 127).sum::<i64>() / 4,
        }
    }

    /// How many inputs it has.
    pub fn input_count(&self) -> usize {
        if self.op == Op::Add { 2 } else { 1 }
    }

    /// So many bytes for one of the layer's inputs.
    pub fn input(&self, index: usize, count: usize) -> Vec<u8> {
        let mut rng = Rng::new(self.seed ^ (1 + index as u64));
        let byte = |rng: &mut Rng| match self.weights {
            Weights::Extreme => *rng.pick(&[127, 128]),
            _ => rng.next() as u8,
        };
        (0..count).map(|_| byte(&mut rng)).collect()
    }
}

fn activation(rng: &mut Rng) -> Activation {
    *rng.pick(&[Activation::None, Activation::Relu, Activation::Relu6, Activation::ReluN1To1])
}
