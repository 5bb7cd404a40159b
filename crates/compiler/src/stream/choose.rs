//! Which runs of nodes to cut into strips, and into strips of how many rows, for a budget.
//!
//! A run costs no multiply-add, but steps, and bytes that move. So of all ways to cut a network into runs and single
//! nodes, none of which needs more than the budget, the one of the least such cost is taken. What a run needs is
//! known before its buffers have places; where places cannot be had for as few bytes, the next try aims lower.

use std::{collections::HashMap, ops::Range};

use super::{
    rewrite::{Cut, rewrite},
    rows::{Reads, row_wise},
    schedule::{Network, Schedule, schedule},
};
use crate::{
    CompileError, CompileOptions,
    graph::{Graph, TensorId},
    ops::{
        NodeView, Slot,
        lowering::{Lowering, lower},
        total_macs,
    },
    plan::{Layout, Lifetime, picture, plan, whole_lifetimes},
};

/// Nodes that one run has at most.
const MOST_NODES: usize = 24;
/// Rows of the highest image that are tried as a strip.
const UNITS: [usize; 14] = [1, 2, 3, 4, 6, 8, 10, 12, 16, 24, 32, 48, 64, 96];
/// What a step costs beside its multiply-adds, in bytes that could be moved instead.
const STEP_BYTES: usize = 256;
/// Plans that are laid out before a budget is given up.
const TRIES: usize = 8;

/// A plan that fits a budget.
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
    let mut aim = budget;
    for _ in 0..TRIES {
        let Some(cuts) = chooser.cheapest(aim) else { break };
        let (graph, layout) = chooser.lay_out(&cuts)?;
        if layout.arena_bytes <= budget {
            return Ok((graph, layout));
        }
        least = least.min(layout.arena_bytes);
        aim = aim.saturating_sub((layout.arena_bytes - budget).max(aim / 64));
    }
    let (graph, layout) = chooser.least()?;
    if layout.arena_bytes <= budget {
        return Ok((graph, layout));
    }
    Err(CompileError::OverBudget { budget, least: least.min(layout.arena_bytes) })
}

/// Memory against time: what a model can be run in, and what that costs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Curve {
    /// From the fastest to the smallest.
    pub points: Vec<CurvePoint>,
}

/// One of the plans that a model has.
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

/// The plans of a model from the fastest to the smallest, each at most an eighth smaller than the one before.
///
/// # Errors
/// What making a plan says.
pub fn curve(graph: &Graph, layout: &Layout, options: CompileOptions) -> Result<Curve, CompileError> {
    let mut points = vec![CurvePoint::of(graph, layout)];
    let mut chooser = Chooser::new(graph, layout, options)?;
    let (smallest, smallest_layout) = chooser.least()?;
    let last = CurvePoint::of(&smallest, &smallest_layout);
    let mut aim = layout.arena_bytes;
    loop {
        aim -= aim.div_ceil(8);
        if aim <= last.arena_bytes {
            break;
        }
        let Some(cuts) = chooser.cheapest(aim) else { break };
        let (graph, layout) = chooser.lay_out(&cuts)?;
        let smaller = points.last().is_none_or(|point| layout.arena_bytes < point.arena_bytes);
        if smaller && layout.arena_bytes > last.arena_bytes {
            points.push(CurvePoint::of(&graph, &layout));
        }
        aim = aim.min(layout.arena_bytes);
    }
    if points.last().is_some_and(|point| last.arena_bytes < point.arena_bytes) {
        points.push(last);
    }
    Ok(Curve { points })
}

/// What is known of a buffer of the plan without strips.
struct Held {
    bytes: usize,
    lifetime: Lifetime,
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
    fn cheapest(&mut self, budget: usize) -> Option<Vec<Cut>> {
        if self.floor > budget {
            return None;
        }
        let nodes = self.peaks.len();
        let mut costs: HashMap<usize, Vec<(usize, usize, usize)>> = HashMap::new();
        for run in self.runs(budget) {
            let largest = UNITS.iter().rev().find_map(|&unit| {
                let made = self.schedule(&run, unit).filter(|made| made.peak_bytes <= budget)?;
                Some((run.start, unit, made.steps() * STEP_BYTES + made.moved_bytes))
            });
            costs.entry(run.end).or_default().extend(largest);
        }
        let mut best: Vec<Option<(usize, usize, usize)>> = vec![None; nodes + 1];
        best[0] = Some((0, 0, 0));
        for end in 1..=nodes {
            let single = best[end - 1].filter(|_| self.peaks[end - 1] <= budget);
            let single = single.map(|(cost, _, _)| (cost, end - 1, 0));
            let cut =
                costs.get(&end).into_iter().flatten().filter_map(|&(start, unit, own)| {
                    best[start].map(|(cost, _, _)| (cost + own, start, unit))
                });
            best[end] = cut.chain(single).min();
        }
        let mut cuts = Vec::new();
        let mut end = nodes;
        while end > 0 {
            let (_, start, unit) = best[end]?;
            if unit > 0 {
                cuts.push((start..end, self.schedule(&(start..end), unit)?.clone()));
            }
            end = start;
        }
        cuts.reverse();
        Some(cuts)
    }

    /// The plan that takes the fewest bytes of those that were found.
    fn least(&mut self) -> Result<(Graph, Layout), CompileError> {
        let nodes = self.peaks.len();
        let mut peaks: HashMap<usize, Vec<(usize, usize)>> = HashMap::new();
        for run in self.runs(self.floor) {
            let smallest = UNITS
                .iter()
                .take(4)
                .filter_map(|&unit| self.schedule(&run, unit).map(|made| made.peak_bytes))
                .min();
            peaks.entry(run.end).or_default().extend(smallest.map(|peak| (run.start, peak)));
        }
        let mut best = vec![self.floor; nodes + 1];
        for end in 1..=nodes {
            let single = best[end - 1].max(self.peaks[end - 1]);
            let cut = peaks.get(&end).into_iter().flatten().map(|&(start, peak)| best[start].max(peak));
            best[end] = cut.chain([single]).min().unwrap_or(single);
        }
        let bound = best[nodes];
        let mut smallest: Option<(Graph, Layout)> = None;
        // Where a little more is allowed, places may be found for less.
        for aim in [bound, bound + bound / 50, bound + bound / 20, bound + bound / 10] {
            let Some(cuts) = self.cheapest(aim) else { continue };
            let made = self.lay_out(&cuts)?;

            if smallest.as_ref().is_none_or(|(_, layout)| made.1.arena_bytes < layout.arena_bytes) {
                smallest = Some(made);
            }
        }
        match smallest {
            Some(made) => Ok(made),
            None => self.lay_out(&[]),
        }
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
