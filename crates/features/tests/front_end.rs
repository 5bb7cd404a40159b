//! The sound path against the training scripts' integers, exactly, and against floating point, nearly.

mod support;

use features::{
    Complex, Config, FrontEnd, LogMel, Mel, Mfcc, Quantise, ScratchParts, Twiddle, log2_q16, real_fft, tables,
};
use support::{Block, clip, read};

const FILES: [&str; 5] = ["kws.txt", "speech_25ms.txt", "narrow_8k.txt", "wide_48k.txt", "tiny.txt"];

fn config(block: &Block) -> Config {
    Config {
        sample_rate_hz: block.value("sample_rate_hz"),
        frame_samples: block.value("frame"),
        hop_samples: block.value("hop"),
        fft_size: block.value("fft"),
        mel_bands: block.value("mel_bands"),
        low_hz: block.value("low_hz"),
        high_hz: block.value("high_hz"),
        log_floor_bits: block.value("log_floor_bits"),
    }
}

/// Tables as a host makes them.
struct Tables {
    config: Config,
    window: Vec<u16>,
    twiddles: Vec<Twiddle>,
    rise_ends: Vec<u16>,
    weights: Vec<u16>,
    edges: (u16, u16),
    cosines: Vec<i16>,
}

impl Tables {
    fn new(config: Config, coefficients: usize) -> Self {
        let half = config.fft_size / 2;
        let (mut window, mut twiddles) = (vec![0xA5; config.frame_samples], vec![Twiddle::default(); half]);
        let (mut rise_ends, mut weights) = (vec![0xA5; config.mel_bands], vec![0xA5; half]);
        let mut cosines = vec![0x5A; config.mel_bands * coefficients];
        tables::fill_hann(&mut window);
        tables::fill_twiddles(&mut twiddles);
        tables::fill_dct(config.mel_bands, &mut cosines);
        let edges = tables::fill_mel(&config, &mut rise_ends, &mut weights).unwrap();
        Self { config, window, twiddles, rise_ends, weights, edges, cosines }
    }

    fn front_end(&self, with_dct: bool) -> FrontEnd<'_> {
        let mel = Mel {
            first: self.edges.0,
            rise_ends: &self.rise_ends,
            last: self.edges.1,
            weights: &self.weights,
        };
        let cosines = if with_dct { &self.cosines[..] } else { &[] };
        FrontEnd::new(self.config, &self.window, &self.twiddles, mel, cosines).unwrap()
    }
}

#[test]
fn tables_are_the_training_scripts() {
    for file in FILES {
        let blocks = read(file);
        let head = &blocks[0];
        let tables = Tables::new(config(head), head.value("coefficients"));
        assert_eq!(tables.window, head.values::<u16>("window"), "{file}");
        let (cos, minus_sin): (Vec<i16>, Vec<i16>) =
            tables.twiddles.iter().map(|w| (w.cos, w.minus_sin)).unzip();
        assert_eq!(cos, head.values::<i16>("cos"), "{file}");
        assert_eq!(minus_sin, head.values::<i16>("minus_sin"), "{file}");
        let edges = [&[tables.edges.0][..], &tables.rise_ends, &[tables.edges.1]].concat();
        assert_eq!(edges, head.values::<u16>("mel_edges"), "{file}");
        assert_eq!(tables.weights, head.values::<u16>("mel_weights"), "{file}");
        assert_eq!(tables.cosines, head.values::<i16>("dct"), "{file}");
    }
}

/// The windowed frame, two samples to an element in bit-reversed order: what `real_fft` takes.
fn loaded(frame: &[i16], tables: &Tables) -> Vec<Complex> {
    let half = tables.twiddles.len();
    let mut windowed: Vec<i32> =
        frame.iter().zip(&tables.window).map(|(&x, &w)| i32::from(x) * i32::from(w)).collect();
    windowed.resize(2 * half, 0);
    let reversed = |i: usize| i.reverse_bits() >> (usize::BITS - half.trailing_zeros());
    (0..half).map(|i| Complex { re: windowed[2 * reversed(i)], im: windowed[2 * reversed(i) + 1] }).collect()
}

#[test]
fn spectra_are_the_training_scripts_and_near_numpys() {
    let mut checked = 0;
    for file in FILES {
        let blocks = read(file);
        let tables = Tables::new(config(&blocks[0]), 1);
        for block in blocks[1..].iter().filter(|block| block.has("re")) {
            let frame = clip(block.text("clip"), tables.config.frame_samples);
            let mut spectrum = loaded(&frame, &tables);
            real_fft(&mut spectrum, &tables.twiddles);
            let expected = block.values::<i32>("re").into_iter().zip(block.values::<i32>("im"));
            for (k, (bin, (re, im))) in spectrum.iter().zip(expected).enumerate() {
                // element 0 carries the bin at half the sampling rate as its imaginary part
                let im = if k == 0 { bin.im } else { im };
                assert_eq!(*bin, Complex { re, im }, "{file} {} bin {k}", block.text("clip"));
            }
            let (re, im) = (block.values::<f64>("float_re"), block.values::<f64>("float_im"));
            let largest = re.iter().chain(&im).fold(0.0f64, |a, x| a.max(x.abs()));
            for (k, bin) in spectrum.iter().enumerate() {
                let allowed = 1.2e-4 * largest + 4.0;
                assert!((f64::from(bin.re) - re[k]).abs() < allowed, "{file} bin {k}");
                assert!(k == 0 || (f64::from(bin.im) - im[k]).abs() < allowed, "{file} bin {k}");
            }
            checked += 1;
        }
    }
    assert_eq!(checked, 4 * 6 + 1);
}

#[test]
fn half_the_sampling_rate_is_the_imaginary_part_of_bin_0() {
    let mut twiddles = [Twiddle::default(); 8];
    tables::fill_twiddles(&mut twiddles);
    // +1000 -1000 +1000 …: every pair is (1000, -1000), so bit reversal changes nothing
    let mut spectrum = [Complex { re: 1000, im: -1000 }; 8];
    real_fft(&mut spectrum, &twiddles);
    assert_eq!(spectrum[0], Complex { re: 0, im: 1000 });
    assert!(spectrum[1..].iter().all(|bin| *bin == Complex::default()));
}

#[test]
fn the_loudest_input_overflows_nowhere() {
    const HALF: usize = 2048;
    let mut twiddles = [Twiddle::default(); HALF];
    tables::fill_twiddles(&mut twiddles);
    for bin in [0, 1, 2, 3, 511, 512, 1023, 1024, 1025, 1500, 2047] {
        // every sample at the limit, with the sign that adds most to this bin
        let sample = |n: usize| {
            let turns = (bin * n % (2 * HALF)) as f64 / (2 * HALF) as f64;
            if (2.0 * std::f64::consts::PI * turns).cos() >= 0.0 { 1 << 30 } else { -(1 << 30) }
        };
        let reversed = |i: usize| i.reverse_bits() >> (usize::BITS - HALF.trailing_zeros());
        let mut spectrum: Vec<Complex> = (0..HALF)
            .map(|i| Complex { re: sample(2 * reversed(i)), im: sample(2 * reversed(i) + 1) })
            .collect();
        real_fft(&mut spectrum, &twiddles);
        // the mean of |cos| is 2 / π, and an alias of the square wave may add to it; at 0 and a quarter it is 1
        let magnitude =
            f64::from(spectrum[bin].re).hypot(if bin == 0 { 0.0 } else { spectrum[bin].im.into() });
        let share = magnitude / f64::from(1 << 30);
        assert!((0.63..=1.001).contains(&share), "bin {bin}: {share}");
    }
}

fn rows_q16(front: FrontEnd<'_>, samples: &[i16]) -> Vec<i32> {
    let config = *front.config();
    let mut spectrum = vec![Complex { re: 77, im: -77 }; config.fft_size / 2];
    let mut bands = vec![0x5A5A; config.mel_bands];
    let mut out = Vec::new();
    for i in 0..config.rows(samples.len()) {
        let frame = &samples[i * config.hop_samples..][..config.frame_samples];
        let mut row = vec![0x5A5A; front.columns()];
        let mut scratch = ScratchParts { spectrum: &mut spectrum, bands_q16: &mut bands, row_q16: &mut [] };
        let (older, newer) = frame.split_at(i * 5 % frame.len());
        front.row(older, newer, &mut scratch, &mut row).unwrap();
        out.extend(row);
    }
    out
}

#[test]
fn rows_are_the_training_scripts_and_near_floating_point() {
    for file in FILES {
        let blocks = read(file);
        let tables = Tables::new(config(&blocks[0]), blocks[0].value("coefficients"));
        assert_eq!(blocks.len(), 7, "{file}");
        for block in &blocks[1..] {
            let rule = block.text("clip");
            let samples = clip(rule, tables.config.samples(3));
            let log_mel = rows_q16(tables.front_end(false), &samples);
            assert_eq!(log_mel, block.values::<i32>("log_mel"), "{file} {rule}");
            let mfcc = rows_q16(tables.front_end(true), &samples);
            assert_eq!(mfcc, block.values::<i32>("mfcc"), "{file} {rule}");

            // Only where there is sound in every band do rounding errors stay small beside the energies.
            if rule.starts_with("noise 1") || rule.starts_with("noise 2") {
                for (name, rows) in [("float_log_mel", log_mel), ("float_mfcc", mfcc)] {
                    for (value, float) in rows.iter().zip(block.values::<f64>(name)) {
                        let value = f64::from(*value) / 65536.0;
                        // a cosine in Q15 is off by up to 1e-4 of itself
                        assert!(
                            (value - float).abs() < 0.01 + 1e-4 * float.abs(),
                            "{file} {rule} {name}: {value} for {float}"
                        );
                    }
                }
            }
        }
    }
}

#[test]
fn whole_clips_are_quantised_like_the_training_scripts() {
    for file in FILES {
        let blocks = read(file);
        let coefficients = blocks[0].value("coefficients");
        let tables = Tables::new(config(&blocks[0]), coefficients);
        for block in &blocks[1..] {
            let (mean, gain) = (block.values("mean_q16"), block.values("gain_q32"));
            let quantise = Quantise { mean_q16: &mean, gain_q32: &gain, zero_point: -3 };
            let samples = clip(block.text("clip"), tables.config.samples(3));
            let mut spectrum = vec![Complex { re: 77, im: -77 }; tables.config.fft_size / 2];
            let (mut bands, mut row) = (vec![0x5A5A; tables.config.mel_bands], vec![0x5A5A; coefficients]);
            let mut scratch =
                ScratchParts { spectrum: &mut spectrum, bands_q16: &mut bands, row_q16: &mut row };
            let mut input = vec![0x5A; 3 * coefficients];
            let rows =
                tables.front_end(true).whole_clip(&quantise, &samples, &mut scratch, &mut input).unwrap();
            assert_eq!(rows, 3);
            assert_eq!(input, block.values::<i8>("int8"), "{file} {}", block.text("clip"));
        }
    }
}

#[test]
fn the_compilers_tables_are_the_hosts() {
    const KWS: Config = Config {
        sample_rate_hz: 16_000,
        frame_samples: 512,
        hop_samples: 320,
        fft_size: 512,
        mel_bands: 40,
        low_hz: 60,
        high_hz: 7_600,
        log_floor_bits: 26,
    };
    static MFCC: Mfcc<512, 256, 40, 10> = features::mfcc_tables!(KWS);
    static LOG_MEL: LogMel<512, 256, 40> = features::log_mel_tables!(KWS);
    let blocks = read("kws.txt");
    assert_eq!(config(&blocks[0]), KWS);
    for block in &blocks[1..] {
        let samples = clip(block.text("clip"), KWS.samples(3));
        assert_eq!(rows_q16(MFCC.front_end(), &samples), block.values::<i32>("mfcc"));
        assert_eq!(rows_q16(LOG_MEL.front_end(), &samples), block.values::<i32>("log_mel"));
    }
}

#[test]
fn logarithms_are_the_training_scripts_and_near_the_true_ones() {
    let block = &read("log2.txt")[0];
    let (x, expected) = (block.values::<u64>("x"), block.values::<i32>("log2_q16"));
    assert_eq!(x.iter().map(|&x| log2_q16(x)).collect::<Vec<_>>(), expected);
    for (q16, float) in expected.iter().zip(block.values::<f64>("float_log2")) {
        assert!((f64::from(*q16) / 65536.0 - float).abs() < 1.5e-4 + float * 1e-5);
    }
    assert_eq!([0, 1, u64::MAX].map(log2_q16), [0, 0, 64 << 16]);
    let mut last = 0;
    for x in (0..64).flat_map(|e| (0..256).map(move |i| (1u64 << e) + ((1u64 << e) >> 8) * i)) {
        assert!(log2_q16(x) >= last, "log2 falls at {x}");
        last = log2_q16(x);
        assert!((f64::from(last) / 65536.0 - (x as f64).log2()).abs() < 6e-5, "{x}");
    }
}
