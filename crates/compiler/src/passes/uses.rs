//! Who reads and who writes each tensor of the main subgraph.

use crate::graph::{Graph, TensorId};

/// Readers and writers by tensor.
pub struct Uses {
    readers: Vec<usize>,
    writer: Vec<Option<usize>>,
    is_output: Vec<bool>,
}

impl Uses {
    /// Counts the uses in the main subgraph.
    pub fn of(graph: &Graph) -> Self {
        let mut uses = Self {
            readers: vec![0; graph.tensors.len()],
            writer: vec![None; graph.tensors.len()],
            is_output: vec![false; graph.tensors.len()],
        };
        for (index, node) in graph.main().nodes.iter().enumerate() {
            node.inputs.iter().flatten().for_each(|&id| uses.readers[id] += 1);
            node.outputs.iter().for_each(|&id| uses.writer[id] = Some(index));
        }
        graph.main().outputs.iter().for_each(|&id| uses.is_output[id] = true);
        uses
    }

    /// Position of the node that writes a tensor.
    pub fn writer(&self, id: TensorId) -> Option<usize> {
        self.writer[id]
    }

    /// Whether one node alone reads a tensor, and the caller does not.
    pub fn is_private(&self, id: TensorId) -> bool {
        self.readers[id] == 1 && !self.is_output[id]
    }

    /// Whether nothing reads a tensor.
    pub fn is_unused(&self, id: TensorId) -> bool {
        self.readers[id] == 0 && !self.is_output[id]
    }
}
