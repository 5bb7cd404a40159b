//! The least and the greatest value of each channel.
//!
//! A layer's sum lies between the sums of its products' least and greatest values, and what the kernel makes of a
//! sum grows with the sum. What operators make of single elements is asked of their kernels: for every element, or
//! for the ends of a range where the function grows.

use std::collections::HashMap;

use super::{
    Work,
    channels::{Channels, limits},
    links::{Function, Links},
};
use crate::{
    graph::{Graph, Node, Tensor, TensorId},
    passes::alone::Alone,
};

/// Most elements that an operator is run on to learn its function.
const MAX_ELEMENTS: usize = 1 << 20;

/// A range of values, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Reach {
    pub min: i32,
    pub max: i32,
}

impl Reach {
    /// The only value, if there is one.
    pub(super) fn constant(self) -> Option<i32> {
        (self.min == self.max).then_some(self.min)
    }

    fn join(self, other: Self) -> Self {
        Self { min: self.min.min(other.min), max: self.max.max(other.max) }
    }

    fn all(tensor: &Tensor) -> Self {
        let (min, max) = limits(tensor.dtype).unwrap_or((i32::MIN, i32::MAX));
        Self { min, max }
    }

    fn ends([a, b]: [i64; 2]) -> Self {
        Self { min: a.min(b) as i32, max: a.max(b) as i32 }
    }
}

/// The range of every channel, by its number.
pub(super) fn of(graph: &Graph, channels: &Channels, works: &[Work]) -> Vec<Reach> {
    let mut all = vec![Reach { min: i32::MIN, max: i32::MAX }; channels.count()];
    let nodes = || graph.main().nodes.iter();
    for &id in nodes().flat_map(|node| &node.outputs).chain(&graph.main().inputs) {
        all[channels.range(id)].fill(Reach::all(&graph.tensors[id]));
    }
    for (node, work) in nodes().zip(works) {
        let (output, found) = match work {
            Work::Opaque => continue,
            Work::Layer(layer) => {
                let sums = layer.sums(&all[channels.range(layer.input)]);
                let finish = |sums: Vec<i64>| layer.finish(graph, node, &sums);
                let ends = finish(sums.iter().map(|sum| sum.0).collect())
                    .zip(finish(sums.iter().map(|sum| sum.1).collect()));
                let join = |(low, high): (Vec<i64>, Vec<i64>)| {
                    low.into_iter().zip(high).map(|(low, high)| Reach::ends([low, high])).collect()
                };
                (layer.output, ends.map(join))
            }
            Work::Links(links) => (links.output, linked(graph, channels, node, links, &all)),
        };
        let place = &mut all[channels.range(output)];
        if let Some(found) = found.filter(|found: &Vec<Reach>| found.len() == place.len()) {
            place.copy_from_slice(&found);
        }
    }
    all
}

fn linked(
    graph: &Graph,
    channels: &Channels,
    node: &Node,
    links: &Links,
    all: &[Reach],
) -> Option<Vec<Reach>> {
    let inputs = links
        .inputs
        .iter()
        .map(|link| match channels.of_tensor(link.tensor) {
            Some(_) => Some(all[channels.range(link.tensor)].to_vec()),
            None => constant(&graph.tensors[link.tensor]),
        })
        .collect::<Option<Vec<_>>>()?;
    let outputs = channels.of_tensor(links.output)?;
    // What each input has for an output channel: of several, the range around them.
    let mut by_output = vec![vec![None::<Reach>; outputs]; inputs.len()];
    for ((link, input), by_output) in links.inputs.iter().zip(&inputs).zip(&mut by_output) {
        for (i, o) in link.map.pairs(input.len(), outputs) {
            by_output[o] = Some(by_output[o].map_or(input[i], |reach| reach.join(input[i])));
        }
    }
    let run = Run { graph, node, links };
    match links.function {
        Function::Copy => {
            (0..outputs).map(|o| by_output.iter().filter_map(|input| input[o]).reduce(Reach::join)).collect()
        }
        Function::Each => run.each(&by_output[0].iter().copied().collect::<Option<Vec<_>>>()?),
        Function::Image => run.image(&by_output[0].iter().copied().collect::<Option<Vec<_>>>()?),
        Function::Pair | Function::AnyPair => {
            let pairs = (0..outputs).map(|o| Some((by_output[0][o]?, by_output[1][o]?)));
            run.pairs(&pairs.collect::<Option<Vec<_>>>()?)
        }
    }
}

/// The range of each channel of a constant.
fn constant(tensor: &Tensor) -> Option<Vec<Reach>> {
    let elements = tensor.integers()?;
    let count = tensor.shape.last().copied().unwrap_or(1).max(1);
    let single = |&element: &i64| i32::try_from(element).ok().map(|value| Reach { min: value, max: value });
    let mut channels: Vec<Reach> = elements.get(..count)?.iter().map(single).collect::<Option<_>>()?;
    for row in elements.chunks_exact(count) {
        for (channel, element) in channels.iter_mut().zip(row) {
            *channel = channel.join(single(element)?);
        }
    }
    Some(channels)
}

/// Different ranges, and which each channel has.
fn distinct<T: Copy + Eq + std::hash::Hash>(of: &[T]) -> (Vec<T>, Vec<usize>) {
    let mut seen = HashMap::new();
    let mut kinds = Vec::new();
    let which = of.iter().map(|&kind| {
        *seen.entry(kind).or_insert_with(|| {
            kinds.push(kind);
            kinds.len() - 1
        })
    });
    let which = which.collect();
    (kinds, which)
}

/// An operator that is asked for its function.
struct Run<'g> {
    graph: &'g Graph,
    node: &'g Node,
    links: &'g Links,
}

impl Run<'_> {
    fn tensor(&self, id: TensorId) -> &Tensor {
        &self.graph.tensors[id]
    }

    /// Runs it on other elements and shapes; operands that are not linked stay as they are.
    fn run(&self, shape: &[usize], output: &[usize], elements: &[Vec<i32>]) -> Option<Vec<i64>> {
        let mut inputs: Vec<_> =
            self.node.inputs.iter().map(|id| id.map(|id| self.tensor(id).clone())).collect();
        for (link, elements) in self.links.inputs.iter().zip(elements) {
            let tensor = inputs.get_mut(link.position)?.as_mut()?;
            tensor.shape = shape.to_vec();
            tensor.is_variable = false;
            tensor.data =
                Some(tensor.bytes_of(&elements.iter().map(|&value| i64::from(value)).collect::<Vec<_>>())?);
        }
        let output = Tensor { shape: output.to_vec(), data: None, ..self.tensor(self.links.output).clone() };
        let alone = Alone { graph: self.graph, node: self.node, inputs, outputs: vec![output.clone()] };
        Tensor { data: alone.run()?.into_iter().next(), ..output }.integers()
    }

    /// A function of one element, whatever it is: all that the ranges hold.
    fn each(&self, input: &[Reach]) -> Option<Vec<Reach>> {
        let around = input.iter().copied().reduce(Reach::join)?;
        let domain: Vec<i32> = (around.min..=around.max).collect();
        let shape = [domain.len()];
        let values = self.run(&shape, &shape, &[domain])?;
        let (kinds, which) = distinct(input);
        let of = |reach: &Reach| {
            let at = |value: i32| usize::try_from(value - around.min).ok();
            let part = values.get(at(reach.min)?..=at(reach.max)?)?;
            Some(Reach { min: *part.iter().min()? as i32, max: *part.iter().max()? as i32 })
        };
        let found = kinds.iter().map(of).collect::<Option<Vec<_>>>()?;
        which.into_iter().map(|kind| found.get(kind).copied()).collect()
    }

    /// A function of two elements: at the corners of the ranges, where that is enough or they are points.
    fn pairs(&self, input: &[(Reach, Reach)]) -> Option<Vec<Reach>> {
        let (kinds, which) = distinct(input);
        let corners =
            kinds.iter().flat_map(|(a, b)| [(a.min, b.min), (a.min, b.max), (a.max, b.min), (a.max, b.max)]);
        let (left, right) = corners.unzip::<_, _, Vec<_>, Vec<_>>();
        let shape = [left.len()];
        let values = self.run(&shape, &shape, &[left, right])?;
        let all = Reach::all(self.tensor(self.links.output));
        let is_enough = |(a, b): &(Reach, Reach)| {
            self.links.function == Function::Pair || a.constant().is_some() && b.constant().is_some()
        };
        let found: Vec<Reach> = values
            .chunks_exact(4)
            .zip(&kinds)
            .map(|(values, kind)| {
                let ends = || values.iter().map(|&value| Reach::ends([value; 2]));
                if is_enough(kind) { ends().reduce(Reach::join).unwrap_or(all) } else { all }
            })
            .collect();
        which.into_iter().map(|kind| found.get(kind).copied()).collect()
    }

    /// A function of one channel's elements that grows with each: images of the least and of the greatest values.
    fn image(&self, input: &[Reach]) -> Option<Vec<Reach>> {
        let (kinds, which) = distinct(input);
        let (from, to) = (self.links.inputs.first()?.tensor, self.links.output);
        let with = |id: TensorId, channels: usize| {
            let mut shape = self.tensor(id).shape.clone();
            if let Some(last) = shape.last_mut() {
                *last = channels;
            }
            shape
        };
        let (shape, output) = (with(from, kinds.len()), with(to, kinds.len()));
        let elements: usize = shape.iter().product();
        if elements.max(output.iter().product()) > MAX_ELEMENTS {
            return None;
        }
        let filled = |value: fn(&Reach) -> i32| -> Option<Vec<i64>> {
            let image = kinds.iter().map(value).cycle().take(elements).collect();
            self.run(&shape, &output, &[image])
        };
        let (low, high) = (filled(|reach| reach.min)?, filled(|reach| reach.max)?);
        let found: Vec<Reach> = (0..kinds.len())
            .map(|kind| {
                let of = |values: &[i64]| {
                    let values = values.iter().skip(kind).step_by(kinds.len());
                    values.map(|&value| Reach::ends([value; 2])).reduce(Reach::join)
                };
                Some(of(&low)?.join(of(&high)?))
            })
            .collect::<Option<_>>()?;
        which.into_iter().map(|kind| found.get(kind).copied()).collect()
    }
}
