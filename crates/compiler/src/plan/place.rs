//! Where in its memory each buffer lies.
//!
//! Buffers are placed one after the other, each in the lowest gap that no buffer alive at the same time
//! takes. What comes of it depends on the order alone, so several orders are tried, then random exchanges in
//! the best of them, until the length is the most bytes alive at once (nothing can be shorter) or the tries
//! are used up. The random numbers are the same in every run.

use std::cmp::Reverse;

use super::Lifetime;
use crate::ops::lowering::Buffer;

/// Random exchanges that are tried before the best length so far stands.
const TRIES: usize = 3000;
/// Buffer pairs that may be looked at in all tries together, so that a large network does not take long.
const WORK: usize = 40_000_000;

/// Where the buffers of the arena lie.
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
}

/// Places buffers in the arena.
pub fn place(buffers: &[Buffer], lifetimes: &[Option<Lifetime>]) -> Placement {
    let items: Vec<Item> = buffers
        .iter()
        .zip(lifetimes)
        .enumerate()
        .filter_map(|(id, (buffer, lifetime))| {
            let lifetime = lifetime.filter(|_| !buffer.is_state && buffer.bytes > 0)?;
            Some(Item { id, bytes: buffer.bytes, align: buffer.align, lifetime })
        })
        .collect();
    let bound = bound(&items);
    let (offsets, bytes) = search(&items, bound);
    let mut all = vec![0; buffers.len()];
    items.iter().zip(offsets).for_each(|(item, offset)| all[item.id] = offset);
    Placement { offsets: all, bytes: bytes.next_multiple_of(4), bound }
}

/// What a first order is sorted by.
type Key<'k> = &'k dyn Fn(&Item) -> (Reverse<usize>, usize);

fn search(items: &[Item], bound: usize) -> (Vec<usize>, usize) {
    let mut order: Vec<usize> = (0..items.len()).collect();
    let mut best = (order.clone(), usize::MAX);
    let length = |item: &Item| item.lifetime.last - item.lifetime.first + 1;
    let keys: [Key; 4] = [
        &|item| (Reverse(item.bytes), item.lifetime.first),
        &|item| (Reverse(item.bytes * length(item)), item.lifetime.first),
        &|item| (Reverse(length(item)), usize::MAX - item.bytes),
        &|item| (Reverse(usize::MAX - item.lifetime.first), usize::MAX - item.bytes),
    ];
    let consider = |order: &[usize], best: &mut (Vec<usize>, usize)| {
        let (_, bytes) = lay_out(items, order);
        if bytes < best.1 {
            *best = (order.to_vec(), bytes);
        }
        best.1 <= bound
    };
    for key in keys {
        order.sort_by_key(|&index| (key(&items[index]), items[index].id));
        if consider(&order, &mut best) {
            return lay_out(items, &best.0);
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
        let mut order = best.0.clone();
        let (from, to) = (below(order.len()), below(order.len()));
        let moved = order.remove(from);
        order.insert(to, moved);
        if consider(&order, &mut best) {
            break;
        }
    }
    lay_out(items, &best.0)
}

/// Places items in an order: their offsets, and the length that takes.
fn lay_out(items: &[Item], order: &[usize]) -> (Vec<usize>, usize) {
    let mut offsets = vec![0; items.len()];
    let mut length = 0;
    let mut taken = Vec::new();
    for (position, &index) in order.iter().enumerate() {
        let item = &items[index];
        taken.clear();
        let alive = order[..position].iter().filter(|&&other| items[other].lifetime.meets(item.lifetime));
        taken.extend(alive.map(|&other| (offsets[other], offsets[other] + items[other].bytes)));
        taken.sort_unstable();
        offsets[index] = first_gap(&taken, item.bytes, item.align);
        length = length.max(offsets[index] + item.bytes);
    }
    (offsets, length)
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
fn bound(items: &[Item]) -> usize {
    let alive_when = |instant: usize| {
        items
            .iter()
            .filter(|item| (item.lifetime.first..=item.lifetime.last).contains(&instant))
            .map(|item| item.bytes)
            .sum()
    };
    items.iter().map(|item| alive_when(item.lifetime.first)).max().unwrap_or(0)
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

    fn buffer(bytes: usize) -> Buffer {
        Buffer { name: String::new(), bytes, align: 4, is_state: false, fill: Vec::new() }
    }

    fn alive(first: usize, last: usize) -> Option<Lifetime> {
        Some(Lifetime { first, last })
    }

    #[test]
    fn buffers_that_never_meet_share_bytes() {
        let placed = place(&[buffer(8), buffer(16), buffer(8)], &[alive(0, 1), alive(1, 2), alive(2, 3)]);
        assert_eq!((placed.bytes, placed.bound), (24, 24));
        assert_eq!(placed.offsets[0], placed.offsets[2]);
    }

    #[test]
    fn the_order_is_searched_where_the_largest_first_is_not_best() {
        // Largest first leaves a hole that the last buffer does not fit: 40; the bound, 36, can be reached.
        let sizes = [16, 12, 12, 8, 20, 8];
        let times = [alive(0, 2), alive(1, 3), alive(2, 5), alive(0, 1), alive(4, 6), alive(3, 4)];
        let buffers = sizes.map(buffer);
        let placed = place(&buffers, &times);
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
}
