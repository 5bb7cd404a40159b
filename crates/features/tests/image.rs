//! Resizing and normalising: against the training scripts' integers, worked rows, properties.

mod support;

use features::image::{Affine, ImageError, MAX_SIDE, Size, area, bilinear, grey, normalise};
use features::{BufferError, image};
use proptest::prelude::*;
use support::{lcg, read};

#[test]
fn resizing_is_the_training_scripts() {
    let blocks = read("image.txt");
    assert_eq!(blocks.len(), 8);
    for block in blocks {
        let (from, to) = (block.values::<u16>("from"), block.values::<u16>("to"));
        let (from, to) = (Size::new(from[0], from[1], 1), Size::new(to[0], to[1], 1));
        let pixels = block.values::<u8>("pixels");
        let mut out = vec![0xA5; to.bytes()];
        bilinear(&pixels, from, &mut out, to).unwrap();
        assert_eq!(out, block.values::<u8>("bilinear"), "bilinear {from:?} {to:?}");
        out.fill(0xA5);
        area(&pixels, from, &mut out, to).unwrap();
        assert_eq!(out, block.values::<u8>("area"), "area {from:?} {to:?}");
    }
}

type Resize = fn(&[u8], Size, &mut [u8], Size) -> Result<(), ImageError>;
const BOTH: [Resize; 2] = [bilinear, area];

fn side() -> impl Strategy<Value = u16> {
    1u16..24
}

proptest! {
    #[test]
    fn channels_do_not_mix_and_values_stay_in_range(seed: u32, h in side(), w in side(), to_h in side(), to_w in side()) {
        let (one, three) = (Size::new(h, w, 1), Size::new(h, w, 3));
        let (to_one, to_three) = (Size::new(to_h, to_w, 1), Size::new(to_h, to_w, 3));
        let mut bytes = lcg(seed).map(|x| (x >> 8) as u8);
        let planes: [Vec<u8>; 3] = std::array::from_fn(|_| bytes.by_ref().take(one.bytes()).collect());
        let interleaved: Vec<u8> = (0..three.bytes()).map(|i| planes[i % 3][i / 3]).collect();
        for resize in BOTH {
            let mut out = vec![0xA5; to_three.bytes()];
            resize(&interleaved, three, &mut out, to_three).unwrap();
            for (c, plane) in planes.iter().enumerate() {
                let mut alone = vec![0x5A; to_one.bytes()];
                resize(plane, one, &mut alone, to_one).unwrap();
                let channel: Vec<u8> = out.iter().skip(c).step_by(3).copied().collect();
                prop_assert_eq!(&channel, &alone);
                let (low, high) = (plane.iter().min().unwrap(), plane.iter().max().unwrap());
                prop_assert!(alone.iter().all(|x| (low..=high).contains(&x)));
            }
        }
    }

    #[test]
    fn the_same_size_is_the_same_picture(seed: u32, h in side(), w in side()) {
        let size = Size::new(h, w, 2);
        let picture: Vec<u8> = lcg(seed).map(|x| (x >> 8) as u8).take(size.bytes()).collect();
        for resize in BOTH {
            let mut out = vec![0xA5; size.bytes()];
            resize(&picture, size, &mut out, size).unwrap();
            prop_assert_eq!(&out, &picture);
        }
    }
}

#[test]
fn the_longest_sides_do_not_overflow() {
    let long = Size::new(MAX_SIDE, 1, 1);
    let picture: Vec<u8> = (0..MAX_SIDE).map(|y| (y >> 7) as u8).collect();
    for resize in BOTH {
        let mut out = vec![0xA5; usize::from(MAX_SIDE)];
        resize(&picture, long, &mut out, long).unwrap();
        assert_eq!(out, picture);
        let mut out = [0xA5; 3];
        resize(&picture, long, &mut out, Size::new(3, 1, 1)).unwrap();
        assert_eq!(out[1], 127);
        let mut out = vec![0xA5; usize::from(MAX_SIDE)];
        resize(&[1, 255], Size::new(2, 1, 1), &mut out, long).unwrap();
        assert_eq!((out[0], out[usize::from(MAX_SIDE) - 1]), (1, 255));
    }
}

#[test]
fn refusals_name_the_numbers() {
    let (small, none, wide) = (Size::new(2, 2, 1), Size::new(0, 2, 1), Size::new(1, MAX_SIDE + 1, 1));
    for resize in BOTH {
        assert_eq!(resize(&[0; 4], small, &mut [], none), Err(ImageError::Size(none)));
        assert_eq!(resize(&[], none, &mut [0; 4], small), Err(ImageError::Size(none)));
        assert_eq!(resize(&vec![0; 32768], wide, &mut [0; 4], small), Err(ImageError::Size(wide)));
        assert_eq!(
            resize(&[0; 4], small, &mut [0; 12], Size::new(2, 2, 3)),
            Err(ImageError::Channels { from: 1, to: 3 })
        );
        let short = ImageError::Buffer(BufferError { needed: 4, got: 3 });
        assert_eq!(resize(&[0; 3], small, &mut [0; 4], small), Err(short));
        assert_eq!(resize(&[0; 4], small, &mut [0; 3], small), Err(short));
    }
    let text = |e: ImageError| e.to_string();
    assert_eq!(
        text(ImageError::Size(none)),
        "picture of 0x2x1: sides must be from 1 to 32767, channels 1 or more"
    );
    assert_eq!(text(ImageError::Channels { from: 1, to: 3 }), "1 channels cannot be resized into 3");
    assert_eq!(text(BufferError { needed: 4, got: 3 }.into()), "buffer of 3 elements: 4 are needed");
}

#[test]
fn grey_weighs_the_colours_and_keeps_grey() {
    let mut out = [0; 5];
    let colours = [255, 0, 0, 0, 255, 0, 0, 0, 255, 255, 255, 255, 9, 9, 9];
    grey(&colours, &mut out).unwrap();
    assert_eq!(out, [77, 149, 29, 255, 9]);
    assert_eq!(grey(&[0; 4], &mut [0]), Err(BufferError { needed: 3, got: 4 }.into()));
}

#[test]
fn normalising_rounds_ties_up_and_clips() {
    let half = Affine { mean_q8: 128 << 8, gain_q16: 1 << 15 };
    let whole = Affine { mean_q8: 0, gain_q16: 1 << 16 };
    let mut input = [0x5A; 6];
    image::normalise(&[127, 0, 129, 255, 131, 100], &[half, whole], -1, &mut input).unwrap();
    assert_eq!(input, [-1, -1, 0, 127, 1, 99]);
    let bytes: Vec<u8> = (0..=255).collect();
    let mut input = vec![0x5A; 256];
    normalise(&bytes, &[whole], -128, &mut input).unwrap();
    assert!(input.iter().zip(-128i16..).all(|(&q, expected)| i16::from(q) == expected));
    assert_eq!(normalise(&[0], &[], 0, &mut [0]), Err(BufferError { needed: 1, got: 0 }.into()));
    assert_eq!(normalise(&[0], &[whole], 0, &mut []), Err(BufferError { needed: 1, got: 0 }.into()));
}
