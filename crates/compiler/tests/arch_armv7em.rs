//! The kernels of cores with the DSP extension, their inner loops in plain Rust, give the reference's bytes.

mod support;

use compiler::Isa;
use support::agree;
use tflite::build::Op;

#[test]
fn convolutions_agree() {
    agree(Isa::Armv7em, Op::Conv2d, 400, 50);
}

#[test]
fn depthwise_convolutions_agree() {
    agree(Isa::Armv7em, Op::DepthwiseConv2d, 400, 33);
}

#[test]
fn products_with_a_matrix_agree() {
    agree(Isa::Armv7em, Op::FullyConnected, 300, 50);
}

#[test]
fn sums_agree() {
    agree(Isa::Armv7em, Op::Add, 100, 95);
}
