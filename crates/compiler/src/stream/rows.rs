//! Which rows an operator reads for a row that it writes.

use std::ops::Range;

use tflite::{BuiltinOp, DType, Options, Padding};

use crate::{
    graph::{Pad, Tensor},
    ops::NodeView,
};

/// The rows of an image that a row of another is made from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reach {
    /// From one output row to the next, in input rows.
    pub stride: usize,
    /// From the first to the last input row, both included.
    pub span: usize,
    /// Rows above the image.
    pub pad: usize,
    /// Rows of the image.
    pub rows: usize,
}

impl Reach {
    /// Row by row.
    fn same(rows: usize) -> Self {
        Self { stride: 1, span: 1, pad: 0, rows }
    }

    /// The rows that are read for some rows of the output.
    pub fn of(&self, rows: &Range<usize>) -> Range<usize> {
        let last = (rows.end.saturating_sub(1) * self.stride + self.span).saturating_sub(self.pad);
        self.first(rows.start)..last.min(self.rows)
    }

    /// The first row that is read for an output row.
    pub fn first(&self, row: usize) -> usize {
        (row * self.stride).saturating_sub(self.pad).min(self.rows)
    }

    /// Padding above and below what is read for some rows of the output.
    pub fn around(&self, rows: &Range<usize>) -> (usize, usize) {
        let top = self.pad.saturating_sub(rows.start * self.stride);
        let end = rows.end.saturating_sub(1) * self.stride + self.span;
        (top, end.saturating_sub(self.rows + self.pad))
    }
}

/// How an operator reads an input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reads {
    /// All of it, for every row: weights, or what is laid over every row.
    Whole,
    /// Some rows.
    Rows(Reach),
}

/// An operator that makes its output row by row.
#[derive(Clone, Debug, PartialEq)]
pub struct RowWise {
    /// Per input of the node, absent ones included.
    pub inputs: Vec<Reads>,
    /// Padding left and right that its nodes of strips are given; `None` when they need no padding of their own.
    pub sides: Option<(usize, usize)>,
}

/// The height of one image; `None` for what is not one image.
pub fn height(tensor: &Tensor) -> Option<usize> {
    match tensor.shape[..] {
        [1, h, _, _] => Some(h),
        _ => None,
    }
}

/// Bytes of one row of an image.
pub fn row_bytes(tensor: &Tensor) -> usize {
    tensor.bytes() / height(tensor).unwrap_or(1).max(1)
}

/// How a node makes its output row by row; `None` when it does not, or when that is not known.
pub fn row_wise(view: &NodeView<'_>) -> Option<RowWise> {
    let [output] = view.node.outputs[..] else { return None };
    let output = &view.graph.tensors[output];
    let inputs = || view.node.inputs.iter().flatten().map(|&id| &view.graph.tensors[id]);
    let is_plain = |tensor: &Tensor| {
        !tensor.is_variable && tensor.dtype.bits().is_some_and(|bits| tensor.is_const() || bits >= 8)
    };
    if height(output)? < 2 || !is_plain(output) || !inputs().all(is_plain) {
        return None;
    }
    match view.node.op {
        BuiltinOp::Conv2D | BuiltinOp::DepthwiseConv2D => convolution(view, output),
        BuiltinOp::AveragePool2D | BuiltinOp::MaxPool2D | BuiltinOp::L2Pool2D => pooling(view, output),
        BuiltinOp::Concatenation => joined(view, output),
        op if is_elementwise(op) => elementwise(view, output),
        _ => None,
    }
}

/// How a window slides along one axis.
struct Axis {
    padding: Padding,
    taps: usize,
    stride: i32,
    dilation: i32,
    /// Padding before and after that a PAD would have added.
    around: (usize, usize),
}

impl Axis {
    /// Rows of a window, and the padding before and after an image that it takes.
    fn slide(&self, image: usize, output: usize) -> Option<(Reach, usize)> {
        let stride = usize::try_from(self.stride).ok().filter(|&stride| stride > 0)?;
        let dilation = usize::try_from(self.dilation).ok().filter(|&dilation| dilation > 0)?;
        let span = self.taps.checked_sub(1)?.checked_mul(dilation)?.checked_add(1)?;
        let needed = output.checked_sub(1)?.checked_mul(stride)?.checked_add(span)?;
        let pad = match self.padding {
            Padding::Same => needed.saturating_sub(image) / 2,
            Padding::Valid => self.around.0,
        };
        Some((Reach { stride, span, pad, rows: image }, needed.saturating_sub(image + pad)))
    }
}

fn windowed(image: &Tensor, output: &Tensor, y: &Axis, x: &Axis) -> Option<(Reach, (usize, usize))> {
    let (&[1, ih, iw, _], &[1, oh, ow, _]) = (&image.shape[..], &output.shape[..]) else { return None };
    let (rows, _) = y.slide(ih, oh)?;
    let (columns, right) = x.slide(iw, ow)?;
    // A window that begins or ends outside the image altogether has no rows to be given.
    let reads_something = |row: usize| !rows.of(&(row..row + 1)).is_empty();
    (reads_something(0) && reads_something(oh - 1)).then_some((rows, (columns.pad, right)))
}

fn convolution(view: &NodeView<'_>, output: &Tensor) -> Option<RowWise> {
    let (image, filter) = (view.input(0)?, view.input(1)?);
    // Images of real numbers with integer weights are quantised as a whole.
    let is_hybrid = image.dtype == DType::Float32 && filter.dtype != DType::Float32;
    let &[_, kh, kw, _] = &filter.shape[..] else { return None };
    let Pad { top, bottom, left, right } = view.node.pad.unwrap_or_default();
    let (padding, strides, dilations) = match view.node.options {
        Options::Conv2D { padding, stride_w, stride_h, dilation_w, dilation_h, .. }
        | Options::DepthwiseConv2D { padding, stride_w, stride_h, dilation_w, dilation_h, .. } => {
            (padding, (stride_h, stride_w), (dilation_h, dilation_w))
        }
        _ => return None,
    };
    let y = Axis { padding, taps: kh, stride: strides.0, dilation: dilations.0, around: (top, bottom) };
    let x = Axis { padding, taps: kw, stride: strides.1, dilation: dilations.1, around: (left, right) };
    let (reach, sides) = windowed(image, output, &y, &x).filter(|_| !is_hybrid)?;
    let weights = view.node.inputs.iter().skip(1).map(|_| Reads::Whole);
    Some(RowWise { inputs: std::iter::once(Reads::Rows(reach)).chain(weights).collect(), sides: Some(sides) })
}

fn pooling(view: &NodeView<'_>, output: &Tensor) -> Option<RowWise> {
    let image = view.input(0)?;
    let Options::Pool2D { padding, stride_w, stride_h, filter_w, filter_h, .. } = view.node.options else {
        return None;
    };
    let axis = |taps: i32, stride: i32| {
        Some(Axis { padding, taps: usize::try_from(taps).ok()?, stride, dilation: 1, around: (0, 0) })
    };
    let (y, x) = (axis(filter_h, stride_h)?, axis(filter_w, stride_w)?);
    let (reach, sides) = windowed(image, output, &y, &x)?;
    Some(RowWise { inputs: vec![Reads::Rows(reach)], sides: Some(sides) })
}

/// Images side by side, channel by channel.
fn joined(view: &NodeView<'_>, output: &Tensor) -> Option<RowWise> {
    let Options::Concatenation { axis, .. } = view.node.options else { return None };
    let rows = height(output)?;
    let is_image = |index: usize| {
        view.input(index).is_some_and(|tensor| !tensor.is_const() && height(tensor) == Some(rows))
    };
    let all = (0..view.node.inputs.len()).all(is_image);
    (all && matches!(axis, 3 | -1)).then(|| RowWise {
        inputs: vec![Reads::Rows(Reach::same(rows)); view.node.inputs.len()],
        sides: None,
    })
}

/// Operators whose outputs each depend on the elements of the inputs in the same place.
fn is_elementwise(op: BuiltinOp) -> bool {
    use BuiltinOp::{
        Abs, Add, Div, Elu, Gelu, HardSwish, LeakyRelu, Logistic, Maximum, Minimum, Mul, Neg, Prelu,
        Quantize, Relu, Relu0To1, Relu6, ReluN1To1, Square, SquaredDifference, Sub, Tanh,
    };
    matches!(
        op,
        Abs | Add
            | Div
            | Elu
            | Gelu
            | HardSwish
            | LeakyRelu
            | Logistic
            | Maximum
            | Minimum
            | Mul
            | Neg
            | Prelu
            | Quantize
            | Relu
            | Relu0To1
            | Relu6
            | ReluN1To1
            | Square
            | SquaredDifference
            | Sub
            | Tanh
    )
}

fn elementwise(view: &NodeView<'_>, output: &Tensor) -> Option<RowWise> {
    let rows = height(output)?;
    let reads = |index: usize| {
        let tensor = view.input(index)?;
        // Axes are laid over each other from the last.
        let own = tensor.shape.iter().rev().nth(2).copied().unwrap_or(1);
        match own {
            1 => Some(Reads::Whole),
            own if own == rows && height(tensor) == Some(rows) && !tensor.is_const() => {
                Some(Reads::Rows(Reach::same(rows)))
            }
            _ => None,
        }
    };
    let inputs: Option<Vec<_>> = (0..view.node.inputs.len()).map(reads).collect();
    let inputs = inputs.filter(|inputs| inputs.iter().any(|input| matches!(input, Reads::Rows(_))))?;
    Some(RowWise { inputs, sides: None })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_of_a_window_are_those_that_its_taps_meet() {
        // Three taps, every second row, one row of padding above, over five rows.
        let reach = Reach { stride: 2, span: 3, pad: 1, rows: 5 };
        assert_eq!([reach.of(&(0..1)), reach.of(&(1..2)), reach.of(&(2..3))], [0..2, 1..4, 3..5]);
        assert_eq!(reach.of(&(0..3)), 0..5);
        assert_eq!(
            [reach.around(&(0..1)), reach.around(&(1..2)), reach.around(&(1..3))],
            [(1, 0), (0, 0), (0, 1)]
        );
        assert_eq!([reach.first(0), reach.first(1), reach.first(3)], [0, 1, 5]);
    }

    #[test]
    fn padding_is_what_the_outputs_need_beyond_the_image() {
        let axis = |padding, stride, around| Axis { padding, taps: 3, stride, dilation: 1, around };
        let same = axis(Padding::Same, 2, (0, 0)).slide(6, 3).unwrap();
        assert_eq!(same, (Reach { stride: 2, span: 3, pad: 0, rows: 6 }, 1));
        let padded = axis(Padding::Valid, 1, (2, 2)).slide(4, 6).unwrap();
        assert_eq!(padded, (Reach { stride: 1, span: 3, pad: 2, rows: 4 }, 2));
        assert_eq!(axis(Padding::Valid, 2, (0, 0)).slide(6, 2).unwrap().1, 0);
        assert!(axis(Padding::Same, 0, (0, 0)).slide(6, 3).is_none());
    }
}
