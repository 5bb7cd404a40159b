//! The nodes and tensors of the strips.

use std::{collections::HashMap, ops::Range};

use tflite::{Options, Padding};

use super::{
    rows::{Reads, row_bytes},
    schedule::{Network, Piece, Schedule},
};
use crate::graph::{Graph, Node, Pad, Slide, Tensor, TensorId, View};

/// A run of nodes and its schedule.
pub type Cut = (Range<usize>, Schedule);

/// Puts the pieces of each cut in the place of its nodes. Cuts are in order and apart.
pub fn rewrite(network: &Network<'_>, cuts: &[Cut]) -> Graph {
    let mut writer =
        Writer { network, graph: network.graph.clone(), views: HashMap::new(), nodes: Vec::new() };
    let mut next = 0;
    for (run, schedule) in cuts {
        writer.nodes.extend_from_slice(&network.graph.main().nodes[next..run.start]);
        writer.cut(schedule);
        next = run.end;
    }
    writer.nodes.extend_from_slice(&network.graph.main().nodes[next..]);
    let mut graph = writer.graph;
    graph.subgraphs[0].nodes = writer.nodes;
    graph
}

struct Writer<'n> {
    network: &'n Network<'n>,
    graph: Graph,
    /// Strips that exist, by the tensor that they are rows of, the first row and the number of rows.
    views: HashMap<(TensorId, usize, usize), TensorId>,
    nodes: Vec<Node>,
}

impl Writer<'_> {
    fn cut(&mut self, schedule: &Schedule) {
        let mut windows: Vec<_> = schedule.windows.iter().map(|(&tensor, &rows)| (tensor, rows)).collect();
        windows.sort_unstable();
        let windows = windows.into_iter().map(|(tensor, rows)| {
            let name = format!("{} ({rows} rows at a time)", self.graph.tensors[tensor].name);
            let id = self.rows_of(tensor, rows, name);
            self.graph.strips.windows.insert(id);
            (tensor, id)
        });
        let windows: HashMap<TensorId, TensorId> = windows.collect();
        for piece in &schedule.pieces {
            self.piece(piece, &windows);
        }
    }

    fn piece(&mut self, piece: &Piece, windows: &HashMap<TensorId, TensorId>) {
        let Some((node, row_wise)) = self.network.node(piece.node) else { return };
        let mut node = node.clone();
        let output = node.outputs[0];
        let window = windows.get(&output).copied();
        if let (Some(window), Some((from, rows))) = (window, piece.slide) {
            let row = row_bytes(&self.graph.tensors[window]);
            let slide = Slide { window, from: from * row, bytes: rows * row };
            self.graph.strips.slides.entry(self.nodes.len()).or_default().push(slide);
        }
        node.outputs[0] = self.view(window.unwrap_or(output), piece.at, piece.rows.len());
        let reads = row_wise.inputs.iter().zip(&piece.read_at);
        for (input, (reads, &at)) in node.inputs.iter_mut().zip(reads) {
            let (Some(id), Reads::Rows(reach), Some(at)) = (input, reads, at) else { continue };
            let rows = reach.of(&piece.rows).len();
            *id = self.view(windows.get(id).copied().unwrap_or(*id), at, rows);
            if let Some((left, right)) = row_wise.sides {
                let (top, bottom) = reach.around(&piece.rows);
                node.pad = Some(Pad { top, bottom, left, right });
                pad_explicitly(&mut node.options);
            }
        }
        self.nodes.push(node);
    }

    /// The tensor of some rows of another.
    fn view(&mut self, of: TensorId, at: usize, rows: usize) -> TensorId {
        if rows == self.graph.tensors[of].shape[1] {
            return of;
        }
        if let Some(&known) = self.views.get(&(of, at, rows)) {
            return known;
        }
        let id = self.rows_of(of, rows, self.graph.tensors[of].name.clone());
        let offset = at * row_bytes(&self.graph.tensors[of]);
        self.graph.strips.views.insert(id, View { of, offset });
        self.views.insert((of, at, rows), id);
        id
    }

    /// A new tensor like another, with some of its rows.
    fn rows_of(&mut self, tensor: TensorId, rows: usize, name: String) -> TensorId {
        let of = &self.graph.tensors[tensor];
        let mut shape = of.shape.clone();
        shape[1] = rows;
        let strip = Tensor { name, shape, data: None, is_variable: false, ..of.clone() };
        self.graph.tensors.push(strip);
        self.graph.tensors.len() - 1
    }
}

/// Padding is what the node says from now on.
fn pad_explicitly(options: &mut Options) {
    match options {
        Options::Conv2D { padding, .. }
        | Options::DepthwiseConv2D { padding, .. }
        | Options::Pool2D { padding, .. } => *padding = Padding::Valid,
        _ => {}
    }
}
