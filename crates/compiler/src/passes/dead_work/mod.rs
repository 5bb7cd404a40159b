//! Work that no input can change.
//!
//! Three facts about the channels of tensors (the indices of the last dimension) say what can go:
//!
//! * `reach`: the least and the greatest value that a channel can have, whatever the input. Where both are
//!   one value the channel is constant: its weights are all zero, or its accumulator's whole range is limited to
//!   that value.
//! * `needs`: the channels whose values an output of the model depends on. A constant that a layer reads alike
//!   at every position is part of that layer's bias; a channel that meets zero weights only is not read.
//! * which channels come and go together, since an operator between them keeps one channel apart from the other
//!   (ADD, pooling, depthwise convolution).
//!
//! `cut` takes the channels out that nobody needs. What is left computes the same integers: products that are
//! taken out are 0, or a constant that moves into a 32-bit bias, where sums wrap as they do in the kernel.
//!
//! A window that reaches over the image's edge has fewer taps there, so a constant other than the zero point adds
//! up to different sums at different positions. Sums are therefore looked at for every set of taps that a layer
//! meets the image with (`layer::Layer::windows`).

mod channels;
mod cut;
mod layer;
mod links;
mod needs;
mod reach;

use crate::graph::{Graph, Node};
use channels::Channels;
use layer::Layer;
use links::Links;

/// What is known of an operator.
enum Work {
    /// Sums of products with constant weights.
    Layer(Layer),
    /// An output channel depends on one channel of each input.
    Links(Links),
    /// Nothing: every channel is taken to be read, and any value to be written.
    Opaque,
}

impl Work {
    fn of(graph: &Graph, channels: &Channels, node: &Node) -> Self {
        if let Some(layer) = Layer::of(graph, channels, node) {
            return Self::Layer(layer);
        }
        Links::of(graph, channels, node).map_or(Self::Opaque, Self::Links)
    }
}

/// Takes out the channels of the main subgraph that no output of the model depends on.
pub fn run(graph: &mut Graph) {
    let channels = Channels::of(graph);
    let works: Vec<Work> = graph.main().nodes.iter().map(|node| Work::of(graph, &channels, node)).collect();
    let reach = reach::of(graph, &channels, &works);
    let needs = needs::of(graph, &channels, &works, &reach);
    cut::run(graph, &channels, &works, &reach, &needs);
}
