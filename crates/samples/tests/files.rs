//! What is read from files, and the message for each refusal.

use proptest::prelude::*;
use samples::{Array, Picture, Sample, SampleError, Sound};
use std::error::Error;
use std::io::Cursor;

fn png(
    width: u32,
    height: u32,
    color: png::ColorType,
    depth: png::BitDepth,
    data: &[u8],
    palette: &[u8],
) -> Vec<u8> {
    let mut out = Vec::new();
    let mut encoder = png::Encoder::new(&mut out, width, height);
    encoder.set_color(color);
    encoder.set_depth(depth);
    if !palette.is_empty() {
        encoder.set_palette(palette.to_vec());
    }
    encoder.write_header().unwrap().write_image_data(data).unwrap();
    out
}

#[test]
fn every_colour_type_and_depth_becomes_grey_or_rgb() {
    use png::{BitDepth as D, ColorType as C};
    #[rustfmt::skip]
    let rows: [(Vec<u8>, usize, &[u8]); 7] = [
        (png(2, 1, C::Grayscale, D::Eight, &[7, 250], &[]), 1, &[7, 250]),
        (png(2, 1, C::Grayscale, D::Sixteen, &[7, 200, 250, 1], &[]), 1, &[7, 250]),
        (png(3, 1, C::Grayscale, D::One, &[0b1010_0000], &[]), 1, &[255, 0, 255]),
        (png(2, 1, C::GrayscaleAlpha, D::Eight, &[7, 0, 250, 9], &[]), 1, &[7, 250]),
        (png(1, 2, C::Rgb, D::Eight, &[1, 2, 3, 4, 5, 6], &[]), 3, &[1, 2, 3, 4, 5, 6]),
        (png(1, 2, C::Rgba, D::Eight, &[1, 2, 3, 9, 4, 5, 6, 9], &[]), 3, &[1, 2, 3, 4, 5, 6]),
        (png(2, 1, C::Indexed, D::Eight, &[1, 0], &[9, 8, 7, 6, 5, 4]), 3, &[6, 5, 4, 9, 8, 7]),
    ];
    for (i, (file, channels, pixels)) in rows.into_iter().enumerate() {
        let Sample::Picture(picture) = Sample::decode(&file).unwrap() else {
            panic!("row {i} is no picture")
        };
        assert_eq!((picture.channels, &picture.pixels[..]), (channels, pixels), "row {i}");
        assert_eq!(picture.height * picture.width * channels, pixels.len(), "row {i}");
    }
}

#[test]
fn broken_and_huge_pictures_are_refused() {
    let good = png(2, 1, png::ColorType::Grayscale, png::BitDepth::Eight, &[7, 250], &[]);
    let refused = Sample::decode(&good[..good.len() - 20]).unwrap_err();
    assert_eq!(refused.to_string(), "not a readable PNG");
    assert!(refused.source().is_some());
    // 60000 x 60000 says the header: nothing of that size is asked for
    let mut bomb = good;
    bomb[16..24].copy_from_slice(&[0, 0, 0xEA, 0x60, 0, 0, 0xEA, 0x60]);
    let crc = crc32(&bomb[12..29]).to_be_bytes();
    bomb[29..33].copy_from_slice(&crc);
    assert!(matches!(Picture::from_png(&bomb), Err(SampleError::TooLarge { .. } | SampleError::Png(_))));
    assert_eq!(SampleError::TooLarge { limit: 5 }.to_string(), "more than 5 bytes");
}

fn crc32(bytes: &[u8]) -> u32 {
    let step = |crc: u32, &byte: &u8| {
        (0..8).fold(crc ^ u32::from(byte), |c, _| if c & 1 == 1 { 0xEDB8_8320 ^ (c >> 1) } else { c >> 1 })
    };
    !bytes.iter().fold(!0, step)
}

fn wav(spec: hound::WavSpec, samples: usize) -> Vec<u8> {
    let mut out = Cursor::new(Vec::new());
    let mut writer = hound::WavWriter::new(&mut out, spec).unwrap();
    for i in 0..samples as i32 {
        match spec.sample_format {
            hound::SampleFormat::Int => writer.write_sample(i * 3 - 4).unwrap(),
            hound::SampleFormat::Float => writer.write_sample(i as f32).unwrap(),
        }
    }
    writer.finalize().unwrap();
    out.into_inner()
}

#[test]
fn sounds_are_one_channel_of_16_bits() {
    use hound::SampleFormat::{Float, Int};
    let spec = |channels, bits_per_sample, sample_format| hound::WavSpec {
        channels,
        sample_rate: 8000,
        bits_per_sample,
        sample_format,
    };
    let good = wav(spec(1, 16, Int), 3);
    assert_eq!(
        Sample::decode(&good).unwrap(),
        Sample::Sound(Sound { rate_hz: 8000, samples: vec![-4, -1, 2] })
    );
    #[rustfmt::skip]
    let rows = [
        (spec(2, 16, Int), "WAV with 2 channels of 16-bit integer samples"),
        (spec(1, 8, Int), "WAV with 1 channels of 8-bit integer samples"),
        (spec(1, 32, Float), "WAV with 1 channels of 32-bit float samples"),
    ];
    for (spec, message) in rows {
        let refused = Sound::from_wav(&wav(spec, 4)).unwrap_err().to_string();
        assert!(refused.starts_with(message), "{refused}");
        assert!(refused.ends_with("convert with `sox IN -b 16 -c 1 OUT.wav`"), "{refused}");
    }
    for cut in [10, 30, good.len() - 1] {
        let refused = Sample::decode(&good[..cut]).unwrap_err();
        assert!(refused.to_string().starts_with("not a readable WAV"), "{refused}");
    }
    // a header that claims 4 GB costs no memory
    let mut claim = good;
    let length = claim.len();
    claim[length - 10..length - 6].copy_from_slice(&[0xFE, 0xFF, 0xFF, 0xFF]);
    assert!(matches!(Sample::decode(&claim), Err(SampleError::Wav(_))));
}

fn npy(version: u8, header: &str, data: &[u8]) -> Vec<u8> {
    let length = header.len() as u32;
    let length =
        if version == 1 { (length as u16).to_le_bytes().to_vec() } else { length.to_le_bytes().to_vec() };
    [b"\x93NUMPY", &[version, 0][..], &length, header.as_bytes(), data].concat()
}

#[test]
fn arrays_of_every_version_and_type() {
    let header = |descr: &str, shape: &str| {
        format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}      \n")
    };
    type Row<'a> = (u8, &'a str, &'a str, &'static str, &'a [usize], usize);
    #[rustfmt::skip]
    let rows: [Row<'_>; 8] = [
        (1, "|i1", "(2, 3)", "int8", &[2, 3], 6),
        (2, "|u1", "(3,)", "uint8", &[3], 3),
        (3, "|b1", "(1, 2)", "bool", &[1, 2], 2),
        (1, "<i2", "(2,)", "int16", &[2], 4),
        (1, "<i4", "()", "int32", &[], 4),
        (1, "<i8", "(1,1,1)", "int64", &[1, 1, 1], 8),
        (1, "<f4", "(2,2)", "float32", &[2, 2], 16),
        (1, "<f4", "(2, 0)", "float32", &[2, 0], 0),
    ];
    for (version, descr, shape, dtype, axes, bytes) in rows {
        let data: Vec<u8> = (1..=bytes as u8).collect();
        let array = Sample::decode(&npy(version, &header(descr, shape), &data)).unwrap();
        assert_eq!(array, Sample::Array(Array { dtype, shape: axes.to_vec(), bytes: data }));
    }
}

#[test]
fn arrays_that_are_refused_say_why() {
    let header = |descr: &str, order: &str, shape: &str| {
        format!("{{\"descr\": {descr}, 'fortran_order': {order}, 'shape': {shape}, }}\n")
    };
    let plain = header("'|i1'", "False", "(2,)");
    #[rustfmt::skip]
    let rows = [
        (npy(1, &header("'<f8'", "False", "(1,)"), &[0; 8]), "NPY of type <f8: |i1, |u1, |b1, <i2, <i4, <i8 and <f4 are taken; convert with numpy's `astype`"),
        (npy(1, &header("'>i2'", "False", "(1,)"), &[0; 2]), "NPY of type >i2: |i1, |u1, |b1, <i2, <i4, <i8 and <f4 are taken; convert with numpy's `astype`"),
        (npy(1, &header("[('x', '<f4')]", "False", "(1,)"), &[0; 4]), "not a readable NPY: its type is not a plain one"),
        (npy(1, &header("'|i1'", "True", "(2, 2)"), &[0; 4]), "NPY in Fortran order: write it with `numpy.ascontiguousarray`"),
        (npy(1, &plain, &[0; 3]), "NPY with 3 bytes of data: its shape [2] takes 2"),
        (npy(1, &plain, &[0; 1]), "NPY with 1 bytes of data: its shape [2] takes 2"),
        (npy(1, &header("'|i1'", "False", "(99999999999, 99999999999)"), &[]), "not a readable NPY: its shape has more elements than fit a memory"),
        (npy(1, &header("'|i1'", "False", "(-1,)"), &[]), "not a readable NPY: its shape is not a tuple of numbers"),
        (npy(1, &header("'|i1'", "False", "2"), &[]), "not a readable NPY: its shape is not a tuple"),
        (npy(1, "{'descr': '|i1'}", &[]), "not a readable NPY: its header lacks descr, fortran_order or shape"),
        (npy(4, &plain, &[0; 2]), "not a readable NPY: its version is not 1, 2 or 3"),
        (npy(1, &plain, &[])[..30].to_vec(), "not a readable NPY: it ends within its header"),
        (npy(1, &plain, &[])[..9].to_vec(), "not a readable NPY: it ends within its header"),
        (npy(1, "", &[])[..6].to_vec(), "not a readable NPY: it ends within its header"),
    ];
    for (file, message) in rows {
        assert_eq!(Sample::decode(&file).unwrap_err().to_string(), message);
    }
    let text = [&npy(1, &plain, &[0; 2])[..10], &[0xFF; 60]].concat();
    assert_eq!(Sample::decode(&text).unwrap_err().to_string(), "not a readable NPY: its header is not text");
    assert_eq!(
        Array::from_npy(b"RIFF").unwrap_err().to_string(),
        "not a readable NPY: it does not begin with \\x93NUMPY"
    );
    // one long axis is the same in both orders
    assert!(Array::from_npy(&npy(1, &header("'|i1'", "True", "(2, 1)"), &[0; 2])).is_ok());
}

#[test]
fn anything_else_is_raw_and_no_file_is_said() {
    assert_eq!(Sample::decode(&[1, 2]).unwrap(), Sample::Raw(vec![1, 2]));
    assert_eq!(Sample::decode(&[]).unwrap(), Sample::Raw(vec![]));
    let refused = Sample::read("/nowhere/x.png".as_ref()).unwrap_err();
    assert_eq!(refused.to_string(), "cannot read /nowhere/x.png");
    assert!(refused.source().is_some());
    let too_large = vec![0; samples::MAX_BYTES + 1];
    assert!(matches!(Sample::decode(&too_large), Err(SampleError::TooLarge { .. })));
}

proptest! {
    #[test]
    fn damage_never_panics(which in 0usize..3, at: prop::sample::Index, with: u8, keep: prop::sample::Index) {
        let spec = hound::WavSpec { channels: 1, sample_rate: 8000, bits_per_sample: 16, sample_format: hound::SampleFormat::Int };
        let mut file = match which {
            0 => png(3, 3, png::ColorType::Rgb, png::BitDepth::Eight, &[9; 27], &[]),
            1 => wav(spec, 20),
            _ => npy(1, "{'descr': '<i2', 'fortran_order': False, 'shape': (2, 3), }\n", &[7; 12]),
        };
        let at = at.index(file.len());
        file[at] = with;
        file.truncate(file.len() - keep.index(file.len()) / 4);
        let _ = Sample::decode(&file);
    }
}
