//! In which order to run the operators, so that the most bytes alive at once are the fewest.
//!
//! A search over the sets of operators that can have run ("downsets" of the graph): the cheapest way to reach
//! a set is known once, whatever came before. States are taken in the order of the peak they needed, so the
//! first complete one is the best there is. Networks are chains with a few branches, so there are few sets;
//! where there are more than [`MAX_STATES`], the model's own order stands.

use std::{
    cmp::Reverse,
    collections::{BinaryHeap, HashMap, HashSet},
};

use tflite::BuiltinOp;

use crate::graph::{Graph, Node, TensorId};

/// Sets that are looked at before the search gives up.
const MAX_STATES: usize = 20_000;

/// An order of the main subgraph's nodes that needs the fewest bytes at once; `None` when the search would
/// take too long or the model's own order is as good.
pub fn order(graph: &Graph) -> Option<Vec<usize>> {
    let problem = Problem::of(graph);
    let given = problem.peak(&(0..problem.nodes.len()).collect::<Vec<_>>());
    let (peak, best) = problem.search()?;
    (peak < given).then_some(best)
}

struct Item {
    reads: Vec<usize>,
    writes: Vec<usize>,
    /// Nodes that must have run before.
    after: Vec<usize>,
}

struct Problem {
    nodes: Vec<Item>,
    bytes: Vec<usize>,
    /// How many nodes read each value, and one more for an output of the model.
    uses: Vec<usize>,
    /// Which nodes read each value.
    readers: Vec<Vec<usize>>,
    at_start: Vec<usize>,
}

#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
struct Done(Vec<u64>);

impl Done {
    fn has(&self, node: usize) -> bool {
        self.0[node / 64] >> (node % 64) & 1 == 1
    }

    fn with(&self, node: usize) -> Self {
        let mut next = self.clone();
        next.0[node / 64] |= 1 << (node % 64);
        next
    }
}

impl Problem {
    fn of(graph: &Graph) -> Self {
        let main = graph.main();
        let mut values: HashMap<TensorId, usize> = HashMap::new();
        let mut bytes = Vec::new();
        let mut value = |id: TensorId| {
            *values.entry(id).or_insert_with(|| {
                let tensor = &graph.tensors[id];
                bytes.push(if tensor.is_const() || tensor.is_variable { 0 } else { tensor.bytes() });
                bytes.len() - 1
            })
        };
        let mut nodes: Vec<Item> = Vec::new();
        let mut writer: HashMap<usize, usize> = HashMap::new();
        let mut last_with_state = None;
        for (index, node) in main.nodes.iter().enumerate() {
            let reads: HashSet<usize> = node.inputs.iter().flatten().map(|&id| value(id)).collect();
            let mut reads: Vec<usize> = reads.into_iter().collect();
            reads.sort_unstable();
            let writes: Vec<usize> = node.outputs.iter().map(|&id| value(id)).collect();
            let mut after: Vec<usize> = reads.iter().filter_map(|read| writer.get(read).copied()).collect();
            if has_state(graph, node) {
                after.extend(last_with_state);
                last_with_state = Some(index);
            }
            writer.extend(writes.iter().map(|&write| (write, index)));
            nodes.push(Item { reads, writes, after });
        }
        let at_start: Vec<usize> = main.inputs.iter().map(|&id| value(id)).collect();
        let at_end: Vec<usize> = main.outputs.iter().map(|&id| value(id)).collect();
        let mut readers = vec![Vec::new(); bytes.len()];
        for (index, node) in nodes.iter().enumerate() {
            node.reads.iter().for_each(|&read| readers[read].push(index));
        }
        let mut uses: Vec<usize> = readers.iter().map(Vec::len).collect();
        at_end.iter().for_each(|&id| uses[id] += 1);
        Self { nodes, bytes, uses, readers, at_start }
    }

    /// Bytes alive after a node ran, and while it ran.
    fn run(&self, node: usize, done: &Done, alive: usize) -> (usize, usize) {
        let item = &self.nodes[node];
        let written: usize = item.writes.iter().map(|&write| self.bytes[write]).sum();
        let during = alive + written;
        let last_use = |read: usize| {
            let others =
                self.readers[read].iter().filter(|&&reader| reader != node && !done.has(reader)).count();
            others == 0 && self.uses[read] == self.readers[read].len()
        };
        let freed: usize =
            item.reads.iter().filter(|&&read| last_use(read)).map(|&read| self.bytes[read]).sum();
        let unused: usize =
            item.writes.iter().filter(|&&write| self.uses[write] == 0).map(|&write| self.bytes[write]).sum();
        (during.saturating_sub(freed + unused), during)
    }

    fn start(&self) -> (Done, usize) {
        let alive = self.at_start.iter().map(|&id| self.bytes[id]).sum();
        (Done(vec![0; self.nodes.len().div_ceil(64)]), alive)
    }

    fn peak(&self, order: &[usize]) -> usize {
        let (mut done, mut alive) = self.start();
        let mut peak = alive;
        for &node in order {
            let (after, during) = self.run(node, &done, alive);
            peak = peak.max(during);
            alive = after;
            done = done.with(node);
        }
        peak
    }

    fn search(&self) -> Option<(usize, Vec<usize>)> {
        let (done, alive) = self.start();
        let mut came_from: HashMap<Done, (Done, usize)> = HashMap::new();
        let mut settled: HashSet<Done> = HashSet::new();
        let mut queue = BinaryHeap::from([Reverse((alive, usize::MAX, alive, done.clone()))]);
        while let Some(Reverse((peak, left, alive, done))) = queue.pop() {
            if !settled.insert(done.clone()) {
                continue;
            }
            if settled.len() > MAX_STATES {
                return None;
            }
            let ready: Vec<usize> = (0..self.nodes.len())
                .filter(|&node| {
                    !done.has(node) && self.nodes[node].after.iter().all(|&before| done.has(before))
                })
                .collect();
            if ready.is_empty() {
                return Some((peak, trace(&came_from, done)));
            }
            let runs: Vec<_> = ready.iter().map(|&node| (node, self.run(node, &done, alive))).collect();
            // A node that costs nothing now can only cost more later: it need not be one choice among several.
            let free = runs.iter().find(|(_, (after, during))| *after <= alive && *during <= peak);
            let chosen = free.map_or(&runs[..], std::slice::from_ref);
            for &(node, (after, during)) in chosen {
                let next = done.with(node);
                if !settled.contains(&next) {
                    came_from.entry(next.clone()).or_insert_with(|| (done.clone(), node));
                    queue.push(Reverse((peak.max(during), left.wrapping_sub(1), after, next)));
                }
            }
        }
        None
    }
}

fn trace(came_from: &HashMap<Done, (Done, usize)>, mut done: Done) -> Vec<usize> {
    let mut order = Vec::new();
    while let Some((before, node)) = came_from.get(&done) {
        order.push(*node);
        done = before.clone();
    }
    order.reverse();
    order
}

/// Whether the order of a node among others like it can be seen from outside.
fn has_state(graph: &Graph, node: &Node) -> bool {
    let variable = |id: &TensorId| graph.tensors[*id].is_variable;
    matches!(
        node.op,
        BuiltinOp::VarHandle
            | BuiltinOp::ReadVariable
            | BuiltinOp::AssignVariable
            | BuiltinOp::CallOnce
            | BuiltinOp::If
            | BuiltinOp::While
            | BuiltinOp::Custom
    ) || node.inputs.iter().flatten().any(variable)
        || node.outputs.iter().any(variable)
}
