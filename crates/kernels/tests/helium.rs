//! Helium's kernels without weights give the reference's bytes.

use kernels::arch::armv8_1m_mve::{HeliumAdd, HeliumAveragePool2d};
use kernels::reference::{Pool2d, Source, add_s8, average_pool_2d_s8};
use kernels::{Broadcast, Hwc, Window, Yx};
use proptest::prelude::*;
use quant::{Affine, Clamp, CommonScale, Sum, ZeroPoint};

fn affines() -> impl Strategy<Value = Affine> {
    (0.01f32..0.07, -128i32..=127).prop_map(|(scale, zero)| Affine { scale, zero: ZeroPoint(zero) })
}

fn clamps() -> impl Strategy<Value = Clamp> {
    prop_oneof![Just(Clamp::I8), (-128i32..0, 0i32..=127).prop_map(|(min, max)| Clamp { min, max })]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn sums_agree(
        scales in prop::array::uniform3(affines()),
        clamp in clamps(),
        pairs in prop::collection::vec((any::<i8>(), any::<i8>()), 0..40),
        place in 0..3,
    ) {
        let [a, b, out] = scales;
        let sum = Sum::for_add(a, b, out, CommonScale::SUM_SHIFT_I8, clamp).expect("scales that fit");
        let add = HeliumAdd::new(sum).expect("scales less than eight times apart");
        let (a, b): (Vec<i8>, Vec<i8>) = pairs.into_iter().unzip();
        let walk = Broadcast::of(&[a.len()], &[&[a.len()], &[b.len()]]).expect("a walk");
        let mut expected = vec![0x55; a.len()];
        add_s8(&walk, &sum, Source::Given(&a), Source::Given(&b), &mut expected).expect("lengths that fit");
        let (mut output, sources) = match place {
            0 => (vec![0x33; a.len()], [Source::Given(&a[..]), Source::Given(&b)]),
            1 => (a.clone(), [Source::Output, Source::Given(&b)]),
            _ => (b.clone(), [Source::Given(&a[..]), Source::Output]),
        };
        add.run(sources[0], sources[1], &mut output).expect("lengths that fit");
        prop_assert_eq!(output, expected);
        let mut short = vec![0; a.len() + 1];
        prop_assert!(add.run(Source::Given(&a), Source::Given(&b), &mut short).is_err());
    }

    #[test]
    fn means_agree(
        (h, w, c) in (1u32..9, 1u32..9, prop::sample::select(vec![8u32, 9, 15, 16, 17, 24, 31])),
        (ky, kx) in (1u16..9, 1u16..9),
        (sy, sx) in (1u16..4, 1u16..4),
        batch in 1u32..3,
        clamp in clamps(),
        extreme in prop::option::of(prop::sample::select(vec![i8::MIN, i8::MAX])),
        seed: u64,
    ) {
        let output = Hwc { h: h.div_ceil(sy.into()), w: w.div_ceil(sx.into()), c };
        let window = Window {
            batch,
            input: Hwc { h, w, c },
            output,
            size: Yx { y: ky, x: kx },
            stride: Yx { y: sy, x: sx },
            dilation: Yx { y: 1, x: 1 },
            pad: Yx { y: (ky - 1) / 2, x: (kx - 1) / 2 },
        };
        let pool = Pool2d { window, clamp };
        let mut state = seed;
        let input: Vec<i8> = (0..batch * h * w * c)
            .map(|_| {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                extreme.unwrap_or((state >> 56) as i8)
            })
            .collect();
        let mut expected = vec![0x55; (batch * output.h * output.w * c) as usize];
        let mut given = vec![0x33; expected.len()];
        average_pool_2d_s8(&pool, &input, &mut expected).expect("lengths that fit");
        HeliumAveragePool2d::new(pool).expect("few taps").run(&input, &mut given).expect("lengths that fit");
        prop_assert_eq!(given, expected);
    }
}

#[test]
fn sums_of_windows_that_16_bits_do_not_hold_are_left_to_others() {
    let window = Window {
        batch: 1,
        input: Hwc { h: 1, w: 257, c: 8 },
        output: Hwc { h: 1, w: 1, c: 8 },
        size: Yx { y: 1, x: 257 },
        stride: Yx { y: 1, x: 1 },
        dilation: Yx { y: 1, x: 1 },
        pad: Yx { y: 0, x: 0 },
    };
    let pool = Pool2d { window, clamp: Clamp::I8 };
    assert!(HeliumAveragePool2d::new(pool).is_none());
    let mut output = [0; 8];
    assert!(HeliumAveragePool2d { pool }.run(&[0; 257 * 8], &mut output).is_err());
    let most = Window { input: Hwc { w: 256, ..window.input }, size: Yx { y: 1, x: 256 }, ..window };
    let pool = HeliumAveragePool2d::new(Pool2d { window: most, clamp: Clamp::I8 }).expect("as many as fit");
    pool.run(&[-128; 256 * 8], &mut output).expect("lengths that fit");
    assert_eq!(output, [-128; 8]);
    pool.run(&[127; 256 * 8], &mut output).expect("lengths that fit");
    assert_eq!(output, [127; 8]);
}
