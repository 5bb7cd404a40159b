use proptest::prelude::*;

use super::*;
use crate::stream::Gap;

/// Words that count up from `counter`, all with a converter value that names the sample.
fn words(counter: u64, samples: usize) -> Vec<Word> {
    (counter..).take(samples).map(|count| Word::new(count as u32 & 0x3ff, 2, count, 5)).collect()
}

fn bytes(words: &[Word]) -> Vec<u8> {
    words.iter().flat_map(|word| word.0.to_le_bytes()).collect()
}

/// Feeds bytes in pieces of one size.
fn decode(bytes: &[u8], piece: usize) -> Block {
    let (mut decoder, mut tally, mut block) =
        (Decoder::new(Calibration::default(), 3.3).without_filter(), Tally::default(), Block::default());
    for piece in bytes.chunks(piece) {
        decoder.feed(piece, &mut tally, &mut block);
    }
    decoder.finish(&mut tally, &mut block);
    assert_eq!(block.next(), tally.next());
    block
}

/// The names of the samples that came, see [`words`].
fn names(block: &Block) -> Vec<u64> {
    let range = Calibration::default().ranges[2];
    block.samples.iter().map(|it| (range.steps(f64::from(it.current), 3.3) / 4.0).round() as u64).collect()
}

#[test]
fn a_whole_stream_comes_through_in_pieces_of_any_size() {
    let stream = bytes(&words(60, 200));
    for piece in [1, 2, 3, 4, 5, 7, 16, 1000] {
        let block = decode(&stream, piece);
        assert_eq!(names(&block), (60..260).collect::<Vec<_>>(), "pieces of {piece}");
        assert_eq!((block.gaps.as_slice(), block.first), ([].as_slice(), 0));
        assert!(block.samples.iter().all(|it| it.digital == 5 && it.range == 2));
    }
}

#[test]
fn lost_samples_are_counted_across_the_wrap_and_the_first_after_them_is_kept() {
    for (before, lost) in [(10, 1), (60, 10), (64, 63), (100, 5)] {
        let mut stream = words(0, before);
        stream.extend(words((before + lost) as u64, 20));
        let block = decode(&bytes(&stream), 6);
        let at = (before + lost) as u64;
        assert_eq!(block.gaps, [Gap { at, missing: lost as u64, why: GapReason::Counter }]);
        assert_eq!(block.indexed().map(|(index, _)| index).collect::<Vec<_>>(), names(&block));
        assert_eq!(block.samples.len(), before + 20);
    }
}

#[test]
fn a_byte_that_went_missing_costs_one_sample() {
    for byte in 40..44 {
        let mut stream = bytes(&words(0, 40));
        stream.remove(byte);
        let block = decode(&stream, 9);
        assert_eq!(block.gaps.iter().map(|gap| gap.missing).sum::<u64>(), 1, "byte {byte}");
        assert!(block.gaps.iter().all(|gap| gap.why == GapReason::Garbled));
        // Which of two samples is the broken one cannot be told where the bytes of both fit; none is made up.
        assert_eq!(block.samples.len(), 39);
        assert_eq!(names(&block).last(), Some(&39));
        assert_eq!(block.indexed().last().map(|(index, _)| index), Some(39));
    }
}

#[test]
fn a_damaged_counter_costs_its_sample() {
    let mut stream = words(0, 40);
    stream[20].0 ^= 0x15 << 18;
    let block = decode(&bytes(&stream), 64);
    assert_eq!(block.gaps, [Gap { at: 21, missing: 1, why: GapReason::Garbled }]);
    assert_eq!(block.samples.len(), 39);
}

#[test]
fn noise_ends_as_a_gap_and_not_as_samples() {
    let noise: Vec<u8> = (0..4000_u32).map(|it| (it.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    let block = decode(&noise, 100);
    let lost: u64 = block.gaps.iter().map(|gap| gap.missing).sum();
    assert!(block.samples.len() < 100 && lost > 900, "{} samples, {lost} lost", block.samples.len());
}

#[test]
fn beyond_an_ampere_is_an_overload_once() {
    let steps = |amperes| (Calibration::default().ranges[4].steps(amperes, 3.3) / 4.0) as u32;
    let stream: Vec<_> = (0..60)
        .map(|count| Word::new(steps(if (20..30).contains(&count) { 1.5 } else { 0.5 }), 4, count, 0))
        .collect();
    let block = decode(&bytes(&stream), 64);
    assert_eq!(block.events, [crate::stream::Event { at: 20, kind: EventKind::Overload }]);
}

#[test]
fn the_filter_smooths_three_samples_after_a_switch() {
    let mut filter = SpikeFilter::default();
    let out: Vec<_> = [(1.0, 1), (1.0, 1), (9.0, 2), (2.0, 2), (2.0, 2), (2.0, 2)]
        .map(|(current, range)| filter.smooth(current, range))
        .into();
    // 1 + 0.18 · 8 = 2.44; then nearer to 2 by 0.82 each.
    let expected = [1.0, 1.0, 2.44, 2.3608, 2.295_856, 2.0];
    assert!(out.iter().zip(expected).all(|(found, expected)| (found - expected).abs() < 1e-9), "{out:?}");
}

#[test]
fn the_filter_leaves_the_first_two_samples_of_the_highest_range_out() {
    let mut filter = SpikeFilter::default();
    let out: Vec<_> = [(1.0, 1), (50.0, 4), (40.0, 4), (2.0, 4), (2.0, 4)]
        .map(|(current, range)| filter.smooth(current, range))
        .into();
    let expected = [1.0, 1.0, 1.0, 1.06, 2.0];
    assert!(out.iter().zip(expected).all(|(found, expected)| (found - expected).abs() < 1e-9), "{out:?}");
}

proptest! {
    #[test]
    fn any_bytes_in_any_pieces_give_the_same(bytes: Vec<u8>, piece in 1..50_usize) {
        prop_assert_eq!(decode(&bytes, piece), decode(&bytes, bytes.len().max(1)));
    }

    #[test]
    fn what_comes_after_a_cut_is_in_its_place(start in 0..64_u64, at in 20..600_usize, cut in 1..200_usize) {
        let mut stream = bytes(&words(start, 300));
        stream.drain(at..(at + cut).min(800));
        let block = decode(&stream, 33);
        let lost = block.gaps.iter().map(|gap| gap.missing).sum::<u64>();
        prop_assert_eq!(block.samples.len() as u64 + lost, 300);
    }
}
