//! Numbers for the channels of all tensors.

use std::ops::Range;

use tflite::DType;

use crate::graph::{Graph, Tensor, TensorId};

/// A number for each channel of each tensor that is computed from integers of 8 or 16 bits.
pub(super) struct Channels {
    ranges: Vec<Range<usize>>,
    count: usize,
}

impl Channels {
    /// Numbers the channels of the main subgraph.
    pub(super) fn of(graph: &Graph) -> Self {
        let mut channels = Self { ranges: vec![0..0; graph.tensors.len()], count: 0 };
        let nodes = graph.main().nodes.iter();
        let written = nodes.flat_map(|node| &node.outputs).chain(&graph.main().inputs);
        for &id in written.filter(|&&id| is_counted(&graph.tensors[id])) {
            if channels.ranges[id].is_empty() {
                let end = channels.count + graph.tensors[id].shape.last().copied().unwrap_or(0);
                channels.ranges[id] = channels.count..end;
                channels.count = end;
            }
        }
        channels
    }

    /// How many there are of all tensors.
    pub(super) fn count(&self) -> usize {
        self.count
    }

    /// The numbers of a tensor's channels; empty for a tensor whose channels have none, and for one that was added since.
    pub(super) fn range(&self, id: TensorId) -> Range<usize> {
        self.ranges.get(id).cloned().unwrap_or_default()
    }

    /// How many channels a tensor has; `None` where they have no numbers: of constants, of state and of floats.
    pub(super) fn of_tensor(&self, id: TensorId) -> Option<usize> {
        Some(self.range(id).len()).filter(|&count| count > 0)
    }
}

fn is_counted(tensor: &Tensor) -> bool {
    limits(tensor.dtype).is_some() && !tensor.is_const() && !tensor.is_variable && tensor.elements() > 0
}

/// The least and the greatest value of an element type.
pub(super) fn limits(dtype: DType) -> Option<(i32, i32)> {
    match dtype {
        DType::Int8 => Some((-128, 127)),
        DType::Uint8 => Some((0, 255)),
        DType::Int16 => Some((-32768, 32767)),
        _ => None,
    }
}
