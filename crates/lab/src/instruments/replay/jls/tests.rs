use super::*;
use crate::stream::Gap;

/// What Jetperch's own library (pyjls 0.17.0) wrote: see `tests/data/README.md` of this crate.
const FILE: &[u8] = include_bytes!("../../../../tests/data/small.jls");

fn read(file: &[u8]) -> (Jls, Block) {
    let mut jls = Jls::of("x.jls", file.to_vec()).unwrap();
    let (mut tally, mut block) = (Tally::default(), Block::default());
    let mut all = Block::default();
    loop {
        tally.open(&mut block);
        let more = jls.next_piece(100, &mut tally, &mut block).unwrap();
        all.samples.append(&mut block.samples);
        all.gaps.append(&mut block.gaps);
        all.events.append(&mut block.events);
        if !more {
            return (jls, all);
        }
    }
}

#[test]
fn a_file_of_the_makers_own_library_is_read() {
    let (jls, all) = read(FILE);
    assert_eq!((jls.rate_hz(), jls.has_voltage(), jls.digital_inputs()), (1000.0, true, 1));
    // 3000 samples: k µA at 3 V, 3.5 V from 1500 on; the input high from 500 to 2000; 700 to 709 are no numbers.
    assert_eq!(all.gaps.iter().map(|gap| gap.missing).sum::<u64>(), 10);
    assert_eq!(all.gaps.first(), Some(&Gap { at: 701, missing: 1, why: GapReason::File }));
    assert_eq!(all.samples.len(), 2990);
    for (index, sample) in (0..3000).filter(|index| !(700..710).contains(index)).zip(&all.samples) {
        assert!((f64::from(sample.current) - f64::from(index) * 1e-6).abs() < 1e-9, "sample {index}");
        assert_eq!(sample.voltage, Some(if index < 1500 { 3.0 } else { 3.5 }), "sample {index}");
        assert_eq!(sample.digital, u8::from((500..2000).contains(&index)), "sample {index}");
    }
    assert!(all.events.is_empty());
}

#[test]
fn a_file_that_was_not_closed_says_so() {
    let (_, all) = read(&FILE[..FILE.len() * 2 / 3]);
    assert!(all.gaps.iter().any(|gap| gap.missing == 0));
    assert!(!all.samples.is_empty());
}

#[test]
fn another_file_is_refused() {
    let error = |file: &[u8]| Jls::of("x.jls", file.to_vec()).map(|_| ()).unwrap_err().to_string();
    assert!(error(b"PK").contains("this is no .jls file"));
    assert!(error(&FILE[..200]).contains("none is named current"));
}
