//! Takes channels out of tensors, weights and constants.

use tflite::{BuiltinOp, Options};

use super::{
    Work,
    channels::Channels,
    layer::Layer,
    links::{Link, Links, Map},
    needs::Needs,
    reach::Reach,
};
use crate::graph::{Graph, Node, Quant, Tensor, TensorId};

struct Cut<'a> {
    channels: &'a Channels,
    reach: &'a [Reach],
    needs: &'a Needs,
}

/// Rewrites the main subgraph without the channels that need not stay.
pub(super) fn run(graph: &mut Graph, channels: &Channels, works: &[Work], reach: &[Reach], needs: &Needs) {
    if (0..channels.count()).all(|number| needs.stays(number)) {
        return;
    }
    let cut = Cut { channels, reach, needs };
    let mut nodes = Vec::with_capacity(works.len());
    // Weights are read as they were, so shapes change last.
    for (mut node, work) in std::mem::take(&mut graph.subgraphs[0].nodes).into_iter().zip(works) {
        let output = match work {
            Work::Opaque => None,
            Work::Layer(layer) => Some(layer.output),
            Work::Links(links) => Some(links.output),
        };
        if output.is_some_and(|id| needs.left(channels, id) == Some(0)) {
            continue;
        }
        match work {
            Work::Opaque => {}
            Work::Layer(layer) => cut.layer(graph, &mut node, layer),
            Work::Links(links) => cut.links(graph, &mut node, links),
        }
        nodes.push(node);
    }
    for id in 0..graph.tensors.len() {
        let left = needs.left(channels, id);
        if let (Some(left), Some(last)) = (left, graph.tensors[id].shape.last_mut()) {
            *last = left;
        }
    }
    for node in nodes.iter_mut().filter(|node| node.op == BuiltinOp::Reshape) {
        reshape(graph, node);
    }
    graph.subgraphs[0].nodes = nodes;
}

/// The new shape, where the old one was given.
fn reshape(graph: &Graph, node: &mut Node) {
    let Some(output) = node.outputs.first().map(|&id| &graph.tensors[id]) else { return };
    node.inputs.truncate(1);
    node.options = Options::Reshape { new_shape: output.shape.iter().map(|&size| size as i32).collect() };
}

impl Cut<'_> {
    /// Whether a channel of a tensor stays.
    fn stays(&self, id: TensorId, channel: usize) -> bool {
        self.needs.stays(self.channels.range(id).start + channel)
    }

    /// Whether what an output of a layer is computed from matters.
    fn is_read(&self, layer: &Layer, output: usize) -> bool {
        let number = self.channels.range(layer.output).start + output;
        self.needs.value(number) && self.reach[number].constant().is_none()
    }

    fn layer(&self, graph: &mut Graph, node: &mut Node, layer: &Layer) {
        let all_stay = |id: TensorId| self.needs.left(self.channels, id) == self.channels.of_tensor(id);
        if all_stay(layer.input) && all_stay(layer.output) {
            return;
        }
        let Some((filter, bias)) = self.weights(graph, node, layer) else { return };
        let mut add = |tensor: Tensor| {
            graph.tensors.push(tensor);
            Some(graph.tensors.len() - 1)
        };
        node.inputs.resize(3.max(node.inputs.len()), None);
        node.inputs[1] = add(filter);
        if let Some(bias) = bias {
            node.inputs[2] = add(bias);
        }
        if let Options::DepthwiseConv2D { depth_multiplier, .. } = &mut node.options {
            // It follows from the shapes.
            *depth_multiplier = 0;
        }
    }

    /// The filter and, unless all is 0 and there was none, the bias of what stays.
    fn weights(&self, graph: &Graph, node: &Node, layer: &Layer) -> Option<(Tensor, Option<Tensor>)> {
        let old = &graph.tensors[node.inputs.get(1).copied().flatten()?];
        let is_depthwise = node.op == BuiltinOp::DepthwiseConv2D;
        let zero = i64::from(if node.op == BuiltinOp::FullyConnected { old.zero() } else { 0 });
        let sums = layer.sums(&self.reach[self.channels.range(layer.input)]);
        let outputs: Vec<usize> =
            (0..layer.outputs).filter(|&output| self.stays(layer.output, output)).collect();
        let mut filters: Vec<Vec<i64>> = Vec::with_capacity(outputs.len());
        let mut bias = Vec::with_capacity(outputs.len());
        for &output in &outputs {
            let (mut rows, sum) = self.filter(layer, output, sums.get(output)?);
            rows.iter_mut().for_each(|weight| *weight += zero);
            filters.push(rows);
            bias.push(sum);
        }
        let depth = filters.first()?.len() / layer.taps;
        let mut shape = old.shape.clone();
        let elements: Vec<i64> = if is_depthwise {
            *shape.last_mut()? = outputs.len();
            (0..layer.taps).flat_map(|tap| filters.iter().map(move |filter| filter[tap])).collect()
        } else {
            *shape.first_mut()? = outputs.len();
            *shape.last_mut()? = depth;
            filters.concat()
        };
        let filter = Tensor {
            shape,
            quant: old.quant.as_ref().map(|quant| cut_scales(quant, layer.outputs, &outputs)),
            data: Some(old.bytes_of(&elements)?),
            ..old.clone()
        };
        let had = node.inputs.get(2).copied().flatten().is_some();
        let is_wanted = had || bias.iter().any(|&bias| bias != 0);
        Some((filter, if is_wanted { Some(layer.bias_tensor(graph, node, &bias)?) } else { None }))
    }

    /// The columns of one filter that stay, tap by tap, and its bias.
    fn filter(&self, layer: &Layer, output: usize, sums: &(i64, i64)) -> (Vec<i64>, i64) {
        let columns = layer.columns(output);
        let first = columns.start;
        let goes = |&column: &usize| !self.stays(layer.input, layer.channel(column));
        let gone: Vec<usize> = columns.clone().filter(goes).collect();
        let kept = || columns.clone().filter(|column| !goes(column)).map(|column| column - first);
        if !gone.is_empty() && !self.is_read(layer, output) {
            // Any sum that it can have does as well as another.
            return (vec![0; layer.taps * kept().count()], 0.clamp(sums.0, sums.1));
        }
        let weights = (0..layer.taps)
            .flat_map(|tap| kept().map(move |column| layer.weight(output, tap, column)))
            .collect();
        let reach = &self.reach[self.channels.range(layer.input)];
        let constants = gone.iter().filter_map(|&column| {
            let value = reach[layer.channel(column)].constant()?;
            layer.constant(output, column - first, value)
        });
        (weights, constants.fold(layer.bias[output], i64::wrapping_add))
    }

    fn links(&self, graph: &mut Graph, node: &mut Node, links: &Links) {
        for link in links.inputs.iter().rev() {
            let is_counted = self.channels.of_tensor(link.tensor).is_some();
            let left = if is_counted {
                self.needs.left(self.channels, link.tensor)
            } else {
                self.constant(graph, node, link, links.output)
            };
            if matches!(link.map, Map::From(_)) && left == Some(0) {
                node.inputs.remove(link.position);
            }
        }
    }

    /// Cuts a constant to the output's channels that stay, and says how many those are.
    fn constant(&self, graph: &mut Graph, node: &mut Node, link: &Link, output: TensorId) -> Option<usize> {
        let old = &graph.tensors[link.tensor];
        if !link.map.ties() {
            return None;
        }
        let count = old.shape.last().copied().unwrap_or(1);
        let outputs = self.channels.of_tensor(output)?;
        let mut stays = vec![false; count];
        for (i, o) in link.map.pairs(count, outputs) {
            stays[i] = self.stays(output, o);
        }
        let left = stays.iter().filter(|&&stays| stays).count();
        if left == count {
            return Some(left);
        }
        let elements = old.integers()?;
        let kept = elements.iter().enumerate().filter(|(index, _)| stays[index % count]);
        let mut shape = old.shape.clone();
        *shape.last_mut()? = left;
        let data = old.bytes_of(&kept.map(|(_, &element)| element).collect::<Vec<_>>())?;
        graph.tensors.push(Tensor { shape, data: Some(data), ..old.clone() });
        node.inputs[link.position] = Some(graph.tensors.len() - 1);
        Some(left)
    }
}

/// The scales of the outputs that stay, where each had its own.
fn cut_scales(quant: &Quant, outputs: usize, stay: &[usize]) -> Quant {
    fn pick<T: Copy>(of: &[T], outputs: usize, stay: &[usize]) -> Vec<T> {
        if of.len() == outputs && of.len() > 1 {
            stay.iter().filter_map(|&output| of.get(output).copied()).collect()
        } else {
            of.to_vec()
        }
    }
    Quant {
        scales: pick(&quant.scales, outputs, stay),
        zero_points: pick(&quant.zero_points, outputs, stay),
        axis: quant.axis,
    }
}
