//! From steps on buffers to steps on bytes: who lives when, and where.

mod lifetime;
mod order;
mod overflow;
mod parts;
pub mod picture;
mod place;

use std::collections::HashMap;

use engine::{Operand, ops::AnyOperator};

pub use lifetime::Lifetime;
pub use order::order;
pub use parts::Part;

use crate::{
    CompileOptions,
    graph::TensorId,
    ops::{
        Lowering, Slot,
        lowering::{Buffer, StepIr},
    },
    refusal::CompileError,
};

/// A step whose operands have places.
#[derive(Clone, Debug, PartialEq)]
pub struct PlannedStep {
    /// The operator and its parameters.
    pub operator: AnyOperator,
    /// What it works on; what it writes comes first.
    pub operands: Vec<Operand>,
    /// Index of the model's operator.
    pub layer: usize,
}

/// A buffer with its place.
#[derive(Clone, Debug, PartialEq)]
pub struct PlannedBuffer {
    /// Whose it is, for people.
    pub name: String,
    /// Where in its memory.
    pub offset: usize,
    /// Size.
    pub bytes: usize,
    /// Whether it lies in the state instead of the arena.
    pub is_state: bool,
    /// From the first to the last step that needs any of it.
    pub lifetime: Lifetime,
    /// Which of its bytes are needed when.
    pub parts: Vec<Part>,
}

/// A graph as steps on bytes.
#[derive(Clone, Debug, PartialEq)]
pub struct Layout {
    /// Steps in the order they run, set-up first.
    pub steps: Vec<PlannedStep>,
    /// How many of the steps run once only, before the first run.
    pub setup: usize,
    /// Inputs of the model.
    pub inputs: Vec<(TensorId, Operand)>,
    /// Outputs of the model.
    pub outputs: Vec<(TensorId, Operand)>,
    /// Constants.
    pub weights: Vec<u8>,
    /// Bytes of arena, scratch included.
    pub arena_bytes: usize,
    /// The least that any placement of these lifetimes could need: the most bytes alive at once.
    pub arena_bound: usize,
    /// Bytes of state, and of what the arena has no room for.
    pub state_bytes: usize,
    /// Of these, at their end, bytes of tensors that live within one run.
    pub overflow_bytes: usize,
    /// What the state begins as, where that is not 0.
    pub fills: Vec<(Operand, Vec<u8>)>,
    /// Every buffer and its place.
    pub buffers: Vec<PlannedBuffer>,
    /// Where each tensor that some step reads or writes lies.
    pub places: HashMap<TensorId, Operand>,
}

impl Layout {
    /// Bytes that one run moves only to make room.
    pub fn moved_bytes(&self) -> usize {
        let slides = self.steps.iter().filter(|step| matches!(step.operator, AnyOperator::SlideBytes(_)));
        slides.filter_map(|step| step.operands.first()).map(|operand| operand.bytes()).sum()
    }
}

/// The lifetime of each buffer as a whole, before any step works in place.
pub(crate) fn whole_lifetimes(lowering: &mut Lowering<'_>) -> Vec<Option<Lifetime>> {
    let main = lowering.graph().main();
    let ends = lifetime::Ends {
        first: main.inputs.iter().map(|&id| lowering.slot(id)).collect(),
        last: main.outputs.iter().map(|&id| lowering.slot(id)).collect(),
    };
    lifetime::lifetimes(lowering.buffers.len(), &lowering.steps, &ends, &lowering.loops)
}

/// Where tensors of one run may begin in the state: as the arena does.
const STATE_ALIGN: usize = 16;

/// Gives every buffer a place.
///
/// # Errors
/// [`CompileError::TooLarge`] when a memory would be longer than an operand can address.
pub fn plan(mut lowering: Lowering<'_>, options: CompileOptions) -> Result<Layout, CompileError> {
    let main = lowering.graph().main().clone();
    let inputs: Vec<_> = main.inputs.iter().map(|&id| (id, lowering.slot(id))).collect();
    let outputs: Vec<_> = main.outputs.iter().map(|&id| (id, lowering.slot(id))).collect();
    let mut places: Vec<(TensorId, Slot)> = lowering.places().collect();
    let Lowering { weights, buffers, mut steps, setup, loops, .. } = lowering;

    let mut ends = lifetime::Ends {
        first: inputs.iter().map(|&(_, slot)| slot).collect(),
        last: outputs.iter().map(|&(_, slot)| slot).collect(),
    };
    for (from, to) in lifetime::overwrite(&buffers, &mut steps, &mut ends, &loops) {
        places.iter_mut().for_each(|(_, slot)| lifetime::rename(slot, from, to));
    }
    let parts = if options.keep_every_tensor {
        let mut lifetimes = lifetime::lifetimes(buffers.len(), &steps, &ends, &loops);
        lifetime::keep_for_the_layer(&mut lifetimes, &steps);
        parts::whole(&buffers, &lifetimes)
    } else {
        parts::parts(&buffers, &steps, &ends, &loops)
    };
    let mut arena = place::place(&buffers, &parts);
    let mut in_state: Vec<bool> = buffers.iter().map(|buffer| buffer.is_state).collect();
    let mut state_bytes = place::place_state(&buffers, &mut arena.offsets);
    let mut overflow_bytes = 0;
    let limit = options.fast_ram.map_or(usize::MAX, |bytes| bytes as usize);
    if arena.bytes > limit {
        let split = overflow::overflow(&buffers, &parts, &steps, limit);
        let begin = state_bytes.next_multiple_of(STATE_ALIGN);
        let states = buffers.iter().map(|buffer| buffer.is_state);
        for (id, (is_state, is_out)) in states.zip(split.is_out).enumerate() {
            in_state[id] |= is_out;
            if is_out {
                arena.offsets[id] = begin + split.beyond.offsets[id];
            } else if !is_state {
                arena.offsets[id] = split.arena.offsets[id];
            }
        }
        (arena.bytes, arena.bound) = (split.arena.bytes, split.arena.bound);
        overflow_bytes = split.beyond.bytes;
        state_bytes = begin + overflow_bytes;
    }
    let place::Placement { offsets, bytes: arena_bytes, bound: arena_bound } = arena;

    let limit = u64::from(Operand::MAX_OFFSET);
    for (what, bytes) in [("weights", weights.len()), ("arena", arena_bytes), ("state", state_bytes)] {
        if bytes as u64 > limit {
            return Err(CompileError::TooLarge { what, bytes: bytes as u64, limit });
        }
    }
    if steps.len() > usize::from(u16::MAX) {
        return Err(CompileError::TooLarge {
            what: "steps",
            bytes: steps.len() as u64,
            limit: u64::from(u16::MAX),
        });
    }

    let resolve = |slot: Slot| operand(slot, &in_state, &offsets);
    let fills = buffers.iter().enumerate().filter(|(_, buffer)| buffer.is_state && !buffer.fill.is_empty());
    let fills = fills
        .map(|(id, buffer)| (Operand::state(offsets[id] as u32, buffer.bytes as u32), buffer.fill.clone()));
    Ok(Layout {
        inputs: inputs.iter().zip(&ends.first).map(|(&(id, _), &slot)| (id, resolve(slot))).collect(),
        outputs: outputs.iter().zip(&ends.last).map(|(&(id, _), &slot)| (id, resolve(slot))).collect(),
        fills: fills.collect(),
        places: places.into_iter().map(|(id, slot)| (id, resolve(slot))).collect(),
        buffers: planned_buffers(&buffers, &in_state, &offsets, parts),
        steps: planned_steps(&steps, resolve),
        setup,
        weights,
        arena_bytes,
        arena_bound,
        state_bytes,
        overflow_bytes,
    })
}

fn operand(slot: Slot, in_state: &[bool], offsets: &[usize]) -> Operand {
    match slot {
        Slot::Absent => Operand::ABSENT,
        Slot::Const { offset, bytes } => Operand::weights(offset as u32, bytes as u32),
        Slot::Buffer { id, offset, bytes } => {
            let at = (offsets[id] + offset) as u32;
            let bytes = bytes as u32;
            if in_state[id] { Operand::state(at, bytes) } else { Operand::arena(at, bytes) }
        }
    }
}

fn planned_steps(steps: &[StepIr], resolve: impl Fn(Slot) -> Operand) -> Vec<PlannedStep> {
    let resolved = |step: &StepIr| PlannedStep {
        operator: step.operator,
        operands: step.operands.iter().map(|&slot| resolve(slot)).collect(),
        layer: step.layer,
    };
    steps.iter().map(resolved).collect()
}

fn planned_buffers(
    buffers: &[Buffer],
    in_state: &[bool],
    offsets: &[usize],
    parts: Vec<Vec<Part>>,
) -> Vec<PlannedBuffer> {
    let used = buffers.iter().zip(in_state.iter().zip(offsets)).zip(parts);
    used.filter_map(|((buffer, (&is_state, &offset)), parts)| {
        Some(PlannedBuffer {
            name: buffer.name.clone(),
            offset,
            bytes: buffer.bytes,
            is_state,
            lifetime: parts::hull(&parts)?,
            parts,
        })
    })
    .collect()
}
