//! Helium's kernels, their inner loops in plain Rust, give the reference's bytes.

mod support;

use compiler::Isa;
use support::agree;
use tflite::build::Op;

#[test]
fn convolutions_agree() {
    agree(Isa::Mve, Op::Conv2d, 400, 90);
}

#[test]
fn depthwise_convolutions_agree() {
    agree(Isa::Mve, Op::DepthwiseConv2d, 400, 75);
}

#[test]
fn products_with_a_matrix_agree() {
    agree(Isa::Mve, Op::FullyConnected, 300, 90);
}

#[test]
fn sums_agree() {
    agree(Isa::Mve, Op::Add, 100, 95);
}

#[test]
fn means_agree() {
    agree(Isa::Mve, Op::AveragePool2d, 100, 50);
}
