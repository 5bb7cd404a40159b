//! The kernels of RV32IMC give the reference's bytes.

mod support;

use compiler::Isa;
use support::agree;
use tflite::build::Op;

#[test]
fn convolutions_agree() {
    agree(Isa::Riscv32, Op::Conv2d, 400, 75);
}

#[test]
fn depthwise_convolutions_agree() {
    agree(Isa::Riscv32, Op::DepthwiseConv2d, 400, 60);
}

#[test]
fn products_with_a_matrix_agree() {
    agree(Isa::Riscv32, Op::FullyConnected, 300, 95);
}
