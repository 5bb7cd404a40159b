use sensors::frame::{FRAME, HEAD, Hello, Kind, MARK, SAMPLE, TAIL, checksum, decode_sample};

use crate::{
    instruments::Tally,
    stream::{Block, EventKind, GapReason, Sample},
};

/// Reads the frames of a probe board.
///
/// Every frame has a checksum and the number of its first sample: what is damaged on the line is left out, and the next
/// frame tells how much that was.
#[derive(Clone, Debug)]
pub struct Decoder {
    hello: Option<Hello>,
    held: Vec<u8>,
    /// Bytes that belonged to no frame since the last one.
    scrap: u64,
    overloaded: bool,
    ended: bool,
}

impl Decoder {
    /// At the start of a stream; without a [`Hello`], one has to come before the samples.
    #[must_use]
    pub fn new(hello: Option<Hello>) -> Self {
        Self { hello, held: Vec::new(), scrap: 0, overloaded: false, ended: false }
    }

    /// What the board is.
    #[must_use]
    pub fn hello(&self) -> Option<Hello> {
        self.hello
    }

    /// The board said that there is no more.
    #[must_use]
    pub fn has_ended(&self) -> bool {
        self.ended
    }

    /// Bytes that belonged to no frame since the last one.
    #[must_use]
    pub fn unread(&self) -> u64 {
        self.scrap
    }

    /// Adds the samples of some bytes, which may end anywhere, to a block.
    pub fn feed(&mut self, bytes: &[u8], tally: &mut Tally, block: &mut Block) {
        let mut held = std::mem::take(&mut self.held);
        held.extend_from_slice(bytes);
        let mut rest = held.as_slice();
        while let Some((kind, payload, after)) = self.next_frame(&mut rest) {
            self.take(kind, payload, tally, block);
            rest = after;
        }
        let used = held.len() - rest.len();
        held.drain(..used);
        self.held = held;
    }

    /// The end of the stream: what is held will not become a frame any more.
    pub fn finish(&mut self, tally: &mut Tally, block: &mut Block) {
        if !self.ended && !self.held.is_empty() {
            tally.gap(block, 0, GapReason::Garbled);
        }
        self.held.clear();
    }

    /// Finds the next whole frame; leaves in `rest` what may still become one.
    fn next_frame<'a>(&mut self, rest: &mut &'a [u8]) -> Option<(Kind, &'a [u8], &'a [u8])> {
        loop {
            let [first, second] = MARK;
            match **rest {
                [] => return None,
                [a] if a == first => return None,
                [a, b] | [a, b, _] if (a, b) == (first, second) => return None,
                [a, b, kind, length, ..] if (a, b) == (first, second) => {
                    let length = usize::from(length);
                    let whole = HEAD + length + TAIL;
                    if whole <= FRAME {
                        let (frame, after) = rest.split_at_checked(whole)?;
                        if let Some(found) = open(kind, frame) {
                            self.scrap = 0;
                            return Some((found.0, found.1, after));
                        }
                    }
                }
                _ => {}
            }
            *rest = rest.get(1..).unwrap_or_default();
            self.scrap += 1;
        }
    }

    fn take(&mut self, kind: Kind, payload: &[u8], tally: &mut Tally, block: &mut Block) {
        match kind {
            Kind::Hello => self.hello = Hello::decode(payload).or(self.hello),
            Kind::Samples => self.samples(payload, tally, block),
            Kind::Stopped => {
                if let Some((count, _)) = payload.split_first_chunk() {
                    catch_up(u32::from_le_bytes(*count), tally, block);
                }
                self.ended = true;
            }
        }
    }

    fn samples(&mut self, payload: &[u8], tally: &mut Tally, block: &mut Block) {
        let (Some(hello), Some((first, samples))) = (self.hello, payload.split_first_chunk()) else { return };
        if !catch_up(u32::from_le_bytes(*first), tally, block) {
            return;
        }
        let volts = f64::from(hello.scale.shunt_picovolts) * 1e-12;
        let amperes = volts / (f64::from(hello.shunt_microohms) * 1e-6);
        let supply = f64::from(hello.scale.bus_nanovolts) * 1e-9;
        for sample in samples.as_chunks::<SAMPLE>().0 {
            let (Some(reading), digital) = decode_sample(*sample) else {
                // The sensor did not answer its board.
                tally.gap(block, 1, GapReason::Overrun);
                continue;
            };
            if reading.is_overloaded && !self.overloaded {
                tally.event(block, EventKind::Overload);
            }
            self.overloaded = reading.is_overloaded;
            let current = (f64::from(reading.shunt) * amperes) as f32;
            let voltage = Some((f64::from(reading.bus) * supply) as f32);
            match current.is_finite() {
                true => tally.sample(block, Sample { current, voltage, digital, range: 0 }),
                // A shunt of nothing.
                false => tally.gap(block, 1, GapReason::Garbled),
            }
        }
    }
}

/// Checks a frame's checksum; its kind and payload.
fn open(kind: u8, frame: &[u8]) -> Option<(Kind, &[u8])> {
    let (body, sum) = frame.split_last_chunk::<TAIL>()?;
    let right = checksum(body.get(MARK.len()..)?) == u16::from_le_bytes(*sum);
    Some((Kind::of(kind).filter(|_| right)?, body.get(HEAD..)?))
}

/// Makes a gap of the samples before number `next`; false for one that has been there already.
fn catch_up(next: u32, tally: &mut Tally, block: &mut Block) -> bool {
    // The number runs over every few weeks: the distance counts.
    let ahead = next.wrapping_sub(tally.next() as u32);
    if ahead > u32::MAX / 2 {
        return false;
    }
    if ahead > 0 {
        tally.gap(block, ahead.into(), GapReason::Counter);
    }
    true
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use sensors::{Reading, Scale, Stream};

    use super::*;
    use crate::stream::Gap;

    const HELLO: Hello = Hello {
        scale: Scale { shunt_picovolts: 2_500_000, bus_nanovolts: 1_250_000 },
        shunt_microohms: 100_000,
        period_nanoseconds: 1_000_000,
        sensor: 226,
    };

    /// So many samples, in frames: sample `k` has `k` steps.
    fn frames(samples: i32) -> Vec<Vec<u8>> {
        let mut stream = Stream::new();
        let mut frames = vec![stream.hello(&HELLO).to_vec()];
        for shunt in 0..samples {
            let reading = Reading { shunt, bus: 2640, is_overloaded: shunt == 50 };
            frames.extend(stream.push((shunt != 40).then_some(reading), 1).map(<[u8]>::to_vec));
        }
        frames.extend(stream.flush().map(<[u8]>::to_vec));
        frames.push(stream.stop().to_vec());
        frames
    }

    fn decode(bytes: &[u8], piece: usize) -> (Block, bool) {
        let (mut decoder, mut tally, mut block) = (Decoder::new(None), Tally::default(), Block::default());
        for piece in bytes.chunks(piece) {
            decoder.feed(piece, &mut tally, &mut block);
        }
        decoder.finish(&mut tally, &mut block);
        assert_eq!(block.next(), tally.next());
        (block, decoder.has_ended())
    }

    #[test]
    fn steps_are_amperes_and_volts() {
        for piece in [1, 3, 1000] {
            let (block, ended) = decode(&frames(100).concat(), piece);
            assert!(ended);
            assert_eq!(block.gaps, [Gap { at: 41, missing: 1, why: GapReason::Overrun }]);
            for (index, sample) in block.indexed() {
                // A step is 2.5 µV over 0.1 Ω.
                assert!((f64::from(sample.current) - index as f64 * 25e-6).abs() < 1e-9);
                assert_eq!((sample.voltage, sample.digital), (Some(3.3), 1));
            }
            assert_eq!(block.events.iter().map(|event| event.at).collect::<Vec<_>>(), [50]);
        }
    }

    #[test]
    fn a_damaged_frame_and_a_lost_one_are_counted_by_the_next() {
        let mut frames = frames(200);
        frames.remove(2);
        frames[3][20] ^= 1;
        let (block, _) = decode(&frames.concat(), 50);
        let counter = |at, missing| Gap { at, missing, why: GapReason::Counter };
        assert_eq!(block.gaps, [counter(64, 32), counter(128, 32)]);
        assert_eq!(block.next(), 200);
    }

    #[test]
    fn samples_at_the_end_that_did_not_come_are_counted() {
        let mut frames = frames(100);
        frames.remove(4);
        let (block, ended) = decode(&frames.concat(), 50);
        assert!(ended);
        assert_eq!(block.gaps.last(), Some(&Gap { at: 100, missing: 4, why: GapReason::Counter }));
    }

    proptest! {
        #[test]
        fn any_bytes_in_any_pieces_give_the_same(bytes: Vec<u8>, at in 0..600_usize, piece in 1..50_usize) {
            let mut all = frames(80).concat();
            all.splice(at..at, bytes);
            prop_assert_eq!(decode(&all, piece), decode(&all, all.len()));
        }
    }
}
