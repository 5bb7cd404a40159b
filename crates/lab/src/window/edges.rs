//! Edges of one digital input.

use crate::{
    recording::Polarity,
    stream::{Block, Event, EventKind},
};

/// A change of an input.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Edge {
    /// Index of the first sample after it.
    pub at: u64,
    /// Samples in which it may have happened, the one at `at` included: more than 1 after a gap.
    pub within: u64,
    /// From low to high.
    pub rising: bool,
}

impl Edge {
    /// Whether it goes that way.
    #[must_use]
    pub fn is(&self, way: Polarity) -> bool {
        self.rising == matches!(way, Polarity::Rising)
    }
}

/// Finds the edges of an input in samples that go by.
#[derive(Clone, Debug)]
pub struct Finder {
    input: u8,
    last: Option<(u64, bool)>,
    edges: Vec<Edge>,
}

impl Finder {
    /// Looks at this input.
    pub fn new(input: u8) -> Self {
        Self { input, last: None, edges: Vec::new() }
    }

    /// Looks at a block.
    pub fn push(&mut self, block: &Block) {
        let mask = 1_u8.checked_shl(self.input.into()).unwrap_or(0);
        for (index, sample) in block.indexed() {
            let level = sample.digital & mask != 0;
            if let Some((before, _)) = self.last.filter(|(_, last)| *last != level) {
                self.edges.push(Edge { at: index, within: index - before, rising: level });
            }
            self.last = Some((index, level));
        }
    }

    /// All of them; those that the instrument saw by itself stand among its events.
    pub fn end(self, events: &[Event]) -> Vec<Edge> {
        let input = self.input;
        let told = events.iter().filter_map(|event| match event.kind {
            EventKind::Edge { input: of, rising } if of == input => {
                Some(Edge { at: event.at, within: 1, rising })
            }
            _ => None,
        });
        let mut edges = self.edges;
        edges.extend(told);
        edges.sort_by_key(|edge| edge.at);
        edges
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stream::{Gap, GapReason, Sample};

    fn block(first: u64, levels: &[u8], gaps: Vec<Gap>) -> Block {
        let sample = |&digital: &u8| Sample { current: 0.0, voltage: None, digital, range: 0 };
        Block { first, samples: levels.iter().map(sample).collect(), gaps, events: Vec::new() }
    }

    #[test]
    fn edges_are_found_across_blocks_and_only_of_the_input() {
        let mut finder = Finder::new(1);
        finder.push(&block(0, &[0, 1, 3], vec![]));
        finder.push(&block(3, &[3, 1], vec![]));
        let edges = finder.end(&[]);
        let expected = [Edge { at: 2, within: 1, rising: true }, Edge { at: 4, within: 1, rising: false }];
        assert_eq!(edges, expected);
    }

    #[test]
    fn an_edge_behind_a_gap_is_as_uncertain_as_the_gap_is_long() {
        let mut finder = Finder::new(0);
        finder.push(&block(0, &[0, 0, 1], vec![Gap { at: 9, missing: 7, why: GapReason::Counter }]));
        assert_eq!(finder.end(&[]), [Edge { at: 9, within: 8, rising: true }]);
    }

    #[test]
    fn edges_that_the_instrument_tells_count_too() {
        let told = |at, input| Event { at, kind: EventKind::Edge { input, rising: true } };
        let edges = Finder::new(7).end(&[told(5, 7), told(6, 0)]);
        assert_eq!(edges, [Edge { at: 5, within: 1, rising: true }]);
    }
}
