use std::collections::BTreeMap;

use crate::Error;

/// How a file of counts begins; the plugin's `counters` says what follows.
const FIRST_LINE: &str = "microjoule counts 2";

/// How often every instruction ran, by what it ran for.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Counts {
    /// What ran between a begin mark and an end mark, in the order in which it ran: a step of the plan or a whole run.
    pub marked: Vec<Region>,
    /// Everything else: start-up, input and output, the observer.
    pub rest: Region,
}

/// How often every instruction ran in one stretch of time.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Region {
    /// Count by address.
    pub instructions: BTreeMap<u64, u64>,
    /// How often the core went from the last instruction of a straight block to the first of the next. A branch that is
    /// not taken is an edge, too: to the instruction after it.
    pub edges: BTreeMap<(u64, u64), u64>,
}

impl Region {
    /// Instructions in all.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.instructions.values().sum()
    }
}

impl Counts {
    /// Instructions in all.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.rest.total() + self.marked.iter().map(Region::total).sum::<u64>()
    }

    /// Reads what the plugin wrote. A region that began at `begin` is a marked one.
    pub(crate) fn parse(text: &str, begin: u64) -> Result<Self, Error> {
        let mut counts = Self::default();
        let mut lines = text.lines().zip(1..);
        if lines.next().is_none_or(|(line, _)| line != FIRST_LINE) {
            return Err(Error::Counts { line: 1 });
        }
        let mut is_marked = false;
        for (text, line) in lines {
            let wrong = || Error::Counts { line };
            let place = |text| address(text).ok_or_else(wrong);
            let number = |text: &str| text.parse::<u64>().map_err(|_| wrong());
            let words: Vec<_> = text.split(' ').collect();
            if let ["region", mark] = words[..] {
                is_marked = place(mark)? == begin;
                if is_marked {
                    counts.marked.push(Region::default());
                }
                continue;
            }
            let last = if is_marked { counts.marked.last_mut() } else { None };
            let region = last.unwrap_or(&mut counts.rest);
            match words[..] {
                ["edge", from, to, count] => {
                    *region.edges.entry((place(from)?, place(to)?)).or_default() += number(count)?;
                }
                [at, count] => *region.instructions.entry(place(at)?).or_default() += number(count)?,
                _ => return Err(wrong()),
            }
        }
        Ok(counts)
    }
}

fn address(text: &str) -> Option<u64> {
    u64::from_str_radix(text.strip_prefix("0x")?, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "microjoule counts 2\n\
        region 0x0\n0x10 3\n0x12 1\nedge 0x12 0x10 2\n\
        region 0x40\n0x40 1\n0x14 20\n\
        region 0x50\n0x10 1\nedge 0x12 0x10 1\n\
        region 0x40\n0x40 1\n";

    #[test]
    fn marked_regions_stand_for_themselves_and_the_rest_together() {
        let counts = Counts::parse(TEXT, 0x40).unwrap();
        assert_eq!(counts.marked.iter().map(Region::total).collect::<Vec<_>>(), [21, 1]);
        assert_eq!(counts.rest.instructions, BTreeMap::from([(0x10, 4), (0x12, 1)]));
        assert_eq!(counts.rest.edges, BTreeMap::from([((0x12, 0x10), 3)]));
        assert_eq!(counts.total(), 27);
    }

    #[test]
    fn what_the_plugin_does_not_write_is_refused_with_its_line() {
        for (text, line) in [
            ("", 1),
            ("microjoule counts 1\n", 1),
            ("microjoule counts 2\nregion\n", 2),
            ("microjoule counts 2\nregion 0x0\n12 3\n", 3),
            ("microjoule counts 2\nregion 0x0\n0x12 three\n", 3),
            ("microjoule counts 2\nregion 0x0\nedge 0x12 3\n", 3),
        ] {
            match Counts::parse(text, 0) {
                Err(Error::Counts { line: found }) => assert_eq!(found, line, "{text:?}"),
                other => panic!("{text:?}: {other:?}"),
            }
        }
    }
}
