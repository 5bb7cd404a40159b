//! The channels that an output of the model depends on, and those that must stay beside them.

use super::{Work, channels::Channels, layer::Layer, reach::Reach};
use crate::graph::{Graph, TensorId};

/// What must stay, by the channels' numbers.
pub(super) struct Needs {
    /// Whether an output of the model depends on the channel's value.
    value: Vec<bool>,
    /// Whether the channel stays: its value is needed, or that of one that it comes and goes with.
    stays: Vec<bool>,
}

impl Needs {
    /// Whether an output of the model depends on a channel's value.
    pub(super) fn value(&self, number: usize) -> bool {
        self.value[number]
    }

    /// Whether a channel stays.
    pub(super) fn stays(&self, number: usize) -> bool {
        self.stays[number]
    }

    /// How many channels of a tensor stay; `None` for one whose channels are not counted.
    pub(super) fn left(&self, channels: &Channels, id: TensorId) -> Option<usize> {
        channels.of_tensor(id)?;
        Some(channels.range(id).filter(|&number| self.stays[number]).count())
    }
}

/// Channels that come and go together.
struct Ties(Vec<usize>);

impl Ties {
    fn representative(&mut self, mut number: usize) -> usize {
        while self.0[number] != number {
            self.0[number] = self.0[self.0[number]];
            number = self.0[number];
        }
        number
    }

    fn tie(&mut self, a: usize, b: usize) {
        let (a, b) = (self.representative(a), self.representative(b));
        self.0[a] = b;
    }
}

/// Finds what must stay.
pub(super) fn of(graph: &Graph, channels: &Channels, works: &[Work], reach: &[Reach]) -> Needs {
    let mut ties = ties(channels, works);
    let value = values(graph, channels, works, reach);
    let mut held = value.clone();
    let opaque = graph.main().nodes.iter().zip(works).filter(|(_, work)| matches!(work, Work::Opaque));
    let written = opaque.flat_map(|(node, _)| &node.outputs);
    for &id in written.chain(&graph.main().inputs).chain(&graph.main().outputs) {
        held[channels.range(id)].fill(true);
    }
    let mut needs = Needs { stays: vec![false; value.len()], value };
    loop {
        let mut tied = vec![false; held.len()];
        (0..held.len())
            .filter(|&number| held[number])
            .for_each(|number| tied[ties.representative(number)] = true);
        for number in 0..held.len() {
            needs.stays[number] = tied[ties.representative(number)];
        }
        // An operator that stays reads at least one channel.
        let empty: Vec<_> = works.iter().flat_map(|work| starving(channels, work, &needs)).collect();
        if empty.is_empty() {
            return needs;
        }
        empty.into_iter().for_each(|id| held[channels.range(id).start] = true);
    }
}

fn ties(channels: &Channels, works: &[Work]) -> Ties {
    let mut ties = Ties((0..channels.count()).collect());
    for work in works {
        match work {
            Work::Opaque => {}
            Work::Layer(layer) if layer.groups == 1 => {}
            // A group goes as a whole: those that stay must all be alike.
            Work::Layer(layer) => {
                let (input, output) = (channels.range(layer.input).start, channels.range(layer.output).start);
                for o in 0..layer.outputs {
                    for column in layer.columns(o) {
                        ties.tie(input + layer.channel(column), output + o);
                    }
                }
            }
            Work::Links(links) => {
                let outputs = channels.range(links.output);
                for link in links.inputs.iter().filter(|link| link.map.ties()) {
                    let inputs = channels.range(link.tensor);
                    // Constants have no numbers: they are cut to what stays.
                    if !inputs.is_empty() {
                        for (i, o) in link.map.pairs(inputs.len(), outputs.len()) {
                            ties.tie(inputs.start + i, outputs.start + o);
                        }
                    }
                }
            }
        }
    }
    ties
}

/// Whether an output of the model depends on each channel's value: from the last operator to the first.
fn values(graph: &Graph, channels: &Channels, works: &[Work], reach: &[Reach]) -> Vec<bool> {
    let mut value = vec![false; channels.count()];
    graph.main().outputs.iter().for_each(|&id| value[channels.range(id)].fill(true));
    for (node, work) in graph.main().nodes.iter().zip(works).rev() {
        match work {
            Work::Opaque => {
                node.inputs.iter().flatten().for_each(|&id| value[channels.range(id)].fill(true));
            }
            Work::Layer(layer) => {
                let (input, output) = (channels.range(layer.input), channels.range(layer.output));
                for o in 0..layer.outputs {
                    if is_read(output.start + o, &value, reach) {
                        for channel in reads(layer, o, &reach[input.clone()]) {
                            value[input.start + channel] = true;
                        }
                    }
                }
            }
            Work::Links(links) => {
                let output = channels.range(links.output);
                for link in &links.inputs {
                    let input = channels.range(link.tensor);
                    if input.is_empty() {
                        continue;
                    }
                    for (i, o) in link.map.pairs(input.len(), output.len()) {
                        if is_read(output.start + o, &value, reach) {
                            value[input.start + i] = true;
                        }
                    }
                }
            }
        }
    }
    value
}

/// Whether what a channel is computed from matters.
fn is_read(number: usize, value: &[bool], reach: &[Reach]) -> bool {
    value[number] && reach[number].constant().is_none()
}

/// The input channels whose values an output's sum depends on, beyond constants that its bias can take over.
fn reads<'l>(layer: &'l Layer, output: usize, input: &'l [Reach]) -> impl Iterator<Item = usize> + 'l {
    let columns = layer.columns(output).enumerate();
    columns.filter_map(move |(own, column)| {
        let channel = layer.channel(column);
        let is_read = match input[channel].constant() {
            Some(value) => layer.constant(output, own, value).is_none(),
            None => layer.meets(output, own),
        };
        is_read.then_some(channel)
    })
}

/// Tensors that have no channel left, though an operator that stays reads them.
fn starving<'w>(
    channels: &'w Channels,
    work: &'w Work,
    needs: &'w Needs,
) -> impl Iterator<Item = TensorId> + 'w {
    let is_empty = move |id: TensorId| needs.left(channels, id) == Some(0);
    let (output, inputs) = match work {
        Work::Opaque => (None, Vec::new()),
        Work::Layer(layer) => (Some(layer.output), vec![layer.input]),
        Work::Links(links) => {
            // Of tensors that are joined, one may go.
            let read = links.inputs.iter().filter(|link| !matches!(link.map, super::links::Map::From(_)));
            (Some(links.output), read.map(|link| link.tensor).collect())
        }
    };
    let stays = output.is_some_and(|id| !is_empty(id));
    inputs.into_iter().filter(move |&id| stays && is_empty(id))
}
