//! The kernels for images in which every byte counts give the reference's bytes.

mod support;

use compiler::Isa;
use support::agree;
use tflite::build::Op;

#[test]
fn convolutions_agree() {
    agree(Isa::Compact, Op::Conv2d, 400, 40);
}

#[test]
fn depthwise_convolutions_agree() {
    agree(Isa::Compact, Op::DepthwiseConv2d, 400, 20);
}

#[test]
fn products_with_a_matrix_agree() {
    agree(Isa::Compact, Op::FullyConnected, 300, 60);
}
