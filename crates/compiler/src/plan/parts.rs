//! Which bytes of a buffer are needed at which instants.
//!
//! Steps that work on a part of a buffer say so by their operands. So each byte has a lifetime of its own: rows of
//! an image that were read for the last time make room while the others still wait, and rows that no step has
//! written yet take none.

use super::lifetime::{Ends, Lifetime};
use crate::ops::{
    Slot,
    lowering::{Buffer, Keeps, Loop, StepIr},
};

/// Bytes of a buffer that are needed at the same instants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// Where in the buffer.
    pub offset: usize,
    /// How many.
    pub bytes: usize,
    /// When they are needed, in order; nothing is in between.
    pub alive: Vec<Lifetime>,
}

impl Part {
    fn end(&self) -> usize {
        self.offset + self.bytes
    }

    /// Whether two parts are needed at the same instant.
    pub fn meets(&self, other: &Self) -> bool {
        let (mut ours, mut theirs) = (self.alive.iter().peekable(), other.alive.iter().peekable());
        while let (Some(a), Some(b)) = (ours.peek(), theirs.peek()) {
            if a.meets(**b) {
                return true;
            }
            if a.last < b.last {
                ours.next()
            } else {
                theirs.next()
            };
        }
        false
    }
}

/// From the first to the last instant at which anything of a buffer is needed; `None` when nothing ever is.
pub fn hull(parts: &[Part]) -> Option<Lifetime> {
    let all = parts.iter().flat_map(|part| &part.alive);
    all.copied().reduce(|a, b| Lifetime { first: a.first.min(b.first), last: a.last.max(b.last) })
}

/// One step's use of a run of bytes.
#[derive(Clone, Copy)]
struct Access {
    instant: usize,
    /// The same for steps of one layer that follow each other.
    turn: usize,
    begin: usize,
    end: usize,
    reads: bool,
}

/// The parts of each buffer, in the order of their offsets. Bytes that no step touches are in none.
///
/// Of a step's operands the first alone counts as written anew: what else a step writes is its own.
pub fn parts(buffers: &[Buffer], steps: &[StepIr], ends: &Ends, loops: &[Loop]) -> Vec<Vec<Part>> {
    let mut accesses: Vec<Vec<Access>> = vec![Vec::new(); buffers.len()];
    let mut turn = 0;
    let turns = steps.iter().enumerate().map(|(index, step)| {
        turn += usize::from(index == 0 || steps[index - 1].layer != step.layer);
        turn
    });
    let turns: Vec<usize> = turns.collect();
    let mut touch = |slot: Slot, (instant, turn): (usize, usize), reads: bool| {
        if let Slot::Buffer { id, offset, bytes } = slot
            && let Some(of) = accesses.get_mut(id)
        {
            of.push(Access { instant, turn, begin: offset, end: offset + bytes, reads });
        }
    };
    ends.first.iter().for_each(|&slot| touch(slot, (0, 0), false));
    for (index, step) in steps.iter().enumerate() {
        for (position, &slot) in step.operands.iter().enumerate() {
            touch(slot, (index + 1, turns[index]), position > 0);
        }
    }
    ends.last.iter().for_each(|&slot| touch(slot, (steps.len() + 1, usize::MAX), true));
    buffers.iter().zip(&accesses).map(|(buffer, accesses)| parts_of(buffer, accesses, loops)).collect()
}

fn parts_of(buffer: &Buffer, accesses: &[Access], loops: &[Loop]) -> Vec<Part> {
    let mut bounds: Vec<usize> = accesses.iter().flat_map(|access| [access.begin, access.end]).collect();
    bounds.sort_unstable();
    bounds.dedup();
    let mut parts: Vec<Part> = Vec::new();
    for pair in bounds.windows(2) {
        let (begin, end) = (pair[0], pair[1]);
        let touching = accesses.iter().filter(|access| access.begin <= begin && end <= access.end);
        let alive = widened(alive(touching, buffer.keeps), loops);
        match parts.last_mut() {
            _ if alive.is_empty() => {}
            Some(last) if last.end() == begin && last.alive == alive => last.bytes = end - last.offset,
            _ => parts.push(Part { offset: begin, bytes: end - begin, alive }),
        }
    }
    parts
}

/// When bytes are needed that steps touch in this order.
fn alive<'a>(touching: impl Iterator<Item = &'a Access>, keeps: Keeps) -> Vec<Lifetime> {
    let mut alive: Vec<Lifetime> = Vec::new();
    let mut last_turn = None;
    let mut touching = touching.peekable();
    while let Some(access) = touching.next() {
        let instant = access.instant;
        let mut reads = access.reads;
        while let Some(same) = touching.next_if(|next| next.instant == instant) {
            reads |= same.reads;
        }
        let goes_on = match keeps {
            Keeps::Throughout => true,
            // A layer may fill a place in several steps.
            Keeps::UntilRefilled => reads || last_turn == Some(access.turn),
            Keeps::WithinLayer => last_turn == Some(access.turn),
        };
        last_turn = Some(access.turn);
        match alive.last_mut() {
            Some(last) if goes_on => last.last = instant,
            _ => alive.push(Lifetime { first: instant, last: instant }),
        }
    }
    alive
}

/// What a repeated step uses, it uses again: it is needed over the whole loop. Inner loops come first, so that an
/// outer one covers what they were widened to.
fn widened(mut alive: Vec<Lifetime>, loops: &[Loop]) -> Vec<Lifetime> {
    for repeated in loops {
        let whole = Lifetime { first: repeated.first + 1, last: repeated.last + 1 };
        for lifetime in alive.iter_mut().filter(|lifetime| lifetime.meets(whole)) {
            lifetime.first = lifetime.first.min(whole.first);
            lifetime.last = lifetime.last.max(whole.last);
        }
    }
    let mut joined: Vec<Lifetime> = Vec::with_capacity(alive.len());
    for lifetime in alive {
        match joined.last_mut() {
            Some(last) if last.meets(lifetime) => last.last = last.last.max(lifetime.last),
            _ => joined.push(lifetime),
        }
    }
    joined
}

/// One part for each buffer that is used, over all of its life: where what a step left is to be seen whole.
pub fn whole(buffers: &[Buffer], lifetimes: &[Option<Lifetime>]) -> Vec<Vec<Part>> {
    let part = |(buffer, lifetime): (&Buffer, &Option<Lifetime>)| {
        lifetime
            .map(|lifetime| Part { offset: 0, bytes: buffer.bytes, alive: vec![lifetime] })
            .into_iter()
            .collect()
    };
    buffers.iter().zip(lifetimes).map(part).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn buffer(bytes: usize, keeps: Keeps) -> Buffer {
        Buffer { name: String::new(), bytes, align: 4, is_state: false, keeps, fill: Vec::new() }
    }

    fn access(instant: usize, begin: usize, end: usize, reads: bool) -> Access {
        Access { instant, turn: instant / 4, begin, end, reads }
    }

    fn life(first: usize, last: usize) -> Lifetime {
        Lifetime { first, last }
    }

    #[test]
    fn bytes_that_are_read_early_are_free_early() {
        let all = [access(1, 0, 8, false), access(2, 0, 4, true), access(5, 4, 8, true)];
        let parts = parts_of(&buffer(8, Keeps::Throughout), &all, &[]);
        assert_eq!(
            parts,
            [
                Part { offset: 0, bytes: 4, alive: vec![life(1, 2)] },
                Part { offset: 4, bytes: 4, alive: vec![life(1, 5)] }
            ]
        );
        assert_eq!(hull(&parts), Some(life(1, 5)));
        assert_eq!(hull(&[]), None);
    }

    #[test]
    fn only_what_is_refilled_rests_between_its_uses() {
        let all = [
            access(1, 0, 4, false),
            access(2, 0, 4, true),
            access(6, 0, 4, false),
            access(7, 0, 4, true),
            // Read and written by one step: what it reads must have lasted until then.
            access(9, 0, 4, false),
            access(9, 0, 4, true),
        ];
        let refilled = parts_of(&buffer(4, Keeps::UntilRefilled), &all, &[]);
        assert_eq!(refilled[0].alive, [life(1, 2), life(6, 9)]);
        let in_two_steps = [access(1, 0, 4, false), access(2, 0, 4, false), access(5, 0, 4, true)];
        let joined = parts_of(&buffer(4, Keeps::UntilRefilled), &in_two_steps, &[]);
        assert_eq!(joined[0].alive, [life(1, 5)]);
        let kept = parts_of(&buffer(4, Keeps::Throughout), &all, &[]);
        assert_eq!(kept[0].alive, [life(1, 9)]);
        // Instants 1 and 2 are of one turn here, 6 and 7 of another, 9 of a third.
        let scratch = parts_of(&buffer(4, Keeps::WithinLayer), &all, &[]);
        assert_eq!(scratch[0].alive, [life(1, 2), life(6, 7), life(9, 9)]);
    }

    #[test]
    fn a_loop_needs_what_it_uses_from_end_to_end() {
        let all = [access(3, 0, 4, false), access(4, 0, 4, true), access(8, 0, 4, false)];
        let parts = parts_of(&buffer(4, Keeps::UntilRefilled), &all, &[Loop { first: 1, last: 4 }]);
        assert_eq!(parts[0].alive, [life(2, 5), life(8, 8)]);
    }

    #[test]
    fn parts_meet_when_any_of_their_lives_do() {
        let part = |alive: Vec<Lifetime>| Part { offset: 0, bytes: 1, alive };
        let a = part(vec![life(0, 1), life(5, 6), life(9, 9)]);
        assert!(!a.meets(&part(vec![life(2, 4), life(7, 8)])));
        assert!(a.meets(&part(vec![life(2, 4), life(7, 9)])));
        assert!(a.meets(&part(vec![life(1, 4)])) && part(vec![life(1, 4)]).meets(&a));
    }
}
