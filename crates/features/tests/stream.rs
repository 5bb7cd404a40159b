//! Streaming gives what the whole clip gives, however the samples are cut.

mod support;

use features::{BufferError, Config, History, LogMel, Mfcc, Quantise, Scratch};
use proptest::prelude::*;
use support::lcg;

const CONFIG: Config = Config {
    sample_rate_hz: 8_000,
    frame_samples: 50,
    hop_samples: 20,
    fft_size: 64,
    mel_bands: 8,
    low_hz: 100,
    high_hz: 4_000,
    log_floor_bits: 10,
};
/// More samples from row to row than in a row: some are heard by none.
const SPARSE: Config = Config { hop_samples: 77, ..CONFIG };

static MFCC: Mfcc<50, 32, 8, 5> = features::mfcc_tables!(CONFIG);
static LOG_MEL: LogMel<50, 32, 8> = features::log_mel_tables!(CONFIG);
static SPARSE_MFCC: Mfcc<50, 32, 8, 5> = features::mfcc_tables!(SPARSE);

const QUANTISE: Quantise<'_> = Quantise { mean_q16: &[1_500_000; 8], gain_q32: &[200_000; 8], zero_point: 3 };

fn first(columns: usize) -> Quantise<'static> {
    Quantise { mean_q16: &QUANTISE.mean_q16[..columns], gain_q32: &QUANTISE.gain_q32[..columns], ..QUANTISE }
}

fn whole(mfcc: &Mfcc<50, 32, 8, 5>, clip: &[i16]) -> Vec<i8> {
    let front = mfcc.front_end();
    let mut input = vec![0x5A; front.config().rows(clip.len()) * 5];
    front.whole_clip(&first(5), clip, &mut Scratch::<32, 8>::new().parts(), &mut input).unwrap();
    input
}

fn streamed(mfcc: &Mfcc<50, 32, 8, 5>, clip: &[i16], mut cuts: impl Iterator<Item = usize>) -> Vec<i8> {
    let mut stream = mfcc.stream(first(5)).unwrap();
    let (mut rows, mut rest) = (Vec::new(), clip);
    while !rest.is_empty() {
        let (mut piece, after) = rest.split_at(cuts.next().unwrap().min(rest.len()));
        rest = after;
        while let Some(row) = stream.push(&mut piece) {
            rows.extend(row);
        }
        assert!(piece.is_empty());
    }
    rows
}

proptest! {
    #[test]
    fn any_cut_gives_the_whole_clips_rows(
        seed: u32, shift in 0i16..12, samples in 0usize..600, cuts in prop::collection::vec(1usize..130, 1..20),
    ) {
        let clip: Vec<i16> = lcg(seed).take(samples).map(|x| x >> shift).collect();
        for mfcc in [&MFCC, &SPARSE_MFCC] {
            let cuts = cuts.iter().copied().cycle();
            prop_assert_eq!(streamed(mfcc, &clip, cuts), whole(mfcc, &clip));
        }
    }
}

#[test]
fn rows_differ_from_one_another() {
    // otherwise the comparison above could not fail
    let clip: Vec<i16> = lcg(4).take(600).collect();
    let rows = whole(&MFCC, &clip);
    assert_eq!(rows.len(), 5 * 28);
    let different: std::collections::HashSet<&[i8]> = rows.chunks(5).collect();
    assert!(different.len() > 20);
}

#[test]
fn log_mel_streams_too() {
    let clip: Vec<i16> = lcg(5).take(333).collect();
    let mut expected = vec![0; LOG_MEL.front_end().config().rows(333) * 8];
    let mut scratch = Scratch::<32, 8>::new();
    LOG_MEL.front_end().whole_clip(&QUANTISE, &clip, &mut scratch.parts(), &mut expected).unwrap();
    let mut stream = LOG_MEL.stream(QUANTISE).unwrap();
    let (mut rest, mut rows) = (&clip[..], Vec::<i8>::new());
    while let Some(row) = stream.push(&mut rest) {
        rows.extend(row);
    }
    assert_eq!(rows, expected);
}

#[test]
fn reset_forgets() {
    let clip: Vec<i16> = lcg(6).take(50).collect();
    let mut stream = MFCC.stream(first(5)).unwrap();
    let fresh = *stream.push(&mut &clip[..]).unwrap();
    assert_eq!(stream.push(&mut &lcg(7).take(19).collect::<Vec<_>>()[..]), None);
    stream.reset();
    assert_eq!(stream.push(&mut &clip[..49]), None);
    assert_eq!(stream.push(&mut &clip[49..]), Some(&fresh));
}

#[test]
fn wrong_lengths_are_refused_with_both_numbers() {
    assert_eq!(MFCC.stream(first(4)).unwrap_err(), BufferError { needed: 5, got: 4 });
    let front = MFCC.front_end();
    let mut scratch = Scratch::<32, 8>::new();
    let refused = front.whole_clip(&first(5), &[0; 70], &mut scratch.parts(), &mut [0; 9]);
    assert_eq!(refused, Err(BufferError { needed: 10, got: 9 }));
    let refused = front.row(&[0; 20], &[0; 31], &mut scratch.parts(), &mut [0; 5]);
    assert_eq!(refused, Err(BufferError { needed: 50, got: 51 }));
    assert_eq!(refused.unwrap_err().to_string(), "buffer of 51 elements: 50 are needed");
    let mut short = Scratch::<16, 8>::new();
    let refused = front.row(&[0; 50], &[], &mut short.parts(), &mut [0; 5]);
    assert_eq!(refused, Err(BufferError { needed: 32, got: 16 }));
    assert_eq!(front.whole_clip(&first(5), &[0; 49], &mut scratch.parts(), &mut []), Ok(0));
}

#[test]
fn history_holds_the_last_rows_in_order() {
    let mut history = History::<4, 2>::new();
    let mut input = [9; 8];
    history.copy_to(&mut input).unwrap();
    assert_eq!(input, [0; 8]);
    for i in 1..=3 {
        history.push(&[i, -i]);
    }
    assert!(!history.is_full());
    history.copy_to(&mut input).unwrap();
    assert_eq!(input, [0, 0, 1, -1, 2, -2, 3, -3]);
    for i in 4..=9 {
        history.push(&[i, -i]);
    }
    assert!(history.is_full());
    history.copy_to(&mut input).unwrap();
    assert_eq!(input, [6, -6, 7, -7, 8, -8, 9, -9]);
    assert_eq!(history.copy_to(&mut [0; 7]), Err(BufferError { needed: 8, got: 7 }));
}
