//! Products of matrices, transposed convolutions and SVDF, worked by hand.

use kernels::{
    Hwc, KernelError, PerChannel, Yx,
    reference::{
        BatchMatMul, FactorSteps, MatMulShape, Svdf, SvdfShape, SvdfWeights, TransposeConv, TransposeShape,
        batch_matmul_s8, svdf, transpose_conv_s8,
    },
};
use quant::{Clamp, Multiplier, ZeroPoint};

#[test]
fn a_broadcast_product() {
    let shape = MatMulShape {
        batch: [1, 1, 2],
        rows: 1,
        columns: 2,
        depth: 2,
        left: FactorSteps { batch: [0, 0, 2], line: 2, depth: 1 },
        right: FactorSteps { batch: [0; 3], line: 1, depth: 2 },
    };
    let matmul = BatchMatMul {
        shape,
        left_zero: ZeroPoint(1),
        right_zero: ZeroPoint(0),
        output_zero: ZeroPoint(-1),
        scale: Multiplier::ONE,
    };
    // Rows (0, 1) and (2, 3) times ((5, 6), (7, 8)).
    let mut output = [0x5a; 4];
    assert_eq!(batch_matmul_s8(&matmul, &[1, 2, 3, 4], &[5, 6, 7, 8], &mut output), Ok(()));
    assert_eq!(output, [6, 7, 30, 35]);
    let short = batch_matmul_s8(&matmul, &[1, 2, 3], &[5, 6, 7, 8], &mut output);
    assert_eq!(short, Err(KernelError::Geometry));
}

#[test]
fn a_spread_row() {
    let shape = TransposeShape {
        batch: 1,
        input: Hwc { h: 1, w: 2, c: 1 },
        output: Hwc { h: 1, w: 5, c: 1 },
        size: Yx { y: 1, x: 3 },
        stride: Yx { y: 1, x: 2 },
        pad: Yx { y: 0, x: 0 },
    };
    let conv = TransposeConv { shape, input_zero: ZeroPoint(1), output_zero: ZeroPoint(0), clamp: Clamp::I8 };
    let one = Multiplier::ONE;
    let scales = PerChannel { mantissas: &[one.mantissa()], shifts: &[one.shift()] };
    // (1, 2, 3) and, two further on, twice that; and the bias.
    let mut output = [0x5a; 5];
    assert_eq!(transpose_conv_s8(&conv, &[2, 3], &[1, 2, 3], &[10], scales, &mut output), Ok(()));
    assert_eq!(output, [11, 12, 15, 14, 16]);
}

#[test]
fn a_filter_that_remembers() {
    let layer = Svdf {
        shape: SvdfShape { batch: 1, inputs: 1, units: 1, rank: 1, memory: 2 },
        input_zero: ZeroPoint(0),
        state_zero: ZeroPoint(0),
        output_zero: ZeroPoint(0),
        feature_scale: Multiplier::ONE,
        time_scale: Multiplier::ONE,
    };
    let weights = SvdfWeights { feature: &[1], time: &[1i16, 10], bias: &[] };
    let (mut state, mut output) = ([0i16; 2], [0x5a]);
    for (input, expected) in [(3, 30), (5, 53), (0, 5)] {
        assert_eq!(svdf(&layer, &[input], weights, &mut state, &mut output), Ok(()));
        assert_eq!(output, [expected]);
    }
    assert_eq!(state, [5, 0]);
}
