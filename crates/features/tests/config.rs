//! What a configuration must obey, and the message for each refusal.

use features::{Config, ConfigError, FrontEnd, LogMel, Mel, Mfcc, Twiddle};

const GOOD: Config = Config {
    sample_rate_hz: 8_000,
    frame_samples: 50,
    hop_samples: 20,
    fft_size: 64,
    mel_bands: 8,
    low_hz: 100,
    high_hz: 4_000,
    log_floor_bits: 10,
};

#[test]
fn every_refusal_says_what_and_why() {
    #[rustfmt::skip]
    let rows = [
        (Config { fft_size: 48, ..GOOD }, "transform of 48 samples: it must be a power of two from 8 to 4096"),
        (Config { fft_size: 4, ..GOOD }, "transform of 4 samples: it must be a power of two from 8 to 4096"),
        (Config { fft_size: 8192, ..GOOD }, "transform of 8192 samples: it must be a power of two from 8 to 4096"),
        (Config { frame_samples: 0, ..GOOD }, "frame of 0 samples: it must be 1 or more and fit the transform"),
        (Config { frame_samples: 65, ..GOOD }, "frame of 65 samples: it must be 1 or more and fit the transform"),
        (Config { hop_samples: 0, ..GOOD }, "hop of 0 samples: it must be 1 or more"),
        (Config { high_hz: 4001, ..GOOD }, "bands from 100 Hz to 4001 Hz: the edges must rise, from 0 Hz up to half the sampling rate"),
        (Config { low_hz: 4000, ..GOOD }, "bands from 4000 Hz to 4000 Hz: the edges must rise, from 0 Hz up to half the sampling rate"),
        (Config { log_floor_bits: 40, ..GOOD }, "logarithm floor of 2^40: it must be below 2^40"),
    ];
    for (config, message) in rows {
        assert_eq!(config.check().unwrap_err().to_string(), message);
    }
    assert_eq!(GOOD.check(), Ok(()));
    assert_eq!(Config { low_hz: 0, ..GOOD }.check(), Ok(()));
    assert_eq!(Config { log_floor_bits: 39, frame_samples: 64, ..GOOD }.check(), Ok(()));
}

#[test]
fn a_band_without_a_bin_is_refused_by_its_number() {
    let narrow = Config { mel_bands: 30, ..GOOD };
    let refused = LogMel::<50, 32, 30>::new(narrow).unwrap_err();
    let ConfigError::EmptyBand(band) = refused else { panic!("{refused}") };
    // edges are 2 bands apart by the mel scale; bin 2 is at 250 Hz, bin 1 at 125 Hz
    let message = format!("no bin of the spectrum is in band {band}: take fewer bands or a longer transform");
    assert_eq!(refused.to_string(), message);
    let mel = |hz: f64| (1.0 + hz / 700.0).ln();
    let edge = |i: usize| mel(100.0) + (mel(4000.0) - mel(100.0)) * i as f64 / 31.0;
    let holds_a_bin = |b: usize| (0..32).any(|k| (edge(b)..edge(b + 2)).contains(&mel(k as f64 * 125.0)));
    assert_eq!((0..30).find(|&b| !holds_a_bin(b)), Some(band));
}

#[test]
fn sizes_must_be_the_configurations() {
    assert_eq!(LogMel::<51, 32, 8>::new(GOOD).unwrap_err(), ConfigError::Sizes { needed: 50, got: 51 });
    assert_eq!(LogMel::<50, 16, 8>::new(GOOD).unwrap_err(), ConfigError::Sizes { needed: 32, got: 16 });
    assert_eq!(LogMel::<50, 32, 9>::new(GOOD).unwrap_err(), ConfigError::Sizes { needed: 8, got: 9 });
    let refused = Mfcc::<50, 32, 8, 9>::new(GOOD).unwrap_err();
    assert_eq!(refused, ConfigError::Coefficients { coefficients: 9, bands: 8 });
    assert_eq!(refused.to_string(), "9 coefficients of 8 bands: take 1 or more, and no more than the bands");
    let mel = Mel { first: 0, rise_ends: &[0; 8], last: 0, weights: &[0; 32] };
    let front =
        |cosines| FrontEnd::new(GOOD, &[0; 50], &[Twiddle { cos: 0, minus_sin: 0 }; 32], mel, cosines);
    assert_eq!(front(&[0; 16]).unwrap().columns(), 2);
    assert_eq!(front(&[]).unwrap().columns(), 8);
    let refused = front(&[0; 12]).unwrap_err();
    assert_eq!(refused, ConfigError::Sizes { needed: 8, got: 12 });
    assert_eq!(refused.to_string(), "tables or buffers of 12 elements: 8 are needed");
    assert_eq!(front(&[0; 72]).unwrap_err(), ConfigError::Coefficients { coefficients: 9, bands: 8 });
}

#[test]
fn rows_and_samples_are_each_others_inverse() {
    assert_eq!([0, 49, 50, 69, 70, 90].map(|samples| GOOD.rows(samples)), [0, 0, 1, 1, 2, 3]);
    assert_eq!([0, 1, 2, 3].map(|rows| GOOD.samples(rows)), [0, 50, 70, 90]);
    assert_eq!(Config { hop_samples: 0, ..GOOD }.rows(100), 0);
}
