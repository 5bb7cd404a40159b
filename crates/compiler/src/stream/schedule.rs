//! In which order a run of nodes makes its rows, and what that takes.

use std::{
    collections::{HashMap, HashSet},
    ops::Range,
};

use super::rows::{Reach, Reads, RowWise, height, row_bytes};
use crate::graph::{Graph, Node, TensorId};

/// Kernels may count on operands that begin at a multiple of this.
const ALIGN: usize = 4;

/// What a schedule needs to know of a graph.
pub struct Network<'g> {
    pub graph: &'g Graph,
    /// Per node of the main subgraph.
    pub row_wise: Vec<Option<RowWise>>,
    /// Per node, bytes that its kernel needs beside its tensors.
    pub scratch: Vec<usize>,
    /// Which nodes read each tensor; one past the last node for an output of the model.
    pub readers: HashMap<TensorId, Vec<usize>>,
}

impl Network<'_> {
    /// A node that makes its rows one by one, and how it does.
    pub fn node(&self, index: usize) -> Option<(&Node, &RowWise)> {
        Some((self.graph.main().nodes.get(index)?, self.row_wise.get(index)?.as_ref()?))
    }

    fn is_read_outside(&self, tensor: TensorId, run: &Range<usize>) -> bool {
        self.readers.get(&tensor).is_some_and(|readers| readers.iter().any(|reader| !run.contains(reader)))
    }

    /// Whether nothing reads a tensor after a run.
    fn ends_in(&self, tensor: TensorId, run: &Range<usize>) -> bool {
        self.readers.get(&tensor).is_none_or(|readers| readers.iter().all(|&reader| reader < run.end))
    }
}

/// A few rows that a node makes at once.
#[derive(Clone, Debug, PartialEq)]
pub struct Piece {
    /// Position of the node.
    pub node: usize,
    /// The rows of its output.
    pub rows: Range<usize>,
    /// Where the first of them lies in the output's window, in rows; in the whole image when there is no window.
    pub at: usize,
    /// Per input that is read by rows, where the first row read lies.
    pub read_at: Vec<Option<usize>>,
    /// Rows of the output's window that move to its front first: from where, and how many.
    pub slide: Option<(usize, usize)>,
}

/// The order in which a run of nodes makes its rows.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Schedule {
    /// Rows of the run's highest image that are made at once.
    pub unit: usize,
    /// The work, in order.
    pub pieces: Vec<Piece>,
    /// Rows of each tensor that exists in a window alone.
    pub windows: HashMap<TensorId, usize>,
    /// The most bytes that the run's own tensors and scratch take at once. What else is alive comes on top.
    pub peak_bytes: usize,
    /// Bytes that move within windows.
    pub moved_bytes: usize,
    /// How far the run's last image must lie below its largest first one, to be written over rows that nothing needs;
    /// `None` where there is none to be written over.
    pub lag_bytes: Option<usize>,
}

impl Schedule {
    /// Steps that it takes.
    pub fn steps(&self) -> usize {
        self.pieces.len() + self.pieces.iter().filter(|piece| piece.slide.is_some()).count()
    }
}

/// Schedules a run of nodes, each of which makes `unit` rows at once where the run's highest image has them; lower
/// images in proportion. `None` when the run cannot be cut so.
pub fn schedule(network: &Network<'_>, run: Range<usize>, unit: usize) -> Option<Schedule> {
    let mut maker = Maker::new(network, run, unit)?;
    for index in (0..maker.stages.len()).rev() {
        if maker.stages[index].is_whole {
            maker.pull(index, maker.stages[index].height)?;
        }
    }
    maker.finish()
}

/// A node of the run, and what is known of its output.
struct Stage {
    output: TensorId,
    height: usize,
    row: usize,
    unit: usize,
    /// Whether the output is read outside the run, so that all of it must exist.
    is_whole: bool,
    /// Rows made so far.
    done: usize,
    readers: Vec<(usize, Reach)>,
    /// Per input that is read by rows, the stage that makes it; `None` when it is made before the run.
    inputs: Vec<Option<(Reach, Source)>>,
}

#[derive(Clone, Copy)]
enum Source {
    Stage(usize),
    Outside(usize),
}

/// An image that is made before the run.
struct Outside {
    tensor: TensorId,
    height: usize,
    row: usize,
    /// Whether the run is the last to read it, all of it by rows.
    ends: bool,
    readers: Vec<(usize, Reach)>,
}

struct Maker<'n> {
    network: &'n Network<'n>,
    run: Range<usize>,
    stages: Vec<Stage>,
    outside: Vec<Outside>,
    schedule: Schedule,
    /// Per piece, the first row of its window that is still needed.
    needed: Vec<usize>,
}

impl<'n> Maker<'n> {
    fn new(network: &'n Network<'n>, run: Range<usize>, unit: usize) -> Option<Self> {
        let nodes = network.graph.main().nodes.get(run.clone())?;
        let tensor = |id: TensorId| &network.graph.tensors[id];
        let stage_of: HashMap<TensorId, usize> = nodes
            .iter()
            .enumerate()
            .filter_map(|(stage, node)| Some((*node.outputs.first()?, stage)))
            .collect();
        let mut highest = unit;
        for node in nodes {
            let images =
                node.inputs.iter().flatten().chain(&node.outputs).filter(|&&id| !tensor(id).is_const());
            highest = images.filter_map(|&id| height(tensor(id))).max().unwrap_or(0).max(highest);
        }
        let mut stages: Vec<Stage> = Vec::new();
        let mut outside: Vec<Outside> = Vec::new();
        let mut read_whole: HashSet<TensorId> = HashSet::new();
        let mut readers: Vec<Vec<(usize, Reach)>> = vec![Vec::new(); nodes.len()];
        for (index, node) in nodes.iter().enumerate() {
            let row_wise = network.row_wise[run.start + index].as_ref()?;
            let mut inputs = Vec::new();
            for (id, reads) in node.inputs.iter().zip(&row_wise.inputs) {
                let (Some(id), Reads::Rows(reach)) = (id, reads) else {
                    read_whole.extend(id);
                    inputs.push(None);
                    continue;
                };
                let source = match stage_of.get(id) {
                    Some(&stage) => {
                        readers[stage].push((index, *reach));
                        Source::Stage(stage)
                    }
                    None => {
                        let known = outside.iter().position(|image| image.tensor == *id);
                        let known = known.unwrap_or_else(|| {
                            let (image, ends) = (tensor(*id), network.ends_in(*id, &run));
                            let height = height(image).unwrap_or(0);
                            let row = row_bytes(image);
                            outside.push(Outside { tensor: *id, height, row, ends, readers: Vec::new() });
                            outside.len() - 1
                        });
                        outside[known].readers.push((index, *reach));
                        Source::Outside(known)
                    }
                };
                inputs.push(Some((*reach, source)));
            }
            let output = *node.outputs.first()?;
            let height = height(tensor(output))?;
            stages.push(Stage {
                output,
                height,
                row: row_bytes(tensor(output)),
                unit: (unit * height).div_ceil(highest).max(1),
                is_whole: network.is_read_outside(output, &run) || index + 1 == nodes.len(),
                done: 0,
                readers: Vec::new(),
                inputs,
            });
        }
        stages.iter_mut().zip(readers).for_each(|(stage, readers)| stage.readers = readers);
        outside.iter_mut().for_each(|image| image.ends &= !read_whole.contains(&image.tensor));
        let makes_what_is_read_whole = read_whole.iter().any(|id| stage_of.contains_key(id));
        (!makes_what_is_read_whole).then(|| Self {
            network,
            run,
            stages,
            outside,
            schedule: Schedule { unit, ..Schedule::default() },
            needed: Vec::new(),
        })
    }

    /// The first row of an image that any of its readers still needs.
    fn needed(&self, readers: &[(usize, Reach)]) -> usize {
        let first = |&(reader, reach): &(usize, Reach)| {
            let reader = &self.stages[reader];
            if reader.done < reader.height { reach.first(reader.done) } else { usize::MAX }
        };
        readers.iter().map(first).min().unwrap_or(usize::MAX)
    }

    /// Makes rows of a stage's output until there are `rows` of them.
    fn pull(&mut self, index: usize, rows: usize) -> Option<()> {
        while self.stages[index].done < rows {
            let stage = &self.stages[index];
            let piece = stage.done..(stage.done + stage.unit).min(stage.height);
            for (reach, source) in stage.inputs.clone().into_iter().flatten() {
                let needs = reach.of(&piece);
                if needs.is_empty() {
                    return None;
                }
                if let Source::Stage(source) = source {
                    self.pull(source, needs.end)?;
                }
            }
            self.make(index, piece);
        }
        Some(())
    }

    fn make(&mut self, index: usize, rows: Range<usize>) {
        let peak =
            self.alive() + rows.len() * self.stages[index].row + self.network.scratch[self.run.start + index];
        self.schedule.peak_bytes = self.schedule.peak_bytes.max(peak);
        if index + 1 == self.stages.len() {
            let images = self.outside.iter().filter(|image| image.ends);
            let largest = images.max_by_key(|image| image.height * image.row);
            let lag = largest.map(|image| {
                let dead = self.needed(&image.readers).min(image.height) * image.row;
                (rows.end * self.stages[index].row).saturating_sub(dead)
            });
            self.schedule.lag_bytes = self.schedule.lag_bytes.max(lag);
        }
        let stage = &self.stages[index];
        let needed = if stage.is_whole { 0 } else { self.needed(&stage.readers).min(rows.start) };
        if !stage.is_whole {
            let window = self.schedule.windows.entry(stage.output).or_default();
            *window = (*window).max(rows.end - needed);
        }
        self.needed.push(needed);
        self.stages[index].done = rows.end;
        let node = self.run.start + index;
        self.schedule.pieces.push(Piece { node, rows, at: 0, read_at: Vec::new(), slide: None });
    }

    /// Bytes of the run's images that something still needs.
    fn alive(&self) -> usize {
        let made = self.stages.iter().map(|stage| {
            let first = if stage.is_whole { 0 } else { self.needed(&stage.readers) };
            stage.done.saturating_sub(first) * stage.row
        });
        let given = self.outside.iter().map(|image| {
            let first = if image.ends { self.needed(&image.readers) } else { 0 };
            image.height.saturating_sub(first) * image.row
        });
        made.sum::<usize>() + given.sum::<usize>()
    }

    /// Gives the pieces their places in windows.
    fn finish(mut self) -> Option<Schedule> {
        // The row that each window begins with.
        let mut begins = vec![0usize; self.stages.len()];
        for (piece, &needed) in self.schedule.pieces.iter_mut().zip(&self.needed) {
            let index = piece.node - self.run.start;
            let stage = &self.stages[index];
            if let Some(&window) = self.schedule.windows.get(&stage.output)
                && piece.rows.end - begins[index] > window
            {
                let kept = piece.rows.start - needed;
                if kept > 0 {
                    piece.slide = Some((needed - begins[index], kept));
                    self.schedule.moved_bytes += kept * stage.row;
                }
                begins[index] = needed;
            }
            piece.at = piece.rows.start - begins[index];
            let mut is_aligned = (piece.at * stage.row).is_multiple_of(ALIGN)
                && piece.slide.is_none_or(|(from, _)| (from * stage.row).is_multiple_of(ALIGN));
            for input in &stage.inputs {
                let at = input.map(|(reach, source)| {
                    let (begin, row) = match source {
                        Source::Stage(source) => (begins[source], self.stages[source].row),
                        Source::Outside(image) => (0, self.outside[image].row),
                    };
                    let at = reach.of(&piece.rows).start - begin;
                    is_aligned &= (at * row).is_multiple_of(ALIGN);
                    at
                });
                piece.read_at.push(at);
            }
            if !is_aligned {
                return None;
            }
        }
        Some(self.schedule)
    }
}
