//! Chains of products in pairs of pixels: every length of chain, at the limits of what the compiler lets through.

use kernels::arch::narrow::{
    Factors, Row,
    inner::{Chain, Finish, PIXELS, convolve_block},
};
use quant::{Clamp, GuardedOutput, Multiplier, ZeroPoint};

/// The lower eight bits of what four pixels and one channel add up to, shifted right by `right`.
fn sums(weights: &[i8], inputs: &[[i8; PIXELS]], chain: Chain, right: u32) -> Vec<i8> {
    let words: Vec<u32> = weights
        .chunks(4)
        .map(|taps| {
            taps.iter().enumerate().fold(0, |word, (at, &tap)| word | u32::from(tap as u8) << (8 * at))
        })
        .collect();
    let pair = |low: i8, high: i8| (i32::from(low) as u32).wrapping_add((i32::from(high) as u32) << 16);
    let pixels: Vec<[u32; 2]> = inputs.iter().map(|&[a, b, c, d]| [pair(a, b), pair(c, d)]).collect();
    // Reads one byte of the sum: no end of the range is near, and nothing is open.
    let output = GuardedOutput { zero: ZeroPoint(0), clamp: Clamp::I8, guard: 0 };
    let marks = [(chain as u8) << 5, 0, 0];
    let factors = Factors { bias: &[0], mantissas: &[Multiplier::ONE.mantissa()], marks: &marks };
    let table: [Row; 1] = [[chain as u32, 1 << 30, 0, u32::MAX >> 1, 1 << (24 - right)]];
    let finish = Finish { table: &table, factors: &factors, output: &output };
    let mut out = vec![0x5a; PIXELS];
    convolve_block(&words, &pixels, &finish, &mut out, 1);
    out
}

fn expected(weights: &[i8], inputs: &[[i8; PIXELS]], right: u32) -> Vec<i8> {
    (0..PIXELS)
        .map(|pixel| {
            let sum: i32 = weights
                .iter()
                .zip(inputs)
                .map(|(&weight, input)| i32::from(weight) * i32::from(input[pixel]))
                .sum();
            (sum >> right) as i8
        })
        .collect()
}

#[test]
fn every_chain_adds_up_at_its_limits() {
    let inputs_at_limits = |taps: usize, seed: u64| -> Vec<[i8; PIXELS]> {
        (0..taps as u64)
            .map(|tap| {
                let bits = (tap + 1).wrapping_mul(seed | 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
                std::array::from_fn(|pixel| match bits >> (60 - 8 * pixel) & 3 {
                    0 => -128,
                    1 => 127,
                    2 => 0,
                    _ => (bits >> (8 * pixel)) as i8,
                })
            })
            .collect()
    };
    for (chain, length) in [(Chain::Two, 2usize), (Chain::Four, 4), (Chain::Sixteen, 16)] {
        // Weights of a chain add up to 255 at most; their signs take turns, or do not.
        let largest = (255 / length) as i8;
        for signs in [1i8, -1] {
            for taps in [16usize, 32, 64, 256, 1008] {
                let weights: Vec<i8> = (0..taps)
                    .map(|tap| if tap % 3 == 0 { largest } else { largest.wrapping_mul(signs) })
                    .collect();
                for seed in 0..8 {
                    let mut inputs = inputs_at_limits(taps, seed);
                    if seed == 0 {
                        inputs.fill([-128, -128, 127, -128]);
                    }
                    for right in [0, 7, 14] {
                        assert_eq!(
                            sums(&weights, &inputs, chain, right),
                            expected(&weights, &inputs, right),
                            "{chain:?} {taps} taps, seed {seed}, from bit {right}"
                        );
                    }
                }
            }
        }
    }
}
