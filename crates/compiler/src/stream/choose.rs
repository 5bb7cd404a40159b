//! Which runs of nodes to cut into strips, and into strips of how many rows, for a budget.
//!
//! A run costs no multiply-add, but steps, and bytes that move. So of all ways to cut a network into runs and single
//! nodes, none of which needs more than the budget, the one of the least such cost is taken. What a run needs is
//! known before its buffers have places; where places cannot be had for as few bytes, the next try aims lower.

use std::{
    collections::{HashMap, HashSet},
    ops::Range,
};

use super::{
    rewrite::{Cut, rewrite},
    rows::{Reads, row_wise},
    schedule::{Network, Schedule, schedule},
};
use crate::{
    CompileError, CompileOptions,
    graph::{Graph, TensorId},
    ops::{Lowering, NodeView, Slot, lower, total_macs},
    plan::{Layout, Lifetime, picture, plan, whole_lifetimes},
};

/// Nodes that one run has at most.
const MOST_NODES: usize = 24;
/// Rows of the highest image that are tried as a strip.
const UNITS: [usize; 14] = [1, 2, 3, 4, 6, 8, 10, 12, 16, 24, 32, 48, 64, 96];
/// What a step costs beside its multiply-adds, in bytes that could be moved instead.
const STEP_BYTES: usize = 256;
/// From one size that is aimed at to the next smaller one: by this part of it.
const AIM_STEP: usize = 16;

/// A plan that fits a budget, the cheapest of those that [`curve`] would find.
///
/// # Errors
/// [`CompileError::OverBudget`] with the least that was found, and what making the plan says.
pub fn fit(
    graph: &Graph,
    layout: Layout,
    options: CompileOptions,
    budget: usize,
) -> Result<(Graph, Layout), CompileError> {
    if layout.arena_bytes <= budget {
        return Ok((graph.clone(), layout));
    }
    let mut chooser = Chooser::new(graph, &layout, options)?;
    let mut least = layout.arena_bytes;
    let mut seen = HashSet::new();
    // A plan may take less than was aimed at. Where no plan fits, those beyond say what the least is.
    let aims = chooser.aims(layout.arena_bytes);
    let (near, beyond): (Vec<_>, Vec<_>) = aims.into_iter().partition(|aim| aim - aim / 8 <= budget);
    for aim in near.into_iter().chain(beyond.into_iter().rev()) {
        let Some(cuts) = chooser.cheapest(aim).filter(|cuts| seen.insert(key(cuts))) else { continue };
        let (graph, layout) = chooser.lay_out(&cuts)?;
        if layout.arena_bytes <= budget {
            return Ok((graph, layout));
        }
        least = least.min(layout.arena_bytes);
    }
    Err(CompileError::OverBudget { budget, least })
}

/// One of the plans that a model has: memory against time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
pub struct CurvePoint {
    /// The arena, scratch included.
    pub arena_bytes: usize,
    /// Multiply-adds of one run.
    pub macs: u64,
    /// Steps of one run.
    pub steps: usize,
    /// Bytes that one run moves only to make room.
    pub moved_bytes: usize,
}

impl CurvePoint {
    fn of(graph: &Graph, layout: &Layout) -> Self {
        Self {
            arena_bytes: layout.arena_bytes,
            macs: total_macs(graph),
            steps: layout.steps.len() - layout.setup,
            moved_bytes: layout.moved_bytes(),
        }
    }
}

/// The plans of a model from the fastest to the smallest, each smaller than the one before.
///
/// `graph` and `layout` are those of the fastest, as [`compile`](crate::compile()) makes it without a budget.
///
/// # Errors
/// What making a plan says.
pub fn curve(
    graph: &Graph,
    layout: &Layout,
    options: CompileOptions,
) -> Result<Vec<CurvePoint>, CompileError> {
    let mut points = vec![CurvePoint::of(graph, layout)];
    let mut chooser = Chooser::new(graph, layout, options)?;
    let mut seen = HashSet::new();
    for aim in chooser.aims(layout.arena_bytes) {
        let Some(cuts) = chooser.cheapest(aim).filter(|cuts| seen.insert(key(cuts))) else { continue };
        let (graph, layout) = chooser.lay_out(&cuts)?;
        if points.last().is_none_or(|point| layout.arena_bytes < point.arena_bytes) {
            points.push(CurvePoint::of(&graph, &layout));
        }
    }
    Ok(points)
}

/// What tells two choices apart.
fn key(cuts: &[Cut]) -> Vec<(Range<usize>, usize)> {
    cuts.iter().map(|(run, schedule)| (run.clone(), schedule.unit)).collect()
}

/// What is known of a buffer of the plan without strips.
struct Held {
    bytes: usize,
    lifetime: Lifetime,
}

/// Cuts of the nodes from a position to the end.
#[derive(Clone, Copy)]
struct Tail {
    /// In bytes that could be moved instead.
    cost: usize,
    /// How far the first image must lie above the lowest place.
    base: usize,
    /// The unit of the run that comes first; 0 for a node that is not cut.
    unit: usize,
    /// Where the rest begins, and which of the tails there it is.
    next: (usize, usize),
}

struct Chooser<'g> {
    network: Network<'g>,
    options: CompileOptions,
    /// Bytes alive at the most while each node runs.
    peaks: Vec<usize>,
    /// Bytes alive before the first step or after the last, which no strips change.
    floor: usize,
    /// The first and last instant of each node; absent for those without steps.
    instants: Vec<Option<(usize, usize)>>,
    held: HashMap<usize, Held>,
    buffer_of: HashMap<TensorId, usize>,
    known: HashMap<(usize, usize, usize), Option<Schedule>>,
}

impl<'g> Chooser<'g> {
    fn new(graph: &'g Graph, layout: &Layout, options: CompileOptions) -> Result<Self, CompileError> {
        let mut lowering = lower(graph, options).map_err(CompileError::Refused)?;
        let nodes = &graph.main().nodes;
        let lifetimes = whole_lifetimes(&mut lowering);
        let position: HashMap<usize, usize> =
            nodes.iter().enumerate().map(|(position, node)| (node.layer, position)).collect();
        let mut instants: Vec<Option<(usize, usize)>> = vec![None; nodes.len()];
        for (step, of) in lowering.steps.iter().enumerate() {
            if let Some(&position) = position.get(&of.layer) {
                let both = instants[position].get_or_insert((step + 1, step + 1));
                *both = (both.0.min(step + 1), both.1.max(step + 1));
            }
        }
        let alive = picture::alive(layout);
        let mut peaks = vec![0; nodes.len()];
        for (step, of) in layout.steps.iter().enumerate() {
            if let Some(&position) = position.get(&of.layer) {
                peaks[position] = alive[step + 1].max(peaks[position]);
            }
        }
        let ends = [alive.first(), alive.last()];
        let buffer = |(tensor, slot)| match slot {
            Slot::Buffer { id, .. } => Some((tensor, id)),
            _ => None,
        };
        let buffer_of: HashMap<TensorId, usize> = lowering.places().filter_map(buffer).collect();
        let held =
            lowering.buffers.iter().zip(lifetimes).enumerate().filter_map(|(id, (buffer, lifetime))| {
                let lifetime = lifetime.filter(|_| !buffer.is_state)?;
                Some((id, Held { bytes: buffer.bytes, lifetime }))
            });
        let network = Network {
            graph,
            row_wise: nodes.iter().map(|node| row_wise(&NodeView { graph, node })).collect(),
            scratch: scratch(&lowering, &buffer_of, &position, nodes.len()),
            readers: readers(graph),
        };
        Ok(Self {
            options,
            peaks,
            floor: ends.into_iter().flatten().max().copied().unwrap_or(0),
            instants,
            held: held.collect(),
            buffer_of,
            known: HashMap::new(),
            network,
        })
    }

    /// Bytes that are alive beside a run's own images.
    fn beside(&self, run: &Range<usize>) -> usize {
        let Some(&(first, _)) = self.instants[run.clone()].iter().flatten().min() else { return 0 };
        let mut own: Vec<usize> = Vec::new();
        for index in run.clone() {
            let Some((node, of)) = self.network.node(index) else { continue };
            let by_rows =
                node.inputs.iter().zip(&of.inputs).filter(|(_, reads)| matches!(reads, Reads::Rows(_)));
            let tensors = by_rows.filter_map(|(id, _)| *id).chain(node.outputs.iter().copied());
            own.extend(tensors.filter_map(|id| self.buffer_of.get(&id)));
        }
        let lasts = |held: &Held| held.lifetime.first < first && held.lifetime.last >= first;
        let others = self.held.iter().filter(|(id, held)| !own.contains(id) && lasts(held));
        others.map(|(_, held)| held.bytes).sum()
    }

    /// What a run takes in strips of a unit, bytes beside it included.
    fn schedule(&mut self, run: &Range<usize>, unit: usize) -> Option<&Schedule> {
        let key = (run.start, run.end, unit);
        if !self.known.contains_key(&key) {
            let beside = self.beside(run);
            let mut made = schedule(&self.network, run.clone(), unit);
            if let Some(schedule) = &mut made {
                schedule.peak_bytes += beside;
            }
            self.known.insert(key, made);
        }
        self.known.get(&key)?.as_ref()
    }

    /// The runs that may be cut and that hold a node above a limit.
    fn runs(&self, limit: usize) -> Vec<Range<usize>> {
        let mut runs = Vec::new();
        for start in 0..self.peaks.len() {
            let nodes = self.network.row_wise.iter().zip(&self.peaks).skip(start).take(MOST_NODES);
            let mut is_useful = false;
            for (end, (_, &peak)) in (start + 1..).zip(nodes.take_while(|(row_wise, _)| row_wise.is_some())) {
                is_useful |= peak > limit;
                runs.extend(is_useful.then_some(start..end));
            }
        }
        runs
    }

    /// The cheapest cuts within a budget; `None` when there are none.
    ///
    /// A run's last image lies a little below its first, which dies as the last comes alive. So where runs follow
    /// each other, the first image of them all lies above the last by the sum of these distances, for which there
    /// must be room, too: of the cuts of the nodes from a position on, those that are cheaper or begin lower than
    /// all others are kept.
    fn cheapest(&mut self, budget: usize) -> Option<Vec<Cut>> {
        if self.floor > budget {
            return None;
        }
        let nodes = self.peaks.len();
        let mut starting: Vec<Vec<usize>> = vec![Vec::new(); nodes];
        self.runs(budget).into_iter().for_each(|run| starting[run.start].push(run.end));
        let mut tails: Vec<Vec<Tail>> = vec![Vec::new(); nodes + 1];
        tails[nodes].push(Tail { cost: 0, base: 0, unit: 0, next: (nodes, 0) });
        for start in (0..nodes).rev() {
            let mut found: Vec<Tail> = Vec::new();
            if self.peaks[start] <= budget {
                let rest = tails[start + 1].iter().enumerate();
                found.extend(rest.map(|(index, tail)| Tail {
                    base: 0,
                    unit: 0,
                    next: (start + 1, index),
                    ..*tail
                }));
            }
            for &end in &starting[start] {
                for (index, tail) in tails[end].iter().enumerate() {
                    for unit in UNITS {
                        let Some(made) = self.schedule(&(start..end), unit) else { continue };
                        if made.peak_bytes + tail.base <= budget {
                            let cost = tail.cost + made.steps() * STEP_BYTES + made.moved_bytes;
                            let base = made.lag_bytes.map_or(0, |lag| tail.base + lag);
                            found.push(Tail { cost, base, unit, next: (end, index) });
                        }
                    }
                }
            }
            found.sort_unstable_by_key(|tail| (tail.cost, tail.base));
            for tail in found {
                if tails[start].last().is_none_or(|cheaper| tail.base < cheaper.base) {
                    tails[start].push(tail);
                }
            }
        }
        let mut cuts = Vec::new();
        let mut at = (0, 0);
        while at.0 < nodes {
            let tail = tails[at.0].get(at.1)?;
            let run = at.0..tail.next.0;
            at = tail.next;
            if tail.unit > 0 {
                let unit = tail.unit;
                cuts.push((run.clone(), self.schedule(&run, unit)?.clone()));
            }
        }
        Some(cuts)
    }

    /// The sizes that are aimed at, from large to small; for the last there are hardly cuts. Every budget is served
    /// from the same, so that what one finds the other finds, too.
    fn aims(&mut self, largest: usize) -> Vec<usize> {
        let (mut below, mut enough) = (self.floor.saturating_sub(1), largest);
        while enough - below > enough / 256 + 1 {
            let middle = below + (enough - below) / 2;
            if self.cheapest(middle).is_some() { enough = middle } else { below = middle }
        }
        let larger = std::iter::successors(Some(enough), |aim| Some(aim + (aim / AIM_STEP).max(4)));
        let mut aims: Vec<usize> = larger.take_while(|&aim| aim < largest).collect();
        aims.reverse();
        aims
    }

    fn lay_out(&self, cuts: &[Cut]) -> Result<(Graph, Layout), CompileError> {
        let graph = rewrite(&self.network, cuts);
        let layout = plan(lower(&graph, self.options).map_err(CompileError::Refused)?, self.options)?;
        Ok((graph, layout))
    }
}

/// Bytes that each node's steps use beside tensors.
fn scratch(
    lowering: &Lowering<'_>,
    buffer_of: &HashMap<TensorId, usize>,
    position: &HashMap<usize, usize>,
    nodes: usize,
) -> Vec<usize> {
    let mut of_tensor = vec![false; lowering.buffers.len()];
    buffer_of.values().for_each(|&id| of_tensor[id] = true);
    let mut scratch = vec![0; nodes];
    for step in &lowering.steps {
        let own = step.operands.iter().map(|slot| match *slot {
            Slot::Buffer { id, bytes, .. } if !of_tensor[id] && !lowering.buffers[id].is_state => bytes,
            _ => 0,
        });
        if let Some(&position) = position.get(&step.layer) {
            scratch[position] = scratch[position].max(own.sum::<usize>());
        }
    }
    scratch
}

/// Which nodes read each tensor; one past the last node for an output of the model.
fn readers(graph: &Graph) -> HashMap<TensorId, Vec<usize>> {
    let main = graph.main();
    let mut readers: HashMap<TensorId, Vec<usize>> = HashMap::new();
    for (position, node) in main.nodes.iter().enumerate() {
        node.inputs.iter().flatten().for_each(|&id| readers.entry(id).or_default().push(position));
    }
    main.outputs.iter().for_each(|&id| readers.entry(id).or_default().push(main.nodes.len()));
    readers
}
