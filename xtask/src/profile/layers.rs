//! What the model's layers are, whatever became of them in a plan.

use std::collections::{BTreeMap, BTreeSet};

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

/// The layers by those that have steps of their own: a layer with multiply-adds and without a step was merged into the next
/// that has one, or into the last.
pub fn by_step(
    layers: &BTreeMap<usize, Layer>,
    with_steps: impl IntoIterator<Item = usize>,
) -> BTreeMap<usize, Layer> {
    let owners: BTreeSet<usize> = with_steps.into_iter().collect();
    let mut merged = BTreeMap::<usize, Layer>::new();
    for (index, layer) in layers {
        let owner = owners.range(index..).next().or(owners.last());
        let Some(owner) = owner.filter(|owner| *owner == index || layer.macs > 0) else { continue };
        let of = merged.entry(*owner).or_default();
        of.macs += layer.macs;
        of.macs_left += layer.macs_left;
        for (all, one) in [(&mut of.operator, &layer.operator), (&mut of.shape, &layer.shape)] {
            *all = if all.is_empty() { one.clone() } else { format!("{all} + {one}") };
        }
    }
    merged
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_merged_into_another_layer_stays_in_the_sums() {
        let layer = |operator: &str, macs| Layer {
            operator: operator.to_owned(),
            shape: operator.to_lowercase(),
            macs,
            macs_left: macs / 2,
        };
        let layers =
            BTreeMap::from([(0, layer("A", 4)), (1, layer("B", 6)), (2, layer("C", 0)), (3, layer("D", 8))]);
        // Two has steps but nothing to multiply; one was merged into it, and three into nothing that comes after.
        let merged = by_step(&layers, [0, 2, 0]);
        let rows: Vec<_> =
            merged.iter().map(|(index, of)| (*index, of.operator.as_str(), of.macs, of.macs_left)).collect();
        assert_eq!(rows, [(0, "A", 4, 2), (2, "B + C + D", 14, 7)]);
        assert_eq!(merged[&2].shape, "b + c + d");
        assert!(by_step(&layers, []).is_empty());
    }
}
