//! Where in its memory each buffer lies.

use super::Lifetime;
use crate::ops::lowering::Buffer;

/// Places buffers in the arena: their offsets, the arena's length, and the most bytes alive at once.
pub fn place(buffers: &[Buffer], lifetimes: &[Option<Lifetime>]) -> (Vec<usize>, usize, usize) {
    let mut order: Vec<usize> =
        (0..buffers.len()).filter(|&id| !buffers[id].is_state && lifetimes[id].is_some()).collect();
    order.sort_by_key(|&id| (std::cmp::Reverse(buffers[id].bytes), lifetimes[id].map(|it| it.first), id));
    let mut offsets = vec![0; buffers.len()];
    let mut length = 0;
    for (position, &id) in order.iter().enumerate() {
        let Some(lifetime) = lifetimes[id] else { continue };
        let mut taken: Vec<(usize, usize)> = order[..position]
            .iter()
            .filter(|&&other| lifetimes[other].is_some_and(|it| it.meets(lifetime)))
            .map(|&other| (offsets[other], offsets[other] + buffers[other].bytes))
            .collect();
        taken.sort_unstable();
        offsets[id] = first_gap(&taken, buffers[id].bytes, buffers[id].align);
        length = length.max(offsets[id] + buffers[id].bytes);
    }
    (offsets, length.next_multiple_of(4), bound(buffers, lifetimes))
}

fn first_gap(taken: &[(usize, usize)], bytes: usize, align: usize) -> usize {
    let mut at = 0usize;
    for &(begin, end) in taken {
        if at + bytes <= begin {
            break;
        }
        at = at.max(end.next_multiple_of(align));
    }
    at
}

/// The most bytes alive at one instant.
fn bound(buffers: &[Buffer], lifetimes: &[Option<Lifetime>]) -> usize {
    let last = lifetimes.iter().flatten().map(|it| it.last).max().unwrap_or(0);
    let alive = |instant: usize| {
        let held = buffers.iter().zip(lifetimes).filter(|(buffer, lifetime)| {
            !buffer.is_state && lifetime.is_some_and(|it| (it.first..=it.last).contains(&instant))
        });
        held.map(|(buffer, _)| buffer.bytes).sum()
    };
    (0..=last).map(alive).max().unwrap_or(0)
}

/// Places state buffers one after the other.
pub fn place_state(buffers: &[Buffer], mut offsets: Vec<usize>) -> (Vec<usize>, usize) {
    let mut length = 0usize;
    for (id, buffer) in buffers.iter().enumerate().filter(|(_, buffer)| buffer.is_state) {
        offsets[id] = length.next_multiple_of(buffer.align);
        length = offsets[id] + buffer.bytes;
    }
    (offsets, length)
}
