use std::{path::Path, time::Duration};

use lab::{
    instruments,
    stream::{Block, Progress},
};

use super::measured::setup;

/// Joules at 3 V of a capture file, or at the voltage that it has, and how many samples are missing.
fn energy(path: &Path) -> (f64, u64) {
    let mut file = instruments::open(&format!("file:{}", path.display())).expect("a file that can be read");
    let applied = file.configure(&setup(3.0, None)).unwrap();
    file.power(true).unwrap();
    file.start().unwrap();
    let (mut block, mut joules, mut missing) = (Block::default(), 0.0, 0);
    while file.read(Duration::ZERO, &mut block).unwrap() != Progress::Ended {
        let power =
            |volts: Option<f32>, current| f64::from(volts.unwrap_or(applied.volts)) * f64::from(current);
        joules += block.samples.iter().map(|it| power(it.voltage, it.current)).sum::<f64>() / applied.rate_hz;
        missing += block.gaps.iter().map(|gap| gap.missing).sum::<u64>();
    }
    assert!(file.start().is_err(), "a file is played once");
    (joules, missing)
}

#[test]
fn a_capture_of_each_format_has_its_energy() {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data");
    // 600 samples of 3 µA and 400 of 1.5 mA, at 3 V and ten microseconds each.
    let (joules, missing) = energy(&data.join("small.ppk2"));
    assert!((joules / ((600.0 * 3e-6 + 400.0 * 1.5e-3) * 3.0 * 1e-5) - 1.0).abs() < 1e-6, "{joules}");
    assert_eq!(missing, 0);
    // k µA over a millisecond: at 3 V to 1499 without 700 to 709, then at 3.5 V to 2999.
    let (joules, missing) = energy(&data.join("small.jls"));
    let early: u32 = (0..1500).filter(|k| !(700..710).contains(k)).sum();
    let truth = (f64::from(early) * 3.0 + f64::from((1500..3000).sum::<u32>()) * 3.5) * 1e-9;
    assert!((joules / truth - 1.0).abs() < 1e-6, "{joules}");
    assert_eq!(missing, 10);
    let folder = tempfile::tempdir().unwrap();
    let table = folder.path().join("table.csv");
    std::fs::write(&table, "Timestamp(ms),Current(uA)\n0,1000\n1,1000\n2,1000\n5,1000\n").unwrap();
    let (joules, missing) = energy(&table);
    assert!((joules / (4.0 * 1e-3 * 3.0 * 1e-3) - 1.0).abs() < 1e-6, "{joules}");
    assert_eq!(missing, 2);
}

#[test]
fn a_file_that_is_not_there_is_named() {
    let error = instruments::open("file:/no/such/file.csv").map(|_| ()).unwrap_err().to_string();
    assert!(error.contains("/no/such/file.csv"), "{error}");
}
