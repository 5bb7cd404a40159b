//! Operators whose output channels each depend on one channel of each input.

use tflite::{BuiltinOp, Options};

use super::channels::Channels;
use crate::{
    graph::{Graph, Node, Tensor, TensorId},
    ops::NodeView,
};

/// How an operator's channels depend on each other.
pub(super) struct Links {
    /// Inputs whose elements are computed with. Others say where and how many.
    pub inputs: Vec<Link>,
    pub output: TensorId,
    pub function: Function,
}

/// One such input.
pub(super) struct Link {
    /// Where it stands among the operator's inputs.
    pub position: usize,
    pub tensor: TensorId,
    pub map: Map,
}

/// What is known of the function from an input's elements to the output's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Function {
    /// Bytes keep their value.
    Copy,
    /// Each element becomes another.
    Each,
    /// Two elements become one, the least and the greatest of a range of pairs being at corners of the range.
    Pair,
    /// Two elements become one.
    AnyPair,
    /// Elements of one channel become one, which grows with each of them.
    Image,
}

/// Which input channel belongs to which output channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Map {
    /// The same; or, where one side has more, the remainder.
    Modulo,
    /// Input channel 0 is output channel `n`, and so on.
    From(usize),
    /// The only input channel belongs to all.
    Spread,
}

impl Map {
    /// Pairs of input and output channels.
    pub(super) fn pairs(self, inputs: usize, outputs: usize) -> Vec<(usize, usize)> {
        match self {
            Self::Modulo if outputs >= inputs => (0..outputs).map(|o| (o % inputs.max(1), o)).collect(),
            Self::Modulo => (0..inputs).map(|i| (i, i % outputs.max(1))).collect(),
            Self::From(first) => {
                (0..inputs).map(|i| (i, first + i)).filter(|pair| pair.1 < outputs).collect()
            }
            Self::Spread => (0..outputs).map(|o| (0, o)).collect(),
        }
    }

    /// Whether a pair's channels come and go together.
    pub(super) fn ties(self) -> bool {
        self != Self::Spread
    }
}

impl Links {
    /// A node's channels; `None` where an output channel may depend on several of an input's.
    pub(super) fn of(graph: &Graph, channels: &Channels, node: &Node) -> Option<Self> {
        let view = NodeView { graph, node };
        let &[output] = &node.outputs[..] else { return None };
        let count = channels.of_tensor(output)?;
        let first = || channels.of_tensor(view.input_id(0)?);
        let same =
            |function: Function| Some((function, vec![(0, Map::Modulo)])).filter(|_| first() == Some(count));
        let (function, inputs) = match node.op {
            BuiltinOp::Relu
            | BuiltinOp::Relu6
            | BuiltinOp::ReluN1To1
            | BuiltinOp::Relu0To1
            | BuiltinOp::Logistic
            | BuiltinOp::Tanh
            | BuiltinOp::HardSwish
            | BuiltinOp::Elu
            | BuiltinOp::Gelu
            | BuiltinOp::LeakyRelu
            | BuiltinOp::Abs
            | BuiltinOp::Neg
            | BuiltinOp::Exp
            | BuiltinOp::Quantize => same(Function::Each)?,
            BuiltinOp::Add | BuiltinOp::Sub | BuiltinOp::Mul | BuiltinOp::Maximum | BuiltinOp::Minimum => {
                (Function::Pair, pair(&view, count)?)
            }
            BuiltinOp::SquaredDifference | BuiltinOp::Prelu => (Function::AnyPair, pair(&view, count)?),
            BuiltinOp::Reshape | BuiltinOp::Squeeze | BuiltinOp::ExpandDims => {
                let inputs = first()?;
                let whole = count.is_multiple_of(inputs) || inputs.is_multiple_of(count);
                whole.then(|| (Function::Copy, vec![(0, Map::Modulo)]))?
            }
            BuiltinOp::Concatenation => (Function::Copy, joined(&view, count)?),
            BuiltinOp::AveragePool2D
            | BuiltinOp::MaxPool2D
            | BuiltinOp::ResizeBilinear
            | BuiltinOp::ResizeNearestNeighbor => same(Function::Image)?,
            BuiltinOp::Mean | BuiltinOp::ReduceMax | BuiltinOp::ReduceMin if keeps_channels(&view) => {
                same(Function::Image)?
            }
            BuiltinOp::Pad | BuiltinOp::PadV2 | BuiltinOp::MirrorPad if pads_no_channel(&view) => {
                same(Function::Image)?
            }
            _ => return None,
        };
        let link = |(position, map): (usize, Map)| {
            let tensor = view.input_id(position)?;
            let counted = channels.of_tensor(tensor).is_some() || graph.tensors[tensor].is_const();
            counted.then_some(Link { position, tensor, map })
        };
        let inputs = inputs.into_iter().map(link).collect::<Option<_>>()?;
        Some(Self { inputs, output, function })
    }
}

/// The sizes of the last dimension of what an operator reads: 1 for a single element.
fn last(tensor: &Tensor) -> usize {
    tensor.shape.last().copied().unwrap_or(1)
}

/// Two inputs that lie over each other.
fn pair(view: &NodeView<'_>, count: usize) -> Option<Vec<(usize, Map)>> {
    let map = |position: usize| match last(view.input(position)?) {
        size if size == count => Some((position, Map::Modulo)),
        1 => Some((position, Map::Spread)),
        _ => None,
    };
    (view.node.inputs.len() == 2).then(|| Some(vec![map(0)?, map(1)?]))?
}

fn joined(view: &NodeView<'_>, count: usize) -> Option<Vec<(usize, Map)>> {
    let &Options::Concatenation { axis, .. } = &view.node.options else { return None };
    let rank = view.output(0)?.shape.len() as i32;
    let axis = if axis < 0 { axis + rank } else { axis };
    let mut first = 0;
    let mut inputs = Vec::with_capacity(view.node.inputs.len());
    for position in 0..view.node.inputs.len() {
        let input = view.input(position)?;
        if axis + 1 == rank {
            inputs.push((position, Map::From(first)));
            first += last(input);
        } else if last(input) == count {
            inputs.push((position, Map::Modulo));
        } else {
            return None;
        }
    }
    Some(inputs)
}

fn keeps_channels(view: &NodeView<'_>) -> bool {
    let (Some(input), Some(axes)) = (view.input(0), view.input(1).and_then(Tensor::integers)) else {
        return false;
    };
    let rank = input.shape.len() as i64;
    axes.iter().all(|&axis| (if axis < 0 { axis + rank } else { axis }) != rank - 1)
}

fn pads_no_channel(view: &NodeView<'_>) -> bool {
    let amounts = view.input(1).and_then(Tensor::integers);
    let value_is_known = view.node.op != BuiltinOp::PadV2 || view.input(2).is_some_and(Tensor::is_const);
    value_is_known && amounts.is_some_and(|amounts| amounts.ends_with(&[0, 0]))
}
