use crate::stream::{Block, EventKind, Gap, GapReason, Sample};

/// No gap is longer: a figure above is damaged, and then nobody knows.
const MOST: u64 = 1 << 40;

/// Gives samples, gaps and events their places in a stream, block by block.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    next: u64,
}

impl Tally {
    /// Empties a block for what comes next.
    pub fn open(&self, block: &mut Block) {
        block.clear(self.next);
    }

    /// Index of the next sample.
    #[must_use]
    pub fn next(&self) -> u64 {
        self.next
    }

    /// Adds a sample.
    #[inline]
    pub fn sample(&mut self, block: &mut Block, sample: Sample) {
        block.samples.push(sample);
        self.next = self.next.saturating_add(1);
    }

    /// `missing` samples are lost before the next one; 0 when nobody knows how many.
    pub fn gap(&mut self, block: &mut Block, missing: u64, why: GapReason) {
        let missing = if missing > MOST { 0 } else { missing };
        self.next = self.next.saturating_add(missing);
        if block.samples.is_empty() {
            block.first = self.next;
        }
        block.gaps.push(Gap { at: self.next, missing, why });
    }

    /// Something happened in the next sample.
    pub fn event(&self, block: &mut Block, kind: EventKind) {
        block.events.push(crate::stream::Event { at: self.next, kind });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAMPLE: Sample = Sample { current: 0.5, voltage: None, digital: 0, range: 0 };

    #[test]
    fn a_block_that_begins_with_a_gap_begins_after_it() {
        let (mut tally, mut block) = (Tally::default(), Block::default());
        tally.open(&mut block);
        tally.gap(&mut block, 4, GapReason::Counter);
        tally.sample(&mut block, SAMPLE);
        tally.gap(&mut block, 2, GapReason::Garbled);
        tally.sample(&mut block, SAMPLE);
        assert_eq!(block.indexed().map(|(index, _)| index).collect::<Vec<_>>(), [4, 7]);
        assert_eq!(block.next(), tally.next());
        tally.open(&mut block);
        assert!(block.is_empty());
        assert_eq!(block.first, 8);
        tally.gap(&mut block, u64::MAX, GapReason::Garbled);
        assert_eq!((block.first, block.gaps.last().map(|gap| gap.missing)), (8, Some(0)));
    }
}
