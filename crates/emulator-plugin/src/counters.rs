//! Counts by address, steps from block to block, and the file they end in.
//!
//! The file is text. The first line is [`FIRST_LINE`]. Then, for every region in the order in which they began:
//!
//! * a line `region ADDRESS`, with the address of the mark that it began at or `0x0` for the first,
//! * a line `ADDRESS COUNT` for each instruction that ran in it,
//! * a line `edge FROM TO COUNT` for each way that the core went from the last instruction of a straight block to the
//!   first of the next. A conditional branch always ends a block, so the edges say how often it was taken.
//!
//! Addresses are hexadecimal, counts decimal, and both lists ascend by address.

use std::{collections::BTreeMap, fmt::Write};

/// How a file of counts begins.
pub const FIRST_LINE: &str = "microjoule counts 2";

/// From the last instruction of a block to the first of the next.
pub type Edge = (u64, u64);

/// Turns counters that only ever grow into counts per region.
#[derive(Clone, Debug, Default)]
pub struct Regions {
    instructions: BTreeMap<u64, u64>,
    edges: BTreeMap<Edge, u64>,
    begin: u64,
    text: String,
}

impl Regions {
    /// Ends the region that runs, whose counters now stand at `instructions` and `edges`, and begins the one of the mark
    /// `mark`. What is named several times is summed.
    pub fn turn(
        &mut self,
        instructions: impl Iterator<Item = (u64, u64)>,
        edges: impl Iterator<Item = (Edge, u64)>,
        mark: u64,
    ) {
        // Writing to a string cannot fail.
        let _ = writeln!(self.text, "region {:#x}", self.begin);
        for (address, count) in since(&mut self.instructions, instructions) {
            let _ = writeln!(self.text, "{address:#x} {count}");
        }
        for ((from, to), count) in since(&mut self.edges, edges) {
            let _ = writeln!(self.text, "edge {from:#x} {to:#x} {count}");
        }
        self.begin = mark;
    }

    /// Ends the last region and gives the whole file.
    #[must_use]
    pub fn finish(
        mut self,
        instructions: impl Iterator<Item = (u64, u64)>,
        edges: impl Iterator<Item = (Edge, u64)>,
    ) -> String {
        self.turn(instructions, edges, 0);
        format!("{FIRST_LINE}\n{}", self.text)
    }
}

/// What was added to each counter since `seen`, which then is what stands now.
fn since<K: Copy + Ord>(
    seen: &mut BTreeMap<K, u64>,
    now: impl Iterator<Item = (K, u64)>,
) -> impl Iterator<Item = (K, u64)> {
    let mut sums: BTreeMap<K, u64> = BTreeMap::new();
    for (key, count) in now {
        *sums.entry(key).or_default() += count;
    }
    let before = std::mem::replace(seen, sums.clone());
    sums.into_iter().filter_map(move |(key, count)| {
        let added = count.wrapping_sub(before.get(&key).copied().unwrap_or(0));
        (added > 0).then_some((key, added))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_region_has_what_was_added_since_the_last() {
        let mut regions = Regions::default();
        regions.turn([(0x10, 3), (0x12, 1)].into_iter(), [((0x12, 0x10), 2)].into_iter(), 0x40);
        let edges = [((0x12, 0x10), 1), ((0x12, 0x14), 1), ((0x12, 0x10), 4)];
        regions.turn([(0x10, 3), (0x12, 5), (0x14, 2)].into_iter(), edges.into_iter(), 0x50);
        let text = regions.finish([(0x10, 4), (0x12, 5), (0x14, 2)].into_iter(), edges.into_iter());
        assert_eq!(
            text,
            "microjoule counts 2\n\
             region 0x0\n0x10 3\n0x12 1\nedge 0x12 0x10 2\n\
             region 0x40\n0x12 4\n0x14 2\nedge 0x12 0x10 3\nedge 0x12 0x14 1\n\
             region 0x50\n0x10 1\n"
        );
    }
}
