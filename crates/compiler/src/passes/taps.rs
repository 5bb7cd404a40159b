//! Taps of a filter that meet nothing.

use tflite::{DType, Options, Padding};

use crate::{
    graph::{Graph, Node, Pad, Tensor},
    ops::{NodeView, window_of},
};

/// Cuts the outer rows and columns of a filter that meet no pixel wherever the window stands, as eight of nine taps
/// of a 3 × 3 filter over an image of one pixel, and those of integer filters whose weights are all zero.
///
/// The window begins as many rows and columns later, so every tap that is left reads what it read before; those that
/// go would have added nothing.
pub fn run(graph: &mut Graph) {
    for index in 0..graph.main().nodes.len() {
        let node = &graph.main().nodes[index];
        if let Some((filter, node)) = cut(graph, node) {
            let id = graph.tensors.len();
            graph.tensors.push(filter);
            let mut node = node;
            node.inputs[1] = Some(id);
            graph.subgraphs[0].nodes[index] = node;
        }
    }
}

/// Which taps of one axis stay: from `first` to before `end`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Stay {
    first: usize,
    end: usize,
}

impl Stay {
    /// Everything from the first tap that is met to the last; a filter keeps at least one tap.
    fn of(taps: usize, is_met: impl Fn(usize) -> bool) -> Self {
        let first = (0..taps).find(|&tap| is_met(tap)).unwrap_or(0);
        let last = (0..taps).rev().find(|&tap| is_met(tap)).unwrap_or(0);
        Self { first, end: last + 1 }
    }

    fn count(self) -> usize {
        self.end - self.first
    }
}

/// A window's way along one axis.
#[derive(Clone, Copy)]
struct Axis {
    image: u32,
    outputs: u32,
    stride: u16,
    dilation: u16,
    pad: u16,
    taps: usize,
}

impl Axis {
    /// The taps that stay, and the padding before and after with which as many windows fit as before.
    fn cut(self, is_met: impl Fn(usize) -> bool) -> (Stay, usize, usize) {
        let (stride, dilation, pad) =
            (usize::from(self.stride), usize::from(self.dilation), usize::from(self.pad));
        let mut stay = Stay::of(self.taps, is_met);
        // A window cannot begin inside the image: taps before that stay.
        stay.first = stay.first.min(pad / dilation.max(1));
        let before = pad - stay.first * dilation;
        let reach = |stay: Stay| {
            (self.outputs.saturating_sub(1)) as usize * stride + (stay.count() - 1) * dilation + 1
        };
        // Nor may it become so short that one more fits.
        while stay.end < self.taps && self.image as usize + before >= reach(stay) + stride {
            stay.end += 1;
        }
        (stay, before, reach(stay).saturating_sub(self.image as usize + before))
    }
}

/// A filter without the taps that meet nothing, and the node with a window to match; `None` where all stay.
fn cut(graph: &Graph, node: &Node) -> Option<(Tensor, Node)> {
    let view = NodeView { graph, node };
    let (input, filter, output) = (view.input(0)?, view.input(1)?, view.output(0)?);
    let window = window_of(&view)?;
    let &[filters, kh, kw, depth] = &filter.shape[..] else { return None };
    let is_integer = matches!(input.dtype, DType::Int8 | DType::Int16);
    // Of floats a product with 0 need not be 0; of images quantised as they come, what a filter adds up to counts.
    if !is_integer && filter.dtype != DType::Float32 {
        return None;
    }
    let weights = if is_integer { Some(filter.integers()?) } else { None };
    let is_zero = |of: &dyn Fn(usize, usize) -> bool| {
        weights.as_ref().is_some_and(|weights| {
            weights.iter().enumerate().all(|(index, &weight)| {
                let tap = index / depth.max(1);
                weight == 0 || !of(tap / kw.max(1) % kh.max(1), tap % kw.max(1))
            })
        })
    };
    let meets_row =
        |tap| (0..window.output.h).any(|y| (window.rows(y).begin..window.rows(y).end).contains(&tap));
    let meets_column =
        |tap| (0..window.output.w).any(|x| (window.columns(x).begin..window.columns(x).end).contains(&tap));
    let rows = Axis {
        image: window.input.h,
        outputs: window.output.h,
        stride: window.stride.y,
        dilation: window.dilation.y,
        pad: window.pad.y,
        taps: kh,
    };
    let columns = Axis {
        image: window.input.w,
        outputs: window.output.w,
        stride: window.stride.x,
        dilation: window.dilation.x,
        pad: window.pad.x,
        taps: kw,
    };
    let (rows, top, bottom) = rows.cut(|tap| meets_row(tap) && !is_zero(&|y, _| y == tap));
    let (columns, left, right) = columns.cut(|tap| meets_column(tap) && !is_zero(&|_, x| x == tap));
    if (rows.count(), columns.count()) == (kh, kw) {
        return None;
    }
    let pad = Pad { top, bottom, left, right };
    let mut node = Node { pad: Some(pad), ..node.clone() };
    match &mut node.options {
        Options::Conv2D { padding, .. } | Options::DepthwiseConv2D { padding, .. } => {
            *padding = Padding::Valid
        }
        _ => return None,
    }
    let filter = Tensor {
        shape: vec![filters, rows.count(), columns.count(), depth],
        data: Some(taps(filter, rows, columns)?),
        ..filter.clone()
    };
    let bare = |tensor: &Tensor| Tensor { shape: tensor.shape.clone(), ..bare(tensor.dtype) };
    let alone = Graph { tensors: vec![bare(input), bare(&filter), bare(output)], ..Graph::default() };
    let probe = Node { inputs: vec![Some(0), Some(1)], outputs: vec![2], ..node.clone() };
    window_of(&NodeView { graph: &alone, node: &probe })?;
    Some((filter, node))
}

/// A tensor of no more than an element type.
fn bare(dtype: DType) -> Tensor {
    Tensor { name: String::new(), shape: Vec::new(), dtype, quant: None, data: None, is_variable: false }
}

/// The bytes of a filter's taps that stay.
fn taps(filter: &Tensor, rows: Stay, columns: Stay) -> Option<Vec<u8>> {
    let &[_, kh, kw, depth] = &filter.shape[..] else { return None };
    let stays = |element: usize| {
        let tap = element / depth.max(1);
        let (y, x) = (tap / kw.max(1) % kh.max(1), tap % kw.max(1));
        (rows.first..rows.end).contains(&y) && (columns.first..columns.end).contains(&x)
    };
    if filter.dtype == DType::Float32 {
        let elements = filter.data.as_deref()?.chunks_exact(4).enumerate();
        return Some(
            elements.filter(|(index, _)| stays(*index)).flat_map(|(_, bytes)| bytes).copied().collect(),
        );
    }
    let elements = filter.integers()?.into_iter().enumerate();
    filter.bytes_of(
        &elements.filter(|(index, _)| stays(*index)).map(|(_, element)| element).collect::<Vec<_>>(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn taps_stay_from_the_first_that_is_met_to_the_last() {
        assert_eq!(Stay::of(5, |tap| tap == 1 || tap == 3), Stay { first: 1, end: 4 });
        assert_eq!(Stay::of(3, |_| true), Stay { first: 0, end: 3 });
        assert_eq!(Stay::of(3, |_| false), Stay { first: 0, end: 1 });
    }

    #[test]
    fn a_window_begins_before_the_image_and_fits_as_often_as_before() {
        let axis = |image, pad, taps| Axis { image, outputs: image, stride: 1, dilation: 1, pad, taps };
        // Of 3 taps over one pixel the middle one is met.
        assert_eq!(axis(1, 1, 3).cut(|tap| tap == 1), (Stay { first: 1, end: 2 }, 0, 0));
        // The last tap alone would begin inside the image.
        assert_eq!(axis(4, 1, 3).cut(|tap| tap == 2), (Stay { first: 1, end: 3 }, 0, 1));
        // The first tap alone, a pixel before the image, would fit five times.
        assert_eq!(axis(4, 1, 3).cut(|tap| tap == 0), (Stay { first: 0, end: 2 }, 1, 0));
    }
}
