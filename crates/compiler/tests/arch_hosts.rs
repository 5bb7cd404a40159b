//! The kernels of hosts give the reference's bytes, and take nearly every layer.

mod support;

use compiler::Isa;
use support::agree;
use tflite::build::Op;

fn hosts_agree(op: Op, cases: u64, share: u64) {
    agree(Isa::X86_64, op, cases, share);
    agree(Isa::Aarch64, op, cases, share);
}

#[test]
fn convolutions_agree() {
    hosts_agree(Op::Conv2d, 400, 97);
}

#[test]
fn depthwise_convolutions_agree() {
    hosts_agree(Op::DepthwiseConv2d, 400, 95);
}

#[test]
fn products_with_a_matrix_agree() {
    hosts_agree(Op::FullyConnected, 300, 97);
}
