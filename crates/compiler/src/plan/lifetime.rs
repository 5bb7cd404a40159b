//! Which steps a buffer must keep its bytes over.

use crate::ops::{
    Slot,
    lowering::{Buffer, BufferId, Loop, StepIr},
};

/// A run of steps, both ends included. Step `s` of the plan is instant `s + 1`: instant 0 is before the first
/// step, when the caller writes the inputs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lifetime {
    /// First instant.
    pub first: usize,
    /// Last instant.
    pub last: usize,
}

impl Lifetime {
    /// Whether two buffers are needed at the same instant.
    pub fn meets(self, other: Self) -> bool {
        self.first <= other.last && other.first <= self.last
    }
}

/// What the caller writes before the first step and reads after the last.
pub struct Ends {
    /// Inputs.
    pub first: Vec<Slot>,
    /// Outputs.
    pub last: Vec<Slot>,
}

/// The lifetime of each buffer; `None` for one that nothing uses.
pub fn lifetimes(count: usize, steps: &[StepIr], ends: &Ends, loops: &[Loop]) -> Vec<Option<Lifetime>> {
    let mut lifetimes: Vec<Option<Lifetime>> = vec![None; count];
    let mut touch = |slot: Slot, instant: usize| {
        if let Slot::Buffer { id, .. } = slot {
            let lifetime = lifetimes[id].get_or_insert(Lifetime { first: instant, last: instant });
            lifetime.first = lifetime.first.min(instant);
            lifetime.last = lifetime.last.max(instant);
        }
    };
    for &slot in &ends.first {
        touch(slot, 0);
    }
    for (index, step) in steps.iter().enumerate() {
        for &slot in &step.operands {
            touch(slot, index + 1);
        }
    }
    for &slot in &ends.last {
        touch(slot, steps.len() + 1);
    }
    // What a repeated step uses, it uses again: it is needed over the whole loop. Inner loops come first, so
    // that an outer one covers what they were widened to.
    for repeated in loops {
        let (first, last) = (repeated.first + 1, repeated.last + 1);
        for lifetime in lifetimes.iter_mut().flatten() {
            if lifetime.first <= last && first <= lifetime.last {
                lifetime.first = lifetime.first.min(first);
                lifetime.last = lifetime.last.max(last);
            }
        }
    }
    lifetimes
}

/// Keeps what a step uses until its layer is done, so that all that the layer wrote can be seen then, even
/// what nothing reads.
pub fn keep_for_the_layer(lifetimes: &mut [Option<Lifetime>], steps: &[StepIr]) {
    let mut end = steps.len();
    for (index, step) in steps.iter().enumerate().rev() {
        if steps.get(index + 1).is_none_or(|next| next.layer != step.layer) {
            end = index + 1;
        }
        for slot in &step.operands {
            if let Slot::Buffer { id, .. } = slot
                && let Some(lifetime) = &mut lifetimes[*id]
            {
                lifetime.last = lifetime.last.max(end);
            }
        }
    }
}

/// Lets steps that can work in place do so, where nothing needs the overwritten bytes afterwards. Gives the
/// buffers that went up in others: old and new.
pub fn overwrite(
    buffers: &[Buffer],
    steps: &mut [StepIr],
    ends: &mut Ends,
    loops: &[Loop],
) -> Vec<(BufferId, BufferId)> {
    let mut merged = Vec::new();
    for index in 0..steps.len() {
        if loops.iter().any(|repeated| (repeated.first..=repeated.last).contains(&index)) {
            continue;
        }
        for choice in steps[index].may_overwrite.clone() {
            if let Some((from, to)) = overwritten(buffers, steps, ends, index, choice) {
                let later = steps.iter_mut().skip(index).flat_map(|step| &mut step.operands);
                later.chain(&mut ends.last).for_each(|slot| rename(slot, to, from));
                merged.push((to, from));
                break;
            }
        }
    }
    merged
}

/// The buffers that a step would merge: the one it reads, and the one it writes.
fn overwritten(
    buffers: &[Buffer],
    steps: &[StepIr],
    ends: &Ends,
    index: usize,
    choice: usize,
) -> Option<(BufferId, BufferId)> {
    let (Slot::Buffer { id: to, offset: 0, bytes }, Slot::Buffer { id: from, offset: 0, bytes: read }) =
        (*steps[index].operands.first()?, *steps[index].operands.get(choice)?)
    else {
        return None;
    };
    let names = |id: BufferId, slot: &Slot| matches!(slot, Slot::Buffer { id: named, .. } if *named == id);
    let fits = bytes == read
        && buffers[from].bytes == bytes
        && buffers[to].bytes == bytes
        && buffers[to].align <= buffers[from].align;
    let is_state = buffers[from].is_state || buffers[to].is_state;
    let read_once = steps[index].operands.iter().filter(|slot| names(from, slot)).count() == 1;
    let read_later = steps[index + 1..].iter().flat_map(|step| &step.operands).any(|slot| names(from, slot));
    let written_before = steps[..index].iter().flat_map(|step| &step.operands).any(|slot| names(to, slot));
    let held =
        ends.last.iter().any(|slot| names(from, slot)) || ends.first.iter().any(|slot| names(to, slot));
    (from != to && fits && !is_state && read_once && !read_later && !written_before && !held)
        .then_some((from, to))
}

/// Puts one buffer in the place of another.
pub fn rename(slot: &mut Slot, old: BufferId, new: BufferId) {
    if let Slot::Buffer { id, .. } = slot
        && *id == old
    {
        *id = new;
    }
}
