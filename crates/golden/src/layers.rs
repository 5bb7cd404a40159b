//! What every layer of a model writes.

use compiler::{
    Compiled, HostModel,
    graph::{Node, TensorId},
};
use engine::{Flow, Memory, Program, RunError};

use crate::{RunFailure, sha256};

/// What one layer wrote into one of its outputs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LayerOutput {
    /// Index of the model's operator.
    pub layer: usize,
    /// Its name, as a converter spells it.
    pub operator: String,
    /// Name of the tensor.
    pub tensor: String,
    /// The bytes.
    pub bytes: Vec<u8>,
}

impl LayerOutput {
    /// The SHA-256 of the bytes, in hex.
    pub fn sha256(&self) -> String {
        sha256(&self.bytes)
    }
}

/// Runs a model once and gives what each layer of its graph wrote, in the model's order.
///
/// Layers that passes removed or merged are not there: compile with
/// [`CompileOptions::EVERY_LAYER`](compiler::CompileOptions::EVERY_LAYER) to see all.
///
/// # Errors
/// As [`run`](crate::run()).
pub fn layers(compiled: &Compiled, inputs: &[Vec<u8>]) -> Result<Vec<LayerOutput>, RunFailure> {
    let mut model = HostModel::new(compiled);
    crate::run::write_inputs(&mut model.executor()?, compiled, inputs)?;
    let mut memory = model.memory();
    walk(compiled, true, &mut memory, &mut |_, _| {})?;
    let mut seen = Seen::new(compiled);
    walk(compiled, false, &mut memory, &mut |layer, memory| seen.finish(Some(layer), memory))?;
    seen.finish(None, &memory);
    Ok(seen.outputs())
}

/// What each layer wrote, from what somebody else's run of the same plan reports: for every step that ran, its
/// index and the bytes of its first operand.
///
/// The reports are laid into a memory like the one they come from, so that a layer of several steps is seen whole,
/// and one that takes no step is seen through the tensor that it shares.
///
/// # Errors
/// [`RunFailure::Report`] when a report does not fit the plan, and as [`run`](crate::run()).
pub fn layers_of<'b>(
    compiled: &Compiled,
    inputs: &[Vec<u8>],
    reports: impl IntoIterator<Item = (usize, &'b [u8])>,
) -> Result<Vec<LayerOutput>, RunFailure> {
    let mut model = HostModel::new(compiled);
    crate::run::write_inputs(&mut model.executor()?, compiled, inputs)?;
    let mut memory = model.memory();
    let mut seen = Seen::new(compiled);
    let mut reports = reports.into_iter().peekable();
    while let Some((index, bytes)) = reports.next() {
        let misfit = || RunFailure::Report { index, bytes: bytes.len() };
        let info = compiled.info(false, index).ok_or_else(misfit)?;
        let place = memory.bytes_mut(info.output).filter(|place| place.len() == bytes.len());
        place.ok_or_else(misfit)?.copy_from_slice(bytes);
        let next = reports.peek().and_then(|&(next, _)| compiled.info(false, next));
        if next.map(|next| next.layer) != Some(info.layer) {
            seen.finish(Some(usize::from(info.layer)), &memory);
        }
    }
    seen.finish(None, &memory);
    Ok(seen.outputs())
}

/// Layers that are done, and what they wrote.
struct Seen<'c> {
    compiled: &'c Compiled,
    next: usize,
    outputs: Vec<LayerOutput>,
}

impl<'c> Seen<'c> {
    fn new(compiled: &'c Compiled) -> Self {
        Self { compiled, next: 0, outputs: Vec::new() }
    }

    /// The nodes up to a layer are done when the last of its steps is, all of them when there is no layer left; those
    /// without steps wrote nothing, and are seen through the tensor that they share.
    fn finish(&mut self, layer: Option<usize>, memory: &Memory<'_>) {
        let nodes = &self.compiled.graph.main().nodes;
        let end = layer.map_or(nodes.len(), |layer| {
            nodes.iter().position(|node| node.layer == layer).map_or(self.next, |position| position + 1)
        });
        for node in nodes.get(self.next..end).unwrap_or_default() {
            for &id in &node.outputs {
                if self.compiled.graph.strips.holds(id) {
                    // A few rows; what the layer wrote is not there as a whole at any time.
                    continue;
                }
                let place = self.compiled.layout.places.get(&id);
                let Some(bytes) = place.and_then(|&place| memory.bytes(place)) else { continue };
                self.push(node, id, bytes.to_vec());
            }
        }
        self.next = self.next.max(end);
    }

    fn push(&mut self, node: &Node, id: TensorId, bytes: Vec<u8>) {
        let tensor = self.compiled.graph.tensors[id].name.clone();
        self.outputs.push(LayerOutput { layer: node.layer, operator: node.name(), tensor, bytes });
    }

    /// Everything seen, in the model's order, along with the layers whose output is a constant.
    fn outputs(mut self) -> Vec<LayerOutput> {
        let compiled = self.compiled;
        for node in &compiled.graph.folded {
            for &id in &node.outputs {
                let bytes = compiled.graph.tensors[id].data.clone().unwrap_or_default();
                self.push(node, id, bytes);
            }
        }
        self.outputs.sort_by_key(|output| output.layer);
        self.outputs
    }
}

/// Runs the steps, and says after the last step of each layer that it is done.
fn walk(
    compiled: &Compiled,
    setup: bool,
    memory: &mut Memory<'_>,
    done: &mut impl FnMut(usize, &Memory<'_>),
) -> Result<(), RunError> {
    let mut index = 0;
    let layer = |index: usize| compiled.info(setup, index).map(|info| usize::from(info.layer));
    let mut taken = 0u32;
    while let Some(current) = layer(index) {
        taken += 1;
        if taken > 1 << 24 {
            return Err(RunError::ControlFlow);
        }
        index = match compiled.run_step(setup, index, memory)? {
            Flow::Next => index + 1,
            Flow::Jump(to) => usize::from(to),
        };
        if layer(index) != Some(current) {
            done(current, memory);
        }
    }
    Ok(())
}
