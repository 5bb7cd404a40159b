//! Layers whose sums can be looked into: CONV_2D, DEPTHWISE_CONV_2D and FULLY_CONNECTED on integers.

use tflite::{BuiltinOp, DType, Options, Padding};

use super::{channels::Channels, reach::Reach};
use crate::{
    graph::{Graph, Node, Tensor, TensorId},
    ops::{NodeView, window_of},
    passes::alone::Alone,
};

/// Taps of all sets together that are looked at. Only windows about as large as the image have more.
const MAX_TAPS: usize = 1 << 20;

/// A layer of constant integer weights: `outputs` filters of `taps` places by `depth` columns each.
///
/// A column is one number of a filter at one tap; column `k` reads channel `k mod channels` of the input, whose
/// channels a FULLY_CONNECTED may have many times over.
pub(super) struct Layer {
    pub input: TensorId,
    pub output: TensorId,
    /// Runs that the columns are cut into; each filter sees one.
    pub groups: usize,
    /// Columns of one filter.
    pub depth: usize,
    pub taps: usize,
    pub outputs: usize,
    /// Channels of the input.
    pub channels: usize,
    /// `[output][tap][column]`, the filter's zero point taken off.
    weights: Vec<i16>,
    /// One per output.
    pub bias: Vec<i64>,
    /// Whether sums have 64 bits.
    pub is_wide: bool,
    /// The different sets of taps that a position of the output meets the image with. At least one.
    pub windows: Vec<Vec<usize>>,
    input_zero: i32,
}

impl Layer {
    /// A node's sums; `None` where its weights are computed, or its channels are not counted.
    pub(super) fn of(graph: &Graph, channels: &Channels, node: &Node) -> Option<Self> {
        let view = NodeView { graph, node };
        let (input, output) = (view.input_id(0)?, view.output_id(0)?);
        let (in_channels, outputs) = (channels.of_tensor(input)?, channels.of_tensor(output)?);
        let filter = view.input(1)?;
        let integers = matches!(filter.dtype, DType::Int8 | DType::Int4);
        let elements = filter.integers().filter(|_| integers)?;
        let (groups, depth, windows) = match (node.op, &filter.shape[..]) {
            (BuiltinOp::Conv2D, &[filters, _, _, depth]) if filters == outputs => {
                (in_channels.checked_div(depth)?, depth, windows(&view)?)
            }
            (BuiltinOp::DepthwiseConv2D, &[1, _, _, filters]) if filters == outputs => {
                (in_channels, 1, windows(&view)?)
            }
            (BuiltinOp::FullyConnected, &[filters, inputs]) => {
                let whole = filters == outputs && inputs.is_multiple_of(in_channels);
                (1, inputs, whole.then(|| vec![vec![0]])?)
            }
            _ => return None,
        };
        let taps = elements.len().checked_div(depth.checked_mul(outputs)?)?;
        let zero = if node.op == BuiltinOp::FullyConnected { filter.zero() } else { 0 };
        let weight = |index: usize| {
            let (o, tap, column) =
                (index / (taps * depth), index / depth.max(1) % taps.max(1), index % depth.max(1));
            let stored = match node.op {
                BuiltinOp::DepthwiseConv2D => tap * outputs + o,
                _ => (o * taps + tap) * depth + column,
            };
            Some((elements.get(stored)? - i64::from(zero)) as i16)
        };
        let is_wide = is_wide(&view)?;
        let sound = groups > 0
            && taps > 0
            && outputs.is_multiple_of(groups)
            && outputs * taps * depth == elements.len()
            && !windows.is_empty();
        let bias = match view.input(2) {
            Some(bias) => bias.integers().filter(|bias| bias.len() == outputs)?,
            None => vec![0; outputs],
        };
        let weights = (0..elements.len()).map(weight).collect::<Option<_>>()?;
        let input_zero = graph.tensors[input].zero();
        let layer = Self {
            input,
            output,
            groups,
            depth,
            taps,
            outputs,
            channels: in_channels,
            weights,
            bias,
            is_wide,
            windows,
            input_zero,
        };
        sound.then_some(layer)
    }

    /// The run of columns, of all filters' together, that an output's filter sees.
    pub(super) fn columns(&self, output: usize) -> std::ops::Range<usize> {
        let group = output / (self.outputs / self.groups).max(1);
        group * self.depth..(group + 1) * self.depth
    }

    /// The input channel that a column reads.
    pub(super) fn channel(&self, column: usize) -> usize {
        column % self.channels
    }

    /// Weights of an output by tap, each with its columns.
    fn rows(&self, output: usize) -> impl Iterator<Item = &[i16]> {
        let elements = self.taps * self.depth;
        self.weights[output * elements..(output + 1) * elements].chunks_exact(self.depth)
    }

    /// The weight of an output at a tap, in a column of its own run.
    pub(super) fn weight(&self, output: usize, tap: usize, column: usize) -> i64 {
        i64::from(self.weights[(output * self.taps + tap) * self.depth + column])
    }

    /// What a constant of the input adds to an output's sum, by the sets of taps.
    fn contributions(&self, output: usize, column: usize, value: i32) -> impl Iterator<Item = i64> {
        let distance = i64::from(value) - i64::from(self.input_zero);
        self.windows
            .iter()
            .map(move |taps| taps.iter().map(|&tap| self.weight(output, tap, column)).sum::<i64>() * distance)
    }

    /// What a constant of the input adds to an output's sum at every position; `None` when it differs.
    ///
    /// `column` counts within the output's own run, as [`Self::columns`] gives it.
    pub(super) fn constant(&self, output: usize, column: usize, value: i32) -> Option<i64> {
        let mut sums = self.contributions(output, column, value);
        let first = sums.next()?;
        sums.all(|sum| sum == first).then_some(first)
    }

    /// Whether an output's sum depends on a column whose values are not known.
    pub(super) fn meets(&self, output: usize, column: usize) -> bool {
        self.windows.iter().flatten().any(|&tap| self.weight(output, tap, column) != 0)
    }

    /// The least and the greatest sum of each output, bias included, where input channels reach so far.
    ///
    /// A sum that may leave 32 bits wraps, and may then be anything.
    pub(super) fn sums(&self, input: &[Reach]) -> Vec<(i64, i64)> {
        let ends = |channel: usize| {
            let zero = i64::from(self.input_zero);
            input
                .get(channel)
                .map_or((0, 0), |reach| (i64::from(reach.min) - zero, i64::from(reach.max) - zero))
        };
        (0..self.outputs)
            .map(|output| {
                let columns: Vec<_> = self.columns(output).map(|column| ends(self.channel(column))).collect();
                let by_tap: Vec<(i64, i64)> = self
                    .rows(output)
                    .map(|row| {
                        row.iter().zip(&columns).fold((0, 0), |(low, high), (&weight, &(min, max))| {
                            let (a, b) = (i64::from(weight) * min, i64::from(weight) * max);
                            (low + a.min(b), high + a.max(b))
                        })
                    })
                    .collect();
                let sum = |taps: &Vec<usize>| {
                    let each = taps.iter().map(|&tap| by_tap[tap]);
                    let (low, high) = each.fold((0, 0), |sum, tap| (sum.0 + tap.0, sum.1 + tap.1));
                    self.wrapped(self.bias[output], low, high)
                };
                let all = self.windows.iter().map(sum);
                all.reduce(|a, b| (a.0.min(b.0), a.1.max(b.1))).unwrap_or((0, 0))
            })
            .collect()
    }

    fn wrapped(&self, bias: i64, low: i64, high: i64) -> (i64, i64) {
        // Products of a whole tensor's elements stay below 2^53.
        let (min, max) =
            if self.is_wide { (i64::MIN, i64::MAX) } else { (i64::from(i32::MIN), i64::from(i32::MAX)) };
        match (bias.checked_add(low), bias.checked_add(high)) {
            (Some(low), Some(high)) if min <= low && high <= max => (low, high),
            (Some(low), Some(high)) if low == high => (i64::from(low as i32), i64::from(low as i32)),
            _ => (min, max),
        }
    }

    /// What the layer makes of sums, one per output: the bytes of the kernel itself, run on nothing but biases.
    pub(super) fn finish(&self, graph: &Graph, node: &Node, sums: &[i64]) -> Option<Vec<i64>> {
        let view = NodeView { graph, node };
        let (input, filter, output) = (view.input(0)?, view.input(1)?, view.output(0)?);
        let mut node = Node { pad: None, ..node.clone() };
        let (pixel, one, many) = match &mut node.options {
            Options::Conv2D { padding, stride_w, stride_h, dilation_w, dilation_h, .. } => {
                *padding = Padding::Valid;
                [stride_w, stride_h, dilation_w, dilation_h].into_iter().for_each(|step| *step = 1);
                (vec![1; 4], vec![self.outputs, 1, 1, 1], vec![1, 1, 1, self.outputs])
            }
            Options::DepthwiseConv2D {
                padding,
                stride_w,
                stride_h,
                dilation_w,
                dilation_h,
                depth_multiplier,
                ..
            } => {
                *padding = Padding::Valid;
                [stride_w, stride_h, dilation_w, dilation_h].into_iter().for_each(|step| *step = 1);
                *depth_multiplier = 0;
                (vec![1; 4], vec![1, 1, 1, self.outputs], vec![1, 1, 1, self.outputs])
            }
            _ => (vec![1; 2], vec![self.outputs, 1], vec![1, self.outputs]),
        };
        let fill = |of: &Tensor, shape: Vec<usize>| {
            let zero = vec![i64::from(of.zero()); shape.iter().product()];
            Some(Tensor { data: Some(of.bytes_of(&zero)?), shape, ..of.clone() })
        };
        let output = Tensor { shape: many, ..output.clone() };
        let inputs = vec![
            Some(fill(input, pixel)?),
            Some(fill(filter, one)?),
            Some(bias_tensor(graph, &view, self.is_wide, sums)?),
        ];
        let bytes = Alone { graph, node: &node, inputs, outputs: vec![output.clone()] }.run()?;
        Tensor { data: bytes.into_iter().next(), ..output }.integers()
    }

    /// As [`bias_tensor`], of this layer.
    pub(super) fn bias_tensor(&self, graph: &Graph, node: &Node, elements: &[i64]) -> Option<Tensor> {
        bias_tensor(graph, &NodeView { graph, node }, self.is_wide, elements)
    }
}

/// A bias in the place of a layer's.
fn bias_tensor(graph: &Graph, view: &NodeView<'_>, is_wide: bool, elements: &[i64]) -> Option<Tensor> {
    let name = match view.input_id(2) {
        Some(id) => graph.tensors[id].name.clone(),
        None => format!("{}/bias", view.output(0)?.name),
    };
    let dtype = if is_wide { DType::Int64 } else { DType::Int32 };
    let bias =
        Tensor { name, shape: vec![elements.len()], dtype, quant: None, data: None, is_variable: false };
    Some(Tensor { data: Some(bias.bytes_of(elements)?), ..bias })
}

/// Whether a layer's sums have 64 bits, as the operator's file in `ops` chooses the kernel.
fn is_wide(view: &NodeView<'_>) -> Option<bool> {
    let (input, output) = (view.input(0)?.dtype, view.output(0)?.dtype);
    let asked = match view.node.options {
        Options::Conv2D { quantized_bias_type, .. } | Options::FullyConnected { quantized_bias_type, .. } => {
            quantized_bias_type == DType::Int32
        }
        _ => false,
    };
    match (input, output) {
        (DType::Int8, DType::Int8) => Some(false),
        (DType::Int16, DType::Int16) => Some(!view.input(2).map_or(asked, |bias| bias.dtype == DType::Int32)),
        _ => None,
    }
}

/// The different sets of taps that the positions of an output meet the image with.
fn windows(view: &NodeView<'_>) -> Option<Vec<Vec<usize>>> {
    let window = window_of(view)?;
    if window.batch == 0 {
        return None;
    }
    let distinct = |count: u32, taps: &dyn Fn(u32) -> (usize, usize)| {
        let mut ranges: Vec<_> = (0..count).map(taps).collect();
        ranges.sort_unstable();
        ranges.dedup();
        ranges
    };
    let ends = |taps: kernels::Taps| (taps.begin, taps.end);
    let rows = distinct(window.output.h, &|y| ends(window.rows(y)));
    let columns = distinct(window.output.w, &|x| ends(window.columns(x)));
    if rows.len().saturating_mul(columns.len()).saturating_mul(window.taps()) > MAX_TAPS {
        return None;
    }
    let across = usize::from(window.size.x);
    let taps = |&(top, bottom): &(usize, usize), &(left, right): &(usize, usize)| {
        (top..bottom).flat_map(|y| (left..right).map(move |x| y * across + x)).collect()
    };
    Some(rows.iter().flat_map(|row| columns.iter().map(move |column| taps(row, column))).collect())
}
