//! Where in its memory each buffer lies.
//!
//! Buffers are placed one after the other, each at the lowest place where none of its parts lies on a part of
//! another buffer that is alive at the same time. Parts keep their places in the buffer, but each has a lifetime of
//! its own, so an image may be written over rows of another that were read already. What comes of it depends on the order alone, so several orders are tried, then random exchanges in
//! the best of them, until the length is the most bytes alive at once (nothing can be shorter) or the tries
//! are used up. The random numbers are the same in every run.

use std::cmp::Reverse;

use super::{
    Lifetime,
    parts::{Part, hull},
};
use crate::ops::lowering::Buffer;

/// Random exchanges that are tried before the best length so far stands.
const TRIES: usize = 3000;
/// Buffer pairs that may be looked at in all tries together, so that a large network does not take long.
const WORK: usize = 40_000_000;

/// Where the buffers of the arena lie.
#[derive(Default)]
pub struct Placement {
    /// Per buffer; 0 for those that lie elsewhere.
    pub offsets: Vec<usize>,
    /// The arena's length.
    pub bytes: usize,
    /// The most bytes alive at once: no placement is shorter.
    pub bound: usize,
}

struct Item {
    id: usize,
    bytes: usize,
    align: usize,
    lifetime: Lifetime,
    parts: Vec<Part>,
    /// Items that this one meets, and where it must not begin.
    neighbours: Vec<(usize, Vec<Between>)>,
}

/// Distances from one item to another, both ends excluded, at which live bytes of theirs would share a place.
type Between = (i64, i64);

/// Places buffers in the arena.
pub fn place(buffers: &[Buffer], parts: &[Vec<Part>]) -> Placement {
    let mut items: Vec<Item> = Vec::new();
    for (id, (buffer, parts)) in buffers.iter().zip(parts).enumerate() {
        if let Some(lifetime) = hull(parts).filter(|_| !buffer.is_state && buffer.bytes > 0) {
            let (bytes, align, parts) = (buffer.bytes, buffer.align, parts.clone());
            items.push(Item { id, bytes, align, lifetime, parts, neighbours: Vec::new() });
        }
    }
    for index in 0..items.len() {
        let meets = |&other: &usize| other != index && items[other].lifetime.meets(items[index].lifetime);
        let others = (0..items.len()).filter(meets);
        let neighbours = others.map(|other| (other, clashes(&items[other].parts, &items[index].parts)));
        items[index].neighbours = neighbours.filter(|(_, clashes)| !clashes.is_empty()).collect();
    }
    let bound = bound(items.iter().flat_map(|item| &item.parts));
    let (offsets, bytes) = search(&items, bound);
    let mut all = vec![0; buffers.len()];
    items.iter().zip(offsets).for_each(|(item, offset)| all[item.id] = offset);
    Placement { offsets: all, bytes: bytes.next_multiple_of(4), bound }
}

/// How far `to` must not begin from the beginning of `from`.
fn clashes(from: &[Part], to: &[Part]) -> Vec<Between> {
    let mut all: Vec<Between> = Vec::new();
    for a in from {
        for b in to.iter().filter(|b| a.meets(b)) {
            let (a_end, b_end) = (a.offset + a.bytes, b.offset + b.bytes);
            all.push((a.offset as i64 - b_end as i64, a_end as i64 - b.offset as i64));
        }
    }
    all.sort_unstable();
    let mut joined: Vec<Between> = Vec::new();
    for (low, high) in all {
        match joined.last_mut() {
            // Where one ends and the next begins is a place between them.
            Some(last) if low < last.1 => last.1 = last.1.max(high),
            _ => joined.push((low, high)),
        }
    }
    joined
}

/// What a first order is sorted by.
type Key<'k> = &'k dyn Fn(&Item) -> (Reverse<usize>, usize);

/// From which end of the arena places are looked for. An image that is written over another's rows lies a little
/// below it, so a run of such images is packed from the last to the first upwards, or from the first to the last
/// downwards.
#[derive(Clone, Copy, PartialEq, Eq)]
enum From {
    Bottom,
    Top,
}

/// An order of placing, and what comes of it.
#[derive(Clone)]
struct Tried {
    order: Vec<usize>,
    from: From,
    offsets: Vec<usize>,
    bytes: usize,
    /// By how much items reach beyond the bound, all of them together: a long arena may have several causes, of
    /// which a step forward mends one.
    excess: usize,
}

fn search(items: &[Item], bound: usize) -> (Vec<usize>, usize) {
    let mut order: Vec<usize> = (0..items.len()).collect();
    let mut best = lay_out(items, order.clone(), From::Bottom);
    let length = |item: &Item| item.lifetime.last - item.lifetime.first + 1;
    let keys: [Key; 5] = [
        &|item| (Reverse(item.bytes), item.lifetime.first),
        &|item| (Reverse(item.bytes * length(item)), item.lifetime.first),
        &|item| (Reverse(length(item)), usize::MAX - item.bytes),
        &|item| (Reverse(usize::MAX - item.lifetime.first), usize::MAX - item.bytes),
        &|item| (Reverse(item.lifetime.first), usize::MAX - item.bytes),
    ];
    let consider = |order: Vec<usize>, from: From, best: &mut Tried| {
        let mut tried = lay_out(items, order, from);
        let reach = tried.offsets.iter().zip(items).map(|(offset, item)| offset + item.bytes);
        tried.excess = reach.map(|end| end.saturating_sub(bound)).sum();
        // What is no better may lead to what is.
        if (tried.bytes, tried.excess) <= (best.bytes, best.excess) {
            *best = tried;
        }
        best.bytes <= bound
    };
    for key in keys {
        order.sort_by_key(|&index| (key(&items[index]), items[index].id));
        for from in [From::Bottom, From::Top] {
            if consider(order.clone(), from, &mut best) {
                return (best.offsets, best.bytes);
            }
        }
    }
    let tries = TRIES.min(WORK / (items.len() * items.len()).max(1));
    let mut random = 0x2545_f491_4f6c_dd1d_u64;
    let mut below = |limit: usize| {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        (random % limit.max(1) as u64) as usize
    };
    for _ in 0..tries {
        let mut order = best.order.clone();
        let (mut from, mut to) = (below(order.len()), below(order.len()));
        if below(2) == 0 {
            // What reaches highest may find a better place if it comes earlier.
            let reach = |&index: &usize| best.offsets[index] + items[index].bytes;
            from = (0..order.len()).max_by_key(|&at| reach(&order[at])).unwrap_or(from);
            to = below(from + 1);
        }
        let moved = order.remove(from);
        order.insert(to, moved);
        let other = if best.from == From::Top { From::Bottom } else { From::Top };
        let from = if below(8) == 0 { other } else { best.from };
        if consider(order, from, &mut best) {
            break;
        }
    }
    (best.offsets, best.bytes)
}

/// Places items in an order.
fn lay_out(items: &[Item], order: Vec<usize>, from: From) -> Tried {
    // From the top, places are distances from there to an item's end.
    let mut offsets = vec![0; items.len()];
    let mut is_placed = vec![false; items.len()];
    let mut length = 0;
    let mut taken: Vec<Between> = Vec::new();
    for &index in &order {
        let item = &items[index];
        taken.clear();
        for (other, clashes) in item.neighbours.iter().filter(|(other, _)| is_placed[*other]) {
            let at = offsets[*other] as i64;
            let longer = items[*other].bytes as i64 - item.bytes as i64;
            taken.extend(clashes.iter().map(|&(low, high)| match from {
                From::Bottom => (at + low, at + high),
                From::Top => (at + longer - high, at + longer - low),
            }));
        }
        taken.sort_unstable();
        let beyond = if from == From::Top { item.bytes } else { 0 };
        offsets[index] = first_place(&taken, item.align, beyond);
        is_placed[index] = true;
        length = length.max(offsets[index] + item.bytes);
    }
    if from == From::Top {
        length = length.next_multiple_of(items.iter().map(|item| item.align).max().unwrap_or(1));
        offsets.iter_mut().zip(items).for_each(|(offset, item)| *offset = length - *offset - item.bytes);
    }
    Tried { order, from, offsets, bytes: length, excess: usize::MAX }
}

/// The first place that is not taken and that is a multiple of `align` when `beyond` is added.
fn first_place(taken: &[Between], align: usize, beyond: usize) -> usize {
    let aligned = |at: usize| (at + beyond).next_multiple_of(align) - beyond;
    let mut at = aligned(0);
    for &(low, high) in taken {
        if at as i64 <= low {
            break;
        }
        if (at as i64) < high {
            at = aligned(high as usize);
        }
    }
    at
}

/// The most bytes alive at one instant.
pub fn bound<'p>(parts: impl Iterator<Item = &'p Part>) -> usize {
    let mut changes: Vec<(usize, i64)> = Vec::new();
    for part in parts {
        for lifetime in &part.alive {
            changes.push((lifetime.first, part.bytes as i64));
            changes.push((lifetime.last + 1, -(part.bytes as i64)));
        }
    }
    // What ends at an instant is gone before what begins there.
    changes.sort_unstable();
    let mut alive = 0i64;
    changes
        .into_iter()
        .map(|(_, change)| {
            alive += change;
            alive
        })
        .max()
        .unwrap_or(0) as usize
}

/// Places state buffers one after the other, beside the offsets that the others have.
pub fn place_state(buffers: &[Buffer], offsets: &mut [usize]) -> usize {
    let mut length = 0usize;
    for (buffer, offset) in buffers.iter().zip(offsets).filter(|(buffer, _)| buffer.is_state) {
        *offset = length.next_multiple_of(buffer.align);
        length = *offset + buffer.bytes;
    }
    length
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ops::lowering::Keeps, plan::parts::whole};

    fn buffer(bytes: usize) -> Buffer {
        Buffer {
            name: String::new(),
            bytes,
            align: 4,
            is_state: false,
            keeps: Keeps::Throughout,
            fill: Vec::new(),
        }
    }

    fn alive(first: usize, last: usize) -> Option<Lifetime> {
        Some(Lifetime { first, last })
    }

    fn part(offset: usize, bytes: usize, first: usize, last: usize) -> Part {
        Part { offset, bytes, alive: vec![Lifetime { first, last }] }
    }

    #[test]
    fn buffers_that_never_meet_share_bytes() {
        let buffers = [buffer(8), buffer(16), buffer(8)];
        let placed = place(&buffers, &whole(&buffers, &[alive(0, 1), alive(1, 2), alive(2, 3)]));
        assert_eq!((placed.bytes, placed.bound), (24, 24));
        assert_eq!(placed.offsets[0], placed.offsets[2]);
    }

    #[test]
    fn the_order_is_searched_where_the_largest_first_is_not_best() {
        // Largest first leaves a hole that the last buffer does not fit: 40; the bound, 36, can be reached.
        let sizes = [16, 12, 12, 8, 20, 8];
        let times = [alive(0, 2), alive(1, 3), alive(2, 5), alive(0, 1), alive(4, 6), alive(3, 4)];
        let buffers = sizes.map(buffer);
        let placed = place(&buffers, &whole(&buffers, &times));
        assert_eq!(placed.bytes, placed.bound);
        for a in 0..6 {
            for b in 0..a {
                let apart = placed.offsets[a] + sizes[a] <= placed.offsets[b]
                    || placed.offsets[b] + sizes[b] <= placed.offsets[a];
                let (Some(first), Some(second)) = (times[a], times[b]) else { panic!("both are alive") };
                assert!(apart || !first.meets(second), "{a} and {b} overlap");
            }
        }
    }

    #[test]
    fn an_image_is_written_over_the_rows_that_were_read() {
        // Four rows of 8 bytes are read one by one, and one of 4 bytes is written for each: the row being written
        // must not be the one being read, and may be any before it.
        let read: Vec<_> = (0..4).map(|row| part(row * 8, 8, 0, row + 1)).collect();
        let written: Vec<_> = (0..4).map(|row| part(row * 4, 4, row + 1, 9)).collect();
        let placed = place(&[buffer(32), buffer(16)], &[read, written]);
        assert_eq!((placed.bytes, placed.bound), (36, 36));
    }

    #[test]
    fn a_place_between_two_clashes_is_found() {
        let from = [part(0, 4, 0, 9), part(8, 4, 0, 9)];
        assert_eq!(clashes(&from, &[part(0, 4, 0, 9)]), [(-4, 4), (4, 12)]);
        assert_eq!(clashes(&from, &[part(0, 5, 0, 9)]), [(-5, 12)]);
        assert_eq!(first_place(&[(-4, 4), (4, 12)], 4, 0), 4);
        assert_eq!(first_place(&[(-4, 4), (4, 12)], 4, 2), 14);
    }
}
