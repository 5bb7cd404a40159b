//! What the model's layers are, whatever became of them in a plan.

use std::collections::BTreeMap;

use anyhow::Result;
use compiler::{
    Compiled,
    graph::Graph,
    ops::{NodeView, macs},
    read_graph,
};

use crate::model::Model;

/// A layer as the model has it.
#[derive(Clone, Debug, Default)]
pub struct Layer {
    /// Its operator as a converter spells it.
    pub operator: String,
    /// Input, weights and output.
    pub shape: String,
    /// Multiply-adds of the model.
    pub macs: u64,
    /// Multiply-adds that are left in the plan.
    pub macs_left: u64,
}

/// The main subgraph's layers, by number.
///
/// # Errors
/// When the file cannot be read.
pub fn layers(model: &Model, compiled: &Compiled) -> Result<BTreeMap<usize, Layer>> {
    let graph = read_graph(&model.name, &model.bytes)?;
    let mut layers = BTreeMap::new();
    for node in &graph.main().nodes {
        let view = NodeView { graph: &graph, node };
        let layer = Layer { operator: node.name(), shape: shape(&view), macs: macs(&view), macs_left: 0 };
        layers.insert(node.layer, layer);
    }
    for (layer, macs) in left(&compiled.graph) {
        if let Some(layer) = layers.get_mut(&layer) {
            layer.macs_left += macs;
        }
    }
    Ok(layers)
}

fn left(graph: &Graph) -> impl Iterator<Item = (usize, u64)> + '_ {
    graph.main().nodes.iter().map(move |node| (node.layer, macs(&NodeView { graph, node })))
}

/// `49x10x1 * 64x10x4x1 > 25x5x64`: what comes in, weights that are no mere list, what goes out. A batch of one is not
/// shown.
fn shape(view: &NodeView<'_>) -> String {
    let text = |sizes: &[usize]| sizes.iter().map(ToString::to_string).collect::<Vec<_>>().join("x");
    let data =
        |sizes: &[usize]| text(sizes.strip_prefix(&[1]).filter(|rest| !rest.is_empty()).unwrap_or(sizes));
    let input = view.input(0).map(|tensor| data(&tensor.shape)).unwrap_or_default();
    let weights = view.input(1).filter(|tensor| tensor.is_const() && tensor.shape.len() > 1);
    let weights = weights.map(|tensor| format!(" * {}", text(&tensor.shape))).unwrap_or_default();
    let output = view.output(0).map(|tensor| data(&tensor.shape)).unwrap_or_default();
    format!("{input}{weights} > {output}")
}
