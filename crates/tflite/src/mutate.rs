//! Damages bytes by lot, the same way each time for the same seed.
//!
//! Knows no format: the reader's own fuzz run uses it, and any other decoder's can.

/// A small generator of random numbers (xorshift64*): for tests, where the same seed must give the same run
/// on every machine.
#[derive(Debug, Clone)]
pub struct Rng(u64);

impl Rng {
    /// A generator for a seed; neighbouring seeds give unrelated numbers.
    pub const fn new(seed: u64) -> Self {
        // One round of splitmix64, so that small seeds do not start with small numbers.
        let mixed = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        let mixed = mixed ^ (mixed >> 31);
        Self(if mixed == 0 { 1 } else { mixed })
    }

    /// Any number.
    pub const fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    /// A number below `limit`; 0 when there is none.
    pub const fn below(&mut self, limit: usize) -> usize {
        ((self.next() as u128 * limit as u128) >> 64) as usize
    }

    /// A number from `first` to `last`, both included.
    pub const fn from_to(&mut self, first: usize, last: usize) -> usize {
        first + self.below(last - first + 1)
    }

    /// Yes, once in `times`.
    pub const fn chance(&mut self, times: usize) -> bool {
        self.below(times) == 0
    }

    /// One of several things.
    ///
    /// # Panics
    /// When there are none.
    pub fn pick<'t, T>(&mut self, things: &'t [T]) -> &'t T {
        &things[self.below(things.len())]
    }

    /// Up to `most` things.
    pub fn list<T>(&mut self, most: usize, mut thing: impl FnMut(&mut Self) -> T) -> Vec<T> {
        (0..self.from_to(0, most)).map(|_| thing(self)).collect()
    }
}

/// Words at which bounds checks go wrong.
const EDGES: [u32; 14] = [
    0,
    1,
    2,
    4,
    0x7f,
    0xff,
    0x7fff,
    0xffff,
    0x7fff_ffff,
    0x8000_0000,
    0xffff_fffc,
    0xffff_ffff,
    0x3fff_ffff,
    0x4000_0000,
];

/// Copies `base` into `out` and damages it, in one to eight ways; `other` lends parts of itself.
pub fn mutate(rng: &mut Rng, base: &[u8], other: &[u8], out: &mut Vec<u8>) {
    out.clear();
    out.extend_from_slice(base);
    let ways = if rng.chance(2) { 1 } else { rng.from_to(2, 8) };
    for _ in 0..ways {
        damage(rng, other, out);
    }
}

fn damage(rng: &mut Rng, other: &[u8], out: &mut Vec<u8>) {
    let length = out.len();
    if length == 0 {
        out.extend_from_slice(other);
        return;
    }
    let at = rng.below(length);
    match rng.below(12) {
        0 | 1 => out[at] ^= 1 << rng.below(8),
        2 => out[at] = rng.next() as u8,
        3 | 4 => word(out, at & !3, *rng.pick(&EDGES)),
        // An offset or a length that stays within the file: overlaps, and tables where there are none.
        5 | 6 => word(out, at & !3, rng.below(length) as u32),
        // A number moved a little.
        7 => {
            let step = rng.from_to(1, 8) as u32;
            let old =
                out.get(at..).and_then(|rest| rest.first_chunk()).map_or(0, |old| u32::from_le_bytes(*old));
            word(out, at, if rng.chance(2) { old.wrapping_add(step) } else { old.wrapping_sub(step) });
        }
        8 => {
            let from = rng.below(length);
            let count = rng.from_to(0, 32).min(length - from).min(length - at);
            out.copy_within(from..from + count, at);
        }
        9 => {
            let from = rng.below(other.len());
            let count = rng.from_to(0, 64).min(other.len() - from).min(length - at);
            out[at..at + count].copy_from_slice(&other[from..from + count]);
        }
        10 if rng.chance(4) => out.truncate(at),
        // Everything behind a place moves.
        _ => {
            let count = rng.from_to(1, 16).min(length - at);
            if rng.chance(2) {
                out.drain(at..at + count);
            } else {
                out.splice(at..at, std::iter::repeat_n(0, count));
            }
        }
    }
}

/// Overwrites as much of a word as there is room for.
fn word(out: &mut [u8], at: usize, value: u32) {
    for (byte, new) in out.iter_mut().skip(at).zip(value.to_le_bytes()) {
        *byte = new;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_damage() {
        let base: Vec<u8> = (0..=255).collect();
        let run = |seed| {
            let mut out = Vec::new();
            mutate(&mut Rng::new(seed), &base, b"another file", &mut out);
            out
        };
        assert_eq!(run(7), run(7));
        assert_ne!(run(7), run(8));
        let changed = (0..1000).filter(|&seed| run(seed) != base).count();
        assert!(changed > 950, "{changed} of 1000");
        let shorter = (0..1000).filter(|&seed| run(seed).len() < base.len()).count();
        assert!((50..700).contains(&shorter), "{shorter} of 1000");
    }

    #[test]
    fn nothing_to_damage_and_nothing_to_lend_are_fine() {
        let mut out = vec![1];
        for seed in 0..1000 {
            mutate(&mut Rng::new(seed), &[], &[], &mut out);
            assert!(out.is_empty());
            mutate(&mut Rng::new(seed), b"x", &[], &mut out);
        }
    }

    #[test]
    fn numbers_keep_their_limits() {
        let mut rng = Rng::new(0);
        let drawn: Vec<_> = (0..1000).map(|_| rng.from_to(3, 6)).collect();
        assert_eq!((drawn.iter().min(), drawn.iter().max()), (Some(&3), Some(&6)));
        assert_eq!(rng.below(0), 0);
    }
}
