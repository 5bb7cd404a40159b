//! Counts by address and region, and the file they end in.
//!
//! The file is text. The first line is [`FIRST_LINE`]. Then, for every region in the order in which they began, a line
//! `region ADDRESS`, with the address of the mark that it began at or `0x0` for the first, and a line `ADDRESS COUNT`
//! for each instruction that ran in it. Addresses are hexadecimal, counts decimal, and both ascend by address.

use std::{collections::BTreeMap, fmt::Write};

/// How a file of counts begins.
pub const FIRST_LINE: &str = "microjoule counts 1";

/// Turns counters that only ever grow into counts per region.
#[derive(Clone, Debug, Default)]
pub struct Regions {
    seen: BTreeMap<u64, u64>,
    begin: u64,
    text: String,
}

impl Regions {
    /// Ends the region that runs, whose counters now stand at `now`, and begins the one of the mark `mark`.
    pub fn turn(&mut self, now: impl Iterator<Item = (u64, u64)>, mark: u64) {
        // Writing to a string cannot fail.
        let _ = writeln!(self.text, "region {:#x}", self.begin);
        for (address, count) in now {
            let seen = self.seen.entry(address).or_default();
            let since = count.wrapping_sub(*seen);
            *seen = count;
            if since > 0 {
                let _ = writeln!(self.text, "{address:#x} {since}");
            }
        }
        self.begin = mark;
    }

    /// Ends the last region and gives the whole file.
    #[must_use]
    pub fn finish(mut self, now: impl Iterator<Item = (u64, u64)>) -> String {
        self.turn(now, 0);
        format!("{FIRST_LINE}\n{}", self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_region_has_what_was_added_since_the_last() {
        let mut regions = Regions::default();
        regions.turn([(0x10, 3), (0x12, 1)].into_iter(), 0x40);
        regions.turn([(0x10, 3), (0x12, 5), (0x14, 2)].into_iter(), 0x50);
        let text = regions.finish([(0x10, 4), (0x12, 5), (0x14, 2)].into_iter());
        assert_eq!(
            text,
            "microjoule counts 1\n\
             region 0x0\n0x10 3\n0x12 1\n\
             region 0x40\n0x12 4\n0x14 2\n\
             region 0x50\n0x10 1\n"
        );
    }
}
