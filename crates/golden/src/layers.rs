//! What every layer of a model writes.

use compiler::{Compiled, HostModel};
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
    let mut outputs = Vec::new();
    let nodes = &compiled.graph.main().nodes;
    let mut next = 0;
    // The nodes up to a layer are done when the last of its steps is; those without steps wrote nothing, and
    // are seen through the tensor that they share.
    let mut finish = |layer: Option<usize>, memory: &Memory<'_>| {
        let end = layer.map_or(nodes.len(), |layer| {
            nodes.iter().position(|node| node.layer == layer).map_or(next, |position| position + 1)
        });
        for node in nodes.get(next..end).unwrap_or_default() {
            for &id in &node.outputs {
                let place = compiled.layout.places.get(&id);
                let Some(bytes) = place.and_then(|&place| memory.bytes(place)) else { continue };
                outputs.push(LayerOutput {
                    layer: node.layer,
                    operator: node.name(),
                    tensor: compiled.graph.tensors[id].name.clone(),
                    bytes: bytes.to_vec(),
                });
            }
        }
        next = next.max(end);
    };
    walk(compiled, false, &mut memory, &mut finish)?;
    finish(None, &memory);
    for node in &compiled.graph.folded {
        for &id in &node.outputs {
            let tensor = &compiled.graph.tensors[id];
            outputs.push(LayerOutput {
                layer: node.layer,
                operator: node.name(),
                tensor: tensor.name.clone(),
                bytes: tensor.data.clone().unwrap_or_default(),
            });
        }
    }
    outputs.sort_by_key(|output| output.layer);
    Ok(outputs)
}

/// Runs the steps, and says after the last step of each layer that it is done.
fn walk(
    compiled: &Compiled,
    setup: bool,
    memory: &mut Memory<'_>,
    done: &mut impl FnMut(Option<usize>, &Memory<'_>),
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
            done(Some(current), memory);
        }
    }
    Ok(())
}
