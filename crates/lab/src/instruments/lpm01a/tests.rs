use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::stream::{EventKind, Gap, GapReason};

fn ascii(text: &[u8], piece: usize) -> (Block, bool) {
    let mut stream = Stream::Ascii(Ascii::new(Scale::Current, 1000.0));
    decode(&mut stream, text, piece)
}

fn binary(bytes: &[u8], piece: usize) -> (Block, bool) {
    let mut stream = Stream::Binary(Binary::new(Scale::Current, 1000.0));
    decode(&mut stream, bytes, piece)
}

fn decode(stream: &mut Stream, bytes: &[u8], piece: usize) -> (Block, bool) {
    let (mut tally, mut block) = (Tally::default(), Block::default());
    for piece in bytes.chunks(piece) {
        stream.feed(piece, &mut tally, &mut block);
    }
    let ended = stream.has_ended();
    stream.finish(&mut tally, &mut block);
    assert_eq!(block.next(), tally.next());
    (block, ended)
}

fn currents(block: &Block) -> Vec<f32> {
    block.samples.iter().map(|sample| sample.current).collect()
}

fn kinds(block: &Block) -> Vec<(u64, EventKind)> {
    block.events.iter().map(|event| (event.at, event.kind.clone())).collect()
}

#[test]
fn text_has_samples_stamps_events_and_an_end() {
    let text = b"6409-07\r\n1000-06TimeStamp: 012s 345ms, buff 12%\r\nevent 0 ris\r\nTimeStamp: 013s 345ms, buff 12%\
        0002-01\r\nPowerShield > Acquisition completed\r\n";
    for piece in [1, 5, 1000] {
        let (block, ended) = ascii(text, piece);
        assert_eq!(currents(&block), [640.9e-6, 1e-3, 0.2]);
        assert!(ended);
        let expected = [
            (2, EventKind::DeviceTime(Duration::from_millis(12_345))),
            (2, EventKind::Edge { input: 0, rising: true }),
            (1002, EventKind::DeviceTime(Duration::from_millis(13_345))),
        ];
        // A second went by without its thousand samples.
        assert_eq!(block.gaps, [Gap { at: 1002, missing: 1000, why: GapReason::Counter }]);
        assert_eq!(kinds(&block)[..2], expected[..2]);
        assert!(matches!(kinds(&block)[2].1, EventKind::DeviceTime(_)));
    }
}

#[test]
fn a_broken_sample_is_a_gap_and_the_next_one_is_read() {
    let (block, _) = ascii(b"6409-07\r\n409-07\r\n64096409-07\r\n6409+07\r\n6409-07\r\n", 100);
    assert_eq!(currents(&block), [640.9e-6; 3]);
    let garbled = |at| Gap { at, missing: 1, why: GapReason::Garbled };
    assert_eq!(block.gaps, [garbled(2), garbled(3), garbled(5)]);
}

#[test]
fn events_that_are_missing_are_told() {
    let (block, _) = ascii(b"event 0 ris\r\nevent 3 ris\r\n", 100);
    assert_eq!(block.gaps.len(), 1);
    assert!(
        block
            .events
            .iter()
            .any(|it| it.kind == EventKind::Message("2 events were lost before event 3".into()))
    );
}

#[test]
fn trouble_is_never_only_a_message() {
    let (block, _) = ascii(b"error: buffer overflow\r\nsummary beg\r\novercurrent\r\n", 100);
    assert_eq!(block.gaps, [Gap { at: 0, missing: 0, why: GapReason::Overrun }]);
    assert!(block.events.iter().any(|it| it.kind == EventKind::Overload));
    assert_eq!(block.events.len(), 4);
}

#[test]
fn a_joule_a_sample_is_a_current() {
    let mut stream = Stream::Ascii(Ascii::new(Scale::Energy { volts: 2.0, rate_hz: 1000.0 }, 1000.0));
    let (block, _) = decode(&mut stream, b"6000-09\r\n", 3);
    // 6 µJ in a millisecond at 2 V.
    assert!((block.samples[0].current - 3e-3).abs() < 1e-9);
}

#[test]
fn binary_has_samples_stamps_events_the_supply_and_an_end() {
    let mut bytes =
        vec![0x52, 0xa0, 0xf0, 0xf3, 0, 0, 0x30, 0x39, 12, 0xff, 0xff, 0xf0, 0xf7, 0x0c, 0xe4, 0xff, 0xff];
    bytes.extend(b"\xf0\xf2event 4 fal\xff\xff\x52\xa0\xf0\xf5\xf0\xf1no good\xff\xff\xf0\xf4");
    for piece in [1, 2, 3, 100] {
        let (block, ended) = binary(&bytes, piece);
        // 672 / 16^5.
        assert_eq!(currents(&block), [640.869_14e-6; 2]);
        assert_eq!([block.samples[0].voltage, block.samples[1].voltage], [None, Some(3.3)]);
        assert!(ended);
        let expected = [
            (1, EventKind::DeviceTime(Duration::from_millis(12_345))),
            (1, EventKind::Edge { input: 0, rising: false }),
            (2, EventKind::Overload),
            (2, EventKind::Message("error: no good".into())),
        ];
        assert_eq!(kinds(&block), expected);
        assert_eq!(block.gaps, [Gap { at: 2, missing: 0, why: GapReason::Overrun }]);
    }
}

#[test]
fn a_byte_that_went_missing_from_a_binary_stream_is_a_gap() {
    let mut bytes = [0x52, 0xa0].repeat(50);
    bytes.remove(40);
    let (block, _) = binary(&bytes, 7);
    assert!(!block.gaps.is_empty() && block.gaps.iter().all(|gap| gap.why == GapReason::Garbled));
    assert!(currents(&block).iter().filter(|it| **it == 640.869_14e-6).count() >= 45);
}

proptest! {
    #[test]
    fn any_text_in_any_pieces_gives_the_same(text in "([0-9+-]{7}|TimeStamp: 00[0-9]s 000ms, buff|event [0-9] ris|[ %a-z]|\r\n){0,40}", piece in 1..30_usize) {
        prop_assert_eq!(ascii(text.as_bytes(), piece), ascii(text.as_bytes(), text.len().max(1)));
    }

    #[test]
    fn any_bytes_in_any_pieces_give_the_same_text(bytes: Vec<u8>, piece in 1..30_usize) {
        prop_assert_eq!(ascii(&bytes, piece), ascii(&bytes, bytes.len().max(1)));
    }

    #[test]
    fn any_bytes_are_read_in_some_way(bytes: Vec<u8>, piece in 1..30_usize) {
        let (block, _) = binary(&bytes, piece);
        prop_assert!(block.samples.len() <= bytes.len() / 2);
    }
}
