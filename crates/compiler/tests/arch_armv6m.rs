//! The kernels of ARMv6-M, their inner loops in plain Rust, give the reference's bytes.

mod support;

use compiler::Isa;
use support::agree;
use tflite::build::Op;

#[test]
fn convolutions_agree() {
    agree(Isa::Armv6m, Op::Conv2d, 400, 75);
}

#[test]
fn depthwise_convolutions_agree() {
    agree(Isa::Armv6m, Op::DepthwiseConv2d, 400, 60);
}

#[test]
fn products_with_a_matrix_agree() {
    agree(Isa::Armv6m, Op::FullyConnected, 300, 95);
}
