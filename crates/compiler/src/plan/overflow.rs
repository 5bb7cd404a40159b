//! What leaves the arena when the memory that it lies in is too small for it.
//!
//! Buffers are moved out one by one: of those alive when most bytes are, the one whose bytes are used the least for
//! the room that it makes. What scratch holds is used over and over within a step, so it is the last to go.

use super::{
    Part,
    place::{Placement, bound, place},
};
use crate::ops::{
    Slot,
    lowering::{Buffer, Keeps, StepIr},
};

/// How often a step uses a byte of scratch, where it uses one of a tensor once.
const USES_OF_SCRATCH: usize = 16;

/// Buffers in two memories.
pub struct Overflow {
    /// Which buffers lie in the second.
    pub is_out: Vec<bool>,
    /// The arena.
    pub arena: Placement,
    /// The second memory.
    pub beyond: Placement,
}

/// Keeps as much as possible of what is used most in an arena of `limit` bytes.
pub fn overflow(buffers: &[Buffer], parts: &[Vec<Part>], steps: &[StepIr], limit: usize) -> Overflow {
    let in_arena = |(buffer, parts): (&Buffer, &Vec<Part>)| match buffer.is_state {
        true => Vec::new(),
        false => parts.clone(),
    };
    let mut held: Vec<Vec<Part>> = buffers.iter().zip(parts).map(in_arena).collect();
    let uses = uses(buffers, steps);
    let mut out: Vec<usize> = Vec::new();
    let mut arena = fits(buffers, &held, limit);
    while arena.is_none() {
        let Some(next) = cheapest(&held, &uses) else { break };
        held[next].clear();
        out.push(next);
        arena = fits(buffers, &held, limit);
    }
    // Where something large went last, what is smaller may come back.
    let mut arena = arena.unwrap_or_else(|| place(buffers, &held));
    out.sort_by_key(|&id| std::cmp::Reverse(uses[id]));
    out.retain(|&id| {
        held[id] = parts[id].clone();
        let placed = fits(buffers, &held, limit);
        let stays = placed.is_none();
        arena = placed.unwrap_or_else(|| {
            held[id].clear();
            std::mem::take(&mut arena)
        });
        stays
    });
    let mut is_out = vec![false; buffers.len()];
    out.iter().for_each(|&id| is_out[id] = true);
    let beyond = |(id, parts): (usize, &Vec<Part>)| if is_out[id] { parts.clone() } else { Vec::new() };
    let beyond = place(buffers, &parts.iter().enumerate().map(beyond).collect::<Vec<_>>());
    Overflow { is_out, arena, beyond }
}

/// Places for what the arena holds; `None` where it is longer than it may be.
fn fits(buffers: &[Buffer], held: &[Vec<Part>], limit: usize) -> Option<Placement> {
    (bound(held.iter().flatten()) <= limit)
        .then(|| place(buffers, held))
        .filter(|placed| placed.bytes <= limit)
}

/// How many bytes steps use of each buffer, a byte as often as it is used.
fn uses(buffers: &[Buffer], steps: &[StepIr]) -> Vec<usize> {
    let mut uses = vec![0; buffers.len()];
    for &slot in steps.iter().flat_map(|step| &step.operands) {
        if let Slot::Buffer { id, bytes, .. } = slot {
            let often = if buffers[id].keeps == Keeps::WithinLayer { USES_OF_SCRATCH } else { 1 };
            uses[id] += bytes * often;
        }
    }
    uses
}

/// Of the buffers that hold bytes at the fullest instant, the one that is used the least for what it holds then.
fn cheapest(held: &[Vec<Part>], uses: &[usize]) -> Option<usize> {
    let instants = held.iter().flatten().flat_map(|part| &part.alive).map(|lifetime| lifetime.first);
    let mut instants: Vec<usize> = instants.collect();
    instants.sort_unstable();
    instants.dedup();
    let bytes_at = |parts: &[Part], instant: usize| -> usize {
        let is_alive = |part: &&Part| part.alive.iter().any(|it| it.first <= instant && instant <= it.last);
        parts.iter().filter(is_alive).map(|part| part.bytes).sum()
    };
    let fullest = instants
        .into_iter()
        .max_by_key(|&instant| held.iter().map(|parts| bytes_at(parts, instant)).sum::<usize>())?;
    let holding = held.iter().enumerate().map(|(id, parts)| (id, bytes_at(parts, fullest)));
    holding
        .filter(|&(_, bytes)| bytes > 0)
        .map(|(id, bytes)| (id, uses[id] as f64 / bytes as f64, bytes))
        .min_by(|(_, a, a_bytes), (_, b, b_bytes)| a.total_cmp(b).then(b_bytes.cmp(a_bytes)))
        .map(|(id, ..)| id)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::Lifetime;
    use engine::ops::Jump;

    fn buffer(bytes: usize, keeps: Keeps) -> Buffer {
        Buffer { name: String::new(), bytes, align: 4, is_state: false, keeps, fill: Vec::new() }
    }

    fn step(uses: &[(usize, usize)]) -> StepIr {
        let operands = uses.iter().map(|&(id, bytes)| Slot::Buffer { id, offset: 0, bytes }).collect();
        StepIr { operator: Jump { to: 0 }.into(), operands, may_overwrite: Vec::new(), layer: 0 }
    }

    fn alive(bytes: usize, first: usize, last: usize) -> Vec<Part> {
        vec![Part { offset: 0, bytes, alive: vec![Lifetime { first, last }] }]
    }

    /// An image that is used once more, one that is used three times, scratch, all alive together, and a small one
    /// later.
    fn four() -> (Vec<Buffer>, Vec<Vec<Part>>, Vec<StepIr>) {
        let keeps = [Keeps::Throughout, Keeps::Throughout, Keeps::WithinLayer, Keeps::Throughout];
        let buffers = [40, 40, 20, 8].into_iter().zip(keeps).map(|(bytes, keeps)| buffer(bytes, keeps));
        let parts = vec![alive(40, 0, 2), alive(40, 1, 3), alive(20, 1, 2), alive(8, 4, 5)];
        let steps =
            vec![step(&[(1, 40), (0, 40), (2, 20)]), step(&[(1, 40)]), step(&[(1, 40)]), step(&[(3, 8)])];
        (buffers.collect(), parts, steps)
    }

    #[test]
    fn what_is_used_least_leaves() {
        let (buffers, parts, steps) = four();
        let split = overflow(&buffers, &parts, &steps, 60);
        assert_eq!(split.is_out, [true, false, false, false]);
        assert_eq!((split.arena.bytes, split.beyond.bytes), (60, 40));
    }

    #[test]
    fn scratch_is_the_last_to_leave_and_what_fits_comes_back() {
        let (buffers, parts, steps) = four();
        assert_eq!(overflow(&buffers, &parts, &steps, 20).is_out, [true, true, false, false]);
        assert_eq!(overflow(&buffers, &parts, &steps, 8).is_out, [true, true, true, false]);
        assert_eq!(overflow(&buffers, &parts, &steps, 0).is_out, [true; 4]);
    }

    #[test]
    fn what_fits_stays() {
        let (buffers, parts, steps) = four();
        let split = overflow(&buffers, &parts, &steps, 100);
        assert_eq!((split.is_out, split.arena.bytes, split.beyond.bytes), (vec![false; 4], 100, 0));
    }
}
